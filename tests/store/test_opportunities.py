"""Opportunities in two times: what was so on a day, and what we knew of it at an instant."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from program.opportunity import Deal, DirectDeal, Opportunity
from store.database import Store
from tests.store.conftest import AT
from tests.store.contents import contents
from tests.store.test_repositories import STALL
from tests.world import a_partner

TODAY = AT.date()
LATER = AT + timedelta(hours=1)
FAR_AWAY = date(2030, 1, 1)

_numbers = count(1)


def day(number: int) -> date:
    return TODAY + timedelta(days=number)


def a_deal(number: str = "O-1", created: int = 0, partner: str = "acme", **more: Any) -> Opportunity:
    return Opportunity(id=number, partner=partner, created_on=day(created), **more)


def a_direct_deal(number: str = "O-1", created: int = 0, **more: Any) -> DirectDeal:
    return DirectDeal(id=number, created_on=day(created), **more)


def record(store: Store, at: datetime, *deals: Deal) -> tuple[int, int]:
    return moving(store, at, *deals)[:2]


def moving(store: Store, at: datetime, *deals: Deal) -> tuple[int, int, int]:
    with store.write() as tx:
        return tx.opportunities.record(deals, "crm", at)


def known(store: Store, at: datetime, on: date = FAR_AWAY, partner: str = "acme") -> list[Opportunity]:
    with store.read() as tx:
        return tx.opportunities.of(partner, on, at)


def test_an_opportunity_comes_back_to_its_last_cent(any_store: Store) -> None:
    deal = a_deal(
        account="Größe & Söhne",
        qualified_on=day(1),
        progressed_on=day(2),
        closed_on=day(3),
        won=True,
        value=Decimal("9999999999999.99"),
        mutual=False,
    )
    record(any_store, AT, deal)
    assert known(any_store, AT) == [deal]
    assert str(known(any_store, AT)[0].value) == "9999999999999.99"


def test_what_was_known_stays_known_when_something_else_is_learned(any_store: Store) -> None:
    as_first_told = a_deal(closed_on=day(5), won=True, value=Decimal(100))
    corrected = a_deal(closed_on=day(5), won=False)
    assert record(any_store, AT, as_first_told) == (1, 0)
    assert record(any_store, LATER, corrected, a_deal("O-2")) == (1, 1)

    assert known(any_store, AT - timedelta(microseconds=1)) == []
    assert known(any_store, AT) == [as_first_told]
    assert known(any_store, LATER - timedelta(microseconds=1)) == [as_first_told]
    assert known(any_store, LATER) == [corrected, a_deal("O-2")]


def test_an_import_that_says_nothing_new_adds_nothing(any_store: Store) -> None:
    record(any_store, AT, a_deal(value=Decimal(10)))
    before = contents(any_store)
    assert record(any_store, LATER, a_deal(value=Decimal("10.00"))) == (0, 0)
    assert contents(any_store) == before


def test_a_deal_that_changes_hands_is_the_new_partners_from_then_on(any_store: Store) -> None:
    record(any_store, AT, a_deal())
    record(any_store, LATER, a_deal(partner="bolt"))
    assert (known(any_store, AT), known(any_store, AT, partner="bolt")) == ([a_deal()], [])
    assert (known(any_store, LATER), known(any_store, LATER, partner="bolt")) == ([], [a_deal(partner="bolt")])


def test_both_times_hold_at_once(any_store: Store) -> None:
    record(any_store, AT, a_deal(created=1))
    record(any_store, LATER, a_deal(created=1, closed_on=day(5), won=True, value=Decimal(100)))
    assert known(any_store, LATER, on=day(0)) == []
    assert known(any_store, LATER, on=day(4)) == [a_deal(created=1)]
    assert known(any_store, AT, on=day(5)) == [a_deal(created=1)]
    assert [deal.won for deal in known(any_store, LATER, on=day(5))] == [True]


versions = st.builds(
    a_deal,
    number=st.sampled_from(["O-1", "O-2", "O-3"]),
    created=st.integers(0, 20),
    mutual=st.none() | st.booleans(),
)
imports = st.lists(st.lists(versions, max_size=3, unique_by=lambda deal: deal.id).map(tuple), min_size=1, max_size=5)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(imports, st.integers(-1, 6), st.integers(-1, 22))
def test_at_any_instant_a_day_looks_as_the_imports_until_then_said(
    any_store: Store, imports: list[tuple[Opportunity, ...]], instant: int, on: int
) -> None:
    name = f"partner-{next(_numbers)}"
    with any_store.write() as tx:
        tx.partners.add([a_partner(name)], AT)
    told: dict[str, Opportunity] = {}
    for number, deals in enumerate(imports):
        mine = [deal.model_copy(update={"partner": name, "id": f"{name}/{deal.id}"}) for deal in deals]
        record(any_store, AT + timedelta(hours=number), *mine)
        if number <= instant:
            told |= {deal.id: deal for deal in mine}

    expected = [seen for deal in told.values() if (seen := deal.as_of(day(on)))]
    found = known(any_store, AT + timedelta(hours=instant), on=day(on), partner=name)
    assert found == sorted(expected, key=lambda deal: (deal.created_on, deal.id))


def test_only_one_version_of_an_opportunity_is_current(any_store: Store) -> None:
    record(any_store, AT, a_deal())
    record(any_store, LATER, a_deal(mutual=True))
    with pytest.raises(IntegrityError), any_store._engine.begin() as connection:
        connection.execute(text("UPDATE opportunities SET superseded_at = NULL"))
    assert [deal.mutual for deal in known(any_store, LATER)] == [True]


def test_hundreds_are_recorded_at_once(any_store: Store) -> None:
    many = [a_deal(f"O-{number}") for number in range(700)]
    assert record(any_store, AT, *many) == (700, 0)
    assert record(
        any_store, LATER, *many[:400], *(deal.model_copy(update={"mutual": True}) for deal in many[400:])
    ) == (
        0,
        300,
    )
    assert len(known(any_store, LATER)) == 700


@pytest.mark.parametrize(
    ("deals", "last"),
    [
        ([], None),
        ([a_deal(created=1)], 1),
        ([a_deal(created=1, qualified_on=day(2))], 2),
        ([a_deal(created=1, progressed_on=day(3)), a_deal("O-2", created=2)], 3),
        ([a_deal(created=1, closed_on=day(4), won=False)], 4),
        ([a_deal(created=1, progressed_on=day(11))], 1),
        ([a_deal(created=11)], None),
    ],
)
def test_the_last_movement_is_the_last_thing_that_had_happened_by_the_day(
    any_store: Store, deals: list[Opportunity], last: int | None
) -> None:
    record(any_store, AT, *deals)
    with any_store.read() as tx:
        moved = tx.opportunities.last_movement(["acme", "bolt"], day(10), AT)
    assert moved == ({} if last is None else {"acme": day(last)})


def handed_over(store: Store) -> dict[str, str | None]:
    with store._engine.connect() as connection:
        rows = connection.execute(text("SELECT id, handed_over_to FROM opportunities WHERE superseded_at IS NULL"))
        return {row.id: row.handed_over_to for row in rows}


def test_what_is_open_when_a_partner_leaves_is_handed_over_and_nothing_else(any_store: Store) -> None:
    record(
        any_store,
        AT,
        a_deal("open"),
        a_deal("open-until-later", closed_on=day(31), won=True),
        a_deal("closed", closed_on=day(30), won=True),
        a_deal("to-come", created=31),
        a_deal("of-another", partner="bolt"),
    )
    with any_store.write() as tx:
        assert tx.opportunities.hand_over("acme", "Ada", day(30)) == 2
        assert tx.opportunities.hand_over("acme", "Ada", day(30)) == 2
    assert {number for number, who in handed_over(any_store).items() if who == "Ada"} == {"open", "open-until-later"}


def test_a_deal_that_was_handed_over_stays_so_when_the_crm_says_more_of_it(any_store: Store) -> None:
    record(any_store, AT, a_deal())
    with any_store.write() as tx:
        tx.opportunities.hand_over("acme", "Ada", day(30))
    record(any_store, LATER, a_deal(closed_on=day(40), won=True))
    assert handed_over(any_store) == {"O-1": "Ada"}
    record(any_store, LATER + timedelta(hours=1), a_deal(partner="bolt"))
    assert handed_over(any_store) == {"O-1": None}


def test_a_pilot_reads_what_was_created_or_progressed_since_its_first_day_alone(any_store: Store) -> None:
    settled = a_deal("O-1", created=-20, progressed_on=day(-1), closed_on=day(30), won=True)
    moved_on = a_deal("O-2", created=-20, progressed_on=day(0))
    new = a_deal("O-3", created=0)
    record(any_store, AT, settled, moved_on, new)
    with any_store.read() as tx:
        assert tx.opportunities.of("acme", FAR_AWAY, AT, TODAY) == [moved_on, new]


# Direct deals


def direct(store: Store, on: date = FAR_AWAY) -> list[DirectDeal]:
    with store.read() as tx:
        return tx.opportunities.direct(on)


def of_partners(store: Store) -> list[Opportunity]:
    with store.read() as tx:
        return tx.opportunities.every(FAR_AWAY)


def test_a_direct_deal_comes_back_as_it_is_known_by_now(any_store: Store) -> None:
    as_first_told = a_direct_deal(account="Größe", qualified_on=day(1), progressed_on=day(2), value=Decimal("10.01"))
    won = as_first_told.model_copy(update={"closed_on": day(3), "won": True})
    assert record(any_store, AT, as_first_told) == (1, 0)
    assert record(any_store, LATER, won) == (0, 1)
    assert record(any_store, LATER, won) == (0, 0)
    assert direct(any_store) == [won]
    assert direct(any_store, day(2)) == [as_first_told.model_copy(update={"value": None})]
    assert direct(any_store, day(-1)) == []


def test_whoever_asks_for_partners_deals_never_finds_a_direct_one(any_store: Store) -> None:
    record(any_store, AT, a_deal(created=5), a_direct_deal("D-1", created=1), a_direct_deal("D-2", created=9))
    with any_store.write() as tx:
        found = tx.opportunities
        assert found.every(FAR_AWAY) == [a_deal(created=5)]
        assert found.by_partner(["acme", "bolt"], FAR_AWAY, AT) == {"acme": [a_deal(created=5)], "bolt": []}
        assert found.last_movement(["acme", "bolt"], FAR_AWAY, AT) == {"acme": day(5)}
        assert found.span() == (day(5), day(5))
        assert found.hand_over("acme", "Ada", FAR_AWAY) == 1
    assert handed_over(any_store) == {"O-1": "Ada", "D-1": None, "D-2": None}


def test_a_deal_that_turns_out_to_be_a_partners_or_direct_moves_and_is_never_both(any_store: Store) -> None:
    assert moving(any_store, AT, a_direct_deal(), a_deal("O-2")) == (2, 0, 0)
    assert moving(any_store, LATER, a_deal(), a_direct_deal("O-2"), a_direct_deal("O-3")) == (1, 2, 2)
    assert (of_partners(any_store), direct(any_store)) == ([a_deal()], [a_direct_deal("O-2"), a_direct_deal("O-3")])
    assert (known(any_store, AT), known(any_store, LATER)) == ([a_deal("O-2")], [a_deal()])
    assert moving(any_store, LATER, a_deal(partner="bolt")) == (0, 1, 0)


told = st.lists(
    st.tuples(st.sampled_from(["O-1", "O-2"]), st.sampled_from(["acme", "bolt", None]), st.booleans()),
    max_size=6,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told)
def test_each_deal_is_what_the_last_import_said_and_counts_once(
    any_store: Store, told: list[tuple[str, str | None, bool]]
) -> None:
    last: dict[str, Deal] = {}
    for number, (name, partner, mutual) in enumerate(told):
        own = f"{next(_numbers)}/{name}" if name not in last else last[name].id
        last[name] = a_deal(own, partner=partner, mutual=mutual) if partner else a_direct_deal(own)
        record(any_store, AT + timedelta(hours=number), last[name])
    ids = {deal.id for deal in last.values()}
    there = [deal for deal in (*of_partners(any_store), *direct(any_store)) if deal.id in ids]
    assert sorted(there, key=lambda deal: deal.id) == sorted(last.values(), key=lambda deal: deal.id)


def test_a_partner_whose_deal_is_taken_away_is_looked_at_again(any_store: Store) -> None:
    record(any_store, AT, a_deal())
    with any_store.write() as tx:
        tx.escalations.open(STALL)
        assert tx.escalations.doubted(9) == {}
    record(any_store, LATER, a_direct_deal())
    with any_store.read() as tx:
        assert tx.escalations.doubted(9) == {STALL.key: 1}
    record(any_store, LATER + timedelta(hours=1), a_direct_deal(account="Umbrella"))
    with any_store.read() as tx:
        assert tx.escalations.doubted(9) == {STALL.key: 1}

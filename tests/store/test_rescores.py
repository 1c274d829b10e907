"""Re-scores: a quarter of the whole roster, kept as it was begun and published as a whole."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from program.calendar import Quarter
from program.movement import TierRecord
from program.partner import Stage
from program.person import Absence
from program.rescore import Gathered, Move, Placed, Terms, Weighed
from program.score import Measured, Score
from program.tiers import Placement
from store.database import Store, Transaction
from tests.store.conftest import AT, PROGRAM, a_version
from tests.store.contents import contents
from tests.store.test_repositories import a_decision
from tests.world import a_partner

Q1, Q2, Q3 = (Quarter(year=2017, number=number) for number in (1, 2, 3))
FACTS: dict[str, Any] = {"sourced_pipeline": Decimal("1000.5"), "win_rate": None, "moved_opportunities": 2}
GATHERED = Gathered(measured=Measured(segment=("resell", "North"), facts=FACTS), quarters_active=3)
SCORE = Score(low=Decimal("12.3456"), high=Decimal("27.3456"), missing=("win_rate",))
TWO = Decimal(2)
LATER = AT + timedelta(hours=1)


def terms(quarter: Quarter, **other: Any) -> Terms:
    return Terms(**{"quarter": quarter, "as_of": quarter.last_day, "known_at": AT, "program": PROGRAM, **other})


def begin(tx: Transaction, quarter: Quarter = Q1, *partners: str) -> None:
    tx.rescores.begin(terms(quarter))
    tx.rescores.gather(quarter, dict.fromkeys(partners, GATHERED))


def decided(tx: Transaction, quarter: Quarter, partner: str, move: str, **record: Any) -> Move:
    number, _ = tx.decisions.record(a_decision(partner=partner, policy="tier-movement", purpose=f"rescore-{quarter}"))
    return Move(partner=partner, move=move, came_from="growth", record=TierRecord(**record), decision=number)


def active(tx: Transaction, *partners: str, since: date = date(2017, 1, 1)) -> None:
    for partner in partners:
        tx.partners.move(partner, f"{partner}/pilot", Stage.PILOT, since, "Taken over.", AT)
        tx.partners.move(partner, f"{partner}/active", Stage.ACTIVE, since, "Expanded.", AT, tier="growth")


def test_a_rescore_keeps_to_what_it_was_begun_on(any_store: Store) -> None:
    with any_store.write() as tx:
        away = Absence(person="Ada", first=date(2017, 4, 3), last=date(2017, 4, 7), stand_in="Bo")
        first = tx.rescores.begin(terms(Q1, away=(away,)))
        assert first == terms(Q1, away=(away,), published=False)
        tx.programs.publish(a_version(version=2, digest="1" * 64), {}, {})
        assert tx.rescores.begin(terms(Q1, as_of=Q2.last_day, known_at=LATER, program="1" * 64)) == first
        assert tx.rescores.begun() == [("2017Q1", None)]


def test_a_rescore_says_whose_weights_it_is_scored_by(any_store: Store) -> None:
    with any_store.write() as tx:
        begin(tx, Q1)
        assert tx.rescores.weighed(Q1) == Weighed(by=PROGRAM, before=PROGRAM)
        tx.programs.publish(a_version(version=2, digest="1" * 64), {}, {})
        tx.rescores.begin(terms(Q2), Weighed(by="1" * 64, before=PROGRAM))
        assert tx.rescores.weighed(Q2) == Weighed(by="1" * 64, before=PROGRAM)


def test_what_a_partner_is_scored_on_is_kept_once_and_comes_back_exactly(any_store: Store) -> None:
    other = Gathered(measured=Measured(facts={}), quarters_active=0)
    with any_store.write() as tx:
        active(tx, "acme")
        begin(tx, Q1, "acme")
        tx.rescores.gather(Q1, {"acme": other})
        tx.rescores.gather(Q1, {})
        [(partner, entrant)] = tx.rescores.entrants(Q1).items()
        assert (partner, entrant.name, entrant.tier, entrant.gathered) == ("acme", "Acme", "growth", GATHERED)
        assert tx.rescores.entrants(Q2) == {}


def test_the_cut_is_walked_page_by_page(any_store: Store) -> None:
    placements = [
        Placement(partner="bolt", rank=1, tier="strategic", best_rank=1, worst_rank=2, tier_at_best="strategic"),
        Placement(
            partner="acme", rank=2, tier="growth", best_rank=1, worst_rank=2, tier_at_best="strategic", short=TWO
        ),
    ]
    with any_store.write() as tx:
        begin(tx, Q1, "bolt", "acme")
        assert tx.rescores.placed(Q1, "", 5) == []  # nobody is, before everybody is scored
        for _ in range(2):
            tx.rescores.score(Q1, dict.fromkeys(("acme", "bolt"), SCORE))
            tx.rescores.place(Q1, placements)
        first = tx.rescores.placed(Q1, "", 1)
        rest = tx.rescores.placed(Q1, first[-1].partner, 5)
    assert [*first, *rest] == [
        Placed(placement=placement, recorded=SCORE.model_dump(mode="json"), gathered=GATHERED)
        for placement in reversed(placements)
    ]


def test_of_a_large_roster_those_alone_are_read_that_scored_enough_and_one_more(any_store: Store) -> None:
    scores = {"acme": Decimal("9.9990"), "bolt": Decimal(10), "cora": Decimal("100.0000")}
    with any_store.write() as tx:
        tx.partners.add([a_partner("Cora")], AT)
        begin(tx, Q1, *scores)
        tx.rescores.score(Q1, {partner: Score(low=low, high=low) for partner, low in scores.items()})
        assert tx.rescores.count(Q1) == 0, "nobody is ranked yet"
        tx.rescores.place(Q1, [Placement("cora", rank=1, tier="growth"), Placement("bolt", rank=2, tier="growth")])
        assert tx.rescores.count(Q1) == 2

        def read(least: str, partner: str | None = None, after: str = "", size: int = 9) -> list[str]:
            entrants, found = tx.rescores.contenders(Q1, Decimal(least), partner, after, size)
            assert {one: score.low for one, score in found.items()} == {one: scores[one] for one in entrants}
            return [*entrants]

        assert read("10") == ["bolt", "cora"]
        assert read("10.0002") == ["cora"]
        assert read("10.0002", "acme") == ["acme", "cora"]
        assert read("0", size=2) == ["acme", "bolt"]
        assert read("0", after="bolt") == ["cora"]


def test_moves_are_decided_in_turn_whatever_the_ids(any_store: Store) -> None:
    with any_store.write() as tx:
        active(tx, "acme", "bolt")
        begin(tx, Q1, "acme", "bolt")
        assert tx.rescores.undecided(Q1, "", 5) == []  # nobody's is, before everybody has a turn
        turns = {"acme": 2, "bolt": 1}
        tx.rescores.place(
            Q1, [Placement(partner=name, rank=1, tier="growth", turn=turn) for name, turn in turns.items()]
        )
        [first] = tx.rescores.undecided(Q1, "", 1)
        [second] = tx.rescores.undecided(Q1, first.partner, 1)
        assert (first.partner, second.partner) == ("bolt", "acme")
        assert tx.rescores.undecided(Q1, second.partner, 1) == []
        tx.rescores.move(Q1, [decided(tx, Q1, "bolt", "stay", tier="growth")])
        assert tx.rescores.undecided(Q1, "", 5) == [second]


def test_a_roster_of_nobody_can_be_cut(any_store: Store) -> None:
    with any_store.write() as tx:
        begin(tx)
        tx.rescores.score(Q1, {})
        tx.rescores.place(Q1, [])
        assert tx.rescores.placed(Q1, "", 5) == []


def test_publishing_makes_all_moves_count_at_once_and_only_once(any_store: Store) -> None:
    with any_store.write() as tx:
        active(tx, "acme", "bolt")
        begin(tx, Q1, "acme", "bolt")
        moves = [
            decided(tx, Q1, "acme", "up", tier="strategic"),
            decided(tx, Q1, "bolt", "warn", tier="growth", quarters_below=1),
        ]
        tx.rescores.move(Q1, moves)
        assert [tx.partners.get(name).tier for name in ("acme", "bolt")] == ["growth", "growth"]
        assert tx.rescores.publish(Q1, AT)
        assert tx.rescores.moves(Q1) == moves
        assert tx.rescores.summary(Q1) == ({"strategic": 1, "growth": 1}, {"up": 1, "warn": 1})
        assert [move.changed for move in moves] == [True, False]
    with any_store.write() as tx:
        standings = [tx.partners.get(name) for name in ("acme", "bolt")]
        assert [(s.tier, s.at_risk) for s in standings] == [("strategic", False), ("growth", True)]
        begin(tx, Q2, "acme")
        tx.rescores.move(Q2, [decided(tx, Q2, "acme", "down", tier="growth")])
        tx.rescores.publish(Q2, AT)
    before = contents(any_store)
    with any_store.write() as tx:
        assert not tx.rescores.publish(Q1, LATER)
        assert tx.rescores.get(Q1).published
    assert contents(any_store) == before


def test_who_leaves_before_the_publication_is_not_moved_by_it(any_store: Store) -> None:
    with any_store.write() as tx:
        active(tx, "acme")
        begin(tx, Q1, "acme")
        tx.rescores.move(Q1, [decided(tx, Q1, "acme", "up", tier="strategic")])
        tx.partners.move("acme", "leaves", Stage.LEAVING, Q1.last_day, "Sold.", AT, tier="growth")
        tx.rescores.publish(Q1, AT)
        assert tx.partners.get("acme").tier == "growth"


def test_a_warning_ends_with_the_stage_it_was_given_in(any_store: Store) -> None:
    with any_store.write() as tx:
        active(tx, "acme")
        begin(tx, Q1, "acme")
        tx.rescores.move(Q1, [decided(tx, Q1, "acme", "warn", tier="growth", quarters_below=1)])
        tx.rescores.publish(Q1, AT)
        assert tx.partners.get("acme").at_risk
        on, last = date(2017, 4, 2), date(2017, 5, 2)
        tx.partners.move("acme", "leaves", Stage.LEAVING, on, "Sold.", AT, tier="growth", next_date=last)
        standing = tx.partners.get("acme")
    assert (standing.tier, standing.at_risk, standing.next_date) == ("growth", False, last)


@pytest.mark.parametrize(("asked", "later"), [(Q1, Q2), (Q2, None), (Q3, None)])
def test_a_quarter_knows_whether_a_later_one_was_begun(any_store: Store, asked: Quarter, later: Quarter | None) -> None:
    with any_store.write() as tx:
        assert tx.rescores.later(asked) is None
        for quarter in (Q2, Q1):
            begin(tx, quarter)
        assert tx.rescores.later(asked) == later


def published(tx: Transaction, quarter: Quarter, partner: str, **record: Any) -> None:
    begin(tx, quarter, partner)
    tx.rescores.move(quarter, [decided(tx, quarter, partner, "stay", **record)])
    tx.rescores.publish(quarter, AT)


@pytest.mark.parametrize(("before", "remembered"), [(Q1, None), (Q2, 1), (Q3, 2), (Quarter(year=2018, number=1), 2)])
def test_a_partners_record_is_the_one_of_the_last_published_rescore(
    any_store: Store, before: Quarter, remembered: int | None
) -> None:
    with any_store.write() as tx:
        active(tx, "acme")
        published(tx, Q1, "acme", tier="growth", quarters_below=1)
        published(tx, Q2, "acme", tier="growth", quarters_below=2)
        begin(tx, Q3, "acme")
        tx.rescores.move(Q3, [decided(tx, Q3, "acme", "stay", tier="growth", quarters_below=3)])  # not published
        records = tx.rescores.last_records(["acme", "bolt"], before)
    assert {name: record.quarters_below for name, record in records.items()} == (
        {} if remembered is None else {"acme": remembered}
    )


def test_whoever_left_and_came_back_has_no_record_of_its_first_time(any_store: Store) -> None:
    with any_store.write() as tx:
        active(tx, "acme")
        published(tx, Q1, "acme", tier="self-serve", quarters_inactive=2)
        for key, stage in (("l", Stage.LEAVING), ("e", Stage.EXITED), ("a", Stage.APPLIED), ("p", Stage.PILOT)):
            tx.partners.move("acme", key, stage, date(2017, 4, 2), "So.", AT)
        tx.partners.move("acme", "back", Stage.ACTIVE, date(2017, 6, 2), "Expanded.", AT, tier="growth")
        assert tx.rescores.last_records(["acme"], Q2) == {}


@pytest.mark.parametrize("any_url", ["postgresql"], indirect=True)
def test_postgresql_looks_at_a_quarter_that_has_just_come_in(any_store: Store) -> None:
    with any_store.write() as tx:
        begin(tx, Q1, "acme", "bolt")
        tx.rescores.refresh_statistics()
    with any_store._engine.connect() as connection:
        found = connection.execute(text("SELECT reltuples FROM pg_class WHERE relname = 'scores'")).scalar()
    assert found == 2

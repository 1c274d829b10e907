"""The whole roster: scored, cut, moved and told once a quarter, and looked over for stalls once a week."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from temporalio.service import RPCError

import activities.roster
from activities.roster import Page, RescoreBegin, Rescored, TierMove
from program.calendar import Quarter
from program.partner import Stage
from store.rescores import Terms
from tests.activities.conftest import Office, at
from tests.store.contents import contents

Q2, Q3, Q4 = (Quarter(year=2017, number=number) for number in (2, 3, 4))


def begin(office: Office, quarter: Quarter = Q2) -> Terms:
    on = quarter.last_day
    return office.run(office.roster.begin_rescore, RescoreBegin(quarter=quarter, as_of=on, known_at=at(on)))


def pages(office: Office, activity: Any, terms: Terms) -> Iterator[Page]:
    """Walk over the roster, page by page."""
    page: Page | None = Page(terms=terms)
    while page:
        page = office.run(activity, page)
        if page:
            yield page


def rescores(office: Office, quarter: Quarter = Q2) -> Rescored:
    terms = begin(office, quarter)
    list(pages(office, office.roster.score_page, terms))
    office.run(office.roster.cut_tiers, terms)
    list(pages(office, office.roster.move_page, terms))
    return office.run(office.roster.publish, terms)


def wins(office: Office, partner: str, quarter: Quarter, *, deals: int = 40, value: int = 5000) -> None:
    """A quarter as good as it gets, with 40 deals."""
    on = quarter.first_day
    office.brings(partner, on, deals, qualified_on=on, progressed_on=on, closed_on=on, won=True, value=value)


def works(office: Office, partner: str, quarter: Quarter) -> None:
    """A quarter in which something happened, and little came of it."""
    office.brings(partner, quarter.first_day)


def tiers(office: Office) -> dict[str, tuple[str | None, bool]]:
    with office.store.read() as tx:
        return {s.partner.id: (s.tier, s.at_risk) for s in tx.partners.roster(Stage.ACTIVE)}


def scored(office: Office) -> list[str]:
    return [row[1] for row in contents(office.store)["scores"]]


def test_a_quarter_moves_each_partner_by_what_it_brought(office: Office) -> None:
    strong, weak, idle = office.active("Acme"), office.active("Bolt", tier="strategic"), office.active("Cora")
    wins(office, strong, Q2)
    works(office, weak, Q2)

    rescored = rescores(office)

    assert rescored == Rescored(quarter=Q2, tiers={"strategic": 2, "growth": 1}, moves={"up": 1, "warn": 2})
    assert tiers(office) == {
        strong: ("strategic", False),
        weak: ("strategic", True),
        idle: ("growth", True),
    }
    told = office.notices()
    assert told[f"{strong}/rescore-2017Q2"].startswith("Your tier from now on: Strategic\n")
    assert "Co-sell session every two weeks." in told[f"{strong}/rescore-2017Q2"]
    assert told[f"{weak}/rescore-2017Q2"].startswith("A warning about your tier\n")


def test_nothing_counts_before_it_is_published(office: Office) -> None:
    partner = office.active("Acme")
    wins(office, partner, Q2)
    terms = begin(office)
    for step in (office.roster.score_page, office.roster.move_page):
        list(pages(office, step, terms))
        office.run(office.roster.cut_tiers, terms)
        assert (tiers(office), office.notices()) == ({partner: ("growth", False)}, {})


def test_one_quarter_of_grace_then_down_and_two_without_activity_to_low_touch_and_out(office: Office) -> None:
    below, idle = office.active("Acme", tier="strategic"), office.active("Bolt", tier="strategic")
    ladder = []
    for quarter in (Q2, Q3, Q4):
        works(office, below, quarter)
        rescored = rescores(office, quarter)
        ladder.append((tiers(office)[below], tiers(office)[idle], rescored.moves))
    assert ladder == [
        (("strategic", True), ("strategic", True), {"warn": 2}),
        (("growth", False), ("self-serve", False), {"down": 1, "low_touch": 1}),
        (("growth", True), ("self-serve", False), {"warn": 1, "exit": 1}),
    ]
    assert not any(key.endswith("bolt/rescore-2017Q4") for key in office.notices())  # told when notice is given


def test_a_partner_that_became_active_after_the_quarter_is_not_scored(office: Office) -> None:
    last_day, first_day = office.active("Acme", since=Q2.last_day), office.active("Bolt", since=Q3.first_day)
    rescores(office)
    assert scored(office) == [last_day]
    assert tiers(office)[first_day] == ("growth", False)


@pytest.mark.parametrize(("since", "move"), [(Q2.first_day, "warn"), (date(2017, 4, 2), "stay")])
def test_only_a_full_quarter_counts_against_a_partner(office: Office, since: date, move: str) -> None:
    office.active("Acme", since=since)
    assert rescores(office).moves == {move: 1}


def test_only_active_partners_are_scored(office: Office) -> None:
    office.in_pilot("Acme")
    office.applied("Bolt")
    office.knows("Cora")
    assert rescores(office) == Rescored(quarter=Q2, tiers={}, moves={})


def test_what_was_learned_after_the_beginning_does_not_count(office: Office) -> None:
    partner = office.active("Acme")
    office.brings(partner, Q2.first_day, known=Q3.first_day)
    terms = begin(office)
    office.run(office.roster.score_page, Page(terms=terms))
    with office.store.read() as tx:
        assert [
            entrant.gathered.measured.facts["moved_opportunities"] for entrant in tx.rescores.entrants(Q2).values()
        ] == [0]


class Killed(RuntimeError):
    """The worker was killed."""


@pytest.mark.parametrize("killed_after", range(9))
def test_a_rescore_that_is_killed_goes_on_where_it_was(
    office: Office, killed_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activities.roster, "PAGE", 2)
    for number in range(5):
        partner = office.active(f"Partner {number}", tier="strategic" if number % 2 else "growth")
        wins(office, partner, Q2, deals=10 * number)
    left = killed_after

    def dying(activity: Any, argument: object) -> Any:
        nonlocal left
        if not left:
            raise Killed
        left -= 1
        return run(activity, argument)

    run = office.run
    monkeypatch.setattr(office, "run", dying)
    with pytest.raises(Killed):
        rescores(office)
    monkeypatch.setattr(office, "run", run)
    assert tiers(office)["partner-4"] == ("growth", False)
    wins(office, "partner-0", Q3)  # and meanwhile the world goes on

    rescored = rescores(office)

    assert scored(office) == [f"partner-{number}" for number in range(5)]
    assert (rescored.tiers, rescored.moves) == ({"strategic": 4, "growth": 1}, {"warn": 2, "up": 2, "stay": 1})
    once = contents(office.store)
    assert rescores(office) == rescored
    assert contents(office.store) == once


def leave(office: Office, partner: str, on: date) -> None:
    with office.store.write() as tx:
        tx.partners.move(partner, "leaves", Stage.LEAVING, on, "Sold.", at(on), tier="growth")


def test_who_is_leaving_when_it_is_published_keeps_its_tier_and_is_told_nothing(office: Office) -> None:
    partner = office.active("Acme")
    wins(office, partner, Q2)
    terms = begin(office)
    office.run(office.roster.score_page, Page(terms=terms))
    office.run(office.roster.cut_tiers, terms)
    office.run(office.roster.move_page, Page(terms=terms))
    leave(office, partner, Q2.last_day)
    office.run(office.roster.publish, terms)
    assert office.standing(partner).tier == "growth"
    assert office.notices() == {}


async def tell(office: Office, terms: Terms) -> int:
    told: Any = office.run(office.roster.tell_lifecycles, terms)  # a coroutine, since the activity is one
    return int(await told)


async def test_only_lifecycles_whose_tier_changed_or_that_leave_are_told(office: Office) -> None:
    strong, weak, idle = office.active("Acme"), office.active("Bolt"), office.active("Cora", tier="self-serve")
    for quarter in (Q2, Q3):
        works(office, weak, quarter)
        if quarter == Q3:
            wins(office, strong, quarter)
        else:
            works(office, strong, quarter)
        rescores(office, quarter)
    assert await tell(office, begin(office, Q3)) == 3
    told = {workflow: move for workflow, name, move in office.temporal.signals if name == "rescored"}
    assert {workflow: (move.tier, move.leaves) for workflow, move in told.items()} == {
        f"partner/{strong}": ("strategic", False),
        f"partner/{weak}": ("self-serve", False),
        f"partner/{idle}": ("self-serve", True),
    }
    assert isinstance(told[f"partner/{idle}"], TierMove)
    assert "nothing lower to move to" in told[f"partner/{idle}"].because


async def test_a_lifecycle_that_is_over_needs_no_telling_and_one_out_of_reach_is_told_later(office: Office) -> None:
    for name in ("Acme", "Bolt"):
        wins(office, office.active(name), Q2)
    rescores(office)
    office.temporal.gone.add("partner/acme")
    office.temporal.failures = 1
    with pytest.raises(RPCError):
        await tell(office, begin(office))
    assert await tell(office, begin(office)) == 2
    assert [workflow for workflow, _, _ in office.temporal.signals] == ["partner/bolt"]

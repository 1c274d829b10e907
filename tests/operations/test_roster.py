"""What the team's hours carry, and what a re-score would say."""

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

import operations.rescoring
from activities.roster import RescoreBegin
from operations.preview import preview
from operations.rescoring import Programs, RescorePreview, preview_rescore, published_difference
from operations.roster import CapacityReport, Hanging, NextHour, capacity
from program.calendar import Quarter
from program.errors import Refused
from rules.comparison import compare
from rules.folder import LoadedProgram, load_program
from store.database import Store
from tests.activities.conftest import START, Office, at
from tests.activities.test_roster import rated, rescores, wins, with_eligibility, works
from tests.store.contents import contents
from tests.world import changed_program

Q2, Q3 = (Quarter(year=2017, number=number) for number in (2, 3))
REBEGIN = RescoreBegin(quarter=Q2, as_of=Q2.last_day, known_at=at(Q2.last_day))
CAPACITY = "name: Programme manager, hours: 400"


@pytest.fixture
def office(store: Store, default_program: LoadedProgram) -> Office:
    return Office(store, default_program)


def carried(office: Office, program: LoadedProgram | None = None) -> CapacityReport:
    before = contents(office.store)
    report = capacity(office.store, program or office.program)
    assert contents(office.store) == before
    return report


def test_the_hours_are_shown_by_tier_and_by_person_with_what_is_left(office: Office) -> None:
    strong, weak = rated(office, "Strong"), rated(office, "Weak")
    wins(office, strong, Q2)
    works(office, weak, Q2)
    rescores(office)
    office.active("New", since=Q3.first_day)  # in no re-score yet, and in the entry tier all the same
    report = carried(office)
    assert (report.scored, report.quarter) == (Q2, Q3)
    assert [report.hours, report.short] == [1280, 0]
    by_tier: Any = [(t.tier, t.partners_now, t.hours_now, t.partners, t.hours) for t in report.tiers]
    assert by_tier == [
        ("strategic", 1, 52, 1, 52),
        ("growth", 2, 15, 0, 0),
        ("self-serve", 0, 0, 1, Decimal("0.2")),
    ]
    assert report.slack == Decimal("1227.8") == sum(person.slack for person in report.people)
    first, *_, last = report.people
    assert first.name == "First co-sell manager"
    assert [first.by_tier["strategic"], first.slack] == [52, 268]
    assert (last.name, last.by_tier["self-serve"], last.slack) == (
        "Programme manager",
        Decimal("0.2"),
        Decimal("319.8"),
    )


def test_the_next_hours_and_an_absence_are_told_by_who_would_rise_and_fall(office: Office) -> None:
    for name in ("Ann", "Bob", "Cid"):
        wins(office, rated(office, name), Q2)
    rescores(office)
    tight = office.changed(
        ("First co-sell manager, hours: 400", "First co-sell manager, hours: 100"),
        *(
            (f"{which} co-sell manager, hours: 400", f"{which} co-sell manager, hours: 1")
            for which in ("Second", "Third")
        ),
        (CAPACITY, "name: Programme manager, hours: 9.5"),
    )
    report = carried(office, tight)
    assert [tier.partners for tier in report.tiers] == [1, 0, 2]
    assert report.next_hours == (
        NextHour(tier="growth", hours=Decimal("0.10"), partner="bob"),
        NextHour(tier="strategic", hours=Decimal("22.40"), partner="bob"),
    )
    absent = {one.name: one for one in report.absences}
    [fall] = absent["First co-sell manager"].falls
    assert (fall.partner, fall.came_from, fall.to) == ("ann", "strategic", "self-serve")
    assert absent["Second co-sell manager"].falls == ()
    assert absent["Programme manager"].short == Decimal("0.40")


def test_an_absence_that_was_announced_takes_its_hours(office: Office) -> None:
    wins(office, rated(office, "Ann"), Q2)
    rescores(office)
    there = carried(office)
    office.is_away("First co-sell manager", date(2017, 7, 3), date(2017, 7, 14))  # 10 of 65 business days
    office.is_away("Somebody else", Q3.first_day, Q3.last_day)
    away = carried(office)
    assert (there.hours, away.hours, away.people[0].to_give) == (Decimal(1280), Decimal("1230.76"), Decimal("270.76"))
    assert office.run(office.roster.begin_rescore, REBEGIN).away == ()  # what was handed out stays handed out


def test_whose_tier_hangs_on_what_nobody_knows_is_listed(office: Office) -> None:
    unrated = office.active("Unrated")
    on = Q2.first_day
    office.brings(unrated, on, 22, qualified_on=on, progressed_on=on, closed_on=on, won=True, value=1500)
    rescores(office)
    assert carried(office).hanging == (
        Hanging(partner=unrated, tier="growth", tier_at_best="strategic", ranks=(1, 1), missing=("fit_score",)),
    )


def test_eligibility_counts_as_it_was_decided(office: Office) -> None:
    for name in ("Ann", "Bob"):
        wins(office, rated(office, name), Q2)
    with office.store.write() as tx:
        tx.facts.record("ann", {"certified": True}, START, "academy", at(START))
    strict = with_eligibility(office)
    office.puts_in_force(strict, date(2017, 3, 2))
    rescores(office)
    assert [tier.partners for tier in carried(office, strict).tiers] == [1, 1, 0]


def test_before_any_quarter_was_re_scored_there_is_nothing_to_say(office: Office) -> None:
    rescores(office)  # of nobody
    with pytest.raises(Refused, match="no quarter was re-scored with anybody active; `gatehouse rescore` does it"):
        carried(office)


# A re-score that writes nothing


def looked_at(
    office: Office, quarter: Quarter = Q2, on: date | None = None, **programs: LoadedProgram
) -> RescorePreview:
    before = contents(office.store)
    own = Programs(program=office.program, weighs=office.program, weighed_before=office.program)
    on = on or quarter.last_day
    found = preview_rescore(office.store, replace(own, **programs), quarter, on, at(on))
    assert contents(office.store) == before
    return found


def test_a_preview_says_what_the_re_score_then_says(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations.rescoring, "PAGE", 2)  # the roster is gone through page by page
    strong, weak, idle = rated(office, "Strong"), office.active("Weak", tier="strategic"), office.active("Idle")
    wins(office, strong, Q2)
    works(office, weak, Q2)
    for quarter in (Q2, Q3):
        found = looked_at(office, quarter)
        rescored = rescores(office, quarter)
        assert {t.tier: t.partners for t in found.tiers if t.partners} == rescored.tiers
        moves = Counter(mover.move for mover in found.movers)
        assert moves == {move: count for move, count in rescored.moves.items() if move != "stay"}
    assert found.missing == {"win_rate": 3, "fit_score": 2}
    assert {mover.partner: mover.move for mover in found.movers}[idle] == "low_touch"


def test_a_preview_of_a_quarter_that_runs_sees_what_there_is(office: Office) -> None:
    partner = rated(office, "Acme")
    wins(office, partner, Q2)
    found = looked_at(office, on=Q2.first_day)
    assert [(mover.partner, mover.move, mover.to) for mover in found.movers] == [(partner, "up", "strategic")]
    assert [(tier.tier, tier.partners_now, tier.partners) for tier in found.tiers][:2] == [
        ("strategic", 0, 1),
        ("growth", 1, 0),
    ]


def test_a_preview_moves_by_what_was_recorded_of_a_partner_too(office: Office) -> None:
    free, bound = rated(office, "Free"), rated(office, "Bound")
    files = dict(office.program.files)
    asks = "facts:\n  bound: {type: flag, title: bound by contract}\n"
    rule = (
        "rules:\n  - id: contract\n    when: {bound: true, level: {gte: 1}}\n    then: stay\n"
        "    because: A contract says so.\n"
    )
    movement = files["policies/tier-movement.yaml"]
    files["policies/tier-movement.yaml"] = movement.replace("facts:\n", asks, 1).replace("rules:\n", rule, 1)
    evidence = "deferral_days: 90\nevidence: [{id: bound, title: Bound by contract}]"
    files["program.yaml"] = files["program.yaml"].replace("deferral_days: 90", evidence)
    for partner in (free, bound):
        wins(office, partner, Q2)
        with office.store.write() as tx:
            tx.facts.record(partner, {"bound": partner == bound}, START, "contracts", at(START))
    found = looked_at(office, program=load_program(files))
    assert [(mover.partner, mover.move) for mover in found.movers] == [(free, "up")]


def test_changed_weights_are_shown_by_whom_they_rank_otherwise(office: Office) -> None:
    seller, bringer = rated(office, "Seller"), rated(office, "Bringer")
    on = Q2.first_day
    office.brings(seller, on, 1, closed_on=on, won=True, value=60_000)
    office.brings(bringer, on, 30, qualified_on=on)
    assert looked_at(office).reweighed == ()
    new = office.changed(
        ("version: 1\n", "version: 2\n"),
        ("weight: 35, fact: won_revenue", "weight: 5, fact: won_revenue"),
        ("weight: 20, fact: qualified_opportunities", "weight: 50, fact: qualified_opportunities"),
    )
    found = looked_at(office, program=new, weighs=new)
    assert [(r.partner, r.rank_before, r.rank) for r in found.reweighed] == [(bringer, 2, 1), (seller, 1, 2)]

    office.puts_in_force(new, Q2.first_day)
    rescores(office)
    assert published_difference(office.store, Q2, office.shelf.get) == found.reweighed
    rescores(office, Q3)
    assert published_difference(office.store, Q3, office.shelf.get) == ()


@pytest.mark.parametrize("partners", [0, 1])
def test_a_roster_of_nobody_and_of_one_has_an_answer(office: Office, partners: int) -> None:
    for _ in range(partners):
        office.active("Alone")
    found = looked_at(office)
    assert (found.partners, sum(tier.partners for tier in found.tiers)) == (partners, partners)


def test_the_preview_of_a_draft_decides_again_who_is_eligible(office: Office) -> None:
    for name in ("Ann", "Bob"):
        wins(office, rated(office, name), Q2)
    with office.store.write() as tx:
        tx.facts.record("ann", {"certified": True}, START, "academy", at(START))
    strict = with_eligibility(office)
    office.puts_in_force(strict, date(2017, 3, 2))
    rescores(office)

    same = preview(office.store, strict, Q3.last_day, at(Q3.last_day))
    assert (same.movers, same.not_remade, same.tier_changes) == ((), (), ())

    without = preview(office.store, office.program, Q3.last_day, at(Q3.last_day))
    assert {one.because for one in without.not_remade} == {"it has no policy tier-eligibility"}
    assert [(one.partner, one.then, one.now) for one in without.tier_changes] == [("bob", "growth", "strategic")]
    for old, new, sign in ((office.program, strict, "+"), (strict, office.program, "-")):
        [added] = compare(old, new).templates
        assert (added.file, added.lines[1][:1]) == ("policies/tier-eligibility.yaml", sign)

    strictest = changed_program(
        strict, ("quarters_active: {gte: 1}", "quarters_active: {gte: 9}"), file="policies/tier-eligibility.yaml"
    )
    found = preview(office.store, strictest, Q3.last_day, at(Q3.last_day))
    assert found.not_remade == ()
    assert {one.policy: (one.partner, one.now and one.now.outcome) for one in found.movers} == {
        "tier-eligibility": ("ann", "growth"),
        "tier-movement": ("ann", "stay"),
    }
    assert [(one.partner, one.then, one.now) for one in found.tier_changes] == [("ann", "strategic", "growth")]

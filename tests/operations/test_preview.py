"""What a draft would have decided is what the program would have decided, had it been the draft."""

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from activities.sweep import SweepPage
from operations.preview import Preview, preview
from program.calendar import Clock, Quarter
from program.partner import PartnerType
from rules.folder import LoadedProgram
from store.database import Store
from tests.activities.conftest import START, Office, at, day
from tests.activities.test_roster import rescores, wins, works
from tests.store.contents import contents
from tests.world import a_partner, a_scorecard, changed_program

QUALIFICATION, CHECKPOINT, VERDICT = "qualification", "pilot-checkpoint", "pilot-verdict"
Q1, Q2, Q3 = (Quarter(year=2017, number=number) for number in (1, 2, 3))


@pytest.fixture
def office(store: Store, default_program: LoadedProgram) -> Office:
    return Office(store, default_program)


LATER = day(200)


def shown(office: Office, draft: LoadedProgram, on: date = LATER, since: date | None = None) -> Preview:
    """A preview, which writes nothing."""
    before = contents(office.store)
    found = preview(office.store, draft, on, at(on), since)
    assert contents(office.store) == before
    return found


def moved(found: Preview) -> dict[str, tuple[str | None, str | None]]:
    """Who would move, from which outcome to which."""
    return {one.partner: (one.then.outcome, one.now.outcome) for one in found.movers if one.now}


# Against a life under the draft

CANDIDATES: dict[str, dict[str, Any]] = {
    "Good": {},
    "Best": {"market": 5, "motion": 5, "intent": 5, "people": 5, "operations": 5},
    "Lukewarm": {"market": 5, "motion": 4, "intent": 3, "people": 3, "operations": 3},
    "Unfit": {"market": 3},
    "Aimless": {"intent": 2},
    "Busy": {"people": 2, "operations": 3},
}
PILOTS = {
    "Quick": (6, 6, True),
    "Hasty": (6, 6, False),
    "Stuck": (6, 1, True),
    "Slow": (4, 4, False),
    "Silent": (0, 0, True),
}
"""How many deals a pilot brings, how many of them progress, and whether it is prepared."""


def live(office: Office) -> None:
    """Every kind of decision, none of which depends on how another came out."""
    for name, ratings in CANDIDATES.items():
        office.submits(office.applied(name), a_scorecard(**ratings))
    office.submits(office.applied("Unclear"), a_scorecard(without=("people", "unsound")))
    for name, (deals, progressed, prepared) in PILOTS.items():
        partner = office.knows(name)
        office.enters(partner, pilot_since=START)
        with office.store.write() as tx:
            tx.preparation.record_next_action(partner, "Review", "Ada", day(400), START)
        if prepared:
            office.prepares(partner)
        for number in range(deals):
            created = day(7 * number)
            after = created + timedelta(days=3) if number < progressed else None
            office.brings(partner, created, qualified_on=created, progressed_on=after)
        terms = office.terms(partner)
        for week in range(1, terms.weeks + 1):
            office.run(office.pilots.look_at_week, office.looks(partner, week))
        office.run(office.pilots.judge, office.judges(partner))
    for name, tier in (("Winner", "growth"), ("Worker", "strategic"), ("Sleeper", "growth"), ("Last", "self-serve")):
        partner = office.active(name, since=date(2017, 1, 1), tier=tier)
        if name == "Winner":
            wins(office, partner, Q1, deals=25, value=2400)
            office.brings(partner, day(1), submitted_on=day(1))
        if name == "Worker":
            works(office, partner, Q1)
        office.serves(partner, day(1))
    office.applied("Waiting")
    for on in (day(13), day(20), day(29)):
        office.run(office.sweeps.look_for_stalls, SweepPage(as_of=on, known_at=at(on), clock=Clock()))
    rescores(office, Q1)


def outcomes(office: Office) -> dict[tuple[str, str, str], str | None]:
    with office.store.read() as tx:
        return {(d.partner, d.policy, d.purpose): d.ruling.outcome for _, d in tx.decisions.listed()}


@pytest.fixture(scope="module")
def lived(
    empty_database: Path, tmp_path_factory: pytest.TempPathFactory, default_program: LoadedProgram
) -> Iterator[Office]:
    """An office with a life behind it, to be looked at only."""
    store = Store(f"sqlite:///{shutil.copy(empty_database, tmp_path_factory.mktemp('lived'))}")
    office = Office(store, default_program)
    live(office)
    yield office
    store.close()


MANAGERS = [f"{which} co-sell manager" for which in ("First", "Second", "Third")]
AWAY = "absences: [{first: 2017-04-01, last: 2017-06-30}]"
RESELL = "    targets: {qualified: 6, progressed: 3}\n"
STALL, MOVEMENT = "stall", "tier-movement"
DRAFTS: dict[str, tuple[dict[str, list[tuple[str, str]]], set[str]]] = {
    "nothing": ({"program": []}, set()),
    "higher minima, lower targets, more patience, harder tiers": (
        {
            "program": [
                ("minimum: 3.5", "minimum: 4.1"),
                ("minimum: 4\n", "minimum: 5\n"),
                ("qualified: 6, progressed: 3", "qualified: 4, progressed: 3"),
                ("applied: 14", "applied: 59"),
                ("growth: 45, self", "growth: 120, self"),
                ("minimum_score: 60", "minimum_score: 99"),
                ("minimum_score: 25", "minimum_score: 80"),
            ],
        },
        {QUALIFICATION, CHECKPOINT, VERDICT, STALL, MOVEMENT},
    ),
    "lower minima, higher targets, less patience, easier tiers": (
        {
            "program": [
                ("weight: 60\n          minimum: 4", "weight: 60\n          minimum: 3"),
                ("qualified: 6, progressed: 3", "qualified: 20, progressed: 3"),
                ("strategic: 21", "strategic: 1"),
                ("self-serve: 90", "self-serve: 9"),
                ("minimum_score: 60", "minimum_score: 0"),
                ("minimum_score: 25", "minimum_score: 0"),
            ],
        },
        {QUALIFICATION, CHECKPOINT, VERDICT, STALL, MOVEMENT},
    ),
    "other weights, no reset, another score": (
        {
            "program": [
                ("weight: 50", "weight: 20"),
                ("weight: 25", "weight: 55"),
                ("resets: 1", "resets: 0"),
                ("target: 100000}", "target: 1000000}"),
            ],
        },
        {QUALIFICATION, VERDICT, MOVEMENT},
    ),
    "less preparation, less looking back, people away, a type's own values": (
        {
            CHECKPOINT: [("length: 3", "length: 2")],
            "program": [
                (RESELL, RESELL + "    overrides: {scorecard.minimum: 5, stalls.applied: 25}\n"),
                ("fewest_accounts: 20", "fewest_accounts: 0"),
                ("plays: 2", "plays: 0"),
                ("recent_weeks: 3", "recent_weeks: 2"),
                *((f"{person}, hours: 400", f"{person}, hours: 400, {AWAY}") for person in MANAGERS),
            ],
        },
        {QUALIFICATION, CHECKPOINT, STALL, MOVEMENT},
    ),
    "more looking back, less patience with it": (
        {"program": [("recent_weeks: 3", "recent_weeks: 4")], CHECKPOINT: [("length: 3", "length: 2")]},
        {CHECKPOINT},
    ),
    "slower answers, prompter service": (
        {"program": [("response: 3", "response: 60"), ("touch_within: 150", "touch_within: 100")]},
        {STALL},
    ),
    "other rules": (
        {
            QUALIFICATION: [("discount_led: true, extra_option: true", "discount_led: false")],
            CHECKPOINT: [("length: 3", "length: 2")],
            VERDICT: [
                ("  target_qualified:", "  mapped_accounts: {type: count}\n  target_qualified:"),
                ("      progressed_on_time: {gte: {fact: target_progressed}}\n", "      mapped_accounts: {gte: 25}\n"),
            ],
            MOVEMENT: [("quarters_inactive: {gte: 2}, level: 1", "quarters_inactive: 1, level: 1")],
        },
        {QUALIFICATION, CHECKPOINT, VERDICT, MOVEMENT},
    ),
}


def a_draft(program: LoadedProgram, what: str) -> LoadedProgram:
    for file, changes in DRAFTS[what][0].items():
        name = "program.yaml" if file == "program" else f"policies/{file}.yaml"
        program = changed_program(program, *changes, file=name)
    return program


@pytest.mark.parametrize("what", DRAFTS)
def test_every_decision_comes_out_as_it_would_have_under_the_draft(lived: Office, store: Store, what: str) -> None:
    draft = a_draft(lived.program, what)
    under_draft = Office(store, draft)
    live(under_draft)

    found = shown(lived, draft)

    assert found.not_remade == ()
    foreseen, lived_through = outcomes(lived), outcomes(under_draft)
    assert found.looked_at == len(foreseen)
    for one in found.movers:
        assert one.now
        assert foreseen[one.partner, one.policy, one.purpose] == one.then.outcome != one.now.outcome
        foreseen[one.partner, one.policy, one.purpose] = one.now.outcome
    # Who is declined or signed is looked for stalls no more: what follows from a decision is not played through.
    both = foreseen.keys() & lived_through.keys()
    assert {key for key in foreseen.keys() ^ lived_through.keys() if key[1] != STALL} == set()
    assert {key: (foreseen[key], lived_through[key]) for key in both if foreseen[key] != lived_through[key]} == {}
    assert {one.policy for one in found.movers} == DRAFTS[what][1]
    with store.read() as tx:
        tiers, _ = tx.rescores.summary(Q1)
    assert {tier.tier: tier.partners_now for tier in found.tiers if tier.partners_now} == tiers


def test_what_a_sweep_was_not_asked_for_then_is_looked_up(store: Store, default_program: LoadedProgram) -> None:
    rule = next(r for r in default_program.policies[STALL].rules if r.id == "service_not_delivered")
    text = default_program.files["policies/stall.yaml"]
    start = text.index(f"  - id: {rule.id}")
    declared = "  days_since_touch: {type: days, min: 0, title: days since its service was last delivered}\n"
    changes = [(text[start : text.index("  - id:", start + 1)], ""), (declared, "")]
    office = Office(store, changed_program(default_program, *changes, file="policies/stall.yaml"))
    for name, served in (("Acme", 10), ("Bolt", 1)):
        partner = office.active(name)
        office.brings(partner, day(40))
        office.serves(partner, day(served))
    office.run(office.sweeps.look_for_stalls, SweepPage(as_of=day(47), known_at=at(day(47)), clock=Clock()))

    found = shown(office, default_program)

    assert found.not_remade == ()
    assert moved(found) == {"bolt": ("moving", "stalled")}


def test_a_live_deal_is_remade_with_the_service_it_had(office: Office) -> None:
    for name, first in (("Acme", 20), ("Bolt", 30)):
        partner = office.active(name)
        office.brings(partner, day(40))
        office.is_served(partner, "strategic", day(first), day(60))
    office.run(office.sweeps.look_for_stalls, SweepPage(as_of=day(47), known_at=at(day(47)), clock=Clock()))

    assert moved(shown(office, office.program)) == {}
    assert moved(shown(office, office.changed(("touch_within: 150", "touch_within: 100")))) == {
        "bolt": ("moving", "stalled")
    }


# What is named


def test_who_moves_is_named_with_both_rules_and_the_reason(lived: Office) -> None:
    found = shown(lived, lived.changed(("weight: 60\n          minimum: 4", "weight: 60\n          minimum: 3")))
    (mover,) = found.movers
    assert (mover.partner, mover.policy, mover.purpose, mover.as_of) == (
        "unfit",
        QUALIFICATION,
        "application-1/scorecard-1",
        START,
    )
    assert mover.now
    assert (mover.then.outcome, mover.then.rule) == ("decline", "fit_below_minimum")
    assert (mover.now.outcome, mover.now.rule) == ("sign", None)
    assert mover.because.startswith("No disqualifier or risk applies")


def test_only_what_was_decided_since_a_day_is_decided_again(lived: Office) -> None:
    draft = lived.changed(("minimum: 3.5", "minimum: 4.9"))
    assert {"good"} <= moved(shown(lived, draft, since=START)).keys()
    found = shown(lived, draft, since=day(1))
    assert "good" not in moved(found)
    assert 0 < found.looked_at < len(outcomes(lived))


def asking(program: LoadedProgram) -> LoadedProgram:
    """A draft that asks for a fact that reviewers were not asked for."""
    evidence = "deferral_days: 90\nevidence: [{id: overlap, title: Overlap}]"
    draft = changed_program(program, ("deferral_days: 90", evidence))
    return changed_program(
        draft,
        ("outcomes:", "  overlap: {type: ratio, better: higher, title: overlap of accounts}\noutcomes:"),
        ("rules:\n", "rules:\n  - {id: little, when: {overlap: {lt: 10%}}, then: decline, because: Too little.}\n"),
        file="policies/qualification.yaml",
    )


def test_what_a_draft_asks_and_nobody_recorded_cannot_be_decided_again(office: Office) -> None:
    for name in ("Acme", "Bolt", "Cora"):
        office.submits(office.applied(name), a_scorecard())
    with office.store.write() as tx:
        tx.facts.record("bolt", {"overlap": 0.05}, START, "account mapping", at(START))
        tx.facts.record("cora", {"overlap": 0.05}, START, "account mapping", at(day(1)))  # too late to be known then

    found = shown(office, asking(office.program))

    assert moved(found) == {"bolt": ("sign", "decline")}
    assert [(one.partner, one.then.outcome) for one in found.not_remade] == [("acme", "sign"), ("cora", "sign")]
    assert all("overlap of accounts" in one.because for one in found.not_remade)


def test_what_was_open_and_stays_open_is_no_news(office: Office) -> None:
    office.submits(office.applied("Acme"), a_scorecard(without=("people",)))
    found = shown(office, office.changed(("minimum: 3.5", "minimum: 3.6")))
    assert (found.looked_at, found.movers, found.not_remade) == (1, (), ())


def test_a_verdict_of_another_day_cannot_be_given_again_and_a_checkpoint_of_the_same_day_can(office: Office) -> None:
    partner = office.in_pilot("Acme")
    office.run(office.pilots.look_at_week, office.looks(partner, 1))
    office.run(office.pilots.judge, office.judges(partner))
    found = shown(office, office.changed(("days: 60", "days: 90")))
    assert [(one.policy, one.because) for one in found.not_remade] == [
        (VERDICT, "its pilots are judged on day 90, and this one was on day 60")
    ]
    found = shown(office, office.changed(("checkpoint_every: 7", "checkpoint_every: 10")))
    assert [(one.policy, one.because) for one in found.not_remade] == [
        (CHECKPOINT, "its pilots are not looked at on day 7")
    ]


def test_a_recorded_fact_that_a_draft_does_not_allow_is_a_reason(office: Office) -> None:
    asking = changed_program(
        office.program, ("deferral_days:", "evidence: [{id: sellers, title: Sellers}]\ndeferral_days:")
    )
    counted = ("facts:\n", "facts:\n  sellers: {type: count, title: sellers}\n")
    asking = changed_program(asking, counted, file="policies/qualification.yaml")
    office.puts_in_force(asking, START)
    office.submits(office.applied("Acme"), a_scorecard().model_copy(update={"facts": {"sellers": 5}}))
    fewer = ("sellers: {type: count,", "sellers: {type: count, max: 4,")
    (one,) = shown(office, changed_program(asking, fewer, file="policies/qualification.yaml")).not_remade
    assert "sellers: 5 is not a whole number" in one.because


def test_what_was_decided_stays_as_it_was_measured_then(office: Office) -> None:
    partner = office.in_pilot("Acme")
    office.succeeds(partner)
    office.run(office.pilots.judge, office.judges(partner))
    office.brings(partner, day(3), 30, known=day(100), qualified_on=day(3))  # an import that came too late
    harder = office.changed(("qualified: 6, progressed: 3", "qualified: 7, progressed: 3"))
    assert moved(shown(office, harder)) == {"acme": ("expand", "reset")}


def test_a_partners_own_type_counts(office: Office) -> None:
    with office.store.write() as tx:
        tx.partners.add([a_partner("Intro", PartnerType.REFERRAL)], at(START))
    office.enters("intro")
    office.submits("intro", a_scorecard())
    office.submits(office.applied("Acme"), a_scorecard())
    found = shown(office, office.changed((RESELL, RESELL + "    overrides: {scorecard.minimum: 5}\n")))
    assert moved(found) == {"acme": ("sign", "decline")}


# Tiers and pilots


def test_tiers_and_hours_are_counted_before_and_after(lived: Office) -> None:
    found = shown(lived, lived.changed(("minimum_score: 60", "minimum_score: 99"), ("hours: 7.5}", "hours: 12}")))
    assert found.quarter == Q1
    counted = {
        tier.tier: (tier.partners_then, tier.partners_now, tier.hours_then, tier.hours_now) for tier in found.tiers
    }
    assert list(counted) == ["strategic", "growth", "self-serve"]
    assert counted["strategic"][:2] == (2, 1)
    assert counted["growth"][1] == counted["growth"][0] + 1
    assert all(float(hours) == n * each for n, hours, each in [
        (counted["strategic"][0], counted["strategic"][2], 52),
        (counted["growth"][0], counted["growth"][2], 7.5),
        (counted["growth"][1], counted["growth"][3], 12),
    ])  # fmt: skip
    assert [(change.partner, change.then, change.now) for change in found.tier_changes] == [
        ("winner", "strategic", "growth")
    ]


def test_the_second_re_score_counts_on_from_the_first(office: Office) -> None:
    for name in ("Sleeper", "Weak", "New"):
        partner = office.active(name, since=date(2017, 8, 1) if name == "New" else date(2017, 1, 1))
        if name == "Weak":
            works(office, partner, Q2)
            works(office, partner, Q3)
    for quarter in (Q2, Q3):
        rescores(office, quarter)
    assert outcomes(office)["sleeper", "tier-movement", "rescore-2017Q3"] == "low_touch"
    found = shown(office, office.program)
    assert (found.movers, found.not_remade, found.tier_changes) == ((), (), ())


def test_running_pilots_are_judged_as_of_today_under_both_terms(office: Office) -> None:
    quick, slow = office.in_pilot("Quick"), office.in_pilot("Slow")
    for number in range(4):
        for partner in (quick, slow)[: 2 if number < 2 else 1]:
            created = day(7 * number)
            office.brings(partner, created, qualified_on=created, progressed_on=created + timedelta(days=3))

    found = shown(office, office.changed(("qualified: 6, progressed: 3", "qualified: 4, progressed: 3")), day(30))

    assert found.pilots == 2
    (change,) = found.pilot_changes
    assert (change.partner, change.day) == (quick, 30)
    assert (change.own.outcome, change.own.rule) == ("reset", "too_few_qualified")
    assert (change.draft.outcome, change.draft.rule) == ("expand", "targets_met_together")
    assert shown(office, office.program, day(30)).pilot_changes == ()


def test_an_installation_in_which_nothing_happened_yet_has_nothing_to_show(office: Office) -> None:
    found = shown(office, office.changed(("minimum: 3.5", "minimum: 4")))
    assert (found.looked_at, found.quarter, found.tiers, found.pilots) == (0, None, (), 0)


def as_data(found: Preview) -> Any:
    return found.model_dump(mode="json")


def test_a_preview_is_there_for_scripts(lived: Office) -> None:
    found = shown(lived, lived.changed(("minimum: 3.5", "minimum: 4.9")))
    assert Preview.model_validate(as_data(found)) == found

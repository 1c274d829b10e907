"""What is seen of a partner outside a pilot, and what is accepted of it."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from program.calendar import BusinessDays
from program.opportunity import Opportunity
from program.partner import Stage
from program.stall import Seen, Service, accepted, observed, waited
from program.tiers import kinds
from rules.folder import LoadedProgram

SINCE = date(2017, 3, 1)  # a Wednesday
MONDAYS_OFF = BusinessDays(weekend=frozenset({0, 6}))


def day(number: int) -> date:
    return SINCE + timedelta(days=number)


def a_deal(created: int, **days: int | None) -> Opportunity:
    dated: dict[str, Any] = {name: None if number is None else day(number) for name, number in days.items()}
    return Opportunity(
        id="O-1", partner="acme", created_on=day(created), won=True if dated.get("closed_on") else None, **dated
    )


def seen(*deals: Opportunity, stage: Stage = Stage.ACTIVE, **more: Any) -> Seen:
    return Seen(stage=stage, since=SINCE, opportunities=deals, **more)


@pytest.mark.parametrize(
    ("deals", "days"),
    [
        ((), 30),
        ((a_deal(-9),), 30),
        ((a_deal(5),), 25),
        ((a_deal(0, progressed_on=9),), 21),
        ((a_deal(0, submitted_on=12, answered_on=20),), 18),  # our answer is not the partner's doing
        ((a_deal(0, closed_on=29), a_deal(3)), 1),
    ],
)
def test_silence_lasts_since_the_partner_last_did_something(deals: tuple[Opportunity, ...], days: int) -> None:
    assert observed(seen(*deals), day(30), BusinessDays())["days_without_activity"] == days


@pytest.mark.parametrize(
    ("deals", "on", "waits"),
    [
        ((), 30, 0),
        ((a_deal(0),), 30, 0),
        ((a_deal(0, submitted_on=0),), 0, 0),
        ((a_deal(0, submitted_on=0),), 1, 1),
        ((a_deal(0, submitted_on=0),), 5, 3),  # Thursday, Friday, Monday
        ((a_deal(0, submitted_on=0, answered_on=4),), 5, 0),
        ((a_deal(0, submitted_on=0, closed_on=4),), 5, 0),
        ((a_deal(0, submitted_on=4), a_deal(0, submitted_on=0)), 5, 3),  # the oldest counts
    ],
)
def test_an_answer_is_waited_for_in_business_days(deals: tuple[Opportunity, ...], on: int, waits: int) -> None:
    assert observed(seen(*deals), day(on), BusinessDays())["business_days_unanswered"] == waits


def test_whose_mondays_are_off_has_other_business_days() -> None:
    waiting = seen(a_deal(0, submitted_on=0))
    assert observed(waiting, day(5), MONDAYS_OFF)["business_days_unanswered"] == 3  # Thursday, Friday, Saturday


@pytest.mark.parametrize(("stage", "missing"), [(Stage.ACTIVE, 2), (Stage.APPLIED, 0), (Stage.DEFERRED, 0)])
def test_a_rescore_is_without_the_evidence_of_those_alone_whom_it_scores(stage: Stage, missing: int) -> None:
    found = observed(seen(stage=stage, unknown_factors=2), day(30), BusinessDays())
    assert found["evidence_missing"] == missing


@pytest.mark.parametrize(
    ("stage", "tier", "patience"),
    [
        (Stage.ACTIVE, "strategic", 21),
        (Stage.ACTIVE, "growth", 45),
        (Stage.ACTIVE, "self-serve", 90),
        (Stage.ACTIVE, "gone", 90),
        (Stage.APPLIED, None, 14),
    ],
)
def test_a_tier_says_how_long_silence_is_accepted(
    default_program: LoadedProgram, stage: Stage, tier: str | None, patience: int
) -> None:
    found = accepted(default_program.program, stage, tier)
    assert found == {"patience": patience, "response": 3, "evidence_spared": 1}


@pytest.mark.parametrize(("last", "days"), [(None, 30), (-5, 30), (20, 10)])
@pytest.mark.parametrize(("tier", "owed"), [("growth", (30, 45)), ("self-serve", (91, 136)), ("gone", (None, None))])
def test_a_touch_is_owed_from_the_day_on_which_the_service_begins(
    default_program: LoadedProgram, last: int | None, days: int, tier: str, owed: tuple[int | None, int | None]
) -> None:
    every = kinds(default_program.program.tiers)
    service = Service(tier, SINCE, {} if last is None else dict.fromkeys(every, day(last)))
    found = waited(default_program.program, service, day(30))
    assert (found.days, found.every, found.patience) == (days, *owed)


SESSION, PIPELINE, REVIEW = "Co-sell session", "Pipeline review", "Business review"


@pytest.mark.parametrize(
    ("held", "on", "kind", "days"),
    [
        ({}, 10, SESSION, 10),  # nothing is due: what is owed most often
        ({}, 30, SESSION, 30),
        ({SESSION: 28}, 30, SESSION, 2),  # the review of 30 days is due tomorrow
        ({SESSION: 28}, 31, PIPELINE, 31),  # and a session does not stand in for it
        ({SESSION: 90, PIPELINE: 90}, 100, REVIEW, 100),
        ({SESSION: 80, PIPELINE: 80}, 100, SESSION, 20),  # six days too late is more of 14 than nine of 91
        ({SESSION: 28, "Monthly group session": 29}, 31, PIPELINE, 31),  # nor does what another tier owes
        ({SESSION: 5, "As it was called before": 29}, 31, SESSION, 2),  # what is called otherwise now counts for all
    ],
)
def test_the_touch_that_is_most_overdue_counts_and_none_stands_in_for_another(
    default_program: LoadedProgram, held: dict[str, int], on: int, kind: str, days: int
) -> None:
    service = Service("strategic", SINCE, {name: day(number) for name, number in held.items()})
    found = waited(default_program.program, service, day(on))
    assert (found.kind, found.days) == (kind, days)


@given(st.dictionaries(st.sampled_from([SESSION, PIPELINE, REVIEW]), st.integers(0, 200)))
def test_whatever_is_late_something_late_is_shown(default_program: LoadedProgram, held: dict[str, int]) -> None:
    program, on = default_program.program, day(200)
    found = waited(program, Service("strategic", SINCE, {kind: day(number) for kind, number in held.items()}), on)
    late = [
        200 - held.get(touch.kind, 0) > (touch.every or 0) * program.stalls.touch_within // 100
        for touch in program.tiers[0].service.promised
    ]
    assert found.patience is not None
    assert (found.days > found.patience) == any(late)


@given(st.integers(0, 60), st.integers(0, 60))
def test_nothing_that_was_seen_lies_in_the_future(created: int, on: int) -> None:
    deal = a_deal(created, submitted_on=created).as_of(day(on))
    found = observed(seen(*([deal] if deal else [])), day(on), BusinessDays())
    assert all(isinstance(value, int) and value >= 0 for value in found.values())

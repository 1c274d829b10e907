"""Sixty days: when a pilot is looked at, and what counts in it."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from program.opportunity import Opportunity
from program.pilot import PILOT_FACTS, PilotPlan, PilotTerms, Targets, achieved, week_of

START = date(2017, 3, 1)


def the_pilot(number: int = 1, **plan: int) -> PilotTerms:
    return PilotTerms(
        number=number,
        started_on=START,
        plan=PilotPlan(**plan),
        targets=Targets(qualified=6, progressed=3),
        program="0" * 64,
    )


def day(number: int) -> date:
    """A day of the pilot; its first is day 0."""
    return START + timedelta(days=number)


def a_deal(created: int = 0, qualified: int | None = None, progressed: int | None = None, **more: Any) -> Opportunity:
    return Opportunity(
        id="O-1",
        partner="acme",
        created_on=day(created),
        qualified_on=None if qualified is None else day(qualified),
        progressed_on=None if progressed is None else day(progressed),
        **more,
    )


def facts(*deals: Opportunity, after: int = 60) -> dict[str, Any]:
    return achieved(the_pilot(), day(after), deals)


def test_a_pilot_is_looked_at_every_week_and_judged_on_day_sixty() -> None:
    terms = the_pilot()
    assert [(terms.checkpoint(week) - START).days for week in terms.weeks_after(START)] == [
        *(7, 14, 21, 28, 35, 42, 49, 56)
    ]
    assert terms.last_day == day(60)


@given(st.integers(2, 365), st.integers(1, 364))
def test_every_checkpoint_lies_before_the_verdict_and_no_further_one_would(days: int, every: int) -> None:
    if every >= days:
        with pytest.raises(ValidationError, match=f"a checkpoint every {every} days leaves none in {days} days"):
            the_pilot(days=days, checkpoint_every=every)
        return
    terms = the_pilot(days=days, checkpoint_every=every)
    assert terms.checkpoint(terms.weeks) < terms.last_day <= terms.checkpoint(terms.weeks + 1)


@pytest.mark.parametrize(
    ("on", "ahead"), [(0, 8), (7, 8), (8, 7), (23, 5), (55, 1), (56, 1), (57, 0), (60, 0), (90, 0), (-5, 8)]
)
def test_a_pilot_that_is_taken_over_has_the_checkpoints_ahead_of_it(on: int, ahead: int) -> None:
    assert the_pilot().weeks_after(day(on)) == list(range(9 - ahead, 9))


@pytest.mark.parametrize(
    ("created", "counts"), [(-1, False), (0, True), (1, True), (58, True), (59, True), (60, False), (61, False)]
)
def test_a_pilot_counts_from_its_first_day_to_the_day_before_its_verdict(created: int, counts: bool) -> None:
    assert facts(a_deal(created), after=99)["opportunities_created"] == counts


@pytest.mark.parametrize(
    ("deal", "counted"),
    [
        ((0, None, None), (1, 0, 0)),
        ((0, 59, None), (1, 1, 0)),
        ((0, 60, None), (1, 0, 0)),
        ((0, 59, 59), (1, 1, 1)),
        ((0, 59, 60), (1, 1, 0)),
        ((0, None, 5), (1, 0, 0)),  # what did not meet the standard does not progress
        ((-1, 0, 1), (0, 0, 0)),  # what was there before the pilot is not its doing
    ],
)
def test_a_deal_counts_as_far_as_it_came_in_time(
    deal: tuple[int, int | None, int | None], counted: tuple[int, int, int]
) -> None:
    found = facts(a_deal(*deal), after=99)
    names = ("opportunities_created", "qualified_opportunities", "progressed_on_time")
    assert tuple(found[name] for name in names) == counted


@pytest.mark.parametrize(("on", "counts"), [(20, False), (21, True)])
def test_a_checkpoint_sees_what_happened_before_its_day(on: int, counts: bool) -> None:
    assert facts(a_deal(20, 20, 20), after=on)["progressed_on_time"] == counts


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ([], 0),
        ([False], 0),
        ([None], {"at_least": 0, "at_most": 1}),
        ([False, None, None], {"at_least": 0, "at_most": 2}),
        ([True], 1),
        ([True, None], {"at_least": 1, "at_most": 2}),
        ([True, True, False, None], {"at_least": 2, "at_most": 3}),
    ],
)
def test_of_deals_that_nobody_was_asked_about_none_may_be_mutual_or_all(
    said: list[bool | None], known: int | dict[str, int]
) -> None:
    assert facts(*(a_deal(0, 0, mutual=mutual) for mutual in said))["mutual_deals"] == known


def test_only_deals_that_met_the_standard_can_be_mutual() -> None:
    assert facts(a_deal(0, mutual=True), a_deal(0, mutual=None))["mutual_deals"] == 0


@pytest.mark.parametrize(("after", "expected"), [(0, 0), (7, 0), (9, 0), (10, 1), (30, 3), (59, 5), (60, 6), (99, 6)])
def test_the_target_is_asked_for_in_step_with_the_days(after: int, expected: int) -> None:
    assert facts(after=after)["expected_qualified"] == expected


@pytest.mark.parametrize(
    ("deals", "after", "projected"),
    [
        (0, 0, 0),
        (0, 28, 0),
        (1, 1, 60),
        (2, 28, 4),
        (3, 28, 6),
        (3, 30, 6),
        (3, 31, 5),
        (5, 59, 5),
        (6, 60, 6),
        (6, 99, 6),
    ],
)
def test_a_pace_is_carried_on_to_the_last_day(deals: int, after: int, projected: int) -> None:
    assert facts(*([a_deal(0, 0)] * deals), after=after)["projected_qualified"] == projected


@given(st.integers(0, 20), st.integers(1, 60))
def test_whoever_is_behind_the_pace_misses_the_target_by_it(deals: int, after: int) -> None:
    found = facts(*([a_deal(0, 0)] * deals), after=after)
    if found["qualified_opportunities"] < found["expected_qualified"]:
        assert found["projected_qualified"] < found["target_qualified"]


def test_a_pilot_carries_what_it_was_agreed_on() -> None:
    second = achieved(the_pilot(2, resets=1, fewest_accounts=10, plays=3), day(60), [])
    assert {name: second[name] for name in PILOT_FACTS if second[name]} == {
        "target_qualified": 6,
        "target_progressed": 3,
        "expected_qualified": 6,
        "resets_used": 1,
        "resets_allowed": 1,
        "fewest_accounts": 10,
        "plays_agreed": 3,
    }


@pytest.mark.parametrize(
    ("deal", "moved"),
    [
        (a_deal(6), False),
        (a_deal(7), True),
        (a_deal(13), True),
        (a_deal(14), False),
        (a_deal(0, 0, 7), True),
        (a_deal(0, 0, 13), True),
        (a_deal(0, 0, 14), False),
        (a_deal(0, 7), False),  # meeting the standard is paperwork; created and progressed is movement
    ],
)
def test_a_week_is_looked_back_on_from_checkpoint_to_checkpoint(deal: Opportunity, moved: bool) -> None:
    second = week_of(the_pilot(), 2, [deal])
    assert (second.week, second.movement) == (2, moved)


@given(st.lists(st.integers(0, 55)))
def test_what_is_created_in_a_pilot_moves_exactly_one_week(created: list[int]) -> None:
    weeks = [week_of(the_pilot(), week, [a_deal(n) for n in created]) for week in range(1, 9)]
    assert [week.week for week in weeks if week.movement] == sorted({n // 7 + 1 for n in created})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"checkpoint_every": 60}, "a checkpoint every 60 days leaves none in 60 days"),
        ({"fewest_accounts": 51}, "51 to 50 mapped accounts is no range"),
        ({"days": 0}, "greater than or equal to 1"),
        ({"resets": 10}, "less than or equal to 9"),
    ],
)
def test_a_plan_that_cannot_be_followed_is_refused(change: dict[str, int], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        PilotPlan(**change)

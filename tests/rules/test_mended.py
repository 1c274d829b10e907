"""What is said to have ended a stall: the facts that differ, by their titles."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.evaluators.interpreter import fired
from rules.explanation.mended import mended
from rules.folder import LoadedProgram
from rules.language.policy import Policy

CHECKPOINT, STALL, VERDICT = "pilot-checkpoint", "stall", "pilot-verdict"
WEEKS = [{"week": week, "movement": False} for week in (1, 2, 3)]
DEAD: dict[str, Any] = {
    "week": 3,
    "opportunities_created": 0,
    "qualified_opportunities": 0,
    "projected_qualified": 0,
    "target_qualified": 6,
    "next_action_open": False,
    "checkpoint": WEEKS,
}
QUIET: dict[str, Any] = {
    "stage": "active",
    "days_without_activity": 46,
    "patience": 45,
    "days_since_touch": 46,
    "touch_patience": 45,
}


@pytest.mark.parametrize(
    ("policy", "rule", "now", "said"),
    [
        (CHECKPOINT, "no_next_action", {"next_action_open": True}, "A next action is recorded."),
        (
            CHECKPOINT,
            "nothing_created_by_week_three",
            {"week": 4, "opportunities_created": 1},
            "Opportunities created: 1 instead of 0.",
        ),
        (
            CHECKPOINT,
            "three_weeks_without_movement",
            {"opportunities_created": 1, "checkpoint": [*WEEKS[1:], {"week": 4, "movement": True}]},
            "Something was created or progressed.",
        ),
        (STALL, "partner_silent", {"days_without_activity": 1}, "Days since something last happened: 1 instead of 46."),
        (STALL, "partner_silent", {"patience": 60}, "Days without activity that are accepted: 60 instead of 45."),
        (
            STALL,
            "partner_silent",
            {"days_without_activity": 50, "patience": 60, "days_since_touch": 50},
            "Days without activity that are accepted: 60 instead of 45.",
        ),
        (
            STALL,
            "service_not_delivered",
            {"touch_patience": None},
            "Days after which its service is late: not known instead of 45.",
        ),
        (VERDICT, None, {"mutual_deals": 2}, "Deals that both sides worked: 2."),
        (STALL, "partner_silent", {}, "The rules no longer ask for it."),
    ],
)
def test_only_what_has_ended_it_is_named(
    default_program: LoadedProgram, policy: str, rule: str | None, now: dict[str, Any], said: str
) -> None:
    then = {CHECKPOINT: DEAD, STALL: QUIET, VERDICT: {}}[policy]
    assert mended(default_program.policies[policy], rule, then, {**then, **now}) == said


def test_of_two_things_that_would_each_have_done_both_are_named(default_program: LoadedProgram) -> None:
    now = {**QUIET, "days_without_activity": 3, "patience": 60}
    assert mended(default_program.policies[STALL], "partner_silent", QUIET, now) == (
        "Days since something last happened: 3 instead of 46; "
        "days without activity that are accepted: 60 instead of 45."
    )


def test_what_is_known_in_part_is_a_range(default_program: LoadedProgram) -> None:
    now = {"mutual_deals": {"at_least": 1, "at_most": 4}}
    assert mended(default_program.policies[VERDICT], None, {}, now) == "Deals that both sides worked: 1 to 4."


counts = st.integers(0, 9)
checkpoints = st.fixed_dictionaries(
    {
        "week": st.integers(1, 8),
        "opportunities_created": counts,
        "projected_qualified": counts,
        "target_qualified": counts,
        "next_action_open": st.booleans(),
        "checkpoint": st.lists(st.booleans(), min_size=3, max_size=3).map(
            lambda moved: [{"week": week, "movement": movement} for week, movement in enumerate(moved, 1)]
        ),
    }
)


@given(then=checkpoints, now=checkpoints)
def test_whatever_ends_a_stall_is_named(
    default_program: LoadedProgram, then: Mapping[str, Any], now: Mapping[str, Any]
) -> None:
    policy: Policy = default_program.policies[CHECKPOINT]
    for rule in fired(policy, policy.encode(then)) - fired(policy, policy.encode(now)):
        said = mended(policy, rule, then, now)
        assert said != "The rules no longer ask for it."
        assert said[-1] == "."
        assert "_" not in said

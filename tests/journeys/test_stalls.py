"""Stalls in a pilot: somebody hears of each, once, and it ends with an answer or with what it was about."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus

from program.errors import Refused
from program.escalation import Acknowledge, EscalationState
from program.partner import Stage
from tests.world import World, eventually

DAY = timedelta(days=1)


async def test_three_weeks_without_movement_escalate_once_to_the_owner(world: World) -> None:
    partner, first = await world.in_pilot("Acme"), world.first_day
    world.begins_well(partner, first)

    await world.until(partner, first + 27 * DAY)
    assert world.escalations(partner) == []
    await world.until(partner, first + 28 * DAY)
    [stall] = world.escalations(partner)
    assert (stall.condition, stall.stage, stall.opened_on) == (
        "three_weeks_without_movement",
        Stage.PILOT,
        first + 28 * DAY,
    )
    assert (stall.owner, stall.state) == ("Ada Owner", EscalationState.OPEN)
    description = await world.escalation(stall.key).describe()
    assert description.status == WorkflowExecutionStatus.RUNNING

    # It stays silent, and nobody hears of it again.
    await world.until(partner, first + 56 * DAY)
    assert world.outcomes(partner, "pilot-checkpoint")[3:] == ["stalled"] * 5
    assert world.escalations(partner) == [stall]
    [told] = [notice for notice in world.outbox.sent if notice.kind == "escalation.opened"]
    assert (told.recipient, told.key) == ("Ada Owner", f"{stall.key}/opened")

    # The verdict ends it, unanswered as it is.
    await world.until(partner, first + 60 * DAY)
    [ended] = world.escalations(partner)
    assert (ended.state, ended.answered_by, ended.closed_on) == (EscalationState.ENDED, None, first + 60 * DAY)
    heard = await world.escalation(stall.key).result()
    assert (heard.state, heard.note) == (EscalationState.ENDED, ended.note)
    with pytest.raises(Refused, match="there is nothing to answer any more: The verdict was reset"):
        await world.operations.act_on(stall.key, Acknowledge(who="Ada", note="Too late"))
    assert world.escalations(partner) == [ended]


async def test_somebody_answers_for_an_escalation_and_nobody_else_beside(world: World) -> None:
    partner, first = await world.in_pilot("Acme"), world.first_day
    world.begins_well(partner, first)
    await world.until(partner, first + 28 * DAY)
    [stall] = world.escalations(partner)

    answered = await world.operations.act_on(stall.key, Acknowledge(who="Ada", note="I call them"))
    with pytest.raises(Refused, match=r"Ada answers for it until .*: I call them; delegate or reassign it"):
        await world.operations.act_on(stall.key, Acknowledge(who="Max", note="No, I do"))

    assert (answered.state, answered.answered_by) == (EscalationState.ACKNOWLEDGED, "Ada")
    assert world.escalations(partner) == [answered]
    # Two silent weeks on, it is the same stall, and somebody answers for it already.
    await world.until(partner, first + 42 * DAY)
    assert world.outcomes(partner, "pilot-checkpoint")[3:] == ["stalled"] * 3
    assert world.escalations(partner) == [answered]
    assert world.told(partner).count("escalation.opened") == 1

    # The verdict closes its record and keeps who answered.
    await world.until(partner, first + 60 * DAY)
    [ended] = world.escalations(partner)
    assert (ended.state, ended.answered_by, ended.note) == (EscalationState.ENDED, "Ada", "The verdict was reset.")
    assert (await world.escalation(stall.key).result()).state == EscalationState.ENDED
    assert world.standing(partner).stage == Stage.PILOT


async def test_two_answers_at_once_are_one(world: World) -> None:
    partner = await world.stalled("Acme")
    await world.until(partner, world.first_day + DAY)
    [stall] = world.escalations(partner)

    answers = await asyncio.gather(
        *(world.operations.act_on(stall.key, Acknowledge(who=who, note="I call them")) for who in ("Ada", "Max")),
        return_exceptions=True,
    )

    [recorded] = world.escalations(partner)
    assert recorded.state == EscalationState.ACKNOWLEDGED
    [refused] = [answer for answer in answers if isinstance(answer, Refused)]
    assert f"{recorded.answered_by} answers for it" in str(refused)


async def test_a_stall_ends_with_the_partners_exit(world: World) -> None:
    partner = await world.stalled("Acme")
    await world.until(partner, world.first_day + DAY)
    [stall] = world.escalations(partner)

    await world.operations.exit(partner, "The company was sold", waive_notice=True)
    assert (await world.lifecycle(partner).result()).stage == Stage.EXITED

    async def has_ended() -> bool:
        return (await world.escalation(stall.key).describe()).status == WorkflowExecutionStatus.COMPLETED

    await eventually(has_ended)
    [ended] = world.escalations(partner)
    assert (ended.state, ended.note) == (EscalationState.ENDED, "Notice was given: The company was sold")


async def test_a_new_stall_in_the_second_pilot_is_another_one(world: World) -> None:
    first = world.first_day - 50 * DAY
    partner = await world.in_pilot("Acme", since=first, began_well=True)
    await world.until(partner, first + 81 * DAY)
    stalls = [(e.cycle, e.state) for e in world.escalations(partner) if e.condition == "three_weeks_without_movement"]
    assert stalls == [
        ("application-1/pilot-1", EscalationState.ENDED),
        ("application-1/pilot-2", EscalationState.OPEN),
    ]


async def test_a_verdict_does_not_wait_for_an_escalation_that_temporal_lost(world: World) -> None:
    first = world.first_day - 50 * DAY
    partner = await world.in_pilot("Acme", since=first, began_well=True)
    await world.until(partner, first + 56 * DAY)
    [stall] = world.escalations(partner)
    await world.escalation(stall.key).terminate("lost")

    await world.until(partner, first + 60 * DAY)

    assert world.outcomes(partner, "pilot-verdict") == ["reset"]
    assert [e.state for e in world.escalations(partner)] == [EscalationState.ENDED]
    assert (await world.lifecycle(partner).describe()).status == WorkflowExecutionStatus.RUNNING

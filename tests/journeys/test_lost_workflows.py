"""Temporal lost a workflow: applying again goes on from what the store knows."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus

from activities.roster import TierMove
from program.calendar import Quarter
from program.errors import Refused
from program.escalation import EscalationState, RecordNextAction
from program.partner import Stage
from tests.journeys.test_the_roster import swept
from tests.store.contents import contents
from tests.world import PATIENCE, World, a_scorecard, eventually
from workflows.messages import STAGE, TIER, State
from workflows.partner import PartnerLifecycle

DAY = timedelta(days=1)


async def found_again(world: World, partner: str) -> State:
    """The partner applies again, as far as Temporal knows, on the morning of the world's day."""
    await world.lifecycle(partner).terminate("lost")
    before = contents(world.store)
    state = await world.operations.apply(partner)
    assert contents(world.store) == before
    assert state.application == 1
    return state


async def stage_and_tier(world: World, partner: str) -> tuple[str | None, str | None]:
    """What searches find it by."""
    attributes = (await world.lifecycle(partner).describe()).typed_search_attributes
    return attributes.get(STAGE), attributes.get(TIER)


async def test_an_application_waits_for_its_scorecard_again(world: World) -> None:
    partner = await world.applied("Acme")
    assert (await found_again(world, partner)).stage == Stage.APPLIED
    assert await stage_and_tier(world, partner) == ("applied", None)
    assert (await world.operations.submit_scorecard(partner, a_scorecard())).stage == Stage.PILOT


async def test_a_deferral_keeps_its_day_and_counts_its_scorecards_on(world: World) -> None:
    partner, first = await world.applied("Acme"), world.first_day
    await world.operations.submit_scorecard(partner, a_scorecard(without=("intent", "people")))
    later = world.on(first + 30 * DAY)

    state = await found_again(later, partner)

    assert (state.stage, state.next_date) == (Stage.DEFERRED, first + 90 * DAY)
    assert await stage_and_tier(world, partner) == ("deferred", None)
    await later.operations.submit_scorecard(partner, a_scorecard(without=("people",)))
    assert [d.purpose for d in world.decisions(partner)] == [
        "application-1/scorecard-1",
        "application-1/scorecard-2",
    ]
    await later.until(partner, first + 120 * DAY)
    assert (world.standing(partner).stage, world.standing(partner).since) == (Stage.DECLINED, first + 120 * DAY)


async def test_a_pilot_goes_on_with_its_next_checkpoint(world: World) -> None:
    partner, first = await world.in_pilot("Acme"), world.first_day
    world.begins_well(partner, first)
    await world.until(partner, first + 30 * DAY)
    [stall] = world.escalations(partner)
    later = world.on(first + 32 * DAY)

    state = await found_again(later, partner)

    assert (state.stage, state.next_date) == (Stage.PILOT, first + 60 * DAY)
    assert await stage_and_tier(world, partner) == ("pilot", None)
    assert await later.operations.map_accounts(partner, ["Initech"]) == 1
    await later.until(partner, first + 60 * DAY)
    weeks = [d.as_of for d in world.decisions(partner, "pilot-checkpoint")]
    assert weeks == [first + week * 7 * DAY for week in range(1, 9)]
    assert world.outcomes(partner, "pilot-verdict") == ["reset"]
    # The escalation's own workflow was not lost; the verdict ends it as ever.
    assert [(e.key, e.state) for e in world.escalations(partner)] == [(stall.key, EscalationState.ENDED)]

    async def its_workflow_has_ended() -> bool:
        return (await world.escalation(stall.key).describe()).status == WorkflowExecutionStatus.COMPLETED

    await eventually(its_workflow_has_ended)
    keys = [notice.key for notice in world.outbox.sent]
    assert len(keys) == len(set(keys))


async def test_the_second_pilot_after_a_reset_is_found_as_the_second(world: World) -> None:
    first = world.first_day - 59 * DAY
    partner = await world.in_pilot("Acme", since=first)
    await world.until(partner, first + 70 * DAY)
    world.succeeds(partner, first + 60 * DAY)
    later = world.on(first + 71 * DAY)

    assert (await found_again(later, partner)).next_date == first + 120 * DAY

    await later.until(partner, first + 120 * DAY)
    assert world.outcomes(partner, "pilot-verdict") == ["reset", "expand"]


async def test_a_verdict_that_stayed_open_is_settled_on_the_day_that_was_set(world: World) -> None:
    first = world.first_day - 59 * DAY
    partner = await world.in_pilot("Acme", since=first)
    for week in range(6):
        world.brings(partner, first + 7 * week * DAY, won=first + (7 * week + 1) * DAY, mutual=None)
    await world.until(partner, first + 61 * DAY)
    decide_by = world.standing(partner).next_date
    assert decide_by
    later = world.on(first + 62 * DAY)

    assert (await found_again(later, partner)).stage == Stage.PILOT

    await later.until(partner, decide_by - DAY)
    assert world.outcomes(partner, "pilot-verdict") == [None]
    await later.until(partner, decide_by)
    assert world.outcomes(partner, "pilot-verdict") == [None, "reset"]
    assert world.told(partner).count("escalation.opened") == len(world.escalations(partner))


async def test_an_active_partner_keeps_its_tier_and_hears_the_next_rescore(world: World) -> None:
    partner = await world.active("Acme")

    state = await found_again(world, partner)

    assert (state.stage, state.tier) == (Stage.ACTIVE, "growth")
    assert await stage_and_tier(world, partner) == ("active", "growth")
    move = TierMove(quarter=Quarter(year=2017, number=1), tier="strategic")
    await world.lifecycle(partner).signal(PartnerLifecycle.rescored, move)

    async def has_moved() -> bool:
        return await stage_and_tier(world, partner) == ("active", "strategic")

    await eventually(has_moved)


async def test_notice_is_served_to_the_day_it_was_given_for(world: World) -> None:
    partner, first = await world.active("Acme"), world.first_day
    left = await world.operations.exit(partner, "Sold")
    later = world.on(first + 10 * DAY)

    state = await found_again(later, partner)

    assert (state.stage, state.next_date) == (Stage.LEAVING, left.last_day)
    assert await stage_and_tier(world, partner) == ("leaving", "growth")
    await later.until(partner, left.last_day)
    assert (world.standing(partner).stage, world.standing(partner).since) == (Stage.EXITED, left.last_day)
    with world.store.read() as tx:
        assert tx.partners.moves(partner)[-1][3] == "Sold"


async def test_an_escalation_goes_on_with_the_next_sweep(world: World) -> None:
    first, partner = world.first_day, await world.applied("Acme")
    await swept(world, first + 15 * DAY)
    [overdue] = world.escalations(partner)
    await world.escalation(overdue.key).terminate("lost")

    await swept(world, first + 22 * DAY)

    assert (await world.escalation(overdue.key).describe()).status == WorkflowExecutionStatus.RUNNING
    await world.operations.submit_scorecard(partner, a_scorecard())
    over = await asyncio.wait_for(world.escalation(overdue.key).result(), PATIENCE)
    assert over.note == "A scorecard was submitted."
    await swept(world, first + 29 * DAY)
    assert (await world.escalation(overdue.key).describe()).status == WorkflowExecutionStatus.COMPLETED


async def test_what_was_refused_for_want_of_a_lifecycle_is_done_once_that_is_back(world: World) -> None:
    partner = await world.stalled("Acme")

    async def is_escalated() -> bool:
        return bool(world.escalations(partner))

    await eventually(is_escalated)
    [stall] = world.escalations(partner)
    act = RecordNextAction(who="Ada", note="Call them", by="Ada", due_on=world.first_day + 3 * DAY)
    await world.lifecycle(partner).terminate("lost")
    with pytest.raises(Refused, match="no workflow runs"):
        await world.operations.act_on(stall.key, act)
    await world.operations.apply(partner)

    assert (await world.operations.act_on(stall.key, act)).answered_by == "Ada"
    events = [event.what for event in world.events(stall.key)]
    await world.operations.act_on(stall.key, act)
    assert [event.what for event in world.events(stall.key)] == events

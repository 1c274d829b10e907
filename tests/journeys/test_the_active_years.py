"""Active partners: their lifecycle begins anew now and then, and nobody notices."""

import asyncio
from datetime import timedelta

from temporalio.api.enums.v1 import EventType

from activities.roster import TierMove
from program.calendar import Quarter
from program.partner import Stage
from program.request import ActionTaken
from tests.world import PATIENCE, World, eventually
from workflows.messages import STAGE, TIER, TYPE
from workflows.partner import PartnerLifecycle

DAY = timedelta(days=1)
CONTINUED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW
STARTED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED


async def test_a_lifecycle_continues_as_new_after_the_pilot_and_every_year(world: World) -> None:
    partner, first = await world.in_pilot("Acme"), world.first_day
    world.succeeds(partner, first)
    await world.until(partner, first + 61 * DAY)
    assert [run.events[-1].event_type == CONTINUED for run in await world.life(partner)] == [True, False]

    up = TierMove(quarter=Quarter(year=2017, number=2), tier="strategic")
    await world.lifecycle(partner).signal(PartnerLifecycle.rescored, up)
    await eventually(lambda: has_tier(world, partner, "strategic"))
    await world.until(partner, first + 60 * DAY + 366 * DAY)

    runs = await world.life(partner)
    assert [run.events[-1].event_type == CONTINUED for run in runs] == [True, True, False]
    assert [run.events[0].event_type for run in runs] == [STARTED] * 3
    description = await world.lifecycle(partner).describe()
    assert {key: description.typed_search_attributes.get(key) for key in (STAGE, TIER, TYPE)} == {
        STAGE: "active",
        TIER: "strategic",
        TYPE: "resell",
    }
    state = await world.lifecycle(partner).query(PartnerLifecycle.state)
    assert (state.stage, state.tier, state.application) == (Stage.ACTIVE, "strategic", 1)

    # It remembers which re-score it heard last, hears the next one, and is acted on as before.
    for late in (
        up.model_copy(update={"tier": "self-serve"}),
        TierMove(quarter=up.quarter.previous, tier="self-serve"),
    ):
        await world.lifecycle(partner).signal(PartnerLifecycle.rescored, late)
    down = TierMove(quarter=up.quarter.next, tier="growth")
    await world.lifecycle(partner).signal(PartnerLifecycle.rescored, down)
    await eventually(lambda: has_tier(world, partner, "growth"))
    today = first + 426 * DAY
    action = ActionTaken(what="Plan the year", who="Ada", due_on=today)
    assert await world.operations.record_next_action(partner, action) == 1
    assert (await world.operations.exit(partner, "Sold")).last_day == today + 30 * DAY
    await world.until(partner, today + 30 * DAY)
    assert (await asyncio.wait_for(world.lifecycle(partner).result(), PATIENCE)).stage == Stage.EXITED
    assert world.standing(partner).stage == Stage.EXITED


async def has_tier(world: World, partner: str, tier: str) -> bool:
    return (await world.lifecycle(partner).query(PartnerLifecycle.state)).tier == tier


async def test_one_big_deal_moves_nobody_between_rescores(world: World) -> None:
    partner = await world.active("Acme")
    world.brings(partner, world.first_day + DAY, won=world.first_day + 5 * DAY, value=10_000_000)
    before = len(world.decisions(partner))
    await world.until(partner, world.first_day + 100 * DAY)
    assert (world.standing(partner).tier, len(world.decisions(partner))) == ("growth", before)

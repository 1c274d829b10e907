"""What a partner costs Temporal: events of one year of it."""

import asyncio
from datetime import timedelta

from temporalio.api.enums.v1 import EventType

from activities.roster import TierMove
from program.calendar import Quarter
from program.partner import Stage
from tests.world import World, a_scorecard
from workflows.partner import PartnerLifecycle

DAY = timedelta(days=1)

OF_THE_TESTS = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED,
}
"""Events by which time is skipped; a partner that lives in real time has none of them."""

MOST = 130


async def test_a_partners_year_stays_small(world: World) -> None:
    """An application, eight checkpoints, a verdict, four quarters that each move it, an exit."""
    partner, first = await world.applied("Acme"), world.first_day
    await world.operations.submit_scorecard(partner, a_scorecard())
    world.succeeds(partner, first)
    with world.store.write() as tx:
        tx.preparation.record_next_action(partner, "Review the pipeline", "Ada", first + 60 * DAY, first)
    await world.until(partner, first + 61 * DAY)
    for number, tier in enumerate(("strategic", "growth", "strategic", "growth"), start=1):
        await world.until(partner, first + (61 + 75 * number) * DAY)
        move = TierMove(quarter=Quarter(year=2017, number=number), tier=tier)
        await world.lifecycle(partner).signal(PartnerLifecycle.rescored, move)
        await asyncio.sleep(0.3)  # so that skipping time and hearing of the quarter are not one task of the workflow
    left = await world.operations.exit(partner, "Sold")
    await asyncio.sleep(0.3)
    await world.until(partner, left.last_day)

    assert world.standing(partner).stage == Stage.EXITED
    assert len(world.decisions(partner, "pilot-checkpoint")) == 8
    runs = await world.life(partner)
    events = [event.event_type for run in runs for event in run.events if event.event_type not in OF_THE_TESTS]
    assert len([e for e in events if e == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED]) == 4
    assert len(events) <= MOST

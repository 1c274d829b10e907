"""What lifecycles can be searched by, and what that costs."""

from datetime import timedelta

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from activities.roster import LIFECYCLE_ID, TierMove
from program.calendar import Quarter
from tests.world import World, a_scorecard, eventually
from workflows.partner import PartnerLifecycle

DAY = timedelta(days=1)
UPSERTED = EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES


async def is_found(world: World, partner: str, query: str) -> None:
    """Searches find the partner by a query, soon."""
    its_last_run = f"WorkflowId = '{LIFECYCLE_ID.format(partner)}' AND ExecutionStatus != 'ContinuedAsNew'"

    async def found() -> bool:
        return (await world.env.client.count_workflows(f"{its_last_run} AND {query}")).count == 1

    await eventually(found)


async def test_a_lifecycle_is_found_by_stage_tier_and_type_and_says_each_once(world: World) -> None:
    partner = await world.applied("Acme")
    await world.operations.submit_scorecard(partner, a_scorecard())
    first = world.first_day
    await is_found(world, partner, "GatehouseStage = 'pilot' AND GatehouseTier IS NULL AND GatehouseType = 'resell'")
    world.succeeds(partner, first + 60 * DAY)
    await world.until(partner, first + 61 * DAY)  # a reset changes neither stage nor tier
    assert world.outcomes(partner, "pilot-verdict") == ["reset"]
    await world.until(partner, first + 120 * DAY)
    await is_found(world, partner, "GatehouseStage = 'active' AND GatehouseTier = 'growth'")
    for number, tier in enumerate(("growth", "strategic", "strategic"), start=2):
        move = TierMove(quarter=Quarter(year=2017, number=number), tier=tier)
        await world.lifecycle(partner).signal(PartnerLifecycle.rescored, move)
    await is_found(world, partner, "GatehouseTier = 'strategic'")
    left = await world.operations.exit(partner, "Sold")
    await world.until(partner, left.last_day)
    await is_found(world, partner, "GatehouseStage = 'exited' AND GatehouseTier IS NULL AND GatehouseType = 'resell'")

    events = [event for run in await world.life(partner) for event in run.events]
    said = [stage_and_tier(event) for event in events if event.event_type == UPSERTED]
    assert said == [
        ("pilot", None),
        ("active", "growth"),
        ("active", "strategic"),
        ("leaving", "strategic"),
        ("exited", None),
    ]


def stage_and_tier(event: HistoryEvent) -> tuple[str | None, str | None]:
    fields = event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
    stage, tier = (fields[name].data.decode().strip('"') for name in ("GatehouseStage", "GatehouseTier"))
    return stage, None if tier in {"", "null", "[]"} else tier


async def test_a_pilot_that_is_taken_over_is_found_as_one_from_its_start(world: World) -> None:
    partner = await world.in_pilot("Acme", since=world.first_day - 10 * DAY)
    await is_found(world, partner, "GatehouseStage = 'pilot'")
    assert not [event for run in await world.life(partner) for event in run.events if event.event_type == UPSERTED]

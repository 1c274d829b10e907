"""From an application to an active partner, and out again."""

from datetime import timedelta

from program.partner import Stage
from tests.world import World, a_scorecard


async def test_a_partner_travels_from_application_to_exit(world: World) -> None:
    partner = await world.applied("Acme")
    ruled = await world.operations.submit_scorecard(partner, a_scorecard())
    assert ruled.ruling.outcome == "sign"
    assert world.standing(partner).stage == Stage.PILOT
    for day in range(0, 56, 7):
        world.brings(partner, world.first_day + timedelta(days=day), won=world.first_day + timedelta(days=day + 3))

    await world.until(partner, world.first_day + timedelta(days=60))

    assert world.outcomes(partner, "pilot-verdict") == ["expand"]
    assert world.standing(partner).stage == Stage.ACTIVE
    left = await world.operations.exit(partner, "The company was sold")
    assert left.last_day == world.first_day + timedelta(days=90)
    await world.until(partner, left.last_day)
    assert world.standing(partner).stage == Stage.EXITED

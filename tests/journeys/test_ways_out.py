"""Partners that leave: by an operator, with notice or without."""

from datetime import timedelta

import pytest

from activities.roster import TierMove
from program.calendar import Quarter
from program.errors import Refused
from program.partner import Stage
from tests.store.contents import contents
from tests.world import World
from workflows.partner import PartnerLifecycle

DAY = timedelta(days=1)


async def test_notice_is_given_once_and_served_to_its_last_day(world: World) -> None:
    pilot, active = await world.in_pilot("Pilot"), await world.active("Active")
    for partner, days in ((pilot, 14), (active, 30)):
        left = await world.operations.exit(partner, "The company was sold")
        assert left.last_day == world.first_day + days * DAY
        once = contents(world.store)
        assert await world.operations.exit(partner, "Another reason") == left
        assert contents(world.store) == once
        standing = world.standing(partner)
        assert (standing.stage, standing.next_date) == (Stage.LEAVING, left.last_day)

        await world.until(partner, left.last_day - DAY)
        assert world.standing(partner).stage == Stage.LEAVING
        await world.until(partner, left.last_day)
        standing = world.standing(partner)
        assert (standing.stage, standing.since, standing.next_date) == (Stage.EXITED, left.last_day, None)
        assert await world.operations.exit(partner, "Once more") == left
        assert world.told(partner).count("partner.leaves") == 1
    assert world.outcomes(pilot, "pilot-verdict") == []
    with world.store.read() as tx:
        assert [(day, to, why) for day, _, to, why in tx.partners.moves(active)][-2:] == [
            (world.first_day, Stage.LEAVING, "The company was sold"),
            (world.first_day + 30 * DAY, Stage.EXITED, "The company was sold"),
        ]


async def test_a_waived_notice_ends_the_same_day_also_where_notice_is_being_served(world: World) -> None:
    at_once, later = await world.in_pilot("At once"), await world.in_pilot("Later")
    assert (await world.operations.exit(at_once, "Sold", waive_notice=True)).last_day == world.first_day
    assert (await world.lifecycle(at_once).result()).stage == Stage.EXITED

    assert (await world.operations.exit(later, "Sold")).last_day == world.first_day + 14 * DAY
    await world.until(later, world.first_day + 5 * DAY)
    left = await world.operations.exit(later, "They asked for it", waive_notice=True)
    assert left.last_day == world.first_day + 5 * DAY
    assert (await world.lifecycle(later).result()).stage == Stage.EXITED

    for partner, day in ((at_once, world.first_day), (later, left.last_day)):
        standing = world.standing(partner)
        assert (standing.stage, standing.since, standing.next_date) == (Stage.EXITED, day, None)


async def test_an_applicant_owes_and_is_owed_no_notice(world: World) -> None:
    partner = await world.applied("Acme")
    assert (await world.operations.exit(partner, "They changed their mind")).last_day == world.first_day
    assert (await world.lifecycle(partner).result()).stage == Stage.EXITED
    assert world.standing(partner).stage == Stage.EXITED


async def test_a_pilot_is_withdrawn_from_and_nothing_else_is(world: World) -> None:
    applied, pilot, active = await world.applied("Applied"), await world.in_pilot("Pilot"), await world.active("Active")

    for partner in (applied, active):
        with pytest.raises(Refused, match=f"{partner} is {world.standing(partner).stage}; this can be done while it"):
            await world.operations.withdraw(partner, "Its sellers moved on")
    left = await world.operations.withdraw(pilot, "Its sellers moved on")
    assert await world.operations.withdraw(pilot, "Its sellers moved on") == left

    assert world.standing(applied).stage == Stage.APPLIED
    assert world.standing(active).stage == Stage.ACTIVE
    assert (world.standing(pilot).stage, left.last_day) == (Stage.LEAVING, world.first_day + 14 * DAY)


async def test_who_left_comes_back_by_a_new_application_and_a_pilot_of_its_own(world: World) -> None:
    partner = await world.active("Acme")
    await world.operations.exit(partner, "Sold", waive_notice=True)
    await world.lifecycle(partner).result()
    with pytest.raises(Refused, match="a new application takes --again"):
        await world.operations.apply(partner)
    with pytest.raises(Refused, match="a new application takes --again"):
        await world.operations.adopt(partner, world.first_day)

    state = await world.operations.apply(partner, again=True)

    assert (state.stage, state.application, state.tier) == (Stage.APPLIED, 2, None)
    standing = world.standing(partner)
    assert (standing.stage, standing.application, standing.tier) == (Stage.APPLIED, 2, None)


async def test_a_partner_under_notice_is_not_moved_by_a_rescore(world: World) -> None:
    partner, other = await world.active("Acme"), await world.active("Other")
    left = await world.operations.exit(partner, "Sold")
    move = TierMove(quarter=Quarter(year=2017, number=1), tier="strategic", leaves=True, because="Not the reason")

    await world.lifecycle(partner).signal(PartnerLifecycle.rescored, move)
    later = world.on(left.last_day.replace(day=1, month=4))
    await later.operations.rescore(move.quarter)

    state = await world.lifecycle(partner).query(PartnerLifecycle.state)
    assert (state.stage, state.tier, state.next_date) == (Stage.LEAVING, "growth", left.last_day)
    assert (world.standing(partner).stage, world.standing(partner).tier) == (Stage.LEAVING, "growth")
    assert world.outcomes(partner, "tier-movement") == []
    assert len(world.outcomes(other, "tier-movement")) == 1
    with world.store.read() as tx:
        assert tx.partners.moves(partner)[-1][3] == "Sold"

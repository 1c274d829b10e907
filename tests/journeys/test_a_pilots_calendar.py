"""On which days a pilot is looked at and judged, and what it sees on them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from temporalio.testing import WorkflowEnvironment

from program.errors import Refused
from program.partner import Stage
from rules.folder import DEFAULT_PROGRAM, read_folder
from store.database import Store
from tests.world import World, eventually


def looks(world: World, partner: str) -> list[tuple[str, date]]:
    """What was decided about pilots, and as of which days."""
    return [(d.policy, d.as_of) for d in world.decisions(partner) if d.policy.startswith("pilot-")]


def calendar(first: date, weeks: range) -> list[tuple[str, date]]:
    checkpoints = [("pilot-checkpoint", first + timedelta(weeks=week)) for week in weeks]
    return [*checkpoints, ("pilot-verdict", first + timedelta(days=60))]


async def test_a_pilot_is_looked_at_every_seven_days_and_judged_on_day_sixty(world: World) -> None:
    partner, first = await world.in_pilot("Acme"), world.first_day
    world.succeeds(partner, first)
    expected = calendar(first, range(1, 9))

    await world.until(partner, first + timedelta(days=6))
    assert looks(world, partner) == []
    assert world.standing(partner).next_date == first + timedelta(days=7)
    await world.until(partner, first + timedelta(days=7))
    assert looks(world, partner) == expected[:1]
    assert world.standing(partner).next_date == first + timedelta(days=14)
    await world.until(partner, first + timedelta(days=59))
    assert looks(world, partner) == expected[:-1]
    assert world.standing(partner).next_date == first + timedelta(days=60)
    await world.until(partner, first + timedelta(days=60))
    assert looks(world, partner) == expected

    purposes = [d.purpose for d in world.decisions(partner, "pilot-checkpoint")]
    assert purposes == [f"application-1/pilot-1/week-{week}" for week in range(1, 9)]
    assert [d.facts["week"] for d in world.decisions(partner, "pilot-checkpoint")] == [*range(1, 9)]
    standing = world.standing(partner)
    assert (standing.stage, standing.since, standing.tier) == (Stage.ACTIVE, first + timedelta(days=60), "growth")


@pytest.mark.parametrize("hour", [3, 6])
async def test_a_stall_is_seen_at_whatever_hour_a_pilot_is_taken_over(world: World, hour: int) -> None:
    taken_over = world.on(world.first_day, time(hour))
    reached = world.first_day if hour >= 6 else world.first_day - timedelta(days=1)
    partner = await taken_over.in_pilot("Acme", since=reached - timedelta(days=28), began_well=True)

    async def has_stalled() -> bool:
        silent = [e for e in world.escalations(partner) if e.condition == "three_weeks_without_movement"]
        return [e.opened_on for e in silent] == [reached]

    await eventually(has_stalled)


async def test_a_pilot_that_is_taken_over_keeps_its_own_calendar(world: World) -> None:
    in_week_four, on_a_checkpoint = world.first_day - timedelta(days=23), world.first_day - timedelta(days=21)
    one, other = await asyncio.gather(
        world.in_pilot("Acme", since=in_week_four), world.in_pilot("Bolt", since=on_a_checkpoint)
    )
    for partner, started in ((one, in_week_four), (other, on_a_checkpoint)):
        world.succeeds(partner, started)
        await world.until(partner, started + timedelta(days=60))

    assert looks(world, one) == calendar(in_week_four, range(4, 9))
    assert looks(world, other) == calendar(on_a_checkpoint, range(3, 9))
    assert world.standing(one).since == in_week_four + timedelta(days=60)


async def test_a_pilot_that_is_taken_over_too_late_is_judged_at_once_as_of_its_day_sixty(world: World) -> None:
    started = world.first_day - timedelta(days=100)
    partner = world.knows("Acme")
    world.succeeds(partner, started)
    await world.operations.adopt(partner, started)
    await eventually(lambda: _is_active(world, partner))

    assert looks(world, partner) == [("pilot-verdict", started + timedelta(days=60))]
    assert world.outcomes(partner, "pilot-verdict") == ["expand"]
    assert world.standing(partner).since == started + timedelta(days=60)


async def _is_active(world: World, partner: str) -> bool:
    return world.standing(partner).stage == Stage.ACTIVE


async def test_a_pilot_that_is_reset_late_has_sixty_days_from_then_on(world: World) -> None:
    partner = world.knows("Acme")
    await world.operations.adopt(partner, world.first_day - timedelta(days=75))

    async def is_reset() -> bool:
        return world.outcomes(partner, "pilot-verdict") == ["reset"]

    await eventually(is_reset)
    with world.store.read() as tx:
        [_, (_, second, _, _)] = tx.pilots.of(partner)
    assert second.started_on == world.first_day


async def test_a_pilot_that_has_not_begun_is_not_taken_over(world: World) -> None:
    partner = world.knows("Acme")
    with pytest.raises(Refused, match="a pilot that begins on 2017-03-02 does not run yet; today is 2017-03-01"):
        await world.operations.adopt(partner, world.first_day + timedelta(days=1))
    assert world.standing(partner).stage == Stage.PROSPECT


@pytest.fixture(params=["00:00", "02:30"])
async def berlin(
    request: pytest.FixtureRequest, virtual_time: WorkflowEnvironment, store: Store, tmp_path: Path
) -> AsyncIterator[World]:
    """An installation in Berlin, where the clocks are put forward from 2:00 to 3:00 on 26 March 2017."""
    folder = tmp_path / "program"
    (folder / "policies").mkdir(parents=True)
    for file in (DEFAULT_PROGRAM / "policies").glob("*.yaml"):
        (folder / "policies" / file.name).write_text(file.read_text())
    text = (DEFAULT_PROGRAM / "program.yaml").read_text()
    for old, new in (
        ("timezone: UTC", "timezone: Europe/Berlin"),
        ('day_begins: "06:00"', f'day_begins: "{request.param}"'),
    ):
        assert old in text
        text = text.replace(old, new)
    (folder / "program.yaml").write_text(text)
    async with World(virtual_time, store, read_folder(folder), date(2017, 2, 26)).at_work() as world:
        yield world


async def test_a_pilot_keeps_its_days_and_its_hour_where_the_clocks_change(berlin: World) -> None:
    partner, first = await berlin.in_pilot("Acme"), berlin.first_day
    berlin.succeeds(partner, first)
    # Week 4 ends on the day on which the clocks are put forward.
    assert first + timedelta(weeks=4) == date(2017, 3, 26)

    await berlin.until(partner, first + timedelta(days=60))

    assert looks(berlin, partner) == calendar(first, range(1, 9))
    begins = berlin.clock.day_begins
    for decision in berlin.decisions(partner):
        if decision.policy == "qualification":
            continue
        local = (decision.known_at - berlin.clock.lag).astimezone(ZoneInfo("Europe/Berlin"))
        put_forward = begins == time(2, 30) and decision.as_of == date(2017, 3, 26)
        expected = time(3, 30) if put_forward else begins
        due = datetime.combine(decision.as_of, expected, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
        late = local.astimezone(UTC) - due
        assert timedelta(0) <= late < timedelta(minutes=1), f"{decision.as_of}: {late} late"


async def test_what_is_dated_later_is_not_seen(world: World) -> None:
    day = timedelta(days=1)
    first = world.first_day - 58 * day
    in_time, won_late, created_late = await asyncio.gather(
        *(world.in_pilot(name, since=first) for name in ("In", "Won", "Created"))
    )
    for partner in (in_time, won_late, created_late):
        for week in range(5):
            created = first + timedelta(weeks=week)
            world.brings(partner, created, won=created + 3 * day if week < 2 or partner == created_late else None)
    world.brings(in_time, first + 58 * day, won=first + 59 * day)
    world.brings(won_late, first + 58 * day, won=first + 61 * day)
    world.brings(created_late, first + 60 * day)

    await asyncio.gather(*(world.until(partner, first + 60 * day) for partner in (in_time, won_late, created_late)))

    assert world.outcomes(in_time, "pilot-verdict") == ["expand"]
    [late] = world.decisions(won_late, "pilot-verdict")
    assert (late.ruling.outcome, late.ruling.rule) == ("reset", "too_few_progressed")
    assert (late.facts["qualified_opportunities"], late.facts["progressed_on_time"]) == (6, 2)
    [late] = world.decisions(created_late, "pilot-verdict")
    assert (late.ruling.outcome, late.ruling.rule, late.facts["qualified_opportunities"]) == (
        "reset",
        "too_few_qualified",
        5,
    )
    # What came on day 60 belongs to the pilot that begins on it.
    await world.until(created_late, first + 67 * day)
    [look] = [d for d in world.decisions(created_late, "pilot-checkpoint") if "/pilot-2/" in d.purpose]
    assert look.facts["opportunities_created"] == 1

"""The roster through its quarters: re-scores and sweeps over several partners at once."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from temporalio.api.enums.v1 import EventType

from program.calendar import Quarter
from program.errors import Refused
from program.escalation import Acknowledge, EscalationState
from program.partner import Stage
from tests.store.contents import contents
from tests.world import PATIENCE, World, a_scorecard, eventually
from workflows.messages import Found, Sweep
from workflows.partner import PartnerLifecycle
from workflows.rescore import WORKFLOW_ID, RescoreDue
from workflows.sweep import StallSweep

DAY = timedelta(days=1)
Q1, Q2, Q3, Q4 = (Quarter(year=2017, number=number) for number in (1, 2, 3, 4))


async def roster(world: World, *names: str) -> list[str]:
    return list(await asyncio.gather(*(world.active(name) for name in names)))


async def until(world: World, day: date, *partners: str) -> None:
    await asyncio.gather(*(world.until(partner, day) for partner in partners))


def works(world: World, partner: str, quarter: Quarter, deals: int, value: int) -> None:
    """Deals of a quarter, all of them qualified, progressed and won."""
    for number in range(deals):
        world.brings(partner, quarter.first_day + number * DAY, won=quarter.first_day + (number + 5) * DAY, value=value)


def moves(world: World, quarter: Quarter) -> dict[str, tuple[str, str]]:
    """What each partner's move was, and the tier it left them in."""
    with world.store.read() as tx:
        return {move.partner: (move.move, move.record.tier) for move in tx.rescores.moves(quarter)}


async def signals(world: World, partner: str) -> int:
    heard = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    return sum(event.event_type == heard for run in await world.life(partner) for event in run.events)


async def rescored(world: World, quarter: Quarter) -> World:
    """The re-score of a quarter, on the day after its end."""
    there = world.on(quarter.next.first_day)
    await asyncio.wait_for(there.operations.rescore(quarter), PATIENCE)
    return there


async def agrees(world: World, partner: str, stage: Stage, tier: str | None) -> None:
    """The lifecycle stands where the store says that the partner does."""

    async def do_they() -> bool:
        state = await world.lifecycle(partner).query(PartnerLifecycle.state)
        return (state.stage, state.tier) == (stage, tier)

    await eventually(do_they)
    assert (world.standing(partner).stage, world.standing(partner).tier) == (stage, tier)


async def test_a_roster_is_rescored_quarter_by_quarter(world: World) -> None:
    star, steady, silent = await roster(world, "Star", "Steady", "Silent")
    pilot = await world.in_pilot("Pilot", since=date(2017, 3, 1))
    everyone = (star, steady, silent)
    for quarter in (Q2, Q3, Q4):
        works(world, steady, quarter, 10, 1000)
    works(world, star, Q2, 25, 5000)

    await until(world, Q2.last_day, *everyone)
    await rescored(world, Q2)
    assert moves(world, Q2) == {star: ("up", "strategic"), steady: ("stay", "growth"), silent: ("warn", "growth")}
    await agrees(world, star, Stage.ACTIVE, "strategic")
    await agrees(world, silent, Stage.ACTIVE, "growth")
    assert [world.standing(partner).at_risk for partner in everyone] == [False, False, True]
    assert [await signals(world, partner) for partner in everyone] == [1, 0, 0]
    assert [world.told(partner)[-1] for partner in everyone] == ["tier.up", "pilot.expand", "tier.warn"]

    await until(world, Q3.last_day, *everyone)
    await rescored(world, Q3)
    assert moves(world, Q3) == {
        star: ("warn", "strategic"),
        steady: ("stay", "growth"),
        silent: ("low_touch", "self-serve"),
    }
    await agrees(world, silent, Stage.ACTIVE, "self-serve")

    await until(world, Q4.last_day, *everyone)
    await rescored(world, Q4)
    assert moves(world, Q4) == {
        star: ("low_touch", "self-serve"),
        steady: ("stay", "growth"),
        silent: ("exit", "self-serve"),
    }
    await agrees(world, silent, Stage.LEAVING, "self-serve")
    assert world.standing(silent).next_date == Q4.last_day + 30 * DAY  # its own clock stands on the last day still
    await agrees(world, star, Stage.ACTIVE, "self-serve")
    await world.until(silent, Q4.last_day + 30 * DAY)
    assert world.standing(silent).stage == Stage.EXITED
    assert world.told(silent)[1:] == ["tier.warn", "tier.low_touch", "partner.leaves"]
    assert [await signals(world, partner) for partner in everyone] == [2, 0, 2]
    assert world.outcomes(pilot, "tier-movement") == []
    await agrees(world, steady, Stage.ACTIVE, "growth")


async def test_rescoring_twice_changes_nothing_and_two_at_once_are_one(world: World) -> None:
    star, silent = await roster(world, "Star", "Silent")
    works(world, star, Q2, 25, 5000)
    await until(world, Q2.last_day, star, silent)
    there = world.on(Q2.next.first_day)

    both = await asyncio.gather(*(there.operations.begin_rescore(Q2) for _ in range(2)))
    assert both[0].result_run_id == both[1].result_run_id
    one, other = await asyncio.wait_for(asyncio.gather(*(handle.result() for handle in both)), PATIENCE)
    await agrees(world, star, Stage.ACTIVE, "strategic")
    before, sent = contents(world.store), list(world.outbox.sent)
    # What is learned later, of a quarter that is published, changes nothing either.
    works(world, silent, Q2, 25, 5000)
    learned = contents(world.store)
    again = await asyncio.wait_for(there.operations.rescore(Q2), PATIENCE)

    assert one == other == again
    assert (one.tiers, one.moves) == ({"strategic": 1, "growth": 1}, {"up": 1, "warn": 1})
    assert contents(world.store) == learned
    assert {name for name in before if before[name] != learned[name]} == {"opportunities"}
    assert world.outbox.sent == sent
    await agrees(world, star, Stage.ACTIVE, "strategic")
    # Nor can a quarter before it be re-scored any more.
    with pytest.raises(Refused, match=r"^2017Q2 is re-scored already, and 2017Q1 would undo what was decided then;"):
        await asyncio.wait_for(there.operations.rescore(Q1), PATIENCE)
    assert contents(world.store) == learned


async def test_a_rescore_that_is_due_waits_for_evidence_that_comes_late(world: World) -> None:
    partner = await world.active("Acme")
    clock = world.on(date(2017, 4, 1)).clock
    due = await world.client.start_workflow(
        RescoreDue.run, clock, id=f"rescore-due-{partner}", task_queue=world.task_queue
    )
    await world.env.fast_forward(due, timedelta(days=4))
    with world.store.read() as tx:
        assert not tx.rescores.moves(Quarter(year=2017, number=1))

    await world.env.fast_forward(due, timedelta(days=2))
    await due.result()
    rescore = world.client.get_workflow_handle(WORKFLOW_ID.format("2017Q1"))
    await asyncio.wait_for(rescore.result(), PATIENCE)

    with world.store.read() as tx:
        assert [move.partner for move in tx.rescores.moves(Quarter(year=2017, number=1))] == [partner]


async def test_a_quarter_that_is_not_over_is_refused(world: World) -> None:
    [partner] = await roster(world, "Acme")
    there = world.on(Q2.last_day)
    with pytest.raises(Refused, match=r"^2017Q2 ends on 2017-06-30; it can be re-scored from the day after$"):
        await asyncio.wait_for(there.operations.rescore(Q2), PATIENCE)
    for as_of in (date(2017, 3, 30), date(2017, 7, 1)):
        with pytest.raises(Refused, match=r"^2017Q1 can be re-scored as of 2017-03-31, its last day, to 2017-06-30"):
            await asyncio.wait_for(there.operations.rescore(Q1, as_of), PATIENCE)
    with world.store.read() as tx:
        assert tx.rescores.begun() == []
    assert world.outcomes(partner, "tier-movement") == []


async def test_who_came_back_is_not_told_what_was_decided_before_it_left(world: World) -> None:
    """An old re-score that is run again concerns those it was about."""
    partner, first = await world.active("Acme"), world.first_day
    await rescored(world, Q2)
    await rescored(world, Q3)
    await agrees(world, partner, Stage.ACTIVE, "self-serve")
    left = await world.operations.exit(partner, "Sold", waive_notice=True)
    await asyncio.wait_for(world.lifecycle(partner).result(), PATIENCE)
    assert left.last_day == first
    back = world.on(Q4.first_day)
    await back.operations.apply(partner, again=True)
    await back.operations.submit_scorecard(partner, a_scorecard())
    world.succeeds(partner, Q4.first_day)
    await back.until(partner, Q4.first_day + 60 * DAY)
    await agrees(world, partner, Stage.ACTIVE, "growth")
    heard = await signals(world, partner)

    await rescored(world, Q3)

    await agrees(world, partner, Stage.ACTIVE, "growth")
    assert await signals(world, partner) == heard == 0


# The weekly look for stalls


async def swept(world: World, day: date) -> Found:
    there = world.on(day)
    return await asyncio.wait_for(
        world.client.execute_workflow(
            StallSweep.run, Sweep(clock=there.clock), id=f"sweep-{uuid4()}", task_queue=world.task_queue
        ),
        PATIENCE,
    )


async def test_a_sweep_opens_one_escalation_however_often_it_runs(world: World) -> None:
    first = world.first_day
    applied, deferred = await world.applied("Applied"), await world.applied("Deferred")
    await world.operations.submit_scorecard(deferred, a_scorecard(without=("intent",)))
    pilot, silent, busy = await world.in_pilot("Pilot"), await world.active("Silent"), await world.active("Busy")
    world.brings(busy, first + 40 * DAY)
    for served in (silent, busy):
        world.serves(served, first + 30 * DAY)

    assert (await swept(world, first + 14 * DAY)).stalled == 0
    assert (await swept(world, first + 15 * DAY)).stalled == 1
    assert (await swept(world, first + 15 * DAY)).stalled == 1
    assert (await swept(world, first + 45 * DAY)).stalled == 1
    for _ in range(3):
        assert (await swept(world, first + 46 * DAY)).stalled == 3

    assert [[e.condition for e in world.escalations(p)] for p in (applied, deferred, silent, pilot, busy)] == [
        ["scorecard_overdue"],
        ["evidence_overdue"],
        ["partner_silent"],
        [],
        [],
    ]
    [overdue] = world.escalations(applied)
    assert (overdue.owner, overdue.opened_on, overdue.state) == ("Ada Owner", first + 15 * DAY, EscalationState.OPEN)
    assert [n.kind for n in world.outbox.sent].count("escalation.opened") == 3
    # Who answered is not asked again.
    await world.operations.act_on(overdue.key, Acknowledge(who="Ada", note="The reviewer is back on Monday"))
    assert (await swept(world, first + 53 * DAY)).stalled == 3
    assert world.escalations(applied)[0].state == EscalationState.ACKNOWLEDGED


async def test_what_a_sweep_ends_does_not_make_its_history_longer(world: World) -> None:
    """A quarter takes the stalls of the whole roster with it, and a history holds no more than 51,200 events."""
    partners = [world.knows(f"Acme {number}") for number in range(8)]
    with world.store.write() as tx:
        for partner in partners:
            tx.partners.move(partner, "pilot", Stage.PILOT, world.first_day, "Taken over.", datetime.now(UTC))
            tx.partners.move(partner, "active", Stage.ACTIVE, world.first_day, "So.", datetime.now(UTC), tier="growth")
    assert (await swept(world, Q2.last_day)).stalled == 16
    before = [escalation.key for partner in partners for escalation in world.escalations(partner)]
    sweep = await world.client.start_workflow(
        StallSweep.run,
        Sweep(clock=world.on(Q2.next.first_day).clock),
        id=f"sweep-{uuid4()}",
        task_queue=world.task_queue,
    )
    assert (await asyncio.wait_for(sweep.result(), PATIENCE)).stalled == 16
    for key in before:
        over = await asyncio.wait_for(world.escalation(key).result(), PATIENCE)
        assert (over.state, over.note) == (EscalationState.ENDED, "2017Q2 is over.")
    assert len((await sweep.fetch_history()).events) < 30


async def test_an_overdue_scorecard_that_comes_ends_its_escalation(world: World) -> None:
    signed, lapsed = await world.applied("Signed"), await world.applied("Lapsed")
    await world.operations.submit_scorecard(lapsed, a_scorecard(without=("intent",)))
    await until(world, world.first_day + 50 * DAY, signed, lapsed)
    assert (await swept(world, world.first_day + 50 * DAY)).stalled == 2

    await world.operations.submit_scorecard(signed, a_scorecard())
    await until(world, world.first_day + 90 * DAY, lapsed)

    for partner in (signed, lapsed):
        [ended] = world.escalations(partner)
        assert (ended.state, ended.answered_by) == (EscalationState.ENDED, None)
        heard = await asyncio.wait_for(world.escalation(ended.key).result(), PATIENCE)
        assert heard.state == EscalationState.ENDED

"""What happens by itself for the roster, and that there is one of it."""

import asyncio
from datetime import date, time, timedelta

import pytest
from temporalio.client import Client, ScheduleActionStartWorkflow, ScheduleDescription, WorkflowExecutionStatus

from activities.roster import Rescored
from program.calendar import Clock
from program.errors import Refused
from tests.world import PATIENCE, World, eventually
from workflows.digest import WeeklyDigest
from workflows.rescore import RosterRescore
from workflows.schedules import RESCORE, SWEEP, WEEKLY, ensure_schedules, refuse_foreign, schedules

INSTALLATION = "ours"


@pytest.fixture
def client(nobodys_temporal: Client) -> Client:
    """A server without schedules, before and after."""
    return nobodys_temporal


async def described(client: Client, name: str) -> ScheduleDescription:
    return await client.get_schedule_handle(name).describe()


async def test_there_are_three_schedules_however_often_a_worker_starts(client: Client, world: World) -> None:
    for _ in range(3):
        await ensure_schedules(client, world.clock, world.task_queue, INSTALLATION)

    async def are_there() -> bool:
        return {schedule.id async for schedule in await client.list_schedules()} == {RESCORE, SWEEP, WEEKLY}

    await eventually(are_there)
    rescore = (await described(client, RESCORE)).info.next_action_times
    assert {(at.month, at.day, at.hour) for at in rescore} <= {(month, 1, 6) for month in (1, 4, 7, 10)}
    for weekly in (SWEEP, WEEKLY):
        mornings = (await described(client, weekly)).info.next_action_times
        minute = 15 if weekly == WEEKLY else 0  # what the morning finds is in the digest of the week
        assert {(at.weekday(), at.hour, at.minute) for at in mornings} == {(0, 6, minute)}


async def test_another_clock_or_queue_is_taken_up_and_who_was_paused_stays_so(client: Client, world: World) -> None:
    await ensure_schedules(client, world.clock, world.task_queue, INSTALLATION)
    await client.get_schedule_handle(RESCORE).pause(note="The auditors are here")

    await ensure_schedules(
        client, Clock(timezone="Europe/Berlin", day_begins=time(5, 30)), "another-queue", INSTALLATION
    )

    for name in (RESCORE, SWEEP, WEEKLY):
        schedule = (await described(client, name)).schedule
        assert schedule.spec.time_zone_name == "Europe/Berlin"
        [calendar] = schedule.spec.calendars
        minute = 45 if name == WEEKLY else 30
        assert [(r.start, r.end) for r in (*calendar.hour, *calendar.minute)] == [(5, 5), (minute, minute)]
        assert isinstance(schedule.action, ScheduleActionStartWorkflow)
        assert schedule.action.task_queue == "another-queue"
        assert schedule.state.paused == (name == RESCORE)
    assert (await described(client, RESCORE)).schedule.state.note == "The auditors are here"


def test_where_the_day_begins_before_midnight_the_digest_comes_after_it() -> None:
    [calendar] = schedules(Clock(day_begins=time(23, 50)), "a-queue")[WEEKLY].spec.calendars
    assert [r.start for r in (*calendar.day_of_week, *calendar.hour, *calendar.minute)] == [2, 0, 5]


async def test_another_installations_schedules_are_left_as_they_are(client: Client, world: World) -> None:
    await ensure_schedules(client, world.clock, world.task_queue, "theirs")
    for attempt in (
        refuse_foreign(client, INSTALLATION),
        refuse_foreign(client, None),
        ensure_schedules(client, world.clock, "another-queue", INSTALLATION),
    ):
        with pytest.raises(Refused, match="carries another database's partners in its namespace default"):
            await attempt
    await refuse_foreign(client, "theirs")
    for name in (RESCORE, SWEEP, WEEKLY):
        action = (await described(client, name)).schedule.action
        assert isinstance(action, ScheduleActionStartWorkflow)
        assert action.task_queue == world.task_queue


async def test_two_installations_that_begin_at_once_do_not_share_a_namespace(client: Client, world: World) -> None:
    began = await asyncio.gather(
        *(ensure_schedules(client, world.clock, f"queue-{name}", name) for name in ("one", "two")),
        return_exceptions=True,
    )
    assert sorted(str(type(outcome).__name__) for outcome in began) == ["NoneType", "Refused"]
    queues = set()
    for name in (RESCORE, SWEEP, WEEKLY):
        action = (await described(client, name)).schedule.action
        assert isinstance(action, ScheduleActionStartWorkflow)
        queues.add(action.task_queue)
    assert len(queues) == 1


async def test_the_schedule_rescores_a_quarter_once_whoever_asks_beside_it(client: Client, world: World) -> None:
    partner = await world.active("Acme")
    there = world.on(date(2017, 4, 6))  # five days after the quarter: late evidence is waited for no longer
    await ensure_schedules(client, there.clock, world.task_queue, INSTALLATION)
    query = f"WorkflowId = 'rescore/2017Q1' AND TaskQueue = '{world.task_queue}'"

    schedule = client.get_schedule_handle(RESCORE)
    await schedule.trigger()
    await asyncio.sleep(1.1)  # a schedule names what it starts by the second: two within one would be the same
    await schedule.trigger()
    asked = await there.operations.begin_rescore(None)
    await asyncio.wait_for(asked.result(), PATIENCE)

    async def are_done() -> bool:
        ran = (await described(client, RESCORE)).info
        return ran.num_actions + ran.num_actions_skipped_overlap >= 2 and not ran.running_actions

    await eventually(are_done)

    async def are_listed_as_ended() -> bool:
        # Lists come from an index that is a little behind.
        found = [execution.status async for execution in client.list_workflows(query)]
        return bool(found) and WorkflowExecutionStatus.RUNNING not in found

    await eventually(are_listed_as_ended)
    results: list[Rescored] = []
    async for execution in client.list_workflows(query):
        handle = client.get_workflow_handle_for(RosterRescore.run, execution.id, run_id=execution.run_id)
        assert (await handle.describe()).status == WorkflowExecutionStatus.COMPLETED
        results.append(await handle.result())
    assert results
    assert all(result == results[0] for result in results)
    assert len(world.decisions(partner, "tier-movement")) == 1
    with world.store.read() as tx:
        assert [quarter for quarter, published in tx.rescores.begun() if published] == ["2017Q1"]


async def test_the_week_is_told_once_however_often_it_is_asked_for(client: Client, world: World) -> None:
    pilot = await world.in_pilot("Acme", since=world.first_day - timedelta(days=50))
    monday = world.on(date(2017, 3, 6))
    for number in range(2):
        told = await client.execute_workflow(
            WeeklyDigest.run, monday.clock, id=f"weekly-{number}-{pilot}", task_queue=world.task_queue
        )
        assert told == 2
    sent = [notice for notice in world.outbox.sent if notice.kind == "team.weekly"]
    assert sorted(notice.recipient for notice in sent) == ["Ada Owner", "Max Lead"]
    assert {notice.subject for notice in sent} == {"Your week: 1 pilot due"}

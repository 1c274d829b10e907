"""What happens by itself for the whole roster: the quarterly re-score, the weekly sweep and the weekly digest."""

from collections.abc import Callable

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from program.calendar import Clock
from workflows.digest import WeeklyDigest
from workflows.messages import Sweep
from workflows.rescore import RescoreDue
from workflows.sweep import StallSweep

RESCORE, SWEEP, WEEKLY = "quarterly-rescore", "weekly-stall-sweep", "weekly-digest"


def schedules(clock: Clock, task_queue: str) -> dict[str, Schedule]:
    """The schedules of a program, in its time zone, by ID."""
    hour, minute = [ScheduleRange(clock.day_begins.hour)], [ScheduleRange(clock.day_begins.minute)]
    first_of_quarter = ScheduleCalendarSpec(
        month=[ScheduleRange(1, 10, 3)], day_of_month=[ScheduleRange(1)], hour=hour, minute=minute
    )
    mondays = ScheduleCalendarSpec(day_of_week=[ScheduleRange(1)], hour=hour, minute=minute)
    one_at_a_time = SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP)
    return {
        RESCORE: Schedule(
            action=ScheduleActionStartWorkflow(RescoreDue.run, clock, id="rescore-due", task_queue=task_queue),
            spec=ScheduleSpec(calendars=[first_of_quarter], time_zone_name=clock.timezone),
            policy=one_at_a_time,
        ),
        SWEEP: Schedule(
            action=ScheduleActionStartWorkflow(
                StallSweep.run, Sweep(clock=clock), id="stall-sweep", task_queue=task_queue
            ),
            spec=ScheduleSpec(calendars=[mondays], time_zone_name=clock.timezone),
            policy=one_at_a_time,
        ),
        WEEKLY: Schedule(
            action=ScheduleActionStartWorkflow(WeeklyDigest.run, clock, id="weekly-digest", task_queue=task_queue),
            spec=ScheduleSpec(calendars=[mondays], time_zone_name=clock.timezone),
            policy=one_at_a_time,
        ),
    }


async def ensure_schedules(client: Client, clock: Clock, task_queue: str) -> None:
    """Create the schedules, or bring those that are there in line with the program; whether they are paused stays."""
    for name, schedule in schedules(clock, task_queue).items():
        try:
            await client.create_schedule(name, schedule)
        except ScheduleAlreadyRunningError:
            await client.get_schedule_handle(name).update(_updating(schedule))


def _updating(wanted: Schedule) -> Callable[[ScheduleUpdateInput], ScheduleUpdate]:
    def update(current: ScheduleUpdateInput) -> ScheduleUpdate:
        # Whether anything differs cannot be seen: what Temporal answers is worded otherwise than what it was told.
        wanted.state = current.description.schedule.state
        return ScheduleUpdate(wanted)

    return update

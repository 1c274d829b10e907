"""What happens by itself for the whole roster: the quarterly re-score, the weekly sweep and the weekly digest."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Final

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleDescription,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from program.calendar import Clock
from program.errors import Refused
from workflows.digest import WeeklyDigest
from workflows.messages import Sweep
from workflows.rescore import RescoreDue
from workflows.sweep import StallSweep

RESCORE, SWEEP, WEEKLY = "quarterly-rescore", "weekly-stall-sweep", "weekly-digest"

DIGEST_AFTER: Final = timedelta(minutes=15)
"""From when the day begins: the checkpoints, verdicts and stalls of a Monday are in the digest of its week."""

_A_MONDAY: Final = date(2024, 1, 1)

_INSTALLATION: Final = "installation"
"""The memo that says whose a schedule is, and with it the namespace: lifecycles go by the partner's ID alone."""


def schedules(clock: Clock, task_queue: str) -> dict[str, Schedule]:
    """The schedules of a program, in its time zone, by ID."""
    hour, minute = [ScheduleRange(clock.day_begins.hour)], [ScheduleRange(clock.day_begins.minute)]
    first_of_quarter = ScheduleCalendarSpec(
        month=[ScheduleRange(1, 10, 3)], day_of_month=[ScheduleRange(1)], hour=hour, minute=minute
    )
    mondays = ScheduleCalendarSpec(day_of_week=[ScheduleRange(1)], hour=hour, minute=minute)
    later = datetime.combine(_A_MONDAY, clock.day_begins) + DIGEST_AFTER
    mondays_later = ScheduleCalendarSpec(
        day_of_week=[ScheduleRange(later.isoweekday())],
        hour=[ScheduleRange(later.hour)],
        minute=[ScheduleRange(later.minute)],
    )
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
            spec=ScheduleSpec(calendars=[mondays_later], time_zone_name=clock.timezone),
            policy=one_at_a_time,
        ),
    }


async def ensure_schedules(client: Client, clock: Clock, task_queue: str, installation: str) -> None:
    """Create the schedules, or bring those that are there in line with the program; whether they are paused stays.

    Raises:
        Refused: where they are another installation's.
    """
    for name, schedule in schedules(clock, task_queue).items():
        try:
            await client.create_schedule(name, schedule, memo={_INSTALLATION: installation})
        except ScheduleAlreadyRunningError:
            await client.get_schedule_handle(name).update(_updating(schedule, client, installation))


async def refuse_foreign(client: Client, installation: str | None) -> None:
    """Keep one installation's workers and commands from another's partners.

    Raises:
        Refused: where the schedules in this namespace are another installation's.
    """
    try:
        schedule = await client.get_schedule_handle(RESCORE).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return  # nobody's yet
        raise
    await _refuse_foreign(schedule, client, installation)


async def _refuse_foreign(schedule: ScheduleDescription, client: Client, installation: str | None) -> None:
    if await schedule.memo_value(_INSTALLATION, None) != installation:
        raise Refused(
            f"the Temporal at {client.service_client.config.target_host} carries another database's partners in its "
            f"namespace {client.namespace}; nothing has changed. See that GATEHOUSE_HOME, GATEHOUSE_DATABASE_URL and "
            "GATEHOUSE_TEMPORAL_ADDRESS belong together, or use a namespace of its own (GATEHOUSE_TEMPORAL_NAMESPACE)"
        )


def _updating(
    wanted: Schedule, client: Client, installation: str
) -> Callable[[ScheduleUpdateInput], Awaitable[ScheduleUpdate]]:
    async def update(current: ScheduleUpdateInput) -> ScheduleUpdate:
        await _refuse_foreign(current.description, client, installation)
        # Whether anything differs cannot be seen: what Temporal answers is worded otherwise than what it was told.
        wanted.state = current.description.schedule.state
        return ScheduleUpdate(wanted)

    return update

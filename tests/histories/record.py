"""Record the histories that `tests/workflows/test_replay.py` replays: `python -m tests.histories.record`.

Record anew when a workflow's course was changed on purpose, together with that change, and say so in its commit: until
then, and on every installation that has not been drained, workflows run whose histories look like the old ones. A
replay that fails without such a purpose is a fault of the change, and recording anew would only hide it. Where lives of
the old course have to be carried on, keep their histories beside the new ones, and the old course behind
`workflow.patched`.

The histories hold made-up names alone; who ran them, and where, is left out.
"""

import asyncio
import json
import sysconfig
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from program.calendar import Quarter
from program.escalation import Acknowledge, Delegate, ResetPilot, Snooze
from program.person import Person
from rules.folder import DEFAULT_PROGRAM, read_folder
from store.database import Store
from tests.world import PATIENCE, World, a_scorecard, eventually
from workflows.digest import WeeklyDigest
from workflows.messages import SEARCH_ATTRIBUTES, Sweep
from workflows.rescore import WORKFLOW_ID, RescoreDue
from workflows.sweep import StallSweep

FOLDER = Path(__file__).parent
FIRST_DAY = date(2017, 3, 1)
DAY = timedelta(days=1)
Recorded = dict[str, WorkflowHistory]


async def application_to_active(world: World) -> Recorded:
    """Applied, signed, eight weeks, expanded; a re-score moves it; it leaves."""
    partner = await world.applied("Acme")
    await world.operations.submit_scorecard(partner, a_scorecard())
    await world.operations.map_accounts(partner, [f"Account {n}" for n in range(20)])
    world.succeeds(partner, FIRST_DAY)
    for number in range(25):
        created = date(2017, 4, 1) + number * DAY
        world.brings(partner, created, won=created + DAY, value=5000)
    await world.until(partner, date(2017, 6, 30))
    quarter = Quarter(year=2017, number=2)
    rescore = await world.on(date(2017, 7, 1)).operations.begin_rescore(quarter)
    await rescore.result()
    await eventually(lambda: has_tier(world, partner, "strategic"))
    left = await world.operations.exit(partner, "The company was sold")
    await world.until(partner, left.last_day)
    pilot, active = await world.life(partner)
    return {"application-to-active": pilot, "active-to-exit": active, "rescore": await rescore.fetch_history()}


async def has_tier(world: World, partner: str, tier: str) -> bool:
    return world.standing(partner).tier == tier


async def deferred(world: World) -> Recorded:
    """Deferred twice, by a mail server that is down at first, and lapsed."""
    partner = await world.applied("Bolt")
    world.outbox.refusals = 2
    await world.operations.submit_scorecard(partner, a_scorecard(without=("intent", "people")))
    await world.until(partner, FIRST_DAY + 50 * DAY)
    await world.operations.submit_scorecard(partner, a_scorecard(without=("people",)))
    await world.until(partner, FIRST_DAY + 140 * DAY)
    [life] = await world.life(partner)
    return {"deferred": life}


async def reset_and_exit(world: World) -> Recorded:
    """A taken-over pilot in which nothing moves: escalated, answered for, reset; the second ends it."""
    partner = await world.in_pilot("Cable", since=FIRST_DAY - 10 * DAY)
    await world.until(partner, FIRST_DAY + 30 * DAY)
    stall, *_ = world.escalations(partner)
    await world.operations.act_on(stall.key, Acknowledge(who="Ada", note="I call them"))
    await world.until(partner, FIRST_DAY + (110 + 14) * DAY)
    [life] = await world.life(partner)
    *_, second = world.escalations(partner)
    return {
        "reset-and-exit": life,
        "escalation-answered": await world.escalation(stall.key).fetch_history(),
        "escalation-ended": await world.escalation(second.key).fetch_history(),
    }


async def climbed(world: World) -> Recorded:
    """Answered for, expired, put off, handed on, climbed to its end, and then over by a new start of the pilot."""
    partner = await world.stalled("Hazel")
    await eventually(lambda: is_escalated(world, partner))
    [stall] = world.escalations(partner)
    act, key = world.operations.act_on, stall.key
    await act(key, Acknowledge(who="Ada", note="I call them"))
    await world.until_at(key, datetime.combine(FIRST_DAY + 6 * DAY, time(12)))
    await act(key, Snooze(who="Ada", note="They are at a fair", until=FIRST_DAY + 10 * DAY))
    await world.until_at(key, datetime.combine(FIRST_DAY + 10 * DAY, time(12)))
    world.operations.record_people([Person(name="Grace")])
    await act(key, Delegate(who="Ada", note="Grace knows them", to="Grace"))
    await world.until_at(key, datetime.combine(FIRST_DAY + 40 * DAY, time(12)))
    await act(key, ResetPilot(who="Lea", note="Other accounts were agreed"))
    await world.escalation(key).result()
    return {"escalation-climbed": await world.escalation(key).fetch_history()}


async def is_escalated(world: World, partner: str) -> bool:
    return any(what.what == "told" for e in world.escalations(partner) for what in world.events(e.key))


async def open_verdict(world: World) -> Recorded:
    """A verdict that facts are missing for, settled five business days later; withdrawn from, notice waived."""
    partner = await world.in_pilot("Dynamo", since=FIRST_DAY - 50 * DAY)
    for week in range(6):
        created = FIRST_DAY + (7 * week - 50) * DAY
        world.brings(partner, created, won=created + DAY, mutual=None)
    await world.until(partner, FIRST_DAY + 20 * DAY)
    await world.operations.withdraw(partner, "Its sellers moved on")
    await world.until(partner, FIRST_DAY + 25 * DAY)
    await world.operations.exit(partner, "They asked for it", waive_notice=True)
    await world.lifecycle(partner).result()
    [life] = await world.life(partner)
    return {"open-verdict": life}


async def declined(world: World) -> Recorded:
    """Stalled, then declined."""
    partner = await world.applied("Elm")
    swept = await world.env.client.start_workflow(
        StallSweep.run,
        Sweep(clock=world.on(FIRST_DAY + 20 * DAY).clock),
        id="stall-sweep",
        task_queue=world.task_queue,
    )
    assert (await swept.result()).stalled == 1
    await world.operations.submit_scorecard(partner, a_scorecard(market=2))
    await world.lifecycle(partner).result()
    [life] = await world.life(partner)
    return {"declined": life, "sweep": await swept.fetch_history()}


async def rescore_due(world: World) -> Recorded:
    """What a schedule starts."""
    await world.active("Fir")
    clock = world.on(date(2017, 4, 1)).clock
    due = await world.env.client.start_workflow(RescoreDue.run, clock, id="rescore-due", task_queue=world.task_queue)
    await due.result()
    await world.env.client.get_workflow_handle(WORKFLOW_ID.format("2017Q1")).result()
    return {"rescore-due": await due.fetch_history()}


async def weekly_digest(world: World) -> Recorded:
    """What a schedule starts on a Monday."""
    await world.in_pilot("Gale", since=FIRST_DAY - 50 * DAY)
    told = await world.env.client.start_workflow(
        WeeklyDigest.run, world.on(FIRST_DAY + 5 * DAY).clock, id="weekly-digest", task_queue=world.task_queue
    )
    assert await told.result() == 2
    return {"weekly-digest": await told.fetch_history()}


LIVES: tuple[Callable[[World], Awaitable[Recorded]], ...] = (
    application_to_active,
    deferred,
    reset_and_exit,
    climbed,
    open_verdict,
    declined,
    rescore_due,
    weekly_digest,
)


def scrubbed(value: Any) -> Any:
    """Without stack traces, which name files of the machine."""
    if isinstance(value, dict):
        return {key: scrubbed(part) for key, part in value.items() if key != "stackTrace"}
    return [scrubbed(part) for part in value] if isinstance(value, list) else value


@asynccontextmanager
async def a_world(env: WorkflowEnvironment, folder: Path) -> AsyncIterator[World]:
    store = Store(f"sqlite:///{folder / 'gatehouse.db'}")
    store.migrate()
    async with World(env, store, read_folder(DEFAULT_PROGRAM), FIRST_DAY).at_work() as world:
        yield world
    store.close()


async def record() -> None:
    """Live every life, and write down what happened."""
    async with await WorkflowEnvironment.start_time_skipping_v2(
        dev_server_existing_path=str(Path(sysconfig.get_path("scripts")) / "temporal"),
        data_converter=pydantic_data_converter,
        identity="gatehouse",
        search_attributes=list(SEARCH_ATTRIBUTES),
        dev_server_extra_args=[
            *("--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true"),
            *("--dynamic-config-value", 'history.timerProcessorMaxTimeShift="100ms"'),
        ],
    ) as env:
        for live in LIVES:
            with tempfile.TemporaryDirectory() as folder:
                async with a_world(env, Path(folder)) as world, asyncio.timeout(PATIENCE):
                    for name, history in (await live(world)).items():
                        text = json.dumps(scrubbed(json.loads(history.to_json())), separators=(",", ":"))
                        (FOLDER / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    asyncio.run(record())

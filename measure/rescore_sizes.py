"""What a re-score takes of a worker by the size of the roster: time, memory, history, and until all have heard of it.

    python -m measure.rescore_sizes [--sizes 10000 100000] [--postgres] [--lifecycles 500]

A real Temporal server and a real worker process, which re-scores the last of 12 quarters. The seconds are those from
the workflow's start to the publication, as its history has them; memory is the most that the worker ever had, as the
system counts it. Then as many lifecycles whose tier changed are started as 5 % of 10,000 partners, and the re-score,
which is published and stays as it is, is told of once more. Those that do not run are looked for all the same.
"""

import argparse
import asyncio
import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHandle

from embedded import temporal_in_memory
from measure.database import a_database
from measure.made_up import deliver_everything, fill, quarters_back
from measure.rescore import rescore
from measure.rescore_killed import TASK_QUEUE, a_worker
from operations.acts import Operations, for_each
from program.calendar import Clock
from program.partner import Stage, Standing
from rules.folder import DEFAULT_PROGRAM, read_folder
from settings import TemporalSettings
from store.database import Store
from store.rescores import EVERYONE
from worker import connect, declare_search_attributes
from workflows.messages import Lifecycle
from workflows.partner import PartnerLifecycle

QUARTERS = quarters_back(12)
QUARTER = QUARTERS[-1]
MOST_EVENTS = 2000
TIMES_TEN = 11
"""How many times as long ten times as many partners may take."""
TOLD_SECONDS = 60


@dataclass(frozen=True)
class Figures:
    """What the re-score of one roster took."""

    partners: int
    seconds: float
    processor: float
    """Seconds of the worker's until the publication."""
    megabytes: float
    """The most that the worker had."""
    events: int
    concerned: int
    """Lifecycles that hear of it."""
    running: int
    """Those of them that were started."""
    told: float
    """Seconds from the publication until the last of them was signalled."""
    heard: float
    """The same until the last of them had taken it in."""

    @property
    def kept(self) -> bool:
        """Whether it is as promised."""
        return self.events < MOST_EVENTS and self.heard < TOLD_SECONDS * max(self.partners / 10_000, 1)

    def told_of(self) -> str:
        """The figures in words."""
        return (
            f"{self.partners} partners: {self.seconds:.1f} s until it is published ({self.processor:.1f} s of "
            f"the worker's processor), {self.events} events, {self.megabytes:.0f} MB at most\n"
            f"  {self.concerned} lifecycles are concerned, {self.running} of them run: all are signalled after "
            f"{self.told:.1f} s and know after {self.heard:.1f} s"
        )


def used(pid: int) -> tuple[float, float]:
    """The seconds of a processor that a process had, and the most memory that it ever had, in megabytes."""
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return sum(map(int, ticks[11:13])) / os.sysconf("SC_CLK_TCK"), kilobytes / 1024


async def history(handle: WorkflowHandle[object, object]) -> list[HistoryEvent]:
    """A workflow's events in order."""
    return [event async for event in handle.fetch_history_events()]


def when(events: Sequence[HistoryEvent], kind: "EventType.ValueType", activity: str = "") -> datetime:
    """When the last event of a kind happened; of an activity, when the last one of its name was completed."""
    names = {event.event_id: event.activity_task_scheduled_event_attributes.activity_type.name for event in events}
    fitting = [
        event.event_time.ToDatetime()
        for event in events
        if event.event_type == kind
        and (not activity or names[event.activity_task_completed_event_attributes.scheduled_event_id] == activity)
    ]
    return fitting[-1]


async def answers(client: Client) -> None:
    """Wait until a worker is there: somebody's lifecycle comes to its end who has left already."""
    left = Lifecycle(partner="nobody", application=1, clock=Clock(), stage=Stage.EXITED)
    await client.execute_workflow(PartnerLifecycle.run, left, id="partner/nobody", task_queue=TASK_QUEUE)


def is_published(store: Store) -> bool:
    """Whether the re-score counts."""
    with store.read() as tx:
        return dict(tx.rescores.begun()).get(str(QUARTER)) is not None


def concerned(store: Store) -> list[Standing]:
    """The partners whose lifecycles hear of the re-score."""
    with store.read() as tx:
        moved = {move.partner for move in tx.rescores.changes(QUARTER, QUARTER.last_day, "", EVERYONE)}
        return [standing for standing in tx.partners.roster(Stage.ACTIVE) if standing.partner.id in moved]


async def tell(client: Client, operations: Operations, partners: Sequence[Standing]) -> tuple[float, float]:
    """Start some lifecycles and have the published re-score told of; the seconds until all are signalled, and know."""

    async def start(standing: Standing) -> WorkflowHandle[object, object]:
        state = Lifecycle(
            partner=standing.partner.id,
            application=standing.application,
            clock=Clock(),
            stage=standing.stage,
            tier=standing.tier,
        )
        name = f"partner/{standing.partner.id}"
        handle = await client.start_workflow(PartnerLifecycle.run, state, id=name, task_queue=TASK_QUEUE)
        await handle.query(PartnerLifecycle.state)
        return client.get_workflow_handle(name)

    lifecycles = await for_each(partners, start)
    again = await operations.begin_rescore(QUARTER, QUARTER.last_day)
    await again.result()
    published = when(
        await history(client.get_workflow_handle(again.id)), EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED, "publish"
    )
    signalled, known = published, published
    for lifecycle in lifecycles:
        events = await history(lifecycle)
        signalled = max(signalled, when(events, EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED))
        known = max(known, when(events, EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED))
    return (signalled - published).total_seconds(), (known - published).total_seconds()


async def figures(url: str, partners: int, lifecycles: int) -> Figures:
    """Fill a database and have its last quarter re-scored."""
    store = fill(url, read_folder(DEFAULT_PROGRAM), partners, QUARTERS)
    rescore(store, QUARTERS[-2])
    deliver_everything(url)
    async with temporal_in_memory() as server:
        client = await connect(TemporalSettings(), server.address, server.namespace)
        await declare_search_attributes(client)
        operations = Operations(store, client, TASK_QUEUE, Clock())
        worker = await a_worker(url, server.address)
        await answers(client)
        before, _ = used(worker.pid)
        handle = await operations.begin_rescore(QUARTER, QUARTER.last_day)
        while not await asyncio.to_thread(is_published, store):  # noqa: ASYNC110 -- nobody tells
            await asyncio.sleep(0.1)
        after, _ = used(worker.pid)
        await handle.result()
        _, megabytes = used(worker.pid)
        events = await history(client.get_workflow_handle(handle.id))
        began = events[0].event_time.ToDatetime()
        published = when(events, EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED, "publish")
        moved = concerned(store)
        many = min(lifecycles, len(moved))
        some = [moved[number * len(moved) // many] for number in range(many)]  # from the first to the last of them
        told, heard = await tell(client, operations, some)
        await worker.stop()
    store.close()
    return Figures(
        partners=partners,
        seconds=(published - began).total_seconds(),
        processor=after - before,
        megabytes=megabytes,
        events=len(events),
        concerned=len(moved),
        running=len(some),
        told=told,
        heard=heard,
    )


def main() -> None:
    """Print the figures of every size, and how they grow; fail where one is not as promised."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--lifecycles", type=int, default=500)
    parser.add_argument("--postgres", action="store_true")
    asked = parser.parse_args()
    found: list[Figures] = []
    for partners in asked.sizes:
        with a_database(on_postgres=asked.postgres) as url:
            found.append(asyncio.run(figures(url, partners, asked.lifecycles)))
        print(found[-1].told_of(), flush=True)
    kept = all(one.kept for one in found)
    for small, large in itertools.pairwise(found):
        times, longer = large.partners / small.partners, large.seconds / small.seconds
        each = (large.megabytes - small.megabytes) * 1024 / (large.partners - small.partners)
        kept = kept and longer <= TIMES_TEN * times / 10
        print(
            f"{times:.0f} times the partners: {longer:.1f} times as long, "
            f"{large.processor / small.processor:.1f} times the processor, {each:.2f} kB more for each"
        )
    raise SystemExit(not kept)


if __name__ == "__main__":
    main()

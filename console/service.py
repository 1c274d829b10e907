"""The service on one machine: a Temporal server of its own, the database, a worker, and an eye on all of them."""

import asyncio
import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

import typer
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from activities.deciding import Shelf
from console import sample
from console.arguments import BEGIN
from console.installation import read_settings
from console.screen import remark
from embedded import Guarded, Server, start, start_temporal
from operations.acts import Operations
from program.definition import Program
from program.errors import Refused
from settings import Settings
from store.database import Store
from worker import connect, first_program, publish_first
from workflows.schedules import refuse_foreign

PORT, PAGE_PORT = 7233, 8233
"""Where the embedded server and its web page are, unless something else is there already."""

READY_SECONDS: Final = 60
WAIT_FOR_LAST_SECONDS: Final = 45
"""How long we wait for what a killed service left behind to come to its end."""

RESTART_SECONDS: Final = 1
"""Between the unexpected end of a process and its next start."""

app = typer.Typer()


@app.command(rich_help_panel=BEGIN)
def up(*, no_sample: bool = typer.Option(False, "--no-sample", help="Leave an empty database empty.")) -> None:
    """Run Gatehouse on this machine until Ctrl-C: Temporal, the database and a worker.

    State lives in GATEHOUSE_HOME (./var); the next `gatehouse up` goes on where this one stopped. An empty database
    gets a made-up roster to look at. With GATEHOUSE_TEMPORAL_ADDRESS set, that Temporal is used and none is started.
    """
    settings = read_settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    with _alone(settings) as lock:
        asyncio.run(_Service(settings, lock).run(with_sample=not no_sample))


@contextmanager
def _alone(settings: Settings) -> Iterator[int]:
    """Hold the home's lock. Our processes hold it too, so it is free when the last of them has ended."""
    with (settings.home / "up.lock").open("a") as file:
        deadline = time.monotonic() + WAIT_FOR_LAST_SECONDS
        while not _locked(file.fileno()):
            if _another_runs(settings):
                raise Refused(f"another `gatehouse up` runs in {settings.home}; stop it, or set GATEHOUSE_HOME")
            if time.monotonic() > deadline:
                raise Refused(f"what an earlier `gatehouse up` started in {settings.home} does not end; end it")
            time.sleep(0.1)
        yield file.fileno()


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _another_runs(settings: Settings) -> bool:
    try:
        os.kill(json.loads(settings.service_file.read_text())["up"], 0)
    except (OSError, ValueError, KeyError):
        return False
    return True


@dataclass(frozen=True)
class _Temporal:
    """The Temporal that is worked with."""

    address: str
    namespace: str
    page: str | None
    """Where its web page is."""


class _Service:
    """What `gatehouse up` runs."""

    def __init__(self, settings: Settings, lock: int) -> None:
        self._settings = settings
        self._lock = lock
        self._stop = asyncio.Event()
        self._moved = asyncio.Event()
        """Temporal had to be started on another port."""
        self._running: dict[str, int] = {"up": os.getpid()}

    async def run(self, *, with_sample: bool) -> None:
        """Run until told to stop; end the worker first, so that what is under way is finished."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stop.set)
        store = Store(self._settings.database)
        store.migrate()
        first = first_program(store, self._settings.program)
        if first:
            publish_first(store, first)  # here and not by the worker, which would be started again where it is unfit
        while not self._stop.is_set():
            self._moved.clear()
            await self._serve(store, with_sample=with_sample)
        self._settings.service_file.unlink(missing_ok=True)
        store.close()

    async def _serve(self, store: Store, *, with_sample: bool) -> None:
        """Serve until told to stop, or until Temporal has moved and everything is to begin again."""
        async with self._temporal(store) as at, self._kept("worker", lambda: self._start_worker(at)):
            where = _WHERE.format(database=store, temporal=at.address, page=at.page or "none")
            remark(where)
            work = asyncio.create_task(self._begin(store, at, where, with_sample=with_sample))
            over = [asyncio.create_task(event.wait()) for event in (self._stop, self._moved)]
            await asyncio.wait({work, *over}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
                await asyncio.wait(over, return_when=asyncio.FIRST_COMPLETED)
            for task in (work, *over):
                task.cancel()
            if self._stop.is_set():
                remark("Stopping; what is under way is finished first ...")
            else:
                remark("Somebody else has taken Temporal's port; everything is started again with another.")

    async def _begin(self, store: Store, at: _Temporal, where: str, *, with_sample: bool) -> None:
        client = await connect(self._settings.temporal, at.address, at.namespace)
        await refuse_foreign(client, store.identity())
        await _worker_ready(client, self._settings.temporal.task_queue)
        remark("The worker is ready.")
        in_force = Shelf(store).at(datetime.now(UTC))
        assert in_force, "the worker has published the first"
        program = in_force.program
        operations = Operations(store, client, self._settings.temporal.task_queue, program.clock)
        if with_sample:
            await self._load_sample(operations, program)
        remark(f"\n{where}{_NEXT}")

    async def _load_sample(self, operations: Operations, program: Program) -> None:
        """Load the sample into an empty database; one that was broken off is finished."""
        marker = self._settings.home / "sample.json"
        with operations.store.read() as tx:
            empty = not tx.partners.count()
        if empty and not marker.exists():
            day = operations.clock.begun(datetime.now(UTC))
            marker.write_text(json.dumps({"day": day.isoformat(), "loaded": False}))
        if not marker.exists():
            return
        noted = json.loads(marker.read_text())
        if noted["loaded"]:
            return
        remark("Loading a made-up roster; `gatehouse up --no-sample` would not.")
        samples = sample.make(program, date.fromisoformat(noted["day"]))
        await sample.load(operations, samples)
        marker.write_text(json.dumps(noted | {"loaded": True}))
        remark(f"{len(samples)} partners are under way.")

    @asynccontextmanager
    async def _temporal(self, store: Store) -> AsyncIterator[_Temporal]:
        """The Temporal to work with: the one in the settings, else one of our own."""
        if self._settings.temporal.address:
            yield _Temporal(self._settings.temporal.address, self._settings.temporal_namespace, None)
            return
        # Nobody else's has a namespace of this name, so who finds another's server on our port notices it.
        namespace = self._settings.temporal.namespace or f"gatehouse-{store.identity()[:8]}"
        first = await self._start_temporal(namespace, PORT, PAGE_PORT)
        started = [first.process]

        async def begin() -> Guarded:
            if started:
                return started.pop()
            server = await self._start_temporal(namespace, first.port, first.page)
            if server.port != first.port:
                self._moved.set()
            return server.process

        self._note("temporal", first.address)
        self._note("namespace", namespace)
        self._note("page", first.page)
        async with self._kept("Temporal", begin):
            yield _Temporal(first.address, namespace, f"http://127.0.0.1:{first.page}/namespaces/{namespace}")

    async def _start_temporal(self, namespace: str, port: int, page: int | None) -> Server:
        with (self._settings.home / "temporal.log").open("ab") as log:
            return await start_temporal(
                database=self._settings.home.absolute() / "temporal.db",
                log=log,
                namespace=namespace,
                port=port,
                page=page,
                keep_open=[self._lock],
            )

    async def _start_worker(self, at: _Temporal) -> Guarded:
        return await start(
            "worker",
            [sys.executable, "-m", "worker"],
            log=sys.stderr.fileno(),
            environment={
                **os.environ,
                "GATEHOUSE_TEMPORAL_ADDRESS": at.address,
                "GATEHOUSE_TEMPORAL_NAMESPACE": at.namespace,
            },
            keep_open=[self._lock],
        )

    @asynccontextmanager
    async def _kept(self, name: str, begin: Callable[[], Awaitable[Guarded]]) -> AsyncIterator[None]:
        """Keep a process running, and start it again where it ends by itself."""
        current = await begin()
        self._note(f"{name} pid", current.pid)

        async def keep() -> None:
            nonlocal current
            while True:
                code = await current.ended()
                remark(f"The {name} has ended ({code}); starting it again.")
                current = await self._again(begin)
                self._note(f"{name} pid", current.pid)

        keeping = asyncio.create_task(keep())
        try:
            yield
        finally:
            keeping.cancel()
            # A worker would wait for the Temporal that is gone, to tell it what it has finished.
            await current.stop(at_once=self._moved.is_set())

    async def _again(self, begin: Callable[[], Awaitable[Guarded]]) -> Guarded:
        while True:
            await asyncio.sleep(RESTART_SECONDS)
            try:
                return await begin()
            except Refused as refused:
                remark(f"{refused}; trying again.")

    def _note(self, what: str, value: object) -> None:
        """Say where things are, for other commands to find."""
        self._running[what] = value  # type: ignore[assignment]
        fresh = self._settings.service_file.with_suffix(".new")
        fresh.write_text(json.dumps(self._running, indent=2))
        fresh.replace(self._settings.service_file)


async def _worker_ready(client: Client, task_queue: str) -> None:
    """Wait until a worker asks for work."""
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=task_queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    async with asyncio.timeout(READY_SECONDS):
        while not (await client.workflow_service.describe_task_queue(request)).pollers:  # noqa: ASYNC110 -- the server's
            await asyncio.sleep(0.1)


_WHERE: Final = """Gatehouse runs here:
  database         {database}
  Temporal         {temporal}
  Temporal's page  {page}
"""

_NEXT: Final = """
Worth typing next, in another terminal:
  .venv/bin/gatehouse partner list
  .venv/bin/gatehouse decisions list
  .venv/bin/gatehouse escalations list
Ctrl-C stops everything; the next start goes on from here."""

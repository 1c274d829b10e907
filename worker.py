"""The worker process: settings, client, registrations, run. It wires and nothing else.

Everything that reaches the outside is put together here, for the service, for `simulate` and for the tests alike.
"""

import asyncio
import re
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError, RPCStatusCode, TLSConfig
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

import logs
from activities.alarm import Alarm
from activities.deciding import Shelf
from activities.delivery import Delivery
from activities.departure import Departures
from activities.doubts import Doubts
from activities.escalating import Escalating
from activities.ladders import Ladders
from activities.new_start import NewStarts
from activities.pilot import Pilots
from activities.postman import Postman
from activities.qualification import Qualification
from activities.roster import Roster
from activities.sending import Sender
from activities.sweep import Sweeps
from activities.watching import over
from activities.weekly import WeeklyDigests
from notifications.channel import Channel
from notifications.configuration import Addresses, channels
from operations import publishing
from program.errors import Refused
from program.notice import ChannelName
from rules.folder import LoadedProgram, read_folder
from settings import Settings, TemporalSettings
from store.database import Store
from workflows.digest import WeeklyDigest
from workflows.escalation import EscalationLadder
from workflows.messages import SEARCH_ATTRIBUTES
from workflows.partner import PartnerLifecycle
from workflows.rescore import RescoreDue, RosterRescore
from workflows.schedules import ensure_schedules, refuse_foreign
from workflows.sweep import StallSweep

log = structlog.get_logger("gatehouse.worker")

WORKFLOWS: list[type] = [PartnerLifecycle, RosterRescore, RescoreDue, StallSweep, WeeklyDigest, EscalationLadder]

CONNECT_SECONDS = 10
FINISH_SECONDS = 20
"""How long activities may go on after the worker was told to stop; then Temporal hands them to another."""

# Ours are pure or used by activities alone; the libraries are costly to import anew for every workflow.
PASSED_THROUGH = (
    "activities",
    "notifications",
    "program",
    "rules",
    "store",
    "alembic",
    "annotated_types",
    "durable_rules_engine",
    "jinja2",
    "markupsafe",
    "psycopg",
    "pydantic",
    "pydantic_core",
    "sqlalchemy",
    "standardwebhooks",
    "structlog",
    "yaml",
)


async def connect(temporal: TemporalSettings, address: str, namespace: str) -> Client:
    """Connect to Temporal.

    Raises:
        Refused: where it does not answer, turns us away, or has no such namespace.
    """
    try:
        client = await asyncio.wait_for(
            Client.connect(
                address,
                namespace=namespace,
                api_key=temporal.api_key.get_secret_value() if temporal.api_key else None,
                tls=_tls(temporal),
                data_converter=pydantic_data_converter,
            ),
            CONNECT_SECONDS,
        )
    except (RuntimeError, RPCError, OSError, TimeoutError) as error:
        raise Refused(
            f"Temporal does not answer at {address} ({_briefly(error)}); nothing has changed. Run `gatehouse up`, or "
            "see that GATEHOUSE_TEMPORAL_ADDRESS and its TLS settings are right"
        ) from error
    try:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise Refused(
                f"the Temporal at {address} has no namespace {namespace}; nothing has changed. Create it there, or see "
                "that GATEHOUSE_TEMPORAL_ADDRESS and GATEHOUSE_TEMPORAL_NAMESPACE belong together"
            ) from error
    return client


def _briefly(error: Exception) -> str:
    """The sentence in what the transport reports: the innermost of its quoted messages."""
    quoted = re.findall(r'message: "([^"]+)"', str(error))
    return quoted[-1] if quoted else str(error).split(":")[0] or "it took too long"


def _tls(temporal: TemporalSettings) -> TLSConfig | bool:
    files = (temporal.tls_server_ca, temporal.tls_client_cert, temporal.tls_client_key)
    if not any(files):
        return temporal.tls or temporal.api_key is not None
    ca, cert, key = (path.read_bytes() if path else None for path in files)
    return TLSConfig(server_root_ca_cert=ca, client_cert=cert, client_private_key=key)


def activities(store: Store, client: Client, shelf: Shelf, postman: Postman) -> list[Callable[..., Any]]:
    """Every activity, over one store."""
    gate, pilots, departures = Qualification(store, shelf), Pilots(store, shelf), Departures(store, shelf)
    roster, delivery, escalating = (
        Roster(store, shelf, client),
        Delivery(store, postman),
        Escalating(store, shelf, client, over),
    )
    return [
        *(gate.enter, gate.qualify, gate.let_deferral_lapse),
        *(pilots.look_at_week, pilots.judge, pilots.map_accounts, pilots.agree_play, pilots.record_next_action),
        *(departures.give_notice, departures.close_record),
        *(
            roster.evidence_due,
            roster.begin_rescore,
            roster.score_page,
            roster.cut_tiers,
            roster.move_page,
            roster.publish,
        ),
        *(roster.tell_lifecycles, Sweeps(store, shelf).look_for_stalls),
        *(delivery.deliver, delivery.deliver_rescore),
        WeeklyDigests(store, shelf).write_weekly,
        *(escalating.begin, escalating.tell, escalating.come_back, escalating.answer),
        *(escalating.look_again, escalating.ask_lifecycle),
        NewStarts(store, shelf).begin_again,
        Ladders(client).start_and_end_ladders,
    ]


def sandbox() -> SandboxedWorkflowRunner:
    """The sandbox that workflows run in, here and when histories are replayed."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))


@asynccontextmanager
async def assemble(
    client: Client,
    store: Store,
    task_queue: str,
    *,
    threads: int = 8,
    ways: Mapping[ChannelName, Channel] | None = None,
) -> AsyncIterator[None]:
    """A worker at work, with everything registered, and a postman, who goes after it.

    Blocking work, which is nearly all of it, runs on the threads. Without ways to reach people the log has to do.
    """
    shelf = Shelf(store)
    postman = Postman(store, Sender(store, shelf, ways or channels(Addresses())))
    with postman.at_work():
        async with (
            Worker(
                client,
                task_queue=task_queue,
                workflows=WORKFLOWS,
                activities=activities(store, client, shelf, postman),
                interceptors=[Alarm(store)],
                activity_executor=ThreadPoolExecutor(threads, thread_name_prefix="activity"),
                max_concurrent_activities=threads,
                max_concurrent_local_activities=threads,
                workflow_runner=sandbox(),
                graceful_shutdown_timeout=timedelta(seconds=FINISH_SECONDS),
            ),
            Doubts(store, client).at_work(),
        ):
            yield


def first_program(store: Store, folder: Path) -> LoadedProgram | None:
    """The folder's program where none was published yet; None where one was, which then decides whatever a folder says.

    Raises:
        Refused: where there is nothing to begin with, or where `gatehouse rules check` finds what is wrong with it.
    """
    with store.read() as tx:
        published = tx.programs.listed()
    if not published:
        return publishing.read_checked(folder)
    try:
        if read_folder(folder).digest not in {publication.digest for publication in published}:
            advice = f"gatehouse program publish {folder} --effective DATE --by WHO --note TEXT"
            log.warning("program.not-published", folder=str(folder), advice=advice)
    except Refused as refused:
        log.warning("program.not-read", folder=str(folder), reason=str(refused))
    return None


def publish_first(store: Store, program: LoadedProgram) -> None:
    """Publish the program of a first start, from today on."""
    now = datetime.now(UTC)
    publishing.publish_first(store, program, program.program.clock.today(now), now)


async def declare_search_attributes(client: Client) -> None:
    """Make workflows searchable by stage, tier and type; where we may not, somebody has to have done it."""
    wanted = {attribute.name: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD for attribute in SEARCH_ATTRIBUTES}
    try:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(search_attributes=wanted, namespace=client.namespace)
        )
    except RPCError as error:
        if error.status is RPCStatusCode.ALREADY_EXISTS:
            return
        log.warning("search-attributes.not-declared", reason=error.message, wanted=sorted(wanted))


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Work until told to stop; then finish what is under way, or hand it back."""
    ways = channels(settings.notices.addresses())
    store = Store(settings.database)
    store.check()
    first = first_program(store, settings.program)
    client = await connect(settings.temporal, settings.temporal_address, settings.temporal_namespace)
    installation = store.identity()
    await refuse_foreign(client, installation)
    if first:
        publish_first(store, first)
    program = Shelf(store).at(datetime.now(UTC))
    assert program
    await ensure_schedules(client, program.program.clock, settings.temporal.task_queue, installation)
    await declare_search_attributes(client)
    async with assemble(client, store, settings.temporal.task_queue, threads=settings.threads, ways=ways):
        log.info(
            "worker.ready",
            address=settings.temporal_address,
            database=str(store),
            program=program.program.version,
            channels=sorted(ways),
        )
        await stop.wait()
        log.info("worker.stopping")
    store.close()
    log.info("worker.stopped")


def main() -> None:
    """Run a worker until SIGTERM or Ctrl-C."""
    settings = Settings()
    logs.configure(settings)

    async def until_told() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await run(settings, stop)

    try:
        asyncio.run(until_told())
    except Refused as refused:
        log.error("worker.refused", reason=str(refused))  # noqa: TRY400 -- the sentence is the message
        logs.end(1)
    logs.end(0)


if __name__ == "__main__":
    main()

"""Processes that live no longer than the one that started them, and the Temporal server among them."""

import asyncio
import contextlib
import os
import signal
import socket
import sysconfig
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from program.errors import Refused

TEMPORAL: Final = Path(sysconfig.get_path("scripts")) / "temporal"
"""The server that was installed with the environment."""

START_ATTEMPTS: Final = 3
"""Somebody may take a port between our look at it and the server's."""

READY_SECONDS: Final = 30
STOP_SECONDS: Final = 30

# The shell holds the read end of a pipe whose write end only we hold. Whatever ends us, kill -9 included, closes it,
# and the shell then ends the process. It says its number first.
_GUARD: Final = """
exec 3<&0
"$@" 3<&- </dev/null >&2 &
child=$!
echo "$child"
exec >&-
{ while read -r _ <&3; do :; done; kill -TERM "$child" 2>/dev/null; } &
wait "$child"
"""


@dataclass
class Guarded:
    """A process that ends when we do."""

    name: str
    pid: int
    _shell: asyncio.subprocess.Process

    @property
    def running(self) -> bool:
        return self._shell.returncode is None

    async def ended(self) -> int:
        """Wait for its end, and say how it ended."""
        return await self._shell.wait()

    async def stop(self, *, at_once: bool = False) -> None:
        """Ask it to end, unless it is to end at once, and make it end where it does not."""
        for number in (signal.SIGKILL,) if at_once else (signal.SIGTERM, signal.SIGKILL):
            if not self.running:
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._shell.wait(), STOP_SECONDS)


async def start(
    name: str,
    command: Sequence[str],
    *,
    log: IO[bytes] | int,
    environment: Mapping[str, str] | None = None,
    keep_open: Sequence[int] = (),
) -> Guarded:
    """Start a process in a session of its own: Ctrl-C reaches us alone, and we end it in good order.

    Args:
        name: What it is called in messages.
        command: The program and its arguments.
        log: Where its output goes.
        environment: Its environment; ours where nothing is given.
        keep_open: File descriptors that it holds as long as it runs.
    """
    shell = await asyncio.create_subprocess_exec(
        *("sh", "-c", _GUARD, "sh", *command),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=log,
        env=environment,
        pass_fds=keep_open,
        start_new_session=True,
    )
    assert shell.stdout
    return Guarded(name, int(await shell.stdout.readline()), shell)


def free_port(preferred: int = 0) -> int:
    """A free port on loopback: the preferred one where it is free."""
    for port in (preferred, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise Refused("no port is free on 127.0.0.1")


@dataclass(frozen=True)
class Server:
    """A Temporal server on loopback."""

    process: Guarded
    port: int
    page: int | None
    """The port of its web page; None where it has none."""
    namespace: str

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


async def start_temporal(
    *,
    database: Path | None,
    log: IO[bytes] | int,
    namespace: str = "default",
    port: int = 0,
    page: int | None = None,
    arguments: Sequence[str] = (),
    keep_open: Sequence[int] = (),
) -> Server:
    """Start a Temporal server on loopback and wait until it answers.

    Args:
        database: The file that it keeps its state in; in memory where there is none.
        log: Where its output goes.
        namespace: Made where it is missing. Whoever takes another server on this port for it does not find it there.
        port: The port it should have; another where that is taken.
        page: The same for its web page; None for no page.
        arguments: More of the server's own.
        keep_open: File descriptors that it holds as long as it runs.

    Raises:
        Refused: where it ends, however often it is started, or does not answer.
    """
    storage = ["--db-filename", str(database)] if database else []
    pragmas = ["--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL"] if database else []
    for _ in range(START_ATTEMPTS):
        server_port, page_port = free_port(port), None if page is None else free_port(page)
        web = ["--headless"] if page_port is None else ["--ui-port", str(page_port)]
        command = [
            *(str(TEMPORAL), "server", "start-dev", "--ip", "127.0.0.1", "--port", str(server_port)),
            *("--namespace", namespace, "--log-level", "error", *web, *storage, *pragmas, *arguments),
        ]
        process = await start("Temporal", command, log=log, keep_open=keep_open)
        server = Server(process, server_port, page_port, namespace)
        ready = False
        try:
            ready = await asyncio.wait_for(_answers(server), READY_SECONDS)
        except TimeoutError:
            raise Refused(f"the embedded Temporal server did not answer in {READY_SECONDS} s; see its log") from None
        finally:
            if not ready:
                await process.stop()
        if ready:
            return server
    raise Refused(f"the embedded Temporal server ended at once, {START_ATTEMPTS} times; see its log")


async def _answers(server: Server) -> bool:
    """Wait until it serves its namespace; False where it ends instead. Another's server may answer on its port."""
    while server.process.running:
        try:
            client = await Client.connect(server.address)
            await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=server.namespace))
        except (RuntimeError, RPCError):  # it does not listen yet, or is not healthy yet
            await asyncio.sleep(0.05)
        else:
            return server.process.running
    return False


@asynccontextmanager
async def temporal_in_memory(*arguments: str) -> AsyncIterator[Server]:
    """A Temporal server for as long as it is needed, which leaves nothing behind."""
    server = await start_temporal(database=None, log=asyncio.subprocess.DEVNULL, arguments=arguments)
    try:
        yield server
    finally:
        await server.process.stop()

"""A `gatehouse up` in a home of its own, as a test starts and kills it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from store.database import Store

PATIENCE = 120


class Service:
    """A `gatehouse up` in a home of its own."""

    def __init__(self, home: Path, *arguments: str, **settings: str) -> None:
        self.home = home
        self._arguments = arguments
        self._settings = settings
        self.store = Store(f"sqlite:///{home / 'gatehouse.db'}")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GATEHOUSE_")}
        with (self.home / "up.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "console.cli", "up", *self._arguments],
                env=environment | {"GATEHOUSE_HOME": str(self.home), **self._settings},
                stderr=log,
                start_new_session=True,
            )

    def interrupt(self) -> int:
        """Ctrl-C; how it ended."""
        assert self._process
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(PATIENCE)

    def kill(self, *names: str) -> None:
        """Kill -9 some of its processes: up, worker, Temporal."""
        pids = [int(self.runs["up" if name == "up" else f"{name} pid"]) for name in names]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        if "up" in names:
            assert self._process
            self._process.wait()

    def stop(self) -> None:
        """End it, if it runs."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            assert self._process.wait(PATIENCE) == 0

    @property
    def decided(self) -> int:
        with self.store.read() as tx:
            return len(tx.decisions.listed())

    @property
    def loaded(self) -> bool:
        marker = self.home / "sample.json"
        return marker.exists() and json.loads(marker.read_text())["loaded"]

    async def client(self) -> Client:
        """A client of its Temporal."""
        address, namespace = str(self.runs["temporal"]), str(self.runs["namespace"])
        return await Client.connect(address, namespace=namespace, data_converter=pydantic_data_converter)

    @property
    def runs(self) -> dict[str, str | int]:
        """What it says that it runs, and where."""
        known: dict[str, str | int] = json.loads((self.home / "service.json").read_text())
        return known

    def says(self, words: str) -> bool:
        """Whether it has said something."""
        return self.said(words) > 0

    def said(self, words: str) -> int:
        """How often it has said something."""
        return (self.home / "up.log").read_text().count(words)

    def until(self, what: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not what():
            assert time.monotonic() < deadline, (self.home / "up.log").read_text()[-5000:]
            time.sleep(0.05)


@contextmanager
def a_service(home: Path, *arguments: str, **settings: str) -> Iterator[Service]:
    service = Service(home, *arguments, **settings)
    service.store.migrate()
    service.start()
    try:
        yield service
    finally:
        service.stop()
        service.store.close()

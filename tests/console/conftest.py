"""An operator at the command line: what they type, what they see, and how the command ends."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

from console.cli import app
from console.installation import Installation
from rules.folder import LoadedProgram
from settings import Settings, TemporalSettings
from store.database import Store
from tests.activities.conftest import Office
from tests.world import World

NOBODY = "127.0.0.1:1"
"""An address at which no Temporal answers."""


@dataclass
class Operator:
    """Somebody who types commands."""

    installation: Installation

    def types(self, *command: str, stdin: bytes | None = None) -> Result:
        return CliRunner().invoke(app, list(command), input=stdin, obj=self.installation, catch_exceptions=False)

    async def asks(self, *command: str) -> Result:
        """The same while a worker answers in this process."""
        return await asyncio.to_thread(self.types, *command)

    def sees(self, *command: str) -> str:
        """What a command prints that does what it should."""
        result = self.types(*command)
        assert result.exit_code == 0, result.output
        return result.stdout

    def gets(self, *command: str) -> Any:
        """What a command says to a script."""
        return json.loads(self.sees(*command, "--json"))

    def is_refused(self, *command: str) -> str:
        """What a command says that it refuses."""
        result = self.types(*command)
        assert result.exit_code == 1, result.output
        assert not result.stdout
        return result.stderr

    def is_corrected(self, *command: str) -> str:
        """What somebody is told who types what is no command."""
        result = self.types(*command)
        assert result.exit_code == 2, result.output
        return " ".join(result.stderr.replace("│", " ").split())


def lines(text: str) -> list[str]:
    """What is printed, line by line, however wide its columns are."""
    return [" ".join(line.split()) for line in text.splitlines()]


def an_installation(home: Path, temporal: TemporalSettings) -> Installation:
    return Installation(Settings(home=home, database_url=f"sqlite:///{home / 'gatehouse.db'}", temporal=temporal))


@pytest.fixture(scope="session", autouse=True)
def _commands_are_put_together_once() -> Iterator[None]:
    """Each command that is typed would put all of them together anew, which takes longer than most of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.testing._get_command", cache(get_command))
        yield


@pytest.fixture
def operator(store: Store, tmp_path: Path) -> Iterator[Operator]:
    """At an installation with an empty database and no Temporal in reach."""
    assert store
    installation = an_installation(tmp_path, TemporalSettings(address=NOBODY))
    yield Operator(installation)
    installation.close()


@pytest.fixture
def colleague(world: World, tmp_path: Path) -> Iterator[Operator]:
    """At an installation at work, on Wednesday, 1 March 2017."""
    address = world.env.client.service_client.config.target_host
    installation = an_installation(tmp_path, TemporalSettings(address=address, task_queue=world.task_queue))
    installation.lag = world.clock.lag
    yield Operator(installation)
    installation.close()


@pytest.fixture
def office(store: Store, default_program: LoadedProgram) -> Office:
    """Activities over the operator's database."""
    return Office(store, default_program)

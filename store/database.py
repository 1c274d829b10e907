"""The database: how it is opened, brought up to date, and written to in transactions."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Lock
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session

from program.errors import Refused
from store.decisions import Decisions
from store.doubt import note_doubts
from store.escalations import Escalations
from store.facts import Facts
from store.identity import Identity
from store.ledger import Ledger
from store.locks import TransactionLock
from store.notices import Notices
from store.opportunities import Opportunities
from store.partners import Partners
from store.people import People
from store.pilots import Pilots
from store.preparation import Preparation
from store.programs import Programs
from store.rescores import Rescores
from store.scorecards import Scorecards
from store.serving import ServiceOverrides
from store.touches import Touches

BUSY_SECONDS = 20
"""How long a transaction on SQLite waits for the one that writes before it gives up."""

_AS_NEEDED = -1
"""Connections beside those that are kept. The threads that work at once are counted already, and one of them may read a
program in the middle of writing: with fewer, all could wait for a connection that none of them gives back."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_READS: dict[str, dict[str, Any]] = {
    "sqlite": {"gatehouse_reads": True},
    "postgresql": {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"},
}
"""How a transaction that only reads is opened, so that it sees one state of the database throughout."""


class Transaction:
    """What one transaction reads and writes, by aggregate."""

    def __init__(self, session: Session) -> None:
        self.identity = Identity(session)
        self.programs = Programs(session)
        self.partners = Partners(session)
        self.people = People(session)
        self.scorecards = Scorecards(session)
        self.opportunities = Opportunities(session)
        self.pilots = Pilots(session)
        self.preparation = Preparation(session)
        self.touches = Touches(session)
        self.serving = ServiceOverrides(session)
        self.facts = Facts(session)
        self.decisions = Decisions(session)
        self.ledger = Ledger(session)
        self.rescores = Rescores(session)
        self.escalations = Escalations(session)
        self.notices = Notices(session)


class Store:
    """The database of one installation, at a URL such as `sqlite:///var/gatehouse.db`."""

    def __init__(self, url: str) -> None:
        try:
            self._url = make_url(url)
            self._engine = _open(url)
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
            raise Refused(
                f"{_hidden(url)} is no database Gatehouse can use ({error}); write sqlite:///FILE or "
                "postgresql+psycopg://USER:PASSWORD@HOST/NAME"
            ) from None
        # SQLite has one writer at a time, and who waits for it sleeps between looks. Our own threads queue up instead.
        self._turn = Lock() if self._engine.dialect.name == "sqlite" else nullcontext()

    def __str__(self) -> str:
        return self._url.render_as_string(hide_password=True)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that writes: all of it is kept, or, after an error, nothing."""
        with self._turn, self._reachable(), Session(self._engine) as session, session.begin():
            yield Transaction(session)
            note_doubts(session)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that only reads, and sees one state of the database throughout."""
        engine = self._engine.execution_options(**_READS[self._engine.dialect.name])
        with self._reachable(), Session(engine) as session, session.begin():
            yield Transaction(session)

    @contextmanager
    def rehearse(self) -> Iterator[Transaction]:
        """A transaction that writes and is undone at its end: it shows what would change."""
        with self._reachable(), Session(self._engine) as session, session.begin():
            yield Transaction(session)
            session.rollback()

    def migrate(self) -> None:
        """Bring the tables up to date, or make them.

        Raises:
            Refused: where the database was written by a newer Gatehouse, or cannot be reached.
        """
        if self._file:
            self._make_room(self._file)
        with self._reachable(), self._engine.connect() as connection:
            if connection.dialect.name == "postgresql":  # SQLite has one writer as it is
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({TransactionLock.MIGRATING.value})")
            self._refuse_newer(connection)
            config = Config()
            config.set_main_option("script_location", str(_MIGRATIONS))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()

    def identity(self) -> str:
        """What tells this installation from every other; drawn where nobody asked before."""
        with self.read() as tx:
            known = tx.identity.find()
        if known is None:
            with self.write() as tx:
                tx.identity.draw()
                known = tx.identity.find()
        assert known is not None
        return known

    def check(self) -> None:
        """Refuse a database whose tables are not the ones this Gatehouse works with.

        Raises:
            Missing: where there is none yet; looking for it does not make it.
            Refused: where it is older or newer, or cannot be reached.
        """
        if self._file and not self._file.exists():
            raise Missing(f"there is no database at {self} yet; `gatehouse up` and `gatehouse migrate` make it")
        with self._reachable(), self._engine.connect().execution_options(gatehouse_reads=True) as connection:
            self._refuse_newer(connection)
            current = MigrationContext.configure(connection).get_current_revision()
        if current != _newest():
            raise Refused(
                f"{self} is not up to date; run `gatehouse migrate`, or `gatehouse up`, which does it by itself"
            )

    @property
    def _file(self) -> Path | None:
        """The file of a SQLite database."""
        name = self._url.database
        return Path(name) if self._url.get_backend_name() == "sqlite" and name and name != ":memory:" else None

    @staticmethod
    def _make_room(file: Path) -> None:
        try:
            file.absolute().parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Refused(
                f"{file.parent} cannot be made: {error.strerror}; choose another place (GATEHOUSE_HOME)"
            ) from error

    def _refuse_newer(self, connection: Connection) -> None:
        current = MigrationContext.configure(connection).get_current_revision()
        known = {script.revision for script in _scripts().walk_revisions()}
        if current is not None and current not in known:
            raise Refused(
                f"{self} was written by a newer Gatehouse: its tables are at {current}, this one knows {_newest()}. "
                "Run that one, or restore a backup made before it"
            )

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            raise Unreachable(
                f"the database {self} does not answer: {str(error.orig).strip()}; "
                "see that it runs, that nobody holds it locked, and that its address is right (GATEHOUSE_DATABASE_URL)"
            ) from error
        except DatabaseError as error:
            if "not a database" not in str(error.orig):
                raise
            raise Refused(f"{self} is no SQLite database; point GATEHOUSE_DATABASE_URL to another file") from error

    def close(self) -> None:
        self._engine.dispose()


class Unreachable(Refused):
    """The database does not answer; trying again may help."""


class Missing(Refused):
    """There is no database yet."""


def _hidden(url: str) -> str:
    return url.rsplit("@", maxsplit=1)[-1] if "@" in url else url


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(_MIGRATIONS))


def _newest() -> str:
    head = _scripts().get_current_head()
    assert head is not None
    return head


def _open(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, isolation_level="READ COMMITTED", max_overflow=_AS_NEEDED)
    # The connection that was used last goes first: what it has read is in its cache, until another one writes.
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_SECONDS},
        poolclass=QueuePool,
        pool_use_lifo=True,
        max_overflow=_AS_NEEDED,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver must not begin transactions by itself: `_begin` does, and knows which kind.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")
    # NORMAL would lose the last commits with the power, and Temporal may know already that they were made.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -32768")  # KiB: a roster is ranked and then walked by rank, here and there


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later cannot wait for another writer, only fail; so a writer takes
    # its turn at the start.
    reads = connection.get_execution_options().get("gatehouse_reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

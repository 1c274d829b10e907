"""Opening a database, bringing it up to date, and writing to it from several places at once."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from threading import Barrier

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import inspect, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError

from program.errors import Refused
from store import database
from store.columns import Instant, Row, Scaled
from store.database import Missing, Store, Transaction, Unreachable
from tests.store.conftest import AT
from tests.store.contents import contents
from tests.world import a_partner


@pytest.fixture
def fresh(any_url: str) -> Iterator[Store]:
    """A database without tables, which leaves none of its own behind."""
    store = Store(any_url)
    _drop_all(store)
    yield store
    _drop_all(store)
    store.close()


def _drop_all(store: Store) -> None:
    if not store._file:
        with store._engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))


def at_once(*acts: Callable[[], object]) -> None:
    """Do several things in threads of their own that start together."""
    start = Barrier(len(acts))

    def act(number: int) -> object:
        start.wait()
        return acts[number]()

    with ThreadPoolExecutor(len(acts)) as pool:
        list(pool.map(act, range(len(acts))))


def in_processes(program: str, url: str, *names: str) -> list[int]:
    """Run a program once for each name, all at once, and say how each ended."""
    running = [subprocess.Popen([sys.executable, "-c", program, url, name]) for name in names]
    return [process.wait(30) for process in running]


# Migrations


def test_migrating_makes_exactly_the_tables_that_the_code_knows(fresh: Store) -> None:
    fresh.migrate()
    fresh.check()
    with fresh._engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) == {*Row.metadata.tables, "alembic_version"}
        assert compare_metadata(MigrationContext.configure(connection), Row.metadata) == []


def test_migrating_again_changes_nothing(any_store: Store) -> None:
    before = contents(any_store)
    any_store.migrate()
    any_store.check()
    assert contents(any_store) == before


def test_two_that_migrate_at_once_make_the_tables_once(fresh: Store, any_url: str) -> None:
    program = "import sys; from store.database import Store; Store(sys.argv[1]).migrate()"
    assert in_processes(program, any_url, "", "") == [0, 0]
    fresh.check()


def test_migrations_can_be_undone(any_store: Store) -> None:
    with any_store._engine.connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        connection.commit()
        assert inspect(connection).get_table_names() == ["alembic_version"]


def test_a_database_without_tables_says_what_to_run(fresh: Store) -> None:
    with pytest.raises(Refused, match="gatehouse migrate"):
        fresh.check()


def test_looking_for_a_database_does_not_make_it(tmp_path: Path) -> None:
    with pytest.raises(Missing, match=r"there is no database at sqlite:///.*none\.db yet; .*`gatehouse migrate`"):
        Store(f"sqlite:///{tmp_path / 'none.db'}").check()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("act", [Store.check, Store.migrate])
def test_a_database_of_a_newer_gatehouse_is_left_alone(fresh: Store, act: Callable[[Store], None]) -> None:
    fresh.migrate()
    with fresh._engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = contents(fresh)
    with pytest.raises(Refused, match=r"was written by a newer Gatehouse: its tables are at 9999, this one knows \d+"):
        act(fresh)
    assert contents(fresh) == before


def test_a_sqlite_database_is_made_with_the_folders_above_it(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'a' / 'b' / 'gatehouse.db'}")
    store.migrate()
    store.check()
    store.close()


# What cannot be opened


@pytest.mark.parametrize("url", ["gatehouse.db", "mysql://localhost/gatehouse", "oracle+nothing://x", ""])
def test_an_address_of_no_database_is_refused_with_those_there_are(url: str) -> None:
    with pytest.raises(Refused, match=r"write sqlite:///FILE or postgresql\+psycopg://USER:PASSWORD@HOST/NAME"):
        Store(url)


def test_a_password_is_not_shown() -> None:
    store = Store("postgresql+psycopg://gate:s3cret@localhost:1/gatehouse")
    with pytest.raises(Unreachable, match=r"postgresql\+psycopg://gate:\*\*\*@localhost:1/gatehouse") as refusal:
        store.check()
    assert "s3cret" not in str(refusal.value) + str(store)
    with pytest.raises(Refused) as refused:
        Store("mystery://gate:s3cret@localhost/gatehouse")
    assert "s3cret" not in str(refused.value)


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Ring Acme on Monday. " * 100)
    store = Store(f"sqlite:///{file}")
    with pytest.raises(Refused, match="is no SQLite database"):
        store.check()
    store.close()


# Transactions


def test_after_an_error_nothing_is_kept(any_store: Store) -> None:
    before = contents(any_store)

    def writes_and_fails() -> None:
        with any_store.write() as tx:
            tx.partners.add([a_partner("Cora")], AT)
            tx.preparation.map_accounts("acme", ["First", "Second"], AT.date())
            raise RuntimeError("the power failed")

    with pytest.raises(RuntimeError, match="the power failed"):
        writes_and_fails()
    assert contents(any_store) == before


def test_what_refers_to_nobody_is_not_kept(any_store: Store) -> None:
    before = contents(any_store)

    def maps_for_nobody() -> None:
        with any_store.write() as tx:
            tx.preparation.map_accounts("acme", ["First"], AT.date())
            tx.preparation.map_accounts("nobody", ["First"], AT.date())

    with pytest.raises(IntegrityError):
        maps_for_nobody()
    assert contents(any_store) == before


def test_a_rehearsal_shows_what_would_change_and_changes_nothing(any_store: Store) -> None:
    before = contents(any_store)
    with any_store.rehearse() as tx:
        assert tx.partners.add([a_partner("Cora")], AT) == (1, 0)
        assert tx.partners.get("cora").partner.name == "Cora"
    assert contents(any_store) == before


def test_a_reader_sees_one_state_throughout(any_store: Store) -> None:
    with any_store.read() as reader:
        before = reader.partners.ids()
        with any_store.write() as writer:
            writer.partners.add([a_partner("Cora")], AT)
        assert reader.partners.ids() == before
    with any_store.read() as reader:
        assert reader.partners.ids() == before | {"cora"}


def test_two_that_write_at_once_are_both_heard(any_store: Store, any_url: str) -> None:
    other = Store(any_url)

    def partners(store: Store, letter: str) -> Callable[[], None]:
        def add() -> None:
            for number in range(20):
                with store.write() as tx:
                    tx.partners.ids()  # reads first: on SQLite it has to hold its turn from the start
                    tx.partners.add([a_partner(f"{letter} {number}")], AT)

        return add

    at_once(partners(any_store, "c"), partners(other, "d"))
    other.close()
    with any_store.read() as tx:
        assert tx.partners.count() == 2 + 40


def test_two_processes_that_write_to_sqlite_at_once_are_both_heard(store: Store) -> None:
    program = """
import sys
from datetime import UTC, datetime
from program.partner import Partner
from store.database import Store

store = Store(sys.argv[1])
for number in range(20):
    name = f"{sys.argv[2]}-{number}"
    with store.write() as tx:
        tx.partners.add([Partner(id=name, name=name, type="resell", region="", owner="Ada")], datetime.now(UTC))
"""
    assert in_processes(program, str(store), "c", "d") == [0, 0]
    with store.read() as tx:
        assert tx.partners.count() == 40


def test_a_locked_sqlite_database_is_waited_for_and_then_reported_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    file = tmp_path / "gatehouse.db"
    busy = Store(f"sqlite:///{file}")
    busy.migrate()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unreachable, match=r"gatehouse\.db does not answer: database is locked; .* nobody holds it"):
            add_cora(busy)
        with busy.read() as tx:
            assert tx.partners.count() == 0  # who only reads does not have to wait
        other.execute("ROLLBACK")
    add_cora(busy)
    with busy.read() as tx:
        assert tx.partners.count() == 1
    busy.close()


def add_cora(to: Store) -> None:
    with to.write() as tx:
        tx.partners.add([a_partner("Cora")], AT)


# Columns


def stored(any_store: Store, write: Callable[[Transaction], object], query: str) -> object:
    with any_store.write() as tx:
        write(tx)
    with any_store._engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()


def test_what_sqlite_was_asked_to_keep_is_on_the_disk_before_it_answers(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "gatehouse.db")) as connection:
        database._prepare(connection, None)  # as a worker's are; those of the tests wait for no disk
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_an_instant_is_stored_as_whole_microseconds(any_store: Store) -> None:
    instant = datetime(2017, 3, 1, 6, 0, 0, 1, tzinfo=UTC)
    query = "SELECT added_at FROM partners WHERE id = 'cora'"
    assert stored(any_store, lambda tx: tx.partners.add([a_partner("Cora")], instant), query) == 1488348000000001


def round_trip(column: Instant | Scaled, value: object) -> object:
    dialect = sqlite.dialect()
    bound = column.process_bind_param(value, dialect)  # type: ignore[arg-type]
    assert isinstance(bound, int)
    return column.process_result_value(bound, dialect)


offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(1900, 1, 1), datetime(9000, 1, 1), timezones=offsets))  # noqa: DTZ001 (what it wants)
def test_an_instant_comes_back_as_it_went_and_in_utc(instant: datetime) -> None:
    read = round_trip(Instant(), instant)
    assert read == instant
    assert isinstance(read, datetime)
    assert read.tzinfo is UTC


@given(st.integers(0, 6), st.data())
def test_a_decimal_comes_back_to_its_last_digit(places: int, data: st.DataObject) -> None:
    value = data.draw(st.decimals(-(10**12), 10**12, places=places))
    read = round_trip(Scaled(places), value)
    assert isinstance(read, Decimal)
    assert (read, read.as_tuple().exponent) == (value, -places)


def test_a_decimal_finer_than_its_column_is_refused_and_not_rounded() -> None:
    with pytest.raises(ValueError, match=r"0\.005 has more than 2 decimal places"):
        round_trip(Scaled(2), Decimal("0.005"))


def test_an_instant_without_a_time_zone_is_refused() -> None:
    with pytest.raises(TypeError, match="2017-03-01 06:00:00 has no time zone; instants are UTC"):
        round_trip(Instant(), AT.replace(tzinfo=None))

"""Publishing on both databases: of two who publish at once, one is told what the other did."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import copytree
from threading import Barrier

import pytest

from operations.publishing import Intent, publish, publish_first, withdraw
from program.errors import Refused
from rules.folder import DEFAULT_PROGRAM, LoadedProgram
from store.database import Store
from tests.world import changed_program

TODAY = date(2017, 3, 1)
NOW = datetime(2017, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def installation(any_url: str, default_program: LoadedProgram) -> Iterator[Store]:
    """One that runs on the default program."""
    store = Store(any_url)
    store.migrate()
    publish_first(store, default_program, TODAY, NOW)
    yield store
    store.close()


def a_folder(path: Path, days: int, version: int = 2) -> Path:
    """A program in which deferrals wait so many days."""
    folder = copytree(DEFAULT_PROGRAM, path)
    text = (folder / "program.yaml").read_text()
    text = text.replace("deferral_days: 90", f"deferral_days: {days}").replace("version: 1\n", f"version: {version}\n")
    (folder / "program.yaml").write_text(text)
    return folder


def at_once(store: Store, *folders: Path) -> list[str]:
    """What each of several is told who publish a folder at the same moment."""
    start = Barrier(len(folders))

    def one(folder: Path) -> str:
        start.wait()
        try:
            _, new = publish(store, folder, Intent(TODAY, "Ada", "Better"), TODAY, NOW, findings=lambda _: [])
        except Refused as refused:
            return str(refused)
        return "published" if new else "there"

    with ThreadPoolExecutor(len(folders)) as pool:
        return sorted(pool.map(one, folders))


def test_of_two_that_publish_different_files_at_once_one_is_refused(installation: Store, tmp_path: Path) -> None:
    said = at_once(installation, *(a_folder(tmp_path / str(days), days) for days in (100, 200)))
    assert [said[1], "version 2 was published before; write 3" in said[0]] == ["published", True]
    with installation.read() as tx:
        assert [publication.version for publication in tx.programs.listed()] == [1, 2]


def test_of_four_that_publish_the_same_at_once_one_does_and_three_find_it_there(
    installation: Store, tmp_path: Path
) -> None:
    assert at_once(installation, *[a_folder(tmp_path / "draft", 100)] * 4) == ["published", "there", "there", "there"]


def test_of_two_versions_that_come_at_once_the_lower_never_comes_last(installation: Store, tmp_path: Path) -> None:
    said = at_once(installation, a_folder(tmp_path / "2", 100, 2), a_folder(tmp_path / "3", 200, 3))
    with installation.read() as tx:
        versions = [publication.version for publication in tx.programs.listed()]
    assert versions in ([1, 2, 3], [1, 3])
    assert said.count("published") == len(versions) - 1


def test_who_reads_the_versions_keeps_nobody_from_withdrawing_one(installation: Store, tmp_path: Path) -> None:
    later = TODAY + timedelta(days=9)
    publish(installation, a_folder(tmp_path / "2", 100), Intent(later, "Ada", "x"), TODAY, NOW, findings=lambda _: [])
    with installation.read() as reader:
        assert withdraw(installation, 2, "Ada", "A slip", TODAY, NOW).withdrawn_by == "Ada"
        assert [p.withdrawn_by for p in reader.programs.listed()] in ([None, None], [None, "Ada"])
    with installation.read() as tx:
        assert [p.withdrawn_by for p in tx.programs.listed()] == [None, "Ada"]


def test_of_workers_that_start_at_once_one_publishes_what_all_begin_with(
    any_url: str, default_program: LoadedProgram
) -> None:
    store = Store(any_url)
    store.migrate()
    programs = [default_program, changed_program(default_program), default_program, changed_program(default_program)]
    start = Barrier(len(programs))

    def begin(program: LoadedProgram) -> str | None:
        start.wait()
        publish_first(store, program, TODAY, NOW)
        with store.read() as tx:
            found = tx.programs.in_force(TODAY)
        return found.digest if found else None

    with ThreadPoolExecutor(len(programs)) as pool:
        (digest,) = set(pool.map(begin, programs))
    with store.read() as tx:
        (first,) = tx.programs.listed()
    assert (first.digest, first.published_by, first.note) == (digest, "worker", "first start")
    store.close()

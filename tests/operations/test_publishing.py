"""Publishing a program: what is refused, what is kept, and what happens before its day."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import copytree

import pytest

from activities.deciding import Shelf
from operations.drafts import try_draft
from operations.publishing import Intent, publish, publish_first, withdraw
from program.errors import Refused
from program.partner import Stage
from program.publication import Publication
from rules.folder import DEFAULT_PROGRAM, LoadedProgram, load_program
from rules.language.source import Fault
from store.database import Store
from tests.store.contents import contents
from tests.world import a_partner, changed_program
from tests.world import publish as put_in_force

TODAY = date(2017, 3, 1)
NEXT = date(2017, 4, 1)
NOW = datetime(2017, 3, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def unchecked(_: Path) -> list[Fault]:
    """No check, which takes longer than all the rest: for tests of what else stands against a program."""
    return []


class Author:
    """Somebody who changes the files of a program and publishes it."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.folder = store, copytree(DEFAULT_PROGRAM, folder)

    def writes(self, old: str, new: str, file: str = "program.yaml") -> None:
        text = (self.folder / file).read_text()
        assert old in text
        (self.folder / file).write_text(text.replace(old, new, 1))

    def raises(self, version: int, file: str = "program.yaml") -> None:
        self.writes(f"version: {version - 1}\n", f"version: {version}\n", file)

    def waits(self, days: int) -> None:
        """Have deferrals wait otherwise: the smallest change of a program."""
        file = self.folder / "program.yaml"
        file.write_text(re.sub(r"deferral_days: \d+", f"deferral_days: {days}", file.read_text()))

    def publishes(
        self, on: date = NEXT, *, today: date = TODAY, check: Callable[[Path], list[Fault]] = unchecked
    ) -> tuple[Publication, bool]:
        return publish(self.store, self.folder, Intent(on, "Ada", "Better"), today, NOW, findings=check)

    def is_refused(self, on: date = NEXT, *, check: Callable[[Path], list[Fault]] = unchecked) -> str:
        """Why publishing is refused; nothing has changed."""
        before = contents(self.store)
        with pytest.raises(Refused) as refusal:
            self.publishes(on, check=check)
        assert contents(self.store) == before
        return str(refusal.value)


@pytest.fixture
def author(store: Store, default_program: LoadedProgram, tmp_path: Path) -> Author:
    """At an installation that runs on the default program since yesterday."""
    publish_first(store, default_program, TODAY - DAY, NOW)
    return Author(store, tmp_path / "program")


VERDICT = "policies/pilot-verdict.yaml"


def test_a_program_is_in_force_from_its_day_on_with_the_files_it_was_published_with(author: Author) -> None:
    author.waits(100)
    author.raises(2)
    publication, new = author.publishes()
    author.waits(200)

    assert new
    assert (publication.version, publication.effective_on, publication.published_by) == (2, NEXT, "Ada")
    shelf = Shelf(author.store)
    waits = [shelf.in_force(on).program.deferral_days for on in (TODAY - 9 * DAY, NEXT - DAY, NEXT, NEXT + DAY)]
    assert waits == [90, 90, 100, 100]
    with author.store.read() as tx:
        assert tx.programs.files(publication.digest).keys() == shelf.in_force(TODAY).files.keys()
        assert len(tx.programs.cases(publication.digest)) == 5


def test_publishing_it_again_changes_nothing_and_another_day_is_refused(author: Author) -> None:
    author.waits(100)
    author.raises(2)
    publication, _ = author.publishes()
    before = contents(author.store)
    assert author.publishes(today=NEXT + DAY) == (publication, False)
    assert contents(author.store) == before
    assert "version 2 is published already, in force from 2017-04-01 on" in author.is_refused(NEXT + DAY)


def test_a_day_that_is_over_is_refused_and_today_is_not(author: Author) -> None:
    author.waits(100)
    author.raises(2)
    assert "2017-02-28 is over, and today is 2017-03-01" in author.is_refused(TODAY - DAY)
    assert author.publishes(TODAY)[1]
    assert Shelf(author.store).in_force(TODAY).program.version == 2


@pytest.mark.parametrize("gone", [False, True])
def test_a_version_has_to_lie_above_every_other_withdrawn_ones_too(author: Author, *, gone: bool) -> None:
    author.waits(100)
    author.raises(2)
    author.publishes()
    if gone:
        withdraw(author.store, 2, "Ada", "A slip", TODAY, NOW)
    author.waits(200)
    assert author.is_refused() == (
        f"{author.folder / 'program.yaml'}:5:1: version: version 2 was published before; write 3"
    )
    author.raises(3)
    assert author.publishes()[0].version == 3


def test_a_policy_that_was_edited_has_to_have_its_version_raised(author: Author) -> None:
    author.writes("title: What a 60-day pilot must show", "title: What a pilot must show", VERDICT)
    author.raises(2)
    said = "version: its text is another than when version 1 was published; write 2"
    assert author.is_refused() == f"{author.folder / VERDICT}:2:1: {said}"
    author.raises(2, VERDICT)
    assert author.publishes()[1]


def test_a_version_of_a_policy_stands_for_one_text_for_ever(author: Author) -> None:
    original = (author.folder / VERDICT).read_text()
    author.writes("What a 60-day pilot must show", "What a pilot must show", VERDICT)
    author.raises(2, VERDICT)
    author.raises(2)
    author.publishes()
    withdraw(author.store, 2, "Ada", "A slip", TODAY, NOW)

    author.raises(3)
    author.writes("What a pilot must show", "What pilots must show", VERDICT)
    assert "its text is another than when version 2 was published; write 3" in author.is_refused()
    (author.folder / VERDICT).write_text(original)  # as it was, but under a version that means it again
    assert "its text is another than when version 2 was published; write 3" in author.is_refused()
    (author.folder / VERDICT).write_text(original.replace("version: 1\n", "version: 3\n"))
    author.waits(100)
    assert author.publishes()[1]


def test_all_versions_that_have_to_be_raised_are_named_at_once(author: Author) -> None:
    for name in ("stall", "pilot-verdict"):
        author.writes("owner: partner-programme", "owner: partners", f"policies/{name}.yaml")
    lines = author.is_refused().splitlines()
    files = [Path(line.split(":")[0]).name for line in lines]
    assert files == ["program.yaml", "pilot-verdict.yaml", "stall.yaml"]


def test_what_a_check_finds_is_refused_and_what_it_warns_of_is_not(author: Author) -> None:
    author.raises(2)
    author.raises(2, VERDICT)
    author.writes("mutual_deals: {gte: 1}", "mutual_deals: {gte: 2}", VERDICT)
    (author.folder / "templates").mkdir()
    (author.folder / "templates" / "letter.txt").write_text("Dear {{ recipent }}")
    refusal = author.is_refused(check=try_draft)
    assert "expected expand, got reset" in refusal
    assert "letter.txt:1:1: it does not work: 'recipent' is undefined" in refusal
    (author.folder / "templates" / "letter.txt").unlink()
    author.writes("then: expand", "then: expnd", VERDICT)
    assert "expnd is no outcome" in author.is_refused(check=try_draft)
    author.writes("then: expnd", "then: expand", VERDICT)

    def a_warning(folder: Path) -> list[Fault]:
        return [Fault(str(folder / VERDICT), 1, 1, "", "mind the order", severity="warning")]

    assert author.publishes(check=a_warning)[1]


def test_a_new_number_for_what_is_in_force_by_then_is_refused(author: Author) -> None:
    author.raises(2)
    assert "it says what version 1 says, which is in force by then; nothing has changed" in author.is_refused()
    author.waits(100)
    author.publishes(NEXT)
    author.raises(3)
    author.waits(90)
    assert "it says what version 1 says" in author.is_refused(NEXT - DAY)
    assert author.publishes(NEXT + DAY)[1], "back to what it was"


def test_a_program_that_was_changed_while_it_was_checked_is_refused(author: Author) -> None:
    author.waits(100)
    author.raises(2)

    def meanwhile(folder: Path) -> list[Fault]:
        author.waits(200)
        return unchecked(folder)

    assert "was changed while it was checked" in author.is_refused(check=meanwhile)


def test_a_tier_with_partners_in_it_or_on_their_way_to_it_cannot_go(author: Author) -> None:
    with author.store.write() as tx:
        tx.partners.add([a_partner("Acme")], NOW)
        tx.partners.move("acme", "pilot", Stage.PILOT, TODAY, "Taken over.", NOW)
        tx.partners.move("acme", "active", Stage.ACTIVE, TODAY, "Expanded.", NOW, tier="strategic")
    text = (author.folder / "program.yaml").read_text().replace("growth", "gold").replace("strategic", "platinum")
    (author.folder / "program.yaml").write_text(text)
    author.raises(2)
    growth, strategic = author.is_refused().splitlines()
    assert "program.yaml:106:1: tiers: there is no tier growth any more, and partners enter it until then" in growth
    assert "there is no tier strategic any more, and partners stand in it" in strategic


# Withdrawing


def test_what_is_withdrawn_before_its_day_leaves_in_force_what_was(author: Author) -> None:
    author.waits(100)
    author.raises(2)
    author.publishes()
    withdrawn = withdraw(author.store, 2, "Ada", "No capacity yet", NEXT - DAY, NOW)
    assert (withdrawn.withdrawn_by, withdrawn.withdrawn_because) == ("Ada", "No capacity yet")
    assert withdraw(author.store, 2, "Bob", "Me too", NEXT + DAY, NOW) == withdrawn
    assert Shelf(author.store).in_force(NEXT).program.version == 1
    assert "these files were version 2, which was withdrawn; raise the version" in author.is_refused()


@pytest.mark.parametrize(("version", "today"), [(1, TODAY), (2, NEXT), (2, NEXT + DAY), (1, TODAY - 9 * DAY)])
def test_what_is_in_force_or_was_cannot_be_withdrawn(author: Author, version: int, today: date) -> None:
    author.waits(100)
    author.raises(2)
    author.publishes()
    before = contents(author.store)
    with pytest.raises(Refused, match=f"version {version} is in force since .* what it decided stays decided"):
        withdraw(author.store, version, "Ada", "A slip", today, NOW)
    assert contents(author.store) == before


def test_what_was_never_published_cannot_be_withdrawn(author: Author) -> None:
    with pytest.raises(Refused, match="there is no version 7"):
        withdraw(author.store, 7, "Ada", "A slip", TODAY, NOW)


# The first start, and midnight


def test_the_first_start_publishes_once(store: Store, default_program: LoadedProgram) -> None:
    publish_first(store, default_program, TODAY, NOW)
    before = contents(store)
    publish_first(store, changed_program(default_program), TODAY, NOW)
    assert contents(store) == before


@pytest.mark.parametrize(
    ("zone", "next_zone", "last"),
    [
        ("UTC", "UTC", datetime(2017, 3, 31, 23, 59, 59, tzinfo=UTC)),
        ("Pacific/Auckland", "UTC", datetime(2017, 3, 31, 10, 59, 59, tzinfo=UTC)),
        ("America/Los_Angeles", "Pacific/Auckland", datetime(2017, 4, 1, 6, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_version_comes_into_force_at_midnight_by_the_clock_of_the_one_before(
    store: Store, default_program: LoadedProgram, zone: str, next_zone: str, last: datetime
) -> None:
    first = in_zone(default_program, zone)
    put_in_force(store, first, TODAY)
    put_in_force(store, in_zone(changed_program(first), next_zone), NEXT)
    for lag in (timedelta(0), timedelta(days=3 * 365)):
        at = [Shelf(store).at(last + lag + timedelta(seconds=second), lag) for second in (0, 1)]
        assert [program.program.version for program in at if program] == [1, 2]


def in_zone(program: LoadedProgram, zone: str) -> LoadedProgram:
    text = program.files["program.yaml"]
    now = next(line for line in text.splitlines() if "timezone:" in line)
    return load_program({**program.files, "program.yaml": text.replace(now, f"    timezone: {zone}")})

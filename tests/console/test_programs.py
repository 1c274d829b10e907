"""Publishing, comparing and withdrawing programs at the command line."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree

import pytest

from operations.publishing import publish_first
from rules.folder import DEFAULT_PROGRAM, LoadedProgram, read_folder
from store.database import Store
from tests.console.conftest import Operator

TODAY = datetime.now(UTC).date()
SOON = TODAY + timedelta(days=9)
BY = ("--by", "Ada", "--note", "More time")


@pytest.fixture
def draft(store: Store, default_program: LoadedProgram, tmp_path: Path) -> Path:
    """Another version of the program that is in force."""
    publish_first(store, default_program, TODAY, datetime.now(UTC))
    folder = copytree(DEFAULT_PROGRAM, tmp_path / "draft")
    change(folder / "program.yaml", "version: 1", "version: 2")
    change(folder / "program.yaml", "deferral_days: 90", "deferral_days: 120")
    return folder


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def rule_of(file: Path, rule: str) -> str:
    """What a policy's file says of a rule."""
    [written] = re.findall(rf"^  - id: {rule}\n(?:    .*\n)+", file.read_text(), re.MULTILINE)
    return str(written)


def publishes(operator: Operator, draft: Path) -> str:
    return operator.sees("program", "publish", str(draft), "--effective", str(SOON), *BY)


def test_a_version_is_published_listed_and_withdrawn(operator: Operator, draft: Path) -> None:
    assert f"from {SOON}" in publishes(operator, draft)
    assert "was published already, by Ada" in publishes(operator, draft)
    assert [(row["version"], row["state"]) for row in operator.gets("program", "list")] == [
        (1, "in force"),
        (2, f"from {SOON}"),
    ]
    page = operator.sees("program", "list").splitlines()
    assert page[1].split()[0] == "1"
    assert page[2].endswith(f"{SOON}  from {SOON}  Ada     More time")
    assert f"until version 2 on {SOON}" in operator.sees("program", "show", "1")

    said = operator.sees("program", "withdraw", "2", "--by", "Bob", "--because", "No capacity")

    assert said == f"Version 2 is withdrawn by Bob: No capacity\nVersion 1 is in force on {SOON}.\n"
    again = operator.sees("program", "withdraw", "2", "--by", "Eve", "--because", "Why not")
    assert "withdrawn by Bob: No capacity" in again
    assert [row["state"] for row in operator.gets("program", "list")] == ["in force", "withdrawn"]
    assert "in force since" in operator.is_refused("program", "withdraw", "1", "--by", "Bob", "--because", "x")


def test_what_is_not_publishable_says_where_and_what_to_do(operator: Operator, draft: Path) -> None:
    change(draft / "policies" / "stall.yaml", "then: stalled", "then: stalld")
    said = operator.is_refused("program", "publish", str(draft), "--effective", str(SOON), *BY)
    assert said.startswith(f"{draft / 'policies' / 'stall.yaml'}:")
    assert "stalld is no outcome; did you mean stalled?" in said
    change(draft / "policies" / "stall.yaml", "then: stalld", "then: stalled # now")
    said = operator.is_refused("program", "publish", str(draft), "--effective", str(SOON), *BY)
    assert said == (
        f"{draft / 'policies' / 'stall.yaml'}:2:1: version: its text is another than when version 1 was published; "
        "write 2\n"
    )
    assert "no day" in operator.is_corrected("program", "publish", str(draft), "--effective", "soon", *BY)
    assert "nothing is said" in operator.is_corrected(
        "program", "publish", str(draft), "--effective", str(SOON), "--by", " ", "--note", "x"
    )


def test_another_clock_is_remarked_on(operator: Operator, draft: Path) -> None:
    assert "The schedules run by the clock" not in publishes(operator, draft)
    change(draft / "program.yaml", "version: 2", "version: 3")
    change(draft / "program.yaml", "timezone: UTC", "timezone: Europe/Berlin")
    assert f"start it again on {SOON}" in publishes(operator, draft)


def test_a_version_comes_back_as_it_was_published(operator: Operator, draft: Path, tmp_path: Path) -> None:
    publishes(operator, draft)
    folder = tmp_path / "back"
    assert operator.sees("program", "show", "2", "--to", str(folder)) == f"{folder} holds version 2.\n"
    files = {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*.yaml")}
    assert files == {str(file.relative_to(draft)): file.read_text() for file in draft.rglob("*.yaml")}
    assert operator.gets("program", "show", "2")["files"] == files
    assert "holds something already" in operator.is_refused("program", "show", "2", "--to", str(folder))
    shown = operator.sees("program", "show", "2")
    assert read_folder(draft).digest[:12] in shown
    assert "pilot-verdict" in shown


def test_what_differs_is_said_in_words_and_in_json(operator: Operator, draft: Path) -> None:
    change(draft / "policies" / "pilot-verdict.yaml", "mutual_deals: {gte: 1}", "mutual_deals: {gte: 2}")
    lines = [" ".join(line.split()) for line in operator.sees("program", "diff", "1", str(draft)).splitlines()]
    assert lines == [
        "From version 1 to 2",
        "",
        "program.yaml",
        "what was is",
        "deferral_days 90 120",
        "",
        "pilot-verdict, version 1 to 1",
        "rule targets_met_together: changed",
        "what was is",
        "mutual_deals.gte 1 2",
    ]
    found = operator.gets("program", "diff", "1", str(draft))
    assert found["values"] == [{"where": "deferral_days", "old": 90, "new": 120}]
    assert found["policies"][0]["rules"][0]["changes"] == [{"where": "mutual_deals.gte", "old": 1, "new": 2}]
    assert operator.sees("program", "diff", str(draft), str(draft)) == "Nothing differs.\n"
    assert "there is no version 7" in operator.is_refused("program", "diff", "1", "7")
    assert "holds no program.yaml" in operator.is_refused("program", "diff", "1", "nowhere")


def test_rules_that_come_go_and_move_are_said_with_what_they_say(operator: Operator, draft: Path) -> None:
    file = draft / "policies" / "stall.yaml"
    silent, overdue = rule_of(file, "partner_silent"), rule_of(file, "evidence_overdue")
    new = "  - id: any_silence\n    when: {days_without_activity: {gt: 99}}\n    then: stalled\n    because: Silence.\n"
    change(file, silent, "")
    change(file, overdue, "")
    change(file, "rules:\n", f"rules:\n{silent}{new}")

    said = [" ".join(line.split()) for line in operator.sees("program", "diff", "1", str(draft)).splitlines()]

    assert said[said.index("stall, version 1 to 1") + 1 :] == [
        "rule partner_silent: moved, now the first",
        "rule any_silence: added, now after partner_silent",
        "when {days_without_activity: {gt: 99}}",
        "then stalled",
        "because Silence.",
        "rule evidence_overdue: removed",
        "when {stage: deferred, days_without_activity: {gt: {fact: patience}}}",
        "then stalled",
        "because The candidate was deferred and nothing has come since.",
        "advice Ask for the evidence that was named, or close the application.",
    ]


def test_two_folders_are_compared_without_a_database(operator: Operator, draft: Path, tmp_path: Path) -> None:
    operator.installation.settings.database_url = f"sqlite:///{tmp_path / 'none.db'}"
    assert "deferral_days" in operator.sees("program", "diff", str(DEFAULT_PROGRAM), str(draft))
    assert "there is no database" in operator.is_refused("program", "diff", "1", str(draft))


def test_before_anything_is_published_the_list_says_so(operator: Operator) -> None:
    assert "Nothing was published yet" in operator.sees("program", "list")
    assert json.loads(operator.sees("program", "list", "--json")) == []


def test_a_program_may_be_published_before_any_worker_has_started(operator: Operator, tmp_path: Path) -> None:
    folder = copytree(DEFAULT_PROGRAM, tmp_path / "draft")
    publishes(operator, folder)
    (first,) = operator.gets("program", "list")
    assert (first["version"], first["state"]) == (1, "in force"), "the first decides what is before its day too"

"""docs/rules.md is true: its excerpts are the example's, its tables the language's, its commands say what it shows."""

import re
import shlex
import subprocess
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from shutil import copytree
from typing import Any, NamedTuple, get_args

import pytest

from intake.mapping import load_map
from rules.folder import LoadedProgram, read_folder
from rules.language.conditions import OPERATORS, Compare, Reader, leaves
from rules.language.facts import FactType
from rules.language.source import read_yaml
from rules.lifecycle import OUTCOMES, QUALIFICATION, supplied
from store.database import Store
from tests.activities.conftest import Office
from tests.console.conftest import Operator

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "rules.md").read_text()
EXAMPLE = DOCS / "examples" / "manufacturing"

ITS_DAY = "2027-01-04"
"""The day on which the guide has a program come into force; whoever follows it takes one that is still to come."""
TODAY = datetime.now(UTC).date()


class Block(NamedTuple):
    """A block of the guide."""

    language: str
    file: str
    """What it is about."""
    text: str


BLOCKS = [
    Block(match[1], match[2], match[3])
    for match in re.finditer(r"^```(\w+) ?(.*)\n((?:.*\n)*?)```$", GUIDE, re.MULTILINE)
]


def table(first_columns: str) -> list[list[str]]:
    """The rows of the table whose first columns are called so, cell by cell."""
    lines = GUIDE[GUIDE.index(f"\n| {first_columns} |") :].strip().split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.fixture(scope="module")
def manufacturing() -> LoadedProgram:
    return read_folder(EXAMPLE)


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "yaml"])
def test_every_excerpt_stands_in_the_example_word_for_word(block: Block) -> None:
    assert f"\n{block.text}" in f"\n{(EXAMPLE / block.file).read_text()}"


def test_the_guide_names_the_five_policies_with_their_outcomes_in_order(manufacturing: LoadedProgram) -> None:
    named = {quoted(policy)[0]: tuple(quoted(outcomes)) for policy, _, outcomes in table("policy | what it decides")}
    assert named == {name: manufacturing.policies[name].outcomes for name in OUTCOMES}


def test_the_guide_shows_every_kind_of_fact_with_values_that_fit_it() -> None:
    shown = {quoted(kind)[0]: quoted(values) for kind, _, values in table("`type`")}
    assert set(shown) == set(get_args(FactType.model_fields["type"].annotation))
    needs: dict[str, dict[str, Any]] = {"decimal": {"places": 2}, "choice": {"of": ["toolmaker"]}}
    for kind, values in shown.items():
        declared = FactType.model_validate({"type": kind, **needs.get(kind, {})})
        assert values
        for value in values:
            declared.encode(read_yaml(value, "guide").data)


def test_the_guide_shows_every_comparison_and_each_can_be_read(manufacturing: LoadedProgram) -> None:
    shown = set()
    for (condition,) in [quoted(cell) for cell, _ in table("in a `when`")]:
        document = read_yaml(condition, "guide")
        reader = Reader(document, manufacturing.policies[QUALIFICATION].facts)
        shown |= {part.operator for part in leaves(reader.read(document.data, ())) if isinstance(part, Compare)}
        assert reader.faults == []
    assert shown == set(OPERATORS)


def test_the_guide_lists_the_facts_that_are_supplied(manufacturing: LoadedProgram) -> None:
    there = {policy: {*facts} for policy, facts in supplied(manufacturing.program).items()}
    there.pop(QUALIFICATION)  # these are the scorecard's, and said in words
    listed: dict[str, set[str]] = {name: set() for name in there}
    for policies, facts, _ in table("for | fact"):
        for name in quoted(policies):
            listed[name].update(quoted(facts))
    assert listed == there


def timeless(text: str) -> str:
    """Without what differs from day to day and with every change of the example: dates, instants and digests."""
    return re.sub(r"\b[0-9a-f]{12}\b", "DIGEST", re.sub(r"\d{4}-\d\d-\d\d( \d\d:\d\d UTC)?", "DAY", text))


class Follower:
    """Somebody who does what the guide says, block by block, in a folder of their own."""

    def __init__(self, operator: Operator, folder: Path) -> None:
        self._operator = operator
        self._program = folder / "my-program"

    def follows(self, block: Block) -> None:
        match block.language:
            case "console":
                for step in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
                    command, _, expected = step.partition("\n")
                    self._sees(command, expected.rstrip("\n"))
            case "diff":
                self._changes(self._program / block.file, block.text.splitlines())
            case "json":
                Path(block.file).write_text(block.text)

    def _sees(self, command: str, expected: str) -> None:
        said = self._types(command.replace(ITS_DAY, str(TODAY + timedelta(days=30))))
        shown = re.escape(timeless(expected)).replace(re.escape("...\n"), "(?:.*\n)*?")
        assert re.fullmatch(shown, timeless(said).rstrip("\n")), f"$ {command}\n{said}"

    def _types(self, command: str) -> str:
        name, *words = shlex.split(command)
        if name == "gatehouse":
            return self._operator.types(*words).output
        return subprocess.run([name, *words], check=True, capture_output=True, text=True).stdout

    @staticmethod
    def _changes(file: Path, lines: list[str]) -> None:
        old, new = ("".join(f"{line[1:]}\n" for line in lines if line[:1] in kept) for kept in (" -", " +"))
        text = file.read_text()
        assert text.count(old) == 1, f"{file} does not hold, or holds twice:\n{old}"
        file.write_text(text.replace(old, new))


@pytest.fixture
def distributors(store: Store, manufacturing: LoadedProgram) -> Office:
    """Where two distributors were signed a week ago."""
    office = Office(store, manufacturing)
    scorecard = load_map(EXAMPLE.parent / "manufacturing-crm.yaml").assume.scorecard
    assert scorecard is not None
    for name, share in (("Norbolt", Decimal("0.27")), ("Ferrolink", Decimal("0.45"))):
        on = TODAY - timedelta(days=7)
        answered = scorecard.model_copy(update={"facts": scorecard.facts | {"regional_share": share}})
        assert office.submits(office.applied(name, on), answered, on=on).ruling.outcome == "sign"
    return office


def test_whoever_follows_the_guide_step_by_step_sees_what_it_shows(
    operator: Operator, distributors: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert distributors
    copytree(EXAMPLE, tmp_path / "docs" / "examples" / "manufacturing")
    monkeypatch.chdir(tmp_path)
    follower = Follower(operator, tmp_path)
    for block in BLOCKS:
        follower.follows(block)

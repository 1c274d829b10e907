"""Seeing at the command line what a draft would change."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree

import pytest

from rules.folder import DEFAULT_PROGRAM, LoadedProgram
from store.database import Store
from tests.activities.conftest import START, Office, day
from tests.console.conftest import Operator, lines
from tests.store.contents import contents
from tests.world import a_scorecard


@pytest.fixture
def office(store: Store, default_program: LoadedProgram) -> Office:
    """Where three have applied: one was signed, and two were declined."""
    office = Office(store, default_program)
    for name, market in (("Acme", 4), ("Bolt", 3), ("Cora", 3)):
        office.submits(office.applied(name), a_scorecard(market=market))
    return office


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    return copytree(DEFAULT_PROGRAM, tmp_path / "draft")


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_movers_are_listed_by_what_becomes_of_them(operator: Operator, office: Office, draft: Path) -> None:
    before = contents(office.store)
    change(draft / "program.yaml", "weight: 60\n          minimum: 4", "weight: 60\n          minimum: 3")

    said = lines(operator.sees("program", "preview", str(draft)))

    assert said[:6] == [
        "Version 1, over 3 recorded decisions",
        "",
        "qualification: decline -> sign: 2",
        "decision as of partner rule then rule now",
        "2 2017-03-01 bolt fit_below_minimum -",
        "3 2017-03-01 cora fit_below_minimum -",
    ]
    assert contents(office.store) == before
    assert "over 0 recorded decisions as of 2017-03-02 or later" in operator.sees(
        "program", "preview", str(draft), "--since", str(START + timedelta(days=1))
    )
    found = operator.gets("program", "preview", str(draft))
    assert [(m["partner"], m["then"]["outcome"], m["now"]["outcome"]) for m in found["movers"]] == [
        ("bolt", "decline", "sign"),
        ("cora", "decline", "sign"),
    ]


def test_a_draft_that_moves_nobody_says_so(operator: Operator, office: Office, draft: Path) -> None:
    assert office.standing("acme")
    said = operator.sees("program", "preview", str(draft))
    assert "Every decision would come out as it did" in said
    assert "Pilots that run, if they were judged today: 0 of 1 otherwise" in said


def test_what_cannot_be_decided_again_is_said_with_its_reason(operator: Operator, office: Office, draft: Path) -> None:
    office.run(office.pilots.judge, office.judges("acme"))
    change(draft / "program.yaml", "days: 60", "days: 90")
    said = lines(operator.sees("program", "preview", str(draft)))
    where = said.index("Cannot be decided again: 1")
    assert said[where + 1 :] == [
        "pilot-verdict, 1: its pilots are judged on day 90, and this one was on day 60",
        "acme (4)",
    ]
    assert "No decision would move" in said


def test_running_pilots_and_tiers_are_shown_before_and_after(operator: Operator, office: Office, draft: Path) -> None:
    for number in range(4):
        created = day(number)
        office.brings("acme", created, qualified_on=created, progressed_on=created)
    operator.installation.lag = datetime.now(UTC) - datetime(2017, 3, 31, 12, tzinfo=UTC)
    change(draft / "program.yaml", "qualified: 6, progressed: 3", "qualified: 4, progressed: 3")

    said = lines(operator.sees("program", "preview", str(draft)))

    where = said.index("Pilots that run, if they were judged today: 1 of 1 otherwise")
    assert said[where + 2] == "acme 30 reset too_few_qualified expand targets_met_together"
    assert "They keep the program that they were agreed on." in said


def test_a_draft_that_cannot_be_read_is_refused(operator: Operator, office: Office, draft: Path) -> None:
    assert office.standing("acme")
    change(draft / "program.yaml", "entry_tier: growth", "entry_tier: grwth")
    assert "there is no tier grwth" in operator.is_refused("program", "preview", str(draft))

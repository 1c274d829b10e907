"""Verifying the ledger, and handing out receipts of it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from console.cli import app
from program.partner import Stage
from rules.folder import LoadedProgram
from store.database import Store
from tests.activities.conftest import START, Office, day
from tests.console.conftest import Operator
from tests.store.vandal import a_vandal
from tests.world import a_scorecard


@pytest.fixture
def office(store: Store, default_program: LoadedProgram) -> Office:
    """Two partners, of which one was signed and one declined, and then one weekly look."""
    office = Office(store, default_program)
    acme, bolt = office.applied("Acme"), office.applied("Bolt")
    assert office.submits(acme, a_scorecard()).stage == Stage.PILOT
    assert office.submits(bolt, a_scorecard(market=2)).stage == Stage.DECLINED
    office.pilots.look_at_week(office.looks(acme, 1))
    return office


def receipt(operator: Operator, number: int, folder: Path) -> Path:
    file = folder / "receipt.json"
    said = operator.sees("decisions", "export", str(number), "--to", str(file))
    assert said == f"{file} holds decision {number}; `gatehouse decisions replay {file}` decides it again.\n"
    return file


def test_a_ledger_that_holds_is_said_to_with_its_head(operator: Operator, office: Office) -> None:
    assert office
    found = operator.gets("decisions", "verify")
    assert (found["checked"], found["last"], found["findings"]) == (3, 3, [])
    assert operator.sees("decisions", "verify") == f"Checked 3 decisions; the last is 3.\nHead: {found['head']}\n"
    assert operator.sees("decisions", "verify", "--since", "3").startswith("Checked 1 decision; the last is 3.\n")
    assert operator.gets("decisions", "verify", "--since", str(day(1)))["checked"] == 1
    assert operator.gets("decisions", "verify", "--head", found["head"].upper())["findings"] == []
    assert operator.gets("decisions", "show", "3")["hash"] == found["head"]


def test_an_empty_ledger_holds(operator: Operator) -> None:
    nothing = {"checked": 0, "last": 0, "head": "0" * 64, "findings": []}
    assert operator.gets("decisions", "verify") == nothing
    assert "there is no decision 7; the last one is 0" in operator.is_refused("decisions", "verify", "--since", "7")


def test_what_was_changed_is_named_and_fails_the_command(operator: Operator, office: Office) -> None:
    head = operator.gets("decisions", "verify")["head"]
    with a_vandal(office.store) as vandal:
        vandal.writes("outcome", 2, b"sign")
        vandal.does("DELETE FROM decisions WHERE number = 3")
    said = "its column outcome says 'sign', its record 'decline'"
    lost = f"no record has the hash {head}; it was changed, or cut off with all that followed it"

    shown = operator.types("decisions", "verify", "--head", head)
    data = operator.types("decisions", "verify", "--head", head, "--json")

    assert (shown.exit_code, shown.stderr) == (1, "2 findings\n")
    assert shown.stdout.startswith(
        f"the ledger: {lost}\ndecision 2 (bolt): {said}\nChecked 2 decisions; the last is 2."
    )
    assert data.exit_code == 1
    assert json.loads(data.stdout)["findings"] == [
        {"number": None, "partner": None, "what": lost},
        {"number": 2, "partner": "bolt", "what": said},
    ]


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--since", "yesterday", "'yesterday' is no day; write year, month and day, such as 2017-03-01"),
        ("--since", "0", "'0' is no day"),
        ("--since", "2017-02-30", "there is no day 2017-02-30 in the calendar"),
        ("--head", "abc", "'abc' is no hash; it has 64 digits and letters from a to f"),
    ],
)
def test_what_is_no_beginning_and_no_head_is_corrected(operator: Operator, option: str, value: str, said: str) -> None:
    assert said in operator.is_corrected("decisions", "verify", option, value)


def test_a_receipt_is_replayed_where_there_is_nothing_else(
    operator: Operator, office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert office
    file = receipt(operator, 2, tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("GATEHOUSE_HOME", str(elsewhere / "none"))
    monkeypatch.setenv("GATEHOUSE_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    monkeypatch.setenv("GATEHOUSE_PROGRAM", str(elsewhere / "no-program"))

    shown = CliRunner().invoke(app, ["decisions", "replay", str(file)], catch_exceptions=False)
    data = CliRunner().invoke(app, ["decisions", "replay", str(file), "--json"], catch_exceptions=False)

    assert (shown.exit_code, data.exit_code) == (0, 0)
    assert shown.stdout.startswith(
        f"Decision 2, qualification of bolt as of {START}, comes out as recorded: decline. Fit with our market"
    )
    assert json.loads(data.stdout) == operator.gets("decisions", "show", "2")
    assert not list(elsewhere.iterdir())


def test_a_receipt_goes_to_standard_output_where_no_file_is_named(operator: Operator, office: Office) -> None:
    written = json.loads(operator.sees("decisions", "export", "1"))
    assert list(written) == ["number", "previous", "hash", "record", "program"]
    assert written["program"] == office.program.files
    assert json.loads(written["record"])["sources"]["market"] == "scorecard 1 of application 1"


def test_a_receipt_that_was_changed_is_refused(operator: Operator, office: Office, tmp_path: Path) -> None:
    assert office
    file = receipt(operator, 2, tmp_path)
    good = file.read_text()
    for old, new, said in (
        ('\\"market\\":2', '\\"market\\":5', "its number, record and previous hash do not give its hash"),
        ("minimum: 3.5", "minimum: 1.5", "the files of its program are not those that the decision was made by"),
    ):
        assert old in good
        file.write_text(good.replace(old, new, 1))
        assert operator.is_refused("decisions", "replay", str(file)) == f"error: {file}: it was changed: {said}\n"


def test_what_cannot_be_read_or_written_is_said(operator: Operator, office: Office, tmp_path: Path) -> None:
    assert office
    nowhere = str(tmp_path / "none" / "receipt.json")
    assert f"{nowhere} cannot be written: No such file" in operator.is_refused(
        "decisions", "export", "1", "--to", nowhere
    )
    assert f"{nowhere} cannot be read: No such file" in operator.is_refused("decisions", "replay", nowhere)
    assert f"{tmp_path} cannot be read: Is a directory" in operator.is_refused("decisions", "replay", str(tmp_path))
    assert "there is no decision 9" in operator.is_refused("decisions", "export", "9")


def test_a_decision_is_shown_with_where_its_facts_came_from(operator: Operator, office: Office) -> None:
    assert office
    shown = operator.gets("decisions", "show", "3")
    assert shown["settle"] is True
    assert shown["sources"]["checkpoint"] == shown["sources"]["qualified_opportunities"] == "opportunities"
    assert shown["sources"]["expected_qualified"] == "terms of pilot 1 of application 1"
    assert set(shown["sources"]) == set(shown["facts"])
    page = operator.sees("decisions", "show", "3")
    assert "And these events: checkpoint, from opportunities" in page
    assert "program version 1 (" in page
    assert shown["hash"] in page
    assert max(map(len, page.splitlines())) <= 100


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE decisions SET record = replace(record, 'Fit with', 'Not with') WHERE number = 2",
        "UPDATE decisions SET hash = 'none' WHERE number = 2",
        "UPDATE programs SET files = '{}'",
        "UPDATE programs SET files = 'none'",
    ],
)
def test_no_receipt_is_given_of_what_was_changed(operator: Operator, office: Office, statement: str) -> None:
    with a_vandal(office.store) as vandal:
        vandal.does(statement)
    refused = operator.is_refused("decisions", "export", "2")
    assert (
        "decision 2 is not as it was recorded; `gatehouse decisions verify --since 2` says what was changed" in refused
    )

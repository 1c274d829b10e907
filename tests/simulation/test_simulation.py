"""A CRM export, lived through: the verdicts are those of a separate calculation, and nobody sees the future."""

import csv
import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from console import simulating
from console.cli import app
from console.installation import Installation
from measure.verdicts import counted, verdicts
from settings import Settings
from simulation.report import Report

DATA = Path(__file__).parent.parent / "intake" / "data"
TEAMS, PIPELINE = DATA / "teams.csv", DATA / "pipeline.csv"
MAP = Path(__file__).parent.parent.parent / "docs" / "examples" / "maven-crm.yaml"
FIRST, LAST = date(2023, 2, 1), date(2023, 10, 5)
"""From the middle of a quarter to the first days of another."""


def command(*more: str, pipeline: Path = PIPELINE, crm: Path = MAP) -> list[str]:
    files = ["--partners", str(TEAMS), "--opportunities", str(pipeline), "--map", str(crm)]
    return ["simulate", *files, "--from", str(FIRST), "--to", str(LAST), "--targets", "qualified=2,progressed=1", *more]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the simulation leaves its database."""
    return tmp_path_factory.mktemp("simulated") / "home"


@pytest.fixture(scope="module")
def report(home: Path) -> dict[str, Any]:
    """Of the export, with two direct deals in it."""
    pipeline, crm = home.parent / "pipeline.csv", home.parent / "map.yaml"
    with PIPELINE.open(newline="") as file:
        header = next(csv.reader(file))
    direct = {"deal_stage": "Won", "engage_date": "2023-04-03", "close_date": "2023-05-03", "close_value": "700"}
    rows = [",".join({**direct, "opportunity_id": name}.get(column, "") for column in header) for name in ("D1", "D2")]
    pipeline.write_text(PIPELINE.read_text().rstrip("\n") + "\n" + "\n".join(rows) + "\n")
    crm.write_text(MAP.read_text().replace("  # without_partner:", "  without_partner:"))
    told = command("--json", "--keep", str(home), pipeline=pipeline, crm=crm)
    result = CliRunner().invoke(app, told, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture(scope="module")
def deals() -> list[dict[str, str]]:
    with PIPELINE.open(newline="") as file:
        return list(csv.DictReader(file))


def events(life: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [event for event in life["events"] if event["kind"] == kind]


def test_every_verdict_is_that_of_a_separate_calculation(report: dict[str, Any], deals: list[dict[str, str]]) -> None:
    for life in report["partners"]:
        own = [deal for deal in deals if deal["sales_agent"] == life["name"]]
        given = [(event["date"], event["outcome"]) for event in events(life, "verdict")]
        assert given == verdicts(own, FIRST, LAST, qualified=2, progressed=1), life["name"]
    outcomes = {event["outcome"] for life in report["partners"] for event in events(life, "verdict")}
    assert outcomes == {"expand", "reset", "exit"}


def test_partners_are_qualified_looked_at_weekly_and_judged_on_day_60(report: dict[str, Any]) -> None:
    for life in report["partners"]:
        assert [event["date"] for event in events(life, "qualification")] == [str(FIRST)]
        checkpoints = [date.fromisoformat(event["date"]) for event in events(life, "checkpoint")][:8]
        assert [(day - FIRST).days for day in checkpoints] == [7, 14, 21, 28, 35, 42, 49, 56]
        assert (date.fromisoformat(events(life, "verdict")[0]["date"]) - FIRST).days == 60


def test_each_quarter_re_scores_those_who_are_active_and_all_dates_lie_in_the_export(report: dict[str, Any]) -> None:
    assert [quarter["quarter"] for quarter in report["quarters"]] == ["2023Q2", "2023Q3"]
    for quarter in report["quarters"]:
        ended = "2023-06-30" if quarter["quarter"] == "2023Q2" else "2023-09-30"
        moved = [life for life in report["partners"] if any(e["date"] == ended for e in events(life, "tier"))]
        assert sum(quarter["moves"].values()) == len(moved) > 0
    dates = {event["date"] for life in report["partners"] for event in life["events"]}
    assert str(FIRST) <= min(dates)
    assert max(dates) <= str(LAST)


def test_who_is_judged_to_leave_leaves_after_its_notice(report: dict[str, Any]) -> None:
    left = [life for life in report["partners"] if any(e["outcome"] == "exit" for e in events(life, "verdict"))]
    assert left
    for life in left:
        day = date.fromisoformat(events(life, "verdict")[-1]["date"])
        assert [(date.fromisoformat(e["date"]) - day).days for e in events(life, "exit")] == [14]
        assert life["stage"] == "exited"


def test_what_is_assumed_and_what_was_read_is_said(report: dict[str, Any]) -> None:
    said = " ".join(report["assumptions"])
    for assumption in ("scorecard of the map", "2 qualified", "both sides worked", "25 mapped", "2 joint plays"):
        assert assumption in said
    assert report["rows"] == {"read": 62, "used": 57, "undated": 5, "rejected": 0}


def reported(home: Path, *more: str) -> Any:
    """What a report says of the simulation that was kept."""
    installation = Installation(Settings(home=home, database_url=None))
    result = CliRunner().invoke(app, ["report", *more, "--json"], obj=installation, catch_exceptions=False)
    installation.close()
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def rows_of(told: dict[str, Any], table: str) -> dict[str, dict[str, Any]]:
    (found,) = [one for one in told["tables"] if one["table"] == table]
    return {row["row"]: row for row in found["rows"]}


@pytest.mark.usefixtures("report")
def test_a_simulation_that_is_kept_can_be_reported_on(home: Path, deals: list[dict[str, str]]) -> None:
    told = reported(home, "pipeline", "--quarter", "2023Q2", "--by", "quarter")

    for quarter, months in (("2023Q1", ("01", "02", "03")), ("2023Q2", ("04", "05", "06"))):
        prefixes = tuple(f"2023-{month}" for month in months)
        brought = [deal for deal in deals if deal["engage_date"].startswith(prefixes)]
        closed = [deal for deal in deals if deal["engage_date"] and deal["close_date"].startswith(prefixes)]
        won = [deal for deal in closed if deal["deal_stage"] == "Won"]
        assert rows_of(told, "sourced")[quarter]["brought"] == len(brought)
        row = rows_of(told, "closed")[quarter]
        assert (row["won"], row["lost"]) == (len(won), len(closed) - len(won))
        assert float(row["revenue"]) == sum(float(deal["close_value"]) for deal in won)
    direct = rows_of(told, "closed")["2023Q2 direct"]
    assert (direct["won"], direct["lost"], float(direct["revenue"]), float(direct["cycle"])) == (2, 0, 1400, 30)


def test_reports_count_the_verdicts_that_were_given(home: Path, report: dict[str, Any]) -> None:
    given = Counter(event["outcome"] for life in report["partners"] for event in events(life, "verdict"))
    quarters = rows_of(reported(home, "pilots", "--quarter", "2023Q3"), "quarters").values()
    assert {verdict: sum(row[verdict] for row in quarters) for verdict in given} == given
    without_quarter = reported(home, "hours")
    assert without_quarter["quarter"].startswith("2023"), "the last quarter of which there is anything"
    assert rows_of(without_quarter, "tiers")


@pytest.mark.usefixtures("report")
def test_what_a_number_was_made_from_is_shown_with_commands_that_show_more(home: Path) -> None:
    for told in reported(home, "all", "--quarter", "2023Q3"):
        table = next(one for one in told["tables"] if one["rows"])
        row, column = table["rows"][-1], table["columns"][0]["id"]
        name, *options = told["command"].split()[2:]
        traced = reported(home, name, *options, "--behind", f"{table['table']}/{row['row']}/{column}")
        assert traced["value"] == row[column]
        assert all(part["command"].startswith("gatehouse ") for part in traced["behind"])
        assert traced["behind"] or not traced["value"]
    won = reported(home, "pipeline", "--behind", "closed/all/won", "--quarter", "2023Q2")["behind"][0]["facts"]
    assert all(fact["won"] and fact["from"] == "export" and fact["learned"] for fact in won)
    signed = reported(home, "gate", "--behind", "quarters/2023Q1/signed", "--quarter", "2023Q3")["behind"][0]["facts"]
    assert {fact["outcome"] for fact in signed} == {"sign"}


def test_a_deal_on_the_edge_of_a_pilot_counts_as_the_words_say() -> None:
    deal = {"engage_date": "2023-02-01", "deal_stage": "Won", "close_date": "2023-04-01"}
    assert counted([deal], FIRST) == (1, 1)
    assert counted([{**deal, "close_date": "2023-04-02"}], FIRST) == (1, 0)
    assert counted([{**deal, "engage_date": "2023-04-02"}], FIRST) == (0, 0)


def test_a_person_reads_a_table_and_a_timeline(report: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    async def lived_through_already(*_: object) -> Report:
        return Report.model_validate({name: report[name] for name in Report.model_fields})

    monkeypatch.setattr(simulating, "simulate", lived_through_already)
    result = CliRunner().invoke(app, command("--timeline", "casa-orbita"), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    rows = "60 rows read, 55 used, 5 undated, 0 rejected"
    for words in ("Casa Órbita", "2023-04-02 reset", "Re-scores", "Assumed", rows):
        assert words in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--targets", "qualified=2"], "write both"),
        (["--to", "2023-01-31"], "has no days"),
        (["--timeline", "nobody"], "nobody is not among the partners"),
        (["--map", "missing.yaml"], "missing.yaml"),
        (["--from", "2023-02-30"], "there is no day"),
        (["--keep", str(DATA)], "holds something already"),
    ],
)
def test_a_simulation_that_cannot_be_is_refused(wrong: list[str], said: str) -> None:
    result = CliRunner().invoke(app, command(*wrong))
    assert result.exit_code in {1, 2}
    assert said in " ".join(result.stderr.replace("│", " ").split())

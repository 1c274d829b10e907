"""The command as a process: what it prints where, and how it ends."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from console import cli
from store import database
from tests.console.conftest import NOBODY, Operator

GATEHOUSE = Path(sys.executable).with_name("gatehouse")


def gatehouse(home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [GATEHOUSE, *command],
        env={"PATH": os.environ["PATH"], "GATEHOUSE_HOME": str(home), "GATEHOUSE_TEMPORAL_ADDRESS": NOBODY},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_database_is_made_on_request_only(tmp_path: Path) -> None:
    missing = gatehouse(tmp_path, "partner", "list")

    assert missing.returncode == 1
    assert missing.stdout == ""
    assert missing.stderr == (
        f"error: there is no database at sqlite:///{tmp_path}/gatehouse.db yet; "
        "`gatehouse up` and `gatehouse migrate` make it\n"
    )
    assert not list(tmp_path.iterdir())
    assert gatehouse(tmp_path, "migrate").returncode == 0
    listed = gatehouse(tmp_path, "partner", "list", "--json")
    assert (listed.returncode, json.loads(listed.stdout), listed.stderr) == (0, [], "")


def test_a_filter_ends_quietly_when_nobody_reads_on(tmp_path: Path) -> None:
    policy = Path(__file__).parents[2] / "rules" / "default" / "policies" / "stall.yaml"
    facts = tmp_path / "facts.jsonl"
    facts.write_text('{"stage": "active"}\n' * 5000)

    shell = subprocess.run(
        ["sh", "-c", '"$0" rules decide "$1" "$2" | head -n 1', GATEHOUSE, policy, facts],
        capture_output=True,
        text=True,
        check=False,
    )

    assert json.loads(shell.stdout)["outcome"] is None
    assert shell.stderr == ""


def test_ctrl_c_ends_a_command_with_its_own_code(tmp_path: Path) -> None:
    policy = Path(__file__).parents[2] / "rules" / "default" / "policies" / "stall.yaml"
    with subprocess.Popen(
        [GATEHOUSE, "rules", "decide", str(policy), "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"{}\n")
        process.stdin.flush()
        assert b"outcome" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.stdin.close()
        process.wait(10)
        assert process.stderr
        assert (process.returncode, process.stderr.read()) == (130, b"")


def test_a_database_of_a_newer_gatehouse_is_left_alone(operator: Operator, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "gatehouse.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()

    for command in (["partner", "list"], ["apply", "acme"], ["import", "partners", "teams.csv"]):
        assert "was written by a newer Gatehouse" in operator.is_refused(*command)


def test_a_locked_database_is_waited_for_and_then_said_so(
    operator: Operator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teams = tmp_path / "teams.csv"
    teams.write_text("id,name,type,region,owner\nacme,Acme,resell,North,Ada\n")
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    with closing(sqlite3.connect(tmp_path / "gatehouse.db", isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")

        assert operator.gets("partner", "list") == []  # who only reads does not wait
        assert "database is locked" in operator.is_refused("import", "partners", str(teams))
    assert operator.gets("partner", "list") == []


def test_a_file_that_is_no_database_is_said_so(operator: Operator, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("These are notes.\n" * 100)
    operator.installation.settings.database_url = f"sqlite:///{tmp_path / 'notes.txt'}"

    assert "is no SQLite database" in operator.is_refused("partner", "list")


def test_a_setting_that_makes_no_sense_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEHOUSE_THREADS", "many")
    result = CliRunner().invoke(cli.app, ["migrate"])
    assert result.exit_code == 1
    assert "GATEHOUSE_THREADS is 'many'" in result.stderr


def test_a_bug_is_one_line_unless_somebody_looks_for_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(cli, "app", broken)
    monkeypatch.setattr(os, "_exit", sys.exit)  # else the tests end here
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("error: this should not have happened: ZeroDivisionError: on purpose")

    monkeypatch.setenv("GATEHOUSE_LOG_LEVEL", "debug")
    with pytest.raises(ZeroDivisionError):
        cli.main()


def commands(group: object, *before: str) -> list[list[str]]:
    """Every command there is."""
    found = []
    for name, command in getattr(group, "commands", {}).items():
        found += commands(command, *before, name) or [[*before, name]]
    return found


def test_every_command_explains_itself_by_an_example() -> None:
    for command in commands(get_command(cli.app)):
        shown = CliRunner().invoke(cli.app, [*command, "--help"], env={"TERMINAL_WIDTH": "100"})
        assert shown.exit_code == 0
        assert command in (["migrate"], ["up"]) or f"$ gatehouse {' '.join(command)}" in shown.stdout, command


def test_every_command_that_reads_speaks_to_scripts() -> None:
    reading = ["partner list", "partner show", "decisions list", "decisions show", "escalations list"]
    reading += ["rules check", "rules test", "rescore", "import partners", "import opportunities", "import accounts"]
    reading += ["people list", "notices list", "notices show", "import people", "digest"]
    for command in reading:
        assert "--json" in CliRunner().invoke(cli.app, [*command.split(), "--help"]).stdout


def test_what_is_no_argument_is_corrected_in_plain_words(operator: Operator) -> None:
    assert "Invalid value for 'DECISION': a whole number has to stand here" in operator.is_corrected("explain", "abc")
    said = operator.is_corrected("escalations", "list", "--state", "shut")
    assert "Invalid value for '--state': 'shut' is not one of 'open'" in said

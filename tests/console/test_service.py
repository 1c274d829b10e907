"""`gatehouse up`, as somebody meets it who has just cloned the project."""

import os
import socket
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

from console import sample
from rules.folder import LoadedProgram
from tests.service import a_service

TODAY = date(2026, 11, 21)


def test_a_newcomer_sees_partners_decided_and_starts_and_stops_as_they_like(tmp_path: Path) -> None:
    with a_service(tmp_path) as service:
        service.until(lambda: service.says("Worth typing next"))
        for words in ("Gatehouse runs here", "Temporal's page  http://127.0.0.1:", "gatehouse decisions list"):
            assert service.says(words)
        assert service.decided >= 20
        assert str(service.runs["temporal"]).startswith("127.0.0.1:")

        another = subprocess.run(
            [sys.executable, "-m", "console.cli", "up"],
            env={**os.environ, "GATEHOUSE_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert another.returncode == 1
        assert "another `gatehouse up` runs" in another.stderr

        assert service.interrupt() == 0
        assert not (tmp_path / "service.json").exists()
        decided = service.decided
        service.start()
        service.until(lambda: service.said("Worth typing next") == 2)
        assert service.decided == decided, "the second start decided something again"
        assert service.said("Loading a made-up roster") == 1


def takes(somebody: socket.socket, host: str, port: int) -> bool:
    """Whether somebody gets a port, as they do once whoever had it is dead."""
    try:
        somebody.bind((host, port))
    except OSError:
        return False
    somebody.listen()
    return True


def test_two_that_start_at_once_keep_to_themselves_and_move_where_somebody_takes_a_port(tmp_path: Path) -> None:
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
    with (
        a_service(tmp_path / "ours", "--no-sample") as ours,
        a_service(tmp_path / "theirs", "--no-sample") as theirs,
    ):
        for service in (ours, theirs):
            service.until(lambda service=service: service.says("Worth typing next"))  # type: ignore[misc]
        assert ours.runs["temporal"] != theirs.runs["temporal"]
        assert ours.runs["namespace"] != theirs.runs["namespace"]

        before = ours.runs
        host, port = str(before["temporal"]).split(":")
        ours.kill("Temporal")
        with socket.socket() as somebody:
            somebody.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            ours.until(lambda: takes(somebody, host, int(port)))
            ours.until(lambda: ours.said("Worth typing next") == 2)
            assert ours.runs["namespace"] == before["namespace"]
            assert ours.runs["temporal"] != before["temporal"]
        assert ours.says("Somebody else has taken Temporal's port")
        assert theirs.said("The Temporal has ended") == 0


def test_the_sample_is_the_same_every_time_and_shows_every_stage(default_program: LoadedProgram) -> None:
    made = sample.make(default_program.program, TODAY)
    assert made == sample.make(default_program.program, TODAY)
    assert made != sample.make(default_program.program, TODAY + timedelta(days=1))
    assert len({s.partner.id for s in made}) == len(made) == 40
    ages = Counter((TODAY - s.pilot_since).days for s in made if s.pilot_since)
    assert ages[23] >= 5, "some are in a pilot on day 23"
    assert ages[60] >= 5, "for some, day 60 is today"
    assert sum(1 for s in made if s.scorecard) >= 5, "some have a scorecard waiting"
    assert sum(1 for s in made if s.applies and not s.scorecard and not s.pilot_since) >= 3, "some have just applied"
    assert any(not s.applies for s in made), "some are not there yet"


def test_what_the_sample_holds_lies_in_the_past_and_within_its_pilots(default_program: LoadedProgram) -> None:
    for made in sample.make(default_program.program, TODAY):
        for opportunity in made.opportunities:
            assert made.pilot_since
            assert made.pilot_since <= opportunity.created_on <= TODAY
            assert not opportunity.closed_on or opportunity.closed_on <= TODAY

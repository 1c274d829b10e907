"""Seeing at the command line what the team's hours carry, and what a re-score would say."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from program.calendar import Quarter
from program.factor import Scale
from program.measures import MEASURES
from rules.language.policy import load_policy
from tests.activities.conftest import Office, at
from tests.activities.test_roster import rated, rescores, wins
from tests.console.conftest import Operator, lines
from tests.store.contents import contents

ROOT = Path(__file__).parent.parent.parent
Q2 = Quarter(year=2017, number=2)


@pytest.fixture
def operator(operator: Operator) -> Operator:
    """On the day after the second quarter of 2017."""
    operator.installation.lag = datetime.now(UTC) - at(date(2017, 7, 1))
    return operator


def test_what_the_hours_carry_is_shown_and_there_for_scripts(operator: Operator, office: Office) -> None:
    assert operator.is_refused("roster", "capacity").startswith("error: no quarter was re-scored with anybody active")
    wins(office, rated(office, "Strong"), Q2)
    wins(office, office.active("Unrated"), Q2, deals=12)
    rescores(office)
    said = lines(operator.sees("roster", "capacity"))
    for line in (
        "Hours of 2017Q3, by the scores of 2017Q2",
        "to give 1280",
        "left over 1220.5",
        "strategic 1 1 52 52",
        "growth 1 1 7.5 7.5",
        "First co-sell manager 320 52 0 0 268",
        "First co-sell manager none -",
        "Programme manager 1: unrated self-serve; 0.2 hours short",
        "unrated 2 growth strategic fit_score",
    ):
        assert line in said, said
    assert "`gatehouse roster ranking --quarter 2017Q2` shows the scores" in said[-2]
    report = operator.gets("roster", "capacity")
    assert [tier["partners"] for tier in report["tiers"]] == [1, 1, 0]


def test_the_ranking_shows_both_axes_with_their_colours(operator: Operator, office: Office) -> None:
    assert operator.is_refused("roster", "ranking", "--quarter", "2017Q2").startswith("error: 2017Q2 was not re-scored")
    wins(office, rated(office, "Strong"), Q2)
    office.active("Silent")
    rescores(office)
    said = lines(operator.sees("roster", "ranking"))
    assert said[0] == "Ranking of 2017Q2"
    assert said[2:4] == [
        "1 strong resell 96.2 100.0 green 75.0 green strategic",
        "2 silent resell 0.0 to 25.0 0.0 to 11.8 red 0.0 to 100.0 red to green self-serve",
    ]
    assert said[1].endswith("by the cut")
    below = " ".join(said[4:])
    assert below.startswith("By the cut: the tier that the score and the hours give.")
    assert below.endswith("`gatehouse roster score PARTNER --quarter 2017Q2` says what a score is made from.")
    first, _ = operator.gets("roster", "ranking", "--quarter", "2017Q2")["partners"]
    assert (first["performance"], first["score"]["missing"]) == ("green", [])


def test_a_re_score_is_shown_before_it_is_made(operator: Operator, office: Office) -> None:
    wins(office, rated(office, "Strong"), Q2)
    office.active("Idle")
    before = contents(office.store)
    said = lines(operator.sees("rescore", "--preview"))
    assert said[0] == "2017Q2 as of 2017-06-30, by what is known now; nothing is written"
    for line in ("strategic 0 1 0 52", "growth 2 1 15 7.5", "win_rate 1", "fit_score 1"):
        assert line in said, said
    assert any("`gatehouse rescore --missing FILE --quarter 2017Q2` writes a sheet" in line for line in said)
    moved, warned = (
        next(number for number, line in enumerate(said) if line.startswith(begins))
        for begins in ("strong up growth strategic", "idle warn growth growth")
    )
    assert moved < warned, "who changes its tier stands first"
    assert [mover["move"] for mover in operator.gets("rescore", "--preview")["movers"]] == ["up", "warn"]
    assert contents(office.store) == before
    rescores(office)
    assert operator.gets("rescore", "--preview")["quarter"] == {"year": 2017, "number": 3}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--quarter", "2017Q4"], "2017Q4 begins on 2017-10-01; there is nothing to score before that day"),
        (["--quarter", "2017Q3", "--as-of", "2017-07-02"], "2017Q3 can be looked at as of 2017-07-01 to 2017-07-01"),
        (["--quarter", "2017Q1"], "2017Q2 is re-scored already, and 2017Q1 would undo what was decided then"),
        (["--quarter", "2017Q2"], "2017Q2 is re-scored and stays as it is; `gatehouse rescore --quarter 2017Q2`"),
    ],
)
def test_what_cannot_be_looked_at_is_refused(operator: Operator, office: Office, asked: list[str], said: str) -> None:
    rescores(office)
    assert said in operator.is_refused("rescore", "--preview", *asked)


def test_a_roster_of_nobody_is_said_to_be_one(operator: Operator, office: Office) -> None:
    assert office.store
    asked = operator.types("rescore", "--preview")
    assert "No partner was active in it." in asked.stdout
    assert "`gatehouse rescore --preview --quarter 2017Q3` looks at the quarter after it." in asked.stderr
    assert "looks at" not in operator.types("rescore", "--preview", "--quarter", "2017Q3").stderr


def test_what_the_guide_shows_of_a_program_stands_in_one_word_for_word() -> None:
    guide = (ROOT / "docs" / "roster.md").read_text()
    programs = [
        (ROOT / folder / "program.yaml").read_text() for folder in ("rules/default", "docs/examples/manufacturing")
    ]
    excerpts = re.findall(r"^```yaml\n((?:.*\n)*?)```$", guide, re.MULTILINE)
    assert len(excerpts) == 5
    [policy] = re.findall(r"^```\n(policy: (?:.*\n)*?)```$", guide, re.MULTILINE)
    assert load_policy(policy, "roster.md").outcomes == ("strategic", "growth")
    for excerpt in excerpts:
        assert any(f"\n{excerpt}" in program for program in programs), excerpt
    factors = table(guide, "`fact`")
    assert [quoted for quoted in factors if quoted in MEASURES] == list(MEASURES)
    assert set(table(guide, "`scale`")) == {*Scale}


def table(guide: str, column: str) -> list[str]:
    """What stands first in each row of a table."""
    rows = guide[guide.index(f"\n| {column} |") :].strip().split("\n\n")[0].splitlines()[2:]
    return [row.split("|")[1].strip().split("`")[1] if "`" in row.split("|")[1] else "" for row in rows]

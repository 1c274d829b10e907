"""Checking a program, running its cases, deciding by a policy: without database and Temporal."""

import json
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from console import deciding
from rules.evaluators import interpreter
from rules.folder import DEFAULT_PROGRAM
from tests.console.conftest import Operator
from tests.rules.test_receipt import FACTS as SILENT

STALL = DEFAULT_PROGRAM / "policies" / "stall.yaml"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A company's own program: a copy of the default one."""
    return copytree(DEFAULT_PROGRAM, tmp_path / "program")


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_the_default_program_has_nothing_to_mend(operator: Operator) -> None:
    assert "nothing to mend" in operator.sees("rules", "check")
    assert operator.gets("rules", "check")["findings"] == []


def test_every_finding_of_a_program_is_listed_with_its_place(operator: Operator, program: Path) -> None:
    change(program / "program.yaml", "entry_tier: growth", "entry_tier: grwth")
    change(program / "policies" / "stall.yaml", "then: stalled", "then: stuck")
    change(program / "cases" / "pilot-verdict.yaml", "outcome: expand", "outcome: exit")
    (program / "cases" / "tier-movement.yaml").rename(program / "cases" / "movement.yaml")

    result = operator.types("rules", "check", str(program))

    assert result.exit_code == 1
    found = [line for line in result.stdout.splitlines() if not line.startswith("    {")]
    assert all(line.startswith(str(program)) for line in found)
    assert any("program.yaml" in line and "entry_tier: there is no tier grwth" in line for line in found)
    assert any("stall.yaml" in line and "stuck is no outcome; did you mean" not in line for line in found)
    assert any("cases/pilot-verdict.yaml" in line and "outcome: expected exit, got expand" in line for line in found)
    assert any("cases/tier-movement.yaml:1:1: missing" in line for line in found)
    assert any("cases/movement.yaml:1:1: there is no policy movement" in line for line in found)
    warnings = sum(" warning: " in line for line in found)
    assert f"{len(found) - warnings} errors, {warnings} warnings" in result.stderr


def test_findings_are_there_for_scripts(operator: Operator, program: Path) -> None:
    change(program / "policies" / "stall.yaml", "better: lower, title", "better: down, title")

    result = operator.types("rules", "check", str(program / "policies" / "stall.yaml"), "--json")

    assert result.exit_code == 1
    (finding,) = json.loads(result.stdout)["findings"]
    assert finding["line"] == 7
    assert finding["where"] == "facts.days_without_activity.better"
    assert set(finding) == {"file", "line", "column", "where", "message", "severity", "rule", "examples"}
    assert (finding["severity"], finding["rule"], finding["examples"]) == ("error", None, [])


def test_a_warning_is_shown_with_facts_that_can_be_decided_and_is_no_failure(operator: Operator, program: Path) -> None:
    change(program / "cases" / "qualification.yaml", "{unsound: true, capacity_score: 2.99}", "{unsound: true}")
    change(program / "cases" / "qualification.yaml", "[risk_of_standing, capacity_short]", "[risk_of_standing]")
    policy = program / "policies" / "qualification.yaml"

    result = operator.types("rules", "check", str(program))

    assert result.exit_code == 0
    said, example = result.stdout.splitlines()
    assert said.startswith(f"{policy}:")
    assert ": warning: rules.capacity_short: overlaps with risk_of_standing:" in said
    assert "0 errors, 1 warning" in result.stderr
    answer = operator.types("rules", "decide", str(policy), "-", stdin=example.strip().encode())
    decided = json.loads(answer.stdout)
    assert (decided["outcome"], decided["rule"], decided["also"]) == ("decline", "risk_of_standing", ["capacity_short"])

    (finding,) = operator.gets("rules", "check", str(program))["findings"]
    assert (finding["severity"], finding["rule"]) == ("warning", "capacity_short")
    assert finding["examples"] == [json.loads(example)]
    assert finding["examples"][0]["capacity_score"] == 2.99


def test_two_partners_are_shown_of_whom_the_better_one_fares_worse(operator: Operator, program: Path) -> None:
    policy = program / "policies" / "stall.yaml"
    change(policy, "better: lower", "better: higher")

    result = operator.types("rules", "check", str(policy))

    assert result.exit_code == 1
    said, *examples = result.stdout.splitlines()
    assert "facts.days_without_activity: better is worse: 45 gives moving, 46 gives stalled" in said
    answers = operator.types("rules", "decide", str(policy), "-", stdin="\n".join(examples).encode())
    assert [json.loads(line)["outcome"] for line in answers.stdout.splitlines()] == ["moving", "stalled"]


def test_a_single_policy_is_proven_by_its_cases_too(operator: Operator, program: Path) -> None:
    (program / "cases" / "stall.yaml").unlink()
    result = operator.types("rules", "check", str(program / "policies" / "stall.yaml"))
    assert result.exit_code == 1
    assert f"{program / 'cases' / 'stall.yaml'}:1:1: missing; stall is proven by cases" in result.stdout


def test_what_is_not_there_cannot_be_checked(operator: Operator, tmp_path: Path) -> None:
    assert "holds no program.yaml" in operator.is_refused("rules", "check", str(tmp_path))
    assert "cannot be read" in operator.is_refused("rules", "check", str(tmp_path / "none.yaml"))


def test_cases_are_counted_by_policy(operator: Operator, program: Path) -> None:
    policies = operator.gets("rules", "test", str(program))
    assert [policy["passed"] for policy in policies] == [True] * 5

    change(program / "cases" / "stall.yaml", "outcome: stalled", "outcome: moving")
    result = operator.types("rules", "test", str(program))

    assert result.exit_code == 1
    assert "expected moving, got stalled" in result.stdout


def test_what_the_cases_show_is_told_by_rule_and_boundary(operator: Operator, program: Path) -> None:
    change(program / "cases" / "stall.yaml", "days_without_activity: 13, patience: 14", "patience: 14")
    file = program / "policies" / "stall.yaml"

    result = operator.types("rules", "test", str(file), "--coverage")

    assert result.exit_code == 0
    assert "stall   6 of 6           6 of 6       17 of 18             96 %" in result.stdout
    (missing,) = (line for line in result.stdout.splitlines() if line.startswith(str(file)))
    assert missing.endswith(
        "rules.scorecard_overdue.when.days_without_activity.gt: no case has days_without_activity just below patience"
        " where the rule turns on it"
    )

    (policy,) = operator.gets("rules", "test", str(file), "--coverage")
    covered = policy["coverage"]
    assert (covered["percent"], covered["shown"], covered["of"]) == (96, 29, 30)
    (boundary,) = covered["rules"][0]["boundaries"]
    assert boundary["boundary"] == "days_without_activity gt patience"
    assert boundary["below"] == []
    assert boundary["at"] == ["An application without a scorecard on the last day of patience still moves"]


def test_cases_that_are_missing_are_suggested_and_pass_once_they_are_pasted(operator: Operator, program: Path) -> None:
    cases = program / "cases" / "stall.yaml"
    change(cases, "days_without_activity: 13, patience: 14", "patience: 14")

    suggested = operator.sees("rules", "test", "--suggest", str(program), "stall")

    assert suggested.splitlines()[0] == f"# {cases}"
    with cases.open("a") as file:
        file.write(suggested)
    (policy,) = operator.gets("rules", "test", str(program), "stall", "--coverage")
    assert (policy["passed"], policy["coverage"]["percent"]) == (True, 100)
    assert f"# {cases}: nothing is missing" in operator.sees("rules", "test", str(program), "stall", "--suggest")
    (policy,) = operator.gets("rules", "test", str(program), "stall", "--suggest")
    assert policy["suggested"] == []


def test_a_policy_without_cases_gets_a_whole_file_suggested(operator: Operator, program: Path) -> None:
    cases = program / "cases" / "tier-movement.yaml"
    cases.unlink()

    cases.write_text(operator.sees("rules", "test", str(program / "policies" / "tier-movement.yaml"), "--suggest"))

    assert "nothing to mend" in operator.sees("rules", "check", str(program / "policies" / "tier-movement.yaml"))


def test_policies_that_are_not_there_cannot_be_tested(operator: Operator, program: Path) -> None:
    said = operator.is_refused("rules", "test", str(program), "stal")
    assert "stal: no such file and no such policy; did you mean stall?" in said
    assert "cannot be read" in operator.is_refused("rules", "test", "none.yaml")


def decided(operator: Operator, *lines: Any) -> list[Any]:
    text = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    result = operator.types("rules", "decide", str(STALL), "-", stdin=text)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_each_line_is_decided_in_order(operator: Operator) -> None:
    assert decided(operator, SILENT, {**SILENT, "patience": 60}, {**SILENT, "patience": None}) == [
        {
            "outcome": "stalled",
            "rule": "partner_silent",
            "also": [],
            "because": "No opportunity of this partner has moved for longer than its tier allows.",
            "possible": ["stalled"],
            "unknown": [],
            "missing": [],
        },
        {
            "outcome": "moving",
            "rule": None,
            "also": [],
            "because": "Something happened recently enough.",
            "possible": ["moving"],
            "unknown": [],
            "missing": [],
        },
        {
            "outcome": None,
            "rule": None,
            "also": [],
            "because": "Not decided: days without activity that are accepted is not known.",
            "possible": ["moving", "stalled"],
            "unknown": ["patience"],
            "missing": ["patience"],
        },
    ]


def test_evaluators_that_disagree_end_it_in_one_sentence(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "fired", lambda _policy, _facts: frozenset({"partner_silent"}))
    result = operator.types("rules", "decide", str(STALL), "-", stdin=json.dumps({**SILENT, "patience": 60}).encode())
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("error: policy stall version 1: durable-rules says that none hold, the interpreter")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"", "empty"),
        (b"stage", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"stage": "active", "stage": "active"}', "stage is given twice"),
        (b'{"patience": NaN}', "NaN is not a number"),
        (b'{"patience": -Infinity}', "-Infinity is not a number"),
        (b'{"patience": 1e999}', "too large"),
        (b'{"patience": 1e9999999999999999999999}', "not a number"),
        (b'{"patience": ' + b"9" * 5000 + b"}", "5000 characters"),
        (b'{"patience": "5"}', "'5' is not a number"),
        (b'{"patience": true}', "True is not a number"),
        (b'{"patience": 5.5}', "not a whole number of days"),
        (b'{"stage": "gone"}', "not one of applied, deferred, active"),
        (b'{"stagee": "active"}', "did you mean stage?"),
        (b"\xff{}", "not UTF-8 at byte 1"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"stage": "' + b"x" * deciding.LONGEST_LINE + b'"}', "longer than 1024 KiB"),
    ],
)
def test_a_line_without_facts_is_an_error_of_its_own(operator: Operator, line: bytes, complaint: str) -> None:
    before, error, after = decided(operator, SILENT, line, SILENT)

    assert before["outcome"] == after["outcome"] == "stalled"
    assert list(error) == ["error"]
    assert complaint in error["error"]


def test_a_policy_that_is_unfit_decides_nothing(operator: Operator, program: Path) -> None:
    change(program / "policies" / "stall.yaml", "policy: stall", "policy: stal")

    said = operator.is_refused("rules", "decide", str(program / "policies" / "stall.yaml"), "-")

    assert f"{program / 'policies' / 'stall.yaml'}:1:1: policy:" in said


def test_facts_that_are_not_there_are_named(operator: Operator, tmp_path: Path) -> None:
    assert "cannot be read" in operator.is_refused("rules", "decide", str(STALL), str(tmp_path / "none.jsonl"))

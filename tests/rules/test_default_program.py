"""The default program, proven by its cases."""

import pytest

from rules.folder import DEFAULT_PROGRAM, LoadedProgram
from rules.lifecycle import OUTCOMES
from rules.verification.cases import load_cases, run_cases
from rules.verification.check import check

CASES = DEFAULT_PROGRAM / "cases"


@pytest.mark.parametrize("name", sorted(OUTCOMES))
def test_every_case_comes_out_as_written_and_no_rule_is_left_unfired(default_program: LoadedProgram, name: str) -> None:
    file = CASES / f"{name}.yaml"
    policy = default_program.policies[name]

    report = run_cases(policy, load_cases(file.read_text(), str(file)))

    assert report.ran > len(policy.rules)
    assert [str(fault) for fault in report.faults] == []


@pytest.mark.parametrize("name", sorted(OUTCOMES))
def test_every_outcome_is_come_to_by_some_case(default_program: LoadedProgram, name: str) -> None:
    cases = load_cases((CASES / f"{name}.yaml").read_text(), f"{name}.yaml")
    assert {case.outcome for case in cases.cases if case.outcome} == set(default_program.policies[name].outcomes)


@pytest.mark.parametrize("name", sorted(OUTCOMES))
def test_every_policy_of_the_default_program_is_fit_to_publish(default_program: LoadedProgram, name: str) -> None:
    policy, file = default_program.policies[name], CASES / f"{name}.yaml"
    cases = load_cases(file.read_text(), str(file))

    assert [str(fault) for fault in check(policy, cases.base) if fault.severity == "error"] == []


def test_nothing_lies_beside_the_policies_that_proves_none() -> None:
    assert {path.name for path in CASES.iterdir()} == {f"{name}.yaml" for name in OUTCOMES}

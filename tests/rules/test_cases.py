import pytest

from program.errors import Refused
from rules.language.policy import Policy
from rules.language.source import Unfit
from rules.verification.cases import load_cases, run_cases

CASES = """\
policy: pilot-verdict
base: {qualified: 10, deals: 1, target: 10, resets_used: 1}
cases:
  - name: A pilot that met its target is expanded
    facts: {}
    outcome: expand
    rule: target_met_together
    fires: [target_met_together]
  - name: A first miss is reset
    facts: {qualified: 9, resets_used: 0}
    outcome: reset
    fires: [first_miss_resets]
  - name: Nobody knows yet
    facts: {deals: null}
    outcome: null
    fires: []
  - name: Nobody will know any more
    facts: {deals: null}
    outcome: exit
    fires: []
    settle: true
"""


def failures(policy: Policy, old: str, new: str) -> list[str]:
    assert old in CASES
    return [str(fault) for fault in run_cases(policy, load_cases(CASES.replace(old, new), "p")).faults]


def test_cases_that_come_out_as_written_pass(policy: Policy) -> None:
    report = run_cases(policy, load_cases(CASES, "pilot-verdict.yaml"))
    assert report.passed
    assert report.ran == 4


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    rule: target_met_together\n", ""),
        ("outcome: exit\n", "outcome: exit\n    rule: null\n"),
        ("outcome: exit\n", "outcome: exit\n    possible: [expand, exit]\n    missing: [deals]\n"),
        ("outcome: null\n", "outcome: null\n    rule: null\n    possible: [expand, exit]\n    missing: [deals]\n"),
    ],
)
def test_what_a_case_leaves_out_may_be_anything_and_null_is_not_left_out(policy: Policy, old: str, new: str) -> None:
    assert failures(policy, old, new) == []


def test_rules_that_hold_together_in_a_case_are_known_to_overlap(policy: Policy) -> None:
    text = CASES.replace("facts: {}\n", "facts: {resets_used: 0}\n").replace(
        "fires: [target_met_together]", "fires: [target_met_together, first_miss_resets]"
    )
    assert run_cases(policy, load_cases(text, "p")).meant == {("target_met_together", "first_miss_resets")}
    wrong = text.replace("outcome: expand", "outcome: reset")
    assert run_cases(policy, load_cases(wrong, "p")).meant == frozenset()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "outcome: expand",
            "outcome: reset",
            "p:4:5: cases.A pilot that met its target is expanded: outcome: expected reset, got expand",
        ),
        (
            "rule: target_met_together",
            "rule: first_miss_resets",
            (
                "p:4:5: cases.A pilot that met its target is expanded: rule: expected first_miss_resets, got"
                " target_met_together"
            ),
        ),
        (
            "fires: [first_miss_resets]",
            "fires: [target_met_together, first_miss_resets]",
            (
                "p:9:5: cases.A first miss is reset: fires: expected target_met_together, first_miss_resets, got"
                " first_miss_resets"
            ),
        ),
        (
            "outcome: reset\n",
            "outcome: reset\n    rule: null\n",
            "p:9:5: cases.A first miss is reset: rule: expected none, got first_miss_resets",
        ),
        (
            "    facts: {deals: null}\n    outcome: exit\n",
            "    facts: {deals: null}\n    outcome: exit\n    possible: [expand]\n",
            "p:17:5: cases.Nobody will know any more: possible: expected expand, got expand, exit",
        ),
        (
            "    facts: {deals: null}\n    outcome: null\n",
            "    facts: {deals: null}\n    outcome: null\n    possible: [expand, exit]\n    missing: []\n",
            (
                "p:13:5: cases.Nobody knows yet: missing: expected none, got deals; Not decided: deals both sides"
                " worked is not known."
            ),
        ),
        (
            "outcome: null",
            "outcome: exit",
            (
                "p:13:5: cases.Nobody knows yet: outcome: expected exit, got none; Not decided: deals both sides worked"
                " is not known."
            ),
        ),
        (
            "facts: {qualified: 9, resets_used: 0}",
            "facts: {qualified: 9.5, reset_used: 0}",
            (
                "p:9:5: cases.A first miss is reset: reset_used is not declared; did you mean resets_used?; qualified:"
                " 9.5 is not a whole number, 0 or more"
            ),
        ),
    ],
)
def test_a_case_that_comes_out_otherwise_fails_with_its_place(policy: Policy, old: str, new: str, message: str) -> None:
    assert failures(policy, old, new)[0] == message


def test_a_rule_that_no_case_fires_does_not_pass(policy: Policy) -> None:
    text = CASES.replace(
        "resets_used: 0}\n    outcome: reset\n    fires: [first_miss_resets]",
        "resets_used: 1}\n    outcome: exit\n    fires: []",
    )
    report = run_cases(policy, load_cases(text, "p"))
    assert report.failures == ()
    assert [str(fault) for fault in report.never_fired] == [
        "pilot-verdict.yaml:18:5: rules.first_miss_resets: no case fires it; add a case in which it holds"
    ]
    assert not report.passed


def test_cases_of_another_policy_are_refused(policy: Policy) -> None:
    with pytest.raises(Refused, match="these are cases of other, not of pilot-verdict"):
        run_cases(policy, load_cases(CASES.replace("policy: pilot-verdict", "policy: other"), "p"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    outcome: expand\n", "", "p:4:5: cases.A pilot that met its target is expanded.outcome: missing; add it"),
        ("fires: [target", "fired: [target", "fired: unknown key; did you mean fires?"),
        ("settle: true", "settle: yes", "p:21:5: cases.Nobody will know any more.settle: "),
        (
            "Nobody knows yet",
            "A first miss is reset",
            "p:13:5: cases.A first miss is reset.name: another case is called so",
        ),
        ("policy: pilot-verdict", "policy: Pilot", "p:1:1: policy: has to match"),
    ],
)
def test_a_case_file_with_faults_is_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(Unfit) as refusal:
        load_cases(CASES.replace(old, new), "p")
    assert message in str(refusal.value)


def test_a_case_file_is_called_like_its_policy() -> None:
    with pytest.raises(Unfit, match=r"other\.yaml:1:1: policy: the file is called other; give both the same name"):
        load_cases(CASES, "other.yaml")

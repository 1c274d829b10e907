"""What cases show of a policy, and the cases that are suggested for the rest."""

from itertools import chain

import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from rules.folder import DEFAULT_PROGRAM, LoadedProgram
from rules.language.conditions import Sequence, leaves
from rules.language.policy import Policy, load_policy
from rules.language.source import Unfit
from rules.lifecycle import OUTCOMES
from rules.verification.cases import CaseFile, load_cases, run_cases
from rules.verification.check import check
from rules.verification.coverage import Coverage, cover
from rules.verification.goals import Decides, Holds, Turns
from rules.verification.suggest import as_yaml, suggest
from tests.rules.language import flow, loaded, policies

CASES = DEFAULT_PROGRAM / "cases"

POLICY = """\
policy: small
version: 1
owner: team
title: Small
facts:
  deals: {type: count, title: deals of both sides}
  target: {type: decimal, places: 2, min: 0, title: what was agreed}
  share: {type: ratio}
  open: {type: flag}
events:
  visit: {week: {type: count}, moved: {type: flag}}
outcomes: [up, down]
otherwise: down
rules:
  - id: met
    when: {deals: {gte: {fact: target}}, open: true}
    then: up
    because: So.
  - id: large
    when: {share: {gt: 25%}, open: false}
    then: up
    because: So.
  - id: quiet
    when: {sequence: {of: visit, by: week, length: 2, each: {moved: false}}}
    then: down
    because: So.
"""
BASE = "base: {deals: 3, target: 3.00, share: 0, open: false, visit: []}"


@pytest.fixture
def small() -> Policy:
    return load_policy(POLICY, "small.yaml")


def cases(*facts: str) -> CaseFile:
    """Cases of these facts that come out as written, whatever that is."""
    policy = load_policy(POLICY, "small.yaml")
    text = f"policy: small\n{BASE}\ncases:\n"
    for number, given_facts in enumerate(facts):
        made = load_cases(
            f"policy: small\n{BASE}\ncases:\n  - {{name: x, facts: {given_facts}, outcome: up, fires: []}}\n", "p"
        )
        (fault,) = run_cases(policy, made).failures or ("fires: expected none, got none",)
        said = str(fault)
        outcome = "down" if "outcome: expected up, got down" in said else "up"
        fired = said.rsplit("got ", maxsplit=1)[-1] if "fires:" in said else ""
        fires = "" if fired == "none" else fired
        text += f"  - {{name: Case {number + 1}, facts: {given_facts}, outcome: {outcome}, fires: [{fires}]}}\n"
    return load_cases(text, "small.yaml")


def missing(policy: Policy, made: CaseFile | None) -> list[str]:
    return [f"{fault.where}: {fault.message}" for fault in cover(policy, made).faults]


def test_what_no_case_shows_is_named_where_it_stands(small: Policy) -> None:
    shown = cover(small, cases("{deals: 3, open: true}", "{share: 26%}", "{share: 25%}"))
    met, large, quiet = "small.yaml:16:20", "small.yaml:20:20", "small.yaml:24:12"
    turns = "where the rule turns on it"
    assert [str(fault) for fault in shown.faults] == [
        f"{met}: warning: rules.met.when.deals.gte: no case has deals just below target {turns}",
        f"{met}: warning: rules.met.when.deals.gte: no case has deals just above target {turns}",
        f"{large}: warning: rules.large.when.share.gt: no case has share just below 0.2500 {turns}",
        f"{large}: warning: rules.large.when.share.gt: no case has share just above 0.2500 {turns}",
        f"{quiet}: warning: rules.quiet.when.sequence: no case has visit in a row just below 2 {turns}",
        f"{quiet}: warning: rules.quiet.when.sequence: no case has visit in a row at 2 {turns}",
        f"{quiet}: warning: rules.quiet.when.sequence: no case has visit in a row just above 2 {turns}",
        "small.yaml:23:5: warning: rules.quiet: decides no case",
        "small.yaml:23:5: warning: rules.quiet: holds in no case",
    ]
    assert (shown.share(Holds), shown.share(Decides), shown.share(Turns)) == ((2, 3), (2, 3), (2, 9))
    assert shown.percent == 40


def sides(shown: Coverage, rule: int) -> set[str]:
    """From where a rule's boundary is shown."""
    turns = (goal for goal, by in shown.shown.items() if by and isinstance(goal, Turns))
    return {goal.side for goal in turns if goal.boundary.rule == rule}


@pytest.mark.parametrize(
    ("facts", "side"),
    [
        ("{deals: 2, open: true}", "below"),
        ("{deals: 3, target: 3.01, open: true}", "below"),
        ("{deals: 3, target: 3.99, open: true}", "below"),
        ("{deals: 3, open: true}", "at"),
        ("{deals: 4, open: true}", "above"),
        ("{deals: 4, target: 3.50, open: true}", "above"),
        ("{deals: 5, open: true}", None),
        ("{deals: 3, target: 4.01, open: true}", None),
        ("{deals: 2}", None),
        ("{deals: 3}", None),
    ],
)
def test_a_boundary_is_shown_by_a_case_within_a_unit_of_it_that_turns_on_it(
    small: Policy, facts: str, side: str | None
) -> None:
    shown = cover(small, cases(facts))
    assert sides(shown, 0) == ({side} if side else set())


@pytest.mark.parametrize(
    ("visits", "side"),
    [
        ("[{week: 1, moved: false}]", "below"),
        ("[{week: 1, moved: false}, {week: 3, moved: false}]", "below"),
        ("[{week: 1, moved: false}, {week: 2, moved: false}, {week: 3, moved: true}]", "at"),
        ("[{week: 1, moved: false}, {week: 2, moved: false}, {week: 3, moved: false}]", "above"),
        ("[]", None),
        ("[{week: 1, moved: true}]", None),
    ],
)
def test_the_length_of_a_sequence_is_a_boundary(small: Policy, visits: str, side: str | None) -> None:
    shown = cover(small, cases(f"{{visit: {visits}}}"))
    sides = {
        goal.side for goal, by in shown.shown.items() if by and isinstance(goal, Turns) and goal.boundary.rule == 2
    }
    assert sides == ({side} if side else set())


def test_what_no_facts_can_show_is_not_asked_for() -> None:
    policy = load_policy(POLICY.replace("{gte: {fact: target}}", "{gte: 0, lte: 4}"), "p")
    assert [line for line in missing(policy, None) if ".when.deals" in line] == [
        "rules.met.when.deals.gte: no case has deals at 0 where the rule turns on it",
        "rules.met.when.deals.gte: no case has deals just above 0 where the rule turns on it",
        "rules.met.when.deals.lte: no case has deals just below 4 where the rule turns on it",
        "rules.met.when.deals.lte: no case has deals at 4 where the rule turns on it",
        "rules.met.when.deals.lte: no case has deals just above 4 where the rule turns on it",
    ]


def test_cases_that_could_not_be_decided_show_nothing(small: Policy) -> None:
    case = "{name: Open, facts: {deals: null, open: true}, outcome: null, fires: []}"
    made = load_cases(f"policy: small\n{BASE}\ncases:\n  - {case}\n", "p")
    assert run_cases(small, made).failures == ()
    assert cover(small, made).percent == 0


def test_suggestions_read_as_sentences_and_are_near_the_base(small: Policy) -> None:
    said = as_yaml(suggest(small, cases("{open: true}")).cases)
    assert said.startswith(
        "  - name: With deals of both sides at 2, just below what was agreed at 3, the outcome is down\n"
        "    facts: {deals: 2, open: true}\n"
        "    outcome: down\n"
        "    rule: null\n"
        "    fires: []\n"
        "  - name: With deals of both sides at 4, just above what was agreed at 3, the outcome is up\n"
        "    facts: {deals: 4, open: true}\n"
        "    outcome: up\n"
        "    rule: met\n"
        "    fires: [met]\n"
        "  - name: With share at 0.2499, just below 0.25, the outcome is down\n"
        "    facts: {share: 0.2499}\n"
    )
    assert "  - name: With visit events in a row exactly 2, the outcome is down\n" in said
    assert "  - name: Where met decides over quiet, the outcome is up\n" in said


@pytest.mark.parametrize("name", sorted(OUTCOMES))
def test_suggestions_from_nothing_make_the_default_policies_complete(default_program: LoadedProgram, name: str) -> None:
    policy = default_program.policies[name]
    made = f"policy: {name}\ncases:\n{as_yaml(suggest(policy, None).cases)}"
    read = load_cases(made, f"{name}.yaml")
    report = run_cases(policy, read)
    assert [str(fault) for fault in report.faults] == []
    assert cover(policy, read).percent == 100
    assert check(policy, read.base, report.meant) == []


@pytest.mark.parametrize("name", sorted(OUTCOMES))
def test_the_cases_of_the_default_program_show_everything(default_program: LoadedProgram, name: str) -> None:
    file = CASES / f"{name}.yaml"
    read = load_cases(file.read_text(), str(file))
    policy = default_program.policies[name]
    assert missing(policy, read) == []
    assert check(policy, read.base, run_cases(policy, read).meant) == []
    assert suggest(policy, read).cases == ()


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_suggestions_for_any_policy_make_its_cases_complete_once_they_are_pasted(data: st.DataObject) -> None:
    policy = loaded(data.draw(policies()))
    runs = [leaf.length for rule in policy.rules for leaf in leaves(rule.when) if isinstance(leaf, Sequence)]
    assume(max(runs, default=0) < 16)  # two of these take the solver long, and sometimes too long
    try:
        first = suggest(policy, None)
    except Unfit:
        reject()
    assume(first.cases)
    half = first.cases[: max(1, len(first.cases) // 2)]
    base = data.draw(st.sampled_from(first.cases)).facts
    named = f"policy: random\nbase: {flow(base)}\ncases:\n"
    made = named + as_yaml(half)
    # The base fills in what the cases leave unknown; only those that still come out as written count.
    read = load_cases(made, "random.yaml")
    whole = load_cases(made + as_yaml(suggest(policy, read).cases), "random.yaml")

    report = run_cases(policy, whole)

    assert report.failures == run_cases(policy, read).failures
    possible = set(chain.from_iterable(one.holding for one in report.tried))
    never = {fault.rule for fault in check(policy) if "rule can never hold" in fault.message}
    assert possible | never == {rule.id for rule in policy.rules}
    assert cover(policy, whole).faults == []
    assert not [fault for fault in check(policy, base, report.meant) if "overlaps with" in fault.message]

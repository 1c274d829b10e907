import pytest

from rules.check import check
from rules.policy import Policy, load_policy

HEAD = """\
policy: small
version: 1
owner: team
title: Small
facts:
  deals: {type: count, max: 9}
  share: {type: ratio}
  region: {type: choice, of: [emea, apac]}
  open: {type: flag}
events:
  visit: {week: {type: count}}
outcomes: [up, down]
otherwise: down
rules:
  - id: uses_all
    when: {deals: 1, share: {lt: 10%}, region: emea, open: true, sequence: {of: visit, by: week, length: 2}}
    then: up
    because: So.
"""


def faults(rules: str = "", old: str = "", new: str = "") -> list[str]:
    return [str(fault) for fault in check(load_policy((HEAD + rules).replace(old, new) if old else HEAD + rules, "p"))]


def test_a_policy_in_which_everything_matters_is_fit(policy: Policy) -> None:
    assert check(policy) == []
    assert faults() == []


def test_an_outcome_that_nothing_gives_is_found() -> None:
    assert faults(old="[up, down]", new="[up, side, down]") == [
        "p:12:16: outcomes.2: no rule gives side; add one or remove the outcome"
    ]


def test_facts_and_events_that_no_rule_uses_are_found() -> None:
    found = faults(
        old=", share: {lt: 10%}, region: emea, open: true, sequence: {of: visit, by: week, length: 2}", new=""
    )
    assert [line.split(": ")[1] for line in found] == ["facts.share", "facts.region", "facts.open", "events.visit"]
    assert found[0].startswith("p:7:3: facts.share: no rule uses it; remove it")


def test_a_fact_that_another_is_compared_with_is_used() -> None:
    assert faults(old="deals: 1, share: {lt: 10%}", new="deals: {lt: {fact: share}}") == []


def test_a_conclusion_that_nobody_asks_for_is_found() -> None:
    assert faults("  - {id: idle, when: {deals: 2}, concludes: ready, because: So.}\n") == [
        "p:19:34: rules.idle.concludes: no later rule asks for ready; remove the rule"
    ]


def test_two_rules_of_one_condition_are_found() -> None:
    one = "  - {id: one, when: {deals: 2}, then: up, because: So.}\n"
    two = "  - {id: two, when: {deals: {eq: 2}}, then: down, because: So.}\n"
    assert faults(one + two) == ["p:20:15: rules.two.when: the same condition as one; make them one rule"]


@pytest.mark.parametrize(
    ("when", "fact"),
    [
        ("{deals: {gte: 5, lt: 3}}", "deals"),
        ("{deals: {gt: 3, lt: 4}}", "deals"),
        ("{deals: {gt: 9}}", "deals"),
        ("{deals: {lt: 0}}", "deals"),
        ("{deals: {eq: 3, not: 3}}", "deals"),
        ("{deals: {in: [1, 2], gt: 2}}", "deals"),
        ("{share: {gt: 10%, lt: 5%}}", "share"),
        ("{region: {eq: emea, not: emea}}", "region"),
        ("{region: emea, all: [{region: apac}]}", "region"),
        ("{open: {eq: true, not: true}}", "open"),
        ("{any: [{open: true}, {deals: {gte: 5, lt: 3}}]}", "deals"),
        ("{sequence: {of: visit, by: week, length: 2, each: {week: {gt: 3, lt: 4}}}}", "week"),
    ],
)
def test_a_condition_that_no_value_meets_is_found(when: str, fact: str) -> None:
    assert faults(f"  - {{id: never, when: {when}, then: up, because: So.}}\n") == [
        f"p:19:17: rules.never.when: no value of {fact} meets it; it contradicts itself or the declared limits"
    ]


@pytest.mark.parametrize(
    "when",
    [
        "{deals: {gte: 3, lte: 3}}",
        "{deals: {gt: 3, lt: 5}}",
        "{share: {gt: 0.0001, lt: 0.0003}}",
        "{deals: {in: [1, 3], not: 1}}",
        "{region: {not: emea}}",
        "{any: [{deals: {gte: 5}}, {deals: {lt: 3}}]}",
        "{deals: {gte: {fact: share}, lt: 1}}",
    ],
)
def test_a_condition_that_some_value_meets_is_fit(when: str) -> None:
    assert faults(f"  - {{id: sometimes, when: {when}, then: up, because: So.}}\n") == []


def test_what_the_engine_could_not_run_is_found() -> None:
    many = ", ".join(map(str, range(65)))
    (fault,) = faults(f"  - {{id: many, when: {{share: {{in: [{many}]}}}}, then: up, because: So.}}\n")
    assert "rules.many.when: can hold in 65 ways" in fault

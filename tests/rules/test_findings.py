"""What conditions find in facts."""

from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.evaluators import interpreter
from rules.explanation.findings import Comparison, Conclusion, Either, Held, Reading, Run
from rules.language.conditions import Compare, Condition, Sequence, fold, leaves
from rules.language.facts import EncodedFacts
from rules.language.policy import Policy, load_policy
from tests.rules.language import facts_for, loaded, policies

GATE = """\
policy: gate
version: 1
owner: nobody
title: A gate
facts:
  size: {type: count, title: people}
  least: {type: decimal, places: 1}
  share: {type: ratio}
  late: {type: days}
  owned: {type: flag}
  region: {type: choice, of: [north, south, abroad]}
events:
  visit: {week: {type: count}, late: {type: flag}}
outcomes: [good, bad]
rules:
  - {id: far, when: {region: abroad}, concludes: foreign, because: It is far.}
  - {id: unknown_here, when: {share: {lt: 10%}}, concludes: foreign, because: Nobody knows it.}
  - id: small
    when: {any: [{size: {lt: {fact: least}}}, {late: {gt: 14}, owned: true}, {foreign: true}]}
    then: bad
    because: It is small.
  - {id: late_again, when: {sequence: {of: visit, by: week, length: 3, each: {late: true}}}, then: bad, because: Late.}
otherwise: good
"""
FACTS: dict[str, Any] = {
    "size": 9,
    "least": 9.5,
    "share": "12.5%",
    "late": 20,
    "owned": True,
    "region": "north",
    "visit": [],
}


@pytest.fixture(scope="module")
def gate() -> Policy:
    return load_policy(GATE, "gate.yaml")


def read(policy: Policy, **changes: Any) -> Reading:
    return Reading(policy, policy.encode({**FACTS, **changes}))


def found(policy: Policy, rule: str, **changes: Any) -> Held:
    return read(policy, **changes).held(next(each for each in policy.rules if each.id == rule))


def test_a_comparison_tells_both_values_and_how_far_it_is_from_coming_out_otherwise(gate: Policy) -> None:
    (size,) = found(gate, "small", late=0).findings
    assert isinstance(size, Comparison)
    assert (size.title, size.value, size.operator, size.against) == ("people", 9, "lt", (Decimal("9.5"),))
    assert (size.other, size.holds, size.gap) == ("least", True, 1)


def test_of_alternatives_those_that_hold_are_told(gate: Policy) -> None:
    (either,) = found(gate, "small").findings
    assert isinstance(either, Either)
    assert [[leaf.fact for leaf in branch if isinstance(leaf, Comparison)] for branch in either.branches] == [
        ["size"],
        ["late", "owned"],
    ]
    (size,) = found(gate, "small", owned=False).findings
    assert isinstance(size, Comparison)


def test_a_conclusion_is_followed_back_to_every_rule_that_concluded_it(gate: Policy) -> None:
    (conclusion,) = found(gate, "small", size=10, late=0, region="abroad", share=0.05).findings
    assert isinstance(conclusion, Conclusion)
    assert [(rule.rule, rule.concludes) for rule in conclusion.rules] == [
        ("far", "foreign"),
        ("unknown_here", "foreign"),
    ]
    (share,) = conclusion.rules[1].findings
    assert isinstance(share, Comparison)
    assert (share.value, share.against, share.gap) == (Decimal("0.05"), (Decimal("0.1"),), Decimal("0.05"))


def visits(*weeks: int, late: bool = True) -> list[dict[str, Any]]:
    return [{"week": week, "late": late} for week in weeks]


@pytest.mark.parametrize(
    ("events", "matched", "gap"),
    [
        (visits(5, 3, 4), [3, 4, 5], 1),
        (visits(1, 2, 3, 4, 5), [3, 4, 5], 1),
        (visits(1, 2, 3, 7, 8, 9), [7, 8, 9], 1),
        (visits(1, 2, 3, 7, 8), [1, 2, 3], 1),
        (visits(1, 2, 7, 8), [7, 8], 1),
        (visits(1, 3, 5), [5], 2),
        (visits(1, 3) + visits(2, late=False), [3], 2),
        ([], [], 3),
    ],
)
def test_a_sequence_tells_the_very_events_that_made_it_or_came_nearest(
    gate: Policy, events: list[dict[str, Any]], matched: list[int], gap: int
) -> None:
    rule = gate.rules[-1]
    assert isinstance(rule.when, Condition)
    (sequence,) = (leaf for leaf in leaves(rule.when) if isinstance(leaf, Sequence))
    run = read(gate, visit=events).leaf(sequence)
    assert isinstance(run, Run)
    assert ([event["week"] for event in run.events], run.gap) == (matched, gap)
    assert all(event["late"] for event in run.events)
    assert run.each == "late = yes"
    assert run.holds == (len(matched) == 3)


def test_what_is_unknown_meets_nothing_and_is_told_as_unknown(gate: Policy) -> None:
    reading = read(gate, size=None, least=None)
    (compare,) = (leaf for leaf in leaves(gate.rules[2].when) if isinstance(leaf, Compare) and leaf.fact == "size")
    size = reading.leaf(compare)
    assert isinstance(size, Comparison)
    assert (size.value, size.against, size.holds, size.gap) == (None, (), False, None)


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_conditions_hold_here_where_they_do_for_the_interpreter(data: st.DataObject) -> None:
    policy = loaded(data.draw(policies()))
    encoded = policy.encode(data.draw(facts_for(policy)))
    reading = Reading(policy, encoded)
    held = {rule.id for rule in policy.rules if reading.holds(rule.when)}
    assert held == interpreter.fired(policy, encoded)
    for rule in policy.rules:
        assert all(_holds(finding) for finding in reading.held(rule).findings)
        assert bool(reading.held(rule).findings) == (rule.id in held)


def _holds(finding: Any) -> bool:
    match finding:
        case Either(branches=branches):
            return len(branches) > 1 and all(_holds(each) for branch in branches for each in branch)
        case Conclusion(rules=rules):
            return bool(rules) and all(_holds(each) for rule in rules for each in rule.findings)
        case _:
            return bool(finding.holds)


@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_comparison_comes_out_otherwise_at_its_gap_and_nowhere_nearer(data: st.DataObject) -> None:
    policy = loaded(data.draw(policies()))
    encoded = policy.encode(data.draw(facts_for(policy)))
    reading = Reading(policy, encoded)
    for compare in (leaf for rule in policy.rules for leaf in leaves(rule.when) if isinstance(leaf, Compare)):
        declared, leaf = policy.facts[compare.fact], reading.leaf(compare)
        assert isinstance(leaf, Comparison)
        value = encoded.facts.get(compare.fact)
        if leaf.gap is None or value is None:
            continue
        gap = int(Decimal(leaf.gap).scaleb(declared.places))
        assert gap > 0

        def holds(number: int, compare: Compare = compare) -> bool:
            return interpreter.compares(compare, {**encoded.facts, compare.fact: number}, policy.facts)

        assert {holds(int(value) + gap), holds(int(value) - gap)} != {leaf.holds}
        nearer = [*data.draw(st.lists(st.integers(1 - gap, gap - 1), max_size=20)), gap - 1, 1 - gap]
        assert {holds(int(value) + step) for step in nearer} == {leaf.holds}


def outcome_with(condition: Condition, turned: set[Any], reading: Reading) -> bool:
    """Whether a condition holds where some comparisons and sequences come out otherwise than they do."""

    def truth(leaf: Any) -> bool:
        if isinstance(leaf, Compare | Sequence):
            return reading.leaf(leaf).holds != (leaf in turned)
        return any(outcome_with(rule.when, turned, reading) for rule in reading.concluding[leaf.flag])

    return bool(fold(condition, map(truth, leaves(condition)), all, any))


@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_what_would_have_to_turn_for_a_condition_is_enough_and_no_fewer_are(data: st.DataObject) -> None:
    policy = loaded(data.draw(policies()))
    reading = Reading(policy, policy.encode(data.draw(facts_for(policy))))
    for rule in policy.rules:
        inside = _all_leaves(rule.when, reading)
        for wanted in (True, False):
            turning = reading.turning(rule.when, wanted=wanted)
            assert outcome_with(rule.when, set(turning), reading) == wanted
            assert all(reading.leaf(leaf).holds != wanted for leaf in turning)
            if wanted and len(inside) == len(set(inside)) <= 10:
                sets = (
                    {leaf for leaf, chosen in zip(inside, choice, strict=True) if chosen}
                    for choice in product((False, True), repeat=len(inside))
                    if sum(choice) < len(turning)
                )
                assert not any(outcome_with(rule.when, turned, reading) == wanted for turned in sets)


def test_what_stands_in_the_way_is_told_by_what_a_partner_can_influence(gate: Policy) -> None:
    influenced = load_policy(GATE.replace("owned: {type: flag}", "owned: {type: flag, better: lower}"), "gate.yaml")
    for policy, first in ((gate, "late"), (influenced, "owned")):
        (leaf,) = read(policy, size=10).turning(policy.rules[2].when, wanted=False)
        assert isinstance(leaf, Compare)
        assert leaf.fact == first


def _all_leaves(condition: Condition, reading: Reading) -> list[Compare | Sequence]:
    found: list[Compare | Sequence] = []
    for leaf in leaves(condition):
        if isinstance(leaf, Compare | Sequence):
            found.append(leaf)
        else:
            for rule in reading.concluding[leaf.flag]:
                found += _all_leaves(rule.when, reading)
    return found


def test_a_policy_without_facts_known_finds_nothing(gate: Policy) -> None:
    reading = Reading(gate, EncodedFacts())
    assert not any(reading.holds(rule.when) for rule in gate.rules)

"""Why a ruling came out as it did, what it missed, and what would change it."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rules.decision.decide import decide
from rules.explanation import change
from rules.explanation.explain import Explanation, NearMiss, explain
from rules.explanation.findings import Comparison, Held, Run
from rules.folder import LoadedProgram
from rules.language.conditions import Compare, Concluded, leaves
from rules.language.policy import Policy, load_policy
from rules.language.source import Unfit
from rules.solver.logic import Unproven
from tests.rules.language import Written, facts_for, loaded, policies

MISSED: dict[str, Any] = {"qualified": 21, "deals": 0, "target": 30, "resets_used": 1}


def explained(policy: Policy, facts: dict[str, Any], *, settle: bool = False) -> Explanation:
    return explain(policy, facts, decide(policy, facts, settle=settle))


def lacking(miss: NearMiss | None) -> list[tuple[str, Any, Any]]:
    assert miss
    return [(leaf.fact, leaf.value, leaf.gap) for leaf in miss.lacking if isinstance(leaf, Comparison)]


def in_the_way(miss: NearMiss | None) -> list[tuple[str, list[str]]]:
    assert miss
    return [
        (rule.rule, [leaf.fact if isinstance(leaf, Comparison) else leaf.of for leaf in rule.findings])
        for rule in miss.in_the_way
    ]


def test_the_rule_that_decided_is_told_with_the_values_it_saw(policy: Policy) -> None:
    said = explained(policy, {**MISSED, "resets_used": 0})
    assert said.decided
    assert (said.outcome, said.decided.rule, said.otherwise) == ("reset", "first_miss_resets", False)
    assert (said.because, said.advice) == ("Targets were missed once.", "Agree the fixes.")
    (resets,) = said.decided.findings
    assert isinstance(resets, Comparison)
    assert (resets.title, resets.value, resets.operator, resets.against) == ("resets used", 0, "eq", (0,))


def test_where_no_rule_decided_it_says_that_otherwise_holds(policy: Policy) -> None:
    said = explained(policy, MISSED)
    assert (said.outcome, said.decided, said.otherwise, said.also) == ("exit", None, True, ())


def test_where_a_rule_or_nothing_may_decide_the_same_neither_is_named_alone(text: str) -> None:
    policy = load_policy(text.replace("then: reset", "then: exit"), "pilot-verdict.yaml")
    said = explained(policy, {"qualified": 9, "target": 10, "deals": 1})
    assert (said.outcome, said.decided, said.otherwise) == ("exit", None, False)
    assert said.because == (
        "Whatever is not known yet, one of these holds: Targets were missed once."
        " Or: None of the rules decides otherwise."
    )


def test_the_other_rules_that_hold_are_told_with_what_they_found(policy: Policy) -> None:
    said = explained(policy, {**MISSED, "qualified": 30, "deals": 1, "resets_used": 0})
    assert said.outcome == "expand"
    assert [(held.rule, held.outcome, len(held.findings)) for held in said.also] == [("first_miss_resets", "reset", 1)]
    assert said.better == ()


def test_each_better_outcome_tells_what_it_lacked_and_by_how_much(policy: Policy) -> None:
    expand, reset = explained(policy, MISSED).better
    assert (expand.outcome, reset.outcome) == ("expand", "reset")
    assert lacking(expand.near_miss) == [("qualified", 21, 9), ("deals", 0, 1)]
    assert lacking(reset.near_miss) == [("resets_used", 1, 1)]
    assert expand.change
    assert [(step.fact, step.value, step.needed) for step in expand.change.steps] == [
        ("qualified", 21, 30),
        ("deals", 0, 1),
    ]
    assert (reset.change, reset.proven) == (None, True)


def test_of_an_outcome_that_holds_otherwise_the_rules_that_hold_stand_in_the_way(
    default_program: LoadedProgram,
) -> None:
    policy, facts = candidate(default_program, market=3, motion=3, capacity_score=2)
    sign, defer = explained(policy, facts).better
    assert lacking(sign.near_miss) == lacking(defer.near_miss) == []
    assert in_the_way(sign.near_miss) == [
        ("fit_below_minimum", ["market", "motion"]),
        ("capacity_short", ["capacity_score"]),
    ]
    assert in_the_way(defer.near_miss) == [("fit_below_minimum", ["market", "motion"])]


def test_the_nearest_miss_is_the_one_that_lacks_fewest_conditions() -> None:
    policy = load_policy(
        "{policy: near, version: 1, owner: a, title: b, facts: {x: {type: count}, y: {type: count}, z: {type: count}},"
        " outcomes: [good, bad], rules: ["
        "{id: two, when: {x: {gte: 5}, y: {gte: 5}}, then: good, because: c},"
        "{id: one, when: {z: {gte: 900}}, then: good, because: d}], otherwise: bad}",
        "near.yaml",
    )
    near = explained(policy, {"x": 4, "y": 4, "z": 0}).better[0].near_miss
    assert near
    assert (near.rule, lacking(near), near.conditions) == ("one", [("z", 0, 900)], 1)
    near = explained(policy, {"x": 5, "y": 4, "z": 0}).better[0].near_miss
    assert near
    assert (near.rule, lacking(near)) == ("two", [("y", 4, 1)])


def test_an_outcome_that_no_rule_gives_has_no_near_miss() -> None:
    policy = load_policy(
        "{policy: never, version: 1, owner: a, title: b, facts: {x: {type: count, better: higher}},"
        " outcomes: [good, bad], rules: [{id: one, when: {x: 1}, then: bad, because: c}], otherwise: bad}",
        "never.yaml",
    )
    (good,) = explained(policy, {"x": 1}).better
    assert (good.near_miss, good.change) == (None, None)


def test_an_open_ruling_tells_what_it_waits_for(default_program: LoadedProgram) -> None:
    policy, facts = candidate(default_program, unsound=None, extra_option=None, discount_led=None)
    said = explained(policy, facts)
    assert (said.outcome, said.decided, said.otherwise) == (None, None, False)
    assert set(said.possible) == {"sign", "decline"}
    assert {fact.name for fact in said.missing} == {"unsound", "extra_option", "discount_led"}
    assert said.missing[0].title == policy.title_of(said.missing[0].name)
    assert said.better == ()


def test_what_is_unknown_and_makes_no_difference_is_not_waited_for(default_program: LoadedProgram) -> None:
    policy, facts = candidate(default_program, market=3, unsound=None)
    said = explained(policy, facts)
    assert (said.outcome, said.missing, [fact.name for fact in said.unknown]) == ("decline", (), ["unsound"])
    assert said.better[0].change
    assert said.better[0].change.remaining == ("unsound",)


def test_an_open_ruling_is_told_what_keeps_it_from_what_is_not_possible_any_more(
    default_program: LoadedProgram,
) -> None:
    policy, facts = candidate(default_program, capacity_score=2, unsound=None)
    said = explained(policy, facts)
    assert (said.outcome, said.possible) == (None, ("defer", "decline"))
    (sign,) = said.better
    assert in_the_way(sign.near_miss) == [("capacity_short", ["capacity_score"])]
    assert sign.change
    assert [(step.fact, step.needed) for step in sign.change.steps] == [("capacity_score", 3)]


def test_a_search_that_was_given_up_is_no_proof_that_there_is_nothing(
    policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gives_up(*_: object) -> None:
        raise Unproven("too hard")

    monkeypatch.setattr(change, "_least", gives_up)
    assert [(better.change, better.proven) for better in explained(policy, MISSED).better] == [(None, False)] * 2


def candidate(program: LoadedProgram, **facts: Any) -> tuple[Policy, dict[str, Any]]:
    policy = program.policies["qualification"]
    fine: dict[str, Any] = {name: False if declared.type == "flag" else 4 for name, declared in policy.facts.items()}
    minima = {"minimum_intent_score": 3, "minimum_capacity_score": 3, "minimum_total_score": 3.5}
    return policy, {**fine, **minima, **facts}


# Over random policies


@st.composite
def improvable(draw: st.DrawFn) -> Written:
    """A random policy some of whose facts say which way is better."""
    written = draw(policies())
    for declared in written["facts"].values():
        if declared["type"] != "choice":
            declared.update(draw(st.sampled_from([{}, {"better": "higher"}, {"better": "lower"}])))
    return written


@st.composite
def rulings(draw: st.DrawFn) -> tuple[Policy, Explanation]:
    policy = loaded(draw(improvable()))
    facts = draw(facts_for(policy))
    try:
        return policy, explained(policy, facts, settle=draw(st.booleans()))
    except Unfit:
        assume(False)
        raise


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(rulings())
def test_what_was_lacking_does_not_hold_what_stood_in_the_way_does_and_the_rest_is_met(
    ruled: tuple[Policy, Explanation],
) -> None:
    policy, said = ruled
    rules = {rule.id: rule for rule in policy.rules}
    for better in said.better:
        assert policy.outcomes.index(better.outcome) < policy.outcomes.index(said.outcome or said.possible[0])
        if better.near_miss is None:
            continue
        assert not any(finding.holds for finding in better.near_miss.lacking)
        for rule in better.near_miss.in_the_way:
            assert rule.findings or (said.unknown and said.decided and rule.rule == said.decided.rule)
            assert all(finding.holds for finding in rule.findings)
            assert rules[rule.rule].then == rule.outcome != better.outcome
        assert better.near_miss.conditions or said.unknown
        when = rules[better.near_miss.rule].when if better.near_miss.rule else None
        if when and all(isinstance(leaf, Compare) for leaf in leaves(when)):
            every = {leaf.fact for leaf in leaves(when) if isinstance(leaf, Compare)}
            assert {f.fact for f in better.near_miss.lacking if isinstance(f, Comparison)} <= every
            assert not any(isinstance(leaf, Concluded) for leaf in leaves(when))


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(rulings())
def test_an_explanation_in_json_is_complete(ruled: tuple[Policy, Explanation]) -> None:
    policy, said = ruled
    text = said.model_dump_json()
    assert Explanation.model_validate_json(text).model_dump_json() == text
    data = json.loads(text)
    assert set(data) == set(Explanation.model_fields)
    assert [better["outcome"] for better in data["better"]] == list(
        policy.outcomes[: policy.outcomes.index(said.outcome or said.possible[0])]
    )
    held = [*([data["decided"]] if data["decided"] else []), *data["also"]]
    assert all(set(rule) == set(Held.model_fields) for rule in held)
    assert all(rule["because"] for rule in held)
    for better in data["better"]:
        assert better.keys() >= {"near_miss", "change", "proven"}
        for finding in (better["near_miss"] or {"lacking": []})["lacking"]:
            kind = Comparison if finding["kind"] == "comparison" else Run
            assert set(finding) == set(kind.model_fields)

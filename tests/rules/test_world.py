"""What the solver is told of a policy, held against what the interpreter decides."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from rules.evaluators import interpreter
from rules.language.policy import Policy
from rules.solver.logic import Found, Logic, Unproven, logic_of
from rules.solver.world import World
from tests.rules.language import facts_for, loaded, policies


def found_by(logic: Logic, *formulas: Any, prefer: Iterable[Any] = ()) -> Found | None:
    """What the solver finds. It gives up on long sequences by two fields of an event; such policies are left out."""
    try:
        return logic.find(formulas, prefer)
    except Unproven:
        reject()


def holding(world: World, found: Found) -> frozenset[str]:
    rules = world.logic.policy.rules
    return frozenset(rule.id for rule, holds in zip(rules, world.holds, strict=True) if found.holds(holds))


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_of_facts_that_are_given_the_same_rules_hold_in_formulas_as_for_the_interpreter(data: st.DataObject) -> None:
    policy = loaded(data.draw(policies()))
    encoded = policy.encode(data.draw(facts_for(policy)))
    with logic_of(policy) as logic:
        world = World.of(logic, "given", encoded, settled=True)
        found = found_by(logic, *world.within)
        assert found
        assert holding(world, found) == interpreter.fired(policy, encoded)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_facts_the_solver_finds_are_facts_of_the_policy_and_do_what_it_says(data: st.DataObject) -> None:
    policy = loaded(data.draw(policies()))
    with logic_of(policy) as logic:
        world = World.of(logic, "any", settled=data.draw(st.booleans()))
        number = data.draw(st.sampled_from(range(len(policy.rules))))
        found = found_by(logic, *world.within, world.holds[number], prefer=world.plain())
        if not found:
            return
        encoded = policy.encode(world.read(found))
        assert policy.rules[number].id in interpreter.fired(policy, encoded)
        assert holding(world, found) == interpreter.fired(policy, encoded)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_rule_the_solver_says_never_holds_holds_of_no_facts(data: st.DataObject) -> None:
    policy = loaded(data.draw(policies()))
    with logic_of(policy) as logic:
        world = World.of(logic, "any", settled=True)
        never = {
            rule.id
            for rule, holds in zip(policy.rules, world.holds, strict=True)
            if not found_by(logic, *world.within, holds)
        }
    for facts in data.draw(st.lists(facts_for(policy), min_size=1, max_size=8)):
        assert not never & interpreter.fired(policy, policy.encode(facts))


def test_what_is_known_stays_as_it_is_and_the_rest_may_be_anything(policy: Policy) -> None:
    with logic_of(policy) as logic:
        known = World.of(logic, "known", policy.encode({"qualified": 31, "target": 30, "resets_used": 1}))
        expanding = logic.find([*known.within, known.gives("expand")], known.plain())
        assert expanding
        assert known.read(expanding) == {"qualified": 31, "deals": 1, "target": 30, "resets_used": 1}
        assert not logic.find([*known.within, known.gives("reset")])


def test_two_worlds_alike_but_for_one_fact_differ_in_that_alone(policy: Policy) -> None:
    with logic_of(policy) as logic:
        one = World.of(logic, "one")
        other = World.of(logic, "other", like=one, anew={"deals"})
        found = logic.find([*one.within, *other.within, one.rank < other.rank])
        assert found
        first, second = one.read(found), other.read(found)
        assert {name for name in first if first[name] != second[name]} == {"deals"}


def test_the_smallest_number_is_found(policy: Policy) -> None:
    with logic_of(policy) as logic:
        world = World.of(logic, "one", policy.encode({"deals": 1, "target": 30, "resets_used": 1}))
        found = logic.least([*world.within, world.gives("expand")], world.facts["qualified"])
        assert found
        assert world.read(found)["qualified"] == 30


def test_a_solver_that_gives_up_says_so(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rules.solver.logic.EFFORT", 1)
    logic = Logic(policy)
    world = World.of(logic, "one")
    with pytest.raises(Unproven, match="gave up"):
        logic.find([*world.within, world.facts["qualified"] * world.facts["target"] == 91 * 97, world.undecided])

"""The smallest change that a partner can influence, held against trying all of them."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from program.decision import Ruling
from rules.decision.decide import Disagreement, decide, rule_on
from rules.evaluators import interpreter
from rules.explanation import change
from rules.explanation.change import Change, smallest_change
from rules.folder import LoadedProgram
from rules.language.facts import FactType
from rules.language.policy import Policy
from tests.rules.language import loaded, typed

DOMAINS: dict[str, dict[str, Any]] = {
    "a count with a largest": {"type": "count", "max": 3},
    "a count": {"type": "count"},
    "a whole number": {"type": "integer", "min": -1, "max": 2},
    "a decimal": {"type": "decimal", "places": 1, "min": 1, "max": Decimal("1.4")},
    "a ratio": {"type": "ratio", "min": Decimal("0.0001"), "max": Decimal("0.0004")},
    "a flag": {"type": "flag"},
    "a choice": {"type": "choice", "of": ["north", "south"]},
}
TRIED = 8
"""Values of a count without a largest: more than the rules and three facts compared with one another ask for."""


def domain(declared: FactType) -> list[Any]:
    if declared.type == "flag":
        return [False, True]
    if declared.type == "choice":
        return list(declared.of or ())
    low = int(declared.encode(declared.min)) if declared.min is not None else 0
    high = int(declared.encode(declared.max)) if declared.max is not None else TRIED
    return [declared.decode(number) for number in range(low, high + 1)]


@st.composite
def small_policies(draw: st.DrawFn) -> Policy:
    """A policy of few facts with few values each, and three outcomes."""
    facts: dict[str, Any] = {}
    for number in range(draw(st.integers(1, 3))):
        written = dict(DOMAINS[draw(st.sampled_from([*DOMAINS]))])
        better = draw(st.sampled_from(["higher", "lower", None]))
        facts[f"fact_{number}"] = written | ({"better": better} if better and written["type"] != "choice" else {})
    types = typed(facts)

    def condition() -> dict[str, Any]:
        names = draw(st.lists(st.sampled_from([*facts]), min_size=1, max_size=2, unique=True))
        return {name: draw(_comparison(name, types)) for name in names}

    rules: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 4))):
        when = draw(st.sampled_from([condition, lambda: {"any": [condition(), condition()]}]))()
        rule = {"id": f"rule_{number}", "when": when, "because": "So."}
        rules.append(rule | {"then": draw(st.sampled_from(["best", "fair", "worst"]))})
    if draw(st.booleans()):
        rules.insert(0, {"id": "concluding", "when": condition(), "concludes": "said", "because": "So."})
        rules[-1]["when"] = {"all": [{"said": True}, rules[-1]["when"]]}
    head = {"policy": "random", "version": 1, "owner": "nobody", "title": "Random", "facts": facts}
    otherwise = draw(st.sampled_from(["best", "fair", "worst"]))
    return loaded({**head, "outcomes": ["best", "fair", "worst"], "rules": rules, "otherwise": otherwise})


def _comparison(name: str, types: dict[str, FactType]) -> st.SearchStrategy[Any]:
    few = st.sampled_from(domain(types[name])[:4])
    if not types[name].ordered:
        return few
    others = [{"fact": other} for other, its in types.items() if other != name and its.comparable(types[name])]
    operators = st.sampled_from(["lt", "lte", "gt", "gte", "eq", "not"])
    return st.dictionaries(operators, few | st.sampled_from(others) if others else few, min_size=1, max_size=2)


def facts_of(policy: Policy) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {name: st.sampled_from([*domain(declared)[:4], None]) for name, declared in policy.facts.items()}
    )


def settled(policy: Policy, facts: Mapping[str, Any]) -> str | None:
    return rule_on(policy, interpreter.fired(policy, policy.encode(facts))).outcome


def possible(policy: Policy, facts: Mapping[str, Any], outcome: str) -> bool:
    """Whether what is unknown could turn out so that this is the outcome."""
    unknown = [name for name in policy.facts if facts[name] is None]
    every = product(*(domain(policy.facts[name]) for name in unknown))
    return any(settled(policy, {**facts, **dict(zip(unknown, values, strict=True))}) == outcome for values in every)


def improvements(policy: Policy, facts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All facts that are as good or better."""
    choices = []
    for name, declared in policy.facts.items():
        now, better = facts[name], declared.better
        values = domain(declared) if better and now is not None else [now]
        choices.append([v for v in values if v == now or (better and (v > now) == (better == "higher"))])
    return (dict(zip(policy.facts, values, strict=True)) for values in product(*choices))


def cost(policy: Policy, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[int, Fraction]:
    """How many facts change, and by how much in all, as shares of their range or of their value."""
    changed = [name for name in policy.facts if before[name] != after[name]]
    size = Fraction(0)
    for name in changed:
        declared, now = policy.facts[name], before[name]
        span = Fraction(max(domain(declared))) - Fraction(min(domain(declared)))
        if declared.type == "count" and declared.max is None:
            span = Fraction(now) or Fraction(1)
        size += abs(Fraction(after[name]) - Fraction(now)) / span
    return len(changed), size


@settings(max_examples=80, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_change_really_gives_the_outcome_and_none_is_smaller(data: st.DataObject) -> None:
    policy = data.draw(small_policies())
    facts = data.draw(facts_of(policy))
    outcome = data.draw(st.sampled_from(policy.outcomes))
    ways = (
        after
        for after in improvements(policy, facts)
        if settled(policy, after) == outcome and possible(policy, after, outcome)
    )
    least = min((cost(policy, facts, after) for after in ways), default=None)
    found = smallest_change(policy, facts, outcome) if any(f.better for f in policy.facts.values()) else None
    if found is None:
        assert least is None or not least[0]
        return
    after = changed(facts, found)
    assert cost(policy, facts, after) == least
    assert after in [*improvements(policy, facts)]
    assert decide(policy, after, settle=True).outcome == outcome
    assert decide(policy, after).missing == found.remaining
    assert found.size == pytest.approx(float(least[1]) if least else 0)


def changed(facts: Mapping[str, Any], found: Change) -> dict[str, Any]:
    assert all(facts[step.fact] == step.value for step in found.steps)
    return {**facts, **{step.fact: step.needed for step in found.steps}}


def of_default(program: LoadedProgram, **facts: Any) -> tuple[Policy, dict[str, Any]]:
    """A candidate without fault, but for what is said."""
    policy = program.policies["qualification"]
    fine: dict[str, Any] = {name: False if declared.type == "flag" else 4 for name, declared in policy.facts.items()}
    return policy, {**fine, **facts}


def test_a_declined_candidate_needs_its_rating_at_the_very_minimum(default_program: LoadedProgram) -> None:
    policy, facts = of_default(default_program, market=2, minimum_total_score=3.5)
    found = smallest_change(policy, facts, "sign")
    assert found
    assert [(step.fact, step.value, step.needed) for step in found.steps] == [("market", 2, 4)]
    assert (found.size, found.remaining) == (0.5, ())


def test_fewer_facts_go_before_a_smaller_change() -> None:
    policy = loaded(
        {
            "policy": "random",
            "version": 1,
            "owner": "nobody",
            "title": "Two ways",
            "facts": {name: {"type": "count", "max": 100, "better": "higher"} for name in ("one", "two", "three")},
            "outcomes": ["good", "bad"],
            "rules": [
                {"id": "both", "when": {"one": {"gte": 11}, "two": {"gte": 11}}, "then": "good", "because": "Both."},
                {"id": "alone", "when": {"three": {"gte": 90}}, "then": "good", "because": "Alone."},
            ],
            "otherwise": "bad",
        }
    )
    found = smallest_change(policy, {"one": 10, "two": 10, "three": 10}, "good")
    assert found
    assert [(step.fact, step.needed) for step in found.steps] == [("three", 90)]
    already = smallest_change(policy, {"one": 11, "two": 10, "three": 89}, "good")
    assert already
    assert [(step.fact, step.needed) for step in already.steps] == [("two", 11)]


def test_what_a_partner_cannot_influence_is_not_changed(default_program: LoadedProgram) -> None:
    policy, facts = of_default(default_program, sells_substitute=True, unsound=True)
    assert smallest_change(policy, facts, "sign") is None


def test_what_nobody_knows_stays_unknown_and_is_said_to_remain(default_program: LoadedProgram) -> None:
    policy, facts = of_default(default_program, market=3, unsound=None)
    found = smallest_change(policy, facts, "sign")
    assert found
    assert [(step.fact, step.needed) for step in found.steps] == [("market", 4)]
    assert found.remaining == ("unsound",)


def test_a_change_that_is_decided_otherwise_is_promised_to_nobody(
    default_program: LoadedProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, facts = of_default(default_program, market=3)
    monkeypatch.setattr(change, "decide", lambda *_, **__: Ruling(outcome="decline", rule="risk_of_standing"))
    with pytest.raises(Disagreement) as disagreement:
        smallest_change(policy, facts, "sign")
    assert disagreement.value.facts["market"] == 4
    assert disagreement.value.answers == {
        "both evaluators": frozenset({"risk_of_standing"}),
        "the solver": frozenset(),
    }

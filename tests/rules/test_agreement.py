"""durable-rules and the interpreter, over random policies of the whole language and random facts."""

import json
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rules import interpreter
from rules.engine import Engine
from rules.policy import Policy, load_policy
from rules.source import Unfit

WORDS = ["true", "5", 'say "hi"', "back\\slash", "a", "ab", "größer"]
PLACES = {"count": 0, "integer": 0, "days": 0, "money": 2, "ratio": 4}
LARGE = 9 * 10**12
Names = dict[str, dict[str, Any]]


def flow(data: Any) -> str:
    """Data as YAML."""
    if isinstance(data, dict):
        return "{" + ", ".join(f"{key}: {flow(value)}" for key, value in data.items()) + "}"
    if isinstance(data, list):
        return "[" + ", ".join(map(flow, data)) + "]"
    return f"{data:f}" if isinstance(data, Decimal) else json.dumps(data, ensure_ascii=False)


@st.composite
def fact_types(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["flag", "count", "integer", "decimal", "ratio", "money", "days", "choice"]))
    if kind == "choice":
        return {"type": kind, "of": draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4, unique=True))}
    return {"type": kind, "places": draw(st.integers(0, 6))} if kind == "decimal" else {"type": kind}


def places(declared: dict[str, Any]) -> int:
    return int(PLACES.get(declared["type"], declared.get("places", 0)))


def values(declared: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Few different values, so that equality and limits are met often."""
    kind = declared["type"]
    if kind == "flag":
        return st.booleans()
    if kind == "choice":
        return st.sampled_from(declared["of"])
    unit = Decimal(1).scaleb(-places(declared))
    small = st.integers(0 if kind == "count" else -2, 3)
    numbers = st.one_of(
        small.map(Decimal), small.map(lambda n: n * unit), st.sampled_from([LARGE, LARGE - 1]).map(Decimal)
    )
    return numbers.map(int) if not places(declared) else numbers


@st.composite
def comparisons(draw: st.DrawFn, name: str, types: Names, *, facts: bool = True) -> Any:
    """What stands after a fact's name."""
    declared = types[name]
    ordered = declared["type"] not in ("flag", "choice")
    like = [
        other
        for other, its in types.items()
        if other != name and (its["type"] == declared["type"] or (ordered and its["type"] not in ("flag", "choice")))
    ]
    value = values(declared)
    if facts and like:
        value = st.one_of(value, st.sampled_from(like).map(lambda other: {"fact": other}))
    operators = ["eq", "not", "lt", "lte", "gt", "gte"] if ordered else ["eq", "not"]
    several = st.lists(values(declared), min_size=1, max_size=3, unique=True).map(lambda found: {"in": found})
    return draw(st.one_of(value, several, st.dictionaries(st.sampled_from(operators), value, min_size=1, max_size=2)))


@st.composite
def maps(draw: st.DrawFn, types: Names, flags: list[str], events: Names, depth: int = 2) -> dict[str, Any]:
    """A map of conditions."""
    found: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from([*types, *flags]), max_size=3, unique=True)):
        found[name] = True if name in flags else draw(comparisons(name, types))
    inner = maps(types, flags, events, depth - 1)
    if depth and (not found or draw(st.booleans())):
        group = draw(st.sampled_from(["any", "all"]))
        found[group] = draw(st.lists(inner, min_size=1, max_size=2))
    if events and draw(st.integers(0, 3)) == 0:
        fields = draw(st.lists(st.sampled_from([name for name in events if name != "week"]), max_size=2, unique=True))
        each = {name: draw(comparisons(name, events)) for name in fields}
        found["sequence"] = {"of": "visit", "by": "week", "length": draw(st.integers(2, 3))} | (
            {"each": each} if each else {}
        )
    if not found:
        name = draw(st.sampled_from(list(types)))
        found[name] = draw(comparisons(name, types))
    return found


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    types = {f"fact_{n}": draw(fact_types()) for n in range(draw(st.integers(1, 5)))}
    events: Names = {}
    if draw(st.booleans()):
        events = {"week": {"type": draw(st.sampled_from(["count", "integer", "days"]))}}
        events |= {f"field_{n}": draw(fact_types()) for n in range(draw(st.integers(1, 2)))}
    rules: list[dict[str, Any]] = []
    flags: list[str] = []
    for number in range(draw(st.integers(1, 5))):
        rule = {"id": f"rule_{number}", "when": draw(maps(types, flags, events)), "because": "It holds."}
        if draw(st.integers(0, 2)) == 0:
            flags.append(f"flag_{number}")
            rule["concludes"] = flags[-1]
        else:
            rule["then"] = draw(st.sampled_from(["up", "down"]))
        rules.append(rule)
    head = {"policy": "random", "version": 1, "owner": "nobody", "title": "Random", "facts": types}
    return (
        head
        | ({"events": {"visit": events}} if events else {})
        | {"outcomes": ["up", "down"], "rules": rules, "otherwise": "down"}
    )


@st.composite
def facts_for(draw: st.DrawFn, policy: dict[str, Any]) -> dict[str, Any]:
    facts = {name: draw(st.one_of(*[values(declared)] * 6, st.none())) for name, declared in policy["facts"].items()}
    for kind, fields in policy.get("events", {}).items():
        event = st.fixed_dictionaries({name: values(declared) for name, declared in fields.items()})
        week = st.integers(0, 4).flatmap(lambda n, e=event: e.map(lambda found: found | {"week": n}))  # type: ignore[misc]
        facts[kind] = draw(st.one_of(*[st.lists(week, max_size=6)] * 6, st.none()))
    return facts


def loaded(data: dict[str, Any]) -> Policy:
    return load_policy(flow(data), "random.yaml")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_the_engine_and_the_interpreter_find_the_same_rules(data: st.DataObject) -> None:
    written = data.draw(policies())
    policy = loaded(written)
    try:
        engine = Engine(policy)
    except Unfit:
        assume(False)
    for facts in data.draw(st.lists(facts_for(written), min_size=1, max_size=6)):
        encoded = policy.encode(facts)
        assert engine.fired(encoded) == interpreter.fired(policy, encoded)

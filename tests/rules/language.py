"""Random policies over the whole language, as data and as YAML, and facts at their limits and just beside them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from rules.language import conditions
from rules.language.facts import LARGEST_NUMBER, Encoded, FactType
from rules.language.policy import Policy, load_policy

WORDS = ["true", "5", 'say "hi"', "back\\slash", "a", "ab", "größer", "{fact: a}"]
UNORDERED = ("flag", "choice")
Names = Mapping[str, Mapping[str, Any]]
"""Facts, or the fields of an event, by name."""
Written = dict[str, Any]


def flow(data: Any) -> str:
    """Data as YAML."""
    if isinstance(data, Mapping):
        return "{" + ", ".join(f"{key}: {flow(value)}" for key, value in data.items()) + "}"
    if isinstance(data, list | tuple):
        return "[" + ", ".join(map(flow, data)) + "]"
    if isinstance(data, float | Decimal):
        return f"{Decimal(str(data)):f}"  # YAML knows no 1e-05
    return json.dumps(data, ensure_ascii=False)


def loaded(written: Written) -> Policy:
    return load_policy(flow(written), "random.yaml")


def spellings(declared: FactType, encoded: int) -> list[Any]:
    """A number as people and JSON write it."""
    exact = Decimal(encoded).scaleb(-declared.places)
    found: list[Any] = [exact]
    if exact == int(exact):
        found.append(int(exact))
    if Decimal(str(float(exact))) == exact:
        found.append(float(exact))
    if declared.type == "ratio":
        found.append(f"{exact * 100:f}%")
    return found


def limits(declared: FactType) -> tuple[int, int]:
    """The least and the most a number can be, as the engine sees it."""
    least = 0 if declared.type == "count" else -LARGEST_NUMBER
    low = least if declared.min is None else max(least, declared.min)
    high = LARGEST_NUMBER if declared.max is None else declared.max
    return int(declared.encode(low)), int(declared.encode(high))


def near(declared: FactType, numbers: Iterable[int]) -> list[int]:
    """Numbers, those just below and just above them, and the extremes, as far as the type allows them."""
    low, high = limits(declared)
    unit = 10**declared.places
    candidates = [n + d for n in (*numbers, 0, unit) for d in (-1, 0, 1)] + [low, low + 1, high - 1, high, -unit]
    return sorted({n for n in candidates if low <= n <= high})


def values(declared: FactType, asked: Iterable[Encoded] = ()) -> list[Any]:
    """What is worth trying, given what is asked of it: few values, so that limits are met often."""
    if declared.type == "flag":
        return [True, False]
    if declared.type == "choice":
        return list(declared.of or ())
    numbers = near(declared, [int(value) for value in asked])
    return [spelling for number in numbers for spelling in spellings(declared, number)]


@st.composite
def fact_types(draw: st.DrawFn) -> Written:
    kind = draw(st.sampled_from(["flag", "count", "integer", "decimal", "ratio", "money", "days", "choice"]))
    if kind == "choice":
        return {"type": kind, "of": draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4, unique=True))}
    written: Written = {"type": kind}
    if kind == "decimal":
        written["places"] = draw(st.integers(0, 6))
    if kind != "flag" and draw(st.integers(0, 3)) == 0:
        unit = 10 ** FactType.model_validate(written).places
        low = draw(st.sampled_from([None, 0, 1, unit, LARGEST_NUMBER * unit - 3]))
        high = draw(st.sampled_from([None, 1, unit, 3 * unit, LARGEST_NUMBER * unit]))
        if low is not None:
            written["min"] = Decimal(low) / unit
        if high is not None and high >= (low or 0):
            written["max"] = Decimal(high) / unit
    return written


def typed(types: Names) -> dict[str, FactType]:
    return {name: FactType.model_validate(written) for name, written in types.items()}


@st.composite
def comparisons(draw: st.DrawFn, name: str, types: dict[str, FactType]) -> Any:
    """What stands after a fact's name."""
    declared = types[name]
    own = st.sampled_from(values(declared))
    value = own
    others = [other for other, its in types.items() if other != name and declared.comparable(its)]
    if others:
        value = own | st.sampled_from(others).map(lambda other: {"fact": other})
    operators = ["eq", "not", "lt", "lte", "gt", "gte"] if declared.ordered else ["eq", "not"]
    form = draw(st.sampled_from(["bare", "in", "operators", "operators"]))
    if form == "bare":
        return draw(value)
    several = st.lists(own, min_size=1, max_size=3, unique_by=declared.encode)
    if form == "in":
        return {"in": draw(several)}
    asked = draw(st.dictionaries(st.sampled_from(operators), value, min_size=1, max_size=2))
    return asked | ({"in": draw(several)} if draw(st.integers(0, 5)) == 0 else {})


@st.composite
def sequences(draw: st.DrawFn, events: Mapping[str, dict[str, FactType]]) -> Written:
    kind = draw(st.sampled_from(list(events)))
    fields = events[kind]
    counters = [name for name, declared in fields.items() if declared.ordered and not declared.places]
    length = draw(st.sampled_from([2, 2, 3, 3, 4, 16]))
    written = {"of": kind, "by": draw(st.sampled_from(counters)), "length": length}
    if length < 16 and draw(st.integers(0, 2)):
        written["each"] = draw(maps(fields, [], {}, 1))
    return written


@st.composite
def maps(
    draw: st.DrawFn,
    types: dict[str, FactType],
    flags: Sequence[str],
    events: Mapping[str, dict[str, FactType]],
    depth: int = 2,
) -> Written:
    """A map of conditions."""
    found: Written = {}
    for name in draw(st.lists(st.sampled_from([*types, *flags]), max_size=3, unique=True)):
        found[name] = True if name in flags else draw(comparisons(name, types))
    if events and draw(st.integers(0, 3)) == 0:
        found["sequence"] = draw(sequences(events))
    if depth and (not found or draw(st.integers(0, 2)) == 0):
        group = draw(st.sampled_from(["any", "all"]))
        found[group] = draw(st.lists(maps(types, flags, events, depth - 1), min_size=1, max_size=2))
    if not found:
        name = draw(st.sampled_from(list(types)))
        found[name] = draw(comparisons(name, types))
    return found


@st.composite
def policies(draw: st.DrawFn) -> Written:
    """A policy; some hold in more ways than the engine can run."""
    facts = {f"fact_{n}": draw(fact_types()) for n in range(draw(st.integers(1, 5)))}
    events: dict[str, Written] = {}
    for kind in ["visit", "call"][: draw(st.integers(0, 2))]:
        events[kind] = {"week": {"type": draw(st.sampled_from(["count", "integer", "days"]))}}
        events[kind] |= {f"field_{n}": draw(fact_types()) for n in range(draw(st.integers(0, 2)))}
    kinds = {kind: typed(fields) for kind, fields in events.items()}
    rules: list[Written] = []
    flags: list[str] = []
    for number in range(draw(st.integers(1, 6))):
        rule: Written = {"id": f"rule_{number}", "because": "It holds."}
        if rules and "concludes" in rules[-1] and draw(st.booleans()):
            # Two rules conclude the same; nothing in between may ask for it.
            rule |= {"when": draw(maps(typed(facts), flags[:-1], kinds)), "concludes": flags[-1]}
        else:
            rule["when"] = draw(maps(typed(facts), flags, kinds))
            if draw(st.integers(0, 2)) == 0:
                flags.append(f"flag_{number}")
                rule["concludes"] = flags[-1]
            else:
                rule["then"] = draw(st.sampled_from(["up", "down"]))
        rules.append(rule)
    head = {"policy": "random", "version": 1, "owner": "nobody", "title": "Random", "facts": facts}
    declared = {"events": events} if events else {}
    return {**head, **declared, "outcomes": ["up", "down"], "rules": rules, "otherwise": "down"}


def facts_for(policy: Policy) -> st.SearchStrategy[dict[str, Any]]:
    """Facts of a policy, some of them unknown; events that repeat, and events in a row."""
    leaves = [leaf for rule in policy.rules for leaf in conditions.leaves(rule.when)]
    parts: dict[str, st.SearchStrategy[Any]] = {}
    for name, declared in policy.facts.items():
        found = values(declared, asked_of(name, leaves))
        parts[name] = st.sampled_from([*found, *[None] * (1 + len(found) // 8)])
    for kind, event in policy.events.items():
        asked = [leaf for leaf in leaves if isinstance(leaf, conditions.Sequence) and leaf.of == kind]
        inside = [leaf for sequence in asked for leaf in conditions.leaves(sequence.each)]
        fields = {name: st.sampled_from(values(its, asked_of(name, inside))) for name, its in event.fields.items()}
        parts[kind] = st.one_of(happened(fields), happened(fields), st.none())
    return st.fixed_dictionaries(parts)


def asked_of(name: str, leaves: Iterable[conditions.Leaf]) -> list[Encoded]:
    """The values a fact is compared with."""
    compared = [leaf for leaf in leaves if isinstance(leaf, conditions.Compare)]
    return [value for compare in compared if compare.fact == name for value in compare.values]


@st.composite
def happened(draw: st.DrawFn, fields: Mapping[str, st.SearchStrategy[Any]]) -> list[Written]:
    """Events of one kind: weeks close to one another, in any order, some weeks in a row alike."""
    one = st.fixed_dictionaries({**fields, "week": st.integers(0, 4)})
    events = draw(st.lists(one, max_size=5))
    if draw(st.booleans()):
        alike, first, length = draw(one), draw(st.integers(0, 3)), draw(st.sampled_from([2, 3, 4, 15, 16, 17]))
        row = [{**alike, "week": first + number} for number in range(length)]
        events = [*row, *events] if draw(st.booleans()) else [*events, *reversed(row)]
    return [*events, *draw(st.sampled_from([[], events[:1]]))]

"""What makes a policy that loads unfit to publish: rules that cannot matter, names nobody uses, limits passed."""

from collections.abc import Iterator, Mapping

from rules.conditions import AllOf, Compare, Concluded, Condition, Sequence, walk
from rules.facts import Encoded, FactType
from rules.network import compile_policy
from rules.policy import Policy
from rules.source import Fault, Path, Unfit


def check(policy: Policy) -> list[Fault]:
    """Everything that makes a policy unfit to publish, in the order of its file; empty where it is fit.

    Found are outcomes that nothing gives, facts, events and conclusions that nothing uses, rules with the same
    condition, conditions that contradict themselves, and what the engine could not run safely.
    """
    found = [policy.fault(path, message) for path, message in (*_idle(policy), *_rules(policy))]
    try:
        compile_policy(policy)
    except Unfit as unfit:
        found += unfit.faults
    return sorted(set(found))


def _idle(policy: Policy) -> Iterator[tuple[Path, str]]:
    """What is declared and never matters."""
    given = {rule.then for rule in policy.rules} | {policy.otherwise.then if policy.otherwise else None}
    for index, outcome in enumerate(policy.outcomes):
        if outcome not in given:
            yield ("outcomes", index), f"no rule gives {outcome}; add one or remove the outcome"
    used: set[str] = set()
    for rule in policy.rules:
        used.update(*map(_names, walk(rule.when)))
    for section, names in (("facts", list(policy.facts)), ("events", list(policy.events))):
        for name in names:
            if name not in used:
                yield (section, name), "no rule uses it; remove it, for nothing is decided while it is unknown"
    for index, rule in enumerate(policy.rules):
        if rule.concludes and rule.concludes not in used:
            yield ("rules", index, "concludes"), f"no later rule asks for {rule.concludes}; remove the rule"


def _names(condition: Condition) -> set[str]:
    """The facts, kinds of events and conclusions that a condition itself names."""
    match condition:
        case Compare(fact=fact, other=other):
            return {fact, other or fact}
        case Concluded(flag=flag):
            return {flag}
        case Sequence(of=of):
            return {of}
        case _:
            return set()


def _rules(policy: Policy) -> Iterator[tuple[Path, str]]:
    """Rules that repeat another, and rules that can never hold as a whole or in part."""
    for index, rule in enumerate(policy.rules):
        path = ("rules", index, "when")
        for earlier in policy.rules[:index]:
            if earlier.when == rule.when:
                yield path, f"the same condition as {earlier.id}; make them one rule"
        for part in walk(rule.when):
            yield from ((path, message) for message in _contradictions(part, policy.facts))
            if isinstance(part, Sequence):
                fields = policy.events[part.of].fields
                yield from ((path, message) for inner in walk(part.each) for message in _contradictions(inner, fields))


def _contradictions(condition: Condition, types: Mapping[str, FactType]) -> Iterator[str]:
    """The facts of which a map asks what no value can be."""
    compares = [compare for compare in _together(condition) if compare.other is None]
    for name in dict.fromkeys(compare.fact for compare in compares):
        if not _possible(types[name], [compare for compare in compares if compare.fact == name]):
            yield f"no value of {name} meets it; it contradicts itself or the declared limits"


def _together(condition: Condition) -> Iterator[Compare]:
    """The comparisons that all have to hold."""
    if isinstance(condition, Compare):
        yield condition
    elif isinstance(condition, AllOf):
        for part in condition.parts:
            yield from _together(part)


def _possible(declared: FactType, compares: list[Compare]) -> bool:
    """Whether some value of the type meets all comparisons with values."""
    lows = [0] if declared.type == "count" else []
    lows += [int(declared.encode(declared.min))] if declared.min is not None else []
    highs = [int(declared.encode(declared.max))] if declared.max is not None else []
    choices: set[Encoded] | None = {True, False} if declared.type == "flag" else set(declared.of or ()) or None
    for compare in compares:
        value = compare.values[0]
        match compare.operator:
            case "eq" | "in":
                choices = set(compare.values) if choices is None else choices & set(compare.values)
            case "gt" | "gte":
                lows.append(int(value) + (compare.operator == "gt"))
            case "lt" | "lte":
                highs.append(int(value) - (compare.operator == "lt"))
    if choices is None:
        return not lows or not highs or max(lows) <= min(highs)
    choices -= {compare.values[0] for compare in compares if compare.operator == "not"}
    return any(
        all(int(value) >= low for low in lows) and all(int(value) <= high for high in highs) for value in choices
    )

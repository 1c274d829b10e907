"""The same decisions in plain Python: the independent check on the engine.

It shares with the engine what a policy and its encoded facts are, and nothing of how they are evaluated.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from rules.conditions import AllOf, AnyOf, Compare, Concluded, Condition, Sequence
from rules.facts import Encoded, EncodedFacts, FactType
from rules.policy import Policy


def fired(policy: Policy, encoded: EncodedFacts) -> frozenset[str]:
    """The ids of the rules that hold."""
    holding: set[str] = set()
    concluded: set[str] = set()
    for rule in policy.rules:
        if _holds(rule.when, policy, encoded, concluded):
            holding.add(rule.id)
            if rule.concludes:
                concluded.add(rule.concludes)
    return frozenset(holding)


def _holds(condition: Condition, policy: Policy, encoded: EncodedFacts, concluded: set[str]) -> bool:
    match condition:
        case AllOf(parts=parts):
            return all(_holds(part, policy, encoded, concluded) for part in parts)
        case AnyOf(parts=parts):
            return any(_holds(part, policy, encoded, concluded) for part in parts)
        case Concluded(flag=flag):
            return flag in concluded
        case Sequence():
            return found(condition, policy, encoded)
        case Compare():
            return _compares(condition, encoded.facts, policy.facts)


def found(sequence: Sequence, policy: Policy, encoded: EncodedFacts) -> bool:
    """Whether some value of `by` starts an unbroken run of events that meet the condition."""
    fields = policy.events[sequence.of].fields
    met = {
        int(event[sequence.by]) for event in encoded.events.get(sequence.of, []) if _meets(sequence.each, event, fields)
    }
    return any(met.issuperset(range(start, start + sequence.length)) for start in met)


def _meets(condition: Condition, event: Mapping[str, Encoded], fields: Mapping[str, FactType]) -> bool:
    match condition:
        case AllOf(parts=parts):
            return all(_meets(part, event, fields) for part in parts)
        case AnyOf(parts=parts):
            return any(_meets(part, event, fields) for part in parts)
        case Compare():
            return _compares(condition, event, fields)
        case Concluded() | Sequence():
            raise TypeError("an event is compared by its own fields only")


def _compares(compare: Compare, facts: Mapping[str, Encoded], types: Mapping[str, FactType]) -> bool:
    """One comparison; it does not hold where a fact is unknown."""
    if compare.fact not in facts or (compare.other is not None and compare.other not in facts):
        return False
    declared = types[compare.fact]
    if compare.other is None:
        return any(_OPERATORS[compare.operator](facts[compare.fact], value) for value in compare.values)
    other = types[compare.other]
    places = max(declared.places, other.places)
    mine, its = _at(places, facts[compare.fact], declared), _at(places, facts[compare.other], other)
    return bool(_OPERATORS[compare.operator](mine, its))


def _at(places: int, encoded: Encoded, declared: FactType) -> Encoded:
    """A number at another scale; anything else as it is."""
    return encoded if isinstance(encoded, bool | str) else encoded * 10 ** (places - declared.places)


_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "in": operator.eq,
    "not": operator.ne,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}
"""Encoded values of one type are compared: a flag never with a number, nor a number with text."""

"""The same decisions in plain Python: the independent check on the engine.

It shares with the engine what a policy and its encoded facts are, and nothing of how they are evaluated.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from rules.language.conditions import AllOf, AnyOf, Compare, Concluded, Condition, Sequence
from rules.language.facts import Encoded, EncodedFacts, FactType
from rules.language.policy import Policy


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
        case Compare():  # the most frequent first: pydantic's models are slow to say what they are not
            return compares(condition, encoded.facts, policy.facts)
        case AllOf(parts=parts):
            for part in parts:  # noqa: SIM110 (most of a policy, and a generator takes twice as long)
                if not _holds(part, policy, encoded, concluded):
                    return False
            return True
        case AnyOf(parts=parts):
            return any(_holds(part, policy, encoded, concluded) for part in parts)
        case Concluded(flag=flag):
            return flag in concluded
        case Sequence():
            return found(condition, policy, encoded)


def found(sequence: Sequence, policy: Policy, encoded: EncodedFacts) -> bool:
    """Whether some value of `by` starts an unbroken run of events that meet the condition."""
    fields = policy.events[sequence.of].fields
    met = {
        int(event[sequence.by]) for event in encoded.events.get(sequence.of, []) if _meets(sequence.each, event, fields)
    }
    return any(met.issuperset(range(start, start + sequence.length)) for start in met)


def _meets(condition: Condition, event: Mapping[str, Encoded], fields: Mapping[str, FactType]) -> bool:
    match condition:
        case Compare():
            return compares(condition, event, fields)
        case AllOf(parts=parts):
            return all(_meets(part, event, fields) for part in parts)
        case AnyOf(parts=parts):
            return any(_meets(part, event, fields) for part in parts)
        case Concluded() | Sequence():
            raise TypeError("an event is compared by its own fields only")


def compares(compare: Compare, facts: Mapping[str, Encoded], types: Mapping[str, FactType]) -> bool:
    """One comparison; it does not hold where a fact is unknown."""
    mine = facts.get(compare.fact)
    if mine is None:
        return False
    if compare.operator == "in":
        return mine in compare.values
    holds = _OPERATORS[compare.operator]
    if compare.other is None:
        return bool(holds(mine, compare.values[0]))
    its = facts.get(compare.other)
    if its is None:
        return False
    declared, other = types[compare.fact], types[compare.other]
    places = max(declared.places, other.places)
    return bool(holds(_at(places, mine, declared), _at(places, its, other)))


def _at(places: int, encoded: Encoded, declared: FactType) -> Encoded:
    """A number at another scale; anything else as it is."""
    return encoded if isinstance(encoded, bool | str) else encoded * 10 ** (places - declared.places)


_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "not": operator.ne,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}
"""Encoded values of one type are compared: a flag never with a number, nor a number with text."""

"""The same decisions in plain Python: the independent check on the engine.

It shares with the engine what a policy and its encoded facts are, and nothing of how they are evaluated.
"""

from collections.abc import Mapping
from fractions import Fraction

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
            return _found(condition, policy, encoded)
        case Compare():
            return _compares(condition, encoded.facts, policy.facts)


def _found(sequence: Sequence, policy: Policy, encoded: EncodedFacts) -> bool:
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
    mine = _value(facts[compare.fact], types[compare.fact])
    if compare.other is not None:
        values = [_value(facts[compare.other], types[compare.other])]
    else:
        values = [_value(value, types[compare.fact]) for value in compare.values]
    return any(_compare(mine, compare.operator, value) for value in values)


def _value(encoded: Encoded, declared: FactType) -> Fraction | str:
    """What the encoded value stands for; flags as words, so that none can equal a number."""
    if isinstance(encoded, bool):
        return str(encoded)
    return encoded if isinstance(encoded, str) else Fraction(encoded, 10**declared.places)


def _compare(mine: Fraction | str, operator: str, value: Fraction | str) -> bool:
    if operator in ("eq", "in"):
        return mine == value
    if operator == "not":
        return mine != value
    assert isinstance(mine, Fraction)
    assert isinstance(value, Fraction)
    return {"lt": mine < value, "lte": mine <= value, "gt": mine > value, "gte": mine >= value}[operator]

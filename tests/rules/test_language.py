"""durable-rules and the interpreter, over random policies of the whole language and random facts."""

from collections.abc import Iterator
from itertools import pairwise, product
from typing import Any

from measure.agreement import pairs
from rules.evaluators import interpreter
from rules.language.conditions import AllOf, AnyOf, Compare, Concluded, Condition, Sequence, leaves
from rules.language.facts import LARGEST_NUMBER, EncodedFacts, FactType
from rules.language.policy import Policy

NUMBERS = ["count", "integer", "decimal", "ratio", "money", "days"]
ORDERS = ["eq", "not", "lt", "lte", "gt", "gte", "in"]
LANGUAGE = {
    *(f"{operator} a number" for operator in ORDERS),
    *(f"{operator} a {kind}" for operator, kind in product(["eq", "not", "in"], ["flag", "choice"])),
    *(f"a {kind} beside a value" for kind in NUMBERS),
    *(f"{operator} another fact" for operator in ORDERS if operator != "in"),
    *(f"a {kind} beside another" for kind in [*NUMBERS, "flag", "choice"]),
    *(f"{operator} {side} the limit" for operator, side in product(ORDERS, ["just below", "at", "just above"])),
    "any",
    "any in any",
    *(f"a sequence of {length}, {found}" for length, found in product([2, 3, 4, 16], ["found", "not found"])),
    "a number from min",
    "a number from max",
    *(f"a number written as {kind}" for kind in ["Decimal", "int", "float", "str"]),
    "the same scale",
    "a finer scale",
    "a coarser scale",
    "any in each",
    "another field in each",
    "no each",
    "events of two kinds",
    "a conclusion that rests on a conclusion",
    "a conclusion of two rules",
    "a conclusion, held",
    "a conclusion, not held",
    "a fact unknown",
    "events unknown",
    "no events",
    "an event twice",
    "the largest number",
    "the smallest number",
    "more digits than a float has",
}


def used(policy: Policy, facts: dict[str, Any], encoded: EncodedFacts) -> Iterator[str]:
    """What of the language a policy uses and facts meet."""
    concluded = [rule.concludes for rule in policy.rules if rule.concludes]
    holding = interpreter.fired(policy, encoded)
    held = {rule.concludes for rule in policy.rules if rule.id in holding}
    yield from ("a conclusion of two rules" for _ in range(len(concluded) - len(set(concluded))))
    yield from ("events of two kinds" for _ in policy.events if len(policy.events) == 2)
    for rule in policy.rules:
        yield from nested(rule.when, "any")
        for leaf in leaves(rule.when):
            if isinstance(leaf, Compare):
                yield from compared(leaf, policy.facts, encoded)
            elif isinstance(leaf, Concluded):
                yield f"a conclusion, {'held' if leaf.flag in held else 'not held'}"
                yield from ("a conclusion that rests on a conclusion" for _ in range(bool(rule.concludes)))
            else:
                found = interpreter.found(leaf, policy, encoded)
                yield f"a sequence of {leaf.length}, {'found' if found else 'not found'}"
                yield from asked_of_each(leaf)
    for name, declared in policy.facts.items():
        yield from declared_and_known(declared, facts[name], encoded.facts.get(name))
    for kind in policy.events:
        events = facts[kind]
        yield "events unknown" if events is None else "no events" if not events else "events"
        yield from ("an event twice" for one, other in pairwise(events or [0]) if events[0] in events[1:])


def nested(condition: Condition, said: str) -> Iterator[str]:
    if isinstance(condition, AllOf | AnyOf):
        if isinstance(condition, AnyOf):
            yield said
            said = "any in any"
        for part in condition.parts:
            yield from nested(part, said)


def compared(compare: Compare, types: dict[str, FactType], encoded: EncodedFacts) -> Iterator[str]:
    declared, known = types[compare.fact], encoded.facts.get(compare.fact)
    if compare.other is None:
        yield f"{compare.operator} a {'number' if declared.ordered else declared.type}"
        yield f"a {declared.type} beside a value"
        if declared.ordered and known is not None:
            sides = {-1: "just below", 0: "at", 1: "just above"}
            for value in compare.values:
                side = sides.get(int(known) - int(value))
                yield from (f"{compare.operator} {side} the limit" for _ in range(bool(side)))
    else:
        yield f"{compare.operator} another fact"
        yield f"a {declared.type} beside another"
        finer = declared.places - types[compare.other].places
        yield "a finer scale" if finer > 0 else "a coarser scale" if finer < 0 else "the same scale"


def asked_of_each(sequence: Sequence) -> Iterator[str]:
    inside = leaves(sequence.each)
    yield "no each" if not inside else "each"
    yield from nested(sequence.each, "any in each")
    yield from ("another field in each" for leaf in inside if isinstance(leaf, Compare) and leaf.other)


def declared_and_known(declared: FactType, given: Any, known: Any) -> Iterator[str]:
    yield from (f"a number from {end}" for end in ("min", "max") if getattr(declared, end) is not None)
    if known is None:
        yield "a fact unknown"
    elif declared.ordered:
        yield f"a number written as {type(given).__name__}"
        scale = 10**declared.places
        yield from ("the largest number" for _ in range(known == LARGEST_NUMBER * scale))
        yield from ("the smallest number" for _ in range(known == -LARGEST_NUMBER * scale))
        yield from ("more digits than a float has" for _ in range(abs(known) > 10**17))


def test_durable_rules_and_the_interpreter_agree_over_the_whole_language() -> None:
    seen: set[str] = set()

    def look(policy: Policy, facts: dict[str, Any], encoded: EncodedFacts) -> None:
        seen.update(used(policy, facts, encoded))

    for seed in range(2, 9):  # what one lot of random policies leaves out another has
        assert pairs(1500, seed, look)["pairs"] >= 1500
        if seen >= LANGUAGE:
            break
    assert seen >= LANGUAGE, sorted(LANGUAGE - seen)

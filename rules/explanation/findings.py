"""What conditions find in facts: the values they saw, and how far each comparison is from coming out otherwise.

Written from the language alone, like the interpreter, since it answers what the interpreter does not: by which of its
parts a condition holds, and the fewest of them that keep it from holding.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from math import floor
from operator import eq, ge, gt, le, lt, ne
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, PlainSerializer

from rules.explanation.wording import in_symbols
from rules.language.conditions import AllOf, AnyOf, Compare, Concluded, Condition, Operator, Sequence
from rules.language.facts import Encoded, EncodedFacts, FactType
from rules.language.policy import Policy, Rule


def _as_number(value: Decimal) -> int | float | str:
    """A decimal as JSON holds it: a number, or text where a reader of numbers would round it."""
    whole = value == value.to_integral_value()
    return int(value) if whole else float(value) if Decimal(str(float(value))) == value else str(value)


Amount = Annotated[Decimal, PlainSerializer(_as_number, when_used="json")]
Value = bool | int | str | Amount
"""A value as people write it; in JSON a number, or text where JSON's readers would round it."""


class _Found(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Comparison(_Found):
    """A fact against a value, several values, or another fact."""

    kind: Literal["comparison"] = "comparison"
    fact: str
    title: str
    value: Value | None
    """None where nobody knows it; then the comparison does not hold."""
    operator: Operator
    against: tuple[Value, ...]
    """One, except after `in`; none where the other fact is unknown."""
    other: str | None = None
    """The fact it is compared with."""
    other_title: str | None = None
    holds: bool
    gap: int | Amount | None = None
    """How much more or less the fact would have to be for the comparison to come out otherwise, in its own unit; None
    where that is no number."""


class Run(_Found):
    """Events in a row."""

    kind: Literal["run"] = "run"
    of: str
    by: str
    length: int
    each: str
    """What every one of them has to meet, in symbols."""
    events: tuple[dict[str, Value], ...]
    """The latest that follow one another and meet it, as many as are asked for; fewer where there are not so many."""
    holds: bool
    gap: int
    """Events that there are too few, or that would have to be otherwise."""


class Conclusion(_Found):
    """What earlier rules concluded."""

    kind: Literal["conclusion"] = "conclusion"
    concluded: str
    rules: tuple["Held", ...]


class Either(_Found):
    """Several branches of which one would have been enough."""

    kind: Literal["either"] = "either"
    branches: tuple[tuple["Finding", ...], ...]


Finding = Comparison | Run | Conclusion | Either
Leaf = Compare | Sequence


class Held(_Found):
    """A rule that holds, by what is known or whatever the rest is, and by what."""

    rule: str
    outcome: str | None
    concludes: str | None = None
    because: str
    advice: str
    findings: tuple[Finding, ...]
    """Every one of them holds; of alternatives, those that do. None where it holds whatever is not known."""


class Reading:
    """A policy's conditions read against one set of facts."""

    def __init__(self, policy: Policy, encoded: EncodedFacts) -> None:
        self.policy, self.encoded = policy, encoded
        self.concluding: dict[str, list[Rule]] = {}
        for rule in policy.rules:
            if rule.concludes:
                self.concluding.setdefault(rule.concludes, []).append(rule)
        self._concluded = cache(lambda flag: any(self.holds(rule.when) for rule in self.concluding[flag]))

    def holds(self, condition: Condition) -> bool:
        """Whether a condition holds; no comparison with an unknown fact does."""
        match condition:
            case AllOf(parts=parts):
                return all(map(self.holds, parts))
            case AnyOf(parts=parts):
                return any(map(self.holds, parts))
            case Concluded(flag=flag):
                return bool(self._concluded(flag))
            case Compare() | Sequence():
                return self.leaf(condition).holds

    def held(self, rule: Rule) -> Held:
        """A rule that holds, with what it found."""
        return Held(
            rule=rule.id,
            outcome=rule.then,
            concludes=rule.concludes,
            because=rule.because,
            advice=rule.advice or "",
            findings=tuple(self._found(rule.when)) if self.holds(rule.when) else (),
        )

    def _found(self, condition: Condition) -> Iterator[Finding]:
        match condition:
            case AllOf(parts=parts):
                for part in parts:
                    yield from self._found(part)
            case AnyOf(parts=parts):
                branches = [tuple(self._found(part)) for part in parts if self.holds(part)]
                if len(branches) > 1:
                    yield Either(branches=tuple(branches))
                else:
                    yield from branches[0]
            case Concluded(flag=flag):
                rules = [self.held(rule) for rule in self.concluding[flag] if self.holds(rule.when)]
                yield Conclusion(concluded=flag, rules=tuple(rules))
            case Compare() | Sequence():
                yield self.leaf(condition)

    def turning(self, condition: Condition, *, wanted: bool) -> tuple[Leaf, ...]:
        """The comparisons and sequences that would have to come out otherwise for a condition to hold, or not to hold.

        For it to hold, the fewest; for it not to, those with the fewest that a partner cannot influence. Ties are
        broken by the other of these two counts, then by what is written first.
        """
        match condition:
            case Compare() | Sequence():
                return () if self.leaf(condition).holds == wanted else (condition,)
            case AllOf(parts=parts) | AnyOf(parts=parts):
                ways: Iterable[Condition] = parts
            case Concluded(flag=flag):
                ways = (rule.when for rule in self.concluding[flag])
        turned = [self.turning(way, wanted=wanted) for way in ways]
        if isinstance(condition, AllOf) is wanted:
            return tuple(dict.fromkeys(leaf for way in turned for leaf in way))
        return min(turned, key=lambda leaves: self._burden(leaves)[:: 1 if wanted else -1])

    def _burden(self, leaves: tuple[Leaf, ...]) -> tuple[int, int]:
        """How many they are, and how many of them a partner cannot influence."""
        facts = self.policy.facts
        influenced = [
            any(facts[fact].better for fact in (leaf.fact, leaf.other) if fact)
            for leaf in leaves
            if isinstance(leaf, Compare)
        ]
        return len(leaves), len(leaves) - sum(influenced)

    # Comparisons and sequences

    def leaf(self, condition: Leaf) -> Comparison | Run:
        """What a comparison or a sequence came to."""
        return self._comparison(condition) if isinstance(condition, Compare) else self._run(condition)

    def _comparison(self, compare: Compare) -> Comparison:
        policy, known = self.policy, self.encoded.facts
        declared, title_of = policy.facts[compare.fact], policy.title_of
        its = policy.facts[compare.other] if compare.other else declared
        value, limits = known.get(compare.fact), _limits(compare, known)
        compared = [_at(declared.places, limit, its) for limit in limits]
        holds = value is not None and _compares(compare.operator, value, compared)
        gap: int | Decimal | None = None
        if isinstance(value, int) and declared.ordered:
            turns = turning_points(compare.operator, compared, holds=holds)
            gap = min((unscaled(abs(turn - value), declared) for turn in turns), default=None)
        return Comparison(
            fact=compare.fact,
            title=title_of(compare.fact),
            value=None if value is None else declared.decode(value),
            operator=compare.operator,
            against=tuple(its.decode(limit) for limit in limits),
            other=compare.other,
            other_title=title_of(compare.other) if compare.other else None,
            holds=holds,
            gap=gap,
        )

    def _run(self, sequence: Sequence) -> Run:
        fields, by = self.policy.events[sequence.of].fields, sequence.by
        happened = self.encoded.events.get(sequence.of, [])
        met = [event for event in happened if _meets(sequence.each, event, fields)]
        row = _latest_row(sorted({int(event[by]) for event in met}), sequence.length)
        events = sorted((event for event in met if event[by] in row), key=lambda event: int(event[by]))
        holds = len(row) == sequence.length
        return Run(
            of=sequence.of,
            by=by,
            length=sequence.length,
            each=in_symbols(sequence.each, fields),
            events=tuple({name: fields[name].decode(value) for name, value in event.items()} for event in events),
            holds=holds,
            gap=1 if holds else sequence.length - len(row),
        )


def turning_points(operator: Operator, limits: Iterable[Any], *, holds: bool) -> list[int]:
    """The numbers next to its limits of which a comparison comes out otherwise; where it turns, it turns there."""
    compared = list(limits)
    beside = sorted({floor(limit) + step for limit in compared for step in (-1, 0, 1)})
    return [number for number in beside if _compares(operator, number, compared) != holds]


def unscaled(number: int, declared: FactType) -> int | Decimal:
    """The number that stands for another in the scale of a type."""
    return Decimal(number).scaleb(-declared.places) if declared.places else number


def _latest_row(places: list[int], length: int) -> list[int]:
    """The last numbers that follow one another: so many, or as many as there are in a row anywhere."""
    rows: list[list[int]] = []
    for place in places:
        if not rows or rows[-1][-1] != place - 1:
            rows.append([])
        rows[-1].append(place)
    return max((row[-length:] for row in reversed(rows)), key=len, default=[])


def _limits(compare: Compare, known: Mapping[str, Encoded]) -> tuple[Encoded, ...]:
    if compare.other is None:
        return compare.values
    return (known[compare.other],) if compare.other in known else ()


def _at(places: int, encoded: Encoded, declared: FactType) -> Any:
    """A number in the scale of so many places, which may leave a fraction; anything else as it is."""
    return Decimal(encoded).scaleb(places - declared.places) if declared.ordered else encoded


def _compares(operator: Operator, mine: Any, limits: list[Any]) -> bool:
    return any(_OPERATORS[operator](mine, limit) for limit in limits)


def _meets(condition: Condition, event: Mapping[str, Encoded], fields: Mapping[str, FactType]) -> bool:
    match condition:
        case AllOf(parts=parts):
            return all(_meets(part, event, fields) for part in parts)
        case AnyOf(parts=parts):
            return any(_meets(part, event, fields) for part in parts)
        case Compare(fact=fact, other=other):
            its = fields[other or fact]
            limits = [_at(fields[fact].places, limit, its) for limit in _limits(condition, event)]
            return _compares(condition.operator, event[fact], limits)
        case Concluded() | Sequence():
            raise TypeError("an event is compared by its own fields only")


_OPERATORS: Mapping[Operator, Callable[[Any, Any], bool]] = {
    "eq": eq,
    "in": eq,
    "not": ne,
    "lt": lt,
    "lte": le,
    "gt": gt,
    "gte": ge,
}

"""Conditions: the tree a rule's `when` becomes, and how it is read.

The tree holds only what can be decided exactly: every value is already checked against the type of the fact it is
compared with, and encoded as the engine sees it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from rules.language.facts import Encoded, EventType, FactType
from rules.language.source import Document, Fault, Path, nearest

Operator = Literal["eq", "not", "lt", "lte", "gt", "gte", "in"]
OPERATORS: tuple[Operator, ...] = ("eq", "not", "lt", "lte", "gt", "gte", "in")
WORDS = ("any", "all", "sequence")
"""What stands in a condition where a fact's name may stand; no fact can be called so."""
LONGEST_SEQUENCE = 16
"""The engine joins at most 16 facts."""
MOST_PARTS = 100
"""Values after `in`, and maps after `any` or `all`."""


class Compare(BaseModel):
    """A fact against a value, several values (`in`), or another fact. Never holds where one of them is unknown."""

    model_config = ConfigDict(frozen=True)

    fact: str
    operator: Operator
    values: tuple[Encoded, ...] = ()
    """In the scale of the fact's type; one, except after `in`."""
    other: str | None = None
    """The fact it is compared with, instead of a value."""


class Concluded(BaseModel):
    """An earlier rule concluded this."""

    model_config = ConfigDict(frozen=True)

    flag: str


class Sequence(BaseModel):
    """So many events in a row, each with the next value of `by`, and each meeting a condition."""

    model_config = ConfigDict(frozen=True)

    of: str
    by: str
    length: int
    each: "Condition"


class AllOf(BaseModel):
    """Every part holds; without parts it always does."""

    model_config = ConfigDict(frozen=True)

    parts: tuple["Condition", ...]


class AnyOf(BaseModel):
    """At least one part holds."""

    model_config = ConfigDict(frozen=True)

    parts: tuple["Condition", ...]


Leaf = Compare | Concluded | Sequence
Condition = Leaf | AllOf | AnyOf

T = TypeVar("T")


def leaves(condition: Condition) -> list[Leaf]:
    """What a condition is made of, in the order of its file."""
    if isinstance(condition, AllOf | AnyOf):
        return [leaf for part in condition.parts for leaf in leaves(part)]
    return [condition]


def fold(condition: Condition, values: Iterator[T], every: Callable[[list[T]], T], some: Callable[[list[T]], T]) -> T:
    """What comes of a condition, given what comes of its leaves, in their order."""
    match condition:
        case AllOf(parts=parts):
            return every([fold(part, values, every, some) for part in parts])
        case AnyOf(parts=parts):
            return some([fold(part, values, every, some) for part in parts])
        case _:
            return next(values)


def names(condition: Condition) -> set[str]:
    """The facts, kinds of events and conclusions that a condition rests on."""
    found: set[str] = set()
    for leaf in leaves(condition):
        match leaf:
            case Compare(fact=fact, other=other):
                found |= {fact, other or fact}
            case Concluded(flag=flag):
                found.add(flag)
            case Sequence(of=of):
                found.add(of)
    return found


@dataclass(frozen=True)
class Place:
    """Where a condition stands in its file, and where its parts do."""

    path: Path
    condition: Condition
    parts: tuple["Place", ...] = ()


def placed(condition: Condition, written: Any, path: Path) -> Place:
    """Find a condition, and what it consists of, in what it was read from: a map of conditions."""
    parts = condition.parts if isinstance(condition, AllOf) else ()
    entries = zip(written.items(), parts, strict=True)
    return Place(path, condition, tuple(_entry(part, name, raw, (*path, name)) for (name, raw), part in entries))


def _entry(condition: Condition, name: str, written: Any, path: Path) -> Place:
    """Find one entry of a map of conditions."""
    if name in ("any", "all") and isinstance(condition, AllOf | AnyOf):
        entries = enumerate(zip(condition.parts, written, strict=True))
        return Place(path, condition, tuple(placed(part, raw, (*path, index)) for index, (part, raw) in entries))
    if isinstance(condition, AllOf):  # several comparisons of one fact
        compared = zip(written, condition.parts, strict=True)
        return Place(path, condition, tuple(Place((*path, operator), part) for operator, part in compared))
    one = isinstance(condition, Compare) and isinstance(written, dict) and written.keys() != {"fact"}
    return Place((*path, *written) if one else path, condition)


class Reader:
    """Reads conditions over declared facts, and collects what is wrong with them."""

    def __init__(
        self,
        document: Document,
        facts: Mapping[str, FactType | None],
        events: Mapping[str, EventType | None] | None = None,
        flags: Mapping[str, int] | None = None,
    ) -> None:
        """Read over these declarations; None stands for one that is at fault, of which nothing more is said.

        `flags` says of what rules conclude the position of the last rule that does.
        """
        self.document = document
        self.facts = facts
        self.events = events or {}
        self.flags = flags or {}
        self.faults: list[Fault] = []

    def read(self, raw: Any, path: Path, rule: int = 0) -> Condition:
        """A map of conditions, all of which hold; what is at fault is left out of it."""
        if not isinstance(raw, dict) or not raw:
            return self._fault(path, "has to be a map with at least one condition")
        return AllOf(parts=tuple(self._entry(name, value, (*path, name), rule) for name, value in raw.items()))

    def _fault(self, path: Path, message: str) -> AllOf:
        self.faults.append(self.document.fault(path, message))
        return AllOf(parts=())

    def _entry(self, name: str, raw: Any, path: Path, rule: int) -> Condition:
        if name in ("any", "all"):
            return self._group(name, raw, path, rule)
        if name == "sequence" and self.events:
            return self._sequence(raw, path)
        if name in self.flags:
            return self._concluded(name, raw, path, rule)
        if name in self.facts:
            return self._compared(name, raw, path)
        if name in self.events:
            return self._fault(path, f"{name} is a kind of event; ask for a run of them with `sequence`")
        return self._fault(path, f"no such fact{nearest(str(name), [*self.facts, *self.flags])}")

    def _group(self, name: str, raw: Any, path: Path, rule: int) -> Condition:
        if not isinstance(raw, list) or not 1 <= len(raw) <= MOST_PARTS:
            return self._fault(path, f"`{name}` takes a list of 1 to {MOST_PARTS} maps of conditions")
        parts = tuple(self.read(part, (*path, index), rule) for index, part in enumerate(raw))
        return AnyOf(parts=parts) if name == "any" else AllOf(parts=parts)

    def _concluded(self, name: str, raw: Any, path: Path, rule: int) -> Condition:
        if raw is not True:
            return self._fault(path, f"{name} is concluded by a rule and can only be asked for: `{name}: true`")
        if self.flags[name] >= rule:
            return self._fault(path, f"{name} is concluded by this rule or a later one; move this rule behind it")
        return Concluded(flag=name)

    def _sequence(self, raw: Any, path: Path) -> Condition:
        keys = ["of", "by", "length", "each"]
        if not isinstance(raw, dict) or not {"of", "by", "length"} <= raw.keys():
            return self._fault(path, "takes a map of `of`, `by`, `length` and, if need be, `each`")
        for key in raw.keys() - set(keys):
            self._fault((*path, key), f"unknown key{nearest(str(key), keys)}")
        kind, by, length = str(raw["of"]), str(raw["by"]), raw["length"]
        if isinstance(length, bool) or not isinstance(length, int) or not 2 <= length <= LONGEST_SEQUENCE:
            return self._fault((*path, "length"), f"has to be a whole number from 2 to {LONGEST_SEQUENCE}")
        if kind not in self.events:
            return self._fault((*path, "of"), f"no such kind of event: {kind}{nearest(kind, [*self.events])}")
        event = self.events[kind]
        fields = event.fields if event else {}
        counters = [name for name, declared in fields.items() if declared.ordered and not declared.places]
        if event and by not in counters:
            return self._fault((*path, "by"), f"no field of {kind} that counts: {by}{nearest(by, counters)}")
        reader = Reader(self.document, fields)
        each = reader.read(raw["each"], (*path, "each")) if event and "each" in raw else AllOf(parts=())
        self.faults += reader.faults
        return Sequence(of=kind, by=by, length=length, each=each)

    def _compared(self, name: str, raw: Any, path: Path) -> Condition:
        if not isinstance(raw, dict) or raw.keys() == {"fact"}:
            return self._comparison(name, "eq", raw, path)
        if not raw:
            return self._fault(path, f"compare it: a value, or a map of {', '.join(OPERATORS)}")
        parts: list[Condition] = []
        for operator, value in raw.items():
            here = (*path, operator)
            if operator in OPERATORS:
                parts.append(self._comparison(name, operator, value, here))
            else:
                self._fault(here, f"no such comparison{nearest(str(operator), list(OPERATORS))}")
        return parts[0] if len(parts) == 1 else AllOf(parts=tuple(parts))

    def _comparison(self, name: str, operator: Operator, raw: Any, path: Path) -> Condition:
        declared = self.facts[name]
        if declared is None:
            return AllOf(parts=())
        if operator in ("lt", "lte", "gt", "gte") and not declared.ordered:
            return self._fault(path, f"a {declared.type} has no order; use eq, not or in")
        if isinstance(raw, dict):
            return self._against_fact(name, operator, raw, path)
        values = raw if operator == "in" else [raw]
        try:
            encoded = _encoded(values, declared)
        except ValueError as error:
            return self._fault(path, str(error))
        return Compare(fact=name, operator=operator, values=encoded)

    def _against_fact(self, name: str, operator: Operator, raw: dict[Any, Any], path: Path) -> Condition:
        other = raw.get("fact")
        if raw.keys() != {"fact"} or operator == "in":
            return self._fault(path, "takes a value or `{fact: name}`; `in` takes a list of values")
        if not isinstance(other, str) or other not in self.facts:
            return self._fault((*path, "fact"), f"no such fact: {other}{nearest(str(other), [*self.facts])}")
        if other == name:
            return self._fault((*path, "fact"), f"compares {name} with itself")
        mine, its = self.facts[name], self.facts[other]
        if mine and its and not mine.comparable(its):
            return self._fault(
                (*path, "fact"), f"{name} is a {mine.type} and {other} a {its.type}; compare like with like"
            )
        return Compare(fact=name, operator=operator, other=other)


def _encoded(values: Any, declared: FactType) -> tuple[Encoded, ...]:
    if not isinstance(values, list) or not 1 <= len(values) <= MOST_PARTS:
        raise ValueError(f"`in` takes a list of 1 to {MOST_PARTS} values")
    encoded = tuple(declared.encode(value) for value in values)
    if len(set(encoded)) < len(encoded):
        raise ValueError("`in` names a value twice")
    return encoded

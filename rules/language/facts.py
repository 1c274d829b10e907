"""Facts and events: what a policy declares them to be, and their way into the engine.

The engine compares 64-bit integers, booleans and strings, and takes one for another without a word: true equals 1,
and "5" equals 5. So every value is checked against its declared type and turned into exactly one of the three before
anything is decided; decimals are scaled to integers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal, Inexact
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StringConstraints, field_validator, model_validator

from program.errors import Refused
from program.scorecard import Identifier
from rules.language.source import nearest

Encoded = bool | int | str
"""A value as the engine sees it."""

LARGEST_NUMBER = 9 * 10**12
"""Largest number, either side of zero: with six decimal places it is still exact in the engine's 64 bits."""
MOST_PLACES = 6
MOST_DIGITS = 60
MOST_FIELDS = 250
"""The engine holds 254 properties of a fact, three of which are its kind, its id and its session."""
LONGEST_STRING = 200
MOST_EVENTS = 500

_PLACES = {"count": 0, "integer": 0, "days": 0, "ratio": 4, "money": 2}
_EXPECTED = {
    "flag": "true or false",
    "count": "a whole number, 0 or more",
    "integer": "a whole number",
    "days": "a whole number of days",
    "money": "an amount with at most 2 decimal places",
    "ratio": "a ratio with at most 4 decimal places, such as 0.25 or 25%",
}

Choice = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_STRING)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class FactError(Refused):
    """Facts do not fit what a policy declares; the message names each of them, its value and what is expected."""


class FactType(BaseModel):
    """What a fact may be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["flag", "count", "integer", "decimal", "ratio", "money", "days", "choice"]
    title: Title | None = None
    """How people call it."""
    better: Literal["higher", "lower"] | None = None
    """Which way is good, true being higher than false; neither where it is not said."""
    decimals: StrictInt | None = Field(default=None, alias="places", ge=0, le=MOST_PLACES)
    """Decimal places of a `decimal`."""
    min: Decimal | None = None
    max: Decimal | None = None
    of: tuple[Choice, ...] | None = Field(default=None, min_length=1, max_length=MOST_FIELDS)
    """What a `choice` is among."""

    @field_validator("min", "max", mode="before")
    @classmethod
    def _bound(cls, value: Any) -> Any:
        return value if value is None else _number(_percent(value))

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for key, owner in (("decimals", "decimal"), ("of", "choice")):
            name = "places" if key == "decimals" else key
            if self.type == owner and getattr(self, key) is None:
                raise ValueError(f"a {owner} needs `{name}`")
            if self.type != owner and getattr(self, key) is not None:
                raise ValueError(f"only a {owner} has `{name}`, not a {self.type}")
        if self.of and len(set(self.of)) < len(self.of):
            raise ValueError("`of` names something twice")
        if self.type == "choice" and self.better:
            raise ValueError("a choice has no order; remove `better`")
        if not self.ordered and (self.min is not None or self.max is not None):
            raise ValueError(f"a {self.type} has no order; remove `min` and `max`")
        for bound in (self.min, self.max):
            if bound is not None:
                self._scaled(bound)
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"`min` {self.min} is more than `max` {self.max}")
        return self

    @cached_property
    def ordered(self) -> bool:
        """Whether one value can be more than another."""
        return self.type not in ("flag", "choice")

    @cached_property
    def places(self) -> int:
        """Decimal places the engine's integers carry."""
        return _PLACES.get(self.type, self.decimals or 0)

    @property
    def limits(self) -> tuple[int, int]:
        """The least and the largest number it can be, as the engine sees them."""
        scale = 10**self.places
        low = int(self.encode(self.min)) if self.min is not None else -LARGEST_NUMBER * scale
        high = int(self.encode(self.max)) if self.max is not None else LARGEST_NUMBER * scale
        return (max(low, 0) if self.type == "count" else low), high

    @property
    def expected(self) -> str:
        """What a value has to be, said to a person."""
        if self.type == "choice":
            return f"one of {', '.join(self.of or ())}"
        said = _EXPECTED.get(self.type, f"a number with at most {self.places} decimal places")
        limits = [f"at {end} {bound}" for end, bound in (("least", self.min), ("most", self.max)) if bound is not None]
        return f"{said}, {' and '.join(limits)}" if limits else said

    def encode(self, value: Any) -> Encoded:
        """A value as the engine sees it.

        Raises:
            ValueError: saying what is expected.
        """
        if not self.ordered:
            fits = (
                isinstance(value, bool) if self.type == "flag" else isinstance(value, str) and value in (self.of or ())
            )
            if not fits:
                raise ValueError(f"{_shown(value)} is not {self.expected}")
            return bool(value) if self.type == "flag" else str(value)
        number = _number(_percent(value) if self.type == "ratio" else value)
        below = self.min is not None and number < self.min
        if below or (self.max is not None and number > self.max):
            raise ValueError(f"{_shown(value)} is not {self.expected}")
        return self._scaled(number)

    def decode(self, encoded: Encoded) -> Encoded | Decimal:
        """The value behind what the engine sees."""
        if isinstance(encoded, bool | str) or not self.places:
            return encoded
        return Decimal(encoded).scaleb(-self.places)

    def encode_limits(self, part: Mapping[str, Any]) -> tuple[int, int]:
        """The limits of a number that is known in part: `at_least`, and `at_most` where that is known too.

        Raises:
            ValueError: saying what is expected.
        """
        if not self.ordered or "at_least" not in part or part.keys() - {"at_least", "at_most"}:
            raise ValueError(f"{_shown(dict(part))} is not {self.expected}")
        low, high = (
            int(self.encode(part[end])) if end in part else limit
            for end, limit in zip(("at_least", "at_most"), self.limits, strict=True)
        )
        if low > high:
            raise ValueError(f"at least {part['at_least']} is more than the most it can be")
        return low, high

    def comparable(self, other: "FactType") -> bool:
        """Whether the two can stand in one comparison."""
        return (self.ordered and other.ordered) or self.type == other.type

    def _scaled(self, number: int | Decimal) -> int:
        scaled = number * 10**self.places if isinstance(number, int) else _scaled(number, self.places)
        if scaled is None or (self.type == "count" and scaled < 0):
            raise ValueError(f"{_shown(number)} is not {self.expected}")
        return scaled


class EventType(BaseModel):
    """A kind of thing of which there may be many, each with the same fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fields: dict[Identifier, FactType] = Field(min_length=1, max_length=MOST_FIELDS)

    @model_validator(mode="before")
    @classmethod
    def _wrapped(cls, fields: Any) -> Any:
        return fields if isinstance(fields, EventType) else {"fields": fields}

    def encode(self, event: Any) -> dict[str, Encoded]:
        """One event as the engine sees it; all its fields have to be known.

        Raises:
            ValueError: naming the field and what is expected.
        """
        if not isinstance(event, Mapping):
            raise ValueError(f"{_shown(event)} is not a map of {', '.join(self.fields)}")  # noqa: TRY004 (one error for a wrong value)
        for name in event:
            if name not in self.fields:
                raise ValueError(f"{name} is not declared{nearest(str(name), list(self.fields))}")
        encoded = {}
        for name, declared in self.fields.items():
            if event.get(name) is None:
                raise ValueError(f"{name} is missing; expected {declared.expected}")
            try:
                encoded[name] = declared.encode(event[name])
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error
        return encoded


@dataclass(frozen=True)
class EncodedFacts:
    """Facts as the engine sees them; what nobody knows, or knows in part only, is not among them."""

    facts: Mapping[str, Encoded] = field(default_factory=dict)
    events: Mapping[str, list[dict[str, Encoded]]] = field(default_factory=dict)
    """Each event once: two that are the same say nothing that one does not."""
    unknown: tuple[str, ...] = ()
    limits: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """The least and the most of unknown facts that are known in part."""


def encode(facts: Mapping[str, Any], declared: Mapping[str, FactType], events: Mapping[str, EventType]) -> EncodedFacts:
    """Check facts and events against their declarations and turn them into what the engine sees.

    Raises:
        FactError: with everything that does not fit.
    """
    problems = [
        f"{name} is not declared{nearest(str(name), [*declared, *events])}"
        for name in facts
        if name not in declared and name not in events
    ]
    known: dict[str, Encoded] = {}
    limits: dict[str, tuple[int, int]] = {}
    happened: dict[str, list[dict[str, Encoded]]] = {}
    unknown: list[str] = []
    for name in (*declared, *events):
        value = facts.get(name)
        if value is None:
            unknown.append(name)
            continue
        try:
            if name in declared and isinstance(value, Mapping):
                low, high = declared[name].encode_limits(value)
                if low == high:
                    known[name] = low
                else:
                    limits[name] = low, high
                    unknown.append(name)
            elif name in declared:
                known[name] = declared[name].encode(value)
            else:
                happened[name] = _encode_events(value, events[name])
        except ValueError as error:
            problems.append(f"{name}: {error}")
    if problems:
        raise FactError("; ".join(problems))
    return EncodedFacts(known, happened, tuple(unknown), limits)


def _encode_events(value: Any, declared: EventType) -> list[dict[str, Encoded]]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{_shown(value)} is not a list of events")  # noqa: TRY004 (one error for a wrong value)
    if len(value) > MOST_EVENTS:
        raise ValueError(f"{len(value)} events; at most {MOST_EVENTS} are looked at, hand over the latest")
    distinct: dict[tuple[Encoded, ...], dict[str, Encoded]] = {}
    for number, event in enumerate(value, start=1):
        try:
            encoded = declared.encode(event)
        except ValueError as error:
            raise ValueError(f"event {number}: {error}") from error
        distinct[tuple(encoded.values())] = encoded
    return list(distinct.values())


def _percent(value: Any) -> Any:
    """`25%` as 0.25; anything else as it is."""
    if not isinstance(value, str) or not value.endswith("%"):
        return value
    try:
        return Decimal(f"{value[:-1]}e-2")  # a division would round
    except ArithmeticError:
        return value


_NUMBERS = (int, float, Decimal)
_EXACT = Context(prec=MOST_DIGITS, traps=[Inexact])
"""Refuses to round; the digits of a number and its places are few."""


def _number(value: Any) -> int | Decimal:
    """A number as it was written. Floats come from JSON only, where 0.1 is what was meant by 0.1."""
    if isinstance(value, bool) or not isinstance(value, _NUMBERS):
        raise ValueError(f"{_shown(value)} is not a number")  # noqa: TRY004 (one error for a wrong value)
    number = Decimal(str(value)) if isinstance(value, float) else value
    if isinstance(number, Decimal) and not number.is_finite():
        raise ValueError(f"{value} is not a number")
    if not -LARGEST_NUMBER <= number <= LARGEST_NUMBER:
        raise ValueError(f"{_shown(value)} is too large; numbers go up to 9 trillion either side of zero")
    return number


def _scaled(number: Decimal, places: int) -> int | None:
    """The number times ten to the places, if that is whole."""
    try:
        scaled = number.scaleb(places, _EXACT)
    except Inexact:
        return None
    whole = int(scaled)
    return whole if whole == scaled else None


def _shown(value: Any) -> str:
    """A value in a message: short, and of its own type."""
    if isinstance(value, int) and value.bit_length() > 200:
        return "a number of more than 60 digits"  # Python refuses to write out thousands of them
    shown = str(value) if isinstance(value, Decimal) else repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."

"""Words for values and conditions: as people write numbers, and as whoever keeps the rules reads them."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from rules.language.conditions import AllOf, AnyOf, Compare, Concluded, Condition, Operator, Sequence
from rules.language.facts import FactType

UNKNOWN: Final = "not known"
SYMBOLS: Final[Mapping[Operator, str]] = {
    "eq": "=",
    "not": "≠",
    "lt": "<",
    "lte": "≤",
    "gt": ">",
    "gte": "≥",
    "in": "among",
}
OPPOSITE: Final[Mapping[Operator, str]] = {
    "eq": "≠",
    "not": "=",
    "lt": "≥",
    "lte": ">",
    "gt": "≤",
    "gte": "<",
    "in": "not among",
}


def value_in_words(value: Any, declared: FactType) -> str:
    """A value as people write it: 25%, 1,200, 12 days, yes; None is not known."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value.replace("_", " ")
    number = number_in_words(value * 100 if declared.type == "ratio" else value)
    if declared.type == "days":
        return f"{number} {'day' if abs(value) == 1 else 'days'}"
    if declared.type == "money" and "." in number:
        return f"{Decimal(value):,.2f}"
    return f"{number}%" if declared.type == "ratio" else number


def number_in_words(number: int | Decimal) -> str:
    """A number with its thousands told apart, and no zeros at its end that say nothing."""
    text = f"{number:,f}" if isinstance(number, Decimal) else f"{number:,}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def gap_in_words(gap: int | Decimal, declared: FactType) -> str:
    """How far a value is from another: 3, 12 days, 5 percentage points."""
    if declared.type == "ratio":
        points = number_in_words(gap * 100)
        return f"{points} percentage {'point' if points == '1' else 'points'}"
    return value_in_words(gap, declared)


def listed(words: Iterable[str]) -> str:
    """Words one after the other: a, b and c."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def in_symbols(condition: Condition, types: Mapping[str, FactType]) -> str:
    """A condition in short: `movement = no`, `size ≥ 3 and (open = yes or late > 2 days)`."""
    match condition:
        case AllOf(parts=parts):
            return " and ".join(in_symbols(part, types) for part in parts)
        case AnyOf(parts=parts):
            return f"({' or '.join(in_symbols(part, types) for part in parts)})"
        case Concluded(flag=flag):
            return flag
        case Sequence(of=of, by=by, length=length):
            return f"{length} {of} in a row by {by}"
        case Compare(fact=fact, operator=operator, values=values, other=other):
            declared = types[fact]
            limits = ", ".join(value_in_words(declared.decode(value), declared) for value in values)
            return f"{fact} {SYMBOLS[operator]} {other or limits}"

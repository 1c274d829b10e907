"""Say what is wrong with a value in words for whoever has the file open."""

from collections.abc import Callable
from typing import Any, Final

from pydantic_core import ErrorDetails

MOST_SHOWN: Final = 50
"""Faults that one message lists; the others are counted."""

LONGEST_QUOTE: Final = 60
"""Characters of a value in a message; a cell may hold a whole letter."""

_Context = dict[str, Any]

_WORDS: Final[dict[str, Callable[[str, _Context], str]]] = {
    "missing": lambda _, __: "nothing stands here, and it is needed; fill it in, or map a constant",
    "string_too_short": lambda _, __: "nothing stands here, and it is needed; fill it in",
    "string_too_long": lambda _, c: f"longer than {c['max_length']} characters; shorten it",
    "string_pattern_mismatch": lambda v, _: (
        f"{v} is no id: at most 64 lower-case letters, digits and hyphens, none of them first or last a hyphen; "
        "let the map make one with `slug`, or map a column of ids"
    ),
    "enum": lambda v, c: f"{v} is not {c['expected']}; translate it under `values` in the map",
    "bool_parsing": lambda v, _: f"{v} is neither true nor false; translate it under `values` in the map",
    "decimal_parsing": lambda v, _: f"{v} is not an amount; write digits and a point, like 1054.50",
    "finite_number": lambda v, _: f"{v} is not an amount; write digits and a point, like 1054.50",
    "decimal_max_places": lambda v, c: f"{v} has more than {c['decimal_places']} places after the point; round it",
    "decimal_max_digits": lambda v, _: f"{v} is too large an amount; correct it",
    "decimal_whole_digits": lambda v, _: f"{v} is too large an amount; correct it",
    "int_parsing": lambda v, _: f"{v} is no whole number; correct it",
    "greater_than_equal": lambda v, c: f"{v} is below {c['ge']}; correct it",
    "less_than_equal": lambda v, c: f"{v} is above {c['le']}; correct it",
    "value_error": lambda _, c: f"{c['error']}; correct the row",
}


def quoted(value: object) -> str:
    """A value as a message shows it."""
    text = repr(value)
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}..."


def sentence(error: ErrorDetails) -> str:
    """One of pydantic's errors as a sentence."""
    value, context = quoted(error["input"]), error.get("ctx", {})
    if say := _WORDS.get(error["type"]):
        return say(value, context)
    return f"{value}: {error['msg'][0].lower()}{error['msg'][1:]}; correct it"

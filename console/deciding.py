"""Decide by a policy, one line of JSON after the other, in as much memory as one line takes."""

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import IO, Any, Final

from program.errors import Refused
from rules.decision.decide import decide
from rules.language.policy import Policy
from rules.language.source import LONGEST_NUMBER

LONGEST_LINE: Final = 1024 * 1024
"""Bytes; 500 events have less."""


def decide_lines(policy: Policy, file: IO[bytes]) -> Iterator[str]:
    """A decision for each line of facts, in order; for a line that holds none, what is wrong with it."""
    for line in _lines(file):
        yield json.dumps(_decision(policy, line))


def read_facts(file: IO[bytes]) -> dict[str, Any]:
    """All of a file as facts by name.

    Raises:
        Refused: where it is not one JSON object of names that are given once.
    """
    text = file.read(LONGEST_LINE + 1)
    return _facts(text if len(text) <= LONGEST_LINE else None)


def _lines(file: IO[bytes]) -> Iterator[bytes | None]:
    """The lines of a file; None for one that is too long to be looked at."""
    while line := file.readline(LONGEST_LINE + 1):
        if len(line) <= LONGEST_LINE or line.endswith(b"\n"):
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(LONGEST_LINE)
        yield None


def _decision(policy: Policy, line: bytes | None) -> dict[str, Any]:
    try:
        ruling = decide(policy, _facts(line))
    except Refused as refused:
        return {"error": str(refused)}
    return ruling.model_dump(include={"outcome", "rule", "also", "because", "possible", "unknown", "missing"})


def _facts(line: bytes | None) -> dict[str, Any]:
    """One line, or one file, as facts by name.

    Raises:
        Refused: where it is not one JSON object of names that are given once.
    """
    if line is None:
        raise Refused(f"longer than {LONGEST_LINE // 1024} KiB; hand over fewer events")
    if not line.strip():
        raise Refused("empty; write one JSON object of facts")
    try:
        facts = _JSON.decode(line.decode().strip())
    except UnicodeDecodeError as error:
        raise Refused(f"not UTF-8 at byte {error.start + 1}") from None
    except json.JSONDecodeError as error:
        raise Refused(f"not JSON: {error.msg[0].lower()}{error.msg[1:]} at character {error.pos + 1}") from None
    except RecursionError:
        raise Refused("nested too deeply; facts are values, and events are lists of objects of values") from None
    except ValueError as error:
        raise Refused(str(error)) from None
    if not isinstance(facts, dict):
        raise Refused('not a JSON object; write facts by name, such as {"week": 3}')
    return facts


def _whole(text: str) -> int:
    # Python itself refuses integers of thousands of digits, in words that are for programmers.
    if len(text) > LONGEST_NUMBER:
        raise Refused(f"a number of {len(text)} characters; none of ours has more than {LONGEST_NUMBER}")
    return int(text)


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise Refused(f"{text} is not a number that can be held; give its value") from None


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for name, value in pairs:
        if name in read:
            raise Refused(f"{name} is given twice; keep one")
        read[name] = value
    return read


def _no_number(name: str) -> Any:
    raise Refused(f"{name} is not a number; leave out what nobody knows")


_JSON: Final = json.JSONDecoder(
    object_pairs_hook=_once, parse_constant=_no_number, parse_int=_whole, parse_float=_decimal
)
"""Numbers are read as they are written, never as binary floats."""

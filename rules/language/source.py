"""Strict YAML: what is read is what a person sees, and every fault has a file, a line and a column.

YAML means more than it shows: `no` is false, `06:00` is 360, a key given twice keeps the second, an alias copies what
stands elsewhere. None of that is wanted where text decides about people, so a small part of YAML is read and the rest
is refused. Numbers are whole or decimal, never binary floats.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Literal, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from program.errors import Misfits, Refused

Path = tuple[str | int, ...]
"""Where something stands in a document: keys of maps and positions in lists."""

LARGEST = 1024 * 1024
"""Bytes in a file; a policy has a few thousand."""
MOST_KEPT, LARGEST_KEPT = 32, 32 * 1024
"""Texts that are not read again, and the characters that one of them has at most."""
DEEPEST = 32
"""Lists and maps inside one another."""
LONGEST_NUMBER = 40
"""Characters; Python itself refuses to read integers of thousands of digits."""


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text} is not a day of the calendar") from None


def _number(text: str) -> int | Decimal:
    if len(text) > LONGEST_NUMBER:
        raise ValueError(f"a number of more than {LONGEST_NUMBER} characters")
    return Decimal(text) if "." in text else int(text)


_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_FORMS: tuple[tuple[re.Pattern[str], Callable[[str], date | int | Decimal]], ...] = (
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), _day),
    (re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?"), _number),
)
"""Everything else that is not in quotes is text, `no` and `06:00` too."""


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong with a file, where it stands, and what to do about it. Lines and columns count from 1."""

    file: str
    line: int
    column: int
    where: str
    """The way to it, such as `rules.first_miss_resets.when`; empty for the file as a whole."""
    message: str
    severity: Literal["error", "warning"] = "error"
    rule: str | None = field(default=None, compare=False)
    """The id of the rule that it is about."""
    examples: tuple[Mapping[str, Any], ...] = field(default=(), compare=False)
    """Facts that show it, as JSON holds them: what they are decided to be is what the message says."""

    def __str__(self) -> str:
        severity = self.severity if self.severity != "error" else ""
        parts = [f"{self.file}:{self.line}:{self.column}", severity, self.where, self.message]
        return ": ".join(part for part in parts if part)


class Unfit(Refused):
    """A file cannot be used; `faults` says everything that is wrong with it, one line each."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True)
class Document:
    """What a file says, and where it says it."""

    file: str
    data: Any = None
    marks: dict[Path, tuple[int, int]] = field(default_factory=dict, repr=False)

    def position(self, path: Path) -> tuple[int, int]:
        """The line and column of a map's key or a list's item; of what it would stand in where it is missing."""
        while path and path not in self.marks:
            path = path[:-1]
        return self.marks.get(path, (1, 1))

    def name(self, path: Path) -> str:
        """The way to something, as people say it: `rules.first_miss_resets.when`, items by id, name or number."""
        parts = []
        here = self.data
        for step in path:
            below = _below(here, step)
            label = below.get("id") or below.get("name") if isinstance(below, dict) else None
            number = step + 1 if isinstance(step, int) and isinstance(here, list) else step
            parts.append(str(label if isinstance(here, list) and isinstance(label, str) else number))
            here = below
        return ".".join(parts)

    def fault(
        self,
        path: Path,
        message: str,
        severity: Literal["error", "warning"] = "error",
        examples: Iterable[Mapping[str, Any]] = (),
    ) -> Fault:
        """What is wrong at a place."""
        rule = self._rule(path)
        return Fault(self.file, *self.position(path), self.name(path), message, severity, rule, tuple(examples))

    def _rule(self, path: Path) -> str | None:
        rule = _below(_below(self.data, "rules"), path[1]) if path[:1] == ("rules",) and len(path) > 1 else None
        name = rule.get("id") if isinstance(rule, dict) else None
        return name if isinstance(name, str) else None


def read_yaml(text: str | bytes, file: str) -> Document:
    """Read one YAML document of maps, lists, strings, whole and decimal numbers, true, false, dates and null.

    Raises:
        Unfit: with everything that is wrong, or with the first thing the parser cannot get past.
    """
    if len(text if isinstance(text, bytes) else text.encode(errors="surrogatepass")) > LARGEST:
        raise Unfit([Fault(file, 1, 1, "", f"larger than {LARGEST // 1024} KiB; split it")])
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise Unfit([Fault(file, line, 1, "", "not UTF-8; save the file as UTF-8")]) from error
    try:
        data, reading = (_kept if len(text) <= LARGEST_KEPT else _read)(text)
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise Unfit([Fault(file, line, column, "", "a character that YAML does not allow; remove it")]) from error
    except yaml.MarkedYAMLError as error:
        raise Unfit([_syntax_fault(file, error)]) from error
    document = Document(file, deepcopy(data), reading.marks)
    if reading.faults:
        raise Unfit(
            sorted(Fault(file, line, column, document.name(p), said) for p, line, column, said in reading.faults)
        )
    return document


def _read(text: str) -> tuple[Any, "_Reading"]:
    reading = _Reading()
    return reading.document(yaml.parse(text, Loader=yaml.SafeLoader)), reading


_kept = lru_cache(maxsize=MOST_KEPT)(_read)
"""Reading a policy takes 10 ms, and the versions of a program have most of their files in common."""


def nearest(wrong: str, known: list[str]) -> str:
    """A hint after a name nobody knows: the one it is probably meant to be, else those there are."""
    close = get_close_matches(wrong, known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; there are {', '.join(known)}" if known else ""


def faults_of(error: ValidationError, document: Document, model: type[BaseModel] | None = None) -> list[Fault]:
    """What pydantic found wrong with a document, with positions.

    Given the model the document was read as, an unknown key comes with the key it is probably meant to be.
    """
    faults = []
    found = error.errors(include_url=False)
    for details in found:
        loc = details["loc"]
        within = [other for other in found if len(other["loc"]) > len(loc) and other["loc"][: len(loc)] == loc]
        if details["type"] == "too_short" and within:
            continue  # pydantic does not count items that are at fault themselves
        path = _path(document, loc)
        error_raised = details.get("ctx", {}).get("error")
        if isinstance(error_raised, Misfits):
            faults += [document.fault((*path, *way), said) for way, said in error_raised.faults]
            continue
        message = _message(details)
        if details["type"] == "extra_forbidden" and model is not None:
            message += nearest(str(path[-1]), _keys_at(model, loc[:-1]))
        faults.append(document.fault(path, message))
    return sorted(set(faults))


_MESSAGES = {
    "missing": "missing; add it",
    "extra_forbidden": "unknown key",
    "string_type": "has to be text; put it in quotes",
    "bool_type": "has to be true or false",
    "int_type": "has to be a whole number",
    "list_type": "has to be a list",
    "tuple_type": "has to be a list",
    "dict_type": "has to be a map",
    "model_type": "has to be a map",
    "greater_than": "has to be greater than {gt}",
    "greater_than_equal": "has to be at least {ge}",
    "less_than": "has to be less than {lt}",
    "less_than_equal": "has to be at most {le}",
    "too_short": "has to have at least {min_length} of them",
    "too_long": "has to have at most {max_length} of them",
    "string_too_short": "is empty; say something",
    "string_too_long": "is longer than {max_length} characters; shorten it",
    "string_pattern_mismatch": "has to match {pattern}",
    "literal_error": "has to be {expected}",
}
"""What pydantic says, said to the person who wrote the file."""


def _message(details: ErrorDetails) -> str:
    context = details.get("ctx", {})
    if "error" in context:
        return str(context["error"])
    message = _MESSAGES.get(details["type"])
    said = message.format(**context) if message else details["msg"][:1].lower() + details["msg"][1:]
    given = details["input"]
    shown = isinstance(given, str | int | Decimal) and details["type"] not in ("missing", "string_too_long")
    quoted = str(given) if isinstance(given, Decimal) else repr(given)
    return f"{said}, not {quoted}" if shown and details["type"] != "extra_forbidden" else said


def _below(data: Any, step: str | int) -> Any:
    if isinstance(data, dict):
        return data.get(step)
    if isinstance(data, list) and isinstance(step, int) and 0 <= step < len(data):
        return data[step]
    return None


def _path(document: Document, loc: Path) -> Path:
    """Where pydantic means; its names of union members and of fields that are not in the file are no steps."""
    path: Path = ()
    for index, step in enumerate(loc):
        if (*path, step) in document.marks or index == len(loc) - 1:
            path = (*path, step)
    return path


def _keys_at(model: type[BaseModel], loc: Path) -> list[str]:
    """The keys a model knows at a place; none where that cannot be told."""
    models = [model]
    for step in loc:
        fields = [f for m in models for n, f in m.model_fields.items() if step in (n, f.alias)]
        if fields:
            models = [inner for f in fields for inner in _models_in(f.annotation)]
    return [f.alias or n for m in models for n, f in m.model_fields.items()]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _syntax_fault(file: str, error: yaml.MarkedYAMLError) -> Fault:
    mark = error.problem_mark or error.context_mark
    place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    said = error.problem or error.context or "not YAML"
    if "'\\t'" in said:
        said = "a tab; indent and separate with spaces"
    return Fault(file, *place, "", said)


def _place(event: yaml.Event) -> tuple[int, int]:
    assert event.start_mark is not None  # the parser sets it always
    return event.start_mark.line + 1, event.start_mark.column + 1


class _Reading:
    """Builds plain data from the parser's events, noting where everything stands and what is not allowed."""

    def __init__(self) -> None:
        self.marks: dict[Path, tuple[int, int]] = {}
        self.faults: list[tuple[Path, int, int, str]] = []

    def document(self, events: Iterator[yaml.Event]) -> Any:
        data: Any = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents == 2:
                    self._fault(event, (), "a second document; put it into a file of its own")
            elif isinstance(event, yaml.NodeEvent):
                value = self._value(event, events, ())
                data = value if documents == 1 else data
        if not documents:
            self.faults.append(((), 1, 1, "the file is empty"))
        return data

    def _fault(self, event: yaml.Event, path: Path, message: str) -> None:
        self.faults.append((path, *_place(event), message))

    def _value(self, event: Any, events: Iterator[yaml.Event], path: Path) -> Any:
        self.marks.setdefault(path, _place(event))
        if isinstance(event, yaml.AliasEvent):
            self._fault(event, path, f"the alias *{event.anchor}; write out what it stands for")
            return None
        if getattr(event, "anchor", None):
            self._fault(event, path, f"the anchor &{event.anchor}; write out what it stands for where it is needed")
        if getattr(event, "tag", None):
            self._fault(event, path, f"the tag {event.tag}; remove it")
        if len(path) > DEEPEST:
            raise yaml.MarkedYAMLError(problem="nested too deeply", problem_mark=event.start_mark)
        if isinstance(event, yaml.MappingStartEvent):
            return self._map(events, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(events, path)
        return self._scalar(event, path)

    def _map(self, events: Iterator[yaml.Event], path: Path) -> dict[Any, Any]:
        data: dict[Any, Any] = {}
        seen: dict[str, int] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._key(event, events, path)
            here = (*path, key)
            if str(key) in seen:
                self._fault(event, here, f"given twice, first in line {seen[str(key)]}; keep one")
            seen.setdefault(str(key), _place(event)[0])
            self.marks.setdefault(here, _place(event))
            value = self._value(next(events), events, here)
            data.setdefault(key, value)
        return data

    def _key(self, event: yaml.Event, events: Iterator[yaml.Event], path: Path) -> str | int:
        key = self._value(event, events, (*path, ""))
        self.marks.pop((*path, ""), None)
        if key == "<<" and not getattr(event, "style", None):
            self._fault(event, path, "the merge key <<; write out what it would merge")
        elif isinstance(key, str | int) and not isinstance(key, bool):
            return key
        else:
            self._fault(event, path, "a key has to be text or a whole number; put it in quotes")
        return str(key)

    def _list(self, events: Iterator[yaml.Event], path: Path) -> list[Any]:
        data: list[Any] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            data.append(self._value(event, events, (*path, len(data))))
        return data

    def _scalar(self, event: yaml.ScalarEvent, path: Path) -> Any:
        text = event.value
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            self._fault(event, path, "half a character; write the whole one")
            return None
        if event.style:
            return text
        if text in _WORDS:
            return _WORDS[text]
        try:
            return next((read(text) for form, read in _FORMS if form.fullmatch(text)), text)
        except ValueError as error:
            self._fault(event, path, str(error))
            return None

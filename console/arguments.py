"""Arguments and options that several commands take, and how they are read."""

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from program.calendar import Quarter
from program.errors import Refused

BEGIN, PARTNERS, RECORD, RULES = "To begin with", "Partners", "The record", "Rules"
"""The panels of the help."""

LONGEST_SAID, LONGEST_NAME = 2000, 200
"""Characters of what is said, and of a name."""

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def day(text: str) -> date:
    """Read a day, written YYYY-MM-DD and in no other way."""
    try:
        if _ISO.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"there is no day {text} in the calendar") from None
    raise typer.BadParameter(f"{text!r} is no day; write year, month and day, such as 2017-03-01")


def quarter(text: str) -> Quarter:
    """Read a quarter, such as 2017Q3."""
    try:
        return Quarter.parse(text)
    except Refused as refused:
        raise typer.BadParameter(str(refused)) from None


def said(text: str, longest: int = LONGEST_SAID) -> str:
    """Read something that has to be said."""
    words = text.strip()
    if not words:
        raise typer.BadParameter("nothing is said; write a few words")
    if len(words) > longest:
        raise typer.BadParameter(f"these are {len(words)} characters; write {longest} at most")
    return words


def named(text: str) -> str:
    """Read somebody's name, or that of something."""
    return said(text, LONGEST_NAME)


def read_as(kind: Any) -> Callable[[str], str]:
    """A reader of texts of some kind; of an empty one too, which stands for none."""
    reader: TypeAdapter[str] = TypeAdapter(kind)

    def read(text: str) -> str:
        if not text.strip():
            return ""
        try:
            return reader.validate_python(text)
        except ValidationError as error:
            why = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise typer.BadParameter(f"{text!r} {why}") from None

    return read


def examples(*commands: str) -> str:
    """The lines that a command's help ends with."""
    return "\n".join(["Examples:", *(f"$ gatehouse {command}" for command in commands)])


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
PartnerName = Annotated[str, typer.Argument(metavar="PARTNER", help="The partner's ID.", show_default=False)]

"""The map: how the rows of somebody's CRM export become partners, opportunities and mapped accounts."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from intake.wording import quoted
from program.errors import Refused
from program.scorecard import Scorecard
from rules.language.source import LARGEST, Unfit, faults_of, read_yaml

ColumnName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Value = str | bool | int | None

ISO: Final = "%Y-%m-%d"

# Letters that Unicode does not take apart into an ASCII letter and a mark.
_LETTERS: Final = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ł": "l",
        "þ": "th",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    }
)


def slug(text: str) -> str:
    """An id made from a name: its letters and digits in lower-case ASCII, hyphens for all between.

    Empty where the name holds neither, as one written in another script.
    """
    plain = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    return re.sub(r"[^a-z0-9]+", "-", "".join(c for c in plain if not unicodedata.combining(c))).strip("-")


class Source(BaseModel):
    """Where one field comes from: a column, an id made from a column, or a constant."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: ColumnName | None = None
    slug: ColumnName | None = None
    constant: str | bool | int | None = None
    when: dict[ColumnName, str | list[str]] = {}
    """The column counts only in rows where each of these columns holds the value, or one of the values."""
    values: dict[str, str | bool | None] | None = None
    """What each value of the column means. All of them: one that is not listed is a fault."""

    @model_validator(mode="before")
    @classmethod
    def _bare_word_is_a_column(cls, value: object) -> object:
        return {"column": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [name for name in ("column", "slug", "constant") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"it has {' and '.join(given) or 'no source'}; give a column's name, or one of column, slug, constant"
            )
        if self.column is None and (self.when or self.values is not None):
            raise ValueError(f"when and values belong to a column, not to a {given[0]}")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column it reads, the one it is named by first."""
        named = self.column or self.slug
        return (*([named] if named else []), *self.when)

    def of(self, row: Mapping[str, str]) -> Value:
        """What a row says; None where it says nothing.

        Raises:
            ValueError: a value that has no meaning here.
        """
        if self.constant is not None:
            return self.constant
        if self.slug is not None:
            return self._slug_of(row[self.slug])
        assert self.column is not None
        if any(row[column] not in _several(wanted) for column, wanted in self.when.items()):
            return None
        text = row[self.column]
        if self.values is None or (not text and "" not in self.values):
            return text or None
        if text not in self.values:
            raise ValueError(
                f"{quoted(text)} is not listed under `values` in the map, which has {', '.join(self.values)}; add it"
            )
        return self.values[text]

    def _slug_of(self, text: str) -> str | None:
        if text and not slug(text):
            raise ValueError(
                f"{quoted(text)} has no letter from a to z and no digit to make an id from; map a column of ids"
            )
        return slug(text) or None


def _several(wanted: str | list[str]) -> list[str]:
    return [wanted] if isinstance(wanted, str) else wanted


class Section(BaseModel):
    """The sources of one model's fields, by field."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="after")
    def _knows_what_it_waits_for(self) -> Self:
        """A misspelt value after `when` would hold for no row, and the field would be empty without a word."""
        for name, source in self.sources.items():
            for column, wanted in source.when.items():
                listed = [other.values for other in self.sources.values() if other.column == column and other.values]
                strange = set(_several(wanted)).difference(*listed) if listed else set()
                if strange:
                    raise ValueError(
                        f"{name} waits for {column} to be {', '.join(sorted(strange))}, "
                        f"and its values are listed as {', '.join(listed[0])}; correct one of the two"
                    )
        return self

    @property
    def sources(self) -> dict[str, Source]:
        given = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: source for name, source in given.items() if isinstance(source, Source)}


class PartnerSection(Section):
    id: Source
    name: Source
    type: Source
    region: Source
    owner: Source
    owner_manager: Source | None = None
    email: Source | None = None


class PersonSection(Section):
    name: Source
    email: Source | None = None
    slack_member: Source | None = None
    slack_channel: Source | None = None


class OpportunitySection(Section):
    id: Source
    partner: Source
    without_partner: Literal["refused", "direct"] = "refused"
    """What a row is in which `partner` says nothing: a fault, or a direct deal."""
    account: Source | None = None
    created_on: Source
    """A row without it is undated: counted, and not used."""
    qualified_on: Source | None = None
    progressed_on: Source | None = None
    submitted_on: Source | None = None
    answered_on: Source | None = None
    closed_on: Source | None = None
    won: Source | None = None
    value: Source | None = None
    mutual: Source | None = None


class AccountSection(Section):
    partner: Source
    name: Source


class EvidenceSection(Section):
    partner: Source
    asked: Source
    rating: Source | None = None
    evidence: Source | None = None
    value: Source | None = None
    rated_on: Source | None = None
    reviewer: Source | None = None


class Assumptions(BaseModel):
    """What the export does not hold, said once for all partners. Only a simulation uses it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    mutual: bool | None = None
    """Whether both sides worked each deal."""
    next_actions: bool | None = None
    """Whether every checkpoint finds a next action with an owner and a date."""
    accounts: int | None = Field(default=None, ge=0)
    """Mapped accounts each partner has."""
    plays: int | None = Field(default=None, ge=0)
    """Joint plays each partner has."""
    scorecard: Scorecard | None = None
    """The one every partner is given."""


class ImportMap(BaseModel):
    """A map file. It needs only the sections of what is imported by it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partners: PartnerSection | None = None
    people: PersonSection | None = None
    opportunities: OpportunitySection | None = None
    accounts: AccountSection | None = None
    evidence: EvidenceSection | None = None
    dates: str = ISO
    """How the export writes a date, in the terms of `strptime`."""
    assume: Assumptions = Assumptions()

    @field_validator("dates")
    @classmethod
    def _says_the_day(cls, dates: str) -> str:
        # One day is enough to try: its year, month and day all differ, also as two digits.
        probe = datetime(2019, 3, 27)  # noqa: DTZ001 -- a calendar day; no instant is meant
        try:
            read = datetime.strptime(probe.strftime(dates), dates).date()  # noqa: DTZ007 -- as above
        except ValueError:
            read = None
        if read != probe.date():
            raise ValueError(f"{dates!r} does not tell year, month and day; write it like {ISO} or %d/%m/%Y %H:%M")
        return dates

    def day(self, text: str) -> date:
        """A day as the export writes it.

        Raises:
            ValueError: it is not written that way, or there is no such day.
        """
        try:
            return datetime.strptime(text, self.dates).date()  # noqa: DTZ007 -- a calendar day; no instant is meant
        except ValueError:
            example = date(2017, 3, 1).strftime(self.dates)
            raise ValueError(
                f"{quoted(text)} is not a day written as {self.dates} (like {example}); "
                "correct it, or `dates` in the map"
            ) from None


def load_map(path: Path) -> ImportMap:
    """Read a map file.

    Raises:
        Refused: it cannot be read, or says what no map says; with the line and column of each fault.
    """
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1)
    except OSError as error:
        raise Refused(f"{path}: cannot be read: {error.strerror or error}; check the path") from error
    document = read_yaml(text, str(path))
    try:
        return ImportMap.model_validate(document.data)
    except ValidationError as error:
        raise Unfit(faults_of(error, document, ImportMap)) from error

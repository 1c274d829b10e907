"""What a report is: tables whose every number carries what it was counted from, pictures, and words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from program.calendar import Quarter
from program.errors import Refused
from reports.record import Fact

Value = int | Decimal | str | date | None

ALL: Final = "all"
"""The key of a table's last row, where it has one that adds the others up."""


class Unit(StrEnum):
    """How a column's values are to be read."""

    TEXT = "text"
    COUNT = "count"
    NUMBER = "number"
    MONEY = "money"
    """In the program's one currency."""
    PERCENT = "percent"
    DAYS = "days"
    HOURS = "hours"


@dataclass(frozen=True)
class Figure:
    """A number, or a word, with the facts it was made from. None where there is nothing to make it from."""

    value: Value
    behind: tuple[Fact, ...] = ()

    @property
    def number(self) -> int | Decimal | None:
        """The value of a figure that is a number."""
        return self.value if isinstance(self.value, (int, Decimal)) else None


@dataclass(frozen=True)
class Column:
    """A column of a table, by an ID that its numbers are asked for by."""

    id: str
    title: str
    unit: Unit = Unit.COUNT

    def shows(self, figure: Figure) -> str:
        """A figure as people read it."""
        if figure.value is None:
            return "—"
        if figure.number is None:
            return str(figure.value)
        return _SHOWN.get(self.unit, plainly)(figure.number)


def plainly(number: int | Decimal) -> str:
    """A number without the decimals that say nothing."""
    return f"{int(number):,}" if number == int(number) else f"{number:,}"


def _as_money(number: int | Decimal) -> str:
    """Sums in whole units, for nobody reads their cents; the exact ones are in the JSON."""
    if number >= _SUM or number == int(number):
        return f"{number:,.0f}"
    return f"{number:,.2f}"


_SUM: Final = 1000
_SHOWN: Final = {Unit.PERCENT: "{} %".format, Unit.MONEY: _as_money}


@dataclass(frozen=True)
class Line:
    """A row of a table: a figure for each of its columns."""

    key: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Table:
    """Numbers about one thing."""

    id: str
    title: str
    rows_are: str
    """What a row stands for: a tier, a quarter."""
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    says: tuple[str, ...] = ()
    """How its numbers are to be read."""
    empty: str = "There is nothing to show yet."


class Shape(StrEnum):
    """How a picture is drawn."""

    STACKED = "stacked"
    """Bars whose parts add up."""
    BARS = "bars"
    """Bars side by side."""
    LEVEL = "level"
    """Bars that lie, for long names."""
    CURVE = "curve"
    """Bars, and the last series as a line over them."""


@dataclass(frozen=True)
class Series:
    """One number for each of a picture's names; None where there is none."""

    name: str
    values: tuple[int | Decimal | None, ...]


@dataclass(frozen=True)
class Picture:
    """The same numbers for the eye. Its words say what it shows to who cannot see it."""

    title: str
    shape: Shape
    names: tuple[str, ...]
    series: tuple[Series, ...]
    counted: str
    """What its numbers are: deals, partners, %."""
    words: str


@dataclass(frozen=True)
class Report:
    """An answer to one question about the roster."""

    name: str
    title: str
    question: str
    quarter: Quarter
    as_of: date
    by: str | None
    """What its groups are made by; None where it has none to choose."""
    answer: str
    tables: tuple[Table, ...]
    pictures: tuple[Picture, ...] = ()
    alarms: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    """How its numbers are defined."""
    unknown: tuple[str, ...] = ()
    """What people ask for here that the record does not hold."""

    @property
    def command(self) -> str:
        """What it is asked for with, once more."""
        by = f" --by {self.by}" if self.by else ""
        return f"gatehouse report {self.name} --quarter {self.quarter}{by}"

    def behind(self, address: str) -> tuple[Table, Line, Column, Figure]:
        """The number at an address, written TABLE/ROW/COLUMN.

        Raises:
            Refused: where there is none, with those there are.
        """
        table_id, _, rest = address.partition("/")
        key, _, column_id = rest.rpartition("/")
        tables = {table.id: table for table in self.tables}
        table = tables[_known(table_id, tables, f"table in the report {self.name}")]
        lines = {line.key: line for line in table.lines}
        line = lines[_known(key, lines, f"row in the table {table.id}")]
        columns = {column.id: number for number, column in enumerate(table.columns)}
        number = columns[_known(column_id, columns, f"column in the table {table.id}")]
        return table, line, table.columns[number], line.figures[number]


def _known(name: str, there: Iterable[str], what: str) -> str:
    names = list(there)
    if name not in names:
        raise Refused(f"there is no {what} named {name!r}; there are {', '.join(names) or 'none'}")
    return name

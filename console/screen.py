"""What people see: sentences, tables, progress; and JSON for scripts.

Results go to standard output, everything else to standard error, so that a pipe carries results alone. Colours and bars
are for terminals; rich leaves them out elsewhere.
"""

import json
import re
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from enum import Enum
from itertools import product
from typing import Any, Final

import typer
from pydantic_core import to_jsonable_python
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from rules.language.source import Unfit

WIDTH: Final = 100
"""Columns of what is not shown in a terminal."""

WORD: Final = 10
"""Letters of the words that are never broken in a column that holds nothing else, such as tiers and stages."""

BETWEEN: Final = 2
"""Columns that stay empty between those of a table; one where words would be broken otherwise."""

UNBROKEN: Final = re.compile(r"\S+(?: %)?")
"""What stands on one line while there is room for it: a word, a number with its sign."""

GOOD: Final = frozenset({"sign", "expand", "on_track", "up", "moving", "active", "passed"})
BAD: Final = frozenset({"decline", "exit", "stalled", "down", "low_touch", "declined", "exited", "open", "failed"})
NOTABLE: Final = frozenset({"defer", "reset", "at_risk", "warn", "deferred", "leaving"})
"""Words that have a colour in a terminal."""


def screen(*, stderr: bool = False) -> Console:
    """Where results are shown, or what is said beside them. Text is shown as it is: names may hold brackets."""
    console = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDTH
    return console


def say(text: str) -> None:
    """A result in words."""
    screen().print(text, soft_wrap=not screen().is_terminal)


def remark(text: str) -> None:
    """Something beside the result."""
    screen(stderr=True).print(text, soft_wrap=True)


def complain(error: Exception) -> None:
    """What was refused, and why; faults in files as they are, so that editors find the place."""
    console = screen(stderr=True)
    if not isinstance(error, Unfit):
        console.print("error: ", style="bold red", end="")
    console.print(str(error), soft_wrap=True)


def as_json(data: Any) -> None:
    """A result for scripts: keys stay, dates are ISO."""
    typer.echo(json.dumps(to_jsonable_python(data), indent=2, ensure_ascii=False))


def show(*parts: RenderableType) -> None:
    """Tables and texts, one below the other; of none, nothing."""
    if not parts:
        return
    console = screen()
    if console.is_terminal:
        console.print(*parts, sep="\n", crop=False)
        return
    with console.capture() as shown_text:
        console.print(*parts, sep="\n", crop=False)
    typer.echo("\n".join(line.rstrip() for line in shown_text.get().splitlines()))


def title(text: str) -> Text:
    """What all that follows is about."""
    return Text(text, style="bold")


def to_type(text: str) -> RenderableType:
    """What holds a command: a line is not broken, however narrow the screen, or a shell would run half of it."""
    return Group(Text(text, no_wrap=True, overflow="ignore"))  # texts side by side would be made one, and broken


def indented(text: str) -> RenderableType:
    """A text that belongs to what stands above it. Its lines that hold a command are not broken."""
    return Group(*(to_type(f"  {line}") if "`" in line else Padding(line, (0, 0, 0, 2)) for line in text.splitlines()))


def heading(text: str) -> Text:
    """The title of a part of what is shown."""
    return Text(f"\n{text}", style="bold")


def table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], *, whole: int = 1, figures: Collection[int] = ()
) -> Table:
    """A table without lines.

    Args:
        columns: Their names.
        rows: Values; those that are missing stay empty.
        whole: How many of the first columns are never broken, to be found by whoever searches the text for them.
            Dates never are. A value that would leave the other columns no room is.
        figures: Columns, counted from 0, whose numbers stand below each other to be compared.
    """
    made = Table(box=None, pad_edge=False, header_style="dim", padding=(0, BETWEEN, 0, 0))
    listed = [list(row) for row in rows]
    texts = [[shown(value) for value in row] for row in listed]
    steps = []
    for number, name in enumerate(columns):
        made.add_column(name, overflow="fold", justify="right" if number in figures else "left")
        dates = any(isinstance(row[number], date) for row in listed)
        values = [row[number].plain for row in texts]
        fits = all(len(value) <= screen().width // 2 for value in values)
        words = all(len(value) <= WORD and " " not in value for value in values)
        steps.append(_steps(name, values, whole=(number < whole and fits) or dates or words))
    for row in texts:
        made.add_row(*row)
    _fit(made, [list(widths) for widths in zip(*steps, strict=True)], screen().width)
    return made


def _steps(name: str, values: Sequence[str], *, whole: bool) -> tuple[int, int, int, int]:
    """The widths of a column: as it is, by its longest word, by the longest of its values, and if need be."""
    most = max((cell_len(line) for value in values for line in value.split("\n")), default=0)
    longest = max((cell_len(word) for value in values for word in UNBROKEN.findall(value)), default=0)
    kept = most if whole else longest
    header = max(map(cell_len, name.split()), default=0)
    return max(most, cell_len(name)), max(kept, header), kept, most if whole else 1


def _fit(made: Table, steps: Sequence[Sequence[int]], width: int) -> None:
    """Narrow the widest columns until all have room, by the first step that does: no word is broken without need."""
    full, words, values, least_of_all = steps
    narrowing = (full, words), (words, values), (words, least_of_all)
    for (most, least), between in product(narrowing, (BETWEEN, 1)):
        room = width - between * (len(made.columns) - 1)
        for level in range(room, 0, -1):
            widths = [min(max(low, level), high) for low, high in zip(least, most, strict=True)]
            if sum(widths) <= room:
                made.padding = (0, between, 0, 0)
                for column, narrowed in zip(made.columns, widths, strict=True):
                    column.max_width = narrowed
                return


def details(rows: Iterable[tuple[str, Any]]) -> Table:
    """What is known of one thing, by name; what is not known is left out."""
    # As texts: a date among them would keep all the others on one line.
    made = table(["", ""], [(name, shown(value).plain) for name, value in rows if value not in {None, ""}])
    made.show_header = False
    return made


def shown(value: Any) -> Text:
    """A value as a cell shows it."""
    if value is None:
        return Text("")
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    text = value.isoformat() if isinstance(value, date) else str(value.value if isinstance(value, Enum) else value)
    return Text(text, style=_style(text))


def _style(text: str) -> str:
    if text in GOOD:
        return "green"
    if text in BAD:
        return "red"
    return "yellow" if text in NOTABLE else ""


class _Count(MofNCompleteColumn):
    """How many of how many, while what is done can be counted."""

    def render(self, task: Task) -> Text:
        return Text() if task.total is None else super().render(task)


def progress(*, counted: bool = True) -> Progress:
    """A progress bar on standard error, in a terminal; elsewhere nothing is shown."""
    console = screen(stderr=True)
    count = [BarColumn(), _Count()] if counted else []
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        *count,
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )

"""What unknown facts could turn out to be, as a truth table.

Where each of them is compared with what is known alone, its values fall into a few cells; a row is a choice of a cell
for each. A set of rows is a whole number with a bit for each of them, so a condition is worked out over all rows at
once, by a few operations on such numbers.
"""

from collections.abc import Mapping
from functools import reduce
from math import prod
from operator import and_, or_
from typing import Any, Final

from rules.decision.undecided import Cell, Decider, Undecided
from rules.language.conditions import Concluded, Leaf, Sequence, fold, leaves

MOST_ROWS: Final = 2**16
"""In a table that is worked with in a millisecond."""

Rows = int
"""A set of rows: bit n is row n."""


class Table:
    """The rows of what is undecided."""

    def __init__(self, undecided: Undecided, cells: Mapping[str, list[Cell]]) -> None:
        self._undecided = undecided
        self._cells = cells
        self._all: Rows = (1 << prod(map(len, cells.values()))) - 1
        self._places: dict[str, int] = {}
        """How far apart the rows are that differ in one fact by one cell."""
        place = 1
        for fact in cells:
            self._places[fact] = place
            place *= len(cells[fact])
        self._columns = {fact: self._column(fact) for fact in cells}
        self._decided: dict[Decider, Rows] = {}
        self._decide()

    @classmethod
    def of(cls, undecided: Undecided) -> "Table | None":
        """Make one; None where the facts cannot be told apart one by one, or in too many ways."""
        if not undecided.separable:
            return None
        cells = {fact: undecided.cells(fact) for fact in undecided.unknown}
        return cls(undecided, cells) if prod(map(len, cells.values())) <= MOST_ROWS else None

    # What it answers

    def decides(self, decider: Decider) -> bool:
        """Whether it decides in some row."""
        return bool(self._decided[decider])

    def example(self, decider: Decider) -> Mapping[str, Any]:
        """What the unknown facts are in the first row in which it decides."""
        rows = self._decided[decider]
        row = (rows & -rows).bit_length() - 1
        found = {}
        for fact, cells in self._cells.items():
            cell = cells[row // self._places[fact] % len(cells)]
            found[fact] = self._undecided.policy.facts[fact].decode(cell.value)
        return found

    def matters(self, fact: str) -> bool:
        """Whether two rows that differ in this fact alone have different outcomes."""
        place = self._places[fact]
        return any(
            len({(rows & column) >> place * number for number, column in enumerate(self._columns[fact])}) > 1
            for rows in self._outcomes.values()
        )

    def left(self, fact: str) -> list[int]:
        """How many outcomes are left where the fact is in each of its cells."""
        return [sum(bool(rows & column) for rows in self._outcomes.values()) for column in self._columns[fact]]

    # How it is made

    def _column(self, fact: str) -> list[Rows]:
        """For each cell of a fact, the rows that have it."""
        place, cells = self._places[fact], len(self._cells[fact])
        first, width = (1 << place) - 1, place * cells
        while width < self._all.bit_length():
            first |= first << width
            width *= 2
        return [first << place * number & self._all for number in range(cells)]

    def _decide(self) -> None:
        concluded: dict[str, Rows] = {}
        undecided, left = self._undecided, self._all
        for number in undecided.bearing:
            rule = undecided.policy.rules[number]
            holding = (self._holds(leaf, concluded) for leaf in leaves(rule.when))
            holds = fold(rule.when, holding, self._every, self._some)
            if rule.concludes:
                concluded[rule.concludes] = concluded.get(rule.concludes, 0) | holds
            else:
                self._decided[number] = holds & left
                left &= ~holds
        self._decided[None] = left
        self._outcomes: dict[str | None, Rows] = {}
        for decider, rows in self._decided.items():
            outcome = undecided.outcome(decider)
            self._outcomes[outcome] = self._outcomes.get(outcome, 0) | rows

    def _holds(self, leaf: Leaf, concluded: Mapping[str, Rows]) -> Rows:
        if isinstance(leaf, Concluded):
            return concluded.get(leaf.flag, 0)
        undecided = self._undecided
        fact = next(iter(undecided.unknown_in(leaf)), None)
        if fact is None or isinstance(leaf, Sequence):
            return self._all if undecided.holds(leaf) else 0
        pairs = zip(self._cells[fact], self._columns[fact], strict=True)
        return self._some([column for cell, column in pairs if undecided.holds(leaf, {fact: cell.value})])

    def _every(self, rows: list[Rows]) -> Rows:
        return reduce(and_, rows, self._all)

    @staticmethod
    def _some(rows: list[Rows]) -> Rows:
        return reduce(or_, rows, 0)

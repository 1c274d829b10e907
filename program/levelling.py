"""Putting pieces of work into weeks, evenly, so that no week takes more than it has room for where that is possible.

Where all pieces are equally large, as many as can be are placed: room is made by moving others along the shortest chain
of moves (augmenting paths). With pieces of several sizes the same is done, and now and then a fit is missed that some
other arrangement would have; finding that is as hard as packing bins.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import Any


@dataclass(frozen=True)
class Week:
    """Somebody's week."""

    person: str
    days: tuple[date, ...]
    """Those that are worked."""
    room: int
    """In hundredths of an hour."""


@dataclass(frozen=True)
class Piece:
    """Work that has to go into one of some weeks."""

    number: int
    size: int
    """In hundredths of an hour."""
    weeks: tuple[int, ...]
    """Where it may go, by number."""
    home: str
    """Whose weeks are preferred."""
    order: tuple[Any, ...]
    """Its height, the smaller choosing first; after that the larger pieces, and then the rest of this."""


class _Weeks:
    """The weeks while they are filled."""

    def __init__(self, pieces: Sequence[Piece], weeks: Sequence[Week]) -> None:
        self.pieces = {piece.number: piece for piece in pieces}
        self.weeks = weeks
        self.load = [0] * len(weeks)
        self.held: list[dict[int, Piece]] = [{} for _ in weeks]
        self.placed: dict[int, int] = {}
        self.failed: dict[tuple[str, str | None], list[tuple[int, frozenset[int]]]] = {}
        """What found no room since a piece was placed last: what is as large and may go nowhere else finds none."""

    def settle(self, piece: Piece) -> bool:
        """Place a piece with the preferred person, or else with anybody."""
        ways = (("place", self._place), ("exchange", self._exchange))
        for person, (name, way) in product((piece.home, None), ways):
            failed = self.failed.setdefault((name, person), [])
            if any(size <= piece.size and reached.issuperset(piece.weeks) for size, reached in failed):
                continue
            if way(piece, person):
                self.failed.clear()
                return True
            failed.append((piece.size, frozenset(piece.weeks)))
        return False

    def put(self, piece: Piece, week: int) -> None:
        """Put a piece into a week, taking it out of where it was."""
        before = self.placed.get(piece.number)
        if before is not None:
            self.load[before] -= piece.size
            del self.held[before][piece.number]
        self.placed[piece.number] = week
        self.load[week] += piece.size
        self.held[week][piece.number] = piece

    def free(self, week: int) -> int:
        return self.weeks[week].room - self.load[week]

    def fullness(self, piece: Piece, week: int) -> tuple[int, bool, int]:
        """How full a week would be, in hundredths of a percent; then whether it is not the preferred person's."""
        room = max(self.weeks[week].room, 1)
        return (self.load[week] + piece.size) * 10_000 // room, self.weeks[week].person != piece.home, week

    def _place(self, piece: Piece, person: str | None) -> bool:
        """Put a piece where there is room, or where moving others makes room; of one person, or of anybody."""
        came: dict[int, tuple[Piece, int | None]] = {}
        turns: deque[int] = deque()
        for week in self._candidates(piece, person):
            if self.free(week) >= piece.size:
                self.put(piece, week)
                return True
            came[week] = piece, None
            turns.append(week)
        while turns:
            week = turns.popleft()
            wanting, _ = came[week]
            for other in list(self.held[week].values()):
                if self.free(week) + other.size < wanting.size:
                    continue
                for further in self._candidates(other, person):
                    if further in came:
                        continue
                    came[further] = other, week
                    if self.free(further) >= other.size:
                        self._move_along(came, further)
                        return True
                    turns.append(further)
        return False

    def _exchange(self, piece: Piece, person: str | None) -> bool:
        """Put a piece where exchanging a larger one for a smaller one of another week makes room."""
        for week in self._candidates(piece, person):
            lacking = piece.size - self.free(week)
            for large in list(self.held[week].values()):
                for further in self._candidates(large, person):
                    if further == week:
                        continue
                    for small in self.held[further].values():
                        gained = large.size - small.size
                        if lacking <= gained <= self.free(further) and week in small.weeks:
                            self.put(small, week)
                            self.put(large, further)
                            self.put(piece, week)
                            return True
        return False

    def _candidates(self, piece: Piece, person: str | None) -> Iterator[int]:
        there = (week for week in piece.weeks if person is None or self.weeks[week].person == person)
        yield from sorted(there, key=lambda week: self.fullness(piece, week))

    def _move_along(self, came: dict[int, tuple[Piece, int | None]], last: int) -> None:
        """Carry a chain of moves out, from where there is room back to the piece that needs it."""
        week: int | None = last
        while week is not None:
            piece, before = came[week]
            self.put(piece, week)
            week = before


def level(pieces: Sequence[Piece], weeks: Sequence[Week]) -> tuple[dict[int, int], frozenset[int]]:
    """The week of each piece that may go anywhere, and which of them lie beyond their week's room."""
    filling = _Weeks(pieces, weeks)
    in_turn = sorted(pieces, key=lambda one: (one.order[0], -one.size, len(one.weeks), *one.order[1:]))
    left = [piece for piece in in_turn if piece.weeks and not filling.settle(piece)]
    for piece in left:
        filling.put(piece, min(piece.weeks, key=lambda week: filling.fullness(piece, week)))
    return filling.placed, frozenset(piece.number for piece in left)

"""How numbers are written where people outside read them: in letters and in reviews."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from program.scorecard import FactValue

RATIOS: Final = frozenset({"win_rate", "consistency"})
"""Facts that are read as percentages."""


def number(points: Decimal) -> str:
    """Points to one place, with no zeros that say nothing; such as are too few for that, as they are."""
    rounded = round(points, 1)
    shown = rounded if rounded or not points else points
    return f"{shown.normalize():,f}"


def enough(points: Decimal) -> Decimal:
    """Points that are needed, rounded up to one place: whoever brings so many has enough."""
    return points.quantize(Decimal("0.1"), ROUND_CEILING)


def value(fact: str, known: FactValue) -> str:
    """What a fact is, as people read it."""
    if known is None:
        return "not known"
    if isinstance(known, bool):
        return "yes" if known else "no"
    if isinstance(known, (int, Decimal)):
        return f"{number(Decimal(known) * 100)} %" if fact in RATIOS else f"{Decimal(known).normalize():,f}"
    return str(known)


def instead(fact: str, needed: Decimal, known: FactValue) -> str:
    """What a fact would have to be, and what it is: percentages as exact as they are measured.

    What is needed is rounded up, so that it suffices as it is written.
    """
    if fact in RATIOS and isinstance(known, (int, Decimal)):
        return f"{_percentage(needed, ROUND_CEILING)} instead of {_percentage(Decimal(known), ROUND_FLOOR)}"
    return f"{value(fact, needed)} instead of {value(fact, known)}"


def _percentage(ratio: Decimal, rounding: str) -> str:
    return f"{(ratio * 100).quantize(Decimal('0.01'), rounding).normalize():f} %"


def plain(value: FactValue) -> str:
    """A number without the zeros that say nothing."""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)

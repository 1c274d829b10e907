"""How numbers are written where people outside read them: in letters and in reviews."""

from decimal import Decimal
from typing import Final

from program.scorecard import FactValue

RATIOS: Final = frozenset({"win_rate", "consistency"})
"""Facts that are read as percentages."""


def number(points: Decimal) -> str:
    """Points to one place, with no zeros that say nothing; such as are too few for that, as they are."""
    rounded = round(points, 1)
    shown = rounded if rounded or not points else points
    return f"{shown.normalize():,f}"


def value(fact: str, known: FactValue) -> str:
    """What a fact is, as people read it."""
    if known is None:
        return "not known"
    if isinstance(known, bool):
        return "yes" if known else "no"
    if isinstance(known, (int, Decimal)):
        return f"{number(Decimal(known) * 100)} %" if fact in RATIOS else f"{Decimal(known).normalize():,f}"
    return str(known)

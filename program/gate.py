"""The gate: whether it still declines anybody."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

IN_A_ROW: Final = 10
"""Candidates that are signed one after the other, with none declined between them, before it is an alarm. There is no
right rate; but where one in four deserves a no, ten in a row come by chance once in eighteen times."""

SIGN, DEFER, DECLINE = "sign", "defer", "decline"


@dataclass(frozen=True)
class Open:
    """A gate that has stopped declining."""

    signed: int
    """Since it last declined somebody."""
    last_on: date
    """The day on which somebody was last signed."""
    declined_on: date | None
    """The day on which somebody was last declined; None where nobody ever was."""

    @property
    def told(self) -> str:
        """What is wrong with it, and what to look at."""
        ever = f"the last to be declined was on {self.declined_on}" if self.declined_on else "nobody was ever declined"
        return (
            f"The gate has stopped declining: {self.signed} candidates in a row were signed, and {ever}. See whether "
            "reviewers rate by the rubric, and whether the minima still mean anything."
        )


def stopped_declining(decided: Iterable[tuple[date, str | None]]) -> Open | None:
    """What is wrong with a gate that has stopped declining; None while too few were decided to say so.

    Args:
        decided: The days and outcomes of what was decided at the gate, in order. What is neither signed nor declined is
            not decided yet.
    """
    signed, declined_on = list[date](), None
    for day, outcome in decided:
        if outcome == DECLINE:
            signed, declined_on = [], day
        elif outcome == SIGN:
            signed.append(day)
    return Open(len(signed), signed[-1], declined_on) if len(signed) >= IN_A_ROW else None

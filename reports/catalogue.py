"""The reports there are, by name."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from program.calendar import Quarter
from program.errors import Refused
from reports.concentration import concentration
from reports.forecast import forecast
from reports.gate import gate
from reports.hours import hours
from reports.pilots import pilots
from reports.pipeline import pipeline
from reports.producing import producing
from reports.reading import InForce, bases, on_record, read
from reports.record import By, Record
from reports.report import Report
from reports.stages import stages
from store.database import Transaction


@dataclass(frozen=True)
class Kind:
    """A report that can be asked for."""

    name: str
    about: str
    """What it says, in one sentence."""
    by: By | None
    """What its groups are made by where nothing else is asked for; None where it has no groups to choose."""
    groups: tuple[By, ...] = ()
    """What they can be made by."""


_PARTNERS_BY: Final = (By.TIER, By.TYPE, By.OWNER, By.REGION)

KINDS: Final = (
    Kind("producing", "How many of the partners that were signed sell, and who is silent.", By.TYPE, _PARTNERS_BY),
    Kind("concentration", "Which share of the revenue comes from which tenth of the partners.", None),
    Kind("pipeline", "What partners bring, how far it comes, how much is won, in how many days.", By.TIER, tuple(By)),
    Kind("hours", "What the tiers' hours brought, and before against after a re-score.", None),
    Kind(
        "gate", "Who is signed and declined, why, and an alarm when nobody is declined any more.", By.TYPE, _PARTNERS_BY
    ),
    Kind("stages", "How long partners take in each stage, and who waits longest.", By.TYPE, _PARTNERS_BY),
    Kind("pilots", "How pilots end, and where those stand that run.", By.TYPE, _PARTNERS_BY),
    Kind("forecast", "Which tiers the next re-score is expected to give, and how far to believe it.", None),
)

_GROUPED: Final[dict[str, Callable[[Record, By], Report]]] = {
    "producing": producing,
    "pipeline": pipeline,
    "gate": gate,
    "stages": stages,
    "pilots": pilots,
}
_WHOLE: Final[dict[str, Callable[[Record], Report]]] = {"concentration": concentration, "hours": hours}


def chosen_quarter(tx: Transaction, today: date) -> Quarter:
    """The quarter that is meant where none is named: the last one that is over and has something on record."""
    there, ended = on_record(tx), Quarter.ended_before(today)
    if there is None or there[0].first_day > ended.first_day:
        return Quarter.of(today)
    return min(ended, there[1], key=lambda quarter: quarter.first_day)


def record_of(tx: Transaction, in_force: InForce, today: date, quarter: Quarter | None) -> Record:
    """The record of a quarter, or of the one that is meant.

    Raises:
        Refused: where it has not begun.
    """
    wanted = quarter or chosen_quarter(tx, today)
    if wanted.first_day > today:
        raise Refused(f"{wanted} begins on {wanted.first_day}, and there is nothing to report of it yet")
    return read(tx, in_force, wanted, today)


def make(tx: Transaction, in_force: InForce, record: Record, kind: Kind, by: By | None = None) -> Report:
    """One report. Groups it cannot be made by are not asked for here."""
    if kind.name in _WHOLE:
        return _WHOLE[kind.name](record)
    if kind.by is not None:
        return _GROUPED[kind.name](record, by or kind.by)
    return forecast(record, bases(tx, record, in_force))

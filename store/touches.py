"""Touches that were delivered to partners."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from program.touch import Touch
from store.among import among
from store.doubt import doubt
from store.tables import TouchRow
from store.writing import add_new

FEW: Final = 6
"""Touches that are shown of a partner."""


class Touches:
    """Touches by partner, day, kind and who held them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def record(self, touch: Touch, at: datetime) -> int:
        """Add a touch; 0 where it was recorded before."""
        new = add_new(self._session, TouchRow, {**touch.model_dump(), "learned_at": at})
        if new:
            doubt(self._session, [touch.partner])
        return new

    def between(self, first: date, last: date) -> list[Touch]:
        """Those of some days, both included, by day and partner."""
        return self._in_order(select(TouchRow).where(TouchRow.delivered_on.between(first, last)))

    def of(self, partners: Iterable[str], first: date, last: date) -> dict[str, list[Touch]]:
        """The same of each of some partners."""
        found: dict[str, list[Touch]] = {partner: [] for partner in partners}
        query = select(TouchRow).where(TouchRow.delivered_on.between(first, last))
        for touch in self._in_order(query.where(among(self._session, TouchRow.partner, found))):
            found[touch.partner].append(touch)
        return found

    def delivered(self, as_of: date) -> list[Touch]:
        """Every touch up to a day, in order."""
        return self._in_order(select(TouchRow).where(TouchRow.delivered_on <= as_of))

    def latest(self, partner: str, as_of: date, known_at: datetime) -> list[Touch]:
        """The last few of a partner up to a day, as far as was known, in order."""
        query = select(TouchRow).where(TouchRow.partner == partner, TouchRow.delivered_on <= as_of)
        return self._in_order(query.where(TouchRow.learned_at <= known_at))[-FEW:]

    def _in_order(self, query: Select[TouchRow]) -> list[Touch]:
        query = query.order_by(TouchRow.delivered_on, TouchRow.partner, TouchRow.who, TouchRow.kind)
        return [
            Touch(partner=row.partner, delivered_on=row.delivered_on, kind=row.kind, who=row.who, note=row.note)
            for row in self._session.scalars(query)
        ]

    def last(self, partners: Iterable[str], as_of: date, known_at: datetime) -> dict[str, dict[str, date]]:
        """The last day, up to one, of each kind that partners had, as far as was known; of those that had any."""
        query = (
            select(TouchRow.partner, TouchRow.kind, func.max(TouchRow.delivered_on))
            .where(among(self._session, TouchRow.partner, partners), TouchRow.delivered_on <= as_of)
            .where(TouchRow.learned_at <= known_at)
            .group_by(TouchRow.partner, TouchRow.kind)
        )
        found: dict[str, dict[str, date]] = {}
        for partner, kind, day in self._session.execute(query):
            found.setdefault(partner, {})[kind] = day
        return found

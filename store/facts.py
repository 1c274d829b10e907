"""Facts about partners, each with the day it is true of and the instant we learned it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.among import among
from store.coming_in import coming_in
from store.doubt import doubt
from store.tables import FactRow
from store.writing import add_new


@dataclass(frozen=True)
class Known:
    """What a source said of a day."""

    value: Any
    source: str
    true_of: date
    learned_at: datetime

    @property
    def origin(self) -> str:
        """Where it comes from, as a decision says it."""
        return f"{self.source}, true of {self.true_of}"


class Facts:
    """Facts by partner and name."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def record(self, partner: str, facts: Mapping[str, Any], true_of: date, source: str, at: datetime) -> int:
        """Add what a source says of a day; how many facts are new. What it said before stays."""
        return self.record_all({partner: (source, facts)}, true_of, at)

    def record_all(self, said: Mapping[str, tuple[str, Mapping[str, Any]]], true_of: date, at: datetime) -> int:
        """The same of several partners at once, of each with its source."""
        common = {"true_of": true_of, "learned_at": at}
        rows = [
            {**common, "partner": partner, "source": source, "name": name, "value": value}
            for partner, (source, facts) in said.items()
            for name, value in facts.items()
        ]
        coming_in(self._session)
        added = add_new(self._session, FactRow, rows)
        if added:
            doubt(self._session, {str(row["partner"]) for row in rows})
        return added

    def of(self, partner: str, as_of: date, known_at: datetime) -> dict[str, Known]:
        """The latest of each fact as of a day, as far as was known at an instant."""
        return self.by_partner([partner], as_of, known_at)[partner]

    def by_partner(self, partners: Iterable[str], as_of: date, known_at: datetime) -> dict[str, dict[str, Known]]:
        """The same of several partners at once."""
        found: dict[str, dict[str, Known]] = {partner: {} for partner in partners}
        query = (
            select(FactRow)
            .where(
                among(self._session, FactRow.partner, found), FactRow.true_of <= as_of, FactRow.learned_at <= known_at
            )
            .order_by(FactRow.true_of, FactRow.learned_at, FactRow.id)
        )
        for row in self._session.scalars(query):
            known = Known(value=row.value, source=row.source, true_of=row.true_of, learned_at=row.learned_at)
            found[row.partner][row.name] = known
        return found

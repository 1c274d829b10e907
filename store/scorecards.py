"""Scorecards as reviewers submitted them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from program.scorecard import Scorecard
from store.among import among
from store.coming_in import coming_in
from store.doubt import doubt
from store.tables import PartnerRow, ScorecardRow
from store.writing import add

Key = tuple[str, int, int]
"""A scorecard's partner, application and number."""


class Scorecards:
    """Scorecards by partner, application and number."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, partner: str, application: int, number: int, scorecard: Scorecard, day: date, at: datetime) -> None:
        """Keep a scorecard; the first of its number stays."""
        self.add_all({(partner, application, number): scorecard}, day, at)

    def add_all(self, scorecards: Mapping[Key, Scorecard], day: date, at: datetime) -> None:
        """The same of several at once."""
        rows = [
            {
                "partner": partner,
                "application": application,
                "number": number,
                "reviewer": scorecard.reviewer,
                "submitted_on": day,
                "content": scorecard.model_dump(mode="json"),
                "learned_at": at,
            }
            for (partner, application, number), scorecard in scorecards.items()
        ]
        coming_in(self._session)
        doubt(self._session, {row.partner for row in add(self._session, ScorecardRow, rows)})

    def counts(self, partners: Iterable[str]) -> Counter[str]:
        """How many scorecards the present application of some partners has."""
        query = (
            select(ScorecardRow.partner, func.count())
            .join(PartnerRow, PartnerRow.id == ScorecardRow.partner)
            .where(
                among(self._session, ScorecardRow.partner, partners), ScorecardRow.application == PartnerRow.application
            )
            .group_by(ScorecardRow.partner)
        )
        return Counter({row.partner: row[1] for row in self._session.execute(query)})

    def count(self, partner: str, application: int) -> int:
        """How many scorecards an application has."""
        query = select(func.count()).where(ScorecardRow.partner == partner, ScorecardRow.application == application)
        return self._session.scalar(query) or 0

    def every(self) -> dict[Key, Scorecard]:
        """All scorecards, by partner, application and number."""
        query = select(ScorecardRow.partner, ScorecardRow.application, ScorecardRow.number, ScorecardRow.content)
        return {tuple(key): Scorecard.model_validate(content) for *key, content in self._session.execute(query)}

    def latest(self, partners: Iterable[str], as_of: date, known_at: datetime) -> dict[str, tuple[date, Scorecard]]:
        """The last scorecard of each partner's present application, as far as was known at an instant, with its day."""
        query = (
            select(ScorecardRow.partner, ScorecardRow.submitted_on, ScorecardRow.content)
            .join(PartnerRow, PartnerRow.id == ScorecardRow.partner)
            .where(
                among(self._session, ScorecardRow.partner, partners), ScorecardRow.application == PartnerRow.application
            )
            .where(ScorecardRow.submitted_on <= as_of, ScorecardRow.learned_at <= known_at)
            .order_by(ScorecardRow.number)
        )
        latest = {row.partner: (row.submitted_on, row.content) for row in self._session.execute(query)}
        return {partner: (day, Scorecard.model_validate(content)) for partner, (day, content) in latest.items()}

    def get(self, partner: str, application: int, number: int) -> Scorecard | None:
        row = self._session.get(ScorecardRow, (partner, application, number))
        return Scorecard.model_validate(row.content) if row else None

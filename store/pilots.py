"""Pilots and their terms."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from program.pilot import PilotTerms
from store.tables import PilotRow
from store.writing import add_new


class Pilots:
    """Pilots by partner, application and number."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def begin(self, partner: str, application: int, terms: PilotTerms) -> PilotTerms:
        """Keep the terms of a pilot; the first ones agreed stay, and are returned."""
        key = {"partner": partner, "application": application, "number": terms.number}
        values = {**key, "started_on": terms.started_on, "terms": terms.model_dump(mode="json")}
        add_new(self._session, PilotRow, values)
        row = self._session.get_one(PilotRow, tuple(key.values()))
        return PilotTerms.model_validate(row.terms)

    def end(self, partner: str, application: int, number: int, day: date, verdict: str) -> None:
        """Note how a pilot ended; once."""
        row = self._session.get_one(PilotRow, (partner, application, number))
        if row.ended_on is None:
            row.ended_on, row.verdict = day, verdict

    def resets_left(self, partner: str) -> int:
        """How often the last pilot of a partner can be reset; 0 where it had none."""
        return next((terms.resets_left for _, terms, _, _ in reversed(self.of(partner))), 0)

    def every(self) -> dict[tuple[str, int, int], tuple[PilotTerms, date | None]]:
        """All pilots, by partner, application and number: the terms, and when it ended."""
        return {
            (row.partner, row.application, row.number): (PilotTerms.model_validate(row.terms), row.ended_on)
            for row in self._session.scalars(select(PilotRow))
        }

    def running(self) -> dict[str, PilotTerms]:
        """The terms of the pilots that have not ended, by partner."""
        query = select(PilotRow).where(PilotRow.ended_on.is_(None)).order_by(PilotRow.application, PilotRow.number)
        return {row.partner: PilotTerms.model_validate(row.terms) for row in self._session.scalars(query)}

    def of(self, partner: str) -> list[tuple[int, PilotTerms, date | None, str | None]]:
        """The pilots of a partner, in order: application, terms, when and how it ended."""
        query = select(PilotRow).where(PilotRow.partner == partner).order_by(PilotRow.application, PilotRow.number)
        return [
            (row.application, PilotTerms.model_validate(row.terms), row.ended_on, row.verdict)
            for row in self._session.scalars(query)
        ]

    def verdicts(self) -> dict[tuple[str, int, int], tuple[PilotTerms, str | None]]:
        """All pilots, by partner, application and number: the terms, and the verdict where one was given."""
        query = select(PilotRow).order_by(PilotRow.partner, PilotRow.application, PilotRow.number)
        return {
            (row.partner, row.application, row.number): (PilotTerms.model_validate(row.terms), row.verdict)
            for row in self._session.scalars(query)
        }

"""Escalations, each opened once."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from program.errors import Refused
from program.escalation import Escalation, EscalationState
from store.tables import EscalationRow
from store.writing import add_new

_FIELDS = tuple(Escalation.model_fields)


def _escalation(row: EscalationRow) -> Escalation:
    return Escalation.model_validate({name: getattr(row, name) for name in _FIELDS})


class Escalations:
    """Escalations by key."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def open(self, escalation: Escalation) -> Escalation:
        """Open an escalation, or find the one that was opened for the same stall."""
        add_new(self._session, EscalationRow, {"key": escalation.key, **escalation.model_dump()})
        return self.get(escalation.key)

    def _row(self, key: str) -> EscalationRow:
        row = self._session.get(EscalationRow, key)
        if row is None:
            raise Refused(f"there is no escalation {key}; `gatehouse escalations list` shows those there are")
        return row

    def get(self, key: str) -> Escalation:
        """An escalation.

        Raises:
            Refused: where there is none of this key.
        """
        return _escalation(self._row(key))

    def acknowledge(self, key: str, who: str, note: str) -> Escalation:
        """Note who answers for an open escalation; the first answer stays."""
        row = self._row(key)
        if row.state == EscalationState.OPEN:
            row.state, row.answered_by, row.note = EscalationState.ACKNOWLEDGED, who, note
        return _escalation(row)

    def end(self, key: str, note: str, day: date) -> None:
        """Close an escalation whose cause is over; once."""
        row = self._row(key)
        if row.state != EscalationState.ENDED:
            row.state, row.note, row.closed_on = EscalationState.ENDED, row.note or note, day

    def as_of(self, partner: str, day: date) -> list[Escalation]:
        """A partner's escalations that were opened by a day and had not ended by then, the oldest first.

        Whether somebody had answered by then nobody can tell: an answer is kept without its day.
        """
        query = select(EscalationRow).where(
            EscalationRow.partner == partner,
            EscalationRow.opened_on <= day,
            or_(EscalationRow.closed_on.is_(None), EscalationRow.closed_on > day),
        )
        query = query.order_by(EscalationRow.opened_on, EscalationRow.key)
        return [_escalation(row) for row in self._session.scalars(query)]

    def listed(
        self, *, partner: str | None = None, states: Iterable[EscalationState] = (EscalationState.OPEN,)
    ) -> list[Escalation]:
        """Escalations in some states, the oldest first."""
        query = select(EscalationRow).where(EscalationRow.state.in_(list(states)))
        if partner:
            query = query.where(EscalationRow.partner == partner)
        query = query.order_by(EscalationRow.opened_on, EscalationRow.key)
        return [_escalation(row) for row in self._session.scalars(query)]

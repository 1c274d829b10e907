"""Escalations, each opened once, and what happened to them."""

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from program.errors import Refused
from program.escalation import ANSWERS, Escalation, EscalationEvent, EscalationState
from store.among import among
from store.tables import EscalationEventRow, EscalationRow, PartnerRow
from store.writing import add_new

_FIELDS = tuple(Escalation.model_fields)

NOT_OVER = frozenset(EscalationState) - {EscalationState.ENDED}


def _escalation(row: EscalationRow) -> Escalation:
    return Escalation.model_validate({name: getattr(row, name) for name in _FIELDS})


class Escalations:
    """Escalations by key."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def open(self, escalation: Escalation) -> Escalation:
        """Open an escalation, or find the one that was opened for the same stall."""
        if add_new(
            self._session, EscalationRow, {"key": escalation.key, **escalation.model_dump(), "doubts": 0, "looked": 0}
        ):
            self._note(escalation.key, EscalationEvent(at=escalation.opened_at, what="opened", note=escalation.because))
        return self.held(escalation.key)

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

    def held(self, key: str) -> Escalation:
        """The same as it stands now, for whoever is about to change it: nobody else does before the transaction ends.

        Else who answers and who finds that it is over would not see one another, and the later one would be kept.
        """
        self._session.get(EscalationRow, key, with_for_update=True, populate_existing=True)
        return self.get(key)

    def keep(self, escalation: Escalation, *events: EscalationEvent) -> None:
        """Keep how an escalation stands now, and note what brought it there. Nothing new is nothing noted."""
        row = self._row(escalation.key)
        if _escalation(row) == escalation:
            return
        for name in _FIELDS:
            setattr(row, name, getattr(escalation, name))
        for event in events:
            self._note(escalation.key, event)

    def end(self, key: str, note: str, day: date, at: datetime) -> None:
        """Close an escalation whose cause is over; once."""
        escalation = self.held(key)
        if escalation.state != EscalationState.ENDED:
            over = {"state": EscalationState.ENDED, "until": None, "note": note, "closed_on": day}
            self.keep(escalation.model_copy(update=over), EscalationEvent(at=at, what="ended", note=note))

    def doubted(self, most: int) -> dict[str, int]:
        """The escalations that something came in about and that nobody has looked at since, and how often it did."""
        query = select(EscalationRow.key, EscalationRow.doubts).where(
            EscalationRow.doubts > EscalationRow.looked, EscalationRow.state != EscalationState.ENDED
        )
        found = self._session.execute(query.order_by(EscalationRow.key).limit(most))
        return {row.key: row.doubts for row in found}

    def looked_at(self, key: str) -> None:
        """Note that an escalation was looked at again."""
        row = self._row(key)
        row.looked = row.doubts

    def note(self, key: str, event: EscalationEvent) -> None:
        """Note something that leaves an escalation as it is; once."""
        if event not in self.events(key):
            self._note(key, event)

    def _note(self, key: str, event: EscalationEvent) -> None:
        self._session.add(EscalationEventRow(key=key, **event.model_dump()))

    def events(self, key: str) -> list[EscalationEvent]:
        """What happened to an escalation, in order."""
        query = select(EscalationEventRow).where(EscalationEventRow.key == key).order_by(EscalationEventRow.id)
        return [
            EscalationEvent(at=row.at, what=row.what, who=row.who, note=row.note)
            for row in self._session.scalars(query)
        ]

    def that_were(self, what: str) -> set[str]:
        """The keys of those to which something has happened."""
        return set(self._session.scalars(select(EscalationEventRow.key).where(EscalationEventRow.what == what)))

    def answered(self, since: datetime, until: datetime) -> set[str]:
        """The keys of those that somebody answered from one instant to before another, for the first time or again."""
        answers = select(EscalationEventRow.key).where(EscalationEventRow.what.in_(ANSWERS))
        return set(self._session.scalars(answers.where(EscalationEventRow.at >= since, EscalationEventRow.at < until)))

    def as_of(self, partner: str, day: date) -> list[Escalation]:
        """A partner's escalations that were opened by a day and had not ended by then, the oldest first."""
        query = select(EscalationRow).where(
            EscalationRow.partner == partner,
            EscalationRow.opened_on <= day,
            or_(EscalationRow.closed_on.is_(None), EscalationRow.closed_on > day),
        )
        query = query.order_by(EscalationRow.opened_on, EscalationRow.key)
        return [_escalation(row) for row in self._session.scalars(query)]

    def watched(self, policy: str, day: date, partners: Iterable[str]) -> list[Escalation]:
        """Those of some partners that a policy found and that are not over, or ended on a day."""
        query = select(EscalationRow).where(
            EscalationRow.policy == policy, among(self._session, EscalationRow.partner, partners)
        )
        query = query.where(or_(EscalationRow.state != EscalationState.ENDED, EscalationRow.closed_on == day))
        return [_escalation(row) for row in self._session.scalars(query.order_by(EscalationRow.key))]

    def listed(
        self,
        *,
        partner: str | None = None,
        owner: str | None = None,
        states: Iterable[EscalationState] = NOT_OVER,
    ) -> list[Escalation]:
        """Escalations in some states, the oldest first: everybody's, of a partner, or of somebody.

        Args:
            partner: Only its own.
            owner: Only of the partners that they look after now, and what was delegated to them.
            states: What has become of them.
        """
        query = select(EscalationRow).where(EscalationRow.state.in_(list(states)))
        if partner:
            query = query.where(EscalationRow.partner == partner)
        if owner:
            theirs = select(PartnerRow.id).where(PartnerRow.owner == owner)
            query = query.where(or_(EscalationRow.partner.in_(theirs), EscalationRow.delegate == owner))
        query = query.order_by(EscalationRow.opened_on, EscalationRow.key)
        return [_escalation(row) for row in self._session.scalars(query)]

    def told_of(self, notices: Iterable[str]) -> dict[str, Escalation]:
        """The escalations that notices tell of, by the notice's key, which begins with that of the escalation."""
        keys = {notice: notice.rpartition("/")[0] for notice in notices}
        query = select(EscalationRow).where(among(self._session, EscalationRow.key, keys.values()))
        found = {row.key: _escalation(row) for row in self._session.scalars(query)}
        return {notice: found[key] for notice, key in keys.items() if key in found}

    def of_late(self, since: date) -> list[Escalation]:
        """The escalations that are not over, and those that ended on a day or later, the oldest first."""
        query = select(EscalationRow).where(or_(EscalationRow.closed_on.is_(None), EscalationRow.closed_on >= since))
        query = query.order_by(EscalationRow.opened_on, EscalationRow.key)
        return [_escalation(row) for row in self._session.scalars(query)]

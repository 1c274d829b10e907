"""Opportunities, as they are known now and as they were known at any instant before."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.orm import Session

from program.opportunity import Opportunity
from store.doubt import doubt
from store.tables import OpportunityRow

_FIELDS = tuple(Opportunity.model_fields)
_MOVES = tuple(name for name in _FIELDS if name.endswith("_on"))
_AT_ONCE = 500


def _opportunity(row: OpportunityRow) -> Opportunity:
    return Opportunity.model_construct(**{name: getattr(row, name) for name in _FIELDS})


class Opportunities:
    """Opportunities by partner."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def record(self, opportunities: Sequence[Opportunity], source: str, at: datetime) -> tuple[int, int]:
        """Add what is new and what is known differently now; how many of each. What is known already stays."""
        added = changed = 0
        for start in range(0, len(opportunities), _AT_ONCE):
            batch = opportunities[start : start + _AT_ONCE]
            current = {
                row.id: row
                for row in self._session.scalars(
                    select(OpportunityRow).where(
                        OpportunityRow.id.in_([o.id for o in batch]), OpportunityRow.superseded_at.is_(None)
                    )
                )
            }
            fresh = []
            handed_over: dict[str, str | None] = {}
            for opportunity in batch:
                row = current.get(opportunity.id)
                if row and _opportunity(row) == opportunity:
                    continue
                if row:
                    row.superseded_at = at
                    # Whoever looks after it does so still, unless another partner brings it now.
                    handed_over[row.id] = row.handed_over_to if row.partner == opportunity.partner else None
                    changed += 1
                else:
                    added += 1
                fresh.append(opportunity)
            self._session.flush()  # the old rows end before the new ones begin: only one may be current
            same = {"source": source, "learned_at": at, "superseded_at": None}
            rows = [{**o.model_dump(), **same, "handed_over_to": handed_over.get(o.id)} for o in fresh]
            if rows:
                self._session.execute(insert(OpportunityRow), rows)
                doubt(self._session, (opportunity.partner for opportunity in fresh))
        return added, changed

    def of(self, partner: str, as_of: date, known_at: datetime, since: date | None = None) -> list[Opportunity]:
        """A partner's opportunities as they stood at the end of a day, as far as was known at an instant.

        With `since`, only those that were created or progressed from that day on.
        """
        return self.by_partner([partner], as_of, known_at, since)[partner]

    def by_partner(
        self,
        partners: Iterable[str],
        as_of: date,
        known_at: datetime,
        since: date | None = None,
        *,
        moved_since: date | None = None,
    ) -> dict[str, list[Opportunity]]:
        """The same for several partners at once.

        With `moved_since`, only those to which anything happened from that day on.
        """
        found: dict[str, list[Opportunity]] = {partner: [] for partner in partners}
        # Columns, not rows of the session: nothing is changed, and there are many.
        query = select(*(getattr(OpportunityRow, name) for name in _FIELDS)).where(
            OpportunityRow.partner.in_(found),
            OpportunityRow.created_on <= as_of,
            OpportunityRow.learned_at <= known_at,
            or_(OpportunityRow.superseded_at.is_(None), OpportunityRow.superseded_at > known_at),
        )
        if since:
            query = query.where(or_(OpportunityRow.created_on >= since, OpportunityRow.progressed_on >= since))
        if moved_since:
            query = query.where(or_(*(getattr(OpportunityRow, name) >= moved_since for name in _MOVES)))
        for row in self._session.execute(query.order_by(OpportunityRow.created_on, OpportunityRow.id)):
            seen = Opportunity.model_construct(**row._asdict()).as_of(as_of)
            if seen:
                found[seen.partner].append(seen)
        return found

    def last_movement(self, partners: Sequence[str], as_of: date, known_at: datetime) -> dict[str, date]:
        """The last day on which an opportunity of each partner was created, submitted, progressed or closed."""
        last: dict[str, date] = {}
        for partner, opportunities in self.by_partner(partners, as_of, known_at).items():
            if opportunities:
                last[partner] = max(opportunity.last_moved for opportunity in opportunities)
        return last

    def hand_over(self, partner: str, who: str, as_of: date) -> int:
        """Give the open opportunities of a partner that leaves to somebody; how many there are."""
        still_open = (
            OpportunityRow.partner == partner,
            OpportunityRow.superseded_at.is_(None),
            or_(OpportunityRow.closed_on.is_(None), OpportunityRow.closed_on > as_of),
            OpportunityRow.created_on <= as_of,
        )
        rows = self._session.scalars(select(OpportunityRow.row).where(*still_open)).all()
        self._session.execute(update(OpportunityRow).where(*still_open).values(handed_over_to=who))
        return len(rows)

    def every(self, as_of: date) -> list[Opportunity]:
        """Everybody's opportunities as they stood at the end of a day, as far as is known by now."""
        query = select(*(getattr(OpportunityRow, name) for name in _FIELDS)).where(
            OpportunityRow.created_on <= as_of, OpportunityRow.superseded_at.is_(None)
        )
        rows = self._session.execute(query.order_by(OpportunityRow.created_on, OpportunityRow.id))
        seen = (Opportunity.model_construct(**row._asdict()).as_of(as_of) for row in rows)
        return [opportunity for opportunity in seen if opportunity]

    def span(self) -> tuple[date, date] | None:
        """The days on which the first and the last opportunity was created; None where there is none."""
        created = OpportunityRow.created_on
        first, last = self._session.execute(select(func.min(created), func.max(created))).one()
        return (first, last) if first and last else None

    def origins(self, ids: Sequence[str]) -> dict[str, tuple[str, datetime]]:
        """Where what is known of some opportunities came from, and when it was learned."""
        found: dict[str, tuple[str, datetime]] = {}
        for start in range(0, len(ids), _AT_ONCE):
            query = select(OpportunityRow.id, OpportunityRow.source, OpportunityRow.learned_at).where(
                OpportunityRow.id.in_(ids[start : start + _AT_ONCE]), OpportunityRow.superseded_at.is_(None)
            )
            found |= {row.id: (row.source, row.learned_at) for row in self._session.execute(query)}
        return found

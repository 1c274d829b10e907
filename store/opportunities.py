"""Deals, as they are known now and as they were known at any instant before."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, insert, or_, select, update
from sqlalchemy.orm import Session

from program.opportunity import Deal, DirectDeal, Opportunity
from store.among import among
from store.coming_in import coming_in
from store.doubt import doubt
from store.locks import TransactionLock, take
from store.tables import OpportunityRow

_FIELDS = tuple(Opportunity.model_fields)
_MOVES = tuple(name for name in _FIELDS if name.endswith("_on"))
_AT_ONCE = 500


class Recorded(NamedTuple):
    """What an import said that was not known."""

    added: int
    changed: int
    moved: int
    """Of those that changed: direct before and a partner's now, or the other way round."""


def _partner_of(deal: Deal) -> str | None:
    return deal.partner if isinstance(deal, Opportunity) else None


def _deal(row: OpportunityRow) -> Deal:
    model = DirectDeal if row.partner is None else Opportunity
    return model.model_construct(**{name: getattr(row, name) for name in model.model_fields})


class Opportunities:
    """Opportunities by partner. Direct deals lie beside them, and only `direct` finds them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def record(self, deals: Sequence[Deal], source: str, at: datetime) -> Recorded:
        """Add what is new and what is known differently now; how many of each. What is known already stays."""
        coming_in(self._session)
        self._alone()
        added = changed = moved = 0
        for start in range(0, len(deals), _AT_ONCE):
            batch = deals[start : start + _AT_ONCE]
            current = {
                row.id: row
                for row in self._session.scalars(
                    select(OpportunityRow).where(
                        among(self._session, OpportunityRow.id, (deal.id for deal in batch)),
                        OpportunityRow.superseded_at.is_(None),
                    )
                )
            }
            fresh = []
            concerned: set[str | None] = set()
            for deal in batch:
                row, partner = current.get(deal.id), _partner_of(deal)
                if row and _deal(row) == deal:
                    continue
                values = {name: getattr(deal, name, None) for name in _FIELDS}
                fresh.append({**values, "source": source, "learned_at": at, "handed_over_to": None})
                concerned.add(partner)
                if row is None:
                    added += 1
                    continue
                row.superseded_at = at
                changed += 1
                concerned.add(row.partner)
                if row.partner == partner:
                    # Whoever looks after it does so still, unless another partner brings it now.
                    fresh[-1]["handed_over_to"] = row.handed_over_to
                elif row.partner is None or partner is None:
                    moved += 1
            self._session.flush()  # the old rows end before the new ones begin: only one may be current
            if fresh:
                self._session.execute(insert(OpportunityRow), fresh)
                doubt(self._session, (partner for partner in concerned if partner))
        return Recorded(added, changed, moved)

    def _alone(self) -> None:
        """Have everybody else wait who records deals or hands them over: what is current is theirs to know too."""
        take(self._session, TransactionLock.RECORDING)

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
            among(self._session, OpportunityRow.partner, found),
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
        self._alone()
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
        """Every partner's opportunities as they stood at the end of a day, as far as is known by now."""
        rows = self._current(Opportunity, OpportunityRow.partner.is_not(None), as_of)
        return [seen for row in rows if (seen := Opportunity.model_construct(**row).as_of(as_of))]

    def direct(self, as_of: date) -> list[DirectDeal]:
        """The direct deals, in the same way."""
        rows = self._current(DirectDeal, OpportunityRow.partner.is_(None), as_of)
        return [seen for row in rows if (seen := DirectDeal.model_construct(**row).as_of(as_of))]

    def _current(self, model: type[Deal], whose: ColumnElement[bool], as_of: date) -> Iterator[dict[str, Any]]:
        query = select(*(getattr(OpportunityRow, name) for name in model.model_fields)).where(
            whose, OpportunityRow.created_on <= as_of, OpportunityRow.superseded_at.is_(None)
        )
        rows = self._session.execute(query.order_by(OpportunityRow.created_on, OpportunityRow.id))
        return (row._asdict() for row in rows)

    def span(self) -> tuple[date, date] | None:
        """The days on which the first and the last opportunity was created; None where there is none."""
        created = OpportunityRow.created_on
        theirs = select(func.min(created), func.max(created)).where(OpportunityRow.partner.is_not(None))
        first, last = self._session.execute(theirs).one()
        return (first, last) if first and last else None

    def origins(self, ids: Sequence[str]) -> dict[str, tuple[str, datetime]]:
        """Where what is known of some deals came from, and when it was learned."""
        query = select(OpportunityRow.id, OpportunityRow.source, OpportunityRow.learned_at).where(
            among(self._session, OpportunityRow.id, ids), OpportunityRow.superseded_at.is_(None)
        )
        return {row.id: (row.source, row.learned_at) for row in self._session.execute(query)}

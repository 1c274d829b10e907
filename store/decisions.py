"""The ledger: decisions are added and never changed."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from program.decision import Decision, Ruling
from program.errors import Refused
from store.tables import DecisionRow
from store.writing import add

_KEPT = ("partner", "policy", "policy_version", "program", "purpose", "as_of", "known_at", "facts")


def _decision(row: DecisionRow) -> Decision:
    return Decision(ruling=Ruling.model_validate(row.ruling), **{name: getattr(row, name) for name in _KEPT})


class Decisions:
    """Decisions, by number and by what they decided."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def record(self, decision: Decision) -> tuple[int, Decision]:
        """Record a decision and return its number; where one of its key is there already, that one stays and counts."""
        values = {name: getattr(decision, name) for name in _KEPT} | {
            "outcome": decision.ruling.outcome,
            "rule": decision.ruling.rule,
            "ruling": decision.ruling.model_dump(mode="json"),
        }
        added = add(self._session, DecisionRow, [values])
        if added:
            return int(added[0].id), decision
        found = self.find(decision.partner, decision.policy, decision.as_of, decision.purpose)
        assert found
        return found

    def find(self, partner: str, policy: str, as_of: date, purpose: str) -> tuple[int, Decision] | None:
        """The decision of a key, with its number; None where nothing was decided."""
        row = self._session.scalar(
            select(DecisionRow).where(
                DecisionRow.partner == partner,
                DecisionRow.policy == policy,
                DecisionRow.as_of == as_of,
                DecisionRow.purpose == purpose,
            )
        )
        return (row.id, _decision(row)) if row else None

    def get(self, number: int) -> Decision:
        """A decision by its number.

        Raises:
            Refused: where there is none.
        """
        row = self._session.get(DecisionRow, number)
        if row is None:
            raise Refused(f"there is no decision {number}; `gatehouse decisions list` shows those there are")
        return _decision(row)

    def listed(
        self, *, partner: str | None = None, policy: str | None = None, last: int | None = None
    ) -> list[tuple[int, Decision]]:
        """Decisions in the order they were recorded: all, or the last few."""
        query = select(DecisionRow).order_by(DecisionRow.id.desc())
        if partner:
            query = query.where(DecisionRow.partner == partner)
        if policy:
            query = query.where(DecisionRow.policy == policy)
        rows = self._session.scalars(query.limit(last) if last else query)
        return [(row.id, _decision(row)) for row in rows][::-1]

"""The ledger: decisions are added, each chained to the one before, and never changed."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Row, Select, insert, select
from sqlalchemy.orm import Session

from program.decision import Decision
from program.errors import Refused
from program.ledger import BEGINNING, Entry, chained, read, written
from store.among import among
from store.locks import TransactionLock, take
from store.tables import DecisionRow
from store.writing import add


def index_of(decision: Decision) -> dict[str, Any]:
    """What of a decision stands in columns of its own, to be searched."""
    return {
        "partner": decision.partner,
        "policy": decision.policy,
        "policy_version": decision.policy_version,
        "program": decision.program,
        "purpose": decision.purpose,
        "as_of": decision.as_of.isoformat(),
        "known_at": decision.known_at,
        "outcome": decision.ruling.outcome,
        "rule": decision.ruling.rule,
    }


def _decision(row: Row[int, str]) -> tuple[int, Decision]:
    number, record = row
    try:
        return number, read(record)
    except ValueError:
        raise Refused(
            f"decision {number} cannot be read, so its record was changed; `gatehouse decisions verify` says what else"
        ) from None


_RECORDS: Final[Select[int, str]] = select(DecisionRow.number, DecisionRow.record)


class Decisions:
    """Decisions, by number and by what they decided, as one transaction sees them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._head: tuple[int, str] | None = None

    def record(self, decision: Decision) -> tuple[int, Decision]:
        """Record a decision and return its number; where one of its key is there already, that one stays and counts."""
        [values] = self._next([decision])
        if add(self._session, DecisionRow, [values]):
            self._head = values["number"], values["hash"]
            return values["number"], decision
        found = self.find(decision.partner, decision.policy, decision.as_of, decision.purpose)
        assert found
        return found

    def record_all(self, decisions: Sequence[Decision]) -> list[int]:
        """Record decisions on occasions of which none has one yet, in one statement; their numbers."""
        rows = self._next(decisions)
        if rows:
            self._session.execute(insert(DecisionRow), rows)
            self._head = rows[-1]["number"], rows[-1]["hash"]
        return [row["number"] for row in rows]

    def _next(self, decisions: Sequence[Decision]) -> list[dict[str, Any]]:
        """The rows of decisions, each chained to the one before."""
        last, previous = self._turn()
        rows = []
        for number, decision in enumerate(decisions, start=last + 1):
            record = written(decision)
            mark = chained(previous, number, record.encode())
            rows.append({"number": number, "previous": previous, "hash": mark, "record": record, **index_of(decision)})
            previous = mark
        return rows

    def _turn(self) -> tuple[int, str]:
        """Number and hash of the last record, once it is our turn to add the next.

        Whoever adds has the ledger to the end of its transaction, so numbers have no gaps and the chain no forks, and
        the head is read once however many are added. SQLite has one writer as it is. On PostgreSQL it is a lock of
        ours, taken with the first decision of a transaction. Activities decide before they change rows that another
        transaction may want (what they add before, a scorecard and its facts, is wanted by the same activity alone):
        who has the ledger therefore never waits for somebody who waits for the ledger. A page of 500 moves has it for
        about a second, and others wait as long; pages are that small for this reason too.
        """
        if self._head is None:
            take(self._session, TransactionLock.APPENDING)
            # A statement of its own: one that waits for the lock would still see what was there before it waited.
            query = select(DecisionRow.number, DecisionRow.hash).order_by(DecisionRow.number.desc()).limit(1)
            found = self._session.execute(query).first()
            self._head = (found.number, found.hash) if found else (0, BEGINNING)
        return self._head

    def find(self, partner: str, policy: str, as_of: date, purpose: str) -> tuple[int, Decision] | None:
        """The decision of a key, with its number; None where nothing was decided."""
        row = self._session.execute(
            _RECORDS.where(
                DecisionRow.partner == partner,
                DecisionRow.policy == policy,
                DecisionRow.as_of == as_of.isoformat(),
                DecisionRow.purpose == purpose,
            )
        ).first()
        return _decision(row) if row else None

    def get(self, number: int) -> Decision:
        """A decision by its number.

        Raises:
            Refused: where there is none.
        """
        row = self._session.execute(_RECORDS.where(DecisionRow.number == number)).first()
        if row is None:
            raise Refused(f"there is no decision {number}; `gatehouse decisions list` shows those there are")
        return _decision(row)[1]

    def several(self, numbers: Sequence[int]) -> dict[int, Decision]:
        """Decisions by their numbers."""
        some = _RECORDS.where(among(self._session, DecisionRow.number, numbers))
        return dict(map(_decision, self._session.execute(some)))

    def made(
        self, policy: str, as_of: date, purpose: str, partners: Sequence[str] | None = None
    ) -> dict[str, str | None]:
        """What a policy decided on one occasion about everybody, or about some partners; the index says it."""
        query = select(DecisionRow.partner, DecisionRow.outcome).where(
            DecisionRow.policy == policy, DecisionRow.as_of == as_of.isoformat(), DecisionRow.purpose == purpose
        )
        if partners is not None:
            query = query.where(among(self._session, DecisionRow.partner, partners))
        return {row.partner: row.outcome for row in self._session.execute(query)}

    def outcomes(self, policy: str, purpose: str, as_of: date, known_at: datetime) -> Iterator[tuple[date, str | None]]:
        """As of when a policy decided what, in order, where the purpose begins so and it was made by an instant.

        The index says it, one after the other: there may be as many as partners.
        """
        query = select(DecisionRow.as_of, DecisionRow.outcome).where(
            DecisionRow.policy == policy,
            DecisionRow.purpose.startswith(purpose, autoescape=True),
            DecisionRow.as_of <= as_of.isoformat(),
            DecisionRow.known_at <= known_at,
        )
        for day, outcome in self._session.execute(query.order_by(DecisionRow.number)):
            yield date.fromisoformat(day), outcome

    def entry(self, number: int) -> Entry:
        """A record with its place in the chain.

        Raises:
            Refused: where there is none.
        """
        self.get(number)  # says what is wrong where there is none, or not any more
        columns = (DecisionRow.number, DecisionRow.previous, DecisionRow.hash, DecisionRow.record)
        row = self._session.execute(select(*columns).where(DecisionRow.number == number)).one()
        return Entry.model_construct(**row._asdict())

    def listed(
        self,
        *,
        partner: str | None = None,
        policy: str | None = None,
        as_of: date | None = None,
        known_at: datetime | None = None,
        last: int | None = None,
    ) -> list[tuple[int, Decision]]:
        """Decisions in the order they were recorded: all, or the last few.

        With `as_of` only those as of that day or before, with `known_at` only those that were made by then.
        """
        query = _RECORDS.order_by(DecisionRow.number.desc())
        if partner:
            query = query.where(DecisionRow.partner == partner)
        if policy:
            query = query.where(DecisionRow.policy == policy)
        if as_of:
            query = query.where(DecisionRow.as_of <= as_of.isoformat())
        if known_at:
            query = query.where(DecisionRow.known_at <= known_at)
        return [_decision(row) for row in self._session.execute(query.limit(last) if last else query)][::-1]

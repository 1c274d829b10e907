"""The outbox: what people have to be told, written in the transaction of what it reports, and what becomes of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, literal, or_, select, update
from sqlalchemy.orm import Session

from program.errors import Refused
from program.notice import ESCALATIONS, Attempt, ChannelName, Notice, NoticeState, Outcome, Posting
from store.among import among
from store.columns import Instant
from store.tables import AttemptRow, NoticeRow
from store.writing import add_many

_FIELDS = tuple(Notice.model_fields)

_IN_ORDER = NoticeRow.partner, NoticeRow.key
"""In which notices of several partners are held: as a sweep goes through them, which holds one after the other."""


def _notice(row: NoticeRow) -> Notice:
    return Notice(**{name: getattr(row, name) for name in _FIELDS})


def _posting(row: NoticeRow) -> Posting:
    return Posting(
        notice=_notice(row),
        state=NoticeState(row.state),
        written_at=row.written_at,
        due_at=row.due_at,
        delivered_at=row.delivered_at,
        tries=row.tries,
        reason=row.reason,
        digest=row.digest,
    )


def _due(now: datetime) -> ColumnElement[bool]:
    return (NoticeRow.state == NoticeState.DUE) & or_(NoticeRow.due_at.is_(None), NoticeRow.due_at <= now)


def _told_in(digest: str) -> tuple[ColumnElement[bool], ...]:
    return NoticeRow.digest == digest, NoticeRow.state == NoticeState.BUNDLED


@dataclass(frozen=True)
class Claimed:
    """A notice that was taken up to be sent, with what was tried before."""

    posting: Posting
    trying_since: datetime
    attempts: tuple[Attempt, ...]


class Notices:
    """Notices by key."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def write(self, notice: Notice, at: datetime, due_at: datetime | None = None) -> None:
        """Put a notice into the outbox; one that is there already stays as it is.

        Args:
            notice: What has to be told.
            at: When it is written.
            due_at: Until when it is held, as the program in force says; None where it may be sent at once.
        """
        self.write_all([notice], at, due_at)

    def write_all(self, notices: Sequence[Notice], at: datetime, due_at: datetime | None = None) -> None:
        """The same with several."""
        fresh = {"written_at": at, "state": NoticeState.DUE, "due_at": due_at, "tries": 0, "reason": ""}
        unsent = {"trying_since": None, "delivered_at": None, "digest": None, "alone": False, "in_hand": False}
        add_many(self._session, NoticeRow, [{**notice.model_dump(), **fresh, **unsent} for notice in notices])

    def undelivered(
        self,
        keys: Sequence[str] | None = None,
        *,
        ending: str = "",
        partner: str | None = None,
        most: int | None = None,
    ) -> list[Notice]:
        """The notices that are due still, in the order they were written: all, of some keys, or of a partner.

        With `most` no more than the first so many.
        """
        query = select(NoticeRow).where(
            NoticeRow.state == NoticeState.DUE, NoticeRow.key.endswith(ending, autoescape=True)
        )
        query = query.order_by(NoticeRow.written_at, NoticeRow.key).limit(most)
        if keys is not None:
            query = query.where(among(self._session, NoticeRow.key, keys))
        if partner is not None:
            query = query.where(NoticeRow.partner == partner)
        return [_notice(row) for row in self._session.scalars(query)]

    def about(self, partner: str, reported: str) -> list[Posting]:
        """The notices that report one thing about a partner, by the key of what they report.

        They are held to the end of the transaction, in the order of `due_together`: nobody takes one up meanwhile.
        """
        query = select(NoticeRow).where(
            NoticeRow.partner == partner, NoticeRow.key.startswith(f"{reported}/", autoescape=True)
        )
        found = self._session.scalars(
            query.order_by(NoticeRow.key).with_for_update(), execution_options={"populate_existing": True}
        )
        return [_posting(row) for row in found]

    def supersede(self, keys: Sequence[str], reason: str) -> None:
        """Have notices not be sent that were not yet; what somebody has in hand may be arriving, and stays."""
        unsent = update(NoticeRow).where(
            among(self._session, NoticeRow.key, keys), NoticeRow.state == NoticeState.DUE, NoticeRow.in_hand.is_(False)
        )
        self._session.execute(unsent.values(state=NoticeState.SUPERSEDED, due_at=None, reason=reason))

    # Sending

    def due(self, now: datetime, most: int) -> list[tuple[str, bool]]:
        """The next notices to be taken up, those that wait longest first, and whether each was taken up before."""
        query = select(NoticeRow.key, NoticeRow.tries).where(_due(now))
        order = (func.coalesce(NoticeRow.due_at, NoticeRow.written_at), NoticeRow.written_at, NoticeRow.key)
        return [(key, tries > 0) for key, tries in self._session.execute(query.order_by(*order).limit(most))]

    def claim(self, key: str, now: datetime, until: datetime) -> Claimed | None:
        """Take up a notice that is due, so that nobody else does until an instant; None where somebody else has."""
        taking = update(NoticeRow).where(NoticeRow.key == key, _due(now))
        values = {"due_at": until, "tries": NoticeRow.tries + 1, "in_hand": True}
        since = func.coalesce(NoticeRow.trying_since, literal(now, Instant()))
        if not self._session.execute(taking.values(**values, trying_since=since).returning(NoticeRow.key)).first():
            return None
        row = self._session.get_one(NoticeRow, key, populate_existing=True)
        assert row.trying_since is not None
        earlier = tuple(a for a in self.attempts(key) if a.at >= row.trying_since)
        return Claimed(_posting(row), row.trying_since, earlier)

    def tried(self, key: str, attempt: Attempt) -> None:
        """Note a try."""
        self._session.add(AttemptRow(notice=key, **attempt.model_dump()))

    def delivered(self, key: str, at: datetime) -> None:
        """Note that a notice was delivered, and with a digest all that is told in it; the first time counts."""
        row = self._session.get_one(NoticeRow, key)
        if row.state != NoticeState.DELIVERED:
            row.state, row.delivered_at, row.due_at = NoticeState.DELIVERED, at, None
            in_order = select(NoticeRow.key).where(*_told_in(key)).order_by(*_IN_ORDER)
            self._session.execute(in_order.with_for_update())
            self._session.execute(update(NoticeRow).where(*_told_in(key)).values(delivered_at=at))

    def hold(self, key: str, until: datetime) -> None:
        """Keep a notice that was taken up for longer."""
        holding = update(NoticeRow).where(NoticeRow.key == key, NoticeRow.state == NoticeState.DUE)
        self._session.execute(holding.values(due_at=until))

    def postpone(self, key: str, until: datetime) -> None:
        """Have a notice that is due wait; it did not go out."""
        self._end_try(key, NoticeState.DUE, until)

    def put_off(self, key: str, until: datetime, trying_since: datetime) -> None:
        """Have a notice that did not go out wait, as if it had been tried since an instant."""
        self._end_try(key, NoticeState.DUE, until, trying_since=trying_since)

    def give_up(self, key: str, reason: str) -> None:
        """Put a notice among those that nobody takes."""
        self._end_try(key, NoticeState.DEAD, None, reason)

    def switch_off(self, key: str) -> None:
        """Note that a notice is of a kind that is not wanted."""
        self._end_try(key, NoticeState.OFF, None)

    def _end_try(
        self, key: str, state: NoticeState, due_at: datetime | None, reason: str = "", **more: datetime
    ) -> None:
        # Who took long may find that somebody else was quicker: what was delivered stays so.
        ending = update(NoticeRow).where(NoticeRow.key == key, NoticeRow.state == NoticeState.DUE)
        self._session.execute(ending.values(state=state, due_at=due_at, reason=reason, in_hand=False, **more))

    # Digests

    def due_together(self, key: str, now: datetime) -> list[Notice]:
        """The notices of escalations that are due to the recipient of one of them by the same channels, with that one.

        None where it is of another kind, is not due, or was asked for by name. What somebody died with in hand may have
        arrived, so it goes out under its own key. They are held to the end of the transaction, in one order: two who
        asked at once would share them out between them, or wait for each other.
        """
        asked = self._session.get(NoticeRow, key)
        if asked is None or asked.state != NoticeState.DUE or asked.kind not in ESCALATIONS:
            return []
        query = select(NoticeRow).where(
            _due(now),
            NoticeRow.recipient == asked.recipient,
            NoticeRow.kind.in_(ESCALATIONS),
            NoticeRow.alone.is_(False),
            NoticeRow.in_hand.is_(False),
        )
        found = self._session.scalars(
            query.order_by(*_IN_ORDER).with_for_update(), execution_options={"populate_existing": True}
        )
        together = [_notice(row) for row in found if row.channels == asked.channels]
        return together if any(notice.key == key for notice in together) else []

    def bundle(self, keys: Sequence[str], digest: Notice, at: datetime) -> None:
        """Have some notices be told in a digest, which is put into the outbox in their place."""
        self.write(digest, at)
        told = {"state": NoticeState.BUNDLED, "digest": digest.key, "due_at": None}
        self._session.execute(update(NoticeRow).where(among(self._session, NoticeRow.key, keys)).values(**told))

    def unbundle(self, digest: str) -> None:
        """Have all that a digest was to tell be told one by one."""
        self._session.execute(update(NoticeRow).where(*_told_in(digest)).values(state=NoticeState.DUE, digest=None))

    def bundled(self, digest: str) -> list[Notice]:
        """What is told in a digest, by key."""
        query = select(NoticeRow).where(*_told_in(digest)).order_by(NoticeRow.key)
        return [_notice(row) for row in self._session.scalars(query)]

    def told_as(self, key: str) -> str:
        """The key under which a notice goes out: that of its digest, if it is told in one."""
        return self._session.scalar(select(NoticeRow.digest).where(NoticeRow.key == key)) or key

    # Looking after them

    def get(self, key: str) -> Posting:
        """A notice and what has become of it.

        Raises:
            Refused: where there is none of this key.
        """
        return _posting(self._row(key))

    def _row(self, key: str) -> NoticeRow:
        row = self._session.get(NoticeRow, key)
        if row is None:
            raise Refused(f"there is no notice {key}; `gatehouse notices list` shows those there are")
        return row

    def listed(
        self,
        states: Iterable[NoticeState] = NoticeState,
        *,
        partner: str | None = None,
        recipient: str | None = None,
        last: int | None = None,
    ) -> list[Posting]:
        """Notices in some states, in the order they were written: all, or the last few."""
        query = select(NoticeRow).where(NoticeRow.state.in_(list(states)))
        if partner:
            query = query.where(NoticeRow.partner == partner)
        if recipient:
            query = query.where(NoticeRow.recipient == recipient)
        query = query.order_by(NoticeRow.written_at.desc(), NoticeRow.key.desc()).limit(last)
        return [_posting(row) for row in self._session.scalars(query)][::-1]

    def logged(self, keys: Iterable[str]) -> set[str]:
        """Those of some notices that the log alone has taken: nobody was written to."""
        query = select(AttemptRow.notice, AttemptRow.channel).where(
            among(self._session, AttemptRow.notice, keys), AttemptRow.outcome == Outcome.SENT
        )
        sent = self._session.execute(query).all()
        return {key for key, _ in sent} - {key for key, channel in sent if channel != ChannelName.LOG}

    def attempts(self, key: str) -> list[Attempt]:
        """Every try to send a notice, the first one first."""
        query = select(AttemptRow).where(AttemptRow.notice == key).order_by(AttemptRow.id)
        return [
            Attempt(
                channel=ChannelName(row.channel),
                address=row.address,
                at=row.at,
                outcome=Outcome(row.outcome),
                reason=row.reason,
            )
            for row in self._session.scalars(query)
        ]

    def retry(self, key: str, *, alone: bool = False) -> None:
        """Have a notice sent now that was not delivered, as if it had not been tried.

        Args:
            key: Of the notice. With a digest all is told that is told in it.
            alone: Whether it is told by itself, however many are due beside it.

        Raises:
            Refused: where it was delivered, or will be with its digest.
        """
        row = self._row(key)
        if row.delivered_at:
            told = f"told in {row.digest}" if row.digest else "delivered"
            raise Refused(f"{key} was {told} on {row.delivered_at:%Y-%m-%d}; it is not sent twice")
        if row.digest and self._row(row.digest).state == NoticeState.DUE:
            raise Refused(f"{key} is told in {row.digest}, which is to be sent still; have that one tried again")
        row.state, row.due_at, row.tries, row.trying_since, row.reason = NoticeState.DUE, None, 0, None, ""
        row.digest, row.alone = None, alone

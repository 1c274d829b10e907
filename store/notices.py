"""The outbox: what people have to be told, written in the transaction of what it reports."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from program.notice import Notice
from store.tables import NoticeRow
from store.writing import add_new

_FIELDS = tuple(Notice.model_fields)


class Notices:
    """Notices by key."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def write(self, notice: Notice, at: datetime) -> None:
        """Put a notice into the outbox; one that is there already stays as it is."""
        add_new(self._session, NoticeRow, {**notice.model_dump(), "written_at": at, "delivered_at": None})

    def undelivered(
        self, keys: Sequence[str] | None = None, *, ending: str = "", partner: str | None = None
    ) -> list[Notice]:
        """The notices that are due still, in the order they were written: all, of some keys, or of a partner."""
        query = select(NoticeRow).where(
            NoticeRow.delivered_at.is_(None), NoticeRow.key.endswith(ending, autoescape=True)
        )
        query = query.order_by(NoticeRow.written_at, NoticeRow.key)
        if keys is not None:
            query = query.where(NoticeRow.key.in_(keys))
        if partner is not None:
            query = query.where(NoticeRow.partner == partner)
        return [Notice(**{name: getattr(row, name) for name in _FIELDS}) for row in self._session.scalars(query)]

    def delivered(self, key: str, at: datetime) -> None:
        """Note that a notice was delivered; the first time counts."""
        row = self._session.get_one(NoticeRow, key)
        row.delivered_at = row.delivered_at or at

"""The ledger byte by byte, for whoever verifies it: what was done to a row from outside is read as well, and named."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, LargeBinary, Text, cast, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from program.decision import Decision
from store.columns import microseconds
from store.decisions import index_of
from store.tables import DecisionRow, ProgramRow
from store.writing import on_postgresql

_COLUMNS = tuple(column.name for column in DecisionRow.__table__.columns if not column.primary_key)


@dataclass(frozen=True)
class Line:
    """A row as its bytes are."""

    number: int
    columns: Mapping[str, bytes | None]

    def bytes_of(self, column: str) -> bytes:
        """What is in a column."""
        return self.columns[column] or b""

    def text_of(self, column: str) -> str:
        """What is in a column, to be shown."""
        return self.bytes_of(column).decode(errors="replace")

    def unlike(self, decision: Decision) -> list[tuple[str, str]]:
        """The columns that do not say what a decision does, with what they should say."""
        wanted = index_of(decision) | {"known_at": microseconds(decision.known_at)}
        said = {name: None if value is None else str(value) for name, value in wanted.items()}
        return [
            (name, "nothing" if text is None else repr(text))
            for name, text in said.items()
            if self.columns[name] != (None if text is None else text.encode())
        ]


class Ledger:
    """The rows of the ledger and the programs they were made by, as bytes."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._on_postgresql = on_postgresql(session)

    def _bytes(self, column: "InstrumentedAttribute[object]") -> ColumnElement[bytes]:
        # SQLite holds anything in any column, text that is none and dates that are none too.
        return func.convert_to(cast(column, Text), "UTF8") if self._on_postgresql else cast(column, LargeBinary)

    def lines(self, after: int | None, size: int) -> list[Line]:
        """The next rows by number; the first ones for None."""
        columns = [self._bytes(getattr(DecisionRow, name)).label(name) for name in _COLUMNS]
        query = select(DecisionRow.number, *columns).order_by(DecisionRow.number).limit(size)
        if after is not None:
            query = query.where(DecisionRow.number > after)
        rows = self._session.execute(query)
        return [Line(number, dict(zip(_COLUMNS, found, strict=True))) for number, *found in rows]

    def last(self) -> int:
        """The number of the last record; 0 where there is none."""
        return self._session.scalar(select(func.max(DecisionRow.number))) or 0

    def first_since(self, day: date) -> int | None:
        """The number of the first decision that was made as of a day or later."""
        query = select(func.min(DecisionRow.number)).where(DecisionRow.as_of >= day.isoformat())
        return self._session.scalar(query)

    def number_of(self, head: str) -> int | None:
        """The number of the record with a hash."""
        return self._session.scalar(select(DecisionRow.number).where(DecisionRow.hash == head))

    def files(self, program: str) -> bytes | None:
        """The JSON text of a program's files; None where no program of this digest is on file."""
        if not program.isalnum():
            return None  # PostgreSQL would not even look for some of them
        return self._session.scalar(select(self._bytes(ProgramRow.files)).where(ProgramRow.digest == program))

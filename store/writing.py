"""Adding rows so that adding them again changes nothing, on either database."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from store.columns import Row


def on_postgresql(session: Session) -> bool:
    """Whether it is PostgreSQL that is written to; else it is SQLite."""
    return session.get_bind().dialect.name == "postgresql"


def add_new(session: Session, row: type[Row], values: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> int:
    """Add the rows whose keys are not there yet, and say how many were. The others stay as they are."""
    return len(add(session, row, [values] if isinstance(values, Mapping) else values))


def add(session: Session, row: type[Row], rows: Sequence[Mapping[str, Any]]) -> Sequence[Any]:
    """The same, and the primary keys of those that were added."""
    if not rows:
        return []
    # The rows that were added come back and are counted: PostgreSQL's driver does not say how many there were. They are
    # parameters and not part of the statement, which is compiled once then.
    statement = _adding(session, row).returning(*row.__table__.primary_key)
    return session.execute(statement, [dict(one) for one in rows]).all()


def add_many(session: Session, row: type[Row], rows: Sequence[Mapping[str, Any]]) -> None:
    """The same where nobody asks which were new. It is quicker on PostgreSQL: one row's statement, prepared once."""
    if rows:
        session.execute(_adding(session, row), [dict(one) for one in rows])


def _adding(session: Session, row: type[Row]) -> postgresql.Insert | sqlite.Insert:
    table = cast("Table", row.__table__)
    if on_postgresql(session):
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()

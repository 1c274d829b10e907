"""Adding rows so that adding them again changes nothing, on either database."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from store.tables import Row


def add_new(session: Session, row: type[Row], values: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> int:
    """Add the rows whose keys are not there yet, and say how many were. The others stay as they are."""
    return len(add(session, row, [values] if isinstance(values, Mapping) else values))


def add(session: Session, row: type[Row], rows: Sequence[Mapping[str, Any]]) -> Sequence[Any]:
    """The same, and the primary keys of those that were added."""
    if not rows:
        return []
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    table = cast("Table", row.__table__)
    # The rows that were added come back and are counted: PostgreSQL's driver does not say how many there were. They are
    # parameters and not part of the statement, which is compiled once then.
    statement = dialect.insert(table).on_conflict_do_nothing().returning(*table.primary_key)
    return session.execute(statement, [dict(one) for one in rows]).all()

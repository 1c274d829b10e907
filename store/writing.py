"""Adding rows so that adding them again changes nothing, on either database."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from store.tables import Row


def add_new(session: Session, row: type[Row], values: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> int:
    """Add the rows whose keys are not there yet, and say how many were. The others stay as they are."""
    if not values:
        return 0
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    rows = [values] if isinstance(values, Mapping) else values
    table = cast("Table", row.__table__)
    # The rows that were added come back and are counted: PostgreSQL's driver does not say how many there were.
    statement = dialect.insert(table).on_conflict_do_nothing().returning(*table.primary_key)
    added = 0
    for start in range(0, len(rows), _AT_ONCE):
        added += len(session.execute(statement.values([dict(r) for r in rows[start : start + _AT_ONCE]])).all())
    return added


_AT_ONCE = 500
"""Rows in one statement: both databases limit how many values one may carry (32,766 on SQLite)."""

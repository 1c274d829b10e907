"""What a database holds, to be compared before and after."""

from typing import Any

from sqlalchemy import select

from store.columns import Row
from store.database import Store

Contents = dict[str, list[tuple[Any, ...]]]


def contents(store: Store) -> Contents:
    """Every row of every table, as Python sees it."""
    with store._engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in Row.metadata.sorted_tables
        }


def changed(before: Contents, after: Contents) -> set[str]:
    """The tables that are not as they were."""
    return {name for name in after if after[name] != before[name]}

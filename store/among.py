"""Asking for some rows by their IDs, however many there are."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import JSON, ColumnElement, cast, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

_EACH: Final = {"sqlite": "json_each", "postgresql": "json_array_elements_text"}
"""What takes a JSON array apart."""


def among(session: Session, column: InstrumentedAttribute[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """That a column has one of some values.

    They travel as a single parameter, a JSON array: as one each they could be no more than 65,535 on PostgreSQL and
    32,766 on SQLite, and a roster may have more. PostgreSQL takes it for a hundred values, however many there are, and
    plans alike for few and many; an array of its own it may take for ten, and compare row by row with each of them.
    """
    each = getattr(func, _EACH[session.get_bind().dialect.name])
    given = each(literal(list(values), JSON)).table_valued("value")
    return column.in_(select(cast(given.c.value, column.type)))

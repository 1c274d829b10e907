"""Somebody who changes the ledger from outside."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import create_engine, text

from program.decision import Decision
from program.ledger import chained, written
from store.columns import microseconds
from store.database import Store
from store.decisions import index_of

NUMBERS = {"number", "policy_version", "known_at"}
"""The columns that hold numbers, in which PostgreSQL takes nothing else."""


@dataclass
class Vandal:
    """Somebody who has the database's password, and neither our locks nor our constraints."""

    connection: Any
    dialect: str

    def does(self, statement: str, **values: Any) -> None:
        self.connection.execute(text(statement), values)

    def reads(self, column: str, number: int) -> bytes | None:
        as_bytes = f"convert_to({column}::text, 'UTF8')" if self.dialect == "postgresql" else f"CAST({column} AS BLOB)"
        found = self.connection.scalar(text(f"SELECT {as_bytes} FROM decisions WHERE number = :n"), {"n": number})  # noqa: S608
        return None if found is None else bytes(found)

    def writes(self, column: str, number: int, value: bytes | None) -> None:
        if self.dialect == "postgresql":
            said = "CAST(:v AS bigint)" if column in NUMBERS else ":v"
            self.does(f"UPDATE decisions SET {column} = {said} WHERE number = :n", v=value and value.decode(), n=number)  # noqa: S608
        else:
            self.does(f"UPDATE decisions SET {column} = CAST(:v AS TEXT) WHERE number = :n", v=value, n=number)  # noqa: S608

    def rewrites(self, number: int, decision: Decision, previous: str) -> str:
        """Put another decision in a record's place, as if it had always been there, and return its hash."""
        record = written(decision)
        own = chained(previous, number, record.encode())
        columns = {**index_of(decision), "known_at": microseconds(decision.known_at)}
        for column, value in {**columns, "previous": previous, "hash": own, "record": record}.items():
            self.writes(column, number, None if value is None else str(value).encode())
        return own


@contextmanager
def a_vandal(store: Store) -> Iterator[Vandal]:
    engine = create_engine(store._url)
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SET session_replication_role = replica"))
            yield Vandal(connection, engine.dialect.name)
    finally:
        engine.dispose()

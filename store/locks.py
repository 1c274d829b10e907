"""Locks that hold until a transaction ends, on PostgreSQL; SQLite has one writer as it is."""

from enum import IntEnum

from sqlalchemy import text
from sqlalchemy.orm import Session

from store.writing import on_postgresql


class TransactionLock(IntEnum):
    """What is locked, each under a number that nobody else in the database locks."""

    MIGRATING = 7_101_949_713
    """Two cannot migrate at once."""
    APPENDING = 7_101_949_714
    """Of whoever adds to the ledger."""
    COMING_IN = 7_101_949_715
    """Shared by whatever comes in."""
    RECORDING = 7_101_949_716
    """Of whoever changes deals."""


def take(session: Session, lock: TransactionLock, *, shared: bool = False) -> None:
    """Wait until nobody else has a lock, or else than shared where it is to be shared, and hold it."""
    if on_postgresql(session):
        session.execute(text(f"SELECT pg_advisory_xact_lock{'_shared' if shared else ''}({lock.value})"))

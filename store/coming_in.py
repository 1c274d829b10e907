"""Evidence that is coming in, and whoever must not see half of it.

It is dated when it begins to come in, and seen when its transaction ends. On SQLite, which has one writer, nobody else
begins anything in between.
"""

from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from store.locks import TransactionLock, take
from store.writing import on_postgresql

PATIENCE_SECONDS: Final = 5
"""How long a transaction waits for what is coming in; what comes in meanwhile waits as long."""


def coming_in(session: Session) -> None:
    """Note that evidence comes in with this transaction."""
    take(session, TransactionLock.COMING_IN, shared=True)


def let_in(session: Session) -> None:
    """Wait until what is coming in is there; an import may take longer than we do, and is waited for again then."""
    if on_postgresql(session):
        session.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE_SECONDS}s'"))
        take(session, TransactionLock.COMING_IN)

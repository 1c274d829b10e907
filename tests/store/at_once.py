"""What somebody does while somebody else is in the middle of something, on PostgreSQL."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import psycopg

from store.database import Store, Transaction

Step = Callable[[Transaction], object]

Result = TypeVar("Result")


def meanwhile(store: Store, first: Step, other: Callable[[], Result], then: Step = lambda _: None) -> Result:
    """Do one thing, and in the same transaction another, once somebody else is at work and waits; what they come to."""
    with ThreadPoolExecutor(1) as somebody:
        with store.write() as tx:
            first(tx)
            at_work = somebody.submit(other)
            _waits(store, at_work)
            then(tx)
        return at_work.result(10)


def _waits(store: Store, at_work: Future[Result]) -> None:
    """Until somebody waits for a lock, or is through."""
    url = store._url.set(drivername="postgresql").render_as_string(hide_password=False)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with psycopg.connect(url, autocommit=True) as connection:
        while not at_work.done() and connection.execute(waiting).fetchall() == [(0,)]:
            time.sleep(0.01)

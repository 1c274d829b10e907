"""The postman: takes up what is due in the outbox, for as long as a worker runs."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Final

import structlog

from activities.sending import Sender, place_of
from program.errors import Refused
from store.database import Store

log = structlog.get_logger("gatehouse.notices")

SENDERS: Final = 8
"""Notices that are sent at the same time: one that takes long holds up none but itself."""

LOOK_SECONDS: Final = 1.0
"""Between two looks at an outbox in which nothing is due."""

GRACE_SECONDS: Final = 3.0
"""How long a new notice is left to the workflow that has it written, which will have it sent at once."""

AT_ONCE_SECONDS: Final = 3.0
"""How long somebody waits for notices to be sent; they are sent afterwards just as well."""

_LOOKED_AT: Final = 200


class Postman:
    """Sends notices, those that are asked for at once and all others when they are due.

    The outbox alone says what is due, so nothing is lost with a postman, and there may be several: who takes a notice
    up holds it for a while.
    """

    def __init__(self, store: Store, sender: Sender) -> None:
        self._store = store
        self._sender = sender
        self._pool = ThreadPoolExecutor(SENDERS, thread_name_prefix="postman")
        self._in_hand: dict[str, Future[bool]] = {}
        self._first_seen: dict[str, float] = {}
        self._lock = threading.Lock()
        self._something_to_do = threading.Event()
        self._stopping = False

    def at_once(self, keys: Sequence[str], seconds: float = AT_ONCE_SECONDS) -> int:
        """Send some notices now, and wait a moment for it; how many were delivered meanwhile."""
        done, _ = wait([self._take(key) for key in keys], seconds)
        return sum(1 for sent in done if not sent.cancelled() and not sent.exception() and sent.result())

    def _take(self, key: str) -> Future[bool]:
        with self._lock:
            if key not in self._in_hand:
                self._in_hand[key] = self._pool.submit(self._send, key)
            return self._in_hand[key]

    def _send(self, key: str) -> bool:
        try:
            return self._sender.send(key)
        except Exception as error:
            log.error("notice.not-sent", key=key, **_told(error))  # noqa: TRY400 -- its words may be personal
            raise
        finally:
            with self._lock:
                self._in_hand.pop(key, None)
            self._something_to_do.set()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Take up what is due; at the end, finish what is being sent and leave the rest."""
        rounds = threading.Thread(target=self._go_round, name="postman", daemon=True)
        rounds.start()
        try:
            yield
        finally:
            self._stopping = True
            self._something_to_do.set()
            rounds.join()
            self._pool.shutdown(cancel_futures=True)

    def _go_round(self) -> None:
        while not self._stopping:
            self._something_to_do.clear()
            try:
                for key in self._due():
                    self._take(key)
            except Exception as error:  # noqa: BLE001 -- whatever it is, the next look may find it mended
                log.error("outbox.not-read", **_told(error))  # noqa: TRY400 -- its words may be personal
            self._something_to_do.wait(LOOK_SECONDS)

    def _due(self) -> list[str]:
        """As many notices as there are senders free, without those that are in hand or left to their workflow."""
        with self._store.read() as tx:
            due = tx.notices.due(self._sender.now(), _LOOKED_AT)
        seen = time.monotonic()
        self._first_seen = {key: self._first_seen.get(key, seen) for key, tried in due if not tried}
        with self._lock:
            free = SENDERS - len(self._in_hand)
            ripe = [
                key
                for key, tried in due
                if key not in self._in_hand and (tried or seen - self._first_seen[key] >= GRACE_SECONDS)
            ]
        return ripe[: max(free, 0)]


def _told(error: Exception) -> dict[str, str]:
    """What went wrong: in words where they are ours, else by name and place."""
    if isinstance(error, Refused):
        return {"reason": str(error)}
    return {"error": type(error).__name__, "at": place_of(error)}

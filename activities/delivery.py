"""Delivering what is in the outbox."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

import structlog
from temporalio import activity

from program.notice import Notice
from store.database import Store

log = structlog.get_logger("gatehouse.notices")


class Channel(Protocol):
    """A way to reach people."""

    def send(self, notice: Notice) -> None:
        """Send a notice; any error means that it was not sent and is tried again."""


class LogChannel:
    """Writes that a notice went out, without its text, for an installation that has no other channel."""

    def send(self, notice: Notice) -> None:
        log.info("notice.sent", kind=notice.kind, partner=notice.partner, key=notice.key)


class Delivery:
    """Sends notices and notes that they were sent."""

    def __init__(self, store: Store, channel: Channel, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._channel = channel
        self._now = now

    @activity.defn
    def deliver(self, keys: tuple[str, ...]) -> int:
        """Send those of some notices that were not sent yet; how many.

        A notice goes out at least once: after a crash between sending and noting it, it is sent again under the
        same key, by which its receiver knows it.
        """
        with self._store.read() as tx:
            due = tx.notices.undelivered(keys)
        return self._send(due)

    @activity.defn
    def deliver_rescore(self, quarter: str) -> int:
        """Send what partners have to be told of a quarter's re-score; how many notices."""
        with self._store.read() as tx:
            due = tx.notices.undelivered(ending=f"/rescore-{quarter}")
        return self._send(due)

    def _send(self, due: Sequence[Notice]) -> int:
        for notice in due:
            self._channel.send(notice)
            with self._store.write() as tx:
                tx.notices.delivered(notice.key, self._now())
            if not activity.info().is_local:
                activity.heartbeat(notice.key)
        return len(due)

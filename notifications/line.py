"""A line: a channel with an eye on whether it works."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from notifications.channel import Channel, Down, Message, Permanent, Temporary
from program.notice import ChannelName

log = structlog.get_logger("gatehouse.notices")

PATIENCE: Final = 5
"""Messages in a row that a channel may fail to take before it counts as down."""

FIRST_REST, LONGEST_REST = timedelta(seconds=15), timedelta(minutes=5)
"""For how long a channel that is down is left alone: twice as long after each try that fails."""


class Line:
    """A channel that is left alone while it is down, so that nobody waits for it who has another.

    When its rest is over a single message tries it. Somebody is told when it goes down, and when it is back.
    """

    def __init__(self, name: ChannelName, channel: Channel, now: Callable[[], datetime]) -> None:
        self.name = name
        self.address = channel.address
        self._channel = channel
        self._now = now
        self._lock = threading.Lock()
        self._failures = 0
        self._rest = FIRST_REST
        self._down_since: datetime | None = None
        self._until: datetime | None = None
        self._tried_again = False
        self._reason = ""

    def outage(self) -> tuple[datetime, str] | None:
        """Since when it has been down, and what it said last; None where it works as far as anybody knows."""
        with self._lock:
            return (self._down_since, self._reason) if self._down_since else None

    def down_for(self) -> timedelta:
        """How long it has been down; zero where it works as far as anybody knows."""
        outage = self.outage()
        return self._now() - outage[0] if outage else timedelta(0)

    def resting(self) -> timedelta:
        """How long it is left alone still; zero where it works, or is to be tried. Who asks then does try it."""
        with self._lock:
            now = self._now()
            if self._until is None:
                return timedelta(0)
            if self._until > now:
                return self._until - now
            self._tried_again, self._until = True, now + self._rest  # the others wait for how this one fares
            return timedelta(0)

    def send(self, message: Message) -> None:
        """Send a message, and note how the channel does."""
        try:
            self._channel.send(message)
        except Down as down:
            self._fails(down.reason)
            raise
        except (Permanent, Temporary):
            self._works()
            raise
        self._works()

    def _fails(self, reason: str) -> None:
        with self._lock:
            self._failures += 1
            self._reason = reason
            if self._failures > PATIENCE and not self._tried_again:
                return  # it was under way when the channel went down
            if self._failures < PATIENCE:
                return
            self._rest = min(self._rest * 2, LONGEST_REST) if self._tried_again else FIRST_REST
            self._until, self._tried_again = self._now() + self._rest, False
            self._down_since = self._down_since or self._now()
            rest = self._rest
        log.error("channel.down", channel=self.name.value, reason=reason, tried_again_in=f"{rest.seconds} s")

    def _works(self) -> None:
        with self._lock:
            back = self._down_since is not None
            self._failures, self._until, self._tried_again, self._down_since = 0, None, False, None
        if back:
            log.info("channel.back", channel=self.name.value)

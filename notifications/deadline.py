"""An end to how long sending may take, whatever the other side does."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

SEND_SECONDS: Final = 30
"""For one message, from the first word to the last."""

WAIT_SECONDS: Final = 10
"""For the next word of the other side."""


class Deadline:
    """Counts down from when it is made.

    A timeout on a socket ends one wait, and a server that sends a byte now and then never lets it end. So what is
    watched is hung up when the time is over, and whoever waits for it hears of that as of a line that broke.
    """

    def __init__(self, seconds: float = SEND_SECONDS) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, at least none."""
        return max(self._end - time.monotonic(), 0.0)

    @property
    def wait(self) -> float:
        """How long to wait for the next word; never zero, which would mean not to wait at all."""
        return max(min(WAIT_SECONDS, self.left), 0.001)

    @contextmanager
    def watch(self, connection: socket.socket) -> Iterator[None]:
        """Hang up a connection when the time is over. It may be secured by TLS meanwhile."""
        with connection.dup() as handle:
            timer = threading.Timer(self.left, _hang_up, [handle])
            timer.daemon = True
            timer.start()
            try:
                yield
            finally:
                timer.cancel()


def _hang_up(handle: socket.socket) -> None:
    with suppress(OSError):
        handle.shutdown(socket.SHUT_RDWR)

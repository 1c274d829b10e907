"""An end to how long sending may take, whatever the other side does."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

SEND_SECONDS: Final = 30
"""For one message, from the first word to the last."""

CONNECT_SECONDS: Final = 10
"""For the other side to come to the door; once it has, it may think for as long as there is time."""


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

    def connect(self, host: str, port: int) -> socket.socket:
        """Connect to an address."""
        line = socket.create_connection((host, port), max(min(CONNECT_SECONDS, self.left), 0.001))
        line.settimeout(max(self.left, 0.001))
        return line

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

"""The one error an operator can mend: something given to Gatehouse was wrong, and nothing has changed."""

from collections.abc import Iterable

Way = tuple[str | int, ...]
"""The way to something inside something else: names of fields and positions in lists."""


class Refused(ValueError):
    """What was asked cannot be done as it stands.

    The message says what was wrong, where, and what to do; a command line shows it as it is. A bug raises
    anything else.
    """


class Misfits(ValueError):
    """What does not fit together in something that is declared, each with the way to it from what raises this."""

    def __init__(self, faults: Iterable[tuple[Way, str]]) -> None:
        self.faults = list(faults)
        super().__init__("; ".join(f"{'.'.join(map(str, way))}: {message}" for way, message in self.faults))

"""How long sending is tried, and how long it waits in between."""

from datetime import timedelta
from typing import Final

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=2), timedelta(minutes=10)
"""After the first try that fails, and at most: each wait is twice the one before."""

FALL_BACK_AFTER: Final = timedelta(minutes=1)
"""How long a channel may fail before the next one is tried: a mail server that is started anew is waited for."""

GIVE_UP_AFTER: Final = timedelta(days=3)
"""How long one notice is tried."""


def wait(failures: int, dice: float) -> timedelta:
    """How long to wait after some failures.

    Args:
        failures: How many there were.
        dice: From 0 to 1; waits of the same length would bring all back at once.
    """
    longest = min(FIRST_WAIT * 2.0 ** min(failures - 1, 30), LONGEST_WAIT)
    return longest * (0.5 + dice / 2)

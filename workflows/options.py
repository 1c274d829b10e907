"""How long activities may take, and how they are tried again."""

from datetime import timedelta
from typing import Final

from temporalio.common import RetryPolicy

PERSISTENTLY: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(minutes=5)
)
"""For what the calendar asks: it is tried until it works. What an operator has to mend first, such as a fact that no
policy can read, shows as an activity that keeps failing, and goes on once it is mended."""

FOR_AN_ANSWER: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    maximum_interval=timedelta(minutes=1),
    non_retryable_error_types=["Refused", "Unfit", "FactError"],
)
"""For what a person asks: a fault of the question is answered at once, a fault of the world is tried again."""

QUICKLY: Final = timedelta(seconds=30)
"""For one transaction about one partner. These run as local activities: one event in the history instead of six."""

A_PAGE: Final = timedelta(minutes=5)
"""For one transaction over a page of the roster."""

THE_ROSTER: Final = timedelta(hours=1)
"""For one pass over everything, which reports as it goes."""

SIGN_OF_LIFE: Final = timedelta(minutes=2)
"""How long such a pass may be silent before it is started again elsewhere."""

A_YEAR: Final = timedelta(days=365)
"""How long a lifecycle waits at most before it continues as new, so that no run depends on code older than that."""

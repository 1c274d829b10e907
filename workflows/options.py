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
"""For one transaction about one partner. What the calendar asks for runs as a local activity: one event in the history
instead of six. What a person asks for does not: it must be in the history before it is done."""

WHILE_SOMEBODY_WAITS: Final = timedelta(seconds=10)
"""For one transaction that a person waits for. Where its worker dies, another does it while they are still waiting."""

AT_ONCE: Final = timedelta(seconds=5)
"""For sending a notice while a person may be waiting for the answer that follows."""

A_PAGE: Final = timedelta(minutes=5)
"""For a few transactions, each over a page of the roster."""

THE_ROSTER: Final = timedelta(hours=1)
"""For one pass over everything, which reports as it goes."""

SHORT_OF_A_WEEK: Final = timedelta(days=6)
"""For what the next week's sweep would do again: as long as this one runs, none follows it."""

SIGN_OF_LIFE: Final = timedelta(seconds=20)
"""How long such a pass may be silent before it is started again elsewhere."""

IN_THOUGHT: Final = timedelta(minutes=1)
"""The same where everybody is thought of at once in between: who is killed in it should not be missed for long."""

A_YEAR: Final = timedelta(days=365)
"""How long a lifecycle waits at most before it continues as new, so that no run depends on code older than that."""

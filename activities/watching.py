"""Whether what an escalation is about is still so."""

from datetime import date, datetime

from program.escalation import Escalation
from rules.folder import LoadedProgram
from store.database import Transaction


def over(
    tx: Transaction,  # noqa: ARG001
    program: LoadedProgram,  # noqa: ARG001
    escalation: Escalation,  # noqa: ARG001
    as_of: date,  # noqa: ARG001
    known_at: datetime,  # noqa: ARG001
) -> str | None:
    """What has ended an escalation; None while it is not over."""
    return None

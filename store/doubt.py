"""What is recorded of partners puts their escalations in doubt: they may be over by it."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from program.escalation import EscalationState
from store.among import among
from store.tables import EscalationRow

_DOUBTED: Final = "doubted"
"""Under which a session keeps the partners that something came in about."""


def doubt(session: Session, partners: Iterable[str]) -> None:
    """Have it noted with the transaction, at its end, that something came in about some partners."""
    session.info.setdefault(_DOUBTED, set()).update(partners)


def note_doubts(session: Session) -> None:
    """Note what came in: as the last thing of a transaction, so that it waits for nothing while others wait for it.

    All escalations are held at once, by partner and key as everybody holds several of them: else two could wait for
    each other.
    """
    partners = session.info.pop(_DOUBTED, None)
    if partners:
        theirs = among(session, EscalationRow.partner, sorted(partners)), EscalationRow.state != EscalationState.ENDED
        in_order = select(EscalationRow.key).where(*theirs).order_by(EscalationRow.partner, EscalationRow.key)
        session.execute(in_order.with_for_update())
        session.execute(update(EscalationRow).where(*theirs).values(doubts=EscalationRow.doubts + 1))

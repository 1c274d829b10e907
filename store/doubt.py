"""What is recorded of partners puts their escalations in doubt: they may be over by it."""

from collections.abc import Iterable

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from program.escalation import EscalationState
from store.among import among
from store.tables import EscalationRow


def doubt(session: Session, partners: Iterable[str]) -> None:
    """Note that something came in about some partners, in the transaction in which it is recorded."""
    theirs = among(session, EscalationRow.partner, partners), EscalationRow.state != EscalationState.ENDED
    # Held first, and by key as everybody holds several of them: else two could wait for each other.
    session.execute(select(EscalationRow.key).where(*theirs).order_by(EscalationRow.key).with_for_update())
    session.execute(update(EscalationRow).where(*theirs).values(doubts=EscalationRow.doubts + 1))

"""What is recorded of partners puts their escalations in doubt: they may be over by it."""

from collections.abc import Iterable

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from program.escalation import EscalationState
from store.tables import EscalationRow

_AT_ONCE = 500


def doubt(session: Session, partners: Iterable[str]) -> None:
    """Note that something came in about some partners, in the transaction in which it is recorded."""
    every = sorted(set(partners))
    for first in range(0, len(every), _AT_ONCE):
        about = EscalationRow.partner.in_(every[first : first + _AT_ONCE])
        not_over = EscalationRow.state != EscalationState.ENDED
        # Held first, and by key as everybody holds several of them: else two could wait for each other.
        session.execute(select(EscalationRow.key).where(about, not_over).order_by(EscalationRow.key).with_for_update())
        session.execute(update(EscalationRow).where(about, not_over).values(doubts=EscalationRow.doubts + 1))

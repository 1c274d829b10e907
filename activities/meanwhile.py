"""What became of an escalation between the writing of a notice and its sending."""

from activities import digest, urging
from program.escalation import Act, Delegate, Escalation, EscalationState, Reassign
from program.notice import DIGEST, URGES, Notice
from store.database import Transaction


def as_it_stands(tx: Transaction, notice: Notice) -> Notice:
    """A notice that was held, or failed for long: it says first who answered meanwhile; of what is over, only that."""
    if notice.kind == DIGEST:
        return digest.as_it_stands(tx, notice)
    escalation = tx.escalations.told_of([notice.key]).get(notice.key) if notice.kind in URGES else None
    if escalation is None:
        return notice
    if escalation.state == EscalationState.ENDED:
        partner = tx.partners.get(escalation.partner).partner
        over = urging.over(escalation, partner, notice.key, notice.recipient, notice.channels)
        return notice.model_copy(update={"subject": over.subject, "body": over.body})
    answer = _answer(escalation)
    if answer is None:
        return notice
    said = [line for line in notice.body.splitlines() if line != notice.answer_by]
    return notice.model_copy(update={"subject": f"Answered: {notice.subject}", "body": "\n".join([answer, *said])})


def _answer(escalation: Escalation) -> str | None:
    who, until, note = escalation.answered_by, escalation.until, escalation.note
    match escalation.state:
        case EscalationState.ACKNOWLEDGED:
            return f"{who} answers for this until {until}: {note}"
        case EscalationState.SNOOZED:
            return f"{who} has put this off until {until}: {note}"
        case _:
            return None


def overtake(tx: Transaction, escalation: Escalation, act: Act) -> None:
    """Have what an act leaves behind not go out: what its author would read, and what another has to see to now."""
    unsent = [posting.notice for posting in tx.notices.about(escalation.partner, escalation.key)]
    if isinstance(act, Delegate | Reassign):
        tx.notices.supersede([n.key for n in unsent], f"{act.who} gave it to {act.to} before this was sent.")
    else:
        own = [n.key for n in unsent if n.recipient == act.who]
        tx.notices.supersede(own, f"{act.who} answered before this was sent.")

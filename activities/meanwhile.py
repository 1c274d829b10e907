"""What became of an escalation between the writing of a notice and its sending."""

from program.escalation import Act, Delegate, Escalation, EscalationState, Reassign
from program.notice import URGES, Notice
from store.database import Transaction


def as_it_stands(tx: Transaction, notice: Notice) -> Notice:
    """A notice that was held, or failed for long: it says first what has become of its escalation since."""
    escalation = tx.escalations.told_of([notice.key]).get(notice.key) if notice.kind in URGES else None
    news = _news(escalation) if escalation else None
    if news is None:
        return notice
    mark, said = news
    return notice.model_copy(update={"subject": f"{mark}: {notice.subject}", "body": f"{said}\n{notice.body}"})


def _news(escalation: Escalation) -> tuple[str, str] | None:
    who, until, note = escalation.answered_by, escalation.until, escalation.note
    match escalation.state:
        case EscalationState.ENDED:
            return "Over", f"This is over since {escalation.closed_on}. {note}"
        case EscalationState.ACKNOWLEDGED:
            return "Answered", f"{who} answers for this until {until}: {note}"
        case EscalationState.SNOOZED:
            return "Answered", f"{who} has put this off until {until}: {note}"
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

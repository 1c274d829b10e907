"""Escalations end, and whoever heard of one hears that it is over: in the transaction of what ends it.

Nobody waits to hear that nothing is left to do, so this is left to the postman. What ends within moments of each other,
as after an import, is one message then, though each escalation finds out by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from activities import urging
from program.calendar import Clock
from program.definition import Program
from program.escalation import Escalation, EscalationEvent, EscalationState
from program.notice import ChannelName, Posting
from program.partner import PartnerId, Stage
from store.database import Transaction


class Ended(BaseModel):
    """An escalation that is over, and why: what its workflow has to hear."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    note: str


@dataclass(frozen=True)
class Ending:
    """What ends escalations, and when."""

    note: str
    day: date
    at: datetime
    clock: Clock
    by: str = ""
    """Whose act it is: they know. Empty where it is nobody's, or nobody said whose."""
    answers: bool = False
    """Whether they did it about the partner, which answers for its stalls. Evidence ends them by itself."""


def end(tx: Transaction, program: Program, key: str, ending: Ending) -> Ended:
    """End an escalation, and tell whoever may have heard of it, each once; one that has ended stays as it is.

    What was written about it and did not go out yet stays where it is: nobody needs to hear of a stall that is over.
    """
    escalation = tx.escalations.held(key)
    if escalation.state == EscalationState.ENDED:
        return Ended(key=key, note=escalation.note or "")
    written = tx.notices.about(escalation.partner, key)
    if ending.by and ending.answers and escalation.answered_at is None:
        answered = {"answered_by": ending.by, "answered_at": ending.at}
        tx.escalations.keep(escalation.model_copy(update=answered))
    tx.escalations.end(key, ending.note, ending.day, ending.at)
    tx.notices.supersede([p.notice.key for p in written], f"It was over before this was sent: {ending.note}")
    now, partner = tx.escalations.get(key), tx.partners.get(escalation.partner).partner
    for number, (person, channels) in enumerate(_who_heard(tx, written, escalation, ending).items(), start=1):
        notice = urging.over(now, partner, f"{key}/over-{number}", person, channels)
        tx.notices.write(notice, ending.at, program.held_until(notice, ending.at, ending.clock))
        tx.escalations.note(key, EscalationEvent(at=ending.at, what="told", who=person, note=notice.key))
    return Ended(key=key, note=ending.note)


def _who_heard(
    tx: Transaction, written: Iterable[Posting], escalation: Escalation, ending: Ending
) -> dict[str, tuple[ChannelName, ...]]:
    """Those who were told and who answered, or who stands in for them now, with the channels by which they heard."""
    heard = {p.notice.recipient: p.notice.channels for p in written if p.may_have_arrived}
    if escalation.answered_by and tx.people.knows(escalation.answered_by):
        heard.setdefault(escalation.answered_by, ())
    heard.pop(ending.by, None)
    to_tell: dict[str, tuple[ChannelName, ...]] = {}
    for person, channels in heard.items():
        to_tell.setdefault(tx.people.standing_in(person, ending.day), channels)
    to_tell.pop(ending.by, None)
    return to_tell


def end_escalations(
    tx: Transaction,
    program: Program,
    partner: PartnerId,
    ending: Ending,
    *,
    cycle: str | None = None,
    stages: Iterable[Stage] = Stage,
) -> tuple[Ended, ...]:
    """End a partner's escalations, all or those of one cycle or some stages: which of them, for whoever has to hear.

    Asked again on the same day, it names the same ones: whoever asked may have died before it could tell them.
    """
    found = sorted(tx.escalations.listed(partner=partner, states=EscalationState), key=lambda e: e.key)
    concerned = [e for e in found if cycle in (None, e.cycle) and e.stage in stages]
    to_name = [e.key for e in concerned if e.state != EscalationState.ENDED or e.closed_on == ending.day]
    return tuple(end(tx, program, key, ending) for key in to_name)

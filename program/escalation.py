"""An escalation: a stall that somebody has to hear of and answer, and what can be done about it."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from program.errors import Refused
from program.ladder import Ladder
from program.partner import Name, PartnerId, Stage

Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class EscalationState(StrEnum):
    """What has become of an escalation."""

    OPEN = "open"
    """It climbs its ladder."""
    ACKNOWLEDGED = "acknowledged"
    """Somebody answers for it, for some days."""
    SNOOZED = "snoozed"
    """Somebody put it off to a day."""
    UNANSWERED = "unanswered"
    """The ladder is climbed and nobody answered: it stands on the program lead's list."""
    ENDED = "ended"
    """What it was about is over."""


class Escalation(BaseModel):
    """One stall: opened once for each partner, stage, condition and cycle, however often it is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: PartnerId
    stage: Stage
    condition: str
    """The rule that found it."""
    cycle: str
    """What it happened in: a pilot, a quarter, an application."""
    owner: str
    """The partner's owner when it was opened, or whom it was reassigned to."""
    because: str
    advice: str = ""
    opened_on: date
    opened_at: datetime
    policy: str
    """The policy whose rule it is."""
    decision: int
    """The number of the decision that found it."""
    program: str
    """The digest of the program whose ladder it climbs."""
    state: EscalationState = EscalationState.OPEN
    round: int = 0
    """How often the ladder was begun or gone on with after somebody had it: what tells its messages apart."""
    rung: int = 0
    """The rung of its ladder on which it stands, from 0."""
    until: date | None = None
    """The day on which an acknowledgement expires, or on which what was put off comes back."""
    delegate: str | None = None
    """Who stands in the owner's place for this one."""
    extensions: int = 0
    """How often more time was asked for and given."""
    answered_by: str | None = None
    answered_at: datetime | None = None
    """When somebody first answered."""
    note: str | None = None
    """What was last said about it."""
    closed_on: date | None = None

    @property
    def key(self) -> str:
        """Its identity, in the store and, after `escalation/`, as the ID of its workflow."""
        return f"{self.partner}/{self.stage}/{self.condition}/{self.cycle}"


class EscalationEvent(BaseModel):
    """Something that happened to an escalation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: datetime
    what: str
    """opened, told, acknowledged, snoozed, extended, delegated, reassigned, next action, reset, exit, renewed, resumed,
    unanswered, ended."""
    who: str = ""
    """Who did it, or who was told: after `ended`, that it is over."""
    note: str = ""


class _Act(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    who: Name
    note: Said
    """What will be done, or why."""


class Acknowledge(_Act):
    """Somebody answers for it."""

    kind: Literal["acknowledged"] = "acknowledged"


class Snooze(_Act):
    """Not now: it comes back on a day."""

    kind: Literal["snoozed"] = "snoozed"
    until: date


class AskForTime(_Act):
    """More time for what was promised: less than can be snoozed, and not again and again."""

    kind: Literal["extended"] = "extended"
    until: date


class Delegate(_Act):
    """Somebody else sees to this one."""

    kind: Literal["delegated"] = "delegated"
    to: Name


class Reassign(_Act):
    """Somebody else looks after the partner from now on."""

    kind: Literal["reassigned"] = "reassigned"
    to: Name


class RecordNextAction(_Act):
    """What happens next with the partner, by whom and until when; the note says what."""

    kind: Literal["next action"] = "next action"
    by: Name
    due_on: date


class ResetPilot(_Act):
    """The pilot ends here and starts again, where a reset is left."""

    kind: Literal["reset"] = "reset"


class LetGo(_Act):
    """The partner leaves, and is sent the note: it says why."""

    kind: Literal["exit"] = "exit"


Act = Annotated[
    Acknowledge | Snooze | AskForTime | Delegate | Reassign | RecordNextAction | ResetPilot | LetGo,
    Field(discriminator="kind"),
]
"""What people can do about an escalation."""

ON_THE_PARTNER = (RecordNextAction, ResetPilot, LetGo)
"""Acts that are the partner's lifecycle's to carry out."""

ANSWERS: Final = frozenset({"acknowledged", "snoozed", "extended", "next action", "reset", "exit"})
"""Acts by which somebody answers for an escalation, by their kind; the others give it to somebody else."""


def after(escalation: Escalation, act: Act, ladder: Ladder, today: date, at: datetime) -> Escalation:
    """The escalation after an act.

    Args:
        escalation: As it stands.
        act: What somebody does about it.
        ladder: Of the program that it was opened under.
        today: The program's date.
        at: The instant.

    Raises:
        Refused: where the act does not apply, with the reason.
    """
    if escalation.state == EscalationState.ENDED:
        raise Refused(f"{escalation.key} ended on {escalation.closed_on}: {escalation.note}")
    answered = {
        "answered_by": act.who,
        "answered_at": escalation.answered_at or at,
        "note": act.note,
    }
    match act:
        case Acknowledge() | RecordNextAction():
            _of_nobody_else(escalation, act)
            _possible_in(escalation, act)
            until = ladder.in_business_days(today, ladder.rules.acknowledged_days)
            answered |= {"state": EscalationState.ACKNOWLEDGED, "until": until}
        case Snooze(until=until):
            _ahead(until, today, ladder.in_business_days(today, ladder.rules.snooze_days), "can be put off")
            answered |= {"state": EscalationState.SNOOZED, "until": until}
        case AskForTime(until=until):
            if escalation.extensions >= ladder.rules.extensions:
                times = "once" if escalation.extensions == 1 else f"{escalation.extensions} times"
                raise Refused(
                    f"more time was given {times} already; `gatehouse escalations show {escalation.key}` says what "
                    "else can be done"
                )
            _ahead(until, today, ladder.in_business_days(today, ladder.rules.extension_days), "can be given")
            answered |= {"state": EscalationState.SNOOZED, "until": until, "extensions": escalation.extensions + 1}
        case Delegate() | Reassign():
            return _handed_over(escalation, act)
        case ResetPilot() | LetGo():
            _possible_in(escalation, act)
    return escalation.model_copy(update=answered)


def _handed_over(escalation: Escalation, act: Delegate | Reassign) -> Escalation:
    """Whoever has it now hears of it from the ladder's first rung on."""
    changes = {"delegate": act.to} if isinstance(act, Delegate) else {"owner": act.to, "delegate": None}
    begun = {"state": EscalationState.OPEN, "round": escalation.round + 1, "rung": 0, "until": None, "note": act.note}
    return escalation.model_copy(update=begun | changes)


def refuse_who_has_it(escalation: Escalation, act: Act, owner: str) -> None:
    """Refuse to give an escalation, or its partner, to whoever has it.

    Beside `after`, since it takes who looks after the partner now; the escalation knows who did when it was opened.

    Raises:
        Refused: where they have it.
    """
    match act:
        case Delegate(to=to):
            has_it = to == (escalation.delegate or owner)
        case Reassign(to=to):
            has_it = to == owner
        case _:
            return
    if has_it:
        raise Refused(f"{to} has it already; name somebody else")


def _of_nobody_else(escalation: Escalation, act: Act) -> None:
    taken = escalation.state == EscalationState.ACKNOWLEDGED and escalation.answered_by != act.who
    if taken and isinstance(act, Acknowledge):
        raise Refused(
            f"{escalation.answered_by} answers for it until {escalation.until}: {escalation.note}; "
            "delegate or reassign it to have somebody else see to it"
        )


def _possible_in(escalation: Escalation, act: Act) -> None:
    stages = {"next action": (Stage.PILOT, Stage.ACTIVE), "reset": (Stage.PILOT,)}.get(act.kind)
    if stages and escalation.stage not in stages:
        wanted = " or ".join(stages)
        raise Refused(
            f"{escalation.partner} was {escalation.stage} when this was opened; a {act.kind} is for one in {wanted}"
        )


def _ahead(until: date, today: date, last: date, what: str) -> None:
    if not today < until <= last:
        raise Refused(f"it {what} until {last} at most, and at least to tomorrow; {until} is not between them")


def expired(escalation: Escalation, ladder: Ladder, today: date, *, moved: bool) -> Escalation:
    """The escalation on the day on which an acknowledgement expires or what was put off comes back.

    An acknowledgement counts on while something moves; else the ladder goes on where it stopped.
    """
    if escalation.state == EscalationState.ACKNOWLEDGED and moved:
        return escalation.model_copy(update={"until": ladder.in_business_days(today, ladder.rules.acknowledged_days)})
    resumed = {"state": EscalationState.OPEN, "round": escalation.round + 1, "until": None}
    return escalation.model_copy(update=resumed)


def unanswered(escalation: Escalation) -> Escalation:
    """The escalation once its ladder is climbed."""
    return escalation.model_copy(update={"state": EscalationState.UNANSWERED, "until": None})

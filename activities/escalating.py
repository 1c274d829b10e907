"""Escalations: opened with the stall that was found, told to one person after the other, answered, ended."""

from collections.abc import Callable
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict
from temporalio import activity
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from activities.deciding import Shelf
from activities.ending import Ending, end
from activities.ladders import Opened
from activities.meanwhile import overtake
from activities.roster import LIFECYCLE_ID
from activities.telling import Told, tell
from program import escalation as course
from program.calendar import Clock
from program.errors import Refused
from program.escalation import (
    Act,
    AskForTime,
    Delegate,
    Escalation,
    EscalationEvent,
    EscalationState,
    LetGo,
    Reassign,
    RecordNextAction,
    ResetPilot,
    Snooze,
)
from program.ladder import Ladder
from program.partner import PartnerId
from program.request import ActionTaken, Exit, NewStart
from rules.folder import LoadedProgram
from store.database import Store, Transaction

Over = Callable[[Transaction, LoadedProgram, Escalation, date, datetime], str | None]
"""What has ended an escalation, as of a day and by what is known at an instant; None while it is not over."""


class Begun(BaseModel):
    """An escalation as it is on record, and the ladder it climbs: fixed for as long as it lasts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    escalation: Escalation
    ladder: Ladder


class Step(BaseModel):
    """Something that is due with an escalation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    round: int
    rung: int
    """Where the ladder is gone on with."""
    today: date
    at: datetime
    clock: Clock


class Answer(BaseModel):
    """What somebody does about an escalation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    act: Act
    today: date
    at: datetime
    clock: Clock
    once: str
    """What tells it from another request of the same kind."""


class Escalating:
    """Escalations and the answers to them."""

    def __init__(self, store: Store, shelf: Shelf, client: Client, over: Over) -> None:
        self._store = store
        self._shelf = shelf
        self._client = client
        self._over = over

    @activity.defn
    def begin(self, opened: Opened) -> Begun:
        """What an escalation is about, as it stands, and its ladder."""
        with self._store.read() as tx:
            escalation = tx.escalations.get(opened.key)
        return Begun(escalation=escalation, ladder=self._shelf.get(escalation.program).program.ladder.by(opened.clock))

    @activity.defn
    def tell(self, step: Step) -> Told:
        """Tell whoever stands on a rung of the ladder, or the next one on which somebody does.

        Where nobody is left, it goes on the program lead's list. What was answered or is over meanwhile tells nobody.
        """
        with self._store.write() as tx:
            escalation = tx.escalations.held(step.key)
            if escalation.state != EscalationState.OPEN or escalation.round != step.round:
                return Told(escalation=escalation)
            seen = self._looked_at(tx, escalation, step)
            if seen.escalation.state == EscalationState.ENDED:
                return seen
            here = seen.escalation.model_copy(update={"rung": step.rung})
            told, _ = tell(tx, self._shelf.get(escalation.program), here, step.clock, step.at)
            return told

    @activity.defn
    def look_again(self, step: Step) -> Told:
        """See whether what an escalation is about still is so, now that something came in."""
        with self._store.write() as tx:
            return self._looked_at(tx, tx.escalations.held(step.key), step)

    def _looked_at(self, tx: Transaction, escalation: Escalation, now: Step | Answer, by: str = "") -> Told:
        """An escalation, ended if what it is about is over: by whose act, if it is somebody's."""
        if escalation.state != EscalationState.ENDED:
            program = self._shelf.get(escalation.program)
            why = self._over(tx, program, escalation, now.today, now.at)
            tx.escalations.looked_at(escalation.key)
            if why:
                end(tx, program.program, escalation.key, Ending(why, now.today, now.at, now.clock, by))
        return Told(escalation=tx.escalations.get(escalation.key))

    @activity.defn
    def come_back(self, step: Step) -> Told:
        """See what is to be done on the day on which an answer expires, or something that was put off comes back."""
        with self._store.write() as tx:
            escalation = tx.escalations.held(step.key)
            if escalation.until is None or escalation.until > step.today:
                return Told(escalation=escalation)
            seen = self._looked_at(tx, escalation, step)
            if seen.escalation.state == EscalationState.ENDED:
                return seen
            ladder = self._shelf.get(escalation.program).program.ladder.by(step.clock)
            moved = escalation.state == EscalationState.ACKNOWLEDGED and _moved(tx, escalation, ladder, step)
            now = course.expired(escalation, ladder, step.today, moved=moved)
            what = "resumed" if now.state == EscalationState.OPEN else "renewed"
            tx.escalations.keep(now, EscalationEvent(at=step.at, what=what))
            return Told(escalation=now)

    @activity.defn
    async def ask_lifecycle(self, answer: Answer) -> PartnerId:
        """Have a partner's lifecycle do what is its to do, under an ID that makes it be done once; whose it is.

        Raises:
            Refused: where it cannot be done.
        """
        partner = answer.key.partition("/")[0]
        lifecycle = self._client.get_workflow_handle(LIFECYCLE_ID.format(partner))
        update, asked = _asked_of_lifecycle(answer.act)
        try:
            await lifecycle.execute_update(update, asked, id=f"{answer.key}/{answer.once}")
        except WorkflowUpdateFailedError as error:
            cause = error.cause
            raise Refused(cause.message if isinstance(cause, ApplicationError) else str(cause)) from error
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            raise Refused(f"no workflow runs for {partner}; it has left, or was declined") from error
        return partner

    @activity.defn
    def answer(self, answer: Answer) -> Escalation:
        """Record what somebody does about an escalation, and whether that ends it.

        Raises:
            Refused: where it does not apply.
        """
        act, event = answer.act, _event(answer)
        with self._store.write() as tx:
            if isinstance(act, Reassign):
                tx.partners.held(answer.key.partition("/")[0])
            escalation = tx.escalations.held(answer.key)
            if event in tx.escalations.events(answer.key):
                return tx.escalations.get(answer.key)
            if escalation.state == EscalationState.ENDED and isinstance(act, course.ON_THE_PARTNER):
                # What the lifecycle was asked to do has ended it: that was the answer.
                first = {"answered_by": act.who, "answered_at": escalation.answered_at or answer.at}
                tx.escalations.keep(escalation.model_copy(update=first))
                tx.escalations.note(answer.key, event)
                return tx.escalations.get(answer.key)
            program = self._shelf.get(escalation.program).program
            now = course.after(escalation, act, program.ladder, answer.today, answer.at)
            course.refuse_who_has_it(escalation, act, tx.partners.get(escalation.partner).partner.owner)
            tx.escalations.keep(now, event)
            overtake(tx, now, act)
            match act:
                case ResetPilot() | LetGo():
                    ending = Ending(f"{act.who}: {act.note}", answer.today, answer.at, answer.clock, act.who)
                    end(tx, program, answer.key, ending)
                case RecordNextAction():
                    self._looked_at(tx, now, answer, act.who)
                case Reassign(to=to):
                    tx.partners.look_after(escalation.partner, to)
            return tx.escalations.get(answer.key)


def _event(answer: Answer) -> EscalationEvent:
    act = answer.act
    match act:
        case Snooze(until=until) | AskForTime(until=until):
            more = f" (until {until})"
        case Delegate(to=to) | Reassign(to=to):
            more = f" (to {to})"
        case RecordNextAction(by=by, due_on=due_on):
            more = f" ({by}, until {due_on})"
        case _:
            more = ""
    return EscalationEvent(at=answer.at, what=act.kind, who=act.who, note=f"{act.note}{more}")


def _asked_of_lifecycle(act: Act) -> tuple[str, BaseModel]:
    """The update by which the partner's lifecycle does what was asked for, and what it is given."""
    match act:
        case RecordNextAction(note=note, by=by, due_on=due_on):
            return "record_next_action", ActionTaken(what=note, who=by, due_on=due_on)
        case ResetPilot(note=note):
            return "reset_pilot", NewStart(because=note, by=act.who)
        case _:
            return "leave", Exit(because=act.note, by=act.who)


def _moved(tx: Transaction, escalation: Escalation, ladder: Ladder, step: Step) -> bool:
    """Whether anything moved since somebody last answered, on its day or later."""
    answers = [
        e.at for e in tx.escalations.events(escalation.key) if e.what in {"acknowledged", "next action", "renewed"}
    ]
    since = ladder.working.clock.today(answers[-1])
    last = tx.opportunities.last_movement([escalation.partner], step.today, step.at).get(escalation.partner)
    recorded = tx.preparation.last_recorded(escalation.partner, step.today)
    return (last is not None and last >= since) or (recorded is not None and recorded > since)

"""An escalation: it climbs its ladder until somebody answers, or until what it is about is over."""

import asyncio
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.ending import Ended
    from activities.escalating import Answer, Begun, Escalating, Step
    from activities.ladders import END, ESCALATION, ESCALATION_ID, Ladders, Opened, Openings
    from activities.telling import Told
    from program import escalation as course
    from program.calendar import Clock
    from program.errors import Refused
    from program.escalation import Act, Escalation, EscalationState
    from program.ladder import Ladder
    from workflows import options
    from workflows.steps import refused, when_asked, when_due


@workflow.defn(name=ESCALATION)
class EscalationLadder:
    """One per partner, stage, condition and cycle.

    What it is and where it stands is on record; the workflow keeps the time. One thing is done with it at once, so that
    an answer and the next rung cannot cross. What it tells is left to the postman: the time of many ladders is over at
    the same moment, as where work begins, and what they tell the same person is one message then.
    """

    @workflow.init
    def __init__(self, opened: Opened) -> None:
        self._key = opened.key
        self._begun: Begun | None = None
        self._doubted = False
        self._acting = asyncio.Lock()

    @workflow.run
    async def run(self, opened: Opened) -> Escalation:
        """Climb, wait, and start again where an answer expires; the escalation at its end."""
        self._begun = await when_due(Escalating.begin, opened, "As it is on record")
        while self._escalation.state != EscalationState.ENDED and not workflow.info().is_continue_as_new_suggested():
            await self._go_on()
        await workflow.wait_condition(workflow.all_handlers_finished)
        if self._escalation.state != EscalationState.ENDED:
            workflow.continue_as_new(opened)  # all that matters of it is on record
        return self._escalation

    async def _go_on(self) -> None:
        """Do what is due, and wait for the next thing that happens."""
        seen = self._escalation
        if self._doubted:
            self._doubted = False
            await self._step(Escalating.look_again, "Something came in")
        elif seen.state == EscalationState.OPEN:
            told = await self._tell(seen)
            if told.until and not await self._changes(self._escalation, told.until):
                self._stands(self._escalation.model_copy(update={"rung": self._escalation.rung + 1}))
        elif seen.state == EscalationState.UNANSWERED:
            workflow.set_current_details("Nobody answered; it stands on the program lead's list")
            await self._changes(seen)
        else:
            assert seen.until is not None
            workflow.set_current_details(
                f"{seen.state.capitalize()} by {seen.answered_by} until {seen.until}: {seen.note}"
            )
            if not await self._changes(seen, self._clock.due(seen.until)):
                await self._step(Escalating.come_back, "It comes back")

    async def _tell(self, seen: Escalation) -> Told:
        told = await self._step(Escalating.tell, f"Rung {seen.rung + 1} of the ladder")
        if told.until:
            workflow.set_current_details(f"An answer is waited for until {told.until:%Y-%m-%d %H:%M} UTC")
        return told

    # What people say, and what is found out

    @workflow.update
    async def act(self, act: Act) -> Escalation:
        """Somebody does something about it: how it stands then."""
        await workflow.wait_condition(lambda: self._begun is not None)
        async with self._acting:
            info = workflow.current_update_info()
            assert info is not None
            answer = Answer(
                key=self._key, act=act, today=self._today(), at=self._now(), clock=self._clock, once=info.id
            )
            self._check(act)
            if isinstance(act, course.ON_THE_PARTNER):
                await when_asked(Escalating.ask_lifecycle, answer, f"{act.who}: {act.kind}")
            self._stands(await when_asked(Escalating.answer, answer, f"{act.who}: {act.kind}"))
            return self._escalation

    @act.validator
    def _applies(self, act: Act) -> None:
        if self._begun and not self._acting.locked():
            self._check(act)

    def _check(self, act: Act) -> None:
        try:
            course.after(self._escalation, act, self._ladder, self._today(), self._now())
        except Refused as refusal:
            raise refused(str(refusal)) from refusal

    @workflow.signal(name=END)
    async def end(self, note: str) -> None:
        """What it was about is over, and is on record as such."""
        await workflow.wait_condition(lambda: self._begun is not None)
        self._stands(self._escalation.model_copy(update={"state": EscalationState.ENDED, "note": note}))

    @workflow.signal
    def look_again(self) -> None:
        """Something came in that may end it."""
        self._doubted = True

    @workflow.query
    def state(self) -> Escalation | None:
        """How it stands; None before it has begun."""
        return self._begun.escalation if self._begun else None

    # What all of it is made of

    @property
    def _escalation(self) -> Escalation:
        assert self._begun is not None
        return self._begun.escalation

    @property
    def _ladder(self) -> Ladder:
        assert self._begun is not None
        return self._begun.ladder

    @property
    def _clock(self) -> Clock:
        return self._ladder.working.clock

    def _now(self) -> datetime:
        """The instant; never before it was opened, by whose clock ever that was."""
        return max(workflow.now(), self._escalation.opened_at)

    def _today(self) -> date:
        return self._clock.today(self._now())

    def _stands(self, escalation: Escalation) -> None:
        """Note how it stands. What is over stays over, whatever comes in late."""
        if self._escalation.state != EscalationState.ENDED:
            self._begun = Begun(escalation=escalation, ladder=self._ladder)

    async def _step(self, act: Callable[[Any, Step], Told], summary: str) -> Told:
        async with self._acting:
            seen = self._escalation
            step = Step(
                key=self._key,
                round=seen.round,
                rung=seen.rung,
                today=self._today(),
                at=self._now(),
                clock=self._clock,
            )
            told = await when_due(act, step, summary)
            self._stands(told.escalation)
            return told

    async def _changes(self, seen: Escalation, until: datetime | None = None) -> bool:
        """Wait for something to change, at most until an instant; whether it did."""

        def changed() -> bool:
            return self._escalation is not seen or self._doubted

        left = until - workflow.now() if until else None
        if left is not None and left <= timedelta(0):
            return changed()
        try:
            await workflow.wait_condition(changed, timeout=left, timeout_summary=f"Until {until}")
        except TimeoutError:
            return False
        return True


async def start_and_end(keys: tuple[str, ...], over: tuple[Ended, ...], clock: Clock) -> None:
    """Start the escalations of stalls that a sweep found, and end those of what is over.

    One that was started before stays the only one, and one that has ended needs no telling.
    """
    if keys or over:
        await workflow.execute_activity_method(
            Ladders.start_and_end_ladders,
            Openings(keys=keys, clock=clock, over=over),
            start_to_close_timeout=options.A_PAGE,
            heartbeat_timeout=options.SIGN_OF_LIFE,
            retry_policy=options.PERSISTENTLY,
            summary=f"{len(keys)} escalations, {len(over)} over",
        )


async def start_of_one(keys: tuple[str, ...], clock: Clock) -> None:
    """The same with those of one partner, which are few: one event in its history instead of six."""
    if keys:
        await when_due(Ladders.start_and_end_ladders, Openings(keys=keys, clock=clock), f"{len(keys)} escalations")


async def end(key: str, note: str) -> None:
    """Let an escalation know that what it is about is over; one that has ended needs no telling."""
    try:
        await workflow.get_external_workflow_handle_for(EscalationLadder.run, ESCALATION_ID.format(key)).signal(
            EscalationLadder.end, note
        )
    except ApplicationError:
        workflow.logger.info("escalation.end.already", extra={"escalation": key})

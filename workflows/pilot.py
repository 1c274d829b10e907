"""The 60 days of a pilot, run inside a partner's lifecycle: one clock, one history."""

from datetime import date
from typing import Protocol

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.ending import Ended
    from activities.pilot import Judged, Look, Pilots
    from program.escalation import Escalation
    from program.pilot import PilotTerms
    from workflows.messages import Lifecycle
    from workflows.steps import when_due


class Surroundings(Protocol):
    """What a pilot needs of the lifecycle it runs in."""

    async def wait_until(self, day: date) -> bool:
        """Wait for a day; False where the partner leaves before it, or the pilot is begun again."""

    async def escalate(self, found: tuple[Escalation, ...]) -> None:
        """Have somebody told of stalls."""

    async def end_escalations(self, over: tuple[Ended, ...]) -> None:
        """Let escalations know that what they are about is over."""

    def tell(self, notices: tuple[str, ...]) -> None:
        """Have notices delivered."""


class Pilot:
    """Checkpoints on days 7, 14 ... 56 and the verdict on day 60, for one pilot after the other."""

    def __init__(self, state: Lifecycle, lifecycle: Surroundings) -> None:
        self._state = state
        self._lifecycle = lifecycle

    async def reach_verdict(self) -> bool:
        """Go through the weeks up to the day of the verdict; False where the partner leaves, or is to begin again."""
        if self._state.decide_by is not None:
            return await self._lifecycle.wait_until(self._state.decide_by)
        # A pilot that is taken over at night has reached the day before, and is looked at as it stood then.
        for week in self._terms.weeks_after(self._state.clock.begun(workflow.now())):
            if week <= self._state.weeks_seen:
                continue
            if not await self._lifecycle.wait_until(self._terms.checkpoint(week)) or not await self._look_at(week):
                return False
        return await self._lifecycle.wait_until(self._terms.last_day)

    async def _look_at(self, week: int) -> bool:
        """Have a week looked back on; False where the pilot was begun again before that could be done."""
        terms = self._terms
        look = self._look(terms.checkpoint(week)).model_copy(update={"week": week})
        seen = await when_due(Pilots.look_at_week, look, f"Week {week}")
        if self._state.terms is not terms:
            return False
        self._state.weeks_seen = week
        workflow.set_current_details(f"Week {week} of {terms.weeks}: {seen.ruling.outcome}")
        await self._lifecycle.end_escalations(seen.over)
        await self._lifecycle.escalate(seen.escalations)
        self._lifecycle.tell(seen.notices)
        return True

    async def judge(self) -> Judged:
        """Have the verdict decided: if need be, the second time, with what is known."""
        settle = self._state.decide_by is not None
        look = self._look(self._terms.last_day).model_copy(update={"settle": settle})
        judged = await when_due(Pilots.judge, look, "Verdict on what is known" if settle else "Verdict")
        if judged.escalation:
            await self._lifecycle.escalate((judged.escalation,))
        self._lifecycle.tell(judged.notices)
        return judged

    def _look(self, as_of: date) -> Look:
        return Look(
            partner=self._state.partner,
            application=self._state.application,
            terms=self._terms,
            as_of=as_of,
            known_at=workflow.now(),
            today=self._state.clock.today(workflow.now()),
            clock=self._state.clock,
        )

    @property
    def _terms(self) -> PilotTerms:
        assert self._state.terms is not None
        return self._state.terms

"""One passage of a partner through the program: where it stands, what changes that, and who hears of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.departure import Departure, Departures
    from activities.ending import Ended
    from program.escalation import Escalation
    from program.partner import Stage
    from workflows import escalation as escalations
    from workflows import options
    from workflows.delivery import Deliveries
    from workflows.messages import STAGE, TIER, Lifecycle
    from workflows.steps import refused


class Passage:
    """What a lifecycle is made of. One act changes the stage at a time."""

    def __init__(self, state: Lifecycle) -> None:
        self._state = state
        self._acting = asyncio.Lock()
        self._refusal = ""
        """Why the application was not put on record."""
        self._deliveries = Deliveries()

    def _today(self) -> date:
        return self._state.clock.today(workflow.now())

    @asynccontextmanager
    async def _act_in(self, *stages: Stage) -> AsyncIterator[None]:
        """Act on a partner in one of some stages, alone, once what is under way is finished."""
        await workflow.wait_condition(lambda: self._state.stage != Stage.PROSPECT or bool(self._refusal))
        async with self._acting:
            self._has_stage(*stages)
            yield

    def _may_act_in(self, *stages: Stage) -> None:
        """Turn away at once what cannot be done, unless something is under way that may change that."""
        if self._state.stage != Stage.PROSPECT and not self._acting.locked():
            self._has_stage(*stages)

    def _has_stage(self, *stages: Stage) -> None:
        if self._state.stage not in stages:
            wanted = " or ".join(stages)
            raise refused(f"{self._state.partner} is {self._state.stage}; this can be done while it is {wanted}")

    def _to(self, stage: Stage, tier: str | None = None) -> None:
        """Note a stage or tier, and let searches find it."""
        before = (self._state.stage, self._state.tier)
        if before[0] == Stage.PROSPECT:  # it was started under the stage that it was to enter
            before = (Stage.PILOT if self._state.pilot_since else Stage.APPLIED, None)
        self._state.stage, self._state.tier = stage, tier
        if before == (stage, tier):
            return
        workflow.upsert_search_attributes(
            [STAGE.value_set(stage), TIER.value_set(tier) if tier else TIER.value_unset()]
        )

    async def wait_until(self, day: date) -> bool:
        """Wait for a day of the pilot; False where the partner leaves before it, or the pilot is begun again."""
        terms = self._state.terms
        return await self._sleep(day, unless=lambda: self._state.stage != Stage.PILOT or self._state.terms is not terms)

    async def _sleep(self, day: date, *, unless: Callable[[], bool]) -> bool:
        """Sleep until what is due on a day is done; False where something else comes first."""
        left = self._state.clock.due(day) - workflow.now()
        if unless() or left <= timedelta(0):
            return not unless()
        try:
            await workflow.wait_condition(unless, timeout=left, timeout_summary=f"Until {day}")
        except TimeoutError:
            return True
        return False

    async def _give_notice(self, because: str, by: str = "", *, waive: bool = False) -> None:
        departure = Departure(
            partner=self._state.partner,
            application=self._state.application,
            because=because,
            as_of=self._today(),
            known_at=workflow.now(),
            clock=self._state.clock,
            by=by,
            waive_notice=waive,
        )
        leaving = await workflow.execute_activity_method(
            Departures.give_notice,
            departure,
            start_to_close_timeout=options.QUICKLY,
            retry_policy=options.PERSISTENTLY,
            summary="Notice given",
        )
        self._state.last_day, self._state.because = leaving.last_day, because
        self._to(Stage.LEAVING, self._state.tier)
        self.tell(leaving.notices)
        await self.end_escalations(leaving.over)

    async def escalate(self, found: tuple[Escalation, ...]) -> None:
        """Have somebody told of stalls, by workflows of their own that outlive a change of stage."""
        await escalations.start_of_one(tuple(escalation.key for escalation in found), self._state.clock)

    async def end_escalations(self, over: tuple[Ended, ...]) -> None:
        """Let escalations know what has ended each of them."""
        for ended in over:
            await escalations.end(ended.key, ended.note)

    def tell(self, notices: tuple[str, ...]) -> None:
        """Have notices delivered, however long that takes, while the calendar goes on."""
        self._deliveries.begin(notices)

    async def _finish(self) -> None:
        """Let what is under way come to its end: nothing is lost when this run closes."""
        await workflow.wait_condition(lambda: workflow.all_handlers_finished() and not self._deliveries.pending)

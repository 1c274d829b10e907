"""The weekly look over the roster for partners outside a pilot that have stalled."""

from collections.abc import Sequence
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.sweep import SweepPage, Sweeps
    from workflows import escalation as escalations
    from workflows import options
    from workflows.delivery import deliver
    from workflows.messages import Found, Sweep


@workflow.defn
class StallSweep:
    """Page by page: decide who has stalled, and have each stall escalated once."""

    @workflow.run
    async def run(self, sweep: Sweep) -> Found:
        """Sweep the roster as of today."""
        page = SweepPage(as_of=sweep.clock.today(workflow.now()), known_at=workflow.now(), clock=sweep.clock)
        done: list[SweepPage] = []
        to_repeat: list[SweepPage] = []
        while page.after is not None:
            asked = page.model_copy(update={"escalations": (), "over": (), "notices": (), "undecided": ()})
            page = await self._look(asked)
            done.append(page)
            if page.undecided:
                to_repeat.append(asked)
        await self._follow(done)
        again = await self._repeat(to_repeat)
        await self._follow(again)
        return Found(stalled=len({key for page in (*done, *again) for key in page.escalations}))

    async def _repeat(self, pages: Sequence[SweepPage]) -> list[SweepPage]:
        """Try again until somebody has mended why some could not be decided about, or leave them to the next sweep."""
        until, found = workflow.now() + options.SHORT_OF_A_WEEK, []
        for page in pages:
            try:
                found.append(await self._look(page.model_copy(update={"whole": True}), until))
            except ActivityError:
                workflow.logger.warning("sweep.undecided", extra={"after": page.after})
        return found

    async def _look(self, page: SweepPage, until: datetime | None = None) -> SweepPage:
        return await workflow.execute_activity_method(
            Sweeps.look_for_stalls,
            page,
            start_to_close_timeout=options.A_PAGE,
            schedule_to_close_timeout=max(until - workflow.now(), options.A_PAGE) if until else None,
            heartbeat_timeout=options.SIGN_OF_LIFE,
            retry_policy=options.PERSISTENTLY,
            summary=f"The partners after {page.after or 'none'}",
        )

    async def _follow(self, pages: Sequence[SweepPage]) -> None:
        """Have told, started and ended what was found."""
        # Whoever has to hear of it does not wait for the workflows: starting one for each takes longer than the rest.
        await self._tell(tuple(key for page in pages for key in page.notices))
        for page in pages:
            await escalations.start_and_end(page.escalations, page.over, page.clock)

    async def _tell(self, notices: tuple[str, ...]) -> None:
        if notices:
            await deliver(notices)

"""The weekly look over the roster for partners outside a pilot that have stalled."""

from temporalio import workflow

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
        pages: list[SweepPage] = []
        page = SweepPage(as_of=sweep.clock.today(workflow.now()), known_at=workflow.now(), clock=sweep.clock)
        while page.after is not None:
            page = await workflow.execute_activity_method(
                Sweeps.look_for_stalls,
                page.model_copy(update={"escalations": (), "over": (), "notices": ()}),
                start_to_close_timeout=options.A_PAGE,
                heartbeat_timeout=options.SIGN_OF_LIFE,
                retry_policy=options.PERSISTENTLY,
                summary=f"The partners after {page.after or 'none'}",
            )
            pages.append(page)
        # Whoever has to hear of it does not wait for the workflows: starting one for each takes longer than the rest.
        await self._tell(tuple(key for page in pages for key in page.notices))
        for page in pages:
            await escalations.start_and_end(page.escalations, page.over, sweep.clock)
        return Found(stalled=sum(len(page.escalations) for page in pages))

    async def _tell(self, notices: tuple[str, ...]) -> None:
        if notices:
            await deliver(notices)

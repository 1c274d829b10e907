"""The weekly digest: on Monday morning everybody who looks after partners is told of the week."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.weekly import Week, WeeklyDigests
    from program.calendar import Clock
    from workflows import options
    from workflows.delivery import deliver


@workflow.defn
class WeeklyDigest:
    """Have the digests of a week written and sent; they wait where the hours are quiet."""

    @workflow.run
    async def run(self, clock: Clock) -> int:
        """Tell of the week that is over today; how many are told."""
        week = Week(clock=clock, as_of=clock.today(workflow.now()), known_at=workflow.now())
        notices = await workflow.execute_activity_method(
            WeeklyDigests.write_weekly,
            week,
            start_to_close_timeout=options.A_PAGE,
            retry_policy=options.PERSISTENTLY,
            summary=f"The week before {week.as_of}",
        )
        if notices:
            await deliver(notices)
        return len(notices)

"""The quarterly re-score of the whole roster: one workflow per quarter."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from typing import Final

from temporalio import workflow
from temporalio.exceptions import ActivityError, WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from activities.delivery import Delivery
    from activities.roster import Page, RescoreBegin, Rescored, RescorePublish, Roster
    from program.calendar import Clock, Quarter
    from program.rescore import Terms
    from workflows import options
    from workflows.messages import Progress, Rescore
    from workflows.steps import reason, refused, when_asked, when_due

WORKFLOW_ID: Final = "rescore/{}"


@workflow.defn
class RosterRescore:
    """Score everyone, cut the tiers, decide each move, publish at once, tell who is concerned.

    Every step may run again and changes nothing then, so a re-score that is run twice, or goes on after it was killed,
    ends in the same roster.
    """

    def __init__(self) -> None:
        self._progress = Progress(doing="Begin")

    @workflow.query
    def progress(self) -> Progress:
        """What it is doing, and how far that has come."""
        return self._progress

    def _now(self, doing: str, seen: int | None = None) -> None:
        self._progress = Progress(doing=doing, seen=seen)
        workflow.set_current_details(doing if seen is None else f"{doing}: {seen} are done")

    @workflow.run
    async def run(self, rescore: Rescore) -> Rescored:
        """Re-score a quarter; one that is published already stays as it is."""
        terms = await self._begin(rescore)
        if not terms.published:
            await self._every_page(Roster.score_page, "Score the partners", terms)
            await self._cut(terms)
            await self._every_page(Roster.move_page, "Decide the moves", terms)
        rescored = await self._publish(terms)
        await self._tell(terms)
        return rescored

    async def _begin(self, rescore: Rescore) -> Terms:
        today = rescore.clock.today(workflow.now())
        quarter = rescore.quarter or Quarter.ended_before(today)
        as_of = self._as_of(quarter, rescore.as_of, today)
        begin = RescoreBegin(quarter=quarter, as_of=as_of, known_at=workflow.now())
        return await when_asked(Roster.begin_rescore, begin, str(quarter))

    def _as_of(self, quarter: Quarter, asked: date | None, today: date) -> date:
        if quarter.last_day >= today:
            raise refused(f"{quarter} ends on {quarter.last_day}; it can be re-scored from the day after")
        as_of = asked or quarter.last_day
        if not quarter.last_day <= as_of <= today:
            raise refused(f"{quarter} can be re-scored as of {quarter.last_day}, its last day, to {today}, not {as_of}")
        return as_of

    async def _every_page(self, act: Callable[[Roster, Page], Page | None], doing: str, terms: Terms) -> None:
        page: Page | None = Page(terms=terms)
        while page:
            self._now(doing, page.seen)
            page = await workflow.execute_activity_method(
                act,
                page,
                start_to_close_timeout=options.A_PAGE,
                heartbeat_timeout=options.SIGN_OF_LIFE,
                retry_policy=options.PERSISTENTLY,
                summary=f"{doing} after {page.after or 'none'}",
            )

    async def _cut(self, terms: Terms) -> None:
        self._now("Cut the tiers")
        await workflow.execute_activity_method(
            Roster.cut_tiers,
            terms,
            start_to_close_timeout=options.THE_ROSTER,
            heartbeat_timeout=options.IN_THOUGHT,
            retry_policy=options.PERSISTENTLY,
            summary="Cut the tiers",
        )

    async def _publish(self, terms: Terms) -> Rescored:
        self._now("Publish")
        try:
            return await workflow.execute_activity_method(
                Roster.publish,
                RescorePublish(terms=terms, at=workflow.now()),
                start_to_close_timeout=options.THE_ROSTER,
                heartbeat_timeout=options.IN_THOUGHT,
                retry_policy=options.FOR_AN_ANSWER,
                summary="Publish",
            )
        except ActivityError as error:  # it was held up, and is too late
            raise refused(reason(error)) from error

    async def _tell(self, terms: Terms) -> None:
        self._now("Tell those whose tier changed")
        await workflow.execute_activity_method(
            Roster.tell_lifecycles,
            terms,
            start_to_close_timeout=options.THE_ROSTER,
            heartbeat_timeout=options.SIGN_OF_LIFE,
            retry_policy=options.PERSISTENTLY,
            summary="Signal the lifecycles that changed",
        )
        await workflow.execute_activity_method(
            Delivery.deliver_rescore,
            str(terms.quarter),
            start_to_close_timeout=options.THE_ROSTER,
            heartbeat_timeout=options.SIGN_OF_LIFE,
            retry_policy=options.PERSISTENTLY,
            summary="Deliver the notices",
        )


@workflow.defn
class RescoreDue:
    """What the schedule starts on a quarter's first day: the re-score of the last one, if nobody was quicker.

    It waits for evidence that comes late, as many days as the program declares.
    """

    @workflow.run
    async def run(self, clock: Clock) -> None:
        """Start it under the quarter's own ID, so that there is one re-score of it, whoever asks.

        It is not waited for: as long as this runs, the schedule starts no other, and one may be held up for long.
        """
        quarter = Quarter.ended_before(clock.today(workflow.now()))
        until = await when_due(Roster.evidence_due, quarter, "Until when evidence is waited for")
        workflow.set_current_details(f"Evidence of {quarter} is waited for until {until}")
        left = clock.due(until) - workflow.now()
        if left > timedelta(0):
            await workflow.sleep(left, summary=f"Until {until}")
        with suppress(WorkflowAlreadyStartedError):
            await workflow.start_child_workflow(
                RosterRescore.run,
                Rescore(clock=clock, quarter=quarter),
                id=WORKFLOW_ID.format(quarter),
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                static_summary=f"Re-score of {quarter}",
            )

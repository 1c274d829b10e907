"""A partner's lifecycle, from application to exit: one workflow per partner."""

from contextlib import suppress
from datetime import date

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from activities.departure import Closing, Departures
    from activities.new_start import Again, NewStarts
    from activities.pilot import Accounts, Judged, NextAction, Pilots, Play
    from activities.qualification import Candidacy, Entry, Lapse, Qualification
    from activities.roster import TierMove
    from program.partner import LEGAL_MOVES, Stage
    from program.request import ActionTaken, Exit, NewStart
    from workflows import options
    from workflows.messages import JointPlay, LastDay, Lifecycle, MappedAccounts, Ruled, State, Submission
    from workflows.passage import Passage
    from workflows.pilot import Pilot
    from workflows.steps import reason, refused, when_asked, when_due


@workflow.defn
class PartnerLifecycle(Passage):
    """Application, pilot, the time as an active partner, notice, exit.

    The calendar is `run`; people interrupt it with updates. One act changes the stage at a time, so that an exit and a
    verdict on the same morning cannot both win.
    """

    @workflow.init
    def __init__(self, state: Lifecycle) -> None:
        super().__init__(state)

    @workflow.run
    async def run(self, state: Lifecycle) -> State:  # noqa: ARG002 -- @workflow.init has it
        """Live through the stages; the state in which the partner left or was declined."""
        if self._state.stage == Stage.PROSPECT and not await self._enter():
            return self.state()
        if self._state.stage in {Stage.APPLIED, Stage.DEFERRED}:
            await self._qualify()
        if self._state.stage == Stage.PILOT:
            await self._pilot()
            await self._continue_as_new_if_active()
        if self._state.stage == Stage.ACTIVE:
            await self._be_active()
        if self._state.stage == Stage.LEAVING:
            await self._serve_notice()
        await self._finish()
        return self.state()

    # The calendar

    async def _enter(self) -> bool:
        entry = Entry(
            partner=self._state.partner,
            application=self._state.application,
            as_of=self._today(),
            known_at=workflow.now(),
            pilot_since=self._state.pilot_since,
        )
        try:
            entered = await workflow.execute_local_activity_method(
                Qualification.enter,
                entry,
                start_to_close_timeout=options.QUICKLY,
                retry_policy=options.FOR_AN_ANSWER,
                summary="Application on record",
            )
        except FailureError as error:
            self._refusal = reason(error)
            await workflow.wait_condition(workflow.all_handlers_finished)
            return False
        self._state.terms, self._state.scorecards = entered.terms, entered.scorecards
        if entered.stage == Stage.DEFERRED:
            self._state.deferred_until = entered.until
        if entered.stage == Stage.LEAVING:
            self._state.last_day, self._state.because = entered.until, entered.because
        self._to(entered.stage, entered.tier)
        await self.escalate(entered.escalations)
        self.tell(entered.notices)
        return True

    async def _qualify(self) -> None:
        while self._state.stage in {Stage.APPLIED, Stage.DEFERRED}:
            until = self._state.deferred_until
            if until is None:
                await workflow.wait_condition(lambda: self._state.stage != Stage.APPLIED)
            elif await self._wait_for_evidence(until):
                await self._let_deferral_lapse(until)

    async def _wait_for_evidence(self, until: date) -> bool:
        """Wait for a deferral's last day; False where a scorecard changed what is waited for."""
        return await self._sleep(until, unless=lambda: self._state.deferred_until != until)

    async def _let_deferral_lapse(self, until: date) -> None:
        async with self._acting:
            if self._state.stage != Stage.DEFERRED or self._state.deferred_until != until:
                return
            lapse = Lapse(
                partner=self._state.partner,
                application=self._state.application,
                as_of=until,
                known_at=workflow.now(),
                clock=self._state.clock,
            )
            lapsed = await when_due(Qualification.let_deferral_lapse, lapse, "Deferral expired")
            self._to(Stage.DECLINED)
            self.tell(lapsed.notices)
            await self.end_escalations(lapsed.over)

    async def _pilot(self) -> None:
        pilot = Pilot(self._state, self)
        while self._state.stage == Stage.PILOT:
            terms = self._state.terms
            if not await pilot.reach_verdict():
                continue  # it leaves, or the pilot was begun again
            async with self._acting:
                if self._state.stage == Stage.PILOT and self._state.terms is terms:
                    await self._follow(await pilot.judge())

    async def _follow(self, judged: Judged) -> None:
        self._state.decide_by = judged.decide_by
        if judged.decide_by:
            return
        await self.end_escalations(judged.over)
        if judged.terms:
            self._state.terms, self._state.weeks_seen = judged.terms, 0
        elif judged.stage == Stage.ACTIVE:
            self._state.terms = None
            self._to(Stage.ACTIVE, judged.tier)
        else:
            await self._give_notice(judged.ruling.because)

    async def _be_active(self) -> None:
        def interrupted() -> bool:
            return self._state.stage != Stage.ACTIVE or workflow.info().is_continue_as_new_suggested()

        workflow.set_current_details(f"Active in tier {self._state.tier}; the next re-score may move it")
        with suppress(TimeoutError):
            await workflow.wait_condition(interrupted, timeout=options.A_YEAR, timeout_summary="Continue as new")
        await self._continue_as_new_if_active()

    async def _continue_as_new_if_active(self) -> None:
        await self._finish()
        if self._state.stage == Stage.ACTIVE:
            workflow.continue_as_new(self._state)

    async def _serve_notice(self) -> None:
        workflow.set_current_details(f"Under notice until {self._state.last_day}: {self._state.because}")
        while not await self._last_day_comes():
            pass  # the notice was waived in the meantime
        async with self._acting:
            assert self._state.last_day is not None
            closing = Closing(
                partner=self._state.partner,
                application=self._state.application,
                because=self._state.because,
                as_of=self._state.last_day,
                known_at=workflow.now(),
                clock=self._state.clock,
            )
            closed = await when_due(Departures.close_record, closing, "Record closed")
            self._to(Stage.EXITED)
        await self.end_escalations(closed.over)

    async def _last_day_comes(self) -> bool:
        day = self._state.last_day
        assert day is not None
        return await self._sleep(day, unless=lambda: self._state.last_day != day)

    # What people and the roster say

    @workflow.update
    async def enter(self) -> State:
        """Wait until the application is on record; asked again, say how things stand."""
        await workflow.wait_condition(lambda: self._state.stage != Stage.PROSPECT or bool(self._refusal))
        if self._refusal:
            raise refused(self._refusal)
        return self.state()

    @workflow.update
    async def submit_scorecard(self, submission: Submission) -> Ruled:
        """Decide on a scorecard."""
        async with self._act_in(Stage.APPLIED, Stage.DEFERRED):
            number = self._state.scorecards + 1
            candidacy = Candidacy(
                partner=self._state.partner,
                application=self._state.application,
                number=number,
                scorecard=submission.scorecard,
                as_of=self._today(),
                known_at=workflow.now(),
                clock=self._state.clock,
            )
            qualified = await when_asked(Qualification.qualify, candidacy, f"Scorecard {number}")
            self._state.scorecards = number
            self._state.terms, self._state.deferred_until = qualified.terms, qualified.deferred_until
            self._to(qualified.stage)
            self.tell(qualified.notices)
            await self.end_escalations(qualified.over)
            return Ruled(
                decision=qualified.decision,
                ruling=qualified.ruling,
                stage=qualified.stage,
                next_date=self.state().next_date,
                missing=qualified.missing,
            )

    @submit_scorecard.validator
    def _may_submit_scorecard(self, submission: Submission) -> None:  # noqa: ARG002
        self._may_act_in(Stage.APPLIED, Stage.DEFERRED)

    @workflow.update
    async def map_accounts(self, accounts: MappedAccounts) -> int:
        """Record accounts mapped together; how many are new."""
        async with self._act_in(Stage.PILOT):
            assert self._state.terms is not None
            most = self._state.terms.plan.most_accounts
            asked = Accounts(partner=self._state.partner, names=accounts.names, most=most, as_of=self._today())
            return await when_asked(Pilots.map_accounts, asked, f"{len(accounts.names)} accounts")

    @map_accounts.validator
    def _may_map_accounts(self, accounts: MappedAccounts) -> None:  # noqa: ARG002
        self._may_act_in(Stage.PILOT)

    @workflow.update
    async def agree_play(self, play: JointPlay) -> int:
        """Record a joint play; 0 where it was agreed before."""
        async with self._act_in(Stage.PILOT):
            asked = Play(partner=self._state.partner, as_of=self._today(), **play.model_dump())
            return await when_asked(Pilots.agree_play, asked, play.name)

    @agree_play.validator
    def _may_agree_play(self, play: JointPlay) -> None:  # noqa: ARG002
        self._may_act_in(Stage.PILOT)

    @workflow.update
    async def record_next_action(self, action: ActionTaken) -> int:
        """Record a next action; 0 where it was recorded before."""
        async with self._act_in(Stage.PILOT, Stage.ACTIVE):
            asked = NextAction(partner=self._state.partner, as_of=self._today(), **action.model_dump())
            return await when_asked(Pilots.record_next_action, asked, action.what)

    @record_next_action.validator
    def _may_record_next_action(self, action: ActionTaken) -> None:
        self._may_act_in(Stage.PILOT, Stage.ACTIVE)
        if action.due_on < self._today():
            raise refused(f"a next action lies ahead; {action.due_on} is over")

    @workflow.update
    async def reset_pilot(self, asked: NewStart) -> State:
        """End the pilot here and begin it again, where a reset is left."""
        async with self._act_in(Stage.PILOT):
            assert self._state.terms is not None
            again = Again(
                partner=self._state.partner,
                application=self._state.application,
                terms=self._state.terms,
                because=asked.because,
                by=asked.by,
                today=self._today(),
                known_at=workflow.now(),
                clock=self._state.clock,
            )
            begun = await when_asked(NewStarts.begin_again, again, "Reset")
            self._state.terms, self._state.weeks_seen, self._state.decide_by = begun.terms, 0, None
            self.tell(begun.notices)
            await self.end_escalations(begun.over)
            return self.state()

    @reset_pilot.validator
    def _may_reset_pilot(self, asked: NewStart) -> None:  # noqa: ARG002
        self._may_act_in(Stage.PILOT)
        terms = self._state.terms
        if terms and not terms.resets_left:
            raise refused(f"{self._state.partner} is in pilot {terms.number}; no reset is left of {terms.plan.resets}")

    @workflow.update
    async def leave(self, asked: Exit) -> LastDay:
        """Give notice. Who is under notice already stays so; waiving it then ends it today."""
        async with self._act_in(*self._stages_to_leave(asked)):
            if self._state.stage != Stage.LEAVING or asked.waive_notice:
                await self._give_notice(asked.because, asked.by, waive=asked.waive_notice)
            assert self._state.last_day is not None
            return LastDay(last_day=self._state.last_day)

    @leave.validator
    def _may_leave(self, asked: Exit) -> None:
        self._may_act_in(*self._stages_to_leave(asked))

    def _stages_to_leave(self, asked: Exit) -> tuple[Stage, ...]:
        before = [asked.only_from] if asked.only_from else [s for s in Stage if Stage.LEAVING in LEGAL_MOVES[s]]
        return (*before, Stage.LEAVING)

    @workflow.signal
    async def rescored(self, move: TierMove) -> None:
        """A re-score was published that moved this partner."""
        async with self._acting:
            heard = self._state.rescored
            if self._state.stage != Stage.ACTIVE or (heard and str(move.quarter) <= str(heard)):
                return
            self._state.rescored = move.quarter
            if move.leaves:
                await self._give_notice(move.because)
            else:
                self._to(Stage.ACTIVE, move.tier)

    @workflow.query
    def state(self) -> State:
        """How it stands."""
        at_work = self._state.stage == Stage.PILOT and self._state.terms
        return State(
            stage=self._state.stage,
            application=self._state.application,
            tier=self._state.tier,
            next_date=at_work.last_day if at_work else self._state.last_day or self._state.deferred_until,
        )

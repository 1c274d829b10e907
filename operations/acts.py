"""One function per act of an operator.

An act on one partner is an update on its workflow, whose activities write the store: there is one writer. Bulk facts go
straight to the store and are read at the next decision.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, TypeVar
from uuid import uuid4

from pydantic import BaseModel
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.workflow import UpdateMethodMultiParam

from activities.ladders import ESCALATION_ID, Opened
from activities.roster import LIFECYCLE_ID, Rescored
from intake.reading import MappedAccount
from program.calendar import Clock, Quarter
from program.errors import Refused
from program.escalation import Act, Delegate, Escalation, EscalationState, Reassign
from program.opportunity import Deal
from program.partner import ENDED, Partner, PartnerId, Stage
from program.person import Person
from program.request import ActionTaken, Exit
from program.scorecard import Scorecard
from store.database import Store, Transaction
from workflows import rescore as rescores
from workflows.escalation import EscalationLadder
from workflows.messages import (
    STAGE,
    TYPE,
    JointPlay,
    LastDay,
    Lifecycle,
    MappedAccounts,
    Rescore,
    Ruled,
    State,
    Submission,
)
from workflows.partner import PartnerLifecycle
from workflows.rescore import RosterRescore

ANSWER_SECONDS: Final = 30
"""How long an operator waits for a workflow to answer before being told that no worker does."""

AT_ONCE: Final = 20
"""Lifecycles that are started at the same time: more would only queue up, and slow down everything else."""

Asked = TypeVar("Asked")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Imported:
    """What an import changed."""

    added: int
    changed: int
    known: int
    """Rows that said nothing new."""
    moved: int = 0
    """Deals among those that changed which were direct and are a partner's now, or the other way round."""


def record_partners(tx: Transaction, partners: Sequence[Partner]) -> Imported:
    """Add partners in a transaction; whoever rehearses an import undoes it."""
    added, changed = tx.partners.add(partners, datetime.now(UTC))
    return Imported(added, changed, len(partners) - added - changed)


def record_people(tx: Transaction, people: Sequence[Person]) -> Imported:
    """Add people in a transaction, or bring what is known of them up to date."""
    added, changed = tx.people.record(people)
    return Imported(added, changed, len(people) - added - changed)


def record_opportunities(tx: Transaction, deals: Sequence[Deal], source: str) -> Imported:
    """Add opportunities, and direct deals, in a transaction."""
    added, changed, moved = tx.opportunities.record(deals, source, datetime.now(UTC))
    return Imported(added, changed, len(deals) - added - changed, moved)


def record_accounts(tx: Transaction, accounts: Sequence[MappedAccount], day: date) -> Imported:
    """Add mapped accounts in a transaction."""
    by_partner: dict[str, list[str]] = {}
    for account in accounts:
        by_partner.setdefault(account.partner, []).append(account.name)
    added = sum(tx.preparation.map_accounts(partner, names, day) for partner, names in by_partner.items())
    return Imported(added, 0, len(accounts) - added)


def finish_action(tx: Transaction, partner: PartnerId, what: str, day: date, today: date) -> None:
    """Note that an agreed action was done.

    Raises:
        Refused: where nothing of that name is open, or the day has not come.
    """
    tx.partners.get(partner)
    if day > today:
        raise Refused(f"{day} has not come; say that it is done once it is")
    if not tx.preparation.finish(partner, what, day):
        there = [action.what for action in tx.preparation.actions([partner])[partner] if action.done_on is None]
        raise Refused(f"{partner} has no open action {what!r}; open are: {', '.join(there) or 'none'}")


@dataclass(frozen=True)
class Operations:
    """The acts, on one installation."""

    store: Store
    client: Client
    task_queue: str
    clock: Clock

    # Bulk facts

    def record_partners(self, partners: Sequence[Partner]) -> Imported:
        """Add partners as prospects; bring the details of known ones up to date."""
        with self.store.write() as tx:
            return record_partners(tx, partners)

    def record_people(self, people: Sequence[Person]) -> Imported:
        """Add people; bring what is known of them up to date."""
        with self.store.write() as tx:
            return record_people(tx, people)

    def record_opportunities(self, deals: Sequence[Deal], source: str) -> Imported:
        """Add opportunities and direct deals, and what is known differently now of those that are there."""
        with self.store.write() as tx:
            return record_opportunities(tx, deals, source)

    def record_accounts(self, accounts: Sequence[MappedAccount], day: date) -> Imported:
        """Add mapped accounts."""
        with self.store.write() as tx:
            return record_accounts(tx, accounts, day)

    # Acts on one partner

    async def apply(self, partner: PartnerId, *, again: bool = False) -> State:
        """Have a partner apply. Who has applied already stays as it is.

        Args:
            partner: Whose application it is.
            again: Whether one that was declined or has left applies anew.
        """
        return await self._enter(partner, again=again)

    async def adopt(self, partner: PartnerId, started_on: date) -> State:
        """Take over a pilot that already runs, from its own first day."""
        if started_on > self.today():
            raise Refused(f"a pilot that begins on {started_on} does not run yet; today is {self.today()}")
        return await self._enter(partner, pilot_since=started_on)

    async def _enter(self, partner: PartnerId, *, again: bool = False, pilot_since: date | None = None) -> State:
        with self.store.read() as tx:
            standing = tx.partners.get(partner)
        if standing.stage in ENDED and not again:
            raise Refused(f"{partner} is {standing.stage} since {standing.since}; a new application takes --again")
        if pilot_since and standing.stage not in {Stage.PROSPECT, Stage.PILOT}:
            raise Refused(f"{partner} is {standing.stage}; a running pilot can be taken over from a prospect only")
        lifecycle = Lifecycle(
            partner=partner,
            application=standing.application + (standing.stage in ENDED or standing.stage == Stage.PROSPECT),
            clock=self.clock,
            pilot_since=pilot_since,
        )
        first_stage = Stage.PILOT if pilot_since else Stage.APPLIED
        start = WithStartWorkflowOperation(
            PartnerLifecycle.run,
            lifecycle,
            id=LIFECYCLE_ID.format(partner),
            task_queue=self.task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=f"{standing.partner.name}, application {lifecycle.application}",
            search_attributes=TypedSearchAttributes(
                [SearchAttributePair(STAGE, first_stage), SearchAttributePair(TYPE, standing.partner.type)]
            ),
        )
        entering = self.client.execute_update_with_start_workflow(
            PartnerLifecycle.enter, start_workflow_operation=start
        )
        return await _with_start(entering, start, partner)

    async def submit_scorecard(self, partner: PartnerId, scorecard: Scorecard) -> Ruled:
        """Have a scorecard decided on. The same one, sent twice, is decided on once by a program."""
        with self.store.read() as tx:
            by = tx.programs.in_force(self.today())
        once = f"{by.digest if by else ''}/{_digest(scorecard)}"
        return await self._update(
            partner, PartnerLifecycle.submit_scorecard, Submission(scorecard=scorecard), once=once
        )

    async def map_accounts(self, partner: PartnerId, names: Sequence[str]) -> int:
        """Record accounts mapped with a partner in a pilot; how many are new."""
        return await self._update(partner, PartnerLifecycle.map_accounts, MappedAccounts(names=tuple(names)))

    async def agree_play(self, partner: PartnerId, play: JointPlay) -> int:
        """Record a joint play of a pilot; 0 where it was agreed before."""
        return await self._update(partner, PartnerLifecycle.agree_play, play)

    async def record_next_action(self, partner: PartnerId, action: ActionTaken) -> int:
        """Record a next action; 0 where it was recorded before."""
        return await self._update(partner, PartnerLifecycle.record_next_action, action)

    async def withdraw(self, partner: PartnerId, because: str) -> LastDay:
        """End a pilot that the partner withdraws from."""
        return await self._update(partner, PartnerLifecycle.leave, Exit(because=because, only_from=Stage.PILOT))

    async def exit(self, partner: PartnerId, because: str, *, waive_notice: bool = False) -> LastDay:
        """Give a partner notice, or let it go at once. Who is under notice stays so."""
        with self.store.read() as tx:
            standing = tx.partners.get(partner)
        if standing.stage == Stage.EXITED and standing.since:
            return LastDay(last_day=standing.since)
        return await self._update(partner, PartnerLifecycle.leave, Exit(because=because, waive_notice=waive_notice))

    async def _update(
        self,
        partner: PartnerId,
        update: UpdateMethodMultiParam[[PartnerLifecycle, Asked], Result],
        asked: Asked,
        *,
        once: str | None = None,
    ) -> Result:
        with self.store.read() as tx:
            standing = tx.partners.get(partner)
        handle = self.client.get_workflow_handle_for(PartnerLifecycle.run, LIFECYCLE_ID.format(partner))
        return await _answered(handle.execute_update(update, asked, id=once), f"{partner}, which is {standing.stage}")

    # Escalations and the roster

    async def act_on(self, key: str, act: Act) -> Escalation:
        """Do something about an escalation; how it stands then."""
        with self.store.read() as tx:
            known = tx.escalations.get(key)
            if isinstance(act, Delegate | Reassign):
                tx.people.refuse_unknown(act.to)
        if known.state == EscalationState.ENDED:
            raise Refused(f"{key} ended on {known.closed_on}; there is nothing to answer any more: {known.note}")
        # Asked twice on a day, it is done once; on another day, or once it was somebody else's or came back, the same
        # words are meant anew.
        once = f"{self.today()}/{known.round}/{_digest(act)}"
        try:
            return await self._act_once(known, act, once)
        except Refused as refusal:
            if not isinstance(refusal.__cause__, WorkflowUpdateFailedError):
                raise
            # It may be what was answered earlier today, when nothing was done: what was wrong may be mended.
            return await self._act_once(known, act, f"{once}/{uuid4()}")

    async def _act_once(self, known: Escalation, act: Act, once: str) -> Escalation:
        """Have an act done, unless it was done under the same ID before."""
        # Whoever is told at once may answer before the sweep has started the workflow.
        start = WithStartWorkflowOperation(
            EscalationLadder.run,
            Opened(key=known.key, clock=self.clock),
            id=ESCALATION_ID.format(known.key),
            task_queue=self.task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=f"{known.partner}: {known.condition}",
        )
        acting = self.client.execute_update_with_start_workflow(
            EscalationLadder.act, act, start_workflow_operation=start, id=once
        )
        return await _with_start(acting, start, known.key)

    async def begin_rescore(
        self, quarter: Quarter | None, as_of: date | None = None
    ) -> WorkflowHandle[RosterRescore, Rescored]:
        """Start a quarter's re-score, or join the one that runs; a published one changes nothing any more."""
        chosen = quarter or Quarter.ended_before(as_of or self.today())
        try:
            return await self.client.start_workflow(
                RosterRescore.run,
                Rescore(clock=self.clock, quarter=chosen, as_of=as_of),
                id=rescores.WORKFLOW_ID.format(chosen),
                task_queue=self.task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                static_summary=f"Re-score of {chosen}",
            )
        except RPCError as error:
            raise Unanswered(f"Temporal does not answer: {error.message}; nothing has changed") from error

    async def rescore(self, quarter: Quarter | None, as_of: date | None = None) -> Rescored:
        """Re-score a quarter and wait for its publication."""
        return await published(await self.begin_rescore(quarter, as_of))

    def today(self) -> date:
        """The program's date."""
        return self.clock.today(datetime.now(UTC))


class Unanswered(Refused):
    """Nobody answered in time. Asking again later helps; whoever asks for many things need not ask for the next."""


def _digest(asked: BaseModel) -> str:
    return hashlib.sha256(asked.model_dump_json().encode()).hexdigest()


async def for_each(items: Sequence[Asked], act: Callable[[Asked], Awaitable[Result]]) -> list[Result]:
    """Do the same for many, a few at a time. The first error ends it: what waits for its turn is not begun."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(item: Asked) -> Result:
        async with turns:
            return await act(item)

    tasks = [asyncio.create_task(one(item)) for item in items]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def published(rescore: WorkflowHandle[RosterRescore, Rescored]) -> Rescored:
    """Wait for the publication of a re-score that was begun."""
    try:
        return await rescore.result()
    except WorkflowFailureError as error:
        raise Refused(_reason(error.cause)) from error
    except RPCError as error:
        raise Unanswered(
            f"Temporal does not answer any more: {error.message}; {rescore.id} goes on as soon as it and a worker run. "
            "Ask again to see how it ends: there is one re-score of a quarter"
        ) from error


def _reason(cause: BaseException) -> str:
    """What went wrong in a workflow, without the name that it travelled under."""
    return cause.message if isinstance(cause, ApplicationError) else str(cause)


async def _with_start(asking: Awaitable[Result], start: WithStartWorkflowOperation[Any, Any], about: str) -> Result:
    try:
        return await _answered(asking, about)
    except Refused:
        # What a start came to is a promise of its own, and it complains later where nobody has asked for it.
        with suppress(Exception):
            await asyncio.wait_for(start.workflow_handle(), 0.1)
        raise


async def _answered(asking: Awaitable[Result], about: str) -> Result:
    """Wait for a workflow's answer, and turn what goes wrong into one sentence."""
    try:
        return await asyncio.wait_for(asking, ANSWER_SECONDS)
    except WorkflowUpdateFailedError as error:
        raise Refused(_reason(error.cause)) from error
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
        raise Unanswered(
            f"no worker answered for {about} within {ANSWER_SECONDS} s; see that one runs (`gatehouse up`) and logs no "
            "errors, and ask again: asking twice does nothing twice"
        ) from error
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise Refused(
                f"no workflow runs for {about}; a prospect begins with `gatehouse apply`; for anybody else, see that "
                "GATEHOUSE_TEMPORAL_ADDRESS names the Temporal that it began in"
            ) from error
        raise Unanswered(f"Temporal does not answer: {error.message}; nothing has changed") from error

"""A small world for tests: partners, a clock that is moved, and the acts of an operator."""

import asyncio
import copy
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from uuid import uuid4
from zoneinfo import ZoneInfo

from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.testing import WorkflowEnvironment

from activities.ladders import ESCALATION_ID
from activities.roster import LIFECYCLE_ID
from notifications.channel import Channel, Down, Message, Recipient
from operations.acts import Operations
from operations.publishing import publish_first
from program.decision import Decision
from program.escalation import Escalation, EscalationEvent, EscalationState
from program.notice import ChannelName, Notice
from program.opportunity import Opportunity
from program.partner import Partner, PartnerType, Stage, Standing
from program.publication import Publication
from program.request import ActionTaken
from program.scorecard import Rated, Scorecard
from program.tiers import kinds
from program.touch import Touch
from rules.folder import LoadedProgram, load_program
from store.database import Store
from worker import assemble
from workflows.escalation import EscalationLadder
from workflows.messages import JointPlay, State
from workflows.partner import PartnerLifecycle

PATIENCE = 60
"""Seconds after which what is waited for does not come any more; most of it comes at once."""

GOOD = {"market": 4, "motion": 4, "intent": 4, "people": 4, "operations": 4}
NOTHING_AGAINST = dict.fromkeys(
    ["sells_substitute", "excluded_segment", "not_legitimate", "discount_led", "extra_option", "unsound"], False
)


def a_partner(name: str, kind: PartnerType = PartnerType.RESELL) -> Partner:
    slug = name.lower().replace(" ", "-")
    return Partner(id=slug, name=name, type=kind, region="North", owner="Ada Owner", owner_manager="Max Lead")


def a_scorecard(*, without: tuple[str, ...] = (), found: dict[str, bool] | None = None, **ratings: int) -> Scorecard:
    """A good scorecard, but for what is said."""
    rated = {name: rating for name, rating in {**GOOD, **ratings}.items() if name not in without}
    answers = {name: answer for name, answer in {**NOTHING_AGAINST, **(found or {})}.items() if name not in without}
    return Scorecard(
        reviewer="Rita Reviewer",
        ratings={name: Rated(rating=rating, evidence="Seen in the account mapping") for name, rating in rated.items()},
        screening=answers,
    )


def changed_program(program: LoadedProgram, *changes: tuple[str, str], file: str = "program.yaml") -> LoadedProgram:
    """The next version of a program, in which a file says something else."""
    files = dict(program.files)
    for old, new in changes:
        assert old in files[file]
        files[file] = files[file].replace(old, new, 1)
    version = program.program.version
    files["program.yaml"] = files["program.yaml"].replace(f"version: {version}\n", f"version: {version + 1}\n", 1)
    return load_program(files)


QUIET = '  quiet: {from: "19:00", until: "07:00", days_off: true}\n'
NOTICES = f"notices:\n{QUIET}  digest_from: 5\n"
"""What the default program says about notices."""

_OPEN: dict[str, LoadedProgram] = {}


def at_any_hour(program: LoadedProgram) -> LoadedProgram:
    """A program without quiet hours: virtual days go by within an hour in which everybody may be asleep."""
    if program.digest not in _OPEN:
        files = {**program.files, "program.yaml": program.files["program.yaml"].replace(QUIET, "")}
        _OPEN[program.digest] = replace(load_program(files), cases=program.cases)
    return _OPEN[program.digest]


def publish(store: Store, program: LoadedProgram, on: date) -> None:
    """Have a program be in force from a day on, whatever stands against it."""
    publication = Publication(
        version=program.program.version,
        digest=program.digest,
        name=program.program.program,
        effective_on=on,
        published_by="Pat",
        note="A test",
        published_at=datetime.combine(on, time(6), tzinfo=UTC),
    )
    with store.write() as tx:
        tx.programs.publish(publication, program.files, program.cases)


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something holds that becomes true by itself."""
    pause = 0.01
    async with asyncio.timeout(PATIENCE):
        while not await holds():  # what is waited for tells nobody
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, 0.2)  # asking costs what it waits for


def unhurried(env: WorkflowEnvironment) -> Client:
    """A client of the same server; the clocks of what it starts run as ours does.

    Not `env.with_time_skipping_disabled()`: that is one switch for all, and two that use it at once leave it off.
    """
    config = env.client.config()
    config["interceptors"] = []
    return Client(**config)


@dataclass
class Outbox:
    """Where notices go in a test; it can be told to refuse."""

    sent: list[Notice] = field(default_factory=list)
    refusals: int = 0

    def address(self, recipient: Recipient) -> str:
        return recipient.name

    def send(self, message: Message) -> None:
        if self.refusals:
            self.refusals -= 1
            raise Down("the mail server is down")
        self.sent.append(message.notice)


class World:
    """One installation whose program's calendar starts on a chosen day, at seven in the morning."""

    def __init__(self, env: WorkflowEnvironment, store: Store, program: LoadedProgram, today: date) -> None:
        self.env, self.store, self.program = env, store, at_any_hour(program)
        self.client = unhurried(env)
        self.first_day = today
        self.task_queue = f"test-{uuid4()}"
        self.outbox = Outbox()
        self.ways: Mapping[ChannelName, Channel] = {ChannelName.LOG: self.outbox}
        self._numbers = count(1)
        self._starts_on(today)
        publish_first(store, self.program, today, datetime.now(UTC))

    def _starts_on(self, today: date, at: time = time(7)) -> None:
        clock = self.program.program.clock
        starts = datetime.combine(today, at, tzinfo=ZoneInfo(clock.timezone))
        self.clock = clock.model_copy(update={"lag": datetime.now(UTC) - starts})
        self.operations = Operations(self.store, self.client, self.task_queue, self.clock)

    def on(self, day: date, at: time = time(7)) -> "World":
        """The same installation for what starts on a later day; what was started before keeps its own time."""
        later = copy.copy(self)
        later._starts_on(day, at)
        return later

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator["World"]:
        """A worker works on it. What it or a test starts keeps its own clock until a test lets its time pass."""
        async with assemble(self.client, self.store, self.task_queue, ways=self.ways):
            yield self

    # Partners and what they do

    def knows(self, name: str, kind: PartnerType = PartnerType.RESELL) -> str:
        """A partner of a unique ID, not applied yet."""
        partner = a_partner(f"{name} {uuid4().hex[:8]}", kind)
        self.operations.record_partners([partner])
        return partner.id

    async def applied(self, name: str, kind: PartnerType = PartnerType.RESELL) -> str:
        partner = self.knows(name, kind)
        await self.operations.apply(partner)
        return partner

    async def in_pilot(
        self, name: str, kind: PartnerType = PartnerType.RESELL, since: date | None = None, *, began_well: bool = False
    ) -> str:
        """A partner in a pilot that is prepared as it should be."""
        if since:
            partner = self.knows(name, kind)
            if began_well:
                self.begins_well(partner, since)
            # Before it is taken over: a checkpoint may be due at once.
            with self.store.write() as tx:
                due = self.first_day + timedelta(days=400)
                tx.preparation.record_next_action(partner, "Review the pipeline", "Ada", due, self.first_day)
            await self.operations.adopt(partner, since)
        else:
            partner = await self.applied(name, kind)
            await self.operations.submit_scorecard(partner, a_scorecard())
        await self.operations.map_accounts(partner, [f"Account {n}" for n in range(25)])
        for play in ("Renewal", "Migration"):
            await self.operations.agree_play(partner, JointPlay(name=play, trigger="A signal", outcome="A meeting"))
        await self.operations.record_next_action(
            partner, ActionTaken(what="Review the pipeline", who="Ada", due_on=self.first_day + timedelta(days=400))
        )
        return partner

    async def stalled(self, name: str) -> str:
        """A partner in a pilot that began well four weeks ago, with three of them silent: its only stall is due."""
        return await self.in_pilot(name, since=self.first_day - timedelta(weeks=4), began_well=True)

    async def active(self, name: str, kind: PartnerType = PartnerType.RESELL) -> str:
        """A partner whose pilot is taken over on its last day, and succeeds."""
        partner, started = self.knows(name, kind), self.first_day - timedelta(days=60)
        self.succeeds(partner, started)
        await self.operations.adopt(partner, started)
        await eventually(lambda: self._is(partner, Stage.ACTIVE))
        return partner

    async def _is(self, partner: str, stage: Stage) -> bool:
        state = await self.lifecycle(partner).query(PartnerLifecycle.state)
        return state.stage == stage

    def begins_well(self, partner: str, started: date) -> None:
        """As many opportunities as a pilot is asked for, on its first day: neither pace nor count is short after it."""
        for _ in range(6):
            self.brings(partner, started)

    def serves(self, partner: str, on: date) -> None:
        """Whatever its tier owes a partner is delivered."""
        with self.store.write() as tx:
            for kind in kinds(self.program.program.tiers):
                tx.touches.record(Touch(partner=partner, delivered_on=on, kind=kind, who="Ada"), datetime.now(UTC))

    def succeeds(self, partner: str, started: date) -> None:
        """What a pilot has to show: six opportunities in its first weeks, all of them won."""
        for week in range(6):
            created = started + timedelta(weeks=week)
            self.brings(partner, created, won=created + timedelta(days=3))

    def brings(
        self,
        partner: str,
        created: date,
        *,
        won: date | None = None,
        lost: date | None = None,
        value: int = 1000,
        mutual: bool | None = True,
    ) -> str:
        """An opportunity of a partner, in the CRM and worked by both sides."""
        opportunity = Opportunity(
            id=f"{partner}-{next(self._numbers)}",
            partner=partner,
            created_on=created,
            qualified_on=created,
            progressed_on=won,
            closed_on=won or lost,
            won=(won is not None) if won or lost else None,
            value=Decimal(value) if won else None,
            mutual=mutual,
        )
        self.operations.record_opportunities([opportunity], "crm")
        return opportunity.id

    # Time

    def lifecycle(self, partner: str) -> WorkflowHandle[PartnerLifecycle, State]:
        return self.env.client.get_workflow_handle_for(PartnerLifecycle.run, LIFECYCLE_ID.format(partner))

    async def life(self, partner: str) -> list[WorkflowHistory]:
        """What happened in a lifecycle, run after run."""
        described = (await self.lifecycle(partner).describe()).raw_description
        run, runs = described.workflow_execution_info.first_run_id, []
        while run:
            history = await self.env.client.get_workflow_handle(
                LIFECYCLE_ID.format(partner), run_id=run
            ).fetch_history()
            runs.append(history)
            run = history.events[-1].workflow_execution_continued_as_new_event_attributes.new_execution_run_id
        return runs

    def escalation(self, key: str) -> WorkflowHandle[EscalationLadder, Escalation]:
        return self.env.client.get_workflow_handle_for(EscalationLadder.run, ESCALATION_ID.format(key))

    async def today_of(self, partner: str) -> date:
        return self.clock.today(await self.env.get_current_time(self.lifecycle(partner)))

    async def until(self, partner: str, day: date) -> None:
        """Let a partner's time pass up to noon of a day, or to the end of its lifecycle."""
        handle = self.lifecycle(partner)
        noon = datetime.combine(day, time(12), tzinfo=ZoneInfo(self.clock.timezone)).astimezone(UTC) + self.clock.lag
        left = noon - await self.env.get_current_time(handle)
        if left > timedelta(0):
            async with asyncio.timeout(PATIENCE):
                await self.env.fast_forward(handle, left)

    async def until_at(self, key: str, local: datetime) -> None:
        """Let an escalation's time pass up to a local time of the program, or to its end."""
        handle = self.escalation(key)
        instant = local.replace(tzinfo=ZoneInfo(self.clock.timezone)).astimezone(UTC) + self.clock.lag
        left = instant - await self.env.get_current_time(handle)
        if left > timedelta(0):
            async with asyncio.timeout(PATIENCE):
                await self.env.fast_forward(handle, left)

    # What came of it

    def standing(self, partner: str) -> Standing:
        with self.store.read() as tx:
            return tx.partners.get(partner)

    def decisions(self, partner: str, policy: str | None = None) -> list[Decision]:
        with self.store.read() as tx:
            return [decision for _, decision in tx.decisions.listed(partner=partner, policy=policy)]

    def escalations(self, partner: str) -> list[Escalation]:
        """The escalations of a partner, whatever became of them."""
        with self.store.read() as tx:
            return tx.escalations.listed(partner=partner, states=EscalationState)

    def events(self, key: str) -> list[EscalationEvent]:
        """What happened to an escalation."""
        with self.store.read() as tx:
            return tx.escalations.events(key)

    def told(self, partner: str) -> list[str]:
        """The kinds of the notices about a partner that went out."""
        return [notice.kind for notice in self.outbox.sent if notice.partner == partner]

    def outcomes(self, partner: str, policy: str) -> list[str | None]:
        return [decision.ruling.outcome for decision in self.decisions(partner, policy)]

"""Escalations under fire: workers that are killed, mail that fails, and people who do something meanwhile."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from temporalio.client import WorkflowHandle
from temporalio.service import RPCError
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment

from activities.deciding import Shelf
from activities.ending import Ending, end_escalations
from activities.ladders import ESCALATION_ID, Opened
from activities.sweep import SweepPage, Sweeps
from embedded import Guarded, start
from operations.acts import Operations, Unanswered
from operations.publishing import publish_first
from program.errors import Refused
from program.escalation import Acknowledge, Act, Delegate, Escalation, EscalationState
from program.notice import NoticeState, Outcome
from program.partner import Partner, PartnerType, Stage
from program.person import Person
from rules.folder import DEFAULT_PROGRAM, LoadedProgram, read_folder
from store.database import Store
from tests.mail_server import MailServer
from tests.world import at_any_hour, changed_program, unhurried
from workflows.escalation import EscalationLadder

START_SECONDS: Final = 3
"""About how long a worker takes to start."""
TASK_QUEUE: Final = "measure"
DOMAIN: Final = "ours.example"
BAD_WEATHER: Final = (
    *("rcpt 451 4.7.1 come back later", "451 4.3.0 try again", "rcpt 452 4.2.2 the mailbox is full"),
    *("rcpt drop", "drop", "rcpt drop"),
    *("rcpt stall", "stall"),
)


class Fate(StrEnum):
    """What is made of an escalation, and what has to become of it."""

    SILENCE = "nobody answers"
    PROMISE = "answered, and nothing follows"
    ANSWER = "answered, by a clock that runs as ours"
    DELEGATION = "delegated, and then nobody answers"
    EVIDENCE = "what it waits for comes in"
    END = "ended by what happens to its partner"


SHARES: Final = {
    Fate.SILENCE: 46,
    Fate.PROMISE: 24,
    Fate.ANSWER: 10,
    Fate.DELEGATION: 6,
    Fate.EVIDENCE: 7,
    Fate.END: 7,
}


ENDS: Final = {Fate.ANSWER: EscalationState.ACKNOWLEDGED} | dict.fromkeys(
    (Fate.EVIDENCE, Fate.END), EscalationState.ENDED
)
"""How escalations end; by the program lead's list where nothing is said."""


@dataclass(frozen=True)
class Plan:
    """What is done to how many."""

    escalations: int = 200
    kills: int = 20
    digest_from: int = 999
    lives: tuple[float, float] = (0.5, 45.0)
    """Seconds for which a worker is at work, at least and at most. Most live short; what stalls for 30 seconds meets
    some that live to see it."""
    waits: bool = True
    """Whether what dead workers held is waited for. Else it is handed on before the last worker starts."""
    patience: float = 900.0
    """Seconds after which what is waited for does not come any more: a mail that failed often waits for minutes."""
    seed: int = 1

    @property
    def seconds(self) -> float:
        """About how long workers are killed."""
        least, most = self.lives
        return self.kills * (START_SECONDS + least + (most - least) / 3)


def drawn(escalations: Sequence[Escalation], dice: random.Random) -> dict[str, Fate]:
    """A fate for each escalation, in the declared shares."""
    fates = [fate for fate, share in SHARES.items() for _ in range(max(share * len(escalations) // 100, 1))]
    fates = [*fates, *[Fate.SILENCE] * len(escalations)][: len(escalations)]
    dice.shuffle(fates)
    return {escalation.key: fate for escalation, fate in zip(escalations, fates, strict=True)}


def the_program(digest_from: int) -> LoadedProgram:
    """The default program, without quiet hours and with a program lead."""
    program = at_any_hour(read_folder(DEFAULT_PROGRAM))
    return changed_program(program, ('lead: ""', "lead: Lea Lead"), ("digest_from: 5", f"digest_from: {digest_from}"))


def open_stalls(store: Store, program: LoadedProgram, count: int) -> tuple[Escalation, ...]:
    """As many partners whose applications nobody looked at, and the escalations that a sweep opens for them."""
    now = datetime.now(UTC)
    today, owners = now.date(), max(count // 10, 1)
    publish_first(store, program, today - timedelta(days=60), now)
    people = [*(f"Owner {n}" for n in range(owners)), "Max Manager", "Lea Lead", "Grace"]
    with store.write() as tx:
        tx.people.record(Person(name=p, email=f"{p.lower().replace(' ', '-')}@{DOMAIN}") for p in people)
        for n in range(count):
            identity = {"id": f"partner-{n}", "name": f"Partner {n}", "region": "North"}
            theirs = {"owner": f"Owner {n % owners}", "owner_manager": "Max Manager"}
            tx.partners.add([Partner(type=PartnerType.RESELL, **identity, **theirs)], now)
            tx.partners.applies(f"partner-{n}", 1)
            applied = today - timedelta(days=30)
            tx.partners.move(f"partner-{n}", "applied", Stage.APPLIED, applied, "Applied.", now)
    page, keys = SweepPage(as_of=today, known_at=now, clock=program.program.clock), list[str]()
    while page.after is not None:
        page = ActivityEnvironment().run(Sweeps(store, Shelf(store)).look_for_stalls, page)
        keys += page.escalations
    with store.read() as tx:
        return tuple(map(tx.escalations.get, keys))


@dataclass
class Storm:
    """An installation under fire."""

    env: WorkflowEnvironment
    store: Store
    program: LoadedProgram
    mail: MailServer
    folder: Path
    plan: Plan
    dice: random.Random
    refused: int = 0
    ready: int = 0

    @property
    def operations(self) -> Operations:
        return Operations(self.store, self.env.client, TASK_QUEUE, self.program.program.clock)

    def weather(self) -> str:
        return self.dice.choice(BAD_WEATHER) if self.dice.random() < 0.5 else ""

    def ladder(self, escalation: Escalation) -> WorkflowHandle[EscalationLadder, Escalation]:
        return self.env.client.get_workflow_handle_for(EscalationLadder.run, ESCALATION_ID.format(escalation.key))

    # The worker

    @asynccontextmanager
    async def a_worker(self) -> AsyncIterator[Guarded]:
        """A worker process for as long as it is needed; it may be killed before."""
        settings = {
            "GATEHOUSE_TEMPORAL_ADDRESS": self.env.client.service_client.config.target_host,
            "GATEHOUSE_TEMPORAL_TASK_QUEUE": TASK_QUEUE,
            "GATEHOUSE_DATABASE_URL": str(self.store),
            "GATEHOUSE_SMTP_URL": f"smtp://127.0.0.1:{self.mail.port}",
            "GATEHOUSE_MAIL_FROM": f"Partner team <partners@{DOMAIN}>",
            "GATEHOUSE_LOG_FORMAT": "json",
        }
        with (self.folder / "worker.log").open("ab") as log:
            command = [sys.executable, "-m", "worker"]
            worker = await start("worker", command, log=log.fileno(), environment={**os.environ, **settings})
            try:
                yield worker
            finally:
                await worker.stop()

    async def is_ready(self) -> None:
        """Wait until one more worker says that it is at work."""
        self.ready += 1
        async with asyncio.timeout(self.plan.patience):
            while (self.folder / "worker.log").read_text().count("worker.ready") < self.ready:  # noqa: ASYNC110 -- ditto
                await asyncio.sleep(0.1)

    async def kill_workers(self) -> None:
        """Kill one worker after the other, each at some moment of its life."""
        for _ in range(self.plan.kills):
            async with self.a_worker() as worker:
                await self.is_ready()
                least, most = self.plan.lives
                await asyncio.sleep(least + (most - least) * self.dice.random() ** 2)
                await self.has_met_weather()  # on a busy machine, nothing may have been sent by then
                os.kill(worker.pid, signal.SIGKILL)
                await worker.ended()

    async def has_met_weather(self) -> None:
        """Wait until a worker has noted of some mail that it failed."""

        def has_failed() -> bool:
            with self.store.read() as tx:
                tries = (a for p in tx.notices.listed() for a in tx.notices.attempts(p.notice.key))
                return any(a.outcome == Outcome.FAILED for a in tries)

        async with asyncio.timeout(self.plan.patience):
            while not await asyncio.to_thread(has_failed):  # noqa: ASYNC110 -- ditto
                await asyncio.sleep(0.1)

    # What happens to escalations

    async def befalls(self, escalation: Escalation, fate: Fate) -> None:
        """Start an escalation at some moment, and have its fate come about at a later one."""
        await asyncio.sleep(self.dice.uniform(0, 0.8 * self.plan.seconds))
        client = unhurried(self.env) if fate == Fate.ANSWER else self.env.client
        await client.start_workflow(
            EscalationLadder.run,
            Opened(key=escalation.key, clock=self.program.program.clock),
            id=ESCALATION_ID.format(escalation.key),
            task_queue=TASK_QUEUE,
        )
        await asyncio.sleep(self.dice.uniform(0, 0.1 * self.plan.seconds))
        match fate:
            case Fate.PROMISE | Fate.ANSWER:
                await self.act(escalation, Acknowledge(who=escalation.owner, note="I see to it"))
            case Fate.DELEGATION:
                await self.act(escalation, Delegate(who=escalation.owner, note="Grace knows them", to="Grace"))
            case Fate.EVIDENCE:
                await asyncio.to_thread(self.evidence_comes, escalation)
            case Fate.END:
                await self.end(escalation)

    async def act(self, escalation: Escalation, act: Act) -> None:
        """Do something about an escalation, again and again until somebody answers."""
        while True:
            try:
                await self.operations.act_on(escalation.key, act)
            except Unanswered:
                continue
            except Refused:
                self.refused += 1
            return

    def evidence_comes(self, escalation: Escalation) -> None:
        """Record a scorecard that was waited for as qualification does, and move the partner on."""
        now = datetime.now(UTC)
        with self.store.write() as tx:
            tx.facts.record(escalation.partner, {"market": 3}, now.date(), "scorecard", now)
            tx.partners.move(escalation.partner, "deferred", Stage.DEFERRED, now.date(), "Evidence is missing.", now)

    async def end(self, escalation: Escalation) -> None:
        """End a partner's escalations as its lifecycle does: on record first, then their workflows hear of it."""
        now, why = datetime.now(UTC), "The partner withdrew."

        def on_record() -> None:
            with self.store.write() as tx:
                ending = Ending(why, now.date(), now, self.program.program.clock)
                end_escalations(tx, self.program.program, escalation.partner, ending)

        await asyncio.to_thread(on_record)
        with suppress(RPCError):  # it has seen so itself, and is over
            await self.ladder(escalation).signal(EscalationLadder.end, why)

    # What came of it

    def hand_on(self) -> None:
        """Have done with what dead workers held and what failed waits for. No worker may be alive."""
        now = datetime.now(UTC)
        with self.store.write() as tx:
            for posting in tx.notices.listed([NoticeState.DUE]):
                tx.notices.hold(posting.notice.key, now)

    async def settles(self, fates: dict[str, Fate]) -> None:
        """Wait until everything is as it has to be in the end, for as long as it may take."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.plan.patience):
                while await asyncio.to_thread(self.unfinished, fates):  # noqa: ASYNC110 -- nobody tells
                    await asyncio.sleep(0.5)

    def unfinished(self, fates: dict[str, Fate]) -> int:
        """How many escalations and notices are not yet where they belong."""
        with self.store.read() as tx:
            escalations = tx.escalations.listed(states=EscalationState)
            under_way = sum(e.state != ENDS.get(fates[e.key], EscalationState.UNANSWERED) for e in escalations)
            on_their_way = [p for p in tx.notices.listed() if not (p.delivered_at or p.state == NoticeState.SUPERSEDED)]
            return under_way + len(tx.escalations.doubted(1)) + len(on_their_way)

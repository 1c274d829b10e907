"""A simulation: partners start together, live from quarter to quarter, and are re-scored at each one's end."""

import json
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from temporalio.testing import TimeSkipper

from activities.roster import LIFECYCLE_ID
from embedded import temporal_in_memory
from intake.mapping import Assumptions
from operations.acts import Operations, for_each
from operations.publishing import publish_first
from program.calendar import Clock, quarters_between
from program.errors import Refused
from program.opportunity import Deal
from program.partner import ENDED, Partner, PartnerId, Stage
from program.pilot import Targets
from rules.folder import LoadedProgram, load_program
from settings import Settings, TemporalSettings
from simulation.assumptions import with_mutual_work
from simulation.report import Report, report
from store.database import Store
from worker import assemble, connect, declare_search_attributes

TASK_QUEUE: Final = "simulation"

SKIPS_TIME: Final = (
    *("--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true"),
    *("--dynamic-config-value", 'history.timerProcessorMaxTimeShift="100ms"'),
)
"""What a development server is told so that workflows may skip time, and their timers fire as soon as they do."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Scenario:
    """What is simulated."""

    partners: Sequence[Partner]
    opportunities: Sequence[Deal]
    first_day: date
    last_day: date
    assumed: Assumptions
    program: LoadedProgram
    targets: Targets | None = None
    """Instead of the program's own, for every type."""

    def __post_init__(self) -> None:
        if self.last_day < self.first_day:
            raise Refused(f"a simulation from {self.first_day} to {self.last_day} has no days; give a later --to")
        if not self.partners:
            raise Refused("there is no partner to simulate; see the partners' file")

    @property
    def rules(self) -> LoadedProgram:
        """The program with the targets of the scenario."""
        if self.targets is None:
            return self.program
        changed = self.program.program.model_dump(mode="json")
        for kind in changed["types"].values():
            kind["targets"] = self.targets.model_dump()
        return load_program({**self.program.files, "program.yaml": json.dumps(changed)})


async def simulate(scenario: Scenario, progress: Progress = lambda _: None, keep: Path | None = None) -> Report:
    """Run a scenario to its last day and report what happened to everyone.

    `keep` names an empty home that its database is left in.

    Virtual time begins now; the program's calendar is told to lag behind it, so that every date the workflows, the
    rules and the store see is a date of the export.
    """
    with tempfile.TemporaryDirectory(prefix="gatehouse-simulation-") as folder:
        store = Store(Settings(home=keep or Path(folder), database_url=None).database)
        store.migrate()
        try:
            async with _at_work(scenario, store) as run:
                await run.start(progress)
                await run.live(progress)
            return report(store, scenario.partners)
        finally:
            store.close()


@asynccontextmanager
async def _at_work(scenario: Scenario, store: Store) -> AsyncIterator["_Run"]:
    async with temporal_in_memory(*SKIPS_TIME) as server:
        client = await connect(TemporalSettings(), server.address, server.namespace)
        await declare_search_attributes(client)
        program = scenario.rules
        publish_first(store, program, scenario.first_day, datetime.now(UTC))
        async with assemble(client, store, TASK_QUEUE):
            clock = _lagging(program.program.clock, scenario.first_day)
            yield _Run(scenario, Operations(store, client, TASK_QUEUE, clock), TimeSkipper(client))


def _lagging(clock: Clock, first_day: date) -> Clock:
    """The program's clock, set so that it is the morning of a day now."""
    morning = datetime.combine(first_day, time(7), tzinfo=ZoneInfo(clock.timezone))
    return clock.model_copy(update={"lag": datetime.now(UTC) - morning})


class _Run:
    """A scenario at work."""

    def __init__(self, scenario: Scenario, operations: Operations, skipper: TimeSkipper) -> None:
        self._scenario = scenario
        self._operations = operations
        self._skipper = skipper

    async def start(self, progress: Progress) -> None:
        """Import the export and what is assumed, and have every partner start its pilot on the first day."""
        scenario, operations = self._scenario, self._operations
        operations.record_partners(scenario.partners)
        progress("Importing opportunities")
        opportunities = with_mutual_work(scenario.opportunities, scenario.assumed.mutual)
        operations.record_opportunities(opportunities, "export")
        self._prepare()
        progress("Starting the pilots")
        await for_each([partner.id for partner in scenario.partners], self._start_one)

    def _prepare(self) -> None:
        """Record what is assumed of every pilot; nobody did it, so it is a bulk fact and no act."""
        assumed, first_day, last_day = self._scenario.assumed, self._scenario.first_day, self._scenario.last_day
        with self._operations.store.write() as tx:
            for partner in self._scenario.partners:
                accounts = [f"Assumed account {n + 1}" for n in range(assumed.accounts or 0)]
                tx.preparation.map_accounts(partner.id, accounts, first_day)
                for n in range(assumed.plays or 0):
                    tx.preparation.agree_play(partner.id, f"Assumed play {n + 1}", "Assumed", "Assumed", first_day)
                if assumed.next_actions:
                    tx.preparation.record_next_action(partner.id, "Assumed", "Assumed", last_day, first_day)

    async def _start_one(self, partner: PartnerId) -> None:
        if self._scenario.assumed.scorecard is None:
            await self._operations.adopt(partner, self._scenario.first_day)
        else:
            await self._operations.apply(partner)
            await self._operations.submit_scorecard(partner, self._scenario.assumed.scorecard)

    async def live(self, progress: Progress) -> None:
        """Let time pass to the last day; where a quarter ends on the way, everybody is re-scored."""
        for quarter in quarters_between(self._scenario.first_day, self._scenario.last_day):
            progress(f"Living up to the end of {quarter}")
            await self._until_end_of(quarter.last_day)
            with self._operations.store.read() as tx:
                anybody = tx.partners.roster(Stage.ACTIVE)
            if anybody:
                progress(f"Re-scoring {quarter}")
                # A re-score has a clock of its own, which has not moved: it is told that the quarter is over.
                clock = _lagging(self._operations.clock, quarter.next.first_day)
                there = Operations(self._operations.store, self._operations.client, TASK_QUEUE, clock)
                await there.rescore(quarter)
        progress(f"Living up to {self._scenario.last_day}")
        await self._until_end_of(self._scenario.last_day)

    async def _until_end_of(self, day: date) -> None:
        end = self._operations.clock.starts(day + timedelta(days=1)) - timedelta(minutes=1)

        async def move(partner: PartnerId) -> None:
            with self._operations.store.read() as tx:
                if tx.partners.get(partner).stage in ENDED:
                    return
            handle = self._operations.client.get_workflow_handle(LIFECYCLE_ID.format(partner))
            left = end - await self._skipper.get_current_time(handle)
            if left > timedelta(0):
                await self._skipper.fast_forward(handle, left)

        await for_each([partner.id for partner in self._scenario.partners], move)

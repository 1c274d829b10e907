"""Whether a re-score comes to the same, byte for byte, however often its worker is killed.

    python -m measure.rescore_killed [--partners 2000] [--kills 30] [--seed 1]

A real Temporal server, a real worker process that is killed with -9 at random moments and started anew, SQLite. One
re-score is left alone; in the others the worker is killed three times each. As of when and by what was known is on
record before they begin, as it is for any re-score that goes on after an interruption, so nothing may differ: scores,
moves, the ledger with its hashes, tiers, letters.
"""

import argparse
import asyncio
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, cast

from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.deciding import Shelf
from activities.roster import RescoreBegin, Roster
from embedded import Guarded, start, temporal_in_memory
from measure.made_up import at, fill, quarters_back
from operations.acts import Operations
from program.calendar import Clock
from program.notice import Notice
from rules.folder import DEFAULT_PROGRAM, read_folder
from settings import TemporalSettings
from store.database import Store
from store.tables import RescoreRow
from tests.store.contents import contents
from worker import connect, declare_search_attributes

KILLS_EACH = 3
LONGEST_LIFE = 6.0
"""Seconds after which a worker is killed at the latest."""
TASK_QUEUE = "measure"
QUARTER = quarters_back(1)[0]

Published = dict[str, list[tuple[Any, ...]]]


def published(file: Path) -> Published:
    """All that a re-score leaves behind: every row but for when it was published and how its letters were sent."""
    store = Store(f"sqlite:///{file}")
    rows = contents(store)
    with store.read() as tx:
        letters = [posting.notice for posting in tx.notices.listed()]
    store.close()
    del rows["attempts"]
    when = RescoreRow.__table__.columns.keys().index("published_at")
    rows["rescores"] = [(*row[:when], *row[when + 1 :]) for row in rows["rescores"]]
    rows["notices"] = [tuple(getattr(letter, name) for name in Notice.model_fields) for letter in letters]
    return rows


def prepare(file: Path, partners: int) -> None:
    """A roster whose re-score is begun: as of when, and by what was known, is on record."""
    store = fill(f"sqlite:///{file}", read_folder(DEFAULT_PROGRAM), partners, quarters_back(4))
    begin = RescoreBegin(quarter=QUARTER, as_of=QUARTER.last_day, known_at=at(QUARTER.last_day))
    ActivityEnvironment().run(Roster(store, Shelf(store), cast("Client", None)).begin_rescore, begin)
    store.identity()  # drawn once, for all that are copied from it
    store.close()


async def a_worker(url: str, address: str) -> Guarded:
    """A worker process on a database."""
    settings = {
        "GATEHOUSE_TEMPORAL_ADDRESS": address,
        "GATEHOUSE_TEMPORAL_TASK_QUEUE": TASK_QUEUE,
        "GATEHOUSE_DATABASE_URL": url,
        "GATEHOUSE_LOG_LEVEL": "error",
    }
    command = [sys.executable, "-m", "worker"]
    return await start("worker", command, log=sys.stderr.fileno(), environment={**os.environ, **settings})


async def rescored(file: Path, moments: list[float]) -> float:
    """Re-score, killing one worker after the other at some moment of its life; the seconds it took."""
    url = f"sqlite:///{file}"
    async with temporal_in_memory() as server:
        client = await connect(TemporalSettings(), server.address, server.namespace)
        await declare_search_attributes(client)
        store = Store(url)
        operations = Operations(store, client, TASK_QUEUE, Clock())
        began = time.monotonic()
        worker = await a_worker(url, server.address)
        under_way = asyncio.create_task(operations.rescore(QUARTER, QUARTER.last_day))
        for moment in moments:
            await asyncio.sleep(moment)
            os.kill(worker.pid, signal.SIGKILL)
            await worker.ended()
            worker = await a_worker(url, server.address)
        await under_way
        await worker.stop()
        store.close()
        return time.monotonic() - began


def main() -> None:
    """Print how each re-score came out, and fail where one differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--partners", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    dice = random.Random(asked.seed)  # noqa: S311 -- moments, not secrets
    differ = 0
    with tempfile.TemporaryDirectory() as folder:
        begun, run = Path(folder, "begun.db"), Path(folder, "run.db")
        prepare(begun, asked.partners)
        shutil.copy(begun, run)
        seconds = asyncio.run(rescored(run, []))
        undisturbed = published(run)
        print(f"undisturbed: {seconds:.1f} s, {len(undisturbed['decisions'])} decisions")
        for number in range(-(-asked.kills // KILLS_EACH)):
            for leftover in Path(folder).glob("run.db*"):
                leftover.unlink()
            shutil.copy(begun, run)
            moments = [dice.uniform(1, LONGEST_LIFE) for _ in range(KILLS_EACH)]
            seconds = asyncio.run(rescored(run, moments))
            found = published(run)
            unlike = [name for name in found if found[name] != undisturbed[name]]
            differ += bool(unlike)
            at_moments = ", ".join(f"{moment:.1f}" for moment in moments)
            print(f"{number + 1}: killed after {at_moments} s, {seconds:.0f} s: {', '.join(unlike) or 'the same'}")
    print(f"{differ} of them differ from the undisturbed one")
    raise SystemExit(bool(differ))


if __name__ == "__main__":
    main()

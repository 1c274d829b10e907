"""How many decisions the ledger takes and verifies a second, and what the chain costs.

    python -m measure.ledger [--decisions 10000] [--url postgresql+psycopg://USER@HOST/NAME]

Decides and records by pages of 500, as a re-score does, in an empty database: SQLite in a temporary folder unless a
URL is given. The cost of the chain is measured on records that are made already, against the same rows with a constant
in place of their hashes; the two take turns, and medians are compared.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from activities.deciding import Occasion, make
from activities.roster import PAGE
from operations.ledger import verify
from operations.publishing import publish_first
from program.decision import Decision
from program.ledger import BEGINNING, written
from program.partner import Partner, PartnerType
from rules.folder import DEFAULT_PROGRAM, LoadedProgram, read_folder
from rules.lifecycle import STALL
from store.database import Store, Transaction
from store.decisions import index_of
from store.tables import DecisionRow
from store.writing import add

AT = datetime(2017, 3, 1, 6, tzinfo=UTC)
ROUNDS = 5


@contextmanager
def a_store(url: str | None, program: LoadedProgram) -> Iterator[Store]:
    """An empty database with a page of partners and a program in force."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(url or f"sqlite:///{folder}/gatehouse.db")
        store.migrate()
        publish_first(store, program, AT.date(), AT)
        with store.write() as tx:
            tx.partners.add([a_partner(number) for number in range(PAGE)], AT)
        yield store
        store.close()


def a_partner(number: int) -> Partner:
    return Partner(
        id=f"partner-{number}", name=f"Partner {number}", type=PartnerType.RESELL, region="", owner="Ada Owner"
    )


def decide(store: Store, program: LoadedProgram, count: int, first: int = 0) -> None:
    """Decide and record, a page in a transaction."""
    for page in range(first, first + count, PAGE):
        with store.write() as tx:
            for number in range(page, page + PAGE):
                occasion = Occasion(f"partner-{number % PAGE}", f"sweep-{number}", AT.date(), AT + timedelta(number))
                days = {"days_without_activity": number % 90, "patience": 45}
                make(tx, program, STALL, occasion, {"roster": {"stage": "active", **days}})


def record(tx: Transaction, decisions: list[Decision]) -> None:
    """As the ledger does it."""
    for decision in decisions:
        tx.decisions.record(decision)


def record_unchained(tx: Transaction, decisions: list[Decision]) -> None:
    """The same rows, of which none knows the one before."""
    for number, decision in enumerate(decisions, start=tx.ledger.last() + 1):
        chain = {"number": number, "previous": BEGINNING, "hash": BEGINNING}
        values = {**chain, "record": written(decision), **index_of(decision)}
        add(tx.decisions._session, DecisionRow, [values])  # noqa: SLF001 -- what is measured has no name of its own


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def one_page(store: Store, how: Callable[[Transaction, list[Decision]], None], decisions: list[Decision]) -> float:
    def work() -> None:
        with store.write() as tx:
            how(tx, decisions)

    return seconds(work)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=int, default=10_000)
    parser.add_argument("--url", help="an empty database")
    asked = parser.parse_args()
    program = read_folder(DEFAULT_PROGRAM)

    with a_store(asked.url, program) as store:
        decide(store, program, PAGE)  # what is built once is built now
        recording = seconds(lambda: decide(store, program, asked.decisions, first=PAGE))
        start = time.perf_counter()
        total = verify(store, print).checked
        verifying = time.perf_counter() - start
        with store.read() as tx:
            made = [decision for _, decision in tx.decisions.listed(last=PAGE)]
        chained, plain, alone = [], [], []
        for number in range(ROUNDS):
            # Occasions of their own: nobody decided on them before.
            chained.append(one_page(store, record, [_on(d, f"chained-{number}") for d in made]))
            alone.append(sum(one_page(store, record, [_on(d, f"alone-{number}")]) for d in made[:100]))
            plain.append(one_page(store, record_unchained, [_on(d, f"plain-{number}") for d in made]))
    ratio = statistics.median(chained) / statistics.median(plain)
    print(f"decided and recorded: {asked.decisions / recording:8,.0f} a second, by pages of {PAGE}")
    print(f"recorded alone:       {PAGE / statistics.median(chained):8,.0f} a second, by pages of {PAGE}")
    print(f"one in a transaction: {100 / statistics.median(alone):8,.0f} a second")
    print(f"verified:             {total / verifying:8,.0f} a second, {total:,} in {verifying:.1f} s")
    print(f"the chain:            {ratio:8.2f} times the same rows without hashes")


def _on(decision: Decision, occasion: str) -> Decision:
    return decision.model_copy(update={"purpose": f"{occasion}/{decision.purpose}"})


if __name__ == "__main__":
    main()

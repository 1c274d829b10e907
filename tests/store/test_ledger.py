"""The ledger is one chain without gaps, whoever adds to it and whatever ends them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from program.ledger import BEGINNING, chained
from store.database import Store, Unreachable
from tests.store.conftest import AT
from tests.store.test_repositories import a_decision
from tests.store.vandal import a_vandal


def entries(store: Store) -> list[tuple[int, str, str, str]]:
    with store.read() as tx:
        return [
            (entry.number, entry.previous, entry.hash, entry.record)
            for entry in (tx.decisions.entry(number) for number, _ in tx.decisions.listed())
        ]


def holds_together(store: Store) -> int:
    """How many records there are, once it is clear that they are one chain."""
    previous = BEGINNING
    for count, (number, follows, own, record) in enumerate(entries(store), start=1):
        assert (number, follows) == (count, previous)
        assert own == chained(follows, number, record.encode())
        previous = own
    return len(entries(store))


def test_every_record_follows_the_one_before_also_within_a_transaction(any_store: Store) -> None:
    for turn in range(3):
        with any_store.write() as tx:
            for number in range(2):
                tx.decisions.record(a_decision(purpose=f"{turn}/{number}"))
                tx.decisions.record(a_decision(purpose=f"{turn}/{number}"))  # a retry
    assert holds_together(any_store) == 6


def test_many_who_add_at_once_keep_one_chain_without_gaps(any_store: Store) -> None:
    start = Barrier(6)

    def decide(writer: int) -> list[int]:
        start.wait()
        numbers = []
        for number in range(5):
            with any_store.write() as tx:
                numbers += [tx.decisions.record(a_decision(purpose=f"{writer}/{number}/{n}"))[0] for n in range(2)]
                # Nobody who has the ledger waits for somebody who waits for it.
                for partner in ("acme", "bolt") if writer % 2 else ("bolt", "acme"):
                    tx.partners.expects(partner, AT.date() + timedelta(days=writer))
        return numbers

    with ThreadPoolExecutor(6) as pool:
        numbers = sorted(number for mine in pool.map(decide, range(6)) for number in mine)

    assert numbers == list(range(1, 61))
    assert holds_together(any_store) == 60


def test_who_comes_second_waits_and_follows_the_first(any_url: str, any_store: Store) -> None:
    """Two connections of two processes, one of which takes its time."""
    other = Store(any_url)
    with ThreadPoolExecutor(1) as pool:
        with any_store.write() as tx:
            tx.decisions.record(a_decision(purpose="first"))
            waiting = pool.submit(_records, other, "second")
            with pytest.raises(TimeoutError):
                waiting.result(0.3)
        assert waiting.result(10) == 2
    other.close()
    assert holds_together(any_store) == 2


def _records(store: Store, purpose: str) -> int:
    with store.write() as tx:
        return tx.decisions.record(a_decision(purpose=purpose))[0]


def test_a_transaction_that_was_killed_leaves_no_gap(any_store: Store) -> None:
    _records(any_store, "first")
    with pytest.raises(KeyboardInterrupt), any_store.write() as tx:  # noqa: PT012 -- it is killed in its middle
        assert tx.decisions.record(a_decision(purpose="lost"))[0] == 2
        raise KeyboardInterrupt
    assert _records(any_store, "second") == 2
    assert holds_together(any_store) == 2


@pytest.mark.parametrize("any_url", ["postgresql"], indirect=True)  # SQLite has no connections that could be cut
def test_a_connection_that_was_cut_leaves_no_gap_and_no_lock(any_store: Store) -> None:
    _records(any_store, "first")
    with pytest.raises(Unreachable), any_store.write() as tx:  # noqa: PT012 -- it is cut in its middle
        tx.decisions.record(a_decision(purpose="lost"))
        with a_vandal(any_store) as vandal:
            vandal.does(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        tx.decisions.record(a_decision(purpose="lost too"))
    assert _records(any_store, "second") == 2
    assert holds_together(any_store) == 2

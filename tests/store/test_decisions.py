"""The ledger: the first decision of an occasion stays the only one."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from program.decision import Decision, Ruling
from store.database import Store
from tests.store.conftest import AT
from tests.store.contents import contents
from tests.store.test_repositories import a_decision

TODAY = AT.date()


def test_a_decision_comes_back_as_it_was_made(any_store: Store) -> None:
    ruling = Ruling(
        outcome=None, rule=None, also=("a", "b"), because="Not decided.", advice="Ask.", unknown=("market",)
    )
    decision = a_decision(ruling=ruling)
    with any_store.write() as tx:
        number, recorded = tx.decisions.record(decision)
        assert recorded == decision
    with any_store.read() as tx:
        assert tx.decisions.get(number) == decision
        assert tx.decisions.find("acme", "qualification", TODAY, decision.purpose) == (number, decision)
        assert tx.decisions.find("bolt", "qualification", TODAY, decision.purpose) is None


def test_the_first_decision_of_an_occasion_stays_whatever_is_decided_later(any_store: Store) -> None:
    first = a_decision("sign")
    with any_store.write() as tx:
        number, _ = tx.decisions.record(first)
    before = contents(any_store)
    with any_store.write() as tx:
        later = a_decision("decline", policy_version=2, known_at=AT + timedelta(days=1), facts={})
        assert tx.decisions.record(later) == (number, first)
    assert contents(any_store) == before


def test_another_partner_policy_day_or_purpose_is_another_occasion(any_store: Store) -> None:
    occasions = [
        a_decision(),
        a_decision(partner="bolt"),
        a_decision(policy="stall"),
        a_decision(as_of=TODAY + timedelta(days=1)),
        a_decision(purpose="application-1/scorecard-2"),
    ]
    with any_store.write() as tx:
        numbers = [tx.decisions.record(decision)[0] for decision in occasions]
        assert numbers == sorted(set(numbers))
        assert tx.decisions.listed() == list(zip(numbers, occasions, strict=True))
        assert [number for number, _ in tx.decisions.listed(partner="acme", last=2)] == [numbers[3], numbers[4]]
        assert [decision for _, decision in tx.decisions.listed(policy="stall")] == [occasions[2]]


def test_of_two_that_decide_at_once_one_is_recorded_and_both_hear_of_it(any_store: Store) -> None:
    outcomes = ["sign", "decline", "defer", "sign", "decline", "defer"]
    start = Barrier(len(outcomes))

    def decide(outcome: str) -> tuple[int, Decision]:
        start.wait()
        with any_store.write() as tx:
            return tx.decisions.record(a_decision(outcome))

    with ThreadPoolExecutor(len(outcomes)) as pool:
        recorded = list(pool.map(decide, outcomes))

    assert all(answer == recorded[0] for answer in recorded)
    assert len(contents(any_store)["decisions"]) == 1

"""The outbox and the people it is for, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from program.errors import Refused
from program.notice import Attempt, ChannelName, Notice, NoticeState, Outcome
from program.person import Person
from store.database import Store
from tests.store.conftest import AT

LATER = AT + timedelta(hours=1)
NOTICE = Notice(key="acme/told", kind="tier.up", partner="acme", recipient="Acme", subject="Hello", body="There")


def test_a_notice_is_due_until_it_is_delivered(any_store: Store) -> None:
    first, second, third = (NOTICE.model_copy(update={"key": key}) for key in ("acme/b", "acme/a", "acme/a_b%"))
    with any_store.write() as tx:
        tx.notices.write(first, AT)
        tx.notices.write(second, LATER)
        tx.notices.write(third, LATER)
        tx.notices.write(first.model_copy(update={"body": "Something else"}), LATER)
        assert tx.notices.undelivered() == [first, second, third]
        assert tx.notices.undelivered(["acme/a", "acme/c"]) == [second]
        assert tx.notices.undelivered([]) == []
        assert tx.notices.undelivered(ending="_b%") == [third]
        tx.notices.delivered("acme/b", LATER)
        tx.notices.delivered("acme/b", LATER + timedelta(days=1))
        assert tx.notices.undelivered() == [second, third]
    with any_store.read() as tx:
        posting = tx.notices.get("acme/b")
    assert (posting.state, posting.delivered_at) == (NoticeState.DELIVERED, LATER)


def test_who_takes_up_a_notice_has_it_for_a_while(any_store: Store) -> None:
    until = LATER + timedelta(seconds=45)
    with any_store.write() as tx:
        tx.notices.write(NOTICE, AT)
        assert tx.notices.due(LATER, 10) == [(NOTICE.key, False)]
        claimed = tx.notices.claim(NOTICE.key, LATER, until)
        assert claimed
        assert (claimed.posting.notice, claimed.posting.tries, claimed.trying_since) == (NOTICE, 1, LATER)
        assert tx.notices.claim(NOTICE.key, LATER, until) is None
        assert tx.notices.due(LATER, 10) == []
        assert tx.notices.due(until, 10) == [(NOTICE.key, True)]
        again = tx.notices.claim(NOTICE.key, until, until + timedelta(seconds=45))
        assert again
        assert (again.posting.tries, again.trying_since) == (2, LATER)
        assert tx.notices.claim("acme/nobody-wrote-this", LATER, until) is None


def test_those_that_wait_longest_are_taken_up_first(any_store: Store) -> None:
    with any_store.write() as tx:
        for number, key in enumerate(("acme/c", "acme/a", "acme/b")):
            tx.notices.write(NOTICE.model_copy(update={"key": key}), AT + timedelta(seconds=number))
        tx.notices.postpone("acme/c", AT + timedelta(minutes=5))
        now = AT + timedelta(hours=1)
        assert [key for key, _ in tx.notices.due(now, 10)] == ["acme/a", "acme/b", "acme/c"]
        assert [key for key, _ in tx.notices.due(now, 1)] == ["acme/a"]
        assert [key for key, _ in tx.notices.due(AT + timedelta(minutes=1), 10)] == ["acme/a", "acme/b"]


def test_what_was_tried_before_an_operator_had_it_tried_anew_counts_no_more(any_store: Store) -> None:
    attempt = Attempt(channel=ChannelName.EMAIL, address="a@b.example", at=LATER, outcome=Outcome.REFUSED, reason="no")
    with any_store.write() as tx:
        tx.notices.write(NOTICE, AT)
        tx.notices.claim(NOTICE.key, LATER, LATER)
        tx.notices.tried(NOTICE.key, attempt)
        tx.notices.give_up(NOTICE.key, "email: no")
        assert (tx.notices.get(NOTICE.key).state, tx.notices.get(NOTICE.key).reason) == (NoticeState.DEAD, "email: no")
        assert tx.notices.due(LATER + timedelta(days=9), 10) == []
        tx.notices.retry(NOTICE.key)
        claimed = tx.notices.claim(NOTICE.key, LATER + timedelta(days=9), LATER + timedelta(days=10))
        assert claimed
        assert (claimed.attempts, claimed.posting.tries, claimed.posting.reason) == ((), 1, "")
        assert tx.notices.attempts(NOTICE.key) == [attempt], "the record stays"


def test_a_notice_that_ended_is_not_made_due_by_who_comes_late(any_store: Store) -> None:
    with any_store.write() as tx:
        tx.notices.write(NOTICE, AT)
        tx.notices.delivered(NOTICE.key, LATER)
        tx.notices.postpone(NOTICE.key, LATER)
        tx.notices.give_up(NOTICE.key, "late")
        tx.notices.switch_off(NOTICE.key)
        assert tx.notices.get(NOTICE.key).state == NoticeState.DELIVERED
        with pytest.raises(Refused, match="acme/told was delivered on 2017-03-"):
            tx.notices.retry(NOTICE.key)
        with pytest.raises(Refused, match="there is no notice acme/x"):
            tx.notices.get("acme/x")


def test_of_two_who_take_up_a_notice_at_once_one_has_it(any_store: Store) -> None:
    with any_store.write() as tx:
        tx.notices.write(NOTICE, AT)

    def take(_: int) -> bool:
        with any_store.write() as tx:
            return tx.notices.claim(NOTICE.key, LATER, LATER + timedelta(minutes=1)) is not None

    with ThreadPoolExecutor(8) as workers:
        assert sorted(workers.map(take, range(16))) == [False] * 15 + [True]


def test_people_are_found_by_the_name_that_partners_name_them_by(any_store: Store) -> None:
    ada = Person(name="Ada Owner", email="ada@example.com", slack_member="U012AB3CD", slack_channel="north")
    with any_store.write() as tx:
        assert tx.people.find("Ada Owner") == Person(name="Ada Owner")
        assert tx.people.record([ada, Person(name="Noor", email="noor@example.com")]) == (2, 0)
        assert tx.people.record([ada, Person(name="Noor", slack_member="U0NOOR1")]) == (0, 1)
    with any_store.read() as tx:
        assert tx.people.find("Ada Owner") == ada
        assert tx.people.find("Noor") == Person(name="Noor", email="noor@example.com", slack_member="U0NOOR1")
        assert [person.name for person in tx.people.listed()] == ["Ada Owner", "Max Lead", "Noor", "operators"]
        assert tx.people.named() == {"Ada Owner", "Max Lead", "operators"}

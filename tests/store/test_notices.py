"""The outbox and the people it is for, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from program.errors import Refused
from program.notice import Attempt, ChannelName, Notice, NoticeState, Outcome
from program.person import Absence, Person
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
        assert tx.notices.undelivered(most=2) == [first, second]
        assert tx.notices.undelivered(ending="_b%") == [third]
        tx.notices.delivered("acme/b", LATER)
        tx.notices.delivered("acme/b", LATER + timedelta(days=1))
        assert tx.notices.undelivered() == [second, third]
    with any_store.read() as tx:
        posting = tx.notices.get("acme/b")
    assert (posting.state, posting.delivered_at) == (NoticeState.DELIVERED, LATER)


def test_what_is_superseded_is_on_record_and_what_is_under_way_stays(any_store: Store) -> None:
    held, in_hand, other = (
        NOTICE.model_copy(update={"key": f"acme/{key}"}) for key in ("x/opened", "x/told", "xy/told")
    )
    with any_store.write() as tx:
        for notice in (held, in_hand, other):
            tx.notices.write(notice, AT)
        assert tx.notices.claim(in_hand.key, AT, LATER)
        written = [posting.notice.key for posting in tx.notices.about("acme", "acme/x")]
        assert written == [held.key, in_hand.key]
        tx.notices.supersede(written, "It is over.")
        assert tx.notices.claim(held.key, LATER, LATER) is None
    with any_store.read() as tx:
        found = [tx.notices.get(notice.key) for notice in (held, in_hand, other)]
    assert [(one.state, one.reason) for one in found] == [("superseded", "It is over."), ("due", ""), ("due", "")]
    with any_store.write() as tx:
        tx.notices.retry(held.key, alone=True)
        assert tx.notices.claim(held.key, LATER, LATER), "who asks for it has it all the same"


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


# Held, and told together


def test_what_is_held_is_not_due_before(any_store: Store) -> None:
    with any_store.write() as tx:
        tx.notices.write(NOTICE, AT, LATER)
        tx.notices.write(NOTICE, AT)
        assert (tx.notices.get(NOTICE.key).due_at, tx.notices.due(AT, 10)) == (LATER, [])
        assert tx.notices.claim(NOTICE.key, AT, LATER) is None
        assert tx.notices.due(LATER, 10) == [(NOTICE.key, False)]


def a_stall(number: int, recipient: str = "Ada Owner") -> Notice:
    told = {"key": f"acme/{number}/opened", "kind": "escalation.opened", "recipient": recipient}
    return NOTICE.model_copy(update=told)


DIGEST = Notice(key="digests/1", kind="escalation.digest", recipient="Ada Owner", subject="Many", body="Many")


def test_what_is_due_to_one_recipient_is_told_together(any_store: Store) -> None:
    mine = [a_stall(number) for number in range(4)]
    with any_store.write() as tx:
        for notice in (*mine, a_stall(9, "Max Lead"), NOTICE):
            tx.notices.write(notice, AT)
        tx.notices.write(a_stall(5), AT, LATER)
        assert tx.notices.claim(mine[3].key, AT, LATER)
        assert tx.notices.due_together(mine[0].key, AT) == mine[:3], "what is held or in hand is left out"
        assert tx.notices.due_together(NOTICE.key, AT) == tx.notices.due_together(mine[3].key, AT) == []

        tx.notices.bundle([notice.key for notice in mine[:3]], DIGEST, AT)
        assert tx.notices.bundled(DIGEST.key) == mine[:3]
        assert tx.notices.told_as(mine[0].key) == DIGEST.key
        assert tx.notices.told_as(mine[3].key) == mine[3].key
        assert [key for key, _ in tx.notices.due(AT, 10)] == ["acme/9/opened", "acme/told", DIGEST.key]
        with pytest.raises(Refused, match="acme/0/opened is told in digests/1, which is to be sent still"):
            tx.notices.retry(mine[0].key)
        tx.notices.delivered(DIGEST.key, LATER)
        tx.notices.delivered(DIGEST.key, LATER + timedelta(days=1))
    with any_store.read() as tx:
        told = [tx.notices.get(notice.key) for notice in mine[:3]]
    assert {(one.state, one.digest, one.delivered_at) for one in told} == {(NoticeState.BUNDLED, DIGEST.key, LATER)}
    with any_store.write() as tx, pytest.raises(Refused, match="acme/0/opened was told in digests/1 on 2017-03-01"):
        tx.notices.retry(mine[0].key)


def test_a_digest_that_is_dead_lets_go_of_one_that_is_asked_for(any_store: Store) -> None:
    mine = [a_stall(number) for number in range(3)]
    with any_store.write() as tx:
        for notice in mine:
            tx.notices.write(notice, AT)
        tx.notices.bundle([notice.key for notice in mine], DIGEST, AT)
        tx.notices.give_up(DIGEST.key, "email: no address")
        tx.notices.retry(mine[1].key, alone=True)
        assert tx.notices.due(LATER, 10) == [(mine[1].key, False)]
        assert tx.notices.due_together(mine[1].key, LATER) == []
        tx.notices.retry(DIGEST.key)
        tx.notices.delivered(DIGEST.key, LATER)
        assert [tx.notices.get(notice.key).delivered_at for notice in mine] == [LATER, None, LATER]


def test_two_who_take_up_what_is_due_to_one_do_not_share_it_out(any_store: Store) -> None:
    """Nor do they wait for each other: all are held in one order."""
    mine = [a_stall(number) for number in range(8)]
    with any_store.write() as tx:
        for notice in mine:
            tx.notices.write(notice, AT)

    def take(number: int) -> int:
        with any_store.write() as tx:
            keys = [notice.key for notice in tx.notices.due_together(mine[number].key, AT)]
            if keys:
                tx.notices.bundle(keys, DIGEST.model_copy(update={"key": f"digests/{number}"}), AT)
            return len(keys)

    with ThreadPoolExecutor(8) as workers:
        assert sorted(workers.map(take, range(8))) == [0] * 7 + [8]


# Absences


def absence(person: str, stand_in: str, first: int = 1, last: int = 10) -> Absence:
    return Absence(person=person, first=date(2017, 3, first), last=date(2017, 3, last), stand_in=stand_in)


def test_whoever_is_away_is_stood_in_for_and_so_are_they(any_store: Store) -> None:
    with any_store.write() as tx:
        tx.people.record([Person(name="Noor"), Person(name="Tom")])
        tx.people.away(absence("Ada Owner", "Noor"))
        tx.people.away(absence("Ada Owner", "Noor"))
        assert [tx.people.standing_in("Ada Owner", date(2017, 3, n)) for n in (1, 10, 11)] == [
            "Noor",
            "Noor",
            "Ada Owner",
        ]
        tx.people.away(absence("Noor", "Tom", 5, 6))
        assert [tx.people.standing_in("Ada Owner", date(2017, 3, n)) for n in (4, 5, 7)] == ["Noor", "Tom", "Noor"]
        tx.people.away(absence("Tom", "Ada Owner", 6, 6))
        assert tx.people.standing_in("Ada Owner", date(2017, 3, 6)) == "Ada Owner", "round in a circle"
        tx.people.away(absence("Max Lead", "Nobody Knows"))
        assert tx.people.standing_in("Max Lead", date(2017, 3, 6)) == "Max Lead"
        with pytest.raises(
            Refused, match="Ada Owner is away from 2017-03-01 to 2017-03-10 already, and Noor stands in"
        ):
            tx.people.away(absence("Ada Owner", "Tom", 10, 12))


def test_whoever_is_back_early_is_told_again_from_that_day_on(any_store: Store) -> None:
    with any_store.write() as tx:
        tx.people.record([Person(name="Noor")])
        for first, last in ((1, 10), (20, 25)):
            tx.people.away(absence("Ada Owner", "Noor", first, last))
        assert tx.people.back("Ada Owner", date(2017, 3, 5)) == absence("Ada Owner", "Noor", 1, 10)
        assert [tx.people.standing_in("Ada Owner", date(2017, 3, n)) for n in (4, 5)] == ["Noor", "Ada Owner"]
        assert tx.people.back("Ada Owner", date(2017, 3, 5)) == absence("Ada Owner", "Noor", 20, 25)
        assert tx.people.absences() == [absence("Ada Owner", "Noor", 1, 4)]
        with pytest.raises(Refused, match="Ada Owner is not away"):
            tx.people.back("Ada Owner", date(2017, 3, 5))


@pytest.mark.parametrize(
    ("stand_in", "last", "said"),
    [("Ada", 9, "Ada cannot stand in for themselves"), ("Noor", 1, "2017-03-01 is before 2017-03-05")],
)
def test_an_absence_makes_sense(stand_in: str, last: int, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        absence("Ada", stand_in, 5, last)

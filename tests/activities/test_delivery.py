"""The outbox: everything is told at least once, under the same key, and what cannot be told is not forgotten."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from activities import postman
from activities.sending import LEASE, Sender
from notifications import patience
from notifications.channel import Channel, Down, Message, Permanent, Recipient, Temporary
from notifications.line import PATIENCE
from program.notice import ChannelName, NoticeState, Outcome, Posting
from program.person import Person
from store.notices import Notices
from tests.activities.conftest import Office, at, day
from tests.world import NOTICES, a_scorecard, changed_program

pytestmark = pytest.mark.usefixtures("everything_is_logged")

EMAIL, SLACK, WEBHOOK, LOG = ChannelName.EMAIL, ChannelName.SLACK, ChannelName.WEBHOOK, ChannelName.LOG
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


class Way:
    """A channel that does what it is told, again and again, and then takes everything."""

    def __init__(self, *told: Exception, nobody: bool = False) -> None:
        self.told = list(told)
        self.nobody = nobody
        self.took: list[Message] = []

    def address(self, recipient: Recipient) -> str:
        if self.nobody:
            raise Permanent(f"{recipient.name} has no address")
        return recipient.email or "somewhere"

    def send(self, message: Message) -> None:
        if self.told:
            raise self.told.pop(0)
        self.took.append(message)

    @property
    def keys(self) -> list[str]:
        return [message.notice.key for message in self.took]


@pytest.fixture
def keys(office: Office) -> tuple[str, ...]:
    """Three candidates have to be told."""
    told = [office.submits(office.applied(name), a_scorecard()).notices for name in ("Acme", "Bolt", "Cora")]
    return tuple(key for notices in told for key in notices)


def sender(office: Office, **ways: Channel) -> Sender:
    return Sender(
        office.store, office.shelf, {ChannelName(name): way for name, way in ways.items()}, lambda: office.now
    )


def posting(office: Office, key: str) -> Posting:
    with office.store.read() as tx:
        return tx.notices.get(key)


def attempts(office: Office, key: str) -> list[tuple[ChannelName, Outcome, str]]:
    with office.store.read() as tx:
        return [(a.channel, a.outcome, a.reason) for a in tx.notices.attempts(key)]


def stalls(office: Office) -> str:
    """A notice to an owner."""
    [key] = office.pilots.look_at_week(office.looks(office.in_pilot("Acme"), 2)).notices
    return key


def until_due(office: Office, key: str) -> timedelta:
    """Let the time pass that a notice waits for; how long that was."""
    before, due = office.now, posting(office, key).due_at
    assert due
    office.now = due
    return due - before


# At once


def test_what_is_asked_for_is_sent_and_nothing_else(office: Office, keys: tuple[str, ...]) -> None:
    assert office.run(office.delivery.deliver, keys[:2]) == 2
    assert {notice.key for notice in office.outbox.sent} == set(keys[:2])
    assert list(office.notices()) == [keys[2]]


def test_a_channel_that_fails_fails_no_activity(office: Office, keys: tuple[str, ...]) -> None:
    office.outbox.refusals = 2
    assert office.run(office.delivery.deliver, keys) == 1
    assert set(office.notices()) == set(keys) - {notice.key for notice in office.outbox.sent}


def test_a_channel_that_takes_its_time_is_not_waited_for(
    office: Office, keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = threading.Event()
    send = office.outbox.send

    def takes_its_time(message: Message) -> None:
        assert slow.wait(10)
        send(message)

    monkeypatch.setattr(office.outbox, "send", takes_its_time)
    assert office.postman.at_once(keys, 0.1) == 0
    slow.set()
    assert office.postman.at_once(keys) == 3
    assert {notice.key for notice in office.outbox.sent} == set(keys)


# Once, as far as can be


def test_a_crash_between_sending_and_noting_it_sends_twice_under_one_key(
    office: Office, keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered: Callable[..., None] = Notices.delivered

    def dies(*_: object) -> None:
        monkeypatch.setattr(Notices, "delivered", delivered)
        raise RuntimeError("killed")

    way = Way()
    monkeypatch.setattr(Notices, "delivered", dies)
    with pytest.raises(RuntimeError, match="killed"):
        sender(office, log=way).send(keys[0])
    assert not sender(office, log=way).send(keys[0]), "it belongs to the one that died, for a while"

    office.now += LEASE
    assert sender(office, log=way).send(keys[0])
    assert way.keys == [keys[0], keys[0]]
    assert way.took[0].notice == way.took[1].notice
    assert attempts(office, keys[0]) == [(LOG, Outcome.SENT, "")]


def test_of_many_who_would_send_a_notice_one_does(office: Office, keys: tuple[str, ...]) -> None:
    way = Way()
    with ThreadPoolExecutor(8) as workers:
        sent = list(workers.map(lambda key: sender(office, log=way).send(key), keys * 8))
    assert sorted(way.keys) == sorted(keys)
    assert sent.count(True) == 3


def test_who_comes_late_does_not_take_back_what_was_delivered(office: Office, keys: tuple[str, ...]) -> None:
    class Slow(Way):
        def send(self, message: Message) -> None:
            office.now += LEASE
            assert sender(office, log=Way()).send(message.notice.key)
            raise Down("it took too long")

    assert not sender(office, log=Slow()).send(keys[0])
    assert posting(office, keys[0]).state == NoticeState.DELIVERED


# Later


def test_what_fails_is_tried_again_after_longer_and_longer_waits(office: Office, keys: tuple[str, ...]) -> None:
    way = Way(*[Temporary("come back later")] * 12)
    mail = sender(office, email=way, log=Way())
    waits = []
    with office.store.write() as tx:
        partner = tx.partners.get("acme").partner
        tx.partners.add([partner.model_copy(update={"email": "post@acme.example"})], office.now)
    while not mail.send(keys[0]):
        waits.append(until_due(office, keys[0]))

    for number, wait in enumerate(waits):
        longest = min(patience.FIRST_WAIT * 2**number, patience.LONGEST_WAIT)
        assert longest / 2 <= wait <= longest
    assert len(waits) == 12
    assert (way.keys, posting(office, keys[0]).state) == ([keys[0]], NoticeState.DELIVERED)
    assert attempts(office, keys[0]) == [(EMAIL, Outcome.FAILED, "come back later")] * 12 + [(EMAIL, Outcome.SENT, "")]


def test_who_asks_to_be_left_alone_for_a_minute_is(office: Office, keys: tuple[str, ...]) -> None:
    assert not sender(office, log=Way(Temporary("too much at once", after=MINUTE))).send(keys[0])
    assert until_due(office, keys[0]) == MINUTE


def test_after_three_days_of_failures_it_is_given_up(office: Office, keys: tuple[str, ...]) -> None:
    way = Way(*[Temporary("mailbox full")] * 10_000)
    tried, began = sender(office, log=way), office.now
    while posting(office, keys[0]).state == NoticeState.DUE:
        assert not tried.send(keys[0])
        office.now += timedelta(hours=2)
    assert patience.GIVE_UP_AFTER < office.now - began < patience.GIVE_UP_AFTER + timedelta(hours=6)
    assert posting(office, keys[0]).reason == "given up after 3 days: log: mailbox full"

    with office.store.write() as tx:
        tx.notices.retry(keys[0])
    way.told = [Temporary("mailbox full")]
    assert not tried.send(keys[0])
    until_due(office, keys[0])
    assert tried.send(keys[0]), "an operator who has it tried again has it tried from the beginning"


def test_a_bug_in_one_letter_is_named_without_its_words_and_holds_nobody_up(
    office: Office, keys: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    way = Way(ZeroDivisionError("the password is hunter2"))
    both = sender(office, log=way)
    assert [both.send(key) for key in keys] == [False, True, True]
    [(_, outcome, reason)] = attempts(office, keys[0])
    assert outcome == Outcome.FAILED
    assert reason.startswith("an error that nobody foresaw (ZeroDivisionError at test_delivery.py:")
    said = capsys.readouterr()
    assert "channel.broke" in said.out + said.err
    assert "hunter2" not in said.out + said.err


def test_what_an_outage_holds_up_is_not_sent_at_night(office: Office) -> None:
    key, friday, monday = stalls(office), at(date(2017, 3, 24)), at(date(2017, 3, 27))
    with office.store.write() as tx:
        tx.notices.retry(key)  # whatever it was held for
    office.now = friday.replace(hour=18, minute=59, second=58)
    both = sender(office, log=Way(*[Down("the mail server is down")] * 1000))
    while office.now < monday:
        assert not both.send(key)
        until_due(office, key)
    assert office.now == monday.replace(hour=7), "the night and the weekend are over"
    with office.store.write() as tx:
        claimed = tx.notices.claim(key, office.now, office.now)
    assert claimed
    assert timedelta(0) < office.now - claimed.trying_since < MINUTE, "it is given up three days of trying later"


# By another channel


def test_a_channel_that_stays_down_is_passed_over_after_a_minute(office: Office) -> None:
    key = stalls(office)
    mail, slack = Way(*[Down("the mail server is down")] * 1000), Way()
    both = sender(office, email=mail, slack=slack)
    began = office.now
    while not both.send(key):
        until_due(office, key)
    assert office.now - began >= patience.FALL_BACK_AFTER
    assert slack.keys == [key]
    told = attempts(office, key)
    assert {channel for channel, _, _ in told[:-1]} == {EMAIL}
    assert told[-1] == (SLACK, Outcome.SENT, "")


def test_operators_hear_once_a_day_of_a_channel_that_is_down_by_the_one_that_works(office: Office) -> None:
    mail, slack = Way(*[Down("the mail server is down")] * 1000), Way()
    both = sender(office, email=mail, slack=slack)
    for partner in ("Acme", "Bolt"):
        [key] = office.pilots.look_at_week(office.looks(office.in_pilot(partner), 2)).notices
        while not both.send(key):
            until_due(office, key)
    with office.store.read() as tx:
        [alert] = [p.notice for p in tx.notices.listed() if p.notice.kind == "operator.channel"]
    assert (alert.recipient, alert.subject) == ("operators", "Gatehouse cannot send by email")
    assert "nothing goes out by email: the mail server is down" in alert.body
    while not both.send(alert.key):
        until_due(office, alert.key)
    assert slack.keys[-1] == alert.key


def test_a_mailbox_that_is_full_is_no_channel_that_is_down(office: Office) -> None:
    key = stalls(office)
    both = sender(office, email=Way(*[Temporary("mailbox full")] * 1000), slack=Way())
    while not both.send(key):
        until_due(office, key)
    assert not [key for key in office.notices() if key.startswith("operators/")]


def test_what_has_no_other_channel_is_not_said_to_be_passed_on(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    key = stalls(office)
    both = sender(office, email=Way(*[Down("the mail server is down")] * 1000))
    began = office.now
    while office.now - began < 2 * patience.FALL_BACK_AFTER:
        assert not both.send(key)
        until_due(office, key)
    assert "notice.passed-on" not in "".join(capsys.readouterr())


def test_a_channel_that_will_not_take_it_is_passed_over_at_once(office: Office) -> None:
    key = stalls(office)
    slack = Way()
    assert sender(office, email=Way(nobody=True), slack=slack).send(key)
    assert slack.keys == [key]


def test_a_channel_that_is_down_is_left_alone_and_then_tried_by_one(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    def said() -> str:
        return "".join(capsys.readouterr())

    keys = [office.submits(office.applied(f"P{n}"), a_scorecard()).notices[0] for n in range(PATIENCE + 3)]
    way = Way(*[Down("the mail server is down")] * PATIENCE)
    mail = sender(office, log=way)
    for key in keys:
        assert not mail.send(key)

    assert not way.told
    assert attempts(office, keys[-1]) == [], "nobody knocks at a door that nobody opens"
    assert said().count("channel.down") == 1
    assert 15 * SECOND <= until_due(office, keys[-1]) <= 20 * SECOND

    assert mail.send(keys[-1])
    assert "channel.back" in said()
    office.now += MINUTE
    assert all(mail.send(key) for key in keys[:-1])


def test_what_no_channel_takes_is_dead_and_says_why(office: Office) -> None:
    key = stalls(office)
    both = sender(office, email=Way(Permanent("ada@example.com is refused: 550")), slack=Way(nobody=True))
    assert not both.send(key)
    dead = posting(office, key)
    assert dead.state == NoticeState.DEAD
    assert dead.reason == "email: ada@example.com is refused: 550; slack: Ada Owner has no address"

    office.now += timedelta(days=1)
    assert not both.send(key), "the dead are left alone"
    with office.store.write() as tx:
        tx.notices.retry(key)
    assert both.send(key)
    assert posting(office, key).reason == ""


# What the program wants


def programmed(office: Office, notices: str) -> None:
    changed = changed_program(office.program, (NOTICES, f"notices: {notices}\n"))
    office.puts_in_force(changed, day(1))


def test_a_kind_that_is_switched_off_is_not_sent_and_can_be_switched_on_again(
    office: Office, keys: tuple[str, ...]
) -> None:
    programmed(office, "{off: [pilot.started]}")
    way = Way()
    assert not sender(office, log=way).send(keys[0])
    assert (posting(office, keys[0]).state, way.keys, attempts(office, keys[0])) == (NoticeState.OFF, [], [])
    key = stalls(office)
    assert sender(office, log=way).send(key)


def test_each_audience_is_reached_as_the_program_says(office: Office) -> None:
    programmed(office, "{channels: {team: [slack, email], partner: [webhook]}}")
    key = stalls(office)
    letter = office.submits(office.applied("Bolt"), a_scorecard()).notices[0]
    ways = {"email": Way(), "slack": Way(), "webhook": Way(), "log": Way()}
    both = sender(office, **ways)
    assert both.send(key)
    assert both.send(letter)
    assert {name: way.keys for name, way in ways.items()} == {
        "email": [],
        "slack": [key],
        "webhook": [letter],
        "log": [],
    }


def test_a_partner_is_not_written_to_in_the_teams_slack(office: Office, keys: tuple[str, ...]) -> None:
    slack = Way()
    assert not sender(office, slack=slack, log=Way()).send(keys[0])
    assert slack.keys == []
    assert posting(office, keys[0]).reason == "none of the channels for the partner is configured: email, webhook"


def test_with_nothing_configured_the_log_is_told_everything(office: Office, keys: tuple[str, ...]) -> None:
    programmed(office, "{channels: {team: [slack], partner: [email]}}")
    way = Way()
    assert sender(office, log=way).send(keys[0])
    assert sender(office, log=way).send(stalls(office))


def test_people_are_reached_where_they_are_known_to_be(office: Office, keys: tuple[str, ...]) -> None:
    key = stalls(office)
    with office.store.write() as tx:
        tx.people.record([Person(name="Ada Owner", email="ada@example.com", slack_member="U012AB3CD")])
        bolt = tx.partners.get("bolt").partner
        tx.partners.add([bolt.model_copy(update={"email": "post@bolt.example"})], office.now)
    way = Way()
    mail = sender(office, email=way)
    assert mail.send(key)
    assert mail.send(keys[1])
    to_owner, to_partner = way.took
    assert (to_owner.recipient.email, to_owner.recipient.slack_member) == ("ada@example.com", "U012AB3CD")
    assert (to_partner.recipient.name, to_partner.recipient.email) == ("Bolt", "post@bolt.example")
    assert to_owner.letter.subject == "Acme has stalled"
    assert "Hello Ada Owner" in to_owner.letter.text


# The postman


@pytest.mark.usefixtures("promptly")
def test_the_postman_brings_what_nobody_asked_for(
    office: Office, keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postman, "GRACE_SECONDS", 0.2)
    arrived = threading.Event()
    send: Any = office.outbox.send

    def notes(message: Message) -> None:
        send(message)
        if len(office.outbox.sent) == 3:
            arrived.set()

    office.outbox.send = notes  # type: ignore[method-assign]
    with office.postman.at_work():
        assert arrived.wait(20)
    assert {notice.key for notice in office.outbox.sent} == set(keys)
    assert office.notices() == {}


@pytest.mark.usefixtures("promptly")
def test_the_postman_goes_on_when_the_database_is_back(
    office: Office, keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    due: Any = Notices.due
    looked = threading.Event()

    def fails_once(self: Notices, now: datetime, most: int) -> Any:
        if not looked.is_set():
            looked.set()
            raise OSError("the database is away")
        return due(self, now, most)

    monkeypatch.setattr(Notices, "due", fails_once)
    monkeypatch.setattr(postman, "GRACE_SECONDS", 0.2)
    with office.postman.at_work():
        for _ in range(1000):
            if not office.notices():
                break
            threading.Event().wait(0.02)
    assert looked.is_set()
    assert {notice.key for notice in office.outbox.sent} == set(keys)

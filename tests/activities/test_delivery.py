"""The outbox: everything is told at least once, under the same key."""

from collections.abc import Callable

import pytest

from program.notice import Notice
from store.notices import Notices
from tests.activities.conftest import Office
from tests.world import a_scorecard


@pytest.fixture
def keys(office: Office) -> tuple[str, ...]:
    """Three candidates have to be told."""
    told = [office.submits(office.applied(name), a_scorecard()).notices for name in ("Acme", "Bolt", "Cora")]
    return tuple(key for notices in told for key in notices)


def sent(office: Office) -> list[str]:
    return [notice.key for notice in office.outbox.sent]


def test_what_is_asked_for_is_sent_and_nothing_else(office: Office, keys: tuple[str, ...]) -> None:
    assert office.run(office.delivery.deliver, keys[:2]) == 2
    assert sent(office) == list(keys[:2])
    assert list(office.notices()) == [keys[2]]


def test_a_delivery_that_failed_is_made_again_under_the_same_key(office: Office, keys: tuple[str, ...]) -> None:
    office.outbox.refusals = 2
    for _ in range(2):
        with pytest.raises(ConnectionError, match="the mail server is down"):
            office.run(office.delivery.deliver, keys)
    assert (sent(office), set(office.notices())) == ([], set(keys))

    assert office.run(office.delivery.deliver, keys) == 3
    assert (sent(office), office.notices()) == (list(keys), {})


def test_what_was_sent_before_a_failure_is_not_sent_again(
    office: Office, keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    send = office.outbox.send

    def fails_at_bolt(notice: Notice) -> None:
        if notice.partner == "bolt" and len(sent(office)) == 1:
            monkeypatch.undo()
            raise ConnectionError("the mail server is down")
        send(notice)

    monkeypatch.setattr(office.outbox, "send", fails_at_bolt)
    with pytest.raises(ConnectionError):
        office.run(office.delivery.deliver, keys)
    assert office.run(office.delivery.deliver, keys) == 2
    assert sent(office) == list(keys)


def test_a_crash_between_sending_and_noting_it_sends_twice_under_one_key(
    office: Office, keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered: Callable[..., None] = Notices.delivered

    def dies(*_: object) -> None:
        monkeypatch.setattr(Notices, "delivered", delivered)
        raise RuntimeError("killed")

    monkeypatch.setattr(Notices, "delivered", dies)
    with pytest.raises(RuntimeError, match="killed"):
        office.run(office.delivery.deliver, keys[:1])
    assert office.run(office.delivery.deliver, keys[:1]) == 1
    assert sent(office) == [keys[0], keys[0]]
    assert office.outbox.sent[0] == office.outbox.sent[1]

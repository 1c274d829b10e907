"""What is secret is in no log and in no row, however badly everything goes."""

import ssl
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from activities.sending import Sender
from notifications.configuration import Addresses, channels
from program.notice import ChannelName, NoticeState
from program.person import Person
from rules.folder import LoadedProgram
from store.database import Store
from tests.activities.conftest import Office
from tests.mail_server import MailServer, Receiver
from tests.store.contents import contents

PASSWORD, PATH, QUERY = "s3cret-password", "s3cret-path", "s3cret-query"
KEY = b64encode(b"s3cret-key, thirty-two bytes long").decode()
HIDDEN = [PASSWORD, b64encode(PASSWORD.encode()).decode(), PATH, QUERY, KEY, "s3cret"]


class Gossip(MailServer):
    """A mail server that repeats what it was told in confidence."""

    def _knows(self, _server: SMTP, _session: Session, _envelope: Envelope, _way: str, given: Any) -> AuthResult:
        self.heard = given.password.decode()
        return AuthResult(success=False, handled=False, message=f"535 {self.heard} is wrong")


@pytest.mark.parametrize("gossip", ["login", "nobody there"])
def test_no_secret_is_logged_or_kept(
    store: Store,
    default_program: LoadedProgram,
    certified: Callable[[str], ssl.SSLContext],
    capsys: pytest.CaptureFixture[str],
    gossip: str,
) -> None:
    office = Office(store, default_program)
    [key] = office.pilots.look_at_week(office.looks(office.in_pilot("Acme"), 2)).notices
    with office.store.write() as tx:
        tx.people.record([Person(name="Ada Owner", email="ada@example.com")])
    office.now = datetime.now(UTC)
    with Gossip(certified("localhost"), ("gate", "another")).serving() as mail, Receiver().serving() as posts:
        port = mail.port if gossip == "login" else 1
        given = Addresses(
            smtp=f"smtp+starttls://gate:{PASSWORD}@localhost:{port}",
            mail_from="partners@ours.example",
            slack=f"http://127.0.0.1:{posts.port}/{PATH}",
            webhook=f"http://127.0.0.1:{posts.port}/{PATH}?token={QUERY}",
            webhook_secret=f"whsec_{KEY}",
            allowed=["127.0.0.1"],
        )
        sender = Sender(office.store, office.shelf, channels(given), lambda: office.now)
        for _ in range(12):
            posts.answers = [(500, {"Location": f"/{PATH}"}, PATH.encode(), 0)] * 2
            assert not sender.send(key)
            office.now = due(office.store, key) or office.now
    said = capsys.readouterr()
    assert len(tried(office.store, key)) > 10
    assert {channel for channel, _ in tried(office.store, key)} == {
        ChannelName.EMAIL,
        ChannelName.SLACK,
        ChannelName.WEBHOOK,
    }
    everything = f"{said.out}{said.err}{contents(office.store)}"
    assert "channel.down" in everything
    if gossip == "login":
        assert mail.heard == PASSWORD
        assert "turned our login away (535)" in everything
    for secret in HIDDEN:
        assert secret not in everything


def due(store: Store, key: str) -> datetime | None:
    with store.read() as tx:
        posting = tx.notices.get(key)
    assert posting.state == NoticeState.DUE
    return posting.due_at


def tried(store: Store, key: str) -> list[tuple[ChannelName, str]]:
    with store.read() as tx:
        return [(attempt.channel, attempt.reason) for attempt in tx.notices.attempts(key)]


def test_even_a_log_of_everything_holds_none(capsys: pytest.CaptureFixture[str]) -> None:
    given = Addresses(smtp=f"smtps://gate:{PASSWORD}@mail.example.com", mail_from="partners@ours.example")
    structlog.get_logger("test").warning("settings", given=given, channels=channels(given))
    said = capsys.readouterr()
    assert "settings" in said.out + said.err
    assert "s3cret" not in said.out + said.err

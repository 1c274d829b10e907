"""Messages to be sent, and a certificate that is valid here."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from notifications.channel import Message, Recipient
from notifications.letters import Letters
from program.notice import Notice

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
OWNER = Recipient("Ada Owner", email="ada@example.com")


def a_notice(**changes: str) -> Notice:
    values: dict[str, Any] = {
        "key": "acme/pilot/three_weeks_without_movement/application-1/pilot-1/opened",
        "kind": "escalation.opened",
        "partner": "acme",
        "recipient": "Ada Owner",
        "subject": "Acme has stalled",
        "body": "Nothing has moved for three weeks.\n- call them\n- look at the targets\nAnswer with: `gatehouse ack`",
    }
    return Notice(**{**values, **changes})


def a_message(
    notice: Notice | None = None, recipient: Recipient = OWNER, *, partner: str = "Acme", now: datetime = NOW
) -> Message:
    notice = notice or a_notice()
    letter = Letters().write(notice, recipient, partner, "Partner program")
    return Message(notice, recipient, letter, "Partner program", "default", partner, NOW, now)


@pytest.fixture(autouse=True)
def _logged(everything_is_logged: None) -> None:
    """What channels say is part of what they do."""


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certified(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], ssl.SSLContext]:
    """What a server of some name shows; its authority is one that we trust."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

    def context(name: str) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(made)
        return made

    return context

"""What a channel is, what it is given to send, and how it says that it could not."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from program.notice import Notice


class NotSent(Exception):
    """A message was not sent. The reason is kept and shown, so it holds no secret."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Permanent(NotSent):
    """This message will not be taken, however often it is tried."""


class Temporary(NotSent):
    """This message was not taken now; it may be later."""

    def __init__(self, reason: str, after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.after = after
        """How long the other side wants to be left alone."""


class Down(Temporary):
    """The channel itself does not work, whatever the message: it is out of reach, or somebody has to mend a setting."""


@dataclass(frozen=True)
class Recipient:
    """Whom a message is for, and what is known of how to reach them."""

    name: str
    email: str | None = None
    slack_member: str | None = None
    slack_channel: str | None = None
    advice: str = ""
    """How an operator adds what is missing."""


@dataclass(frozen=True)
class Letter:
    """The words of a notice in every form that a channel may need."""

    subject: str
    """One line."""
    text: str
    html: str
    slack: str
    """In Slack's markup."""

    def form(self, name: str) -> str:
        """One of its forms."""
        return {"subject": f"{self.subject}\n", "txt": self.text, "html": self.html, "slack": self.slack}[name]


@dataclass(frozen=True)
class Message:
    """A notice that is ready to be sent."""

    notice: Notice
    recipient: Recipient
    letter: Letter
    program: str
    """The program's title."""
    source: str
    """The program's name."""
    partner: str
    """The partner's name."""
    written_at: datetime
    now: datetime


class Channel(Protocol):
    """A way to reach people."""

    def address(self, recipient: Recipient) -> str:
        """Where a recipient is reached; of an address that is a secret, its name.

        Raises:
            Permanent: where it has none here.
        """

    def send(self, message: Message) -> None:
        """Send a message; when this returns, the other side has it.

        Raises:
            NotSent: where it was not taken, or where nobody can tell whether it was.
        """

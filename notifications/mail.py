"""Mail, handed to a mail server by SMTP."""

import hashlib
import smtplib
import socket
import ssl
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final
from urllib.parse import unquote, urlsplit

from pydantic import TypeAdapter, ValidationError

from notifications.channel import Down, Message, Permanent, Recipient, Temporary
from notifications.deadline import Deadline
from notifications.letters import one_line
from notifications.outside import is_host
from program.address import EmailAddress
from program.errors import Refused

PORTS: Final = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
"""The ways to speak to a mail server, and the usual port of each."""

_HELP: Final = "write it like smtp+starttls://USER:PASSWORD@mail.example.com:587, smtps://... or smtp://..."
_LONGEST_REASON: Final = 200


@dataclass(frozen=True)
class MailServer:
    """A mail server, and who we are there."""

    host: str
    port: int
    way: str
    user: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def mail_server(url: str, setting: str, allowed: Collection[str] = ()) -> MailServer:
    """Read the address of a mail server.

    Args:
        url: The address, with what is needed to log in.
        setting: Where it comes from, for what is said about it.
        allowed: Hosts at which one may log in without TLS.

    Raises:
        Refused: where it is none. It is not repeated: it holds a password.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Refused(f"{setting} is no address of a mail server; {_HELP}") from None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if parts.scheme not in PORTS or not is_host(host) or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise Refused(f"{setting} is no address of a mail server; {_HELP}; percent-encode what is no letter or digit")
    if bool(user) != bool(password):
        raise Refused(f"{setting} has only one of user and password; {_HELP}")
    if not f"{user}{password}".isascii():
        raise Refused(f"{setting}: user and password have to be of ASCII characters; set others at the mail server")
    if user and parts.scheme == "smtp" and host not in allowed:
        raise Refused(
            f"{setting}: a password would be sent to {host} for everybody to read; write smtp+starttls or smtps, or "
            "name the host in GATEHOUSE_ALLOW_INSECURE_TARGETS"
        )
    return MailServer(host, port or PORTS[parts.scheme], parts.scheme, user, password)


def sender(text: str, setting: str) -> Address:
    """Read who mail comes from: an address, or a name and an address in angle brackets.

    Raises:
        Refused: where it is neither.
    """
    name, bracket, rest = text.strip().rpartition("<")
    plain = rest.removesuffix(">") if bracket else text
    try:
        address = TypeAdapter(EmailAddress).validate_python(plain)
        return Address(display_name=one_line(name.strip().strip('"')), addr_spec=address)
    except (ValidationError, ValueError, HeaderParseError):
        raise Refused(
            f"{setting} is {text!r}; write an address, or a name and an address: Partner team <partners@example.com>"
        ) from None


def message_id(key: str, domain: str) -> str:
    """The Message-ID of a notice: the same however often it is sent, so that a receiver can tell."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{domain}>"


def compose(message: Message, address: str, come_from: Address) -> EmailMessage:
    """Write the mail of a message: a text and an HTML part that say the same.

    What stands in a header is one line and holds no control character, so nobody can add a header with a name.
    """
    notice, letter = message.notice, message.letter
    mail = EmailMessage(policy=SMTP)
    mail["From"] = come_from
    mail["To"] = Address(display_name=one_line(message.recipient.name), addr_spec=address)
    mail["Subject"] = one_line(letter.subject)
    mail["Date"] = message.now
    mail["Message-ID"] = message_id(notice.key, come_from.domain)
    if notice.thread:
        mail["In-Reply-To"] = mail["References"] = message_id(notice.thread, come_from.domain)
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(letter.text, cte="quoted-printable")
    mail.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return mail


class MailChannel:
    """Hands each message to the mail server alone, in a connection of its own: a refusal concerns one notice."""

    def __init__(self, server: MailServer, come_from: Address) -> None:
        self._server = server
        self._from = come_from

    def address(self, recipient: Recipient) -> str:
        if recipient.email is None:
            raise Permanent(f"{recipient.name} has no e-mail address{recipient.advice}")
        return recipient.email

    def send(self, message: Message) -> None:
        """Send a message.

        What the server says of recipient and text concerns this message: 4xx is worth another try, 5xx is not. What
        it says before that, to our login or to the sender, would be said of every other message too.
        """
        address = self.address(message.recipient)
        mail = compose(message, address, self._from).as_bytes()
        with self._trouble_told(deadline := Deadline()), _Connection(self._server, self._from.domain, deadline) as smtp:
            self._greet(smtp)
            if not deadline.left:  # whoever comes after us may have begun to send it
                raise TimeoutError
            try:
                smtp.sendmail(self._from.addr_spec, [address], mail)
            except smtplib.SMTPSenderRefused as error:
                raise Down(f"{self._server} takes no mail from {self._from.addr_spec}: {_said(error)}") from None
            except smtplib.SMTPRecipientsRefused as error:
                raise self._refusal(*error.recipients[address], f"{address} is refused") from None
            except smtplib.SMTPDataError as error:
                raise self._refusal(error.smtp_code, error.smtp_error, "the message is refused") from None

    def _greet(self, smtp: smtplib.SMTP) -> None:
        if self._server.way == "smtp+starttls":
            smtp.starttls(context=ssl.create_default_context())
        if self._server.user:
            try:
                smtp.login(self._server.user, self._server.password)
            except smtplib.SMTPAuthenticationError as error:  # without its words, which may hold what we said
                raise Down(f"{self._server} turned our login away ({error.smtp_code})") from None

    def _refusal(self, code: int, words: bytes | str, what: str) -> Temporary | Permanent:
        kind = Down if code == 421 else Permanent if code >= 500 else Temporary
        return kind(f"{what}: {_plain(code, words)}")

    @contextmanager
    def _trouble_told(self, deadline: Deadline) -> Iterator[None]:
        """Turn what goes wrong between us and the server into one sentence without a secret."""
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            raise Down(f"the certificate of {self._server} is not valid: {error.verify_message}") from None
        except smtplib.SMTPNotSupportedError as error:
            raise Down(f"{self._server} cannot do what the settings ask for: {one_line(str(error))}") from None
        except smtplib.SMTPResponseException as error:
            raise Down(f"{self._server} does not serve us: {_said(error)}") from None
        except (OSError, smtplib.SMTPException) as error:
            if not deadline.left:
                raise Down(f"{self._server} took too long") from None
            why = error.strerror if isinstance(error, OSError) and error.strerror else "it hung up"
            raise Down(f"{self._server} did not answer: {one_line(why)}") from None


def _said(error: smtplib.SMTPResponseException) -> str:
    return _plain(error.smtp_code, error.smtp_error)


def _plain(code: int, words: bytes | str) -> str:
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    return one_line(f"{code} {text}")[:_LONGEST_REASON]


class _Connection(smtplib.SMTP):
    """A connection that is hung up when its time is over. Leaving it in good order is tried and no condition."""

    def __init__(self, server: MailServer, our_name: str, deadline: Deadline) -> None:
        self._server = server
        self._deadline = deadline
        self._watched = ExitStack()
        try:
            super().__init__(server.host, server.port, our_name)
        except BaseException:
            self._watched.close()
            raise

    def _get_socket(self, host: str, port: int, _timeout: float) -> socket.socket:
        line = self._deadline.connect(host, port)
        self._watched.enter_context(self._deadline.watch(line))
        if self._server.way == "smtps":
            return ssl.create_default_context().wrap_socket(line, server_hostname=host)
        return line

    def __exit__(self, *failure: object) -> None:
        # What was taken stays taken, however the goodbye goes.
        with suppress(OSError, smtplib.SMTPException):
            self.quit()
        self.close()
        self._watched.close()

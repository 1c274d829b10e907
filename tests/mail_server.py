"""A mail server and a receiver of posts, as real as they need to be, and as unkind."""

import asyncio
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from embedded import free_port

PATIENCE = 20


def until(what: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def _fair() -> str:
    return ""


class MailServer:
    """Takes mail on loopback; `moods` are what it does to the next messages instead.

    A mood is an answer, "drop", or "stall", which lasts for as long as the weather does. After "rcpt " it shows before
    the message was heard, else after it. No message is taken that meets one.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, login: tuple[str, str] | None = None, port: int = 0) -> None:
        self.mails: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.moods: list[str] = []
        self.weather: Callable[[], str] = _fair
        """The mood that a connection meets where none is set."""
        self.logins = 0
        self.held = threading.Event()
        """While a message is kept waiting for its answer."""
        self.hold: float = 0
        """Seconds that a message which was taken waits for its answer."""
        self.port = port or free_port()
        self._met: dict[Session, str] = {}
        self._login = login
        more: dict[str, Any] = {"tls_context": tls, "require_starttls": True} if tls else {}
        if login:
            more |= {
                "authenticator": self._knows,
                "auth_required": tls is not None,
                "auth_require_tls": tls is not None,
            }
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **more)

    def _knows(self, _server: SMTP, _session: Session, _envelope: Envelope, _way: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        ok = (given.login.decode(), given.password.decode()) == self._login
        self.logins += ok
        return AuthResult(success=ok, handled=False)

    async def handle_RCPT(  # noqa: N802 -- as aiosmtpd calls it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        mood = self.moods[0] if self.moods else self.weather()
        if mood.startswith("rcpt "):
            del self.moods[:1]
            return await self._shows(mood.removeprefix("rcpt "), server)
        self._met[session] = "" if self.moods else mood
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        met = self._met.pop(session)
        mood = self.moods.pop(0) if self.moods else met
        if mood:
            return await self._shows(mood, server)
        assert isinstance(envelope.original_content, bytes)
        mail = message_from_bytes(envelope.original_content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.envelopes.append(envelope)
        if self.hold:
            self.held.set()
            await asyncio.sleep(self.hold)
        return "250 OK"

    async def _shows(self, mood: str, server: SMTP) -> str:
        while mood == "stall" and self.weather is not _fair:  # noqa: ASYNC110 -- it clears up in another thread
            await asyncio.sleep(0.05)
        if mood in {"drop", "stall"}:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            return "421 gone"
        return mood

    def clears_up(self) -> None:
        """From now on every message is taken; who is kept waiting is hung up on."""
        self.weather = _fair

    @property
    def ids(self) -> list[str]:
        return [str(mail["Message-ID"]) for mail in self.mails]

    @contextmanager
    def serving(self) -> Iterator[Self]:
        self._controller.start()
        try:
            yield self
        finally:
            self._controller.stop()


class Receiver:
    """Takes posts on loopback; `answers` are what it says to the next ones: status, headers, body, seconds it waits."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[tuple[int, dict[str, str], bytes, float]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.posts.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                status, headers, answer, wait = receiver.answers.pop(0) if receiver.answers else (200, {}, b"ok", 0)
                time.sleep(wait)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(answer)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                with suppress(OSError):  # who has heard enough hangs up
                    self.wfile.write(answer)

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]

    @contextmanager
    def serving(self, tls: ssl.SSLContext | None = None) -> Iterator["Receiver"]:
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

"""Posting to addresses on the Internet, and to nothing else.

Whoever may set an address must not make us speak to our own network with it. So the address that is connected to is the
one that was looked at: a name is resolved once, here, and nothing resolves it again.
"""

import http.client
import ipaddress
import re
import socket
import ssl
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from notifications.channel import Down
from notifications.deadline import Deadline
from program.errors import Refused

LONGEST_WAIT: Final = timedelta(hours=1)
"""However long the other side wants to be left alone."""

_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")

_TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv6 addresses that stand for IPv4 ones."""


@dataclass(frozen=True)
class Target:
    """Where something is posted. All but the host may be secret, so it is never shown."""

    host: str
    port: int
    path: str
    tls: bool
    trusted: bool
    """Named by an operator as one that may be in our own network and speak without TLS."""

    def __repr__(self) -> str:
        return f"Target({self.host})"


def target(url: str, setting: str, allowed: Collection[str] = ()) -> Target:
    """Read an address that is to be posted to.

    Args:
        url: The address.
        setting: Where it comes from, for what is said about it.
        allowed: Hosts that may be in our own network and speak without TLS.

    Raises:
        Refused: where it is none, or one that is not allowed. The address is not repeated: it may be a secret.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
        host = host.encode("idna").decode() if not host.isascii() else host
    except ValueError:
        raise Refused(f"{setting} is no address; write it like https://example.com/a-path") from None
    trusted = host in allowed
    if parts.scheme not in {"http", "https"} or not is_host(host):
        raise Refused(f"{setting} is no address; write it like https://example.com/a-path")
    if parts.scheme == "http" and not trusted:
        raise Refused(
            f"{setting}: http would show {host} and everybody between what is said; write https, or name the host in "
            "GATEHOUSE_ALLOW_INSECURE_TARGETS"
        )
    if parts.username is not None or parts.password is not None:
        raise Refused(f"{setting}: an address with a user name is not understood; a signature says who we are")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.isascii() or any(c.isspace() for c in path):
        raise Refused(f"{setting}: its path has characters that belong percent-encoded")
    tls = parts.scheme == "https"
    return Target(host, port or (443 if tls else 80), path, tls, trusted)


def is_host(text: str) -> bool:
    """Whether a text is a host's name or number."""
    return bool(_HOST.fullmatch(text))


@dataclass(frozen=True)
class Answer:
    """What the other side says. Its body is of no use to us and is not read."""

    status: int
    after: timedelta | None
    """How long it wants to be left alone."""


def post(to: Target, body: bytes, headers: dict[str, str]) -> Answer:
    """Post something and wait for the answer. Redirects are answers like others: they are not followed.

    Raises:
        Down: where there was none in time, or the address is one that we do not speak to.
    """
    deadline = Deadline()
    try:
        with _connect(to, deadline) as plain, deadline.watch(plain):
            line = _secured(plain, to) if to.tls else plain
            connection = http.client.HTTPConnection(to.host, to.port)
            connection.sock = line
            try:
                connection.request("POST", to.path, body, {**headers, "Connection": "close"})
                answer = connection.getresponse()
                if not deadline.left:  # it was hung up on, and what it had said so far may not be all
                    raise TimeoutError
                return Answer(answer.status, _seconds(answer.getheader("Retry-After")))
            finally:
                connection.close()
                line.close()
    except ssl.SSLCertVerificationError as error:
        raise Down(f"the certificate of {to.host} is not valid: {error.verify_message}") from None
    except (OSError, http.client.HTTPException) as error:
        if not deadline.left:
            raise Down(f"{to.host} took too long to answer") from None
        raise Down(f"{to.host} did not answer: {_said(error)}") from None


def _said(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__


def _secured(line: socket.socket, to: Target) -> socket.socket:
    return ssl.create_default_context().wrap_socket(line, server_hostname=to.host)


def _connect(to: Target, deadline: Deadline) -> socket.socket:
    """Connect to the first address of a host that we may speak to and that answers."""
    found = socket.getaddrinfo(to.host, to.port, type=socket.SOCK_STREAM)
    reachable = [address for *_, address in found if to.trusted or is_public(str(address[0]))]
    if not reachable:
        raise Down(
            f"{to.host} is in a private network ({found[0][4][0]}), which nothing is posted to; if it is meant to be, "
            "name it in GATEHOUSE_ALLOW_INSECURE_TARGETS"
        )
    failure: OSError | None = None
    for address in reachable:
        if not deadline.left:
            break
        try:
            return deadline.connect(str(address[0]), to.port)
        except OSError as error:
            failure = error
    raise failure or TimeoutError


def is_public(address: str) -> bool:
    """Whether an address is one of the Internet: not private, loopback, link-local or anything else of our own."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        translated = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _TRANSLATED else None
        inner = ip.ipv4_mapped or ip.sixtofour or translated
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _seconds(text: str | None) -> timedelta | None:
    """How long to wait; a date instead of seconds is rare, and our own waiting will do."""
    with suppress(ValueError):
        return min(timedelta(seconds=max(int(text or ""), 0)), LONGEST_WAIT)
    return None

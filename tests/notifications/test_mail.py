"""Mail, handed to a real server that does what servers do: takes it, refuses it, stalls, hangs up."""

import socket
import ssl
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded import free_port
from notifications import deadline, mail
from notifications.channel import Down, NotSent, Permanent, Recipient, Temporary
from notifications.mail import MailChannel, compose, mail_server, message_id, sender
from program.errors import Refused
from tests.mail_server import MailServer
from tests.notifications.conftest import NOW, OWNER, a_message, a_notice

FROM = sender("Partner team <partners@example.org>", "GATEHOUSE_MAIL_FROM")
TLS = Callable[[str], ssl.SSLContext]
SECRET = "s3cret&word"  # noqa: S105 -- made up
QUOTED = "s3cret%26word"


def channel(url: str, *allowed: str) -> MailChannel:
    return MailChannel(mail_server(url, "GATEHOUSE_SMTP_URL", allowed), FROM)


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer().serving() as serving:
        yield serving


def plain(server: MailServer) -> MailChannel:
    return channel(f"smtp://127.0.0.1:{server.port}")


# What arrives


def test_a_mail_arrives_as_text_and_as_html(server: MailServer) -> None:
    plain(server).send(a_message())

    [arrived] = server.mails
    assert (str(arrived["From"]), str(arrived["To"])) == (
        "Partner team <partners@example.org>",
        "Ada Owner <ada@example.com>",
    )
    assert (str(arrived["Subject"]), str(arrived["Auto-Submitted"])) == ("Acme has stalled", "auto-generated")
    assert arrived["Date"].datetime == NOW
    assert arrived.get_content_type() == "multipart/alternative"
    text, html = arrived.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert (
        "Hello Ada Owner,\n\nNothing has moved for three weeks.\n\n- call them\n- look at the targets\n"
        in text.get_content().replace("\r\n", "\n")
    )
    assert "<code>gatehouse ack</code>" in html.get_content()
    [envelope] = server.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("partners@example.org", ["ada@example.com"])


def test_a_notice_has_the_same_message_id_however_often_it_is_sent(server: MailServer) -> None:
    for _ in range(2):
        plain(server).send(a_message())
    plain(server).send(a_message(a_notice(key="another")))
    first, again, other = server.ids
    assert first == again != other


def test_what_follows_up_on_a_notice_is_in_its_thread(server: MailServer) -> None:
    opened = a_notice()
    plain(server).send(a_message(opened))
    plain(server).send(a_message(a_notice(key="acme/climbed", thread=opened.key)))
    first, second = server.mails
    assert first["References"] is None
    assert second["References"] == second["In-Reply-To"] == first["Message-ID"]


def test_names_in_any_alphabet_arrive(server: MailServer) -> None:
    plain(server).send(
        a_message(a_notice(subject="Łódź & 東京 — <Söhne>"), Recipient('Zoë O\'Neill, "Ze"', email="z@e.de"))
    )
    [arrived] = server.mails
    assert arrived["Subject"] == "Łódź & 東京 — <Söhne>"
    assert arrived["To"].addresses[0].display_name == 'Zoë O\'Neill, "Ze"'
    assert "Łódź &amp; 東京 — &lt;Söhne&gt;" in list(arrived.iter_parts())[1].get_content()


# TLS and login


@pytest.mark.parametrize("way", ["smtp+starttls", "smtps"])
def test_mail_is_handed_over_by_tls_and_with_a_login(certified: TLS, way: str) -> None:
    login = ("gate@example.org", SECRET)
    url = f"gate%40example.org:{QUOTED}@localhost"
    if way == "smtp+starttls":
        with MailServer(certified("localhost"), login).serving() as server:
            channel(f"{way}://{url}:{server.port}").send(a_message())
            assert (len(server.mails), server.logins) == (1, 1)
        return
    with MailServer(login=login).serving() as inner, _in_tls(certified("localhost"), inner.port) as port:
        channel(f"{way}://{url}:{port}").send(a_message())
        assert len(inner.mails) == 1


@contextmanager
def _in_tls(context: ssl.SSLContext, port: int) -> Iterator[int]:
    """A port at which another one is reached by TLS from the first byte."""
    listening = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)

    def carry(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
            other.shutdown(socket.SHUT_RDWR)

    def serve() -> None:
        near, _ = listening.accept()
        with near, socket.create_connection(("127.0.0.1", port)) as far:
            back = threading.Thread(target=carry, args=(far, near))
            back.start()
            carry(near, far)
            back.join()

    thread = threading.Thread(target=serve)
    thread.start()
    yield listening.getsockname()[1]
    thread.join()
    listening.close()


def test_a_wrong_password_is_the_channels_fault_and_is_not_repeated(certified: TLS) -> None:
    with MailServer(certified("localhost"), ("gate", "another")).serving() as server, pytest.raises(Down) as down:
        channel(f"smtp+starttls://gate:{QUOTED}@localhost:{server.port}").send(a_message())
    assert down.value.reason == f"localhost:{server.port} turned our login away (535)"
    assert SECRET not in _shown(down.value)


def _shown(error: BaseException) -> str:
    """Everything that a log or a screen may show of an error."""
    return "".join(traceback.format_exception(error)) + repr(error)


def test_a_certificate_for_another_name_is_not_accepted(certified: TLS) -> None:
    with MailServer(certified("elsewhere.example")).serving() as server:
        with pytest.raises(Down, match=r"the certificate of localhost:[0-9]+ is not valid"):
            channel(f"smtp+starttls://localhost:{server.port}").send(a_message())
        assert server.mails == []


def test_a_server_without_tls_is_not_spoken_to_in_the_open(server: MailServer) -> None:
    with pytest.raises(Down, match="STARTTLS extension not supported by server"):
        channel(f"smtp+starttls://gate:{QUOTED}@127.0.0.1:{server.port}").send(a_message())
    assert server.mails == []


# What servers say


@pytest.mark.parametrize(
    ("mood", "kind", "said"),
    [
        ("rcpt 451 4.7.1 come back later", Temporary, "ada@example.com is refused: 451 4.7.1 come back later"),
        ("rcpt 550 5.1.1 no such user", Permanent, "ada@example.com is refused: 550 5.1.1 no such user"),
        ("rcpt 421 too busy", Down, "ada@example.com is refused: 421 too busy"),
        ("452 mailbox full", Temporary, "the message is refused: 452 mailbox full"),
        ("554 looks like spam", Permanent, "the message is refused: 554 looks like spam"),
    ],
)
def test_a_refusal_is_for_now_or_for_good(server: MailServer, mood: str, kind: type[NotSent], said: str) -> None:
    server.moods = [mood]
    with pytest.raises(kind) as refusal:
        plain(server).send(a_message())
    assert (type(refusal.value), refusal.value.reason) == (kind, said)
    plain(server).send(a_message())
    assert len(server.mails) == 1


def test_a_server_that_hangs_up_before_its_answer_may_have_taken_it(server: MailServer) -> None:
    server.moods = ["drop"]
    with pytest.raises(Down, match="did not answer"):
        plain(server).send(a_message())
    plain(server).send(a_message())
    assert len(server.mails) == 1


def test_nobody_is_there() -> None:
    with pytest.raises(Down, match=r"^127.0.0.1:\d+ did not answer: Connection refused$"):
        channel(f"smtp://127.0.0.1:{free_port()}").send(a_message())


def test_who_has_no_address_is_not_written_to(server: MailServer) -> None:
    with pytest.raises(Permanent, match="Max has no e-mail address; see elsewhere"):
        plain(server).send(a_message(recipient=Recipient("Max", advice="; see elsewhere")))


# Servers of our own making, for what a decent one does not do

Talk = Callable[[socket.socket], None]


@contextmanager
def odd_server(talk: Talk) -> Iterator[MailChannel]:
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        line, _ = listening.accept()
        with line, suppress(OSError):
            talk(line)

    thread = threading.Thread(target=serve)
    thread.start()
    yield channel(f"smtp://127.0.0.1:{listening.getsockname()[1]}")
    thread.join()
    listening.close()


def says(line: socket.socket, *answers: str) -> None:
    """Answer each line that comes."""
    for answer in answers:
        line.sendall(f"{answer}\r\n".encode())
        if not answer.startswith("354"):
            line.recv(65536)


UP_TO_DATA = ("220 hello", "250 hello", "250 sender ok", "250 recipient ok", "354 go on")


def hangs_up_in_the_middle(line: socket.socket) -> None:
    says(line, *UP_TO_DATA)
    line.recv(200)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def sends_a_byte_now_and_then(line: socket.socket) -> None:
    for _ in range(200):
        line.sendall(b"2")
        time.sleep(0.05)


def never_says_a_word(line: socket.socket) -> None:
    line.recv(1)


def never_answers_the_message(line: socket.socket) -> None:
    says(line, *UP_TO_DATA)
    while line.recv(65536):
        pass


def turns_everybody_away(line: socket.socket) -> None:
    says(line, "554 no service here")


def takes_no_mail_from_us(line: socket.socket) -> None:
    says(line, "220 hello", "250 hello", "553 5.7.1 not your address", "250 reset", "221 bye")


@pytest.mark.parametrize(
    ("talk", "said"),
    [
        (hangs_up_in_the_middle, "did not answer"),
        (turns_everybody_away, "does not serve us: 554 no service here"),
        (takes_no_mail_from_us, "takes no mail from partners@example.org: 553 5.7.1 not your address"),
    ],
)
def test_what_concerns_every_message_is_the_channels_fault(talk: Talk, said: str) -> None:
    with odd_server(talk) as odd, pytest.raises(Down, match=said):
        odd.send(a_message())


@pytest.mark.parametrize("talk", [sends_a_byte_now_and_then, never_says_a_word, never_answers_the_message])
def test_nobody_is_waited_for_beyond_the_deadline(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "Deadline", lambda: deadline.Deadline(0.6))
    began = time.monotonic()
    with odd_server(talk) as odd, pytest.raises(Down):
        odd.send(a_message())
    assert time.monotonic() - began < 5


def test_a_server_may_think_about_a_message(server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "CONNECT_SECONDS", 0.2)
    server.hold = 0.6
    plain(server).send(a_message())
    assert len(server.mails) == 1


def test_what_was_taken_stays_taken_though_the_goodbye_fails() -> None:
    def takes_it_and_goes(line: socket.socket) -> None:
        says(line, *UP_TO_DATA)
        data = b""
        while not data.endswith(b"\r\n.\r\n"):
            data += line.recv(65536)
        line.sendall(b"250 taken\r\n")

    with odd_server(takes_it_and_goes) as odd:
        odd.send(a_message())


# Headers

TEXT = st.text(max_size=300)
NASTY = st.sampled_from(
    ["\r\nBcc: all@example.com", "\n\n<script>", "=?utf-8?q?x?=", "\x00", "\u2028", '"', "<", ",", ";"]
)
ANYTHING = st.lists(st.one_of(TEXT, NASTY), max_size=5).map("".join)
KNOWN = {
    *("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted"),
    *("X-Auto-Response-Suppress", "MIME-Version", "Content-Type"),
}


@given(subject=ANYTHING, name=ANYTHING, body=ANYTHING, key=ANYTHING, thread=ANYTHING)
def test_nothing_that_somebody_is_called_adds_a_header(
    subject: str, name: str, body: str, key: str, thread: str
) -> None:
    message = a_message(a_notice(subject=subject, body=body, key=key, thread=thread), Recipient(name, "a@example.com"))
    data = compose(message, "a@example.com", FROM).as_bytes()

    read = message_from_bytes(data, policy=policy.default)
    assert set(read.keys()) <= KNOWN
    assert len(read.keys()) == len(set(read.keys()))
    assert [address.addr_spec for address in read["To"].addresses] == ["a@example.com"]
    assert read["Message-ID"] == message_id(key, "example.org")
    assert b"\r\n.\r\n" not in data or data.isascii()
    assert not read.defects
    assert all(len(line) <= 998 for line in data.split(b"\r\n"))


# The settings


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.com",
        "http://mail.example.com",
        "smtp://",
        f"smtp://gate:{QUOTED}@mail.example.com",
        f"smtps://:{QUOTED}@mail.example.com",
        f"smtps://gate:{QUOTED}@mail.example.com/inbox",
        f"smtps://gate:{QUOTED}@mail.example.com:port",
        f"smtps://gate:{QUOTED}@mail.example.com:99999",
        f"smtps://gate:{QUOTED}é@mail.example.com",
        f"smtps://gate:{QUOTED}@[mail.example.com",
        f"smtp:// {QUOTED}",
    ],
)
def test_an_address_that_makes_no_sense_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(Refused, match=r"^GATEHOUSE_SMTP_URL") as refusal:
        mail_server(url, "GATEHOUSE_SMTP_URL")
    for part in (SECRET, QUOTED):
        assert part not in _shown(refusal.value)


def test_the_usual_ports_are_used_and_a_password_is_not_shown() -> None:
    servers = [mail_server(f"{way}://mail.example.com", "X") for way in ("smtp", "smtp+starttls", "smtps")]
    assert [server.port for server in servers] == [25, 587, 465]
    known = mail_server(f"smtps://gate:{QUOTED}@mail.example.com", "X")
    assert (known.user, known.password) == ("gate", SECRET)
    assert SECRET not in f"{known!r} {known}"
    assert mail_server("smtp://gate:pw@relay", "X", ["relay"]).user == "gate"


def test_who_mail_comes_from_is_an_address_with_or_without_a_name() -> None:
    assert str(sender("partners@example.org", "X")) == "partners@example.org"
    assert str(sender('"Partner team" <partners@example.org>', "X")) == "Partner team <partners@example.org>"
    for wrong in ("", "Partner team", "a@b@c", "Partner team <>", "a@example.org\nBcc: b@example.org"):
        with pytest.raises(Refused, match=r"^X is"):
            sender(wrong, "X")


def test_our_own_address_is_found(server: MailServer) -> None:
    assert plain(server).address(OWNER) == "ada@example.com"

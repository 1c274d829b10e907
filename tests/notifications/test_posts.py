"""Posts to Slack and to webhooks: to a real receiver, and to nothing that is not one."""

import json
import socket
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from embedded import free_port
from notifications import deadline, outside
from notifications.channel import Down, NotSent, Permanent, Recipient, Temporary
from notifications.outside import is_public, target
from notifications.slack import SlackChannel, webhooks
from notifications.webhook import WebhookChannel, signers
from program.errors import Refused
from tests.mail_server import Receiver
from tests.notifications.conftest import OWNER, a_message, a_notice

SECRET = "whsec_" + b64encode(b"thirty-two bytes, all of them ok").decode()
NEXT = "whsec_" + b64encode(b"another thirty-two bytes, all ok").decode()
HERE = ["127.0.0.1", "localhost"]
TLS = Callable[[str], ssl.SSLContext]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().serving() as serving:
        yield serving


def webhook(receiver: Receiver, secrets: str = SECRET) -> WebhookChannel:
    return WebhookChannel(target(f"http://127.0.0.1:{receiver.port}/in?x=1", "X", HERE), signers(secrets, "X"))


def slack(receiver: Receiver, path: str = "services/T0/B0/s3cret") -> SlackChannel:
    return SlackChannel(webhooks(f"http://127.0.0.1:{receiver.port}/{path}", "X", HERE))


# Webhooks


def test_an_event_is_signed_as_the_scheme_says_and_is_a_cloud_event(receiver: Receiver) -> None:
    message = a_message(now=datetime.now(UTC))
    webhook(receiver).send(message)

    [(path, headers, body)] = receiver.posts
    assert path == "/in?x=1"
    Webhook(SECRET).verify(body, headers)
    assert headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    event = JSONFormat().read(CloudEvent, body)
    notice = message.notice
    assert event.get_id() == notice.key == headers["webhook-id"]
    assert (event.get_source(), event.get_type()) == ("/gatehouse/default", "gatehouse.notice.escalation.opened")
    assert (event.get_subject(), event.get_time()) == ("acme", message.written_at)
    assert event.get_data() == {
        "kind": "escalation.opened",
        "audience": "team",
        "partner": {"id": "acme", "name": "Acme"},
        "recipient": "Ada Owner",
        "subject": "Acme has stalled",
        "text": notice.body,
        "thread": notice.key,
    }


def test_one_changed_byte_does_not_verify(receiver: Receiver) -> None:
    webhook(receiver).send(a_message(now=datetime.now(UTC)))
    [(_, headers, body)] = receiver.posts
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.replace(b"acme", b"acne"), headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEXT).verify(body, headers)


def test_while_one_secret_replaces_another_both_verify(receiver: Receiver) -> None:
    webhook(receiver, f"{SECRET} {NEXT}").send(a_message(now=datetime.now(UTC)))
    [(_, headers, body)] = receiver.posts
    for secret in (SECRET, NEXT):
        Webhook(secret).verify(body, headers)


def test_an_event_that_is_posted_again_has_the_same_id(receiver: Receiver) -> None:
    now = datetime.now(UTC)
    for late in (timedelta(0), timedelta(seconds=90)):
        webhook(receiver).send(a_message(a_notice(key="acme/v1.2/opened"), now=now + late))
    [(_, first, _), (_, again, _)] = receiver.posts
    assert first["webhook-id"] == again["webhook-id"] == "acme/v1%2E2/opened"
    assert first["webhook-timestamp"] != again["webhook-timestamp"]
    for _, headers, body in receiver.posts:
        Webhook(SECRET).verify(body, headers)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, None),
        (204, None),
        (301, Down),
        (307, Down),
        (400, Permanent),
        (401, Down),
        (404, Down),
        (410, Permanent),
        (429, Temporary),
        (500, Down),
        (503, Down),
    ],
)
def test_what_a_receiver_answers_is_understood(receiver: Receiver, status: int, kind: type[NotSent] | None) -> None:
    receiver.answers = [(status, {"Location": f"http://127.0.0.1:{receiver.port}/elsewhere"}, b"", 0)]
    if kind is None:
        webhook(receiver).send(a_message())
    else:
        with pytest.raises(kind) as failure:
            webhook(receiver).send(a_message())
        assert type(failure.value) is kind
        assert failure.value.reason.startswith(f"127.0.0.1 answered {status}")
    assert [path for path, _, _ in receiver.posts] == ["/in?x=1"], "a redirect is not followed"


@pytest.mark.parametrize(("said", "after"), [("30", 30), ("999999", 3600), ("-1", 0), ("Wed, 21 Oct 2026", None)])
def test_a_receiver_may_ask_to_be_left_alone(receiver: Receiver, said: str, after: int | None) -> None:
    receiver.answers = [(503, {"Retry-After": said}, b"", 0)]
    with pytest.raises(Down) as failure:
        webhook(receiver).send(a_message())
    assert failure.value.after == (None if after is None else timedelta(seconds=after))


def test_a_huge_answer_is_not_read(receiver: Receiver) -> None:
    receiver.answers = [(200, {"Content-Length": str(1 << 40)}, b"x" * 1_000_000, 0)]
    began = time.monotonic()
    webhook(receiver).send(a_message())
    assert time.monotonic() - began < 5


def test_a_receiver_that_stalls_is_not_waited_for(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "Deadline", lambda: deadline.Deadline(0.5))
    receiver.answers = [(200, {}, b"", 2)]
    with pytest.raises(Down, match=r"^127.0.0.1 took too long to answer$"):
        webhook(receiver).send(a_message())


def test_a_receiver_that_sends_a_byte_now_and_then_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "Deadline", lambda: deadline.Deadline(0.6))
    listening = socket.create_server(("127.0.0.1", 0))

    def dribble() -> None:
        line, _ = listening.accept()
        with line:
            try:
                for byte in b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 200:
                    line.sendall(bytes([byte]))
                    time.sleep(0.05)
            except OSError:
                pass

    thread = threading.Thread(target=dribble)
    thread.start()
    began = time.monotonic()
    with pytest.raises(Down):
        outside.post(target(f"http://127.0.0.1:{listening.getsockname()[1]}", "X", HERE), b"{}", {})
    assert time.monotonic() - began < 5
    thread.join()
    listening.close()


def test_nobody_is_there() -> None:
    to = target(f"http://127.0.0.1:{free_port()}", "X", HERE)
    with pytest.raises(Down, match=r"^127.0.0.1 did not answer: Connection refused$"):
        outside.post(to, b"{}", {})
    with pytest.raises(Down, match=r"^nowhere.invalid did not answer: "):
        outside.post(target("https://nowhere.invalid", "X"), b"{}", {})


# TLS, and whom we speak to


def test_a_receiver_is_reached_by_tls_if_its_certificate_is_its_own(certified: TLS) -> None:
    for name, fits in (("localhost", True), ("elsewhere.example", False)):
        with Receiver().serving(certified(name)) as receiver:
            channel = WebhookChannel(target(f"https://localhost:{receiver.port}", "X", HERE), signers(SECRET, "X"))
            if fits:
                channel.send(a_message())
            else:
                with pytest.raises(Down, match="the certificate of localhost is not valid"):
                    channel.send(a_message())
            assert len(receiver.posts) == fits


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "2130706433", "0x7f.1", "127.1"])
def test_our_own_network_is_not_posted_to(receiver: Receiver, host: str) -> None:
    to = target(f"https://{host}:{receiver.port}/", "X")
    with pytest.raises(Down, match="is in a private network"):
        outside.post(to, b"{}", {})
    assert receiver.posts == []


def test_a_name_that_means_something_else_the_second_time_does_not_get_in(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was looked at is what is connected to: a name is asked for once."""
    asked: list[str] = []
    look_up = socket.getaddrinfo

    def changes_its_mind(host: str, *rest: object, **more: object) -> object:
        if host != "rebind.example":
            return look_up(host, *rest, **more)  # type: ignore[arg-type]
        asked.append(host)
        address = "192.0.2.1" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, receiver.port))]

    monkeypatch.setattr(socket, "getaddrinfo", changes_its_mind)
    monkeypatch.setattr(outside, "is_public", lambda address: address == "192.0.2.1")
    monkeypatch.setattr(outside, "Deadline", lambda: deadline.Deadline(0.5))
    with pytest.raises(Down):
        outside.post(target("https://rebind.example", "X"), b"{}", {})
    assert asked == ["rebind.example"]
    assert receiver.posts == []


PRIVATE = [
    *(
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.1",
        "255.255.255.255",
    ),
    *("224.0.0.1", "192.0.2.1", "198.18.0.1", "240.0.0.1", "::", "::1", "fe80::1%eth0", "fc00::1", "ff02::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "2001:db8::1"),
]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_no_address_of_the_internet_is_known(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_what_is_one_is_known_too(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_the_same_in_every_dress(address: object) -> None:
    assert is_public(f"::ffff:{address}") == is_public(str(address))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("hooks.example.com/s3cret", "is no address"),
        ("ftp://hooks.example.com/s3cret", "is no address"),
        ("https:///s3cret", "is no address"),
        ("https://hooks.example.com:s3cret/", "is no address"),
        ("https://hooks example.com/s3cret", "is no address"),
        ("https://[::1/s3cret", "is no address"),
        ("http://hooks.example.com/s3cret", "http would show hooks.example.com"),
        ("https://me:s3cret@hooks.example.com/", "an address with a user name"),
        ("https://hooks.example.com/s3cret é", "percent-encoded"),
        ("https://hooks.example.com/s3cret\r\nHost: evil", "percent-encoded"),
    ],
)
def test_an_address_that_is_not_posted_to_is_refused_and_not_repeated(url: str, said: str) -> None:
    with pytest.raises(Refused, match=said) as refusal:
        target(url, "X")
    assert "s3cret" not in str(refusal.value)


def test_an_address_shows_its_host_alone() -> None:
    assert repr(target("https://hooks.example.com/s3cret", "X")) == "Target(hooks.example.com)"
    assert target("https://bücher.example/x", "X").host == "xn--bcher-kva.example"


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_!!!", "s3cret s3cret"])
def test_a_secret_that_keeps_nothing_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(Refused, match="X is no secret to sign with") as refusal:
        signers(secret, "X")
    assert "s3cret" not in str(refusal.value)


# Slack


def test_slack_is_told_in_blocks(receiver: Receiver) -> None:
    slack(receiver).send(a_message(recipient=Recipient("Ada Owner", slack_member="U012AB3CD"), partner="Acme & <Sons>"))

    [(path, headers, body)] = receiver.posts
    assert path == "/services/T0/B0/s3cret"
    assert headers["content-type"] == "application/json; charset=utf-8"
    told = json.loads(body)
    assert told["text"] == "Acme has stalled"
    header, section, context = told["blocks"]
    assert header["text"] == {"type": "plain_text", "text": "Acme has stalled", "emoji": False}
    assert section["text"]["text"] == (
        "<@U012AB3CD>\n\nNothing has moved for three weeks.\n\n• call them\n• look at the targets\n\n"
        "Answer with: `gatehouse ack`"
    )
    assert "Acme &amp; &lt;Sons&gt;" in context["elements"][0]["text"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(302, Down), (400, Permanent), (403, Down), (404, Down), (410, Permanent), (429, Temporary), (500, Down)],
)
def test_what_slack_answers_is_understood(receiver: Receiver, status: int, kind: type[NotSent]) -> None:
    receiver.answers = [(status, {"Retry-After": "7"}, b"no_service", 0)]
    with pytest.raises(kind) as failure:
        slack(receiver).send(a_message())
    assert type(failure.value) is kind
    assert "s3cret" not in failure.value.reason
    assert "no_service" not in failure.value.reason, "what the other side says is not kept"


def test_each_is_told_in_the_channel_they_have(receiver: Receiver) -> None:
    base = f"http://127.0.0.1:{receiver.port}"
    channel = SlackChannel(webhooks(f"{base}/for-all north={base}/north", "X", HERE))
    channel.send(a_message(recipient=OWNER))
    channel.send(a_message(recipient=Recipient("Noor", slack_channel="north")))
    assert [path for path, _, _ in receiver.posts] == ["/for-all", "/north"]
    with pytest.raises(Permanent, match=r"^there is no Slack webhook by the name south in GATEHOUSE_SLACK_URL; ask$"):
        channel.address(Recipient("Max", slack_channel="south", advice="; ask"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "X is empty"),
        ("https://a.example/1 https://a.example/s3cret", "two webhooks by the name all"),
        ("north=https://a.example/1 north=https://a.example/s3cret", "two webhooks by the name north"),
        ("north=s3cret", "is no address"),
    ],
)
def test_webhooks_that_make_no_sense_are_refused(text: str, said: str) -> None:
    with pytest.raises(Refused, match=said) as refusal:
        webhooks(text, "X")
    assert "s3cret" not in str(refusal.value)


def test_a_receivers_host_is_where_an_event_went(receiver: Receiver) -> None:
    assert webhook(receiver).address(OWNER) == urlsplit(f"http://127.0.0.1:{receiver.port}").hostname

"""Which channels an installation has, by its settings; and what is secret stays so."""

from pathlib import Path

import pytest

from notifications.configuration import channels
from notifications.log import LogChannel
from program.errors import Refused
from program.notice import ChannelName
from settings import NoticeSettings
from tests.notifications.conftest import OWNER, a_message

SMTP = "smtp+starttls://gate:s3cret@mail.example.com:587"
SLACK = "https://hooks.slack.com/services/T0/B0/s3cret"
SECRET = "whsec_czNjcmV0czNjcmV0czNjcmV0czNjcmV0czNjcmV0"  # noqa: S105 -- made up


def given(monkeypatch: pytest.MonkeyPatch, **settings: str) -> NoticeSettings:
    for name, value in settings.items():
        monkeypatch.setenv(f"GATEHOUSE_{name}", value)
    return NoticeSettings()


def test_with_nothing_set_there_is_the_log(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    found = channels(given(monkeypatch, SMTP_URL="", SLACK_URL_FILE="").addresses())
    assert set(found) == {ChannelName.LOG}
    log = found[ChannelName.LOG]
    assert isinstance(log, LogChannel)
    assert log.address(OWNER) == "log"
    log.send(a_message())
    said = capsys.readouterr()
    assert "notice.sent" in said.out + said.err
    assert "Nothing has moved" not in said.out + said.err, "what people are told is nobody else's business"


def test_each_setting_brings_its_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = given(
        monkeypatch,
        SMTP_URL=SMTP,
        MAIL_FROM="Partner team <partners@example.com>",
        SLACK_URL=SLACK,
        WEBHOOK_URL="https://events.example.com/s3cret",
        WEBHOOK_SECRET=SECRET,
    )
    assert set(channels(settings.addresses())) == set(ChannelName)


def test_secrets_may_stand_in_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, text in (("smtp", SMTP), ("slack", SLACK), ("url", "https://events.example.com"), ("secret", SECRET)):
        (tmp_path / name).write_text(f"{text}\n")
    settings = given(
        monkeypatch,
        SMTP_URL_FILE=str(tmp_path / "smtp"),
        MAIL_FROM="partners@example.com",
        SLACK_URL_FILE=str(tmp_path / "slack"),
        WEBHOOK_URL_FILE=str(tmp_path / "url"),
        WEBHOOK_SECRET_FILE=str(tmp_path / "secret"),
    )
    assert set(channels(settings.addresses())) == set(ChannelName)


def test_a_host_is_allowed_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "http://Hooks.internal:8080/x"
    with pytest.raises(Refused, match=r"GATEHOUSE_SLACK_URL: http would show hooks\.internal"):
        channels(given(monkeypatch, SLACK_URL=url).addresses())
    assert ChannelName.SLACK in channels(
        given(monkeypatch, ALLOW_INSECURE_TARGETS="other, hooks.internal", SLACK_URL=url).addresses()
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"SMTP_URL": SMTP}, "GATEHOUSE_SMTP_URL is set and GATEHOUSE_MAIL_FROM is not"),
        ({"SMTP_URL": "s3cret", "MAIL_FROM": "a@example.com"}, "GATEHOUSE_SMTP_URL is no address of a mail server"),
        ({"SMTP_URL": SMTP, "MAIL_FROM": "nobody"}, "GATEHOUSE_MAIL_FROM is 'nobody'"),
        (
            {"SMTP_URL": SMTP, "SMTP_URL_FILE": "/nowhere"},
            "SMTP_URL and GATEHOUSE_SMTP_URL_FILE are both set",
        ),
        ({"SLACK_URL_FILE": "/nowhere"}, "GATEHOUSE_SLACK_URL_FILE: /nowhere cannot be read: No such file"),
        (
            {"WEBHOOK_URL": "https://e.example/s3cret"},
            "GATEHOUSE_WEBHOOK_SECRET is not; webhooks are signed",
        ),
        ({"WEBHOOK_URL": "https://e.example", "WEBHOOK_SECRET": "s3cret"}, "GATEHOUSE_WEBHOOK_SECRET is no secret"),
    ],
)
def test_settings_that_make_no_sense_are_named_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], said: str
) -> None:
    with pytest.raises(Refused, match=said) as refusal:
        channels(given(monkeypatch, **settings).addresses())
    assert "s3cret" not in str(refusal.value)


def test_what_holds_secrets_does_not_show_them(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = given(
        monkeypatch, SMTP_URL=SMTP, MAIL_FROM="a@example.com", SLACK_URL=SLACK, WEBHOOK_URL=SLACK, WEBHOOK_SECRET=SECRET
    )
    found = channels(settings.addresses())
    shown = f"{settings!r} {settings.addresses()!r} {found!r} {[vars(channel) for channel in found.values()]!r}"
    assert "s3cret" not in shown
    assert SECRET not in shown

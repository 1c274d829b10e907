"""What a program says about notices, and what it cannot say."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from notifications import patience
from program.address import EmailAddress
from program.calendar import Clock
from program.notice import KINDS, Audience, ChannelName, Notice, NoticeRules
from program.person import Person
from rules.folder import LoadedProgram
from rules.language.source import Unfit
from tests.world import NOTICES, at_any_hour, changed_program

EMAIL, SLACK, WEBHOOK, LOG = ChannelName.EMAIL, ChannelName.SLACK, ChannelName.WEBHOOK, ChannelName.LOG
ALL = [*ChannelName]


def test_the_usual_way_is_the_first_channel_that_is_configured() -> None:
    usual = NoticeRules()
    assert usual.route(Audience.TEAM, ALL) == (EMAIL, SLACK, WEBHOOK)
    assert usual.route(Audience.PARTNER, ALL) == (EMAIL, WEBHOOK)
    assert usual.route(Audience.TEAM, [SLACK, LOG]) == (SLACK,)
    assert usual.route(Audience.PARTNER, [SLACK, LOG]) == ()
    assert usual.route(Audience.PARTNER, [LOG]) == (LOG,)


def test_a_program_says_otherwise() -> None:
    rules = NoticeRules.model_validate({"channels": {"team": ["slack", "email"], "partner": ["log"]}})
    assert rules.route(Audience.TEAM, ALL) == (SLACK, EMAIL)
    assert rules.route(Audience.PARTNER, ALL) == (LOG,)


@pytest.mark.parametrize(
    ("notices", "said"),
    [
        (
            "{off: [tier.upp]}",
            r"program.yaml:\d+:\d+: notices.off.1: there is no kind of notice 'tier.upp'; did you mean tier.up",
        ),
        ("{off: [holidays]}", "there is no kind of notice 'holidays'; there are application.declined"),
        ("{channels: {partner: [slack]}}", "slack reaches our own people"),
        ("{channels: {team: [email, email]}}", "channels.team: email is listed twice"),
        ("{channels: {team: []}}", "has to have at least 1"),
        ("{channels: {team: [pigeon]}}", "pigeon"),
        ("{channels: {owners: [email]}}", "owners"),
        ("{offf: [tier.up]}", "unknown key; did you mean off?"),
        ("{digest_from: 1}", "notices.digest_from: .* 2"),
        ('{quiet: {from: "07:00"}}', "notices.quiet.*until"),
        ('{quiet: {from: "07:00", until: "06:00"}}', "leaves less than four hours in which to be told"),
        ('{quiet: {begins: "19:00", until: "07:00"}}', "begins"),
    ],
)
def test_what_does_not_exist_is_a_fault_at_load(default_program: LoadedProgram, notices: str, said: str) -> None:
    with pytest.raises(Unfit, match=said):
        changed_program(default_program, (NOTICES, f"notices: {notices}\n"))


def test_every_kind_can_be_switched_off(default_program: LoadedProgram) -> None:
    every = ", ".join(KINDS)
    program = changed_program(default_program, (NOTICES, f"notices: {{off: [{every}]}}\n"))
    assert set(program.program.notices.off) == set(KINDS)


def test_the_team_is_told_nothing_at_night_and_everybody_else_is(default_program: LoadedProgram) -> None:
    friday = datetime(2017, 3, 3, 21, tzinfo=UTC)
    held = {
        kind: default_program.program.held_until(
            Notice(key="k", kind=kind, recipient="Ada", subject="S", body="B"), friday, Clock()
        )
        for kind in KINDS
    }
    monday = datetime(2017, 3, 6, 7, tzinfo=UTC)
    assert held == {name: monday if kind.audience == Audience.TEAM else None for name, kind in KINDS.items()}
    notice = Notice(key="k", kind="team.weekly", recipient="Ada", subject="S", body="B")
    assert default_program.program.held_until(notice, monday, Clock()) is None
    assert at_any_hour(default_program).program.held_until(notice, friday, Clock()) is None


def test_quiet_hours_are_those_of_the_calendar_that_is_lived_through(default_program: LoadedProgram) -> None:
    notice = Notice(key="k", kind="escalation.opened", recipient="Ada", subject="S", body="B")
    behind = Clock(lag=timedelta(days=365 * 9 + 2, hours=10))
    friday_night, saturday_noon = datetime(2017, 3, 3, 21, tzinfo=UTC), datetime(2017, 3, 4, 12, tzinfo=UTC)
    monday_morning = datetime(2017, 3, 6, 7, tzinfo=UTC)
    for at in (friday_night, saturday_noon):
        held = default_program.program.held_until(notice, at + behind.lag, behind)
        assert held == monday_morning + behind.lag
    assert default_program.program.held_until(notice, monday_morning + behind.lag, behind) is None


@pytest.mark.parametrize("text", ["ada@example.com", " a.b+c@mail.example.co.uk ", "o'neill@x.de", "a@localhost"])
def test_an_address_is_one(text: str) -> None:
    assert TypeAdapter(EmailAddress).validate_python(text) == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        *("", "ada", "ada@", "@example.com", "a b@example.com", "a@b@c", "Ada <ada@example.com>", "a@-x.de", "a@x..de"),
        *(
            "ada@exämple.com",
            "ada@example.com\nBcc: b@example.com",
            "a" * 65 + "@x.de",
            f"a@{'x.' * 130}de",
            '"a"@x.de',
        ),
    ],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="has to be one e-mail address"):
        TypeAdapter(EmailAddress).validate_python(text)


def test_a_person_is_known_to_slack_by_ids() -> None:
    assert Person(name="Ada", slack_member="U012AB3CD", slack_channel="north-2").slack_channel == "north-2"
    for wrong in ({"slack_member": "@ada"}, {"slack_member": "<!channel>"}, {"slack_channel": "https://x"}):
        with pytest.raises(ValidationError, match="has to be"):
            Person.model_validate({"name": "Ada", **wrong})


@given(st.integers(min_value=1, max_value=10_000), st.floats(min_value=0, max_value=1))
def test_waits_grow_to_a_limit_and_are_never_the_same(failures: int, dice: float) -> None:
    wait = patience.wait(failures, dice)
    assert patience.FIRST_WAIT / 2 <= wait <= patience.LONGEST_WAIT
    assert wait <= patience.wait(failures + 1, dice)
    assert patience.wait(failures, 1) == 2 * patience.wait(failures, 0)
    assert wait >= timedelta(seconds=1)

"""What people were told and how they are reached, at the command line."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from program.notice import Attempt, ChannelName, Notice, NoticeState, Outcome
from program.person import Person
from rules.folder import LoadedProgram
from store.database import Transaction
from tests.activities.test_digest import stalled
from tests.console.conftest import Operator
from tests.mail_server import MailServer, Receiver
from tests.world import a_partner, changed_program, publish

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
STALL = "acme/pilot/three_weeks_without_movement/application-1/pilot-1/opened"


def a_notice(key: str, kind: str = "escalation.opened", recipient: str = "Ada Owner") -> Notice:
    return Notice(
        key=key,
        kind=kind,
        partner=key.split("/", maxsplit=1)[0],
        recipient=recipient,
        subject="Acme has stalled",
        body="Nothing has moved.\nAnswer with: `gatehouse escalations ack`",
    )


@pytest.fixture
def clerk(operator: Operator) -> Operator:
    """At an installation where one notice was delivered, one is due, and two are dead."""
    with operator.installation.store.write() as tx:
        tx.partners.add([a_partner("Acme"), a_partner("Bolt")], AT)
        for notice in (
            a_notice(STALL),
            a_notice("bolt/application-1/scorecard-1/declined", "application.declined", "Bolt"),
            a_notice("acme/a"),
            a_notice("acme/b", recipient="Max Lead"),
        ):
            tx.notices.write(notice, AT)
        tx.notices.tried(STALL, attempt(Outcome.FAILED, "the mail server is down"))
        tx.notices.tried(STALL, attempt(Outcome.SENT))
        tx.notices.delivered(STALL, AT)
        for key in ("acme/a", "acme/b"):
            tx.notices.give_up(key, "email: nobody has an address")
    return operator


def attempt(outcome: Outcome, reason: str = "") -> Attempt:
    return Attempt(channel=ChannelName.EMAIL, address="ada@example.com", at=AT, outcome=outcome, reason=reason)


def states(clerk: Operator) -> dict[str, str]:
    return {notice["key"]: notice["state"] for notice in clerk.gets("notices", "list")}


# Notices


def test_notices_are_listed_with_what_became_of_them(clerk: Operator) -> None:
    shown = clerk.sees("notices", "list")
    assert f"{STALL}\n  to Ada Owner, delivered 2026-11-22 09:30\n" in shown
    assert "  to Bolt, due since 2026-11-22 09:30\n" in shown
    assert "acme/a\n  to Ada Owner, dead, written 2026-11-22 09:30: email: nobody has an address\n" in shown


@pytest.mark.parametrize(
    ("options", "listed"),
    [
        ([], 4),
        (["--undelivered"], 3),
        (["--dead"], 2),
        (["--partner", "bolt"], 1),
        (["--dead", "--partner", "bolt"], 0),
        (["--last", "1"], 1),
    ],
)
def test_notices_are_found(clerk: Operator, options: list[str], listed: int) -> None:
    assert len(clerk.gets("notices", "list", *options)) == listed


def test_what_the_log_alone_has_taken_is_not_said_to_have_reached_anybody(clerk: Operator) -> None:
    key = "bolt/application-1/scorecard-1/declined"
    with clerk.installation.store.write() as tx:
        tx.notices.tried(key, attempt(Outcome.SENT).model_copy(update={"channel": ChannelName.LOG, "address": "log"}))
        tx.notices.delivered(key, AT)
    assert "  to Bolt, logged 2026-11-22 09:30, nobody was written to\n" in clerk.sees("notices", "list")
    assert "2026-11-22 09:30:00, to the log: nobody was written to" in clerk.sees("notices", "show", key)
    assert "delivered 2026-11-22 09:30\n" in clerk.sees("notices", "list", "--last", "4")


def test_a_command_in_a_letter_is_shown_on_one_line(clerk: Operator) -> None:
    command = f"`gatehouse escalations ack {'a-long-name/' * 12}opened --by Ada`"
    with clerk.installation.store.write() as tx:
        tx.notices.write(a_notice("acme/c").model_copy(update={"body": f"word {command}"}), AT)
    assert f"  word {command}\n" in clerk.sees("notices", "show", "acme/c")


def test_nothing_is_said_to_be_nothing(operator: Operator, clerk: Operator) -> None:
    assert clerk.sees("notices", "list", "--dead", "--partner", "bolt") == "No notice is dead.\n"
    assert "there is no partner cora" in operator.is_refused("notices", "list", "--partner", "cora")


def test_a_notice_is_shown_with_every_try(clerk: Operator) -> None:
    shown = clerk.sees("notices", "show", STALL)
    for words in ("Acme has stalled", "Nothing has moved.", "the mail server is down", "email", "ada@example.com"):
        assert words in shown
    data = clerk.gets("notices", "show", STALL)
    assert (data["state"], [tried["outcome"] for tried in data["attempts"]]) == ("delivered", ["failed", "sent"])
    assert "there is no notice acme/x" in clerk.is_refused("notices", "show", "acme/x")


def test_a_letter_is_shown_as_it_is_sent(clerk: Operator) -> None:
    assert "<code>gatehouse escalations ack</code>" in clerk.sees("notices", "show", STALL, "--as", "html")
    assert clerk.sees("notices", "show", STALL, "--as", "txt").startswith("Hello Ada Owner,\n\nNothing has moved.\n")
    assert clerk.sees("notices", "show", STALL, "--as", "subject") == "Acme has stalled\n"
    assert "there is no form pdf" in clerk.is_corrected("notices", "show", STALL, "--as", "pdf")


def test_the_dead_are_sent_again_all_or_those_to_somebody(clerk: Operator) -> None:
    assert clerk.sees("notices", "retry", "--all-dead", "--to", "Max Lead") == "One notice is due again.\n"
    assert (states(clerk)["acme/a"], states(clerk)["acme/b"]) == ("dead", "due")
    assert clerk.sees("notices", "retry", "--all-dead") == "One notice is due again.\n"
    assert clerk.sees("notices", "retry", "--all-dead") == "Nothing is dead; nothing has changed.\n"
    assert set(states(clerk).values()) == {"due", "delivered"}


def test_what_was_delivered_is_not_sent_twice(clerk: Operator) -> None:
    assert "was delivered on 2026-11-22; it is not sent twice" in clerk.is_refused("notices", "retry", "acme/a", STALL)
    assert states(clerk)["acme/a"] == "dead", "of several either all are sent again or none"
    for wrong in ([], ["acme/a", "--all-dead"], ["acme/a", "--to", "Ada Owner"]):
        assert "name the notices, or give --all-dead" in clerk.is_corrected("notices", "retry", *wrong)


# People


def test_one_long_name_hides_nothing_of_the_others(clerk: Operator) -> None:
    clerk.sees("people", "set", "Hohenstein " * 18, "--email", "h@example.com")
    clerk.sees("people", "set", "Ada Owner", "--email", "ada@example.com", "--slack-channel", "north")
    [ada] = [line for line in clerk.sees("people", "list").splitlines() if line.startswith("Ada Owner")]
    assert ada.split() == ["Ada", "Owner", "ada@example.com", "north", "2"]


def test_what_is_said_at_too_great_a_length_is_corrected(clerk: Operator) -> None:
    ack = ("escalations", "ack", "acme/pilot/silent/1")
    assert "200 at most" in clerk.is_corrected(*ack, "--by", "A" * 201, "--note", "I call them")
    assert "2000 at most" in clerk.is_corrected(*ack, "--by", "Ada", "--note", "a" * 2001)


def test_a_slip_in_a_name_is_not_taken_for_somebody_without_work(clerk: Operator) -> None:
    for asked in (("digest", "--for"), ("escalations", "list", "--owner"), ("notices", "test")):
        assert "did you mean Ada Owner?" in clerk.is_refused(*asked, "Ada Owmer")


def test_whom_the_ladder_names_is_listed_too(clerk: Operator, default_program: LoadedProgram) -> None:
    program = changed_program(default_program, ('lead: ""', "lead: Lea Lead"))
    publish(clerk.installation.store, program, datetime.now(UTC).date())
    assert ("Lea Lead", None, 0) in [(p["name"], p["email"], p["partners"]) for p in clerk.gets("people", "list")]


def test_people_are_those_whom_partners_name(clerk: Operator) -> None:
    people = clerk.gets("people", "list")
    assert [(person["name"], person["email"], person["partners"]) for person in people] == [
        ("Ada Owner", None, 2),
        ("Max Lead", None, 2),
        ("operators", None, 0),
    ]
    assert "Ada Owner  none" in clerk.sees("people", "list")


def test_an_address_is_set_changed_and_removed(clerk: Operator) -> None:
    first = clerk.types("people", "set", "Ada Owner", "--email", "ada@example.com", "--slack-member", "U012AB3CD")
    assert first.stdout == "Ada Owner is reached by mail at ada@example.com, in Slack as U012AB3CD.\n"
    assert (
        'To Ada Owner a notice was not delivered: gatehouse notices retry --all-dead --to "Ada Owner"' in first.stderr
    )
    clerk.sees("people", "set", "Ada Owner", "--slack-channel", "north")
    clerk.sees("people", "set", "Ada Owner", "--slack-member", "")
    assert person(clerk, "Ada Owner") == Person(name="Ada Owner", email="ada@example.com", slack_channel="north")


def person(clerk: Operator, name: str) -> Person:
    with clerk.installation.store.read() as tx:
        return tx.people.find(name)


def test_a_name_that_nobody_is_named_by_is_remarked(clerk: Operator) -> None:
    typo = clerk.types("people", "set", "Ada Owmer", "--email", "ada@example.com")
    assert typo.exit_code == 0
    assert "Neither a partner nor the program names Ada Owmer; did you mean Ada Owner?" in typo.stderr
    of_the_team = clerk.types("people", "set", "Programme manager", "--email", "pm@ours.example")
    assert "names" not in of_the_team.stderr
    assert not clerk.types("people", "set", "operators", "--email", "gate@example.com").stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--email", "ada"], "'ada' has to be one e-mail address"),
        (["--slack-member", "@ada"], "has to be a member ID, such as U012AB3CD"),
        (["--slack-channel", "North Side"], "has to be the name of a webhook"),
        ([], "say how they are reached"),
    ],
)
def test_an_address_that_is_none_is_corrected(clerk: Operator, options: list[str], said: str) -> None:
    assert said in clerk.is_corrected("people", "set", "Ada Owner", *options)


def test_people_are_imported_and_what_is_not_said_stays(clerk: Operator, tmp_path: Path) -> None:
    clerk.sees("people", "set", "Ada Owner", "--slack-member", "U012AB3CD")
    file = tmp_path / "people.csv"
    file.write_text("name,email\nAda Owner,ada@example.com\nMax Lead,max@example.com\n")
    assert "2 rows read, 2 used.\nPeople: 1 would be added, 1 would be changed" in clerk.sees(
        "import", "people", str(file), "--dry-run"
    )
    assert clerk.gets("import", "people", str(file))["changed"] == 1
    assert clerk.gets("import", "people", str(file))["known"] == 2
    assert person(clerk, "Ada Owner") == Person(name="Ada Owner", email="ada@example.com", slack_member="U012AB3CD")

    file.write_text("name,email\nAda Owner,ada\nMax Lead,max@example.com\nMax Lead,\n")
    refusal = clerk.is_refused("import", "people", str(file))
    assert "people.csv:2: email: has to be one e-mail address" in refusal
    assert "people.csv:4: name: 'Max Lead' stands in line 3 already" in refusal


def test_a_partner_is_written_to_where_it_says(clerk: Operator, tmp_path: Path) -> None:
    assert clerk.sees("partner", "set", "acme", "--email", "post@acme.example") == (
        "Acme is written to at post@acme.example.\n"
    )
    assert "post@acme.example" in clerk.sees("partner", "show", "acme")
    file = tmp_path / "teams.csv"
    file.write_text("id,name,type,region,owner\nacme,Acme,resell,South,Ada Owner\n")
    clerk.sees("import", "partners", str(file))
    assert clerk.gets("partner", "show", "acme")["email"] == "post@acme.example", (
        "who says nothing of it removes nothing"
    )
    file.write_text("id,name,type,region,owner,email\nacme,Acme,resell,South,Ada Owner,new@acme.example\n")
    clerk.sees("import", "partners", str(file))
    assert clerk.gets("partner", "show", "acme")["email"] == "new@acme.example"
    assert clerk.sees("partner", "set", "acme", "--email", "") == "Acme is written to nowhere.\n"
    assert "there is no partner cora" in clerk.is_refused("partner", "set", "cora", "--email", "a@b.example")


# A test message


def test_a_test_message_says_how_each_channel_did(clerk: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    clerk.sees("people", "set", "Ada Owner", "--email", "ada@example.com")
    with MailServer().serving() as server, Receiver().serving() as slack:
        configure(clerk, monkeypatch, server, slack)
        assert clerk.sees("notices", "test", "Ada Owner").splitlines()[1:] == [
            "email    ada@example.com  sent",
            "slack    all              sent",
        ]
        assert server.mails[0]["Subject"] == "A test from Partner program"
        assert json.loads(slack.posts[0][2])["text"] == "A test from Partner program"

        slack.answers = [(404, {}, b"", 0)]
        failed = clerk.types("notices", "test", "Max Lead")
        assert failed.exit_code == 1
        assert "Max Lead has no e-mail address" in " ".join(failed.stdout.split())
        assert "Slack answered 404" in " ".join(failed.stdout.split())

        clerk.sees("partner", "set", "acme", "--email", "post@acme.example")
        clerk.sees("notices", "test", "--partner", "acme")
        assert [str(mail["To"]) for mail in server.mails] == ["Ada Owner <ada@example.com>", "Acme <post@acme.example>"]
        assert len(slack.posts) == 2, "a partner is not told of in Slack"
    assert states(clerk).keys() == {STALL, "bolt/application-1/scorecard-1/declined", "acme/a", "acme/b"}


def configure(clerk: Operator, monkeypatch: pytest.MonkeyPatch, server: MailServer, slack: Receiver) -> None:
    settings: dict[str, Any] = {
        "SMTP_URL": f"smtp://127.0.0.1:{server.port}",
        "MAIL_FROM": "partners@ours.example",
        "SLACK_URL": f"http://127.0.0.1:{slack.port}/s3cret",
        "ALLOW_INSECURE_TARGETS": "127.0.0.1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"GATEHOUSE_{name}", value)
    clerk.installation.settings = type(clerk.installation.settings)(
        home=clerk.installation.settings.home,
        database_url=clerk.installation.settings.database_url,
        temporal=clerk.installation.settings.temporal,
    )


def test_without_a_channel_there_is_nothing_to_test(clerk: Operator) -> None:
    assert "have no channel for them; see GATEHOUSE_SMTP_URL" in clerk.is_refused("notices", "test", "Ada Owner")
    assert "name somebody in the team, or a partner" in clerk.is_corrected("notices", "test")


def test_what_is_dead_is_counted_where_it_can_be_mended(clerk: Operator) -> None:
    with clerk.installation.store.write() as tx:
        bury(tx, "bolt/application-1/scorecard-1/declined")
    told = clerk.types("partner", "set", "bolt", "--email", "post@bolt.example").stderr
    assert 'To Bolt a notice was not delivered: gatehouse notices retry --all-dead --to "Bolt"' in told
    assert clerk.sees("notices", "retry", "--all-dead", "--to", "Bolt") == "One notice is due again.\n"


def bury(tx: Transaction, key: str) -> None:
    tx.notices.give_up(key, "email: no address")
    assert tx.notices.get(key).state == NoticeState.DEAD


# Held, and told together


def test_a_notice_that_is_held_says_until_when(clerk: Operator) -> None:
    with clerk.installation.store.write() as tx:
        tx.notices.write(a_notice("acme/held"), AT, AT + timedelta(hours=21))
    assert "acme/held\n  to Ada Owner, held until 2026-11-23 06:30\n" in clerk.sees("notices", "list", "--undelivered")
    assert "held until  2026-11-23 06:30:00" in clerk.sees("notices", "show", "acme/held")


def test_what_is_told_in_a_digest_says_in_which_and_when(clerk: Operator) -> None:
    digest = a_notice("digests/1", "escalation.digest").model_copy(update={"partner": None})
    with clerk.installation.store.write() as tx:
        for key in ("acme/1", "acme/2"):
            tx.notices.write(a_notice(key), AT)
        tx.notices.bundle(["acme/1", "acme/2"], digest, AT)
    assert "acme/1\n  to Ada Owner, told in digests/1, which was not delivered\n" in clerk.sees("notices", "list")
    assert "acme/1 is told in digests/1, which is to be sent still" in clerk.is_refused("notices", "retry", "acme/1")
    with clerk.installation.store.write() as tx:
        tx.notices.delivered("digests/1", AT + timedelta(minutes=1))
    assert "acme/1\n  to Ada Owner, told in digests/1, delivered 2026-11-22 09:31\n" in clerk.sees("notices", "list")
    one = clerk.gets("notices", "show", "acme/2")
    assert (one["state"], one["digest"], one["delivered_at"]) == ("bundled", "digests/1", "2026-11-22T09:31:00Z")
    assert "told in    digests/1" in clerk.sees("notices", "show", "acme/2")
    assert "What is told in it\n  acme/1\n  acme/2\n" in clerk.sees("notices", "show", "digests/1")
    assert clerk.gets("notices", "show", "digests/1")["bundled"] == ["acme/1", "acme/2"]
    assert "looks after partners." in clerk.sees("notices", "show", "digests/1", "--as", "txt")


# Away, and the week


def test_somebody_is_away_and_back(clerk: Operator) -> None:
    today = clerk.installation.today()
    last = today + timedelta(days=9)
    assert clerk.sees("people", "away", "Ada Owner", *days(today, last), "--stand-in", "Max Lead") == (
        f"Ada Owner is away from {today} to {last}; Max Lead stands in.\n"
    )
    assert f"Ada Owner  {today}  {last}  Max Lead" in clerk.sees("people", "list")
    [ada, *_] = clerk.gets("people", "list")
    assert ada["absences"] == [{"first": str(today), "last": str(last), "stand_in": "Max Lead"}]
    assert clerk.sees("people", "back", "Ada Owner") == "Ada Owner is back; Max Lead does not stand in any more.\n"
    assert "Ada Owner is not away" in clerk.is_refused("people", "back", "Ada Owner")

    first = today + timedelta(days=2)
    clerk.sees("people", "away", "Ada Owner", *days(first, last), "--stand-in", "Max Lead")
    assert clerk.sees("people", "back", "Ada Owner") == f"Ada Owner will be there from {first} to {last}.\n"


def days(first: date, last: date) -> tuple[str, ...]:
    return "--from", str(first), "--until", str(last)


@pytest.mark.parametrize(
    ("first", "last", "stand_in", "said"),
    [
        ("2026-12-02", "2026-12-01", "Max Lead", "2026-12-01 is before 2026-12-02"),
        ("2026-12-01", "2026-12-02", "Ada Owner", "Ada Owner cannot stand in for themselves"),
        ("2026-12-01", "2026-12-02", "Max Leed", "nobody is known by the name Max Leed; did you mean Max Lead?"),
        (
            "2026-12-01",
            "2026-12-02",
            "Zoe",
            "nobody is known by the name Zoe; say how they are reached: gatehouse people",
        ),
        (
            "2026-12-01",
            "2026-12-02",
            "Programme manager",
            "Programme manager could not be told in Ada Owner's place; say how they are reached: gatehouse people",
        ),
        ("2026-12-09", "2026-12-11", "Max Lead", "Ada Owner is away from 2026-12-10 to 2026-12-12 already"),
    ],
)
def test_an_absence_that_makes_no_sense_is_refused(
    clerk: Operator, first: str, last: str, stand_in: str, said: str
) -> None:
    clerk.sees("people", "away", "Ada Owner", *days(date(2026, 12, 10), date(2026, 12, 12)), "--stand-in", "Max Lead")
    absence = ("--from", first, "--until", last, "--stand-in", stand_in)
    assert said in clerk.is_refused("people", "away", "Ada Owner", *absence)


def test_the_week_is_shown_as_it_is_told(clerk: Operator) -> None:
    assert clerk.sees("digest") == "There is nothing to tell.\n"
    assert clerk.sees("digest", "--for", "Ada Owner") == "There is nothing to tell Ada Owner.\n"
    stall = stalled("acme", on=clerk.installation.today())
    with clerk.installation.store.write() as tx:
        tx.escalations.open(stall)
    shown = clerk.sees("digest", "--for", "Max Lead")
    assert shown.startswith(
        f"Max Lead\n  Open, and nobody answers for it: 1\n  - Acme (Ada Owner), since {stall.opened_on}:"
    )
    assert [(weekly["person"], len(weekly["open"])) for weekly in clerk.gets("digest")] == [
        ("Ada Owner", 1),
        ("Max Lead", 1),
    ]

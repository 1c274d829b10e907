"""The plan as people read it: a week, a calendar file, and a live deal that is served."""

import shlex
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from console import screen
from operations.feed import feed, lined_up
from operations.planning import feed_of
from program.partner import Stage
from program.plan import Planned
from program.touch import Touch
from rules.folder import LoadedProgram
from store.database import Store
from tests.console.conftest import Operator
from tests.world import a_partner, changed_program

SINCE = date(2026, 7, 1)
WEDNESDAY = date(2026, 11, 18)
FIRST, LAST = "First co-sell manager", "Programme manager"


@pytest.fixture
def lead(operator: Operator, store: Store) -> Operator:
    """An operator on Wednesday, 18 November 2026, with six strategic partners and a self-serve one."""
    operator.installation.lag = datetime.now(UTC) - datetime(2026, 11, 18, 9, tzinfo=UTC)
    for number in range(6):
        becomes_active(store, f"Acme {number}", "strategic")
    becomes_active(store, "Globex", "self-serve")
    return operator


def becomes_active(store: Store, name: str, tier: str) -> None:
    partner, at = a_partner(name), datetime(2026, 7, 1, tzinfo=UTC)
    with store.write() as tx:
        tx.partners.add([partner], at)
        tx.partners.move(partner.id, "pilot", Stage.PILOT, SINCE, "Taken over.", at)
        tx.partners.move(partner.id, "active", Stage.ACTIVE, SINCE, "Expanded.", at, tier=tier)


def test_a_week_says_who_delivers_what_on_which_day(lead: Operator) -> None:
    found = lead.gets("plan", "week")
    assert found["monday"] == "2026-11-16"
    touches = [touch for one in found["people"] for touch in one["touches"]]
    assert {touch["person"] for touch in touches} <= {one["person"] for one in found["people"]}
    assert all("2026-11-16" <= touch["day"] <= "2026-11-20" for touch in touches)
    seen = lead.sees("plan", "week")
    assert all(touch["partner"] in seen and touch["day"] in seen for touch in touches)


def test_a_quarter_of_weeks_shows_every_touch_of_one_person_once(lead: Operator) -> None:
    weeks = [date(2026, 9, 28) + timedelta(weeks=number) for number in range(14)]
    found = [lead.gets("plan", "week", "--person", FIRST, "--week", str(week)) for week in weeks[::3]]
    assert all(len(week["people"]) == 1 for week in found)
    keys = [(t["partner"], t["kind"], t["begins"]) for week in found for one in week["people"] for t in one["touches"]]
    assert len(keys) == len(set(keys))


def test_a_week_shows_what_partners_had_already(lead: Operator, store: Store) -> None:
    touch = next(touch for one in lead.gets("plan", "week")["people"] for touch in one["touches"])
    with store.write() as tx:
        held = Touch(partner=touch["partner"], delivered_on=WEDNESDAY, kind="Phone call", who="Ada")
        tx.touches.record(held, datetime.now(UTC))
    assert "had one on" not in lead.sees("plan", "week")
    with store.write() as tx:
        tx.touches.record(held.model_copy(update={"kind": touch["kind"]}), datetime.now(UTC))
    assert lead.sees("plan", "week").count("had one on 2026-11-18") == 1


@pytest.mark.parametrize("week", ["0001-01-01", "1899-12-31", "3000-01-01", "9999-12-31"])
def test_a_week_that_no_calendar_reaches_is_refused(lead: Operator, week: str) -> None:
    assert f"{week} is out of reach; name a day from 1900 to 2999" in lead.is_corrected("plan", "week", "--week", week)


@pytest.mark.parametrize("week", ["1900-01-01", "2999-12-31"])
def test_the_first_and_the_last_week_that_can_be_asked_for_are_shown(lead: Operator, week: str) -> None:
    assert lead.gets("plan", "week", "--week", week)["people"]


def test_a_week_in_a_narrow_terminal_breaks_no_name(lead: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "WIDTH", 80)
    seen = lead.sees("plan", "week")
    assert max(map(len, seen.splitlines())) <= 80
    assert all(len(line.split()) < 4 or line.split()[2] in {"strategic", "self-serve"} for line in _touches(seen))


def _touches(seen: str) -> list[str]:
    """The lines of a week that begin with a day."""
    return [line for line in seen.splitlines() if line.startswith("2026-")]


def test_whoever_is_away_has_nothing_in_the_calendar(lead: Operator) -> None:
    busy = next(one["person"] for one in lead.gets("plan", "week")["people"] if one["touches"])
    lead.sees("people", "away", busy, "--from", "2026-11-16", "--until", "2026-11-20", "--stand-in", "Max Lead")
    week = lead.gets("plan", "week", "--person", busy)
    assert [(one["hours"], one["touches"]) for one in week["people"]] == [("0", [])]


def test_somebody_who_is_not_in_the_team_has_no_plan(lead: Operator, tmp_path: Path) -> None:
    said = lead.is_refused("plan", "week", "--person", "Nobody")
    assert "nobody of the team is called Nobody; there are First co-sell manager" in said
    assert "nobody of the team" in lead.is_refused("plan", "feed", "Nobody", "--out", str(tmp_path / "n.ics"))


def events(file: Path) -> dict[str, Any]:
    return {str(event["uid"]): event for event in Calendar.from_ical(file.read_bytes()).walk("VEVENT")}


def test_a_feed_is_a_calendar_that_others_read(lead: Operator, tmp_path: Path) -> None:
    file = tmp_path / "ada.ics"
    said = lead.sees("plan", "feed", FIRST, "--out", str(file))
    found = events(file)
    assert f"{len(found)} touches of {FIRST} from 2026-10-01 to 2027-03-31" in said
    assert {str(event["status"]) for event in found.values()} == {"CONFIRMED", "TENTATIVE"}
    for event in found.values():
        starts, ends = event.decoded("dtstart"), event.decoded("dtend")
        assert starts < ends
        assert (starts.year, str(event["status"])) in {(2026, "CONFIRMED"), (2027, "TENTATIVE")}
    assert any("Co-sell session" in str(event["summary"]) for event in found.values())


def test_a_feed_says_the_command_that_records_a_touch_once_it_was_held(lead: Operator, tmp_path: Path) -> None:
    file = tmp_path / "ada.ics"
    lead.sees("plan", "feed", FIRST, "--out", str(file))
    review = next(event for event in events(file).values() if "Pipeline review" in str(event["summary"]))
    [said] = [line for line in str(review["description"]).splitlines() if "gatehouse touch" in line]
    assert "Pipeline review by First co-sell manager on 2026-11-18 is recorded." in lead.sees(
        *shlex.split(said.partition("gatehouse ")[2])
    )


def test_a_feed_that_is_written_again_keeps_the_identity_of_its_touches(lead: Operator, tmp_path: Path) -> None:
    file = tmp_path / "ada.ics"
    lead.sees("plan", "feed", LAST, "--out", str(file))
    before = set(events(file))
    becomes_active(lead.installation.store, "Hooli", "growth")
    lead.sees("plan", "feed", LAST, "--out", str(file))
    assert before < set(events(file))


def test_a_feed_names_the_programs_time_zone(store: Store, default_program: LoadedProgram) -> None:
    program = changed_program(default_program, ("timezone: UTC", "timezone: Europe/Berlin")).program
    becomes_active(store, "Acme", "strategic")
    with store.read() as tx:
        plans = feed_of(tx, program, FIRST, WEDNESDAY)
    calendar = Calendar.from_ical(feed(program, FIRST, plans, datetime(2026, 11, 18, tzinfo=UTC)))
    assert [str(zone["tzid"]) for zone in calendar.walk("VTIMEZONE")] == ["Europe/Berlin"]
    starts = calendar.walk("VEVENT")[0].decoded("dtstart")
    assert starts.time().isoformat() == "09:00:00"
    assert starts.utcoffset() == starts.replace(tzinfo=ZoneInfo("Europe/Berlin")).utcoffset()


def test_touches_of_one_day_stand_one_after_the_other(default_program: LoadedProgram) -> None:
    touches = [
        Planned.model_validate(
            {"partner": name, "name": name, "tier": "t", "kind": "k", "hours": hours, "person": "Ada", "fits": True}
            | dict.fromkeys(("begins", "first", "last", "day"), WEDNESDAY)
        )
        for name, hours in (("acme", "1.5"), ("globex", "2"), ("hooli", "30"))
    ]
    found = [(starts, ends) for _, starts, ends in lined_up(touches, default_program.program.calendar.working)]
    at = [datetime(2026, 11, 18, hour, minute, tzinfo=UTC) for hour, minute in ((9, 0), (10, 30), (12, 30))]
    assert found == [(at[0], at[1]), (at[1], at[2]), (WEDNESDAY, WEDNESDAY + timedelta(days=1))]


def test_a_calendar_that_cannot_be_written_is_refused(lead: Operator, tmp_path: Path) -> None:
    assert "cannot be written" in lead.is_refused("plan", "feed", FIRST, "--out", str(tmp_path / "no" / "a.ics"))
    assert "is a folder" in lead.is_refused("plan", "feed", FIRST, "--out", str(tmp_path))


# A live deal


def serves(tier: str = "strategic", until: str = "2026-12-18", *more: str) -> list[str]:
    reason = "A deal with Initech"
    return ["partner", "serve", "globex", "--tier", tier, "--until", until, "--by", "Ada", "--reason", reason, *more]


def test_a_live_deal_is_served_and_the_tier_stays(lead: Operator) -> None:
    assert "receives what strategic does until 2026-12-18; its tier stays self-serve" in lead.sees(*serves())
    shown = lead.gets("partner", "show", "globex")
    assert shown["tier"] == "self-serve"
    assert shown["service_overrides"][0]["reason"] == "A deal with Initech"
    assert "strategic until 2026-12-18, granted by Ada: A deal with Initech" in lead.sees("partner", "show", "globex")
    weeks = [lead.gets("plan", "week", "--week", day) for day in ("2026-11-18", "2026-11-25")]
    owed = [t for week in weeks for one in week["people"] for t in one["touches"] if t["partner"] == "globex"]
    assert "Co-sell session" in {touch["kind"] for touch in owed}


def test_an_override_ends_by_itself(lead: Operator) -> None:
    lead.sees(*serves(until="2026-11-20"))
    lead.installation.lag -= timedelta(days=3)
    assert "granted by" not in lead.sees("partner", "show", "globex")
    assert lead.gets("partner", "show", "globex")["service_overrides"]
    lead.sees(*serves())


def test_there_is_one_override_at_a_time_and_it_can_be_ended(lead: Operator) -> None:
    lead.sees(*serves())
    refused = lead.is_refused(*serves("growth"))
    assert "receives what strategic does until 2026-12-18 already" in refused
    assert "`gatehouse partner serve globex --end` ends it today" in refused
    assert "--end stands alone" in lead.is_corrected(*serves("growth"), "--end")
    assert "ends today, 2026-11-18" in lead.sees("partner", "serve", "globex", "--end")
    lead.installation.lag -= timedelta(days=1)
    assert "no override to end" in lead.is_refused("partner", "serve", "globex", "--end")
    lead.sees(*serves("growth"))


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (serves("gold"), "there is no tier gold; there are strategic, growth, self-serve"),
        (serves("self-serve"), "is in self-serve and receives its service already"),
        (serves(until="2026-11-17"), "2026-11-17 is over"),
        (serves(until="2027-04-01"), "lasts to that day at most"),
    ],
)
def test_an_override_that_is_no_override_is_refused(lead: Operator, command: list[str], said: str) -> None:
    assert said in " ".join(lead.is_refused(*command).split())


def test_only_an_active_partner_has_a_service_to_override(lead: Operator, store: Store) -> None:
    with store.write() as tx:
        tx.partners.add([a_partner("Initech")], datetime.now(UTC))
    command = ["initech" if word == "globex" else word for word in serves()]
    assert "initech is prospect; only active partners have a tier's service" in lead.is_refused(*command)
    assert "say --tier" in lead.is_corrected("partner", "serve", "globex")

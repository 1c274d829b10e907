"""What was true of a partner on a day, and what was known of it then."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from activities.departure import Closing, Departure
from activities.roster import RescoreBegin, RescorePublish
from console.then import instant
from program.calendar import Clock, Quarter
from program.opportunity import Opportunity
from tests.activities.conftest import START, Office, at, day
from tests.activities.test_roster import pages, wins
from tests.console.conftest import Operator
from tests.world import a_scorecard


def then(operator: Operator, partner: str, as_of: date, known_at: date | str | None = None) -> dict[str, Any]:
    known = ("--known-at", str(known_at)) if known_at else ()
    shown: dict[str, Any] = operator.gets("partner", "show", partner, "--as-of", str(as_of), *known)
    return shown


def test_a_late_deal_changes_what_was_true_and_not_what_was_known(operator: Operator, office: Office) -> None:
    partner = office.in_pilot("Acme")
    office.brings(partner, day(3), known=day(3), qualified_on=day(4))
    before = then(operator, partner, day(7)), then(operator, partner, day(7), day(7))
    assert before[0]["opportunities"] == before[1]["opportunities"]

    office.brings(partner, day(5), known=day(40), qualified_on=day(6))  # learned five weeks later

    true, known = then(operator, partner, day(7)), then(operator, partner, day(7), day(7))
    assert true["opportunities"] == {
        "created": 2,
        "qualified": 2,
        "progressed": 0,
        "won": 0,
        "lost": 0,
        "open": 2,
        "won_value": "0",
        "open_value": "0",
        "of_unknown_value": 2,
    }
    assert known == before[1]
    assert (true["pilot"]["qualified_opportunities"], known["pilot"]["qualified_opportunities"]) == (2, 1)
    assert then(operator, partner, day(7), day(40)) == then(operator, partner, day(7), day(41)) | {
        "known_at": then(operator, partner, day(7), day(40))["known_at"]
    }
    assert then(operator, partner, day(4))["opportunities"] == before[0]["opportunities"]  # the day before it began


def test_a_deal_that_was_corrected_is_shown_as_it_was_known(operator: Operator, office: Office) -> None:
    partner = office.in_pilot("Acme")
    deal = Opportunity(id="O-1", partner=partner, created_on=day(2), closed_on=day(9), won=True, value=Decimal(1000))
    with office.store.write() as tx:
        tx.opportunities.record([deal], "crm", at(day(10)))
        tx.opportunities.record([deal.model_copy(update={"won": False})], "crm", at(day(20)))

    def counted(as_of: date, known_at: date | None = None) -> tuple[object, ...]:
        found = then(operator, partner, as_of, known_at)["opportunities"]
        return tuple(found[name] for name in ("created", "won", "lost", "open", "won_value", "of_unknown_value"))

    assert counted(day(30)) == (1, 0, 1, 0, "0", 0)
    assert counted(day(30), day(15)) == (1, 1, 0, 0, "1000.00", 0)
    assert counted(day(30), day(9)) == (0, 0, 0, 0, "0", 0)
    assert counted(day(8)) == (1, 0, 0, 1, "0", 1)  # it was open, and its value is known from its closing


def test_a_partner_stood_where_it_had_come_by_then(operator: Operator, office: Office) -> None:
    partner = office.applied("Acme", day(0))
    office.submits(partner, a_scorecard(), on=day(10))

    stages = [then(operator, partner, on)["stage"] for on in (START - timedelta(days=1), day(0), day(9), day(10))]

    assert stages == ["prospect", "applied", "applied", "pilot"]
    assert then(operator, partner, day(10), day(9))["stage"] == "applied"
    assert then(operator, partner, day(10), day(9))["decisions"] == []
    assert [d["outcome"] for d in then(operator, partner, day(10))["decisions"]] == ["sign"]


def test_a_pilot_that_was_taken_over_was_true_before_it_was_known(operator: Operator, office: Office) -> None:
    partner = office.knows("Acme")
    office.enters(partner, day(23), pilot_since=day(2))
    assert then(operator, partner, day(9))["stage"] == "pilot"
    assert then(operator, partner, day(9), day(9))["stage"] == "prospect"
    assert then(operator, partner, day(9), day(9))["pilot"] is None


def test_a_tier_is_the_one_of_the_move_until_a_rescore_is_published(operator: Operator, office: Office) -> None:
    partner = office.active("Acme", since=date(2016, 12, 1))
    wins(office, partner, Quarter(year=2017, number=1))
    begun = date(2017, 4, 3)
    begin = RescoreBegin(quarter=Quarter(year=2017, number=1), as_of=date(2017, 3, 31), known_at=at(begun))
    terms = office.run(office.roster.begin_rescore, begin)
    list(pages(office, office.roster.score_page, terms))
    office.run(office.roster.cut_tiers, terms)
    list(pages(office, office.roster.move_page, terms))
    assert then(operator, partner, begun)["tier"] == "growth"  # nobody has moved before all have
    published = begun + timedelta(days=2)  # it was held up
    office.run(office.roster.publish, RescorePublish(terms=terms, at=at(published)))

    before, after = then(operator, partner, published - timedelta(days=1)), then(operator, partner, published)

    assert (before["tier"], before["tier_by"]) == ("growth", "its move of 2016-12-01")
    assert (after["tier"], after["tier_by"]) == ("strategic", "the re-score of 2017Q1, published on 2017-04-05")
    assert then(operator, partner, published, published - timedelta(days=1))["tier"] == "growth"
    assert then(operator, partner, date(2016, 11, 30))["tier"] is None


def test_a_tier_is_kept_under_notice_and_no_longer(operator: Operator, office: Office) -> None:
    partner = office.active("Acme", tier="strategic")
    departure = Departure(
        partner=partner, application=1, because="Sold.", as_of=day(9), known_at=at(day(9)), clock=Clock()
    )
    last_day = office.run(office.departures.give_notice, departure).last_day
    closing = Closing(
        partner=partner, application=1, because="Sold.", as_of=last_day, known_at=at(last_day), clock=Clock()
    )
    office.run(office.departures.close_record, closing)

    tiers = [then(operator, partner, on)["tier"] for on in (day(8), day(9), last_day)]

    assert tiers == ["strategic", "strategic", None]


def test_facts_are_shown_with_where_they_came_from(operator: Operator, office: Office) -> None:
    partner = office.knows("Acme")
    with office.store.write() as tx:
        tx.facts.record(partner, {"certified": True, "share": 0.25}, day(1), "ISO audit", at(day(2)))
        tx.facts.record(partner, {"share": 0.5}, day(1), "review", at(day(9)))

    assert then(operator, partner, day(5), day(5))["facts"] == [
        {"name": "certified", "value": True, "source": "ISO audit", "true_of": str(day(1))},
        {"name": "share", "value": 0.25, "source": "ISO audit", "true_of": str(day(1))},
    ]
    assert then(operator, partner, day(5))["facts"][1]["source"] == "review"
    assert then(operator, partner, day(0))["facts"] == []


def test_what_nobody_can_tell_is_left_out_and_said(operator: Operator, office: Office) -> None:
    partner = office.in_pilot("Acme")
    office.prepares(partner)
    for week in (1, 2, 3):
        office.pilots.look_at_week(office.looks(partner, week))
    with office.store.read() as tx:
        stalls = tx.escalations.listed(partner=partner)

    true, known = then(operator, partner, day(21)), then(operator, partner, day(21), day(21))

    assert (true["pilot"]["accounts"], true["pilot"]["plays"], true["pilot"]["next_action"]) == (25, 2, True)
    assert (known["pilot"]["accounts"], known["pilot"]["plays"], known["pilot"]["next_action"]) == (None, None, None)
    assert [e["key"] for e in true["escalations"]] == [stall.key for stall in stalls]
    assert (known["escalations"], true["left_out"]) == (None, [])
    assert known["left_out"] == [
        "Mapped accounts, joint plays and next actions are left out: when they were learned is not kept.",
        "Escalations are left out: when they were learned is not kept.",
    ]
    assert then(operator, partner, day(20))["escalations"] == []
    with office.store.write() as tx:
        for stall in stalls:
            tx.escalations.keep(stall.model_copy(update={"answered_by": "Ada"}))
    assert then(operator, partner, day(21))["left_out"] == [
        "When an escalation was answered is not kept: it may have been later."
    ]
    with office.store.write() as tx:
        for stall in stalls:
            tx.escalations.end(stall.key, "Over.", day(30), at(day(30)))
    assert len(then(operator, partner, day(29))["escalations"]) == len(stalls) == 2
    assert then(operator, partner, day(30))["escalations"] == []


def test_a_page_tells_it_in_words(operator: Operator, office: Office) -> None:
    partner = office.in_pilot("Acme")
    office.prepares(partner)
    office.succeeds(partner)
    office.pilots.look_at_week(office.looks(partner, 1))
    with office.store.write() as tx:
        tx.facts.record(partner, {"certified": True}, day(1), "ISO audit", at(day(2)))

    true = operator.sees("partner", "show", partner, "--as-of", str(day(10)))
    noon = f"{day(10)}T12:00:00+01:00"
    known = operator.sees("partner", "show", partner, "--as-of", str(day(10)), "--known-at", noon)

    assert true.startswith(f"Acme (acme) as of {day(10)}, by what is known by now\n")
    assert known.startswith(f"Acme (acme) as of {day(10)}, by what was known at {day(10)} 11:00:00 UTC\n")
    for said in (
        "pilot since 2017-03-01",
        "2: 2 qualified, 2 progressed",
        "0 won, 0 lost, 2 open",
        "0 won, 0 open; the value of 2 is not known",
        "1, day 10 of 60",
        "2 of 6",
        "ISO audit",
        "on_track",
    ):
        assert said in true
        assert said in known
    assert "25 mapped" in true
    assert "25 mapped" not in known
    assert "when they were learned is not kept" in " ".join(known.split())
    assert max(map(len, [*true.splitlines(), *known.splitlines()])) <= 100


def test_only_the_last_few_decisions_are_shown(operator: Operator, office: Office) -> None:
    partner = office.in_pilot("Acme")
    for week in (1, 2, 3):
        office.pilots.look_at_week(office.looks(partner, week))
    shown = operator.gets("partner", "show", partner, "--as-of", str(day(14)), "--last", "2")
    assert [decision["purpose"] for decision in shown["decisions"]] == [
        "application-1/pilot-1/week-1",
        "application-1/pilot-1/week-2",
    ]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2017-03-05T10:00:00Z", "2017-03-05T10:00:00+00:00"),
        ("2017-03-05T10:00Z", "2017-03-05T10:00:00+00:00"),
        ("2017-03-05T10:00:00.25+02:00", "2017-03-05T08:00:00.250000+00:00"),
        ("2017-03-05", "2017-03-05T22:59:59.999999+00:00"),
        ("2017-03-25", "2017-03-25T22:59:59.999999+00:00"),
        ("2017-03-26", "2017-03-26T21:59:59.999999+00:00"),  # the clocks were put forward
    ],
)
def test_an_instant_has_its_zone_and_a_day_ends_in_the_programs(text: str, meant: str) -> None:
    assert instant(text, Clock(timezone="Europe/Berlin")) == datetime.fromisoformat(meant)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--known-at", "2017-03-05"), "say of which day, with --as-of"),
        (("--as-of", "March"), "'March' is no day"),
        (("--as-of", "2017-03-05", "--known-at", "2017-03-05T10:00:00"), "write one with its time zone"),
        (("--as-of", "2017-03-05", "--known-at", "now"), "'now' is no day"),
        (("--as-of", "2017-03-05", "--known-at", "2017-03-05T25:00:00Z"), "there is no instant 2017-03-05T25:00:00Z"),
        (("--as-of", "2017-03-05", "--known-at", "9999-12-31"), "there is no instant 9999-12-31"),
        (("--as-of", "2017-03-05", "--known-at", "0001-01-01T00:00:00+05:00"), "there is no instant"),
    ],
)
def test_what_is_no_day_and_no_instant_is_corrected(operator: Operator, options: tuple[str, ...], said: str) -> None:
    assert said in operator.is_corrected("partner", "show", "acme", *options)


def test_what_nobody_can_have_known_is_refused(operator: Operator, office: Office) -> None:
    partner = office.knows("Acme")
    shown = ("partner", "show", partner, "--as-of")
    assert "there is no partner bolt" in operator.is_refused("partner", "show", "bolt", "--as-of", str(day(1)))
    refused = operator.is_refused(*shown, str(day(1)), "--known-at", str(day(-1)))
    assert f"nothing was known of acme at {day(-1)} 23:59:59 UTC; it was added at {START} 06:00:00 UTC" in refused
    assert "9000-01-01 has not come yet; today is" in operator.is_refused(*shown, "9000-01-01")

"""A gate that declines nobody any more, and who hears of it."""

from datetime import date

import pytest

from activities import gate
from activities.roster import RescoreBegin, Rescored
from operations.requalifying import requalify
from program.calendar import Quarter
from program.partner import Stage
from tests.activities.conftest import START, Office, at
from tests.activities.test_roster import publish, rescores
from tests.world import a_scorecard

Q1, Q2 = (Quarter(year=2017, number=number) for number in (1, 2))
KEY = "gate/rescore-2017Q1"


def signs(office: Office, number: int, of: str = "Partner") -> None:
    for place in range(number):
        office.in_pilot(f"{of} {place}")


def declines(office: Office, name: str) -> None:
    partner = office.applied(name)
    office.submits(partner, a_scorecard(market=1))


def told(office: Office) -> list[tuple[str, str]]:
    with office.store.read() as tx:
        return [(p.notice.key, p.notice.recipient) for p in tx.notices.listed() if p.notice.kind == "team.gate"]


def test_the_program_lead_is_told_once_a_quarter_that_the_gate_has_stopped_declining(office: Office) -> None:
    led = office.changed(('lead: ""', "lead: Lea Lead"))
    office.puts_in_force(led, date(2017, 3, 2))
    declines(office, "Nobody")
    signs(office, 10)

    assert [rescores(office, Q1) for _ in range(2)] == [Rescored(quarter=Q1, tiers={}, moves={})] * 2

    assert told(office) == [(KEY, "Lea Lead")]
    assert office.notices()[KEY].startswith(
        "The gate has stopped declining\n"
        "The gate has stopped declining: 10 candidates in a row were signed, "
        "and the last to be declined was on 2017-03-01."
    )
    rescores(office, Q2)  # nobody was signed in it
    assert told(office) == [(KEY, "Lea Lead")]


@pytest.mark.parametrize(("away", "recipient"), [(date(2017, 3, 31), "Lea Lead"), (date(2017, 4, 6), "Ada Owner")])
def test_whoever_stands_in_on_the_day_it_is_told_hears_of_it(office: Office, away: date, recipient: str) -> None:
    office.puts_in_force(office.changed(('lead: ""', "lead: Lea Lead")), date(2017, 3, 2))
    signs(office, 10)
    office.is_away("Lea Lead", away, away)
    begin = RescoreBegin(quarter=Q1, as_of=Q1.last_day, known_at=at(date(2017, 4, 6)))
    publish(office, office.run(office.roster.begin_rescore, begin))
    assert told(office) == [(KEY, recipient)]


def test_where_nobody_leads_the_operators_are_told(office: Office) -> None:
    signs(office, 10)
    rescores(office, Q1)
    assert told(office) == [(KEY, "operators")]


def test_whoever_is_decided_about_after_the_quarter_changes_nothing_of_what_is_told_of_it(office: Office) -> None:
    signs(office, 10)
    late = office.applied("Late", Q2.first_day)
    office.submits(late, a_scorecard(market=1), on=Q2.first_day)
    rescores(office, Q1, as_of=date(2017, 4, 10))
    assert told(office) == [(KEY, "operators")]


def test_nobody_is_told_of_a_gate_that_declines(office: Office) -> None:
    signs(office, 5, "Early")
    declines(office, "Nobody")
    signs(office, 9, "Late")
    rescores(office, Q1)
    assert told(office) == []


def test_whoever_is_qualified_anew_does_not_pass_the_gate_again(office: Office) -> None:
    partner = office.in_pilot("Acme")
    with office.store.write() as tx:
        tx.partners.move(partner, "active", Stage.ACTIVE, START, "Expanded.", at(START), tier="growth")
    requalify(office.store, office.program, date(2017, 6, 1), at(date(2017, 6, 1)), record=True)
    with office.store.read() as tx:
        assert [decision.purpose for _, decision in gate.decided(tx, date(2017, 7, 1))] == ["application-1/scorecard-1"]
        assert len(tx.decisions.listed(policy="qualification")) == 2

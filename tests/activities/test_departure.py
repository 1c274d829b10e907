"""The way out: notice keeps its last day, unless it is waived."""

from typing import Any

import pytest

from activities.departure import Departure, Leaving
from program.calendar import Clock
from program.errors import Refused
from program.partner import Stage
from tests.activities.conftest import Office, at, day
from tests.world import a_scorecard, changed_program


def leave(office: Office, partner: str, on: int = 100, **more: Any) -> Leaving:
    values = {"partner": partner, "application": 1, "because": "The company was sold.", "clock": Clock()}
    departure = Departure.model_validate({**values, "as_of": day(on), "known_at": at(day(on)), **more})
    return office.run(office.departures.give_notice, departure)


def in_stage(office: Office, stage: Stage) -> str:
    if stage == Stage.ACTIVE:
        return office.active("Acme")
    if stage == Stage.PILOT:
        return office.in_pilot("Acme")
    partner = office.applied("Acme")
    if stage == Stage.DEFERRED:
        office.submits(partner, a_scorecard(without=("people",)))
    return partner


@pytest.mark.parametrize(
    ("stage", "days"), [(Stage.ACTIVE, 30), (Stage.PILOT, 14), (Stage.APPLIED, 0), (Stage.DEFERRED, 0)]
)
def test_a_partner_stays_for_the_notice_its_stage_is_owed(office: Office, stage: Stage, days: int) -> None:
    partner = in_stage(office, stage)
    tier = office.standing(partner).tier
    leaving = leave(office, partner)
    standing = office.standing(partner)
    assert leaving.last_day == standing.next_date == day(100 + days)
    assert (standing.stage, standing.tier) == (Stage.LEAVING, tier)
    told = office.notices()[leaving.notices[0]]
    ends = [
        f"Our partnership ends on {leaving.last_day}",
        "The company was sold.",
        f"Until {leaving.last_day} everything stays as it is; open deals are handed over then.",
    ]
    closed = [f"Your application to our partner program ends on {day(100)}", "The company was sold."]
    assert told.splitlines() == (ends if days else closed)


@pytest.mark.parametrize("because", ["The company was sold.", "Two quarters have gone."])
def test_notice_that_was_given_keeps_its_last_day(office: Office, because: str) -> None:
    partner = office.active("Acme")
    first = leave(office, partner)
    office.puts_in_force(
        changed_program(office.program, ("{pilot: 14, active: 30}", "{pilot: 1, active: 1, leaving: 1}")), day(101)
    )
    assert leave(office, partner, on=110, because=because) == first
    assert office.standing(partner).since == day(100)


def test_waiving_ends_the_notice_that_runs(office: Office) -> None:
    partner = office.active("Acme")
    leave(office, partner)
    assert leave(office, partner, on=110, waive_notice=True).last_day == day(110)
    assert office.standing(partner).next_date == day(110)


def test_waived_from_the_start_there_is_none(office: Office) -> None:
    leaving = leave(office, office.active("Acme"), waive_notice=True)
    assert leaving.last_day == day(100)
    told = office.notices()[leaving.notices[0]].splitlines()
    assert told[1:] == ["The company was sold.", "Open deals are handed over."]


def test_who_has_left_cannot_leave_again(office: Office) -> None:
    partner = office.applied("Acme")
    office.submits(partner, a_scorecard(market=1))
    with pytest.raises(Refused, match="acme is declined; from there it can become applied, not leaving"):
        leave(office, partner)

"""What a partner's type has otherwise than the program holds wherever that partner is concerned."""

import pytest

from activities.departure import Departure
from activities.sweep import SweepPage
from program.calendar import Clock
from program.partner import Stage
from tests.activities.conftest import START, Office, at, day
from tests.world import a_scorecard

RESELL = "    targets: {qualified: 6, progressed: 3}\n"


@pytest.fixture
def lenient(office: Office) -> Office:
    """An office whose program is more lenient with partners that resell, as all of its partners do."""
    overrides = """    overrides:
      deferral_days: 120
      pilot.days: 90
      pilot.plays: 1
      scorecard.minimum: 3
      scorecard.sections.fit.criteria.market.minimum: 3
      exit.notice_days.pilot: 7
      stalls.applied: 21
"""
    office.puts_in_force(office.changed((RESELL, RESELL + overrides)), START)
    return office


def test_a_candidate_is_held_to_the_minima_of_its_type(lenient: Office, office: Office) -> None:
    partner = lenient.applied("Acme")
    assert lenient.submits(partner, a_scorecard(market=3)).stage == Stage.PILOT
    (decision,) = office.decisions(partner)
    assert (decision.facts["minimum_market"], decision.facts["minimum_motion"]) == (3, 4)


def test_a_pilot_is_agreed_on_the_plan_of_its_type(lenient: Office) -> None:
    plan = lenient.terms(lenient.in_pilot("Acme")).plan
    assert (plan.days, plan.plays, plan.fewest_accounts) == (90, 1, 20)


def test_a_deferral_waits_as_long_as_its_type_may(lenient: Office) -> None:
    partner = lenient.applied("Acme")
    assert lenient.submits(partner, a_scorecard(without=("people",))).deferred_until == day(120)


def test_notice_is_what_its_type_is_owed(lenient: Office) -> None:
    partner = lenient.in_pilot("Acme")
    leaving = Departure(
        partner=partner, application=1, because="Sold.", as_of=day(10), known_at=at(day(10)), clock=Clock()
    )
    assert lenient.run(lenient.departures.give_notice, leaving).last_day == day(17)


@pytest.mark.parametrize(("days", "outcome"), [(21, "moving"), (22, "stalled")])
def test_patience_is_that_with_its_type(lenient: Office, days: int, outcome: str) -> None:
    partner = lenient.applied("Acme")
    lenient.run(lenient.sweeps.look_for_stalls, SweepPage(as_of=day(days), known_at=at(day(days)), clock=Clock()))
    assert [decision.ruling.outcome for decision in lenient.decisions(partner, "stall")] == [outcome]

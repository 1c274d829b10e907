"""Whether what an escalation is about is still so, asked of the store on any day."""

from datetime import date
from typing import Any

import pytest

from activities.sweep import SweepPage
from activities.watching import over
from program.calendar import Clock
from program.escalation import Escalation
from program.partner import Stage
from tests.activities.conftest import Office, at, day


def found_in_week(office: Office, partner: str, week: int) -> dict[str, Escalation]:
    """What a checkpoint finds, by condition."""
    return {e.condition: e for e in office.pilots.look_at_week(office.looks(partner, week)).escalations}


def swept(office: Office, on: date) -> dict[str, Escalation]:
    page = office.run(office.sweeps.look_for_stalls, SweepPage(as_of=on, known_at=at(on), clock=Clock()))
    with office.store.read() as tx:
        found = [tx.escalations.get(key) for key in page.escalations]
    return {e.condition: e for e in found}


def why_over(office: Office, escalation: Escalation, on: date) -> str | None:
    program = office.shelf.get(escalation.program)
    with office.store.read() as tx:
        return over(tx, program, escalation, on, at(on))


def is_over(office: Office, found: dict[str, Escalation], on: date) -> dict[str, str]:
    """What of it is over on a day, and why."""
    reasons = {condition: why_over(office, escalation, on) for condition, escalation in found.items()}
    return {condition: why for condition, why in reasons.items() if why}


def test_a_stall_lasts_as_long_as_nothing_happens(office: Office) -> None:
    partner = office.in_pilot("Acme")
    found = found_in_week(office, partner, 4)
    assert len(found) == 4
    for number in range(28, 60):
        assert is_over(office, found, day(number)) == {}


def test_evidence_of_the_same_day_ends_a_stall_of_a_pilot(office: Office) -> None:
    partner = office.in_pilot("Acme")
    found = found_in_week(office, partner, 4)
    office.brings(partner, day(30), 4, qualified_on=day(30))
    office.has_a_next_action(partner, day(30))
    assert is_over(office, found, day(29)) == {}
    assert is_over(office, found, day(30)) == {
        "three_weeks_without_movement": "Something was created or progressed.",
        "nothing_created_by_week_three": "Opportunities created: 4 instead of 0.",
        "targets_out_of_reach": "Opportunities that will have met it at the present pace: 7 instead of 0.",
        "no_next_action": "A next action is recorded.",
    }


def test_evidence_of_which_nobody_knew_yet_ends_nothing(office: Office) -> None:
    partner = office.in_pilot("Acme")
    found = found_in_week(office, partner, 3)
    office.brings(partner, day(20), known=day(25))
    assert is_over(office, found, day(24)) == {}
    assert set(is_over(office, found, day(25))) == {"three_weeks_without_movement", "nothing_created_by_week_three"}


def test_movement_after_the_last_checkpoint_ends_a_stall_too(office: Office) -> None:
    partner = office.in_pilot("Acme")
    found = found_in_week(office, partner, 8)
    assert is_over(office, found, day(59)) == {}
    office.brings(partner, day(58))
    assert "three_weeks_without_movement" in is_over(office, found, day(58))


def test_with_the_pilot_its_stalls_are_over(office: Office) -> None:
    partner = office.in_pilot("Acme")
    found = found_in_week(office, partner, 2)
    office.pilots.judge(office.judges(partner))
    assert is_over(office, found, day(60)) == {"no_next_action": "Pilot 1 of application 1 is over."}


def test_who_left_the_stage_has_stalled_in_it_no_more(office: Office) -> None:
    partner = office.in_pilot("Acme")
    found = found_in_week(office, partner, 2)
    with office.store.write() as tx:
        tx.partners.move(partner, "leaves", Stage.LEAVING, day(20), "Sold.", at(day(20)))
    assert is_over(office, found, day(20)) == {"no_next_action": "The partner is no longer in its pilot."}


def test_an_open_verdict_is_over_once_what_it_waits_for_is_known(office: Office) -> None:
    partner = office.in_pilot("Acme")
    deal = {"qualified_on": day(1), "progressed_on": day(2)}
    office.brings(partner, day(1), 6, **deal, mutual=None)
    asked = office.pilots.judge(office.judges(partner)).escalation
    assert asked
    assert why_over(office, asked, day(61)) is None
    office.brings(partner, day(1), 1, known=day(62), **deal, mutual=False)
    assert why_over(office, asked, day(62)) is None
    office.brings(partner, day(1), 6, known=day(63), **deal, mutual=True)
    assert why_over(office, asked, day(62)) is None
    assert why_over(office, asked, day(63)) == "Deals that both sides worked: 6 instead of 0 to 6."


@pytest.mark.parametrize(
    ("stage", "moves_to", "said"),
    [
        ("applied", Stage.DEFERRED, "The partner is no longer waiting for its scorecard."),
        ("deferred", Stage.DECLINED, "The partner is no longer deferred."),
    ],
)
def test_a_candidate_that_was_decided_on_has_stalled_no_more(
    office: Office, stage: str, moves_to: Stage, said: str
) -> None:
    partner = office.applied("Acme")
    if stage == "deferred":
        with office.store.write() as tx:
            tx.partners.move(partner, "deferred", Stage.DEFERRED, day(0), "So.", at(day(0)))
    (found,) = swept(office, day(46)).values()
    assert why_over(office, found, day(50)) is None
    with office.store.write() as tx:
        tx.partners.move(partner, "decided", moves_to, day(51), "So.", at(day(51)))
    assert why_over(office, found, day(51)) == said


@pytest.mark.parametrize(
    ("condition", "evidence", "said"),
    [
        ("service_not_delivered", "served", "Days since its service was last delivered: 1 instead of 47."),
        (
            "opportunity_unanswered",
            "answered",
            "Business days that an opportunity it submitted waits for our answer: 0 instead of 34.",
        ),
        ("partner_silent", "moved", "Days since something last happened: 0 instead of 46."),
    ],
)
def test_what_comes_of_an_active_partner_ends_its_own_stall_alone(
    office: Office, condition: str, evidence: str, said: str
) -> None:
    partner = office.active("Acme", since=day(31))
    submitted: dict[str, Any] = {"submitted_on": day(32), "mutual": True}
    office.brings(partner, day(32), **submitted)
    found = swept(office, day(78))
    if evidence == "served":
        office.serves(partner, day(78), known=day(79))
    elif evidence == "answered":
        office.brings(partner, day(32), known=day(79), **submitted, answered_on=day(79))
    else:
        office.brings(partner, day(79), known=day(79))
    assert is_over(office, found, day(78)) == {}
    assert is_over(office, found, day(79)) == {condition: said}


def test_a_quarter_that_is_over_takes_its_stalls_with_it(office: Office) -> None:
    office.active("Acme", since=day(31))
    found = swept(office, date(2017, 6, 28))
    assert is_over(office, found, date(2017, 6, 30)) == {}
    assert set(is_over(office, found, date(2017, 7, 1)).values()) == {"2017Q2 is over."}

"""The weekly sweep, asked of the store as the workflow asks it."""

from datetime import date
from typing import Any

import pytest

import activities.sweep
from activities.sweep import SweepPage
from program.calendar import Quarter
from program.escalation import EscalationState
from program.partner import Stage, Standing
from tests.activities.conftest import START, Office, at, day
from tests.store.contents import contents

Q2 = Quarter(year=2017, number=2)


def sweep(office: Office, on: date, after: str | None = "") -> SweepPage:
    return office.run(office.sweeps.look_for_stalls, SweepPage(as_of=on, known_at=at(on), after=after))


def escalations(office: Office) -> list[tuple[Any, ...]]:
    return contents(office.store)["escalations"]


def test_a_stall_opens_one_escalation_however_often_it_is_seen(office: Office) -> None:
    office.active("Acme", since=Q2.first_day)
    weeks = [sweep(office, date(2017, 5, day)) for day in (17, 24, 31)]
    assert [len(week.escalations) for week in weeks] == [1, 1, 1]
    assert weeks[0].escalations == weeks[1].escalations == weeks[2].escalations
    assert weeks[0].notices == weeks[2].notices
    assert len(escalations(office)) == len(office.notices()) == 1

    key = weeks[0].escalations[0].key
    assert key == "acme/active/partner_silent/2017Q2"
    office.answers(key)
    answered = sweep(office, date(2017, 6, 7))
    assert [e.state for e in answered.escalations] == [EscalationState.ACKNOWLEDGED]
    assert answered.notices == ()
    assert len(sweep(office, date(2017, 7, 5)).escalations) == 1  # another quarter, another cycle
    assert len(escalations(office)) == 2


def in_stage(office: Office, stage: str) -> Standing:
    if stage == "applied":
        partner = office.applied("Acme")
    elif stage == "deferred":
        partner = office.applied("Acme")
        with office.store.write() as tx:
            tx.partners.move(partner, "deferred", Stage.DEFERRED, START, "So.", at(START))
    else:
        partner = office.active("Acme", tier=stage)
    return office.standing(partner)


@pytest.mark.parametrize(
    ("stage", "patience"),
    [("applied", 14), ("deferred", 45), ("strategic", 21), ("growth", 45), ("self-serve", 90)],
)
def test_patience_depends_on_where_a_partner_stands(office: Office, stage: str, patience: int) -> None:
    in_stage(office, stage)
    assert sweep(office, day(patience)).escalations == ()
    (escalation,) = sweep(office, day(patience + 1)).escalations
    assert escalation.owner == "Ada Owner"


def test_an_opportunity_that_moves_is_activity(office: Office) -> None:
    partner = office.active("Acme")
    office.brings(partner, day(40))
    assert sweep(office, day(85)).escalations == ()
    assert len(sweep(office, day(86)).escalations) == 1


def test_pilots_are_not_swept_and_the_sweep_ends(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activities.sweep, "PAGE", 2)
    office.in_pilot("Pilot")
    names = [f"Partner {number}" for number in range(5)]
    partners = [office.active(name) for name in names]
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        page = sweep(office, day(46), after)
        found += [escalation.partner for escalation in page.escalations]
        after = page.after
    assert found == partners

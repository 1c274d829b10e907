"""The weekly sweep, asked of the store as the workflow asks it."""

from datetime import date, timedelta
from typing import Any

import pytest

import activities.sweep
from activities.ending import Ended
from activities.sweep import SweepPage
from program.calendar import Clock, Quarter
from program.errors import Refused
from program.escalation import EscalationState
from program.partner import Stage, Standing
from rules.lifecycle import STALL
from tests.activities.conftest import START, Office, at, day
from tests.activities.test_roster import rescores, wins
from tests.store.contents import contents
from tests.world import changed_program

Q2 = Quarter(year=2017, number=2)


def sweep(office: Office, on: date, after: str | None = "") -> SweepPage:
    return office.run(office.sweeps.look_for_stalls, SweepPage(as_of=on, known_at=at(on), after=after, clock=Clock()))


def escalations(office: Office) -> list[tuple[Any, ...]]:
    return contents(office.store)["escalations"]


def found(office: Office, on: date) -> list[str]:
    """The conditions that a sweep finds."""
    return [key.split("/")[2] for key in sweep(office, on).escalations]


def test_a_stall_opens_one_escalation_however_often_it_is_seen(office: Office) -> None:
    partner = office.active("Acme", since=Q2.first_day)
    for month in (5, 6):
        office.serves(partner, date(2017, month, 1))
    weeks = [sweep(office, date(2017, 5, day)) for day in (17, 24, 31)]
    assert [week.escalations for week in weeks] == [("acme/active/partner_silent/2017Q2",)] * 3
    assert [len(week.notices) for week in weeks] == [1, 0, 0]
    assert len(escalations(office)) == len(office.notices()) == 1

    [key] = weeks[0].escalations
    assert office.answers(key).state == EscalationState.ACKNOWLEDGED
    answered = sweep(office, date(2017, 6, 7))
    assert answered.escalations == (key,)
    assert answered.notices == ()


def test_another_quarter_is_another_cycle(office: Office) -> None:
    partner = office.active("Acme", since=Q2.first_day)
    office.serves(partner, date(2017, 6, 1))
    (before,) = sweep(office, date(2017, 6, 28)).escalations
    july = sweep(office, date(2017, 7, 5))
    assert july.over == (Ended(key=before, note="2017Q2 is over."),)
    assert july.escalations == ("acme/active/partner_silent/2017Q3",)
    assert sweep(office, date(2017, 7, 5)) == july
    assert sweep(office, date(2017, 7, 12)).over == ()


def in_stage(office: Office, stage: str) -> Standing:
    if stage == "applied":
        partner = office.applied("Acme")
    elif stage == "deferred":
        partner = office.applied("Acme")
        with office.store.write() as tx:
            tx.partners.move(partner, "deferred", Stage.DEFERRED, START, "So.", at(START))
    else:
        partner = office.active("Acme", tier=stage)
        for days in range(0, 100, 7):
            office.serves(partner, day(days))
    return office.standing(partner)


@pytest.mark.parametrize(
    ("stage", "patience"),
    [("applied", 14), ("deferred", 45), ("strategic", 21), ("growth", 45), ("self-serve", 90)],
)
def test_patience_depends_on_where_a_partner_stands(office: Office, stage: str, patience: int) -> None:
    in_stage(office, stage)
    assert sweep(office, day(patience)).escalations == ()
    assert len(found(office, day(patience + 1))) == 1


@pytest.mark.parametrize(("tier", "patience"), [("strategic", 21), ("growth", 45), ("self-serve", 136)])
def test_a_service_is_late_after_one_and_a_half_of_its_cadences(office: Office, tier: str, patience: int) -> None:
    partner = office.active("Acme", tier=tier)
    for days in range(0, 200, 7):
        office.brings(partner, day(days))
    office.serves(partner, day(10))
    assert sweep(office, day(10 + patience)).escalations == ()
    assert found(office, day(11 + patience)) == ["service_not_delivered"]

    office.serves(partner, day(12 + patience))
    over = sweep(office, day(14 + patience)).over
    assert [ended.note for ended in over] == [
        f"Days since its service was last delivered: 2 instead of {patience + 1}."
    ]


def rule(office: Office, on: date) -> str | None:
    """The rule by which a sweep decides, whether it was escalated before or not."""
    sweep(office, on)
    with office.store.read() as tx:
        return tx.decisions.listed(policy=STALL)[-1][1].ruling.rule


def busy(office: Office, tier: str = "growth") -> str:
    """A partner that is never silent."""
    partner = office.active("Acme", tier=tier)
    for days in range(0, 200, 7):
        office.brings(partner, day(days))
    return partner


def test_a_live_deal_is_owed_its_service_from_the_day_it_begins_and_no_longer(office: Office) -> None:
    partner = busy(office)
    office.is_served(partner, "strategic", day(40), day(70))
    assert rule(office, day(40 + 21)) is None  # the forty days before it are not owed by it
    assert rule(office, day(40 + 22)) == "service_not_delivered"
    [note] = [ended.note for ended in sweep(office, day(71)).over]
    assert note.endswith("days after which its service is late: 45 instead of 21.")
    assert rule(office, day(71 + 45)) is None  # nor are its days by the tier's own service
    assert rule(office, day(71 + 46)) == "service_not_delivered"


def test_a_live_deal_leaves_what_the_partner_owes_as_it_is(office: Office) -> None:
    partner = office.active("Acme")
    office.is_served(partner, "strategic", day(10), day(60))
    office.serves(partner, day(30))
    assert found(office, day(45)) == []  # 45 days of silence are what its own tier accepts
    assert "partner_silent" in found(office, day(46))


def test_a_new_tier_owes_its_service_from_its_own_quarter_on(office: Office) -> None:
    partner = office.active("Acme")
    wins(office, partner, Q2)
    office.brings(partner, Q2.last_day)
    office.serves(partner, date(2017, 6, 1))
    assert rescores(office).moves == {"up": 1}
    assert found(office, Q2.last_day + timedelta(days=21)) == []
    assert "service_not_delivered" in found(office, Q2.last_day + timedelta(days=22))


def test_a_review_that_is_owed_is_not_delivered_by_a_session(office: Office) -> None:
    partner = busy(office, "strategic")
    for days in range(0, 50, 7):
        office.serves(partner, day(days), "Co-sell session")
    assert rule(office, day(45)) is None
    [key] = sweep(office, day(46)).escalations
    assert key.split("/")[2] == "service_not_delivered"
    [said] = office.notices().values()
    assert "- days since its service was last delivered: 46 days (Pipeline review)" in said

    office.serves(partner, day(47), "Pipeline review")
    assert [ended.note for ended in sweep(office, day(50)).over] == [
        "Days since its service was last delivered: 1 instead of 46."
    ]


def test_a_touch_that_was_not_known_yet_does_not_count(office: Office) -> None:
    partner = office.active("Acme")
    office.brings(partner, day(40))
    office.serves(partner, day(40), known=day(50))
    assert found(office, day(46)) == ["service_not_delivered"]


def test_an_opportunity_waits_for_our_answer_no_longer_than_we_promise(office: Office) -> None:
    partner = office.active("Acme")
    friday = date(2017, 3, 10)
    office.brings(partner, START, submitted_on=friday, id="D-7", account="Initech")
    office.brings(partner, START, submitted_on=friday, answered_on=date(2017, 3, 13), id="answered")
    office.brings(partner, START, submitted_on=START, closed_on=friday, won=False, id="closed")
    assert sweep(office, date(2017, 3, 15)).escalations == ()  # Wednesday, the third business day
    assert found(office, date(2017, 3, 16)) == ["opportunity_unanswered"]
    [letter] = [text for key, text in office.notices().items() if "opportunity_unanswered" in key]
    assert "- business days that an opportunity it submitted waits for our answer: 4 days (D-7, Initech)\n" in letter

    answered = date(2017, 3, 17)
    known = date(2017, 3, 18)
    office.brings(partner, START, known=known, submitted_on=friday, answered_on=answered, id="D-7", account="Initech")
    over = sweep(office, date(2017, 3, 22)).over
    assert [ended.note for ended in over] == [
        "Business days that an opportunity it submitted waits for our answer: 0 instead of 4."
    ]


def test_everything_that_has_stalled_is_escalated_at_once(office: Office) -> None:
    partner = office.active("Acme")
    office.brings(partner, START, submitted_on=START)
    assert found(office, day(46)) == [
        "opportunity_unanswered",
        "service_not_delivered",
        "partner_silent",
    ]


def test_an_opportunity_that_moves_is_activity(office: Office) -> None:
    partner = office.active("Acme")
    office.brings(partner, day(40))
    office.serves(partner, day(60))
    assert sweep(office, day(85)).escalations == ()
    assert len(sweep(office, day(86)).escalations) == 1


def test_pilots_are_not_swept_and_the_sweep_ends(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activities.sweep, "PAGE", 2)
    office.in_pilot("Pilot")
    names = [f"Partner {number}" for number in range(5)]
    partners = [office.active(name) for name in names]
    silent: list[str] = []
    after: str | None = ""
    while after is not None:
        page = sweep(office, day(46), after)
        silent += [key.split("/")[0] for key in page.escalations if "/partner_silent/" in key]
        after = page.after
    assert silent == partners


def test_whom_nothing_can_be_decided_about_keeps_nobody_else_from_being_looked_at(office: Office) -> None:
    office.puts_in_force(
        changed_program(
            office.changed(("deferral_days: 90", "deferral_days: 90\nevidence: [{id: trained, title: Trained}]")),
            ("facts:\n", "facts:\n  trained: {type: count, title: trained}\n"),
            ("days_without_activity: {gt: {fact: patience}}", "trained: {gt: 3}"),
            file="policies/stall.yaml",
        ),
        START,
    )
    for name in ("Acme", "Bolt"):
        office.applied(name)
    with office.store.write() as tx:
        tx.facts.record("acme", {"trained": "five"}, START, "a reviewer", at(START))
        tx.facts.record("bolt", {"trained": 5}, START, "a reviewer", at(START))

    swept = sweep(office, day(20))

    assert swept.escalations == ("bolt/applied/scorecard_overdue/application-1",)
    assert swept.undecided == ("acme",)
    with pytest.raises(Refused, match="trained"):
        office.run(
            office.sweeps.look_for_stalls, SweepPage(as_of=day(20), known_at=at(day(20)), clock=Clock(), whole=True)
        )

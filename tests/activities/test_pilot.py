"""Weekly looks and verdicts: what is found, who hears of it, and where the partner goes."""

import pytest

from activities.departure import Closing
from activities.pilot import Accounts
from program.calendar import Clock
from program.errors import Refused
from program.escalation import EscalationState
from program.partner import Stage
from tests.activities.conftest import START, Office, at, day
from tests.store.contents import contents


def test_a_pilot_that_moves_is_on_track_and_nobody_is_bothered(office: Office) -> None:
    partner = office.in_pilot("Acme")
    office.prepares(partner)
    office.succeeds(partner)
    told = office.notices()
    for week in range(1, 9):
        seen = office.pilots.look_at_week(office.looks(partner, week))
        assert (seen.ruling.outcome, seen.escalations, seen.notices) == ("on_track", (), ())
        assert office.standing(partner).next_date == (day(7 * week + 7) if week < 8 else day(60))
    assert office.notices() == told


def test_a_pilot_at_risk_is_noted_and_not_escalated(office: Office) -> None:
    partner = office.in_pilot("Acme")
    seen = office.pilots.look_at_week(office.looks(office.has_a_next_action(partner), 2))
    assert (seen.ruling.outcome, seen.ruling.rule, seen.ruling.also, seen.escalations) == (
        "at_risk",
        "preparation_incomplete",
        ("behind_target",),
        (),
    )


def test_a_checkpoint_looks_back_on_three_weeks_and_counts_only_what_was_known(office: Office) -> None:
    partner = office.in_pilot("Acme")
    office.brings(partner, day(20), known=day(21))
    office.brings(partner, day(10), known=day(99))
    look = office.looks(partner, 4)
    ruling = office.pilots.look_at_week(look).ruling
    assert "three_weeks_without_movement" not in {ruling.rule, *ruling.also}
    facts = office.decisions(partner, "pilot-checkpoint")[0].facts
    assert facts["checkpoint"] == [
        {"week": 2, "movement": False},
        {"week": 3, "movement": True},
        {"week": 4, "movement": False},
    ]
    assert facts["opportunities_created"] == 1


def test_a_stall_opens_one_escalation_and_once_answered_none(office: Office) -> None:
    partner = office.in_pilot("Acme")
    second = office.pilots.look_at_week(office.looks(partner, 2))
    (stall,) = second.escalations
    assert (stall.condition, stall.owner, stall.opened_on) == ("no_next_action", "Ada Owner", day(14))
    assert "Acme has stalled" in office.notices()[second.notices[0]]

    third = office.pilots.look_at_week(office.looks(partner, 3))
    assert stall in third.escalations
    assert second.notices[0] not in third.notices
    assert office.pilots.look_at_week(office.looks(partner, 3)).notices == third.notices

    answered = office.answers(stall.key)
    assert answered.state == EscalationState.ACKNOWLEDGED
    fourth = office.pilots.look_at_week(office.looks(partner, 4))
    assert answered in fourth.escalations
    assert second.notices[0] not in fourth.notices


def test_every_condition_that_holds_opens_an_escalation_of_its_own(office: Office) -> None:
    partner = office.in_pilot("Acme")
    fourth = office.pilots.look_at_week(office.looks(partner, 4))
    assert [stall.condition for stall in fourth.escalations] == [
        "three_weeks_without_movement",
        "nothing_created_by_week_three",
        "targets_out_of_reach",
        "no_next_action",
    ]
    assert len(fourth.notices) == 4


def test_what_no_longer_holds_ends_by_itself_and_says_what_ended_it(office: Office) -> None:
    partner = office.in_pilot("Acme")
    office.pilots.look_at_week(office.looks(partner, 3))
    office.has_a_next_action(partner)
    office.brings(partner, day(23), 3, qualified_on=day(24))
    fourth = office.pilots.look_at_week(office.looks(partner, 4))
    assert (fourth.ruling.outcome, fourth.escalations) == ("at_risk", ())
    assert {ended.key.split("/")[2]: ended.note for ended in fourth.over} == {
        "three_weeks_without_movement": "Something was created or progressed.",
        "nothing_created_by_week_three": "Opportunities created: 3 instead of 0.",
        "no_next_action": "A next action is recorded.",
    }
    assert office.pilots.look_at_week(office.looks(partner, 4)).over == fourth.over
    assert office.pilots.look_at_week(office.looks(partner, 5)).over == ()


def test_a_pilot_that_met_its_targets_is_expanded_into_the_entry_tier(office: Office) -> None:
    partner = office.in_pilot("Acme")
    (stalled,) = office.pilots.look_at_week(office.looks(partner, 2)).escalations
    office.succeeds(partner)
    judged = office.pilots.judge(office.judges(partner))
    assert (judged.stage, judged.tier) == (Stage.ACTIVE, "growth")
    assert [(ended.key, ended.note) for ended in judged.over] == [(stalled.key, "The verdict was expand.")]
    standing = office.standing(partner)
    assert (standing.stage, standing.since, standing.tier) == (Stage.ACTIVE, day(60), "growth")
    assert str(standing.next_date) == "2017-07-01"
    assert "Your pilot succeeded" in office.notices()[judged.notices[0]]


def test_a_first_miss_starts_another_sixty_days_and_names_the_fixes(office: Office) -> None:
    partner = office.in_pilot("Acme")
    judged = office.pilots.judge(office.judges(partner))
    assert judged.terms == office.terms(partner)
    assert (judged.terms.number, judged.terms.started_on, judged.stage) == (2, day(60), Stage.PILOT)
    (told,) = judged.notices
    assert office.notices()[told] == (
        "Your pilot is reset, once\n"
        "Fewer opportunities met our standard than were agreed.\n"
        "- opportunities that met our standard: 0, where at least 6 are needed\n"
        "Choose other accounts from the map, and agree whom the plays are for.\n"
        "Fewer opportunities progressed in time than were agreed.\n"
        "- opportunities that progressed in time: 0, where at least 3 are needed\n"
        "Agree who owns each step of a deal, and look at every open one in the weekly review.\n"
        "No deal was worked by both sides.\n"
        "- deals that both sides worked: 0, where at least 1 is needed\n"
        "Name a seller on each side for every opportunity.\n"
        "Not all that the pilot had to show was shown, and a reset is left.\n"
        "The next 60 days start today.\n"
        "The pilot runs 60 days, to 2017-06-29, and is looked at every 7 days.\n"
        "Agreed: 6 qualified opportunities, 3 of them progressed, 20 to 50 mapped accounts, 2 joint plays."
    )


def test_what_was_done_in_the_first_pilot_does_not_count_in_the_second(office: Office) -> None:
    partner = office.in_pilot("Acme")
    office.brings(partner, day(59), 6, qualified_on=day(59), progressed_on=day(60))
    assert office.pilots.judge(office.judges(partner)).ruling.outcome == "reset"
    judged = office.pilots.judge(office.judges(partner))
    assert (judged.ruling.outcome, judged.stage, judged.terms) == ("exit", Stage.PILOT, None)
    assert office.notices()[judged.notices[0]] == (
        "Your pilot has ended\n"
        "The pilot did not produce what was agreed, and its reset is used up.\n"
        "For a better outcome:\n"
        "- opportunities that met our standard: at least 6 instead of 0\n"
        "- opportunities that progressed in time: at least 3 instead of 0\n"
        "- deals that both sides worked: at least 1 instead of 0"
    )
    assert office.decisions(partner, "pilot-verdict")[1].facts["qualified_opportunities"] == 0


def test_a_verdict_that_depends_on_what_nobody_knows_asks_the_owner_for_exactly_that(office: Office) -> None:
    partner = office.in_pilot("Acme")
    office.brings(partner, day(1), 6, qualified_on=day(1), progressed_on=day(2), mutual=None)
    judged = office.pilots.judge(office.judges(partner))  # on Sunday, 30 April
    assert judged.decide_by == office.standing(partner).next_date == day(65)
    assert (judged.ruling.outcome, judged.ruling.missing, judged.stage) == (None, ("mutual_deals",), Stage.PILOT)
    assert judged.escalation
    assert judged.escalation.condition == "pilot-verdict-open"
    assert office.notices()[judged.notices[0]].splitlines()[:3] == [
        "The verdict on Acme waits for you",
        "Not decided: deals that both sides worked (0 to 6) is not known.",
        (
            f"Record it before {day(65)}: on that day the verdict rests on what is known by then. "
            "Possible are expand and reset."
        ),
    ]


def test_an_owner_that_did_not_find_out_gets_the_verdict_on_what_is_known_and_it_says_so(office: Office) -> None:
    partner = office.in_pilot("Acme")
    office.brings(partner, day(1), 6, qualified_on=day(1), progressed_on=day(2), mutual=None)
    asked = office.pilots.judge(office.judges(partner)).escalation
    settled = office.pilots.judge(office.judges(partner, settle=True))
    assert asked
    assert (settled.ruling.outcome, [ended.key for ended in settled.over]) == ("reset", [asked.key])
    assert (settled.ruling.possible, settled.ruling.missing) == (("expand", "reset"), ("mutual_deals",))
    assert settled.ruling.because.endswith("Decided without knowing deals that both sides worked (0 to 6).")
    assert "This was decided with what is known." in office.notices()[settled.notices[0]]
    assert "- deals that both sides worked" in office.notices()[settled.notices[0]]


@pytest.mark.parametrize(("pilots", "outcome"), [(1, "reset"), (2, "exit")])
def test_a_verdict_that_no_answer_could_change_asks_nobody(office: Office, pilots: int, outcome: str) -> None:
    partner = office.in_pilot("Acme")
    for _ in range(pilots):
        began = office.terms(partner).started_on
        office.brings(partner, began, 5, qualified_on=began, progressed_on=began, mutual=None)
        judged = office.pilots.judge(office.judges(partner))
    assert (judged.ruling.outcome, judged.ruling.unknown, judged.ruling.missing) == (outcome, ("mutual_deals",), ())
    assert (judged.escalation, judged.decide_by) == (None, None)
    assert "one_sided" not in judged.ruling.also  # nobody knows whether it was
    assert "worked by both sides" not in office.notices()[judged.notices[0]]


def test_an_owner_that_is_asked_late_has_its_five_business_days_all_the_same(office: Office) -> None:
    partner = office.in_pilot("Acme")
    office.brings(partner, day(1), 6, qualified_on=day(1), progressed_on=day(2), mutual=None)
    late = office.judges(partner).model_copy(update={"today": day(70)})  # on Wednesday, 10 May
    assert office.pilots.judge(late).decide_by == day(77)


def test_a_verdict_that_waited_counts_what_was_found_out(office: Office) -> None:
    partner = office.in_pilot("Acme")
    for mutual, known in ((None, START), (True, day(62))):
        office.brings(partner, day(1), 6, qualified_on=day(1), progressed_on=day(2), mutual=mutual, known=known)
        judged = office.pilots.judge(office.judges(partner, settle=mutual is True))
    assert (judged.ruling.outcome, judged.ruling.unknown) == ("expand", ())


def test_more_accounts_than_can_be_worked_are_refused_and_none_is_kept(office: Office) -> None:
    partner = office.in_pilot("Acme")

    def maps(first: int, last: int) -> int:
        names = tuple(f"Account {number}" for number in range(first, last))
        return office.run(office.pilots.map_accounts, Accounts(partner=partner, names=names, most=50, as_of=START))

    assert maps(0, 50) == 50
    before = contents(office.store)
    with pytest.raises(Refused, match="acme would have 51 mapped accounts; a pilot has 50 at most"):
        maps(49, 51)
    assert contents(office.store) == before
    assert maps(0, 50) == 0


def test_closing_hands_over_what_is_open_and_ends_what_was_escalated(office: Office) -> None:
    partner = office.in_pilot("Acme")
    (stalled,) = office.pilots.look_at_week(office.looks(partner, 2)).escalations
    office.brings(partner, day(22), 3)
    office.brings(partner, day(23), closed_on=day(24), won=True)
    with office.store.write() as tx:
        tx.partners.move(partner, "leaves", Stage.LEAVING, day(30), "Sold.", at(day(30)))
    closing = Closing(
        partner=partner, application=1, because="Sold.", as_of=day(44), known_at=at(day(44)), clock=Clock()
    )

    closed = office.run(office.departures.close_record, closing)

    assert (closed.handed_over, [ended.key for ended in closed.over]) == (3, [stalled.key])
    assert office.standing(partner).stage == Stage.EXITED
    with office.store.read() as tx:
        ended = tx.escalations.get(stalled.key)
    assert (ended.state, ended.note, ended.closed_on) == (EscalationState.ENDED, "The partner has left.", day(44))

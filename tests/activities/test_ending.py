"""An escalation ends: whoever heard of it hears that it is over, and whoever did not is left in peace."""

from datetime import date, timedelta

import pytest

from activities.departure import Departure
from activities.new_start import Again, NewStarts
from activities.sweep import SweepPage
from notifications.channel import Message
from program.calendar import Clock
from program.errors import Refused
from program.escalation import (
    AskForTime,
    Delegate,
    Escalation,
    EscalationState,
    LetGo,
    Reassign,
    RecordNextAction,
    ResetPilot,
    Snooze,
)
from program.notice import Audience, NoticeState
from program.person import Absence, Person
from tests.activities.conftest import FOURTH_WEEK, Office, at, day
from tests.activities.test_delivery import Way, posting, programmed, sender

DAY = timedelta(days=1)
FOUND, LATER = FOURTH_WEEK, day(23)
"""A Thursday and a Friday; what is written at six in the morning is held until seven."""
MORNING, EVENING = timedelta(hours=1), timedelta(hours=14)
OVER = [("escalation.over", "Ada Owner")]


@pytest.fixture
def stall(office: Office) -> Escalation:
    """A pilot that began well and then said nothing for three weeks; its owner is told when the night is over."""
    return silent(office, "Acme")


def silent(office: Office, name: str) -> Escalation:
    partner = office.has_a_next_action(office.in_pilot(name))
    office.brings(partner, day(0), 6, qualified_on=day(0))
    look = office.looks(partner, 4).model_copy(update={"as_of": FOUND, "known_at": at(FOUND), "today": FOUND})
    (found,) = office.pilots.look_at_week(look).escalations
    return found


def send(office: Office, now: timedelta = MORNING, on: date = FOUND) -> list[Message]:
    """Send what is due by then; what reaches the team."""
    office.now, way = at(on) + now, Way()
    sends = sender(office, log=way)
    for key in office.notices():
        sends.send(key)
    return [message for message in way.took if message.notice.audience == Audience.TEAM]


def moves(office: Office, stall: Escalation, on: date = LATER) -> list[str]:
    """Something moves in its pilot, and the escalation looks again; the notices that say so."""
    office.brings(stall.partner, on, known=on)
    office.run(office.escalating.look_again, office.step(stall.key, on=on))
    return that_it_is_over(office, stall)


def that_it_is_over(office: Office, stall: Escalation) -> list[str]:
    with office.store.write() as tx:
        return [p.notice.key for p in tx.notices.about(stall.partner, stall.key) if p.notice.kind == "escalation.over"]


def told(messages: list[Message]) -> list[tuple[str, str]]:
    return sorted((message.notice.kind, message.notice.recipient) for message in messages)


def state(office: Office, stall: Escalation) -> EscalationState:
    with office.store.read() as tx:
        return tx.escalations.get(stall.key).state


def test_who_was_told_hears_what_ended_it_in_the_same_conversation(office: Office, stall: Escalation) -> None:
    first = send(office)[0]
    keys = moves(office, stall)
    assert moves(office, stall) == keys, "asked again, it tells nobody anew"
    [over] = [message.notice for message in send(office, on=LATER)]
    assert [over.key] == keys == [f"{stall.key}/over-1"]
    assert (over.recipient, over.thread) == (first.notice.recipient, first.notice.key)
    assert over.subject == "Over: Acme has stalled"
    assert over.body.splitlines() == [
        "This is over. Something was created or progressed.",
        f"What it was about: {stall.because}",
        f"It was open from {FOUND} to {LATER}.",
        f"`gatehouse escalations show {stall.key}` shows all that happened to it.",
    ]
    with office.store.read() as tx:
        *_, ended, heard = tx.escalations.events(stall.key)
    assert (ended.what, heard.what, heard.who, heard.note) == ("ended", "told", "Ada Owner", over.key)


def test_everybody_on_the_ladder_hears_it_once(office: Office, stall: Escalation) -> None:
    for rung in range(3):
        office.run(office.escalating.tell, office.step(stall.key, rung=rung))
    send(office)
    moves(office, stall)
    assert told(send(office, on=LATER)) == [("escalation.over", "Ada Owner"), ("escalation.over", "Max Lead")]


def test_what_is_over_before_anybody_was_told_is_told_to_nobody(office: Office, stall: Escalation) -> None:
    assert moves(office, stall, FOUND) == []
    kept = posting(office, f"{stall.key}/opened")
    assert (kept.state, kept.due_at) == (NoticeState.SUPERSEDED, None)
    assert kept.reason == "It was over before this was sent: Something was created or progressed."
    assert send(office) == []


def test_who_was_not_told_yet_is_not_told_that_it_is_over(office: Office, stall: Escalation) -> None:
    send(office)
    office.run(office.escalating.tell, office.step(stall.key, rung=2))
    assert moves(office, stall, FOUND) == [f"{stall.key}/over-1"]
    assert told(send(office)) == OVER


def test_what_failed_may_have_arrived_and_is_not_sent_again(office: Office, stall: Escalation) -> None:
    office.outbox.refusals = 1
    office.now = at(FOUND) + MORNING
    assert office.run(office.delivery.deliver, (f"{stall.key}/opened",)) == 0
    moves(office, stall, FOUND)
    assert told(send(office)) == OVER
    assert posting(office, f"{stall.key}/opened").state == NoticeState.SUPERSEDED


def test_one_that_is_asked_for_all_the_same_says_that_it_is_over(office: Office, stall: Escalation) -> None:
    moves(office, stall, FOUND)
    with office.store.write() as tx:
        tx.notices.retry(f"{stall.key}/opened", alone=True)
    [message] = send(office)
    assert message.letter.subject == "Over: Acme has stalled"
    assert message.notice.body.splitlines()[:2] == [
        "This is over. Something was created or progressed.",
        f"What it was about: {stall.because}",
    ]
    assert "Please answer" not in message.notice.body


def test_who_is_away_by_then_is_stood_in_for(office: Office, stall: Escalation) -> None:
    send(office)
    with office.store.write() as tx:
        tx.people.record([Person(name="Tom Okafor", email="tom@example.com")])
        tx.people.away(Absence(person="Ada Owner", first=LATER, last=day(30), stand_in="Tom Okafor"))
    moves(office, stall)
    assert told(send(office, on=LATER)) == [("escalation.over", "Tom Okafor")]


# Whose act it was


def test_who_answered_hears_it_too(office: Office, stall: Escalation) -> None:
    later = Snooze(who="Max Lead", note="They are at a fair", until=day(30))
    send(office)
    office.answers(stall.key, later)
    moves(office, stall)
    assert told(send(office, on=LATER)) == [("escalation.over", "Ada Owner"), ("escalation.over", "Max Lead")]


def test_nobody_is_told_who_is_not_known(office: Office, stall: Escalation) -> None:
    send(office)
    office.answers(stall.key)
    moves(office, stall)
    assert told(send(office, on=LATER)) == OVER


@pytest.mark.parametrize(("who", "hear"), [("Max Lead", OVER), ("Ada Owner", [])])
def test_who_resets_a_pilot_knows_what_that_ends(
    office: Office, stall: Escalation, who: str, hear: list[tuple[str, str]]
) -> None:
    send(office)
    terms = office.terms(stall.partner)
    again = {"partner": stall.partner, "application": 1, "terms": terms, "because": "Other accounts", "by": who}
    when = {"today": FOUND, "known_at": at(FOUND), "clock": Clock()}
    begun = office.run(NewStarts(office.store, office.shelf).begin_again, Again.model_validate(again | when))
    with office.store.read() as tx:
        assert tx.escalations.get(stall.key).answered_by == who, "which answers for all of its stalls"
    answered = office.run(
        office.escalating.answer, office.answer(stall.key, ResetPilot(who=who, note="Other accounts"))
    )
    assert [ended.key for ended in begun.over] == [stall.key]
    assert told(send(office)) == hear
    assert (answered.answered_by, answered.note) == (who, "The pilot was reset.")


def test_nobody_is_offered_what_is_used_up(office: Office) -> None:
    partner = office.in_pilot("Acme")
    offered = []
    for _ in range(2):
        (stall,) = office.pilots.look_at_week(office.looks(partner, 2)).escalations
        first, found = office.notices()[f"{stall.key}/opened"], stall.opened_on
        office.answers(stall.key, AskForTime(who="Ada", note="Their fair", until=found + DAY), found)
        office.run(office.escalating.come_back, office.step(stall.key, on=found + DAY))
        office.run(office.escalating.tell, office.step(stall.key, round=1, on=found + DAY))
        offered += [
            [f"act {stall.key} {act}" in said for act in ("more-time", "reset")]
            for said in (first, office.notices()[f"{stall.key}/told-1-0"])
        ]
        office.pilots.judge(office.judges(partner))
    assert offered == [[True, True], [False, True], [True, False], [False, False]]


def test_what_a_next_action_ends_is_over_at_once_and_its_author_knows(office: Office) -> None:
    partner = office.in_pilot("Acme")
    (stall,) = office.pilots.look_at_week(office.looks(partner, 2)).escalations
    assert stall.condition == "no_next_action"
    send(office, on=day(14))
    office.has_a_next_action(partner, FOUND)
    call = RecordNextAction(who="Ada Owner", note="Call Initech", by="Ada Owner", due_on=day(30))
    ended = office.answers(stall.key, call)
    assert (ended.state, ended.note) == (EscalationState.ENDED, "A next action is recorded.")
    assert (ended.answered_by, that_it_is_over(office, stall)) == ("Ada Owner", [])


def test_a_next_action_that_ends_nothing_is_an_answer(office: Office, stall: Escalation) -> None:
    call = RecordNextAction(who="Ada Owner", note="Call Initech", by="Ada Owner", due_on=day(30))
    assert office.answers(stall.key, call).state == EscalationState.ACKNOWLEDGED


# What an answer leaves behind


def test_what_is_held_says_first_that_somebody_else_answered_meanwhile(office: Office, stall: Escalation) -> None:
    later = Snooze(who="Max Lead", note="They are at a fair", until=day(30))
    office.answers(stall.key, later)
    [message] = send(office)
    assert message.letter.subject == "Answered: Acme has stalled"
    assert message.notice.body.startswith(f"Max Lead has put this off until {day(30)}: They are at a fair\n")
    assert stall.because in message.notice.body
    assert "Please answer" not in message.notice.body


def test_who_answered_before_they_were_told_is_not_told(office: Office, stall: Escalation) -> None:
    office.answers(stall.key, Snooze(who="Ada Owner", note="They are at a fair", until=day(30)))
    kept = posting(office, f"{stall.key}/opened")
    assert (kept.state, kept.reason) == (NoticeState.SUPERSEDED, "Ada Owner answered before this was sent.")


def test_what_somebody_else_has_by_now_is_told_to_them_alone(office: Office, stall: Escalation) -> None:
    office.answers(stall.key, Delegate(who="Max Lead", to="Grace", note="She knows them"))
    office.run(office.escalating.tell, office.step(stall.key, round=1))
    [message] = send(office)
    assert (message.notice.kind, message.notice.recipient) == ("escalation.reminded", "Grace")
    assert "Max Lead handed it on: She knows them (to Grace)" in message.notice.body.splitlines()
    assert posting(office, f"{stall.key}/opened").reason == "Max Lead gave it to Grace before this was sent."


def test_who_had_the_partner_when_it_stalled_may_be_given_it_again(office: Office, stall: Escalation) -> None:
    with office.store.write() as tx:
        tx.partners.look_after(stall.partner, "Heidi")
    office.answers(stall.key, Reassign(who="Max Lead", note="Heidi has left", to="Ada Owner"))
    assert office.standing(stall.partner).partner.owner == "Ada Owner"
    with pytest.raises(Refused, match="Ada Owner has it already; name somebody else"):
        office.answers(stall.key, Delegate(who="Max Lead", note="She knows them", to="Ada Owner"))


# Many, at night, not at all


def test_many_that_are_over_at_once_are_one_message(office: Office) -> None:
    stalls = [silent(office, f"P{number}") for number in range(5)]
    assert told(send(office)) == [("escalation.digest", "Ada Owner")]
    for stall in stalls:
        moves(office, stall)
    [message] = send(office, on=LATER)
    assert message.notice.subject == "5 escalations are over"
    first, *lines = message.notice.body.splitlines()
    assert first == "Over by now, with nothing left to do:"
    assert lines[0] == (
        f"- P0, since {FOUND}: {stalls[0].because} What ended it: Something was created or progressed. "
        f"`gatehouse escalations show {stalls[0].key}`"
    )
    assert len(lines) == 5


def test_of_one_partner_that_gets_going_everything_is_over_in_one_message(office: Office) -> None:
    partner = office.in_pilot("Acme")
    assert len(office.pilots.look_at_week(office.looks(partner, 3)).escalations) == 3
    [digest] = send(office, on=day(21))
    assert told([digest]) == [("escalation.digest", "Ada Owner")]
    judged = office.pilots.judge(office.judges(partner))
    assert len(judged.over) == 3
    [message] = send(office, on=day(61))
    assert message.notice.subject == "Over: Acme has stalled in 3 ways"
    assert message.notice.thread == digest.notice.key


def test_a_verdict_that_waited_is_over_on_the_day_it_is_decided(office: Office) -> None:
    partner, judged_on = office.in_pilot("Acme"), day(65)
    office.brings(partner, day(1), 6, qualified_on=day(1), progressed_on=day(2), mutual=None)
    asked = office.pilots.judge(office.judges(partner)).escalation
    assert asked
    send(office, on=day(61))
    with office.store.write() as tx:
        tx.people.record([Person(name="Tom Okafor", email="tom@example.com")])
        tx.people.away(Absence(person="Ada Owner", first=day(63), last=day(70), stand_in="Tom Okafor"))
    decided = {"settle": True, "today": judged_on, "known_at": at(judged_on)}
    assert office.pilots.judge(office.judges(partner).model_copy(update=decided)).over
    with office.store.read() as tx:
        assert tx.escalations.get(asked.key).closed_on == judged_on
    assert told(send(office, on=judged_on)) == [("escalation.over", "Tom Okafor")]


def test_what_ends_at_night_is_told_in_the_morning_by_the_clock_that_is_lived_by(office: Office) -> None:
    behind = Clock(lag=timedelta(days=3000, hours=5))
    office.active("Acme", since=day(1))
    on = day(50)
    page = SweepPage(as_of=on, known_at=at(on) + EVENING + behind.lag, clock=behind)
    found = office.run(office.sweeps.look_for_stalls, page)
    assert {posting(office, key).due_at for key in found.notices} == {at(day(51)) + MORNING + behind.lag}


def test_nobody_hears_of_it_where_the_program_does_not_want_it(office: Office, stall: Escalation) -> None:
    send(office)
    programmed(office, "{off: [escalation.over]}")
    [key] = moves(office, stall)
    assert send(office, on=LATER) == []
    assert posting(office, key).state == NoticeState.OFF


def test_with_notice_given_nothing_is_left_to_mend(office: Office, stall: Escalation) -> None:
    send(office)
    departure = Departure(
        partner=stall.partner,
        application=1,
        because="The company was sold.",
        as_of=LATER,
        known_at=at(LATER),
        clock=Clock(),
    )
    leaving = office.run(office.departures.give_notice, departure)
    assert [(one.key, one.note) for one in leaving.over] == [(stall.key, "Notice was given: The company was sold.")]
    assert told(send(office, on=LATER)) == OVER
    assert state(office, stall) == EscalationState.ENDED


def test_who_lets_a_partner_go_knows_what_that_ends(office: Office, stall: Escalation) -> None:
    send(office)
    departure = Departure(
        partner=stall.partner,
        application=1,
        because="Sold.",
        as_of=FOUND,
        known_at=at(FOUND),
        clock=Clock(),
        by="Ada Owner",
    )
    assert office.run(office.departures.give_notice, departure).over
    assert that_it_is_over(office, stall) == []
    answered = office.answers(stall.key, LetGo(who="Ada Owner", note="Sold."))
    assert (answered.answered_by, answered.note) == ("Ada Owner", "Notice was given: Sold.")

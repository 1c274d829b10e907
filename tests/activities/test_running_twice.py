"""Any activity may be run again after it was done: nothing changes, and the answer is the same."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from activities.departure import Closing, Departure
from activities.ladders import Openings
from activities.pilot import Accounts, NextAction, Play
from activities.qualification import Entry, Lapse
from activities.roster import Page, RescoreBegin, RescorePublish
from activities.sweep import SweepPage
from activities.weekly import Week
from program.calendar import Clock, Quarter
from program.escalation import Escalation, LetGo, Reassign, Snooze
from program.rescore import Terms
from tests.activities.conftest import START, Office, at, candidacy, day
from tests.store.contents import changed, contents
from tests.world import a_scorecard

Act = tuple[Callable[[Any], Any], object]
"""An activity and what it is asked."""

Q2 = Quarter(year=2017, number=2)
TODAY = Q2.last_day


def entry(partner: str, **more: Any) -> Entry:
    return Entry(**{"partner": partner, "application": 1, "as_of": START, "known_at": at(START), **more})


def applies(office: Office) -> Act:
    return office.gate.enter, entry(office.knows("Acme"))


def is_taken_over(office: Office) -> Act:
    return office.gate.enter, entry(office.knows("Acme"), pilot_since=day(-23))


def is_signed(office: Office) -> Act:
    return office.gate.qualify, candidacy(office.applied("Acme"), a_scorecard())


def is_declined(office: Office) -> Act:
    return office.gate.qualify, candidacy(office.applied("Acme"), a_scorecard(market=1))


def is_deferred(office: Office) -> Act:
    return office.gate.qualify, candidacy(office.applied("Acme"), a_scorecard(without=("people",)))


def brings_nothing(office: Office) -> Act:
    partner = office.applied("Acme")
    office.submits(partner, a_scorecard(without=("people",)))
    return office.gate.let_deferral_lapse, Lapse(
        partner=partner, application=1, as_of=day(90), known_at=at(day(90)), clock=Clock()
    )


def is_on_track(office: Office) -> Act:
    partner = office.in_pilot("Acme")
    office.prepares(partner)
    office.succeeds(partner)
    return office.pilots.look_at_week, office.looks(partner, 4)


def stalls_in_its_pilot(office: Office) -> Act:
    return office.pilots.look_at_week, office.looks(office.in_pilot("Acme"), 3)


def is_expanded(office: Office) -> Act:
    partner = office.in_pilot("Acme")
    office.pilots.look_at_week(office.looks(partner, 3))
    office.succeeds(partner)
    return office.pilots.judge, office.judges(partner)


def is_reset(office: Office) -> Act:
    return office.pilots.judge, office.judges(office.in_pilot("Acme"))


def fails_for_good(office: Office) -> Act:
    partner = office.in_pilot("Acme")
    office.pilots.judge(office.judges(partner))
    return office.pilots.judge, office.judges(partner)


def cannot_be_judged_yet(office: Office) -> Act:
    partner = office.in_pilot("Acme")
    office.brings(partner, day(1), qualified_on=day(1), mutual=None)
    return office.pilots.judge, office.judges(partner)


def maps_accounts(office: Office) -> Act:
    accounts = Accounts(partner=office.in_pilot("Acme"), names=("A", "B"), most=50, as_of=START)
    return office.pilots.map_accounts, accounts


def agrees_a_play(office: Office) -> Act:
    play = Play(partner=office.in_pilot("Acme"), name="Renewal", trigger="A", outcome="B", as_of=START)
    return office.pilots.agree_play, play


def has_a_next_action(office: Office) -> Act:
    action = NextAction(partner=office.in_pilot("Acme"), what="Call", who="Ada", due_on=day(7), as_of=START)
    return office.pilots.record_next_action, action


def departure(partner: str, **more: Any) -> Departure:
    values = {"partner": partner, "application": 1, "because": "Sold.", "as_of": START, "known_at": at(START)}
    return Departure.model_validate(values | {"clock": Clock()} | more)


def is_given_notice(office: Office) -> Act:
    return office.departures.give_notice, departure(office.active("Acme"))


def leaves_at_once(office: Office) -> Act:
    return office.departures.give_notice, departure(office.active("Acme"), waive_notice=True)


def leaves_sooner_than_agreed(office: Office) -> Act:
    partner = office.active("Acme")
    office.departures.give_notice(departure(partner))
    return office.departures.give_notice, departure(partner, waive_notice=True, as_of=day(3), known_at=at(day(3)))


def has_left(office: Office) -> Act:
    partner = office.in_pilot("Acme")
    office.pilots.look_at_week(office.looks(partner, 3))
    office.brings(partner, day(2))
    office.departures.give_notice(departure(partner))
    closing = Closing(
        partner=partner, application=1, because="Sold.", as_of=day(30), known_at=at(day(30)), clock=Clock()
    )
    return office.departures.close_record, closing


def stalled(office: Office) -> Escalation:
    """Of a stall that its owner was told of."""
    seen = office.pilots.look_at_week(office.looks(office.in_pilot("Acme"), 3))
    office.run(office.delivery.deliver, seen.notices)
    return seen.escalations[0]


def is_answered_for(office: Office) -> Act:
    return office.escalating.answer, office.answer(stalled(office).key)


def is_put_off(office: Office) -> Act:
    later = Snooze(who="Ada", note="They are at a fair", until=day(30))
    return office.escalating.answer, office.answer(stalled(office).key, later)


def gets_another_owner(office: Office) -> Act:
    return office.escalating.answer, office.answer(
        stalled(office).key, Reassign(who="Max", note="She left", to="Grace")
    )


def is_over_for_good(office: Office) -> Act:
    return office.escalating.answer, office.answer(stalled(office).key, LetGo(who="Max", note="They gave up"))


def is_over_by_itself(office: Office) -> Act:
    escalation = stalled(office)
    office.has_a_next_action(escalation.partner, day(21))
    office.brings(escalation.partner, day(21), 9, qualified_on=day(21))
    return office.escalating.look_again, office.step(escalation.key)


def stalled_and_is_given_notice(office: Office) -> Act:
    return office.departures.give_notice, departure(stalled(office).partner, as_of=day(22), known_at=at(day(22)))


def climbs(office: Office) -> Act:
    return office.escalating.tell, office.step(stalled(office).key, rung=2)


def is_answered_by_nobody(office: Office) -> Act:
    return office.escalating.tell, office.step(stalled(office).key, rung=9)


def comes_back(office: Office) -> Act:
    key = stalled(office).key
    office.answers(key)
    return office.escalating.come_back, office.step(key, on=day(40))


def is_escalated(office: Office) -> Act:
    return office.ladders.start_and_end_ladders, Openings(keys=(stalled(office).key,), clock=Clock())


def is_told(office: Office) -> Act:
    qualified = office.submits(office.applied("Acme"), a_scorecard())
    return office.delivery.deliver, qualified.notices


def rescore(office: Office) -> Terms:
    """A quarter that begins to be re-scored: Acme rises, Bolt did nothing."""
    acme, _ = office.active("Acme"), office.active("Bolt")
    office.brings(
        acme, day(40), 40, qualified_on=day(40), progressed_on=day(41), closed_on=day(50), won=True, value=9000
    )
    begin = RescoreBegin(quarter=Q2, as_of=TODAY, known_at=at(TODAY))
    return office.run(office.roster.begin_rescore, begin)


def is_scored(office: Office) -> Act:
    return office.roster.score_page, Page(terms=rescore(office))


def is_placed(office: Office) -> Act:
    terms = rescore(office)
    office.run(office.roster.score_page, Page(terms=terms))
    return office.roster.cut_tiers, terms


def is_moved(office: Office) -> Act:
    cut, terms = is_placed(office)
    office.run(cut, terms)
    assert isinstance(terms, Terms)
    return office.roster.move_page, Page(terms=terms)


def is_published(office: Office) -> Act:
    move, page = is_moved(office)
    office.run(move, page)
    assert isinstance(page, Page)
    return office.roster.publish, RescorePublish(terms=page.terms, at=page.terms.known_at)


def hears_of_its_tier(office: Office) -> Act:
    publish, published = is_published(office)
    office.run(publish, published)
    return office.delivery.deliver_rescore, str(Q2)


def begins_to_be_rescored(office: Office) -> Act:
    office.active("Acme")
    return office.roster.begin_rescore, RescoreBegin(quarter=Q2, as_of=TODAY, known_at=at(TODAY))


def is_silent(office: Office) -> Act:
    office.active("Acme")
    return office.sweeps.look_for_stalls, SweepPage(as_of=day(46), known_at=at(day(46)), clock=Clock())


def has_a_week_to_tell_of(office: Office) -> Act:
    office.in_pilot("Acme")
    return office.weekly.write_weekly, Week(clock=Clock(), as_of=day(54), known_at=at(day(54)))


SAME_ANSWER = [
    ("enter", applies),
    ("enter", is_taken_over),
    ("qualify", is_signed),
    ("qualify", is_declined),
    ("qualify", is_deferred),
    ("let_deferral_lapse", brings_nothing),
    ("look_at_week", is_on_track),
    ("look_at_week", stalls_in_its_pilot),
    ("judge", is_expanded),
    ("judge", is_reset),
    ("judge", fails_for_good),
    ("judge", cannot_be_judged_yet),
    ("give_notice", is_given_notice),
    ("give_notice", leaves_at_once),
    ("give_notice", leaves_sooner_than_agreed),
    ("give_notice", stalled_and_is_given_notice),
    ("close_record", has_left),
    ("answer", is_answered_for),
    ("answer", is_put_off),
    ("answer", gets_another_owner),
    ("answer", is_over_for_good),
    ("tell", climbs),
    ("tell", is_answered_by_nobody),
    ("come_back", comes_back),
    ("look_again", is_over_by_itself),
    ("begin_rescore", begins_to_be_rescored),
    ("score_page", is_scored),
    ("cut_tiers", is_placed),
    ("move_page", is_moved),
    ("publish", is_published),
    ("look_for_stalls", is_silent),
    ("write_weekly", has_a_week_to_tell_of),
]
SAYS_HOW_MANY_ARE_NEW = [
    ("map_accounts", maps_accounts),
    ("agree_play", agrees_a_play),
    ("record_next_action", has_a_next_action),
    ("deliver", is_told),
    ("deliver_rescore", hears_of_its_tier),
]
TELLS_TEMPORAL = ["start_and_end_ladders", "tell_lifecycles", "ask_lifecycle"]
READS = ["begin", "evidence_due"]


@pytest.mark.parametrize(("name", "prepare"), SAME_ANSWER)
def test_it_answers_the_same_and_changes_nothing(office: Office, name: str, prepare: Callable[[Office], Act]) -> None:
    activity, argument = prepare(office)
    before = contents(office.store)
    answer = office.run(activity, argument)
    once = contents(office.store)
    assert activity.__name__ == name
    assert changed(before, once)

    assert office.run(activity, argument) == answer
    assert contents(office.store) == once


@pytest.mark.parametrize(("name", "prepare"), SAYS_HOW_MANY_ARE_NEW)
def test_it_changes_nothing_and_says_that_nothing_was_new(
    office: Office, name: str, prepare: Callable[[Office], Act]
) -> None:
    activity, argument = prepare(office)
    assert activity.__name__ == name
    assert office.run(activity, argument) > 0
    once, sent = contents(office.store), list(office.outbox.sent)

    assert office.run(activity, argument) == 0
    assert (contents(office.store), office.outbox.sent) == (once, sent)


async def run(office: Office, activity: Callable[[Any], Any], argument: object) -> Any:
    return await office.run(activity, argument)


async def test_an_escalation_is_started_once(office: Office) -> None:
    activity, argument = is_escalated(office)
    assert [await run(office, activity, argument) for _ in range(2)] == [1, 0]
    assert office.temporal.started == ["escalation/acme/pilot/three_weeks_without_movement/application-1/pilot-1"]


async def test_lifecycles_are_told_again_what_they_were_told(office: Office) -> None:
    publish, published = is_published(office)
    office.run(publish, published)
    assert isinstance(published, RescorePublish)
    before = contents(office.store)
    for _ in range(2):
        assert await run(office, office.roster.tell_lifecycles, published.terms) == 1
    first, second = office.temporal.signals
    assert first == second
    assert first[0] == "partner/acme"
    assert contents(office.store) == before


def activities(office: Office) -> Iterator[str]:
    for part in vars(office).values():
        for name, method in inspect.getmembers(part, inspect.ismethod):
            if hasattr(method.__func__, "__temporal_activity_definition"):
                yield name


def test_there_is_no_activity_that_is_not_run_twice_here(office: Office) -> None:
    assert {*dict(SAME_ANSWER), *dict(SAYS_HOW_MANY_ARE_NEW), *TELLS_TEMPORAL, *READS} == set(activities(office))


def test_a_retry_after_a_week_finds_what_was_decided(office: Office) -> None:
    """A worker that died after it wrote and before it answered is retried whenever another one is there."""
    partner = office.applied("Acme")
    first = office.submits(partner, a_scorecard())
    office.run(office.pilots.look_at_week, office.looks(partner, 1))
    once = contents(office.store)
    assert office.submits(partner, a_scorecard()) == first
    assert contents(office.store) == once

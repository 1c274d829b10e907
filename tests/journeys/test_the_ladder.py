"""An escalation climbs until somebody answers: in business time, over a long weekend, and past people who are away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.workflow import Info

from activities import postman
from program.errors import Refused
from program.escalation import (
    Acknowledge,
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
from program.partner import Stage
from program.person import Absence, Person
from rules.folder import LoadedProgram
from store.database import Store
from tests.world import World, changed_program, eventually

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)
THURSDAY = date(2017, 3, 23)
"""Before a holiday, a weekend, and the night in which the clocks are put forward."""
USUAL = """
    - {to: owner, within: {days: 2}, repeats: 1}
    - {to: owner-manager, within: {days: 2}}
    - {to: program-lead, within: {days: 2}}
"""
LADDER = """
    - {to: owner, within: {hours: 4}, repeats: 1}
    - {to: owner-manager, within: {days: 2}}
    - {to: program-lead, within: {days: 1}}
"""


def at(month: int, day: int, hour: int) -> datetime:
    """A local time of that year."""
    return datetime.combine(date(2017, month, day), time(hour))


@pytest.fixture
async def office(
    virtual_time: WorkflowEnvironment,
    store: Store,
    default_program: LoadedProgram,
    promptly: None,  # noqa: ARG001 -- asked for what it does
) -> AsyncIterator[World]:
    """An installation in Berlin, on a Thursday at seven."""
    program = changed_program(
        default_program,
        ("timezone: UTC", "timezone: Europe/Berlin"),
        ("holidays: [", "holidays: [2017-03-24, "),
        (USUAL, LADDER),
        ('lead: ""', "lead: Lea Lead"),
    )
    async with World(virtual_time, store, program, THURSDAY).at_work() as world:
        yield world


CONDITION = "three_weeks_without_movement"


async def stall(office: World) -> Escalation:
    """A partner whose pilot has been silent for three weeks."""
    partner = await office.stalled("Acme")

    async def is_escalated() -> bool:
        return any(what == "told" for what, _, _ in happened(office, partner))

    await eventually(is_escalated)
    escalation = the_escalation(office, partner)
    await eventually(lambda: waits_for_an_answer(office, escalation))
    return escalation


async def waits_for_an_answer(office: World, escalation: Escalation) -> bool:
    """A clock that is moved before a workflow has begun to wait takes it somewhere else."""
    with suppress(RPCError):
        history = await office.escalation(escalation.key).fetch_history()
        return any(event.event_type == EventType.EVENT_TYPE_TIMER_STARTED for event in history.events)
    return False


def the_escalation(office: World, partner: str) -> Escalation:
    """That of its silence; other conditions have others."""
    [escalation] = [e for e in office.escalations(partner) if e.condition == CONDITION]
    return escalation


def happened(office: World, partner: str) -> list[tuple[str, str, datetime]]:
    """What happened to the escalation of a silent partner, to whom, and at which local time, to the minute."""
    key = f"{partner}/pilot/{CONDITION}/application-1/pilot-1"
    with office.store.read() as tx:
        events = tx.escalations.events(key)
    return [
        (e.what, e.who, (e.at - office.clock.lag).astimezone(BERLIN).replace(second=0, microsecond=0, tzinfo=None))
        for e in events
    ]


async def lives(
    office: World, escalation: Escalation, until: datetime, what: str, times: int = 1
) -> list[tuple[str, str, datetime]]:
    """Let an escalation's time pass; what has happened once something did so often, without its opening."""
    await office.until_at(escalation.key, until)

    async def has_happened() -> bool:
        so_far = [name for name, _, _ in happened(office, escalation.partner)]
        return so_far[-1] == what and so_far.count(what) >= times

    await eventually(has_happened)
    return happened(office, escalation.partner)[1:]


async def test_a_ladder_is_climbed_in_business_time_over_a_long_weekend(office: World) -> None:
    escalation = await stall(office)

    with office.store.write() as tx:
        tx.people.put(Person(name="Grace"))
        tx.people.away(Absence(person="Lea Lead", first=date(2017, 3, 30), last=date(2017, 3, 31), stand_in="Grace"))

    climbed = await lives(office, escalation, at(3, 31, 12), "told", times=5)

    assert climbed == [
        ("told", "Ada Owner", at(3, 23, 7)),
        ("told", "Ada Owner", at(3, 23, 13)),
        # Friday is a holiday, and on Sunday the clocks are put forward: four hours of work are over on Monday.
        ("told", "Max Lead", at(3, 27, 9)),
        ("told", "Lea Lead", at(3, 29, 9)),
        ("unanswered", "", at(3, 30, 9)),
        ("told", "Grace", at(3, 30, 9)),
    ]
    unanswered = the_escalation(office, escalation.partner)
    assert unanswered.state == EscalationState.UNANSWERED
    # It stays on the lead's list, and can be answered still: by who stands in for them, too.
    with office.store.read() as tx:
        letter = tx.notices.get(f"{escalation.key}/unanswered-0").notice
    for said in (
        "Everybody on the ladder was told, and nobody answers for it now.",
        "something was created or progressed: no\n",
        "If nothing changes, the verdict on 2017-04-24 is reset:",
        "You get this because you stand in for Lea Lead.",
        f'`gatehouse escalations ack {escalation.key} --by "Grace"',
    ):
        assert said in letter.body
    answered = await office.operations.act_on(escalation.key, Acknowledge(who="Lea Lead", note="I see to it"))
    assert (answered.state, answered.answered_by) == (EscalationState.ACKNOWLEDGED, "Lea Lead")


async def test_ladders_whose_time_is_over_at_the_same_moment_are_told_in_one_message(
    office: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postman, "GRACE_SECONDS", 1)
    stalls = await asyncio.gather(*(stall(office) for _ in range(office.program.program.notices.digest_from)))

    await asyncio.gather(*(office.until_at(one.key, at(3, 23, 14)) for one in stalls))

    async def is_reminded() -> bool:
        with office.store.read() as tx:
            reminders = [p for p in tx.notices.listed(recipient="Ada Owner") if p.notice.key.endswith("/told-0-1")]
        told_in = {reminder.digest for reminder in reminders if reminder.delivered_at}
        return len(reminders) == len(stalls) and len(told_in) == 1 and None not in told_in

    await eventually(is_reminded)


async def test_an_answer_that_nothing_follows_expires_and_the_ladder_goes_on(office: World) -> None:
    escalation = await stall(office)
    await office.operations.act_on(escalation.key, Acknowledge(who="Ada Owner", note="I call them"))

    climbed = await lives(office, escalation, at(3, 29, 8), "told", times=2)

    # Three business days after Thursday; what is due on a day is done at six.
    assert [(what, when) for what, _, when in climbed[1:]] == [
        ("acknowledged", at(3, 23, 7)),
        ("resumed", at(3, 29, 6)),
        ("told", at(3, 29, 6)),
    ]
    with office.store.read() as tx:
        [again] = [
            p.notice for p in tx.notices.listed(partner=escalation.partner) if p.notice.kind == "escalation.reminded"
        ]
    assert "Ada Owner answered for it, and it does not move: I call them" in again.body
    assert again.thread == f"{escalation.key}/opened"


async def test_an_answer_counts_on_while_something_moves(office: World) -> None:
    escalation = await stall(office)
    await office.operations.act_on(
        escalation.key,
        RecordNextAction(who="Ada Owner", note="Call Initech", by="Ada Owner", due_on=date(2017, 4, 28)),
    )
    await office.operations.map_accounts(escalation.partner, ["Umbrella"])
    with office.store.write() as tx:
        tx.preparation.agree_play(escalation.partner, "Third", "A signal", "A meeting", date(2017, 3, 27))

    climbed = await lives(office, escalation, at(3, 29, 8), "renewed")

    assert [what for what, _, _ in climbed] == ["told", "next action", "renewed"]
    escalation = the_escalation(office, escalation.partner)
    assert (escalation.state, escalation.until) == (EscalationState.ACKNOWLEDGED, date(2017, 4, 3))


async def test_what_is_put_off_comes_back_on_its_day(office: World) -> None:
    escalation = await stall(office)
    await office.operations.act_on(
        escalation.key, Snooze(who="Ada Owner", note="They are at a fair", until=date(2017, 4, 4))
    )
    climbed = await lives(office, escalation, at(4, 4, 8), "told", times=2)
    assert [(what, when.date()) for what, _, when in climbed[2:]] == [
        ("resumed", date(2017, 4, 4)),
        ("told", date(2017, 4, 4)),
    ]

    await office.operations.act_on(
        escalation.key, AskForTime(who="Ada Owner", note="Their buyer is away", until=date(2017, 4, 10))
    )
    with pytest.raises(Refused, match="more time was given once already"):
        await office.operations.act_on(
            escalation.key, AskForTime(who="Ada Owner", note="Still away", until=date(2017, 4, 12))
        )


async def test_a_stand_in_is_told_while_somebody_is_away(office: World) -> None:
    with office.store.write() as tx:
        tx.people.put(Person(name="Moritz"))
        tx.people.away(Absence(person="Max Lead", first=date(2017, 3, 25), last=date(2017, 3, 28), stand_in="Moritz"))
    escalation = await stall(office)

    climbed = await lives(office, escalation, at(3, 29, 12), "told", times=4)

    assert [who for what, who, _ in climbed if what == "told"] == ["Ada Owner", "Ada Owner", "Moritz", "Lea Lead"]
    with office.store.read() as tx:
        [told] = [p.notice for p in tx.notices.listed(recipient="Moritz")]
    assert "You get this because you stand in for Max Lead." in told.body
    assert "Ada Owner has not answered." in told.body


async def test_a_level_on_which_nobody_stands_is_skipped(office: World) -> None:
    escalation = await stall(office)
    with office.store.write() as tx:
        partner = tx.partners.get(escalation.partner).partner
        tx.partners.add([partner.model_copy(update={"owner_manager": ""})], escalation.opened_at)

    climbed = await lives(office, escalation, at(3, 27, 12), "told", times=3)

    assert [who for _, who, _ in climbed] == ["Ada Owner", "Ada Owner", "Lea Lead"]


async def test_who_is_given_an_escalation_hears_of_it_at_once(office: World) -> None:
    escalation = await stall(office)
    act = office.operations.act_on
    office.operations.record_people([Person(name="Grace"), Person(name="Heidi")])

    await act(escalation.key, Delegate(who="Ada Owner", note="Grace knows the buyer", to="Grace"))
    climbed = await lives(office, escalation, at(3, 23, 8), "told", times=2)
    assert [(what, who) for what, who, _ in climbed[1:]] == [("delegated", "Ada Owner"), ("told", "Grace")]
    assert office.standing(escalation.partner).partner.owner == "Ada Owner"

    await act(escalation.key, Reassign(who="Max Lead", note="Ada has left", to="Heidi"))
    climbed = await lives(office, escalation, at(3, 23, 9), "told", times=3)
    assert climbed[-1][1] == "Heidi"
    assert office.standing(escalation.partner).partner.owner == "Heidi"


async def test_it_is_given_back_and_handed_on_in_the_same_words(office: World) -> None:
    escalation = await stall(office)
    office.operations.record_people([Person(name="Grace")])
    for to in ("Grace", "Ada Owner", "Grace"):
        given = await office.operations.act_on(escalation.key, Delegate(who="Max Lead", note="Hers", to=to))
        assert given.delegate == to
    assert the_escalation(office, escalation.partner).delegate == "Grace"


async def test_a_reset_ends_the_pilot_and_its_escalation(office: World) -> None:
    escalation = await stall(office)
    reset = ResetPilot(who="Max Lead", note="Other accounts were agreed")

    ended = await office.operations.act_on(escalation.key, reset)

    assert (ended.state, ended.note) == (EscalationState.ENDED, "The pilot was reset.")
    assert the_escalation(office, escalation.partner).answered_by == "Max Lead"
    assert (await office.escalation(escalation.key).describe()).status == WorkflowExecutionStatus.COMPLETED
    with office.store.read() as tx:
        pilots = tx.pilots.of(escalation.partner)
    assert [(terms.number, terms.started_on, verdict) for _, terms, _, verdict in pilots] == [
        (1, THURSDAY - 28 * DAY, "reset"),
        (2, THURSDAY, None),
    ]
    # Its calendar counts from here, and no second reset is left.
    await office.until(escalation.partner, THURSDAY + 21 * DAY)
    again = [e for e in office.escalations(escalation.partner) if e.state != EscalationState.ENDED][-1]
    assert again.cycle == "application-1/pilot-2"
    with pytest.raises(Refused, match="no reset is left of 1"):
        await office.operations.act_on(again.key, reset)


async def test_a_partner_is_let_go_from_its_escalation(office: World) -> None:
    escalation = await stall(office)

    ended = await office.operations.act_on(escalation.key, LetGo(who="Max Lead", note="Its sellers moved on"))

    assert (ended.state, ended.note) == (EscalationState.ENDED, "Notice was given: Its sellers moved on")
    assert office.standing(escalation.partner).stage == Stage.LEAVING
    with pytest.raises(Refused, match="there is nothing to answer any more"):
        await office.operations.act_on(escalation.key, Acknowledge(who="Ada Owner", note="Too late"))


async def delivered(office: World, escalation: Escalation) -> bool:
    """Whether all that was told of an escalation has arrived."""
    with office.store.read() as tx:
        return all(p.delivered_at for p in tx.notices.about(escalation.partner, escalation.key))


async def test_evidence_that_comes_in_ends_it_in_the_middle_and_says_what_it_was(office: World) -> None:
    escalation = await stall(office)
    climbed = await lives(office, escalation, at(3, 27, 12), "told", times=3)
    assert len(climbed) == 3
    await eventually(lambda: delivered(office, escalation))

    office.brings(escalation.partner, date(2017, 3, 27))

    ended = await lives(office, escalation, at(3, 27, 12), "told", times=5)
    assert [what for what, _, _ in ended] == ["told", "told", "told", "ended", "told", "told"]
    assert [who for _, who, _ in ended[-2:]] == ["Ada Owner", "Max Lead"], "both heard of it, and hear that it is over"
    over = the_escalation(office, escalation.partner)
    assert (over.state, over.answered_by) == (EscalationState.ENDED, None)
    assert over.note == "Something was created or progressed."
    assert (await office.escalation(escalation.key).result()).note == over.note


async def looked_at(office: World) -> None:
    """Wait until everything that came in was looked at."""

    async def was_looked_at() -> bool:
        with office.store.read() as tx:
            return not tx.escalations.doubted(9)

    await eventually(was_looked_at)


async def test_what_changes_nothing_about_it_leaves_it_open(office: World) -> None:
    escalation = await stall(office)
    await office.operations.map_accounts(escalation.partner, ["Umbrella"])

    await looked_at(office)
    assert the_escalation(office, escalation.partner).state == EscalationState.OPEN


async def test_the_message_says_what_was_seen_what_comes_of_it_and_what_can_be_done(office: World) -> None:
    escalation = await stall(office)
    with office.store.read() as tx:
        notice = tx.notices.get(f"{escalation.key}/opened").notice

    assert notice.subject.endswith("has stalled")
    for said in (
        "Nothing was created and nothing progressed in three weeks in a row.",
        "Open since 2017-03-23.",
        "something was created or progressed: no\n",
        "If nothing changes, the verdict on 2017-04-24 is reset:",
        "(Europe/Berlin). Then Max Lead is told.",
        f'- record the next action: `gatehouse escalations act {escalation.key} next-action --by "Ada Owner"',
        f"- reset the pilot: `gatehouse escalations act {escalation.key} reset",
    ):
        assert said in notice.body


async def test_evidence_that_ends_nothing_gives_nobody_more_time(office: World) -> None:
    escalation = await stall(office)
    await office.until_at(escalation.key, at(3, 23, 12))
    await office.operations.map_accounts(escalation.partner, ["Umbrella"])
    await looked_at(office)

    climbed = await lives(office, escalation, at(3, 23, 14), "told", times=2)

    assert [(who, when) for _, who, when in climbed] == [
        ("Ada Owner", at(3, 23, 7)),
        ("Ada Owner", at(3, 23, 13)),
    ]


async def test_what_much_is_heard_about_goes_on_in_a_new_history_where_it_stood(
    office: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every import may be heard of, and a history holds no more than 51,200 events."""
    monkeypatch.setattr(Info, "is_continue_as_new_suggested", lambda run: run.get_current_history_length() > 20)
    escalation = await stall(office)
    first = (await office.escalation(escalation.key).describe()).run_id
    await office.until_at(escalation.key, at(3, 23, 12))
    for number in range(3):
        await office.operations.map_accounts(escalation.partner, [f"Umbrella {number}"])
        await looked_at(office)

    async def begins_anew() -> bool:
        return (await office.escalation(escalation.key).describe()).run_id != first

    await eventually(begins_anew)
    assert (await office.operations.act_on(escalation.key, Acknowledge(who="Ada", note="I call"))).answered_by == "Ada"
    assert [what for what, _, _ in happened(office, escalation.partner)] == ["opened", "told", "acknowledged"]

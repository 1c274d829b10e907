"""An escalation climbs until somebody answers: in business time, over a long weekend, and past people who are away."""

from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

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
LADDER = (
    ('lead: ""', "lead: Lea Lead"),
    ("{to: owner, within: {days: 2}, repeats: 1}", "{to: owner, within: {hours: 4}, repeats: 1}"),
    ("{to: program-lead, within: {days: 2}}", "{to: program-lead, within: {days: 1}}"),
)


def at(month: int, day: int, hour: int) -> datetime:
    """A local time of that year."""
    return datetime.combine(date(2017, month, day), time(hour))


@pytest.fixture
async def office(
    virtual_time: WorkflowEnvironment, store: Store, default_program: LoadedProgram
) -> AsyncIterator[World]:
    """An installation in Berlin, on a Thursday at seven."""
    program = changed_program(
        default_program,
        ("timezone: UTC", "timezone: Europe/Berlin"),
        ("holidays: [", "holidays: [2017-03-24, "),
        *LADDER,
    )
    async with World(virtual_time, store, program, THURSDAY).at_work() as world:
        yield world


async def stall(office: World) -> Escalation:
    """A partner whose pilot has been silent for three weeks."""
    partner = await office.stalled("Acme")

    async def found() -> bool:
        return bool(office.escalations(partner)) and "told" in [what for what, _, _ in happened(office, partner)]

    await eventually(found)
    [escalation] = office.escalations(partner)
    return escalation


def happened(office: World, partner: str) -> list[tuple[str, str, datetime]]:
    """What happened to the one escalation of a partner, to whom, and at which local time, to the minute."""
    [escalation] = office.escalations(partner)
    with office.store.read() as tx:
        events = tx.escalations.events(escalation.key)
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

    climbed = await lives(office, escalation, at(3, 31, 12), "unanswered")

    assert climbed == [
        ("told", "Ada Owner", at(3, 23, 7)),
        ("told", "Ada Owner", at(3, 23, 13)),
        # Friday is a holiday, and on Sunday the clocks are put forward: four hours of work are over on Monday.
        ("told", "Max Lead", at(3, 27, 9)),
        ("told", "Lea Lead", at(3, 29, 9)),
        ("unanswered", "", at(3, 30, 9)),
    ]
    [unanswered] = office.escalations(escalation.partner)
    assert unanswered.state == EscalationState.UNANSWERED
    # It stays on the lead's list, and can be answered still.
    answered = await office.operations.act_on(escalation.key, Acknowledge(who="Lea Lead", note="I see to it"))
    assert (answered.state, answered.answered_by) == (EscalationState.ACKNOWLEDGED, "Lea Lead")


async def test_an_answer_that_nothing_follows_expires_and_the_ladder_goes_on(office: World) -> None:
    escalation = await stall(office)
    await office.operations.act_on(escalation.key, Acknowledge(who="Ada Owner", note="I call them"))

    climbed = await lives(office, escalation, at(3, 29, 8), "told")

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
    assert "Ada Owner said of it: I call them" in again.body
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
    [escalation] = office.escalations(escalation.partner)
    assert (escalation.state, escalation.until) == (EscalationState.ACKNOWLEDGED, date(2017, 4, 3))


async def test_what_is_put_off_comes_back_on_its_day(office: World) -> None:
    escalation = await stall(office)
    await office.operations.act_on(
        escalation.key, Snooze(who="Ada Owner", note="They are at a fair", until=date(2017, 4, 4))
    )
    climbed = await lives(office, escalation, at(4, 4, 8), "told")
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

    await act(escalation.key, Delegate(who="Ada Owner", note="Grace knows the buyer", to="Grace"))
    climbed = await lives(office, escalation, at(3, 23, 8), "told")
    assert [(what, who) for what, who, _ in climbed[1:]] == [("delegated", "Ada Owner"), ("told", "Grace")]
    assert office.standing(escalation.partner).partner.owner == "Ada Owner"

    await act(escalation.key, Reassign(who="Max Lead", note="Ada has left", to="Heidi"))
    climbed = await lives(office, escalation, at(3, 23, 9), "told")
    assert climbed[-1][1] == "Heidi"
    assert office.standing(escalation.partner).partner.owner == "Heidi"


async def test_a_reset_ends_the_pilot_and_its_escalation(office: World) -> None:
    escalation = await stall(office)
    reset = ResetPilot(who="Max Lead", note="Other accounts were agreed")

    ended = await office.operations.act_on(escalation.key, reset)

    assert (ended.state, ended.note) == (EscalationState.ENDED, "The pilot was reset.")
    assert (await office.escalation(escalation.key).describe()).status == WorkflowExecutionStatus.COMPLETED
    with office.store.read() as tx:
        pilots = tx.pilots.of(escalation.partner)
    assert [(terms.number, terms.started_on, verdict) for _, terms, _, verdict in pilots] == [
        (1, THURSDAY - 28 * DAY, "reset"),
        (2, THURSDAY, None),
    ]
    # Its calendar counts from here, and no second reset is left.
    await office.until(escalation.partner, THURSDAY + 21 * DAY)
    found = office.escalations(escalation.partner)
    [again] = [e for e in found if e.condition == escalation.condition and e.state != EscalationState.ENDED]
    assert (again.cycle, again.opened_on) == ("application-1/pilot-2", THURSDAY + 21 * DAY)
    with pytest.raises(Refused, match="no reset is left of 1"):
        await office.operations.act_on(again.key, reset)


async def test_a_partner_is_let_go_from_its_escalation(office: World) -> None:
    escalation = await stall(office)

    ended = await office.operations.act_on(escalation.key, LetGo(who="Max Lead", note="Its sellers moved on"))

    assert (ended.state, ended.note) == (EscalationState.ENDED, "Max Lead: Its sellers moved on")
    assert office.standing(escalation.partner).stage == Stage.LEAVING
    with pytest.raises(Refused, match="there is nothing to answer any more"):
        await office.operations.act_on(escalation.key, Acknowledge(who="Ada Owner", note="Too late"))

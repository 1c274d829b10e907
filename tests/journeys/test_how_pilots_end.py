"""Verdicts and what follows: another pilot, an active partner, or the way out."""

import asyncio
from datetime import date, timedelta

from sqlalchemy import select

from program.escalation import EscalationState
from program.opportunity import Opportunity
from program.partner import Stage
from store.tables import OpportunityRow
from tests.world import World, changed_program, publish
from workflows.partner import PartnerLifecycle

DAY = timedelta(days=1)


def pilots(world: World, partner: str) -> list[tuple[int, date, date | None, str | None]]:
    with world.store.read() as tx:
        return [(terms.number, terms.started_on, ended, verdict) for _, terms, ended, verdict in tx.pilots.of(partner)]


def handed_over(world: World, partner: str) -> dict[str, str | None]:
    with world.store._engine.connect() as connection:
        rows = connection.execute(select(OpportunityRow).where(OpportunityRow.partner == partner))
        return {row.id: row.handed_over_to for row in rows}


async def test_a_first_miss_resets_the_pilot_and_names_every_fix(world: World) -> None:
    partner, first = await world.in_pilot("Acme"), world.first_day

    await world.until(partner, first + 60 * DAY)

    [verdict] = world.decisions(partner, "pilot-verdict")
    assert (verdict.ruling.outcome, verdict.ruling.rule) == ("reset", "too_few_qualified")
    assert verdict.ruling.also[:2] == ("too_few_progressed", "one_sided")
    [told] = [notice for notice in world.outbox.sent if notice.kind == "pilot.reset"]
    for fix in ("Choose other accounts", "Agree who owns each step", "Name a seller on each side"):
        assert fix in told.body
    assert pilots(world, partner) == [(1, first, first + 60 * DAY, "reset"), (2, first + 60 * DAY, None, None)]
    standing = world.standing(partner)
    assert (standing.stage, standing.since, standing.next_date) == (Stage.PILOT, first + 60 * DAY, first + 67 * DAY)
    state = await world.lifecycle(partner).query(PartnerLifecycle.state)
    assert state.next_date == first + 120 * DAY
    assert f"The pilot runs 60 days, to {first + 120 * DAY}" in told.body
    assert world.told(partner).count("pilot.started") == 1, "what starts is told with what ended"


async def test_a_second_pilot_expands_or_is_the_last(world: World) -> None:
    first = world.first_day - 59 * DAY
    mends, goes = await world.in_pilot("Mends", since=first), await world.in_pilot("Goes", since=first)
    world.succeeds(mends, first + 60 * DAY)
    still_open, decided = world.brings(goes, first + 70 * DAY), world.brings(goes, first, lost=first + 20 * DAY)
    await asyncio.gather(*(world.until(partner, first + 119 * DAY) for partner in (mends, goes)))
    for partner in (mends, goes):
        assert world.outcomes(partner, "pilot-verdict") == ["reset"]
        second = [d.as_of for d in world.decisions(partner, "pilot-checkpoint") if "/pilot-2/" in d.purpose]
        assert second == [first + (60 + 7 * week) * DAY for week in range(1, 9)]

    await asyncio.gather(*(world.until(partner, first + 120 * DAY) for partner in (mends, goes)))

    assert world.outcomes(mends, "pilot-verdict") == ["reset", "expand"]
    assert world.standing(mends).stage == Stage.ACTIVE
    assert world.outcomes(goes, "pilot-verdict") == ["reset", "exit"]
    standing = world.standing(goes)
    assert (standing.stage, standing.next_date) == (Stage.LEAVING, first + 134 * DAY)
    assert handed_over(world, goes) == {still_open: None, decided: None}

    await world.until(goes, first + 133 * DAY)
    assert world.standing(goes).stage == Stage.LEAVING
    await world.until(goes, first + 134 * DAY)
    standing = world.standing(goes)
    assert (standing.stage, standing.since) == (Stage.EXITED, first + 134 * DAY)
    assert handed_over(world, goes) == {still_open: "Ada Owner", decided: None}
    assert (await world.lifecycle(goes).result()).stage == Stage.EXITED
    told = [kind for kind in world.told(goes) if not kind.startswith("escalation.")]
    assert told[-2:] == ["pilot.exit", "partner.leaves"]


async def test_a_pilot_keeps_the_terms_it_was_agreed_on_through_its_reset(world: World) -> None:
    first = world.first_day - 59 * DAY
    partner = await world.in_pilot("Acme", since=first)
    agreed, asked = "{qualified: 6, progressed: 3}", "{qualified: 7, progressed: 7}"
    publish(world.store, changed_program(world.program, (agreed, asked)), world.first_day)
    other = await world.in_pilot("Bolt", since=first)
    for each in (partner, other):
        world.succeeds(each, first + 60 * DAY)
    await asyncio.gather(*(world.until(each, first + 120 * DAY) for each in (partner, other)))

    assert world.outcomes(partner, "pilot-verdict") == ["reset", "expand"]
    assert world.outcomes(other, "pilot-verdict") == ["reset", "exit"]


async def _unsaid(world: World, name: str, first: date) -> str:
    """A partner in a pilot whose deals nobody asked the other side about."""
    partner = await world.in_pilot(name, since=first)
    for week in range(6):
        created = first + week * 7 * DAY
        world.brings(partner, created, won=created + DAY, mutual=None)
    return partner


async def test_a_verdict_whose_mutual_work_nobody_knows_waits_five_business_days(world: World) -> None:
    first = world.first_day - 57 * DAY
    silent, answers = await asyncio.gather(*(_unsaid(world, name, first) for name in ("Silent", "Answers")))
    verdict_day = first + 60 * DAY
    assert verdict_day == date(2017, 3, 4), "a Saturday"
    decide_by = date(2017, 3, 10)

    await asyncio.gather(*(world.until(partner, verdict_day) for partner in (silent, answers)))

    for partner in (silent, answers):
        [verdict] = world.decisions(partner, "pilot-verdict")
        assert (verdict.ruling.outcome, verdict.ruling.missing) == (None, ("mutual_deals",))
        assert world.standing(partner).stage == Stage.PILOT
        assert world.standing(partner).next_date == decide_by
        [asked] = world.escalations(partner)
        assert (asked.condition, asked.owner, asked.state) == (
            "pilot-verdict-open",
            "Ada Owner",
            EscalationState.OPEN,
        )
    for asked_for in (n for n in world.outbox.sent if n.kind == "escalation.opened"):
        assert asked_for.recipient == "Ada Owner"
        assert "Not decided: deals that both sides worked (0 to 6) is not known." in asked_for.body
        assert f"Record it before {decide_by}" in asked_for.body
    assert [n.recipient for n in world.outbox.sent if n.kind == "escalation.opened"] == ["Ada Owner"] * 2
    with world.store.read() as tx:
        [one, *_] = tx.opportunities.of(answers, verdict_day, world.decisions(answers)[-1].known_at)
    known = Opportunity(**one.model_dump() | {"mutual": True})
    world.operations.record_opportunities([known], "the owner")

    await asyncio.gather(*(world.until(partner, decide_by - DAY) for partner in (silent, answers)))
    assert world.outcomes(silent, "pilot-verdict") == world.outcomes(answers, "pilot-verdict") == [None]
    await asyncio.gather(*(world.until(partner, decide_by) for partner in (silent, answers)))

    assert world.outcomes(silent, "pilot-verdict") == [None, "reset"]
    assert world.outcomes(answers, "pilot-verdict") == [None, "expand"]
    settled = world.decisions(silent, "pilot-verdict")[-1]
    assert (settled.as_of, settled.purpose) == (verdict_day, "application-1/pilot-1/verdict/settled")
    assert settled.ruling.because.endswith("Decided without knowing deals that both sides worked (0 to 6).")
    [told] = [n.body for n in world.outbox.sent if n.kind == "pilot.reset" and n.partner == silent]
    assert "This was decided with what is known." in told
    assert "- deals that both sides worked" in told
    for partner in (silent, answers):
        [asked] = world.escalations(partner)
        assert asked.state == EscalationState.ENDED
        assert (await world.escalation(asked.key).result()).state == EscalationState.ENDED
    # The second pilot of the silent one begins on the day it was settled: none of its 60 days is over by then.
    assert pilots(world, silent)[1][1] == decide_by
    await world.until(silent, decide_by + 7 * DAY)
    weeks = [d.as_of for d in world.decisions(silent, "pilot-checkpoint") if "/pilot-2/" in d.purpose]
    assert weeks == [decide_by + 7 * DAY]

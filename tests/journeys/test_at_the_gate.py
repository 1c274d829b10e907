"""Candidates that are declined or deferred, and what becomes of them."""

import asyncio
from datetime import timedelta

import pytest

from program.errors import Refused
from program.partner import Stage
from program.scorecard import Scorecard
from tests.world import World, a_scorecard

GROUNDS: dict[str, list[Scorecard]] = {
    "disqualified": [
        a_scorecard(found={ground: True}) for ground in ("sells_substitute", "excluded_segment", "not_legitimate")
    ],
    "risk_of_standing": [a_scorecard(found={"unsound": True})],
    "risky_overlap": [a_scorecard(found={"discount_led": True, "extra_option": True})],
    "fit_below_minimum": [a_scorecard(market=3), a_scorecard(motion=3), a_scorecard(motion=3, intent=1, people=1)],
    "intent_below_minimum": [a_scorecard(intent=2), a_scorecard(intent=2, people=1, operations=1)],
}


async def test_each_ground_declines_and_fit_comes_before_what_lies_downstream(world: World) -> None:
    async def judged(ground: str, scorecard: Scorecard) -> None:
        partner = await world.applied("Acme")
        ruled = await world.operations.submit_scorecard(partner, scorecard)
        assert (ruled.stage, ruled.ruling.outcome, ruled.ruling.rule) == (Stage.DECLINED, "decline", ground)
        assert world.standing(partner).stage == Stage.DECLINED
        await world.lifecycle(partner).result()
        assert world.told(partner) == ["application.declined"]

    await asyncio.gather(*(judged(ground, scorecard) for ground, found in GROUNDS.items() for scorecard in found))


async def test_one_sign_of_a_risky_overlap_alone_declines_nobody(world: World) -> None:
    partner = await world.applied("Acme")
    ruled = await world.operations.submit_scorecard(partner, a_scorecard(found={"discount_led": True}))
    assert (ruled.stage, world.standing(partner).stage) == (Stage.PILOT, Stage.PILOT)


async def test_a_declined_partner_is_told_once_why_and_what_would_change_it(world: World) -> None:
    partner = await world.applied("Acme")
    scorecard = a_scorecard(market=2)

    first = await world.operations.submit_scorecard(partner, scorecard)
    await world.lifecycle(partner).result()

    [notice] = [notice for notice in world.outbox.sent if notice.partner == partner]
    assert first.ruling.because in notice.body
    assert first.ruling.advice in notice.body
    assert notice.recipient.startswith("Acme")
    with pytest.raises(Refused, match="no workflow runs for"):
        await world.operations.submit_scorecard(partner, a_scorecard())
    assert world.standing(partner).stage == Stage.DECLINED


async def test_a_declined_partner_comes_back_by_a_second_application_with_decisions_of_its_own(world: World) -> None:
    partner = await world.applied("Acme")
    scorecard = a_scorecard(market=2)
    await world.operations.submit_scorecard(partner, scorecard)
    await world.lifecycle(partner).result()

    with pytest.raises(Refused, match=f"{partner} is declined since 2017-03-01; a new application takes --again"):
        await world.operations.apply(partner)
    assert world.standing(partner).application == 1

    state = await world.operations.apply(partner, again=True)
    assert (state.stage, state.application) == (Stage.APPLIED, 2)
    # The same words, on the same day: it is another application, so it is another decision, and another letter.
    await world.operations.submit_scorecard(partner, scorecard)
    await world.lifecycle(partner).result()

    decisions = world.decisions(partner, "qualification")
    assert [d.purpose for d in decisions] == ["application-1/scorecard-1", "application-2/scorecard-1"]
    assert world.told(partner) == ["application.declined"] * 2
    assert len({notice.key for notice in world.outbox.sent}) == 2


async def test_applying_anew_while_an_application_runs_changes_nothing(world: World) -> None:
    partner = await world.applied("Acme")
    state = await world.operations.apply(partner, again=True)
    assert (state.stage, state.application, world.standing(partner).application) == (Stage.APPLIED, 1, 1)


async def test_a_candidate_whose_market_is_too_small_is_declined_before_its_people_are_rated(world: World) -> None:
    partner = await world.applied("Acme")
    ruled = await world.operations.submit_scorecard(partner, a_scorecard(market=3, without=("people", "operations")))
    assert (ruled.stage, ruled.ruling.rule, ruled.missing) == (Stage.DECLINED, "fit_below_minimum", ())
    await world.lifecycle(partner).result()
    assert world.told(partner) == ["application.declined"]


async def test_a_deferral_names_what_is_missing_and_the_evidence_signs(world: World) -> None:
    partner = await world.applied("Acme")

    ruled = await world.operations.submit_scorecard(partner, a_scorecard(without=("market", "unsound")))

    until = world.first_day + timedelta(days=90)
    assert (ruled.stage, ruled.next_date) == (Stage.DEFERRED, until)
    assert ruled.missing == (
        "an answer to: Financial stability or compliance is in doubt",
        "evidence for: Reaches our buyers",
    )
    assert world.standing(partner).next_date == until
    await world.until(partner, world.first_day + timedelta(days=85))
    [notice] = world.outbox.sent
    assert "Reaches our buyers" in notice.body
    assert "Financial stability or compliance" in notice.body
    assert str(until) in notice.body

    ruled = await world.operations.submit_scorecard(partner, a_scorecard())
    assert (ruled.stage, ruled.ruling.outcome) == (Stage.PILOT, "sign")
    assert world.standing(partner).since == world.first_day + timedelta(days=85)
    # The deferral's day comes, and means nothing any more.
    await world.until(partner, until + timedelta(days=5))
    assert world.standing(partner).stage == Stage.PILOT
    assert "application.expired" not in world.told(partner)


async def test_a_deferral_that_nothing_came_for_is_declined_on_its_ninetieth_day(world: World) -> None:
    partner = await world.applied("Acme")
    await world.operations.submit_scorecard(partner, a_scorecard(without=("intent",)))
    until = world.first_day + timedelta(days=90)

    await world.until(partner, until - timedelta(days=1))
    assert world.standing(partner).stage == Stage.DEFERRED
    await world.until(partner, until)

    standing = world.standing(partner)
    assert (standing.stage, standing.since) == (Stage.DECLINED, until)
    state = await world.lifecycle(partner).result()
    assert state.stage == Stage.DECLINED
    assert world.told(partner) == ["application.deferred", "application.expired"]


async def test_a_scorecard_that_still_lacks_something_defers_for_another_ninety_days(world: World) -> None:
    partner = await world.applied("Acme")
    await world.operations.submit_scorecard(partner, a_scorecard(without=("intent", "people")))
    second = world.first_day + timedelta(days=80)
    await world.until(partner, second)

    again = await world.operations.submit_scorecard(partner, a_scorecard(without=("people",)))

    assert again.next_date == second + timedelta(days=90)
    await world.until(partner, world.first_day + timedelta(days=91))
    assert world.standing(partner).stage == Stage.DEFERRED
    await world.until(partner, second + timedelta(days=90))
    assert world.standing(partner).stage == Stage.DECLINED
    assert world.told(partner).count("application.deferred") == 2


async def test_short_capacity_defers_where_fit_is_strong(world: World) -> None:
    partner = await world.applied("Acme")
    ruled = await world.operations.submit_scorecard(partner, a_scorecard(people=2, operations=2))
    assert (ruled.stage, ruled.ruling.outcome, ruled.ruling.rule) == (Stage.DEFERRED, "defer", "capacity_short")
    assert ruled.ruling.unknown == ()
    ruled = await world.operations.submit_scorecard(partner, a_scorecard(people=3, operations=3))
    assert ruled.stage == Stage.PILOT


async def test_a_scorecard_sent_twice_is_decided_on_once(world: World) -> None:
    partner = await world.applied("Acme")
    scorecard = a_scorecard(without=("intent",))
    both = await asyncio.gather(*(world.operations.submit_scorecard(partner, scorecard) for _ in range(2)))
    assert both[0] == both[1]
    assert len(world.decisions(partner)) == 1


async def test_a_scorecard_of_another_form_is_refused_and_leaves_the_application_open(world: World) -> None:
    partner = await world.applied("Acme")
    odd = a_scorecard()
    odd = odd.model_copy(update={"ratings": {**odd.ratings, "charm": odd.ratings["market"]}})
    with pytest.raises(Refused, match=r"^charm: no criterion of this program"):
        await world.operations.submit_scorecard(partner, odd)
    assert world.decisions(partner) == []
    ruled = await world.operations.submit_scorecard(partner, a_scorecard())
    assert ruled.stage == Stage.PILOT

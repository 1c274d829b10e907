"""Acts in the wrong stage: refused by a sentence, and nothing happened."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from program.errors import Refused
from program.partner import Stage
from program.request import ActionTaken
from tests.store.contents import contents
from tests.world import World, a_scorecard
from workflows.messages import JointPlay

Act = Callable[[World, str], Awaitable[object]]

ACTS: dict[str, tuple[Act, set[Stage]]] = {
    "a scorecard": (
        lambda w, p: w.operations.submit_scorecard(p, a_scorecard(market=5)),
        {Stage.APPLIED, Stage.DEFERRED},
    ),
    "an account": (lambda w, p: w.operations.map_accounts(p, ["Initech"]), {Stage.PILOT}),
    "a play": (
        lambda w, p: w.operations.agree_play(p, JointPlay(name="Audit", trigger="A date", outcome="A meeting")),
        {Stage.PILOT},
    ),
    "a next action": (
        lambda w, p: w.operations.record_next_action(p, ActionTaken(what="Call", who="Ada", due_on=w.first_day)),
        {Stage.PILOT, Stage.ACTIVE},
    ),
    "a withdrawal": (lambda w, p: w.operations.withdraw(p, "Its sellers moved on"), {Stage.PILOT, Stage.LEAVING}),
}


async def test_an_act_in_the_wrong_stage_is_refused_and_leaves_no_trace(world: World) -> None:
    at = {
        Stage.APPLIED: await world.applied("Applied"),
        Stage.DEFERRED: await world.applied("Deferred"),
        Stage.PILOT: await world.in_pilot("Pilot"),
        Stage.ACTIVE: await world.active("Active"),
        Stage.LEAVING: await world.in_pilot("Leaving"),
    }
    await world.operations.submit_scorecard(at[Stage.DEFERRED], a_scorecard(without=("intent",)))
    await world.operations.exit(at[Stage.LEAVING], "Sold")
    before = contents(world.store)
    refused = 0
    for stage, partner in at.items():
        events = (await world.lifecycle(partner).describe()).history_length
        for act, stages in ACTS.values():
            if stage not in stages:
                with pytest.raises(Refused, match=f"^{partner} is {stage}; this can be done while it is ") as refusal:
                    await act(world, partner)
                assert all(wanted in str(refusal.value) for wanted in stages)
                refused += 1
        assert (await world.lifecycle(partner).describe()).history_length == events
    assert refused == 17
    assert contents(world.store) == before


async def test_what_is_wrong_with_the_act_itself_is_its_answer(world: World) -> None:
    partner = await world.in_pilot("Acme")
    yesterday = world.first_day - timedelta(days=1)
    before = contents(world.store)

    with pytest.raises(Refused, match=f"^a next action lies ahead; {yesterday} is over"):
        await world.operations.record_next_action(partner, ActionTaken(what="Call", who="Ada", due_on=yesterday))
    with pytest.raises(Refused, match=f"^{partner} would have 51 mapped accounts; a pilot has 50 at most"):
        await world.operations.map_accounts(partner, [f"Account {n}" for n in range(51)])
    assert contents(world.store) == before
    assert await world.operations.map_accounts(partner, [f"Account {n}" for n in range(50)]) == 25


async def test_nobody_acts_on_who_is_unknown_or_has_not_applied(world: World) -> None:
    partner = world.knows("Acme")
    with pytest.raises(Refused, match=f"no workflow runs for {partner}"):
        await world.operations.submit_scorecard(partner, a_scorecard())
    for act, _ in ACTS.values():
        with pytest.raises(Refused, match="there is no partner nobody"):
            await act(world, "nobody")
    with pytest.raises(Refused, match="there is no partner nobody"):
        await world.operations.apply("nobody")
    assert world.standing(partner).stage == Stage.PROSPECT


async def test_a_partner_that_has_applied_is_not_taken_over(world: World) -> None:
    partner = await world.applied("Acme")
    with pytest.raises(Refused, match="a running pilot can be taken over from a prospect only"):
        await world.operations.adopt(partner, world.first_day)
    assert world.standing(partner).stage == Stage.APPLIED

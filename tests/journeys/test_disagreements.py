"""Evaluators that disagree: nothing is decided, the operators hear of it once, and a mended release goes on."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from activities.roster import LIFECYCLE_ID
from program.notice import Notice
from program.partner import Stage
from program.request import NewStart
from rules.evaluators import engine
from rules.evaluators.network import Network, compile_policy
from rules.language.policy import Policy
from tests.journeys.test_the_roster import swept
from tests.world import PATIENCE, World, a_scorecard, eventually
from workflows.messages import Lifecycle
from workflows.partner import PartnerLifecycle
from workflows.rescore import WORKFLOW_ID, RescoreDue, RosterRescore

DAY = timedelta(days=1)


@contextmanager
def miscompiled(rule: str) -> Iterator[None]:
    """A release whose compiler forgets a rule, so that the engine never finds it."""

    def forgetful(policy: Policy) -> Network:
        network = compile_policy(policy)
        for name in [name for name, says in network.says.items() if says == rule]:
            del network.rules[name], network.says[name]
        return network

    engine.engine_for.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "compile_policy", forgetful)
        yield
    engine.engine_for.cache_clear()


def alerts(world: World) -> list[Notice]:
    with world.store.read() as tx:
        return [posting.notice for posting in tx.notices.listed() if posting.notice.kind == "operator.alert"]


async def tried(world: World) -> None:
    """Until the operators were told of it."""

    async def told() -> bool:
        return bool(alerts(world))

    await eventually(told)


async def tried_again(world: World, logged: list[EventDict], partner: str) -> None:
    """Until it was tried once more after that."""

    def tries() -> int:
        return sum(line["event"] == "decision.disagreement" and line["partner"] == partner for line in logged)

    async def twice() -> bool:
        return tries() > 1

    await tried(world)
    await eventually(twice)


async def test_a_scorecard_that_the_evaluators_disagree_on_waits_for_a_release_that_mends_it(world: World) -> None:
    partner = await world.applied("Acme")
    with miscompiled("fit_below_minimum"), capture_logs() as logged:
        asking = asyncio.create_task(world.operations.submit_scorecard(partner, a_scorecard(market=3, motion=5)))
        await tried_again(world, logged, partner)
        assert not asking.done()
        assert world.decisions(partner) == []
        assert world.standing(partner).stage == Stage.APPLIED
        with world.store.read() as tx:
            assert tx.scorecards.count(partner, 1) == 0

    assert (await asyncio.wait_for(asking, PATIENCE)).ruling.rule == "fit_below_minimum"
    assert world.standing(partner).stage == Stage.DECLINED
    assert len(world.decisions(partner)) == 1
    [alert] = alerts(world)
    assert alert.recipient == "operators"
    assert f"Nothing was decided about {partner} (application-1/scorecard-1) or recorded." in alert.body
    assert "- durable-rules: none\n- the interpreter: fit_below_minimum\n" in alert.body
    assert '"market": 3' in alert.body
    assert world.program.policies["qualification"].digest in alert.body
    [said, *_] = [line for line in logged if line["event"] == "decision.disagreement"]
    assert (said["log_level"], said["policy"], said["version"]) == ("critical", "qualification", 1)
    assert said["answers"] == {"durable-rules": [], "the interpreter": ["fit_below_minimum"]}
    assert '"market": 3' in said["facts"]

    async def is_out() -> bool:
        return "operator.alert" in world.told(partner)

    await eventually(is_out)
    assert world.told(partner).count("operator.alert") == 1


async def test_a_verdict_that_the_evaluators_disagree_on_is_reached_by_the_release_that_mends_it(world: World) -> None:
    first = world.first_day - 58 * DAY
    partner = await world.in_pilot("Acme", since=first)
    with miscompiled("too_few_qualified"), capture_logs() as logged:
        waiting = asyncio.create_task(world.until(partner, first + 60 * DAY))
        await tried_again(world, logged, partner)
        assert world.outcomes(partner, "pilot-verdict") == []
        assert world.standing(partner).stage == Stage.PILOT
    await asyncio.wait_for(waiting, PATIENCE)

    assert world.outcomes(partner, "pilot-verdict") == ["reset"]
    assert len(alerts(world)) == 1
    await world.until(partner, first + 67 * DAY)
    assert len(world.decisions(partner, "pilot-checkpoint")) == 1


async def test_a_pilot_that_is_reset_while_a_checkpoint_cannot_be_decided_has_all_of_its_weeks(world: World) -> None:
    first, partner = world.first_day, world.knows("Acme")
    with miscompiled("no_next_action"):
        lifecycle = await world.client.start_workflow(
            PartnerLifecycle.run,
            Lifecycle(
                partner=partner,
                application=1,
                clock=world.clock,
                pilot_since=first - 28 * DAY,
            ),
            id=LIFECYCLE_ID.format(partner),
            task_queue=world.task_queue,
            task_timeout=timedelta(seconds=0.3),  # what is asked meanwhile is heard as soon
        )
        await tried(world)
        asked = NewStart(because="Other accounts", by="Ada")
        await lifecycle.execute_update(PartnerLifecycle.reset_pilot, asked)
        assert world.decisions(partner) == []

    async def is_decided() -> bool:
        return len(world.decisions(partner)) == 1

    await eventually(is_decided)
    assert world.escalations(partner) == []
    assert world.standing(partner).next_date == first + 7 * DAY
    await world.until(partner, first + 7 * DAY)
    assert [decision.as_of for decision in world.decisions(partner)] == [first, first + 7 * DAY]


async def test_whom_the_evaluators_disagree_about_keeps_nobody_else_from_being_swept(world: World) -> None:
    applied, deferred, day = await world.applied("Applied"), await world.applied("Deferred"), world.first_day + 46 * DAY
    await world.operations.submit_scorecard(deferred, a_scorecard(without=("intent",)))
    with miscompiled("scorecard_overdue"):
        sweeping = asyncio.create_task(swept(world, day))
        await tried(world)
        assert [stall.condition for stall in world.escalations(deferred)] == ["evidence_overdue"]
        assert world.told(deferred)[-1] == "escalation.opened"
        assert world.escalations(applied) == []

    assert (await asyncio.wait_for(sweeping, PATIENCE)).stalled == 2
    assert [stall.condition for stall in world.escalations(applied)] == ["scorecard_overdue"]


async def test_a_rescore_that_cannot_go_on_does_not_keep_the_next_one_from_being_due(world: World) -> None:
    """A schedule starts none while the one before runs."""
    partner = await world.active("Acme")
    with miscompiled("inactive_quarter"):
        clock = world.on(date(2017, 7, 6)).clock
        due = await world.client.start_workflow(
            RescoreDue.run, clock, id=f"rescore-due-{partner}", task_queue=world.task_queue
        )
        await tried(world)
        await asyncio.wait_for(due.result(), 3)

    held_up = world.client.get_workflow_handle_for(RosterRescore.run, WORKFLOW_ID.format("2017Q2"))
    assert sum((await asyncio.wait_for(held_up.result(), PATIENCE)).tiers.values()) == 1

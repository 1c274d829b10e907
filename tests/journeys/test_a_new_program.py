"""A stricter program is published: who comes before its day, on it, and who is under way."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree

import pytest

from operations.publishing import Intent, publish
from program.errors import Refused
from program.partner import Stage
from rules.folder import DEFAULT_PROGRAM
from tests.world import World, a_scorecard, changed_program
from tests.world import publish as put_in_force

DAY = timedelta(days=1)


def publish_stricter(world: World, folder: Path) -> str:
    """Publish a program that signs only the best and asks more of a pilot, in force from tomorrow on; its digest."""
    file = copytree(DEFAULT_PROGRAM, folder) / "program.yaml"
    text = file.read_text().replace("version: 1\n", "version: 2\n")
    harder = [("minimum: 3.5", "minimum: 4.5"), ("qualified: 6, progressed: 3", "qualified: 60, progressed: 30")]
    for old, new in harder:
        assert old in text
        text = text.replace(old, new, 1)
    file.write_text(text)
    tomorrow = Intent(world.first_day + DAY, "Ada", "Only the best")
    publication, _ = publish(world.store, folder, tomorrow, world.first_day, datetime.now(UTC))
    return publication.digest


async def test_each_is_judged_by_the_program_of_its_day_and_a_pilot_by_its_own(world: World, tmp_path: Path) -> None:
    started = world.first_day - 55 * DAY
    under_way = await world.in_pilot("Under Way", since=started)
    world.succeeds(under_way, started)
    old, new = world.program.digest, publish_stricter(world, tmp_path / "stricter")

    today = await world.applied("Today")
    signed = await world.operations.submit_scorecard(today, a_scorecard())
    tomorrow = world.on(world.first_day + DAY)
    late = await tomorrow.applied("Tomorrow")
    declined = await tomorrow.operations.submit_scorecard(late, a_scorecard())
    await world.until(under_way, started + 60 * DAY)

    assert (signed.stage, declined.stage) == (Stage.PILOT, Stage.DECLINED)
    assert declined.ruling.rule == "total_below_minimum"
    by = {name: {d.policy: d.program for d in world.decisions(name)} for name in (today, late, under_way)}
    assert by[today] == {"qualification": old}
    assert by[late] == {"qualification": new}
    assert by[under_way] == {"pilot-checkpoint": old, "pilot-verdict": old}
    assert world.standing(under_way).stage == Stage.ACTIVE, "six deals were agreed, and six are enough"


async def test_a_deferred_candidate_that_comes_back_meets_the_program_of_that_day(world: World, tmp_path: Path) -> None:
    partner = await world.applied("Acme")
    await world.operations.submit_scorecard(partner, a_scorecard(without=("people",)))
    new = publish_stricter(world, tmp_path / "stricter")
    await world.until(partner, world.first_day + 5 * DAY)

    ruled = await world.operations.submit_scorecard(partner, a_scorecard())

    assert (ruled.stage, ruled.ruling.rule) == (Stage.DECLINED, "total_below_minimum")
    assert [decision.program for decision in world.decisions(partner)] == [world.program.digest, new]


async def test_a_scorecard_that_was_refused_is_decided_on_by_a_program_that_asks_for_what_it_says(world: World) -> None:
    partner = await world.applied("Acme")
    scorecard = a_scorecard().model_copy(update={"facts": {"trained": 5}})
    with pytest.raises(Refused, match="not asked for in this program"):
        await world.operations.submit_scorecard(partner, scorecard)
    asks = ("deferral_days: 90", "deferral_days: 90\nevidence: [{id: trained, title: How many were trained}]")
    put_in_force(world.store, changed_program(world.program, asks), world.first_day)

    ruled = await world.operations.submit_scorecard(partner, scorecard)

    assert ruled.stage == Stage.PILOT
    assert (await world.operations.submit_scorecard(partner, scorecard)).decision == ruled.decision

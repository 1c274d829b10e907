"""Two acts at once, a mail server that refuses, a database that is away: nothing is lost and nothing happens twice."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from operations.acts import Operations
from program.errors import Refused
from program.partner import Stage
from store.database import Store
from tests.world import PATIENCE, World, a_scorecard, eventually
from workflows.messages import Ruled, State
from workflows.partner import PartnerLifecycle

Answer = TypeVar("Answer")
DAY = timedelta(days=1)


@contextmanager
def _connection(store: Store) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(str(store._file), isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def locked(store: Store) -> Iterator[None]:
    """Somebody else writes: every activity that wants to waits."""
    with _connection(store) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


async def somebody_waits(store: Store) -> None:
    """Wait until an activity waits for whoever writes."""

    async def is_its_turn() -> bool:
        return store._turn.locked()  # type: ignore[union-attr] # where the database is SQLite

    await eventually(is_its_turn)


@contextmanager
def broken(store: Store) -> Iterator[None]:
    """A table is away: every activity that needs it fails."""
    with _connection(store) as connection:
        connection.execute("ALTER TABLE decisions RENAME TO decisions_away")
        yield
        connection.execute("ALTER TABLE decisions_away RENAME TO decisions")


async def soon(awaited: Awaitable[Answer]) -> Answer:
    return await asyncio.wait_for(awaited, PATIENCE)


async def state_of(world: World, partner: str) -> State:
    return await soon(world.lifecycle(partner).query(PartnerLifecycle.state))


# Two acts at once


async def test_a_verdict_that_is_under_way_comes_before_an_exit(world: World) -> None:
    first = world.first_day - 58 * DAY
    partner = await world.in_pilot("Acme", since=first)
    world.succeeds(partner, first)
    await world.until(partner, first + 59 * DAY)

    with locked(world.store):
        morning = asyncio.create_task(world.until(partner, first + 60 * DAY))
        await somebody_waits(world.store)
        leaving = asyncio.create_task(world.operations.exit(partner, "The company was sold"))
        await asyncio.sleep(0.5)
        assert not leaving.done()
    left = await soon(leaving)
    await soon(morning)

    assert world.outcomes(partner, "pilot-verdict") == ["expand"]
    assert left.last_day == first + 90 * DAY  # as an active partner
    with world.store.read() as tx:
        moves = [(day, to) for day, _, to, _ in tx.partners.moves(partner)]
    assert moves[1:] == [(first + 60 * DAY, Stage.ACTIVE), (first + 60 * DAY, Stage.LEAVING)]
    state = await state_of(world, partner)
    assert (state.stage, state.next_date) == (Stage.LEAVING, left.last_day)


async def test_an_exit_that_is_under_way_comes_before_the_verdict(world: World) -> None:
    first = world.first_day - 58 * DAY
    partner = await world.in_pilot("Acme", since=first)
    world.succeeds(partner, first)
    await world.until(partner, first + 59 * DAY)

    with locked(world.store):
        leaving = asyncio.create_task(world.operations.exit(partner, "The company was sold"))
        await somebody_waits(world.store)
        morning = asyncio.create_task(world.until(partner, first + 60 * DAY))
        await asyncio.sleep(0.3)
        assert not leaving.done()
    left = await soon(leaving)
    await soon(morning)

    assert left.last_day in {first + 73 * DAY, first + 74 * DAY}
    assert world.outcomes(partner, "pilot-verdict") == []
    assert world.standing(partner).stage == Stage.LEAVING
    assert (await state_of(world, partner)).next_date == left.last_day
    await world.until(partner, left.last_day)
    assert world.standing(partner).stage == Stage.EXITED


async def test_of_two_scorecards_at_once_one_is_decided_on(world: World) -> None:
    partner = await world.applied("Acme")
    good, bad = a_scorecard(), a_scorecard(market=1)

    answers = await soon(
        asyncio.gather(
            *(world.operations.submit_scorecard(partner, scorecard) for scorecard in (good, bad)),
            return_exceptions=True,
        )
    )

    [ruled] = [answer for answer in answers if isinstance(answer, Ruled)]
    [refused] = [answer for answer in answers if isinstance(answer, Refused)]
    [decision] = world.decisions(partner)
    assert decision.ruling == ruled.ruling
    assert world.standing(partner).stage == ruled.stage
    assert f"{partner} is {ruled.stage}" in str(refused) or "no workflow runs for" in str(refused)
    with world.store.read() as tx:
        assert tx.scorecards.count(partner, 1) == 1


async def test_an_application_that_is_over_already_is_refused(world: World, tmp_path: Path) -> None:
    """Whoever asks has read the store before somebody else's application ran and ended."""
    partner = world.knows("Acme")
    with _connection(world.store) as connection, sqlite3.connect(tmp_path / "before.db") as copy:
        connection.backup(copy)
    await world.operations.apply(partner)
    await world.operations.exit(partner, "Sold")
    await soon(world.lifecycle(partner).result())
    before = Store(f"sqlite:///{tmp_path / 'before.db'}")
    late = Operations(before, world.client, world.task_queue, world.clock)

    with pytest.raises(Refused, match=f"^application 1 of {partner} is over; it is exited now$"):
        await soon(late.apply(partner))

    before.close()
    assert (await soon(world.lifecycle(partner).result())).stage == Stage.PROSPECT
    assert (world.standing(partner).stage, world.standing(partner).application) == (Stage.EXITED, 1)


async def test_of_two_exits_at_once_both_hear_of_one_last_day(world: World) -> None:
    partner = await world.in_pilot("Acme")
    one, other = await soon(asyncio.gather(*(world.operations.exit(partner, why) for why in ("Sold", "Closed"))))
    assert one == other
    with world.store.read() as tx:
        assert [to for _, _, to, _ in tx.partners.moves(partner)].count(Stage.LEAVING) == 1


async def test_applying_twice_at_once_is_one_application(world: World) -> None:
    partner = world.knows("Acme")
    states = await soon(asyncio.gather(*(world.operations.apply(partner) for _ in range(3))))
    assert [(state.stage, state.application) for state in states] == [(Stage.APPLIED, 1)] * 3
    with world.store.read() as tx:
        assert len(tx.partners.moves(partner)) == 1


# A mail server that refuses


async def test_each_notice_goes_out_once_though_the_mail_server_refuses_thrice(world: World) -> None:
    first = world.first_day - 58 * DAY
    partner = await world.in_pilot("Acme", since=first)
    await world.until(partner, first + 59 * DAY)
    before = len(world.outbox.sent)
    world.outbox.refusals = 3

    await world.until(partner, first + 67 * DAY)  # nobody waits for the post: the next pilot runs

    async def is_out() -> bool:
        return len(world.outbox.sent) == before + 1

    await eventually(is_out)
    assert world.outbox.refusals == 0
    assert [n.key for n in world.outbox.sent[before:]] == [f"{partner}/application-1/pilot-1/verdict"]
    assert set(Counter(notice.key for notice in world.outbox.sent).values()) == {1}
    assert world.outcomes(partner, "pilot-checkpoint") == ["on_track"]

    async def is_noted() -> bool:
        with world.store.read() as tx:
            return not tx.notices.undelivered(partner=partner)

    await eventually(is_noted)


async def test_a_declined_partners_letter_goes_out_though_its_workflow_has_ended(world: World) -> None:
    partner = await world.applied("Acme")
    world.outbox.refusals = 2
    ruled = await soon(world.operations.submit_scorecard(partner, a_scorecard(market=1)))
    assert ruled.stage == Stage.DECLINED  # the answer does not wait for the letter

    await soon(world.lifecycle(partner).result())

    async def is_out() -> bool:
        with world.store.read() as tx:
            return not tx.notices.undelivered()

    await eventually(is_out)
    assert world.told(partner) == ["application.declined"]


# A database that is away


async def test_a_pilot_goes_on_when_the_database_is_back(world: World) -> None:
    partner, first = await world.in_pilot("Acme"), world.first_day
    world.succeeds(partner, first)
    await world.until(partner, first + 20 * DAY)

    async def is_the_day() -> bool:
        return await world.today_of(partner) == first + 21 * DAY

    with broken(world.store):
        weeks = asyncio.create_task(world.until(partner, first + 60 * DAY))
        await eventually(is_the_day)
        await asyncio.sleep(0.5)  # in which it is tried, and tried again
        assert not weeks.done()
        assert await is_the_day()
    await soon(weeks)

    days = [d.as_of for d in world.decisions(partner, "pilot-checkpoint")]
    assert days == [first + week * 7 * DAY for week in range(1, 9)]
    assert world.outcomes(partner, "pilot-verdict") == ["expand"]
    assert world.standing(partner).since == first + 60 * DAY


async def test_a_person_waits_for_the_answer_while_the_database_is_locked(world: World) -> None:
    partner = await world.applied("Acme")
    with locked(world.store):
        asking = asyncio.create_task(world.operations.submit_scorecard(partner, a_scorecard()))
        await somebody_waits(world.store)
        assert not asking.done()
        assert world.standing(partner).stage == Stage.APPLIED
    assert (await soon(asking)).stage == Stage.PILOT
    assert len(world.decisions(partner)) == 1


async def test_an_application_that_the_database_does_not_take_is_not_lost(world: World) -> None:
    partner = world.knows("Acme")
    with locked(world.store):
        applying = asyncio.create_task(world.operations.apply(partner))
        await somebody_waits(world.store)
        assert not applying.done()
        assert world.standing(partner).application == 0
    assert (await soon(applying)).stage == Stage.APPLIED
    assert world.standing(partner).stage == Stage.APPLIED

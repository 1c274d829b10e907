"""Reading what happened: partners, decisions, escalations, the re-score."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import date, timedelta
from json import loads
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.service import RetryConfig

import activities.roster
from console import roster
from operations.acts import Unanswered, published
from program.calendar import Quarter
from tests.console.conftest import Operator, an_installation
from tests.world import World, a_scorecard
from workflows.messages import Progress
from workflows.schedules import ensure_schedules

KEYS = "id name type region owner owner_manager email stage since tier at_risk next_date application"


async def comes_true(it: Callable[[], bool]) -> None:
    """Wait for what a workflow does by itself."""
    for _ in range(200):
        if it():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it has not come true")


@asynccontextmanager
async def a_line_to(target: str) -> AsyncIterator[tuple[str, Callable[[], None]]]:
    """A line to a server, as an address to connect to, and what cuts it for good."""
    host, port = target.rsplit(":", 1)
    ends: list[asyncio.StreamWriter] = []

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, int(port))
        ends.extend((writer, back))
        await asyncio.gather(pump(reader, back), pump(there, writer))

    server = await asyncio.start_server(connected, "127.0.0.1")

    def cut() -> None:
        server.close()
        for end in ends:
            end.close()

    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", cut
    finally:
        cut()


async def stalled(colleague: Operator, world: World) -> str:
    """A partner whose pilot is four weeks old, and silent since its first."""
    partner = await world.stalled("Acme")
    await comes_true(lambda: bool(colleague.gets("partner", "show", partner)["escalations"]))
    return partner


async def active(world: World, name: str, since: date, deals: int) -> str:
    """A partner that was active in the last quarter and won so many deals in it."""
    partner = world.knows(name)
    started = since - timedelta(days=60)
    for day in range(8):
        created = started + timedelta(days=day)
        world.brings(partner, created, won=created + timedelta(days=5), value=20_000)
    for day in range(20, 20 + deals):
        world.brings(partner, since + timedelta(days=day), won=since + timedelta(days=day), value=20_000)
    await world.operations.adopt(partner, started)
    await comes_true(lambda: world.standing(partner).stage == "active")
    return partner


def test_nothing_on_record_is_said_so(operator: Operator) -> None:
    assert "There is no partner yet" in operator.sees("partner", "list")
    assert "Nothing of that kind has been decided yet" in operator.sees("decisions", "list")
    assert "No escalation is open" in operator.sees("escalations", "list")
    assert operator.gets("decisions", "list") == operator.gets("escalations", "list") == []


def test_what_is_not_on_record_is_named(operator: Operator) -> None:
    assert "there is no partner acme" in operator.is_refused("partner", "show", "acme")
    assert "there is no partner acme" in operator.is_refused("decisions", "list", "--partner", "acme")
    assert "there is no decision 7" in operator.is_refused("decisions", "show", "7")
    answer = ("escalations", "ack", "acme/pilot", "--by", "Ada", "--note", "We meet on Monday")
    assert "there is no escalation acme/pilot" in operator.is_refused(*answer)
    assert "'gone'" in operator.is_corrected("partner", "list", "--stage", "gone")


async def test_a_partner_is_shown_with_all_that_happened(colleague: Operator, world: World) -> None:
    partner = await world.applied("Acme")
    await world.operations.submit_scorecard(partner, a_scorecard())
    world.knows("Globex")

    shown, listed = colleague.gets("partner", "show", partner), colleague.gets("partner", "list", "--stage", "pilot")

    assert list(listed[0]) == KEYS.split()
    assert [(p["id"], p["next_date"]) for p in listed] == [(partner, "2017-03-08")]
    assert {key: shown[key] for key in KEYS.split()} == listed[0]
    assert [(m["day"], m["from"], m["to"]) for m in shown["moves"]] == [
        ("2017-03-01", "prospect", "applied"),
        ("2017-03-01", "applied", "pilot"),
    ]
    assert shown["pilots"][0]["targets"] == {"qualified": 6, "progressed": 3}
    assert shown["decisions"][0]["outcome"] == "sign"
    page = colleague.sees("partner", "show", partner)
    assert "pilot since 2017-03-01" in page
    assert "6 qualified, 3 progressed" in page
    assert max(map(len, page.splitlines())) <= 100


async def test_a_decision_is_shown_with_its_facts(colleague: Operator, world: World) -> None:
    partner = await world.applied("Acme")
    ruled = await world.operations.submit_scorecard(partner, a_scorecard(market=2))
    number = str(ruled.decision)

    shown, page = colleague.gets("decisions", "show", number), colleague.sees("decisions", "show", number)

    assert (shown["outcome"], shown["rule"], shown["as_of"]) == ("decline", "fit_below_minimum", "2017-03-01")
    assert shown["facts"]["market"] == 2
    assert "Apply again with named accounts that show it" in " ".join(page.split())
    assert len(shown.pop("hash")) == 64
    assert colleague.gets("decisions", "list", "--partner", partner, "--policy", "qualification") == [shown]
    assert colleague.gets("decisions", "list", "--policy", "pilot-verdict") == []


async def test_an_open_decision_says_what_it_depends_on_and_what_is_possible(colleague: Operator, world: World) -> None:
    partner = await world.applied("Acme")
    await world.operations.submit_scorecard(partner, a_scorecard(without=("people",)))
    (decision,) = colleague.gets("decisions", "list", "--partner", partner)

    page = " ".join(colleague.sees("decisions", "show", str(decision["id"])).split())

    assert decision["missing"] == ["total_score", "capacity_score"]
    assert "depends on total_score, capacity_score" in page
    assert "possible sign, defer, decline" in page


async def test_an_escalation_is_answered_put_off_and_handed_on(colleague: Operator, world: World) -> None:
    partner = await stalled(colleague, world)
    (escalation,) = colleague.gets("escalations", "list")
    assert escalation["partner"] == partner
    key, today = escalation["key"], world.first_day

    answered = await colleague.asks("escalations", "ack", key, "--by", "Ada", "--note", "We meet on Monday")
    refused = await colleague.asks("escalations", "ack", key, "--by", "Bob", "--note", "Not needed")
    assert "Ada answers for it until" in answered.stdout
    assert "delegate or reassign it to have somebody else see to it" in refused.stderr
    assert "Ada" in colleague.sees("escalations", "list")

    until = str(today + timedelta(days=6))
    later = await colleague.asks("escalations", "snooze", key, "--by", "Ada", "--until", until, "--note", "A fair")
    assert f"It comes back on {until}: A fair" in later.stdout
    by = ("escalations", "delegate", key, "--by", "Ada", "--note", "Hers", "--to")
    unknown = await colleague.asks(*by, "Grace")
    assert 'nobody is known by the name Grace; say how they are reached: gatehouse people set "Grace"' in unknown.stderr
    colleague.types("people", "set", "Grace", "--email", "grace@example.com")
    slip = await colleague.asks(*by, "grace")
    assert "nobody is known by the name grace; did you mean Grace?" in slip.stderr
    handed = await colleague.asks(*by, "Grace")
    assert "Grace has it now, and is told: Hers" in handed.stdout

    assert [e["key"] for e in colleague.gets("escalations", "list", "--owner", "Grace")] == [key]
    page = colleague.sees("escalations", "show", key)
    for what in ("opened", "told", "acknowledged", "snoozed", "delegated"):
        assert what in page
    snooze = f'gatehouse escalations snooze {key} --by "YOU" --until YYYY-MM-DD --note "..."'
    assert f"    {snooze}\n" in page, "and what can be done, on one line"
    assert "something was created or progressed: no" in page
    [everything, *_] = colleague.gets("escalations", "stats")
    assert (everything["opened"], everything["answered"], everything["waiting"]) == (1, 1, 0)
    assert "itself" in colleague.sees("escalations", "stats")


async def test_a_next_action_is_recorded_from_its_escalation(colleague: Operator, world: World) -> None:
    partner = await stalled(colleague, world)
    (escalation,) = colleague.gets("escalations", "list")
    act = ("escalations", "act", escalation["key"])

    undated = await colleague.asks(*act, "next-action", "--by", "Ada", "--note", "Call Initech")
    due = str(world.first_day + timedelta(days=30))
    done = await colleague.asks(*act, "next-action", "--by", "Ada", "--note", "Call Initech", "--until", due)
    reset = await colleague.asks(*act, "reset", "--by", "Ada", "--note", "Other accounts were agreed")

    assert "next-action takes a day: add --until YYYY-MM-DD" in undated.stderr
    assert "Ada answers for it until" in done.stdout
    assert "It is over: The pilot was reset." in reset.stdout
    with world.store.read() as tx:
        assert [terms.number for _, terms, _, _ in tx.pilots.of(partner)] == [1, 2]
    assert colleague.gets("escalations", "list") == []


async def test_a_quarter_is_rescored_once(colleague: Operator, world: World) -> None:
    partner = await active(world, "Globex", since=date(2016, 11, 15), deals=16)
    await active(world, "Initech", since=date(2016, 11, 15), deals=8)  # stays, and is counted only

    first = await colleague.asks("rescore", "--quarter", "2016Q4", "--json")
    second = await colleague.asks("rescore", "--json")  # the last quarter that is over is the same
    page = await colleague.asks("rescore")

    assert first.exit_code == 0, first.output
    assert second.stdout == first.stdout
    said = loads(first.stdout)
    assert (said["tiers"], said["moves"]) == ({"growth": 1, "strategic": 1}, {"stay": 1, "up": 1})
    [moved] = said["partners"]
    assert [moved[key] for key in ("partner", "move", "from", "to")] == [partner, "up", "growth", "strategic"]
    assert "2016Q4 is re-scored" in page.stdout
    assert "Who is concerned" in page.stdout
    assert len(world.decisions(partner, "tier-movement")) == 1
    refused = await colleague.asks("rescore", "--quarter", "2017Q1")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("error: 2017Q1 ends on 2017-03-31; it can be re-scored from the day after")


async def test_nothing_is_asked_of_the_temporal_of_another_database(
    colleague: Operator, world: World, nobodys_temporal: Client, empty_database: Path, tmp_path: Path
) -> None:
    await ensure_schedules(nobodys_temporal, world.clock, world.task_queue, world.store.identity())
    (tmp_path / "other").mkdir()
    shutil.copy(empty_database, tmp_path / "other" / "gatehouse.db")
    stranger = Operator(an_installation(tmp_path / "other", colleague.installation.settings.temporal))
    stranger.installation.lag = colleague.installation.lag
    refused = await stranger.asks("rescore", "--quarter", "2016Q4")
    stranger.installation.close()
    assert refused.exit_code == 1
    assert "carries another database's partners in its namespace default; nothing has changed" in refused.stderr
    with world.store.read() as tx:
        assert not tx.rescores.begun()
    assert (await colleague.asks("rescore", "--quarter", "2016Q4")).exit_code == 0


async def test_whoever_waits_for_a_rescore_sees_how_far_it_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activities.roster, "PAGE", 1)
    monkeypatch.setattr(activities.roster, "STINT_SECONDS", 0)
    monkeypatch.setattr(roster, "LOOK_SECONDS", 0.01)
    for name in ("Globex", "Initech", "Hooli"):
        await active(world, name, since=date(2016, 11, 15), deals=1)
    told: list[Progress] = []

    rescored = await roster.follow(world.operations, Quarter.parse("2016Q4"), None, told.append)

    assert rescored.moves == {"stay": 3}
    steps = [
        "Begin",
        "Score the partners",
        "Cut the tiers",
        "Decide the moves",
        "Publish",
        "Tell those whose tier changed",
    ]
    assert [steps.index(now.doing) for now in told] == sorted(steps.index(now.doing) for now in told)
    counted = {now.seen for now in told if now.doing in {"Score the partners", "Decide the moves"}}
    assert counted <= {0, 1, 2, 3}
    assert len(counted) > 1
    assert {now.seen for now in told if now.doing not in {"Score the partners", "Decide the moves"}} <= {None}


async def test_a_rescore_whose_server_goes_away_is_said_to_go_on(world: World) -> None:
    async with a_line_to(world.env.client.service_client.config.target_host) as (address, cut):
        once = RetryConfig(max_retries=1)
        client = await Client.connect(address, data_converter=world.env.client.data_converter, retry_config=once)
        abandoned = type(world.operations)(world.store, client, "nobody", world.clock)
        handle = await abandoned.begin_rescore(Quarter.parse("2015Q1"))
        waiting = asyncio.ensure_future(published(handle))
        await asyncio.sleep(0)
        cut()
        with pytest.raises(Unanswered, match=f"does not answer any more.*{handle.id} goes on as soon as"):
            await waiting


async def test_a_rescore_that_nobody_works_on_is_said_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "ANSWER_SECONDS", 0.1)
    monkeypatch.setattr(roster, "LOOK_SECONDS", 0.1)
    abandoned = type(world.operations)(world.store, world.operations.client, "nobody", world.clock)

    with pytest.raises(Unanswered, match="has begun and no worker answers for it"):
        await roster.follow(abandoned, Quarter.parse("2015Q1"), None, print)

"""Acting on partners from the command line, with a worker that answers."""

from datetime import timedelta

from tests.console.conftest import Operator
from tests.world import World


async def test_applying_twice_is_one_application(colleague: Operator, world: World) -> None:
    acme, globex = world.knows("Acme"), world.knows("Globex")

    first = await colleague.asks("apply", acme)
    everybody = await colleague.asks("apply", "--all-new")
    nobody = await colleague.asks("apply", "--all-new")
    again = await colleague.asks("apply", acme, globex)

    assert [r.exit_code for r in (first, everybody, nobody, again)] == [0, 0, 0, 0]
    assert globex in everybody.stdout
    assert acme not in everybody.stdout
    assert "nothing has changed" in nobody.stdout
    assert again.stdout.count("known already") == 2
    assert [world.standing(partner).application for partner in (acme, globex)] == [1, 1]


async def test_an_unknown_partner_keeps_the_others_from_applying_too(colleague: Operator, world: World) -> None:
    acme = world.knows("Acme")

    result = await colleague.asks("apply", acme, "nobody")

    assert result.exit_code == 1
    assert "there is no partner nobody, so nobody has applied" in result.stderr
    assert world.standing(acme).application == 0


async def test_a_running_pilot_is_taken_over_prepared_and_withdrawn_from(colleague: Operator, world: World) -> None:
    acme, started = world.knows("Acme"), world.first_day - timedelta(days=10)
    due = str(world.first_day + timedelta(days=3))
    commands = [
        (["adopt", acme, "--started", str(started)], "pilot until 2017-04-20"),
        (["account", acme, "Initech", "Umbrella", " Initech"], "2 new, 0 mapped already"),
        (["account", acme, "Initech"], "0 new, 1 mapped already"),
        (["play", acme, "Renewal", "--trigger", "A contract ends", "--outcome", "A meeting"], "is agreed"),
        (["play", acme, "Renewal", "--trigger", "A contract ends", "--outcome", "A meeting"], "agreed already"),
        (["next-action", acme, "Call Initech", "--who", "Ada", "--due", due], "is recorded"),
        (["next-action", acme, "Call Initech", "--who", "Ada", "--due", due], "was recorded already"),
    ]
    for command, said in commands:
        result = await colleague.asks("pilot", *command)
        assert result.exit_code == 0, result.output
        assert said in result.stdout

    shown = colleague.gets("partner", "show", acme)
    assert (shown["stage"], shown["accounts"], shown["plays"], shown["next_action"]) == ("pilot", 2, 1, True)
    assert shown["pilots"][0]["started_on"] == str(started)

    for _ in range(2):
        left = await colleague.asks("pilot", "withdraw", acme, "--reason", "Its sellers moved on")
        assert f"The last day of {acme} is 2017-03-15" in left.stdout


async def test_what_cannot_be_done_in_a_stage_is_refused(colleague: Operator, world: World) -> None:
    acme = await world.applied("Acme")

    for command in (
        ("pilot", "account", acme, "Initech"),
        ("pilot", "withdraw", acme, "--reason", "None"),
        ("pilot", "adopt", acme, "--started", "2017-02-01"),
    ):
        result = await colleague.asks(*command)
        assert result.exit_code == 1
        assert f"{acme} is applied" in result.stderr


async def test_a_partner_leaves_once_and_comes_back_by_a_new_application(colleague: Operator, world: World) -> None:
    acme = await world.applied("Acme")

    for _ in range(2):
        left = await colleague.asks("exit", acme, "--reason", "Sold", "--override-notice")
        assert f"The last day of {acme} is 2017-03-01" in left.stdout

    refused = await colleague.asks("apply", acme)
    assert refused.exit_code == 1
    assert "a new application takes --again" in refused.stderr
    assert (await colleague.asks("apply", acme, "--again")).exit_code == 0
    assert world.standing(acme).application == 2


def test_without_temporal_nothing_happens(operator: Operator, world: World) -> None:
    acme = world.knows("Acme")  # the same database

    said = operator.is_refused("apply", acme)

    assert "Temporal does not answer at 127.0.0.1:1" in said
    assert "nothing has changed" in said
    assert operator.gets("partner", "show", acme)["application"] == 0


def test_who_applies_has_to_be_said_in_one_way(operator: Operator) -> None:
    assert "name the partners that apply, or give --all-new" in operator.is_corrected("apply")
    assert "name the partners that apply, or give --all-new" in operator.is_corrected("apply", "acme", "--all-new")


def test_days_are_written_in_one_way(operator: Operator) -> None:
    for wrong in ("2017-3-1", "20170301", "1.3.2017", "yesterday", "2017-W09-3"):
        assert "write year, month and day" in operator.is_corrected("pilot", "adopt", "acme", "--started", wrong)
    assert "there is no day 2017-02-30" in operator.is_corrected("pilot", "adopt", "acme", "--started", "2017-02-30")
    assert "is no quarter" in operator.is_corrected("rescore", "--quarter", "2017Q5")
    assert "nothing is said" in operator.is_corrected("exit", "acme", "--reason", " ")

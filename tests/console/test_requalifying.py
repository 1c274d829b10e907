"""Retro-qualification from the command line: a list with reasons, and notice in a step of its own."""

from datetime import timedelta
from pathlib import Path

from program.partner import Stage
from tests.console.conftest import Operator
from tests.world import World, a_scorecard


async def test_who_would_not_be_signed_is_given_notice_by_an_explicit_list(
    colleague: Operator, world: World, tmp_path: Path
) -> None:
    poor, good, adopted = [await world.active(name) for name in ("Poor", "Good", "Adopted")]
    with world.store.write() as tx:
        known = tx.partners.known_since(poor) + timedelta(seconds=1)
        tx.scorecards.add(poor, 1, 1, a_scorecard(market=2), world.first_day, known)
        tx.scorecards.add(good, 1, 1, a_scorecard(), world.first_day, known)

    assert "1 would be signed today and 1 not" in colleague.sees("roster", "requalify", "--preview")
    shown = colleague.sees("roster", "requalify")
    assert poor in shown
    assert good not in shown
    assert adopted in shown
    assert "it was never rated" in shown
    assert "`gatehouse scorecard renew PARTNER FILE` says it of one" in shown
    assert world.standing(poor).stage == Stage.ACTIVE

    leaving = tmp_path / "leaving.txt"
    leaving.write_text(f"\ufeff{poor}\n")  # some editors begin a file with a byte order mark
    done = await colleague.asks("roster", "requalify", "--exit", str(leaving))
    assert done.exit_code == 0, done.output
    assert "Given notice: 1." in done.stdout
    assert [world.standing(partner).stage for partner in (poor, good)] == [Stage.LEAVING, Stage.ACTIVE]


def test_a_roster_of_nobody_is_said_to_be_one(operator: Operator) -> None:
    assert operator.sees("roster", "requalify", "--preview") == "Nobody is active, so nobody is qualified anew.\n"


def test_a_list_is_acted_on_alone_and_has_to_be_there(operator: Operator, tmp_path: Path) -> None:
    there = str(tmp_path / "none.txt")
    assert "goes by what is on record" in operator.is_corrected("roster", "requalify", "--preview", "--exit", there)
    assert f"{there} cannot be read: No such file" in operator.is_refused("roster", "requalify", "--exit", there)
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    assert "is not text in UTF-8" in operator.is_refused("roster", "requalify", "--exit", str(tmp_path / "latin.txt"))

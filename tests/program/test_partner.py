"""Who a partner is, and where it may go from where it stands."""

from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError

from program.errors import Refused
from program.partner import ENDED, LEGAL_MOVES, Partner, Stage, check_move


def reachable(start: Stage) -> set[Stage]:
    """The stages a partner can come to from one."""
    found: set[Stage] = set()
    ahead = [start]
    while ahead:
        ahead += (new := LEGAL_MOVES[ahead.pop()] - found)
        found |= new
    return found


@pytest.mark.parametrize(
    "life",
    [
        "prospect applied pilot active leaving exited",
        "prospect applied declined applied pilot",
        "prospect applied deferred deferred declined",
        "prospect applied deferred pilot pilot leaving exited applied",
        "prospect pilot active",
        "prospect applied leaving exited",
        "prospect applied deferred leaving exited",
    ],
)
def test_lives_that_partners_lead(life: str) -> None:
    stages = [Stage(name) for name in life.split()]
    for current, wanted in pairwise(stages):
        check_move("acme", current, wanted)


@pytest.mark.parametrize(
    ("current", "wanted"),
    [
        ("prospect", "active"),
        ("applied", "active"),
        ("applied", "exited"),
        ("deferred", "active"),
        ("declined", "pilot"),
        ("pilot", "exited"),
        ("pilot", "declined"),
        ("active", "pilot"),
        ("active", "exited"),
        ("leaving", "active"),
        ("leaving", "leaving"),
        ("exited", "active"),
        ("exited", "pilot"),
    ],
)
def test_short_cuts_that_are_refused(current: str, wanted: str) -> None:
    with pytest.raises(Refused, match=rf"acme is {current}; from there it can become .+, not {wanted}"):
        check_move("acme", Stage(current), Stage(wanted))


def test_a_refused_move_names_those_there_are() -> None:
    with pytest.raises(Refused) as refusal:
        check_move("acme", Stage.PILOT, Stage.EXITED)
    assert str(refusal.value) == "acme is pilot; from there it can become active, leaving, pilot, not exited"


def test_every_stage_can_be_come_to_and_none_is_a_dead_end() -> None:
    assert reachable(Stage.PROSPECT) == set(Stage) - {Stage.PROSPECT}
    assert all(Stage.EXITED in reachable(stage) for stage in Stage)


def test_whoever_has_left_comes_back_by_a_new_application_only() -> None:
    assert all(LEGAL_MOVES[stage] == {Stage.APPLIED} for stage in ENDED)


def test_nobody_exits_without_leaving_first() -> None:
    assert [stage for stage in Stage if Stage.EXITED in LEGAL_MOVES[stage]] == [Stage.LEAVING]


ACME = {"id": "acme", "name": "Acme", "type": "resell", "region": "North", "owner": "Ada"}


@pytest.mark.parametrize("name", ["a", "7", "acme", "acme-2", "a" * 64])
def test_an_id_stands_in_addresses(name: str) -> None:
    assert Partner.model_validate(ACME | {"id": name}).id == name


@pytest.mark.parametrize(
    "change",
    [
        *({"id": name} for name in ("", "-acme", "acme-", "Acme", "a/b", "größe", "a b", "a\n", "a" * 65)),
        {"name": " "},
        {"owner": ""},
        {"type": "friend"},
        {"nickname": "Ace"},
    ],
)
def test_a_partner_that_cannot_be_told_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(change))):
        Partner.model_validate(ACME | change)

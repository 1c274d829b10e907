"""How far partners move, and into which hours: whoever keeps a tier keeps its hours."""

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from program.calendar import Quarter
from program.capacity import Team, in_hundredths
from program.movement import Movement, TierRecord, full_quarters
from program.scorecard import FactValue
from program.tiers import Scored, Tier, cut
from tests.program.test_tiers import LADDER, NAMES, ladders, rosters, team, teams

Q3 = Quarter(year=2017, number=3)


def empty() -> Movement:
    return Movement(LADDER, team(1000), {})


RECORD = TierRecord(tier="growth", quarters_below=1, quarters_inactive=1)


@pytest.mark.parametrize(
    ("cut_tier", "moved", "active", "levels", "quarters"),
    [
        ("growth", 3, 1, (2, 2), (0, 0)),
        ("strategic", 3, 1, (2, 3), (0, 0)),
        ("self-serve", 3, 1, (2, 1), (2, 0)),
        ("growth", 0, 1, (2, 2), (0, 2)),
        ("self-serve", 0, 1, (2, 1), (2, 2)),
        ("self-serve", 0, 0, (2, 1), (0, 0)),  # a quarter that was not a full one counts against nobody
    ],
)
def test_full_quarters_in_a_row_are_counted(
    cut_tier: str, moved: int, active: int, levels: tuple[int, int], quarters: tuple[int, int]
) -> None:
    facts = empty().facts(RECORD, cut_tier, moved, quarters_active=active)
    assert (facts["level"], facts["cut_level"]) == levels
    assert (facts["quarters_below"], facts["quarters_inactive"]) == quarters


@pytest.mark.parametrize(
    ("tier", "move", "then"),
    [
        ("growth", "stay", "growth"),
        ("growth", "warn", "growth"),
        ("growth", "up", "strategic"),
        ("strategic", "up", "strategic"),
        ("growth", "down", "self-serve"),
        ("self-serve", "down", "self-serve"),
        ("strategic", "low_touch", "self-serve"),
        ("self-serve", "exit", "self-serve"),
    ],
)
def test_a_move_goes_one_tier_and_who_moved_starts_a_new_grace(tier: str, move: str, then: str) -> None:
    facts: dict[str, FactValue] = {"quarters_below": 2, "quarters_inactive": 1}
    after = empty().after(TierRecord(tier=tier), facts, move)
    assert after == TierRecord(tier=then, quarters_below=2 if then == tier else 0, quarters_inactive=1)


@pytest.mark.parametrize(
    ("since", "quarters"),
    [("2017-07-01", 1), ("2017-07-02", 0), ("2017-09-30", 0), ("2017-04-01", 2), ("2017-01-02", 2), ("2015-07-01", 9)],
)
def test_a_quarter_is_full_for_who_was_active_on_its_first_day(since: str, quarters: int) -> None:
    assert full_quarters(date.fromisoformat(since), Q3) == quarters


def overdrawn(tiers: list[Tier], people: Team, partners: Counter[str]) -> set[frozenset[str]]:
    """The groups of tiers that were promised more than the people have who look after them."""
    taken = {tier.id: partners[tier.id] * in_hundredths(tier.service.hours) for tier in tiers}
    taken[NAMES[-1]] = min(taken[NAMES[-1]], people.serving(NAMES[-1]))
    return {group for group, there in people.groups() if sum(taken[name] for name in group) > there}


@given(rosters, ladders, teams, st.sets(st.from_regex(r"[a-c]{1,6}", fullmatch=True)))
def test_whoever_rises_rises_into_hours_that_nobody_else_has(
    roster: list[Scored], tiers: list[Tier], people: Team, keep: set[str]
) -> None:
    """Some of those who are cut lower keep their tier for now, the others go down by one."""
    stands = {one.partner: one.stands_in or NAMES[-1] for one in roster}
    partners, risen = Counter(stands.values()), False
    movement = Movement(tiers, people, partners)
    for placement in sorted(cut(roster, tiers, people).placements, key=lambda placement: placement.turn):
        last = TierRecord(tier=stands[placement.partner])
        facts = movement.facts(last, placement.tier, 1, quarters_active=1)
        rises = NAMES.index(placement.tier) < NAMES.index(last.tier)
        assert facts["hours_taken"] in {False, rises}
        assert not facts["hours_taken"] or facts["cut_level"] == facts["level"], "no policy could lift it"
        up = rises and not facts["hours_taken"]
        goes = facts["quarters_below"] and placement.partner not in keep
        tier = movement.after(last, facts, "up" if up else "down" if goes else "stay").tier
        partners.subtract([last.tier])
        partners.update([tier])
        risen |= rises
        assert not (goes and risen), "who goes down makes room for who rises"
        if up:
            assert not [group for group in overdrawn(tiers, people, partners) if tier in group]
            assert partners[tier] <= (tiers[NAMES.index(tier)].cap or len(roster))


def waits(movement: Movement, tier: str, cut_tier: str) -> bool:
    return movement.facts(TierRecord(tier=tier), cut_tier, 1, quarters_active=1)["hours_taken"] is True


def test_who_earned_a_tier_waits_until_somebody_has_left_it() -> None:
    movement = Movement(LADDER, team(52), {"strategic": 1, "growth": 1, "self-serve": 2})
    assert waits(movement, "self-serve", "growth"), "forty hours, ten, and two of the last tier are all there are"
    assert waits(movement, "self-serve", "strategic"), "it would rise to growth first"
    below = TierRecord(tier="growth", quarters_below=1)
    movement.after(below, movement.facts(below, "self-serve", 1, quarters_active=1), "down")
    assert not waits(movement, "self-serve", "growth")
    assert waits(movement, "growth", "strategic")


def test_a_cap_is_kept_however_many_hours_are_left() -> None:
    movement = Movement(LADDER, team(1000), {"strategic": 2, "growth": 1})
    assert waits(movement, "growth", "strategic")
    best = TierRecord(tier="strategic")
    movement.after(best, movement.facts(best, "strategic", 0, quarters_active=1), "exit")
    assert not waits(movement, "growth", "strategic")

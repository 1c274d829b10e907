"""The roster: ranked, cut to the hours there are, and moved."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from program.calendar import BusinessDays, Quarter
from program.capacity import Team
from program.tiers import (
    Cut,
    Scored,
    Service,
    Tier,
    cut,
    rank,
)
from rules.folder import LoadedProgram

Q3 = Quarter(year=2017, number=3)


# The cut


def a_tier(name: str, hours: Decimal | int, *, minimum: Decimal | int = 0, cap: int | None = None) -> Tier:
    service = Service(cadence="Monthly", hours=Decimal(hours))
    return Tier(id=name, title=name, service=service, minimum_score=Decimal(minimum), cap=cap)


def scored(name: str, low: Decimal | int, pipeline: Decimal | int = 0, **more: Any) -> Scored:
    high = Decimal(more.pop("high", low))
    return Scored(partner=name, name=name.title(), low=Decimal(low), high=high, ties=(Decimal(pipeline),), **more)


LADDER = [a_tier("strategic", 40, minimum=60, cap=2), a_tier("growth", 10, minimum=25), a_tier("self-serve", 1)]
NAMES = [tier.id for tier in LADDER]


def team(hours: int | Decimal, **people: tuple[int, tuple[str, ...]]) -> Team:
    """One person for all tiers, and others with the tiers that they look after."""
    everybody: dict[str, tuple[Decimal | int, tuple[str, ...]]] = {"everybody": (hours, tuple(NAMES)), **people}
    return Team(
        tiers=tuple(NAMES),
        to_give={name: int(there * 100) for name, (there, _) in everybody.items()},
        serves={name: frozenset(tiers) for name, (_, tiers) in everybody.items()},
    )


scores = st.integers(0, 10).map(lambda n: n * 10)
rosters = st.lists(
    st.builds(
        lambda name, one, other, stands, up_to: scored(
            name, min(one, other), high=max(one, other), stands_in=stands, up_to=up_to
        ),
        st.from_regex(r"[a-c]{1,6}", fullmatch=True),
        scores,
        scores,
        st.sampled_from([None, *NAMES]),
        st.sampled_from([None, None, None, *NAMES]),
    ),
    max_size=12,
    unique_by=lambda one: one.partner,
)
ladders = st.tuples(st.integers(0, 600), st.integers(0, 300), st.integers(0, 50)).flatmap(
    lambda tenths: st.builds(
        lambda tiers: tiers,
        st.tuples(
            *(
                st.builds(
                    a_tier,
                    st.just(name),
                    st.just(Decimal(hours) / 10),
                    minimum=st.integers(0, 100),
                    cap=st.none() | st.integers(1, 10) if name != NAMES[-1] else st.none(),
                )
                for name, hours in zip(NAMES, sorted(tenths, reverse=True), strict=True)
            )
        ),
    )
)
teams = st.lists(
    st.tuples(st.integers(0, 20_000), st.sets(st.sampled_from(NAMES), min_size=1)), min_size=1, max_size=4
).map(
    lambda people: Team(
        tiers=tuple(NAMES),
        to_give={f"Person {n}": hours for n, (hours, _) in enumerate(people)},
        serves={f"Person {n}": frozenset(tiers) for n, (_, tiers) in enumerate(people)},
    )
)
bands = st.integers(0, 15).map(Decimal)


@given(rosters, ladders, teams, bands)
def test_every_hour_that_is_promised_is_somebodys_and_given_once(
    roster: list[Scored], tiers: list[Tier], people: Team, band: Decimal
) -> None:
    found = cut(roster, tiers, people, band)
    taken = Counter(placement.tier for placement in found.placements)
    assert all(taken[tier.id] <= (tier.cap or len(roster)) for tier in tiers)
    for tier in tiers[:-1]:
        assert found.taken[tier.id] == taken[tier.id] * tier.service.hours
    # What the last tier lacks is said; nothing else is lacking.
    assert found.taken[NAMES[-1]] + found.short == taken[NAMES[-1]] * tiers[-1].service.hours
    given_hours = found.handed_out()
    for name, by_tier in given_hours.items():
        assert sum(by_tier.values()) * 100 <= people.to_give[name]
        assert all(hours >= 0 for hours in by_tier.values())
        assert {tier for tier, hours in by_tier.items() if hours} <= people.serves[name]
    for tier in tiers:
        assert sum(by_tier[tier.id] for by_tier in given_hours.values()) == found.taken[tier.id]


@given(rosters, ladders, teams, bands)
def test_everyone_is_placed_once_at_its_rank(
    roster: list[Scored], tiers: list[Tier], people: Team, band: Decimal
) -> None:
    placements = cut(roster, tiers, people, band).placements
    assert [placement.partner for placement in placements] == [ranked.partner for ranked in rank(roster)]
    assert [placement.rank for placement in placements] == list(range(1, len(roster) + 1))


def alike(one: Scored, other: Scored) -> bool:
    return (one.stands_in, one.up_to) == (other.stands_in, other.up_to)


@given(rosters, ladders, teams, bands)
def test_who_is_better_never_gets_less_than_who_stands_where_it_stands(
    roster: list[Scored], tiers: list[Tier], people: Team, band: Decimal
) -> None:
    given_tier = cut(roster, tiers, people, band).tiers()
    ranked = rank(roster)
    for position, better in enumerate(ranked):
        for worse in ranked[position + 1 :]:
            if alike(better, worse):
                assert NAMES.index(given_tier[better.partner]) <= NAMES.index(given_tier[worse.partner])


@given(rosters, ladders, teams, bands)
def test_nobody_gets_a_tier_that_it_is_not_eligible_for_or_holds_one_below_its_minimum_by_more_than_the_band(
    roster: list[Scored], tiers: list[Tier], people: Team, band: Decimal
) -> None:
    given_tier = cut(roster, tiers, people, band).tiers()
    for one in roster:
        index = NAMES.index(given_tier[one.partner])
        assert index >= NAMES.index(one.up_to or NAMES[0])
        if index < len(NAMES) - 1:
            holds = one.stands_in is not None and NAMES.index(one.stands_in) <= index
            assert one.low + (band if holds else 0) >= tiers[index].minimum_score


def counts(found: Cut) -> list[int]:
    taken = Counter(placement.tier for placement in found.placements)
    return [taken[name] for name in NAMES[:-1]]


@given(rosters, ladders, teams, bands, st.data())
def test_with_more_hours_no_tier_shrinks_unless_a_higher_one_grows(
    roster: list[Scored], tiers: list[Tier], people: Team, band: Decimal, data: st.DataObject
) -> None:
    who = data.draw(st.sampled_from(sorted(people.to_give)))
    more = Team(
        people.tiers, {**people.to_give, who: people.to_give[who] + data.draw(st.integers(0, 9000))}, people.serves
    )
    assert counts(cut(roster, tiers, people, band)) <= counts(cut(roster, tiers, more, band))


@given(rosters, ladders, teams, bands)
def test_the_hours_that_the_next_partner_lacks_are_exactly_those(
    roster: list[Scored], tiers: list[Tier], people: Team, band: Decimal
) -> None:
    before = cut(roster, tiers, people, band)
    last = tiers[-1]
    for waiting in before.waiting:
        who = next((name for name in people.to_give if waiting.tier in people.serves[name]), None)
        left = len(roster) - sum(counts(before)[: NAMES.index(waiting.tier) + 1])
        if who is None or left * last.service.hours * 100 > people.serving(last.id):
            continue  # while the last tier's own service lacks hours for whoever is left, more of them go there
        for hours, rises in ((waiting.hours, True), (waiting.hours - Decimal("0.01"), False)):
            more = Team(people.tiers, {**people.to_give, who: people.to_give[who] + int(hours * 100)}, people.serves)
            found = cut(roster, tiers, more, band)
            higher = NAMES.index(waiting.tier)
            # Where a higher tier grows of the same hours, that comes first.
            if counts(found)[:higher] == counts(before)[:higher]:
                assert (found.tiers()[waiting.partner] == waiting.tier) == rises


@given(rosters, ladders, teams, bands, st.data())
def test_whatever_turns_out_of_one_partner_lies_between_its_ranks_and_tiers(
    roster: list[Scored], tiers: list[Tier], people: Team, band: Decimal, data: st.DataObject
) -> None:
    if not roster:
        return
    before = {placement.partner: placement for placement in cut(roster, tiers, people, band).placements}
    one = data.draw(st.sampled_from(roster))
    known = replace(one, low=one.high)
    after = cut([known if other is one else other for other in roster], tiers, people, band)
    [placement] = [placement for placement in after.placements if placement.partner == one.partner]
    assert placement.tier == before[one.partner].tier_at_best
    truth = [
        replace(other, low=points, high=points)
        for other in roster
        if (points := data.draw(st.decimals(other.low, other.high, places=4))) is not None
    ]
    for position, other in enumerate(rank(truth)):
        assert before[other.partner].best_rank <= position + 1 <= before[other.partner].worst_rank


@given(rosters, ladders, teams, bands)
def test_the_points_that_a_partner_is_short_of_its_tier_keep_it_and_fewer_do_not(
    roster: list[Scored], tiers: list[Tier], people: Team, band: Decimal
) -> None:
    for placement in cut(roster, tiers, people, band).placements:
        if placement.short is None:
            continue
        [one] = [one for one in roster if one.partner == placement.partner]
        assert one.stands_in
        for points, keeps in ((placement.short, True), (placement.short - Decimal("0.0001"), False)):
            better = replace(one, low=one.low + points, high=Decimal(100))
            found = cut([better if other is one else other for other in roster], tiers, people, band).tiers()
            assert (NAMES.index(found[one.partner]) <= NAMES.index(one.stands_in)) == keeps


@given(rosters, ladders, teams, bands, st.randoms(use_true_random=False))
def test_the_order_in_which_partners_are_looked_at_makes_no_difference(
    roster: list[Scored], tiers: list[Tier], people: Team, band: Decimal, random: Random
) -> None:
    shuffled = random.sample(roster, len(roster))
    assert cut(shuffled, tiers, people, band) == cut(roster, tiers, people, band)


@pytest.mark.parametrize(
    ("hours", "strategic", "growth"),
    [
        (1000, ["ann", "bob"], ["cid", "dan"]),  # the cap keeps the third out, the score the fifth
        (93, ["ann", "bob"], ["cid"]),
        (92, ["ann", "bob"], ["cid"]),
        (91, ["ann", "bob"], []),
        (83, ["ann", "bob"], []),
        (82, ["ann"], ["bob", "cid", "dan"]),  # two would take 80 and a check-in for each of the three others 3
        (43, [], ["ann", "bob", "cid", "dan"]),
        (14, [], ["ann"]),
        (13, [], []),
        (0, [], []),
    ],
)
def test_hours_are_handed_out_from_the_top_and_a_check_in_is_kept_for_everyone(
    hours: int, strategic: list[str], growth: list[str]
) -> None:
    roster = [scored(n, s) for n, s in (("ann", 90), ("bob", 60), ("cid", 60), ("dan", 25), ("eve", 24))]
    placed = cut(roster, LADDER, team(hours)).tiers()
    assert [name for name, tier in placed.items() if tier == "strategic"] == strategic
    assert [name for name, tier in placed.items() if tier == "growth"] == growth


@pytest.mark.parametrize(("score", "tier"), [("59.9999", "growth"), (60, "strategic"), ("24.9999", "self-serve")])
def test_a_minimum_is_met_or_it_is_not(score: str, tier: str) -> None:
    assert cut([scored("ann", Decimal(score))], LADDER, team(1000)).tiers() == {"ann": tier}


@pytest.mark.parametrize("hours", [0, 1000])
def test_a_roster_of_nobody_is_cut_and_takes_nothing(hours: int) -> None:
    found = cut([], LADDER, team(hours))
    assert (found.placements, found.waiting) == ([], [])
    assert {*found.taken.values(), found.short} == {Decimal(0)}


def test_who_is_eligible_for_less_gets_less_and_leaves_the_place_to_the_next() -> None:
    roster = [scored("ann", 90, up_to="growth"), scored("bob", 80), scored("cid", 70)]
    assert cut(roster, LADDER, team(1000)).tiers() == {"ann": "growth", "bob": "strategic", "cid": "strategic"}


def test_hours_of_one_tier_are_no_help_to_another_that_somebody_else_looks_after() -> None:
    roster = [scored("ann", 90), scored("bob", 80)]
    people = team(10, first=(80, ("strategic",)))
    assert cut(roster, LADDER, people).tiers() == {"ann": "strategic", "bob": "strategic"}
    assert cut(roster, LADDER, people.without("first")).tiers() == {"ann": "self-serve", "bob": "self-serve"}


def test_hours_below_what_the_last_tier_itself_takes_are_named() -> None:
    roster = [scored(name, 90) for name in ("ann", "bob", "cid")]
    found = cut(roster, LADDER, team(2))
    assert set(found.tiers().values()) == {"self-serve"}
    assert found.short == 1


@pytest.mark.parametrize(
    ("challenger", "strategic"),
    [(69, "holder"), (71, "holder"), (72, "holder"), (73, "challenger")],
)
def test_noise_takes_no_place_from_anybody(challenger: int, strategic: str) -> None:
    ladder = [LADDER[0].model_copy(update={"cap": 1}), *LADDER[1:]]
    roster = [
        scored("challenger", challenger, pipeline=-1, stands_in="growth"),
        scored("holder", 70, stands_in="strategic"),
    ]
    tiers = cut(roster, ladder, team(1000), Decimal(2)).tiers()
    assert [name for name, tier in tiers.items() if tier == "strategic"] == [strategic]


@pytest.mark.parametrize(("score", "tier"), [(58, "strategic"), ("57.9999", "growth")])
def test_who_slips_below_a_minimum_by_less_than_the_band_keeps_its_tier(score: str, tier: str) -> None:
    holder = scored("holder", Decimal(score), stands_in="strategic")
    assert cut([holder], LADDER, team(1000), Decimal(2)).tiers() == {"holder": tier}


def test_what_is_unknown_counts_for_nothing_in_the_ranking_and_is_said_to_decide() -> None:
    ladder = [LADDER[0].model_copy(update={"cap": 1}), *LADDER[1:]]
    placements = cut([scored("ann", 10, high=90), scored("bob", 80)], ladder, team(1000)).placements
    assert [(p.partner, p.rank, p.best_rank, p.worst_rank) for p in placements] == [("bob", 1, 1, 2), ("ann", 2, 1, 2)]
    assert [(p.tier, p.tier_at_best) for p in placements] == [
        ("strategic", "strategic"),
        ("self-serve", "strategic"),
    ]


def test_ties_go_by_what_the_program_declares_then_by_name_then_by_id() -> None:
    first, second = scored("zoe", 50, 900), scored("ann", 50, 800)
    twins = [replace(scored("bob", 50, 800), partner=name) for name in ("bob-1", "bob-2")]
    assert rank([twins[1], second, twins[0], first]) == [first, second, *twins]


def test_where_all_scores_are_equal_the_hours_go_by_name() -> None:
    roster = [scored(name, 70) for name in ("cid", "ann", "bob")]
    assert [p.tier for p in cut(roster, LADDER, team(1000)).placements] == ["strategic", "strategic", "growth"]


def test_a_hundred_and_forty_partners_and_four_people_give_eighteen_forty_and_the_rest(
    default_program: LoadedProgram,
) -> None:
    """The figures of the default program come out of its hours alone, whatever is asked of a score."""
    program = default_program.program
    roster = [scored(f"partner-{number:03}", 100) for number in range(140)]
    found = cut(roster, program.tiers, program.capacity.team(Q3, BusinessDays(), [tier.id for tier in program.tiers]))
    assert Counter(found.tiers().values()) == {"strategic": 18, "growth": 40, "self-serve": 82}
    top = {name for name, by_tier in found.handed_out().items() if by_tier["strategic"]}
    assert (len(top), len(program.capacity.people)) == (3, 4)
    assert found.team.hours == 1280
    assert sum(found.taken.values()) == Decimal("1252.40")
    cadences = [tier.service.cadence for tier in program.tiers]
    assert cadences == [
        "Co-sell session every two weeks",
        "Monthly group session",
        "Content track and a quarterly check-in",
    ]
    assert [(w.tier, w.partner, w.hours) for w in found.waiting] == [
        ("strategic", "partner-018", Decimal(28)),
        ("growth", "partner-058", Decimal("3.70")),
    ]


def test_a_service_whose_parts_do_not_add_up_is_refused() -> None:
    touches = [{"kind": "Session", "cadence": "monthly", "hours": 3}]
    assert Service.model_validate({"cadence": "Monthly", "hours": 3, "touches": touches})
    with pytest.raises(ValidationError, match="they take 3 hours, and the service 4; make both the same"):
        Service.model_validate({"cadence": "Monthly", "hours": 4, "touches": touches})

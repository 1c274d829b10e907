"""The roster: scored alike, ranked, and cut to the hours there are."""

from collections import Counter
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from program.calendar import Quarter
from program.opportunity import Opportunity
from program.scorecard import FactValue
from program.tiers import (
    MEASURES,
    Capacity,
    Factor,
    Placement,
    Score,
    Scored,
    ScoreModel,
    Service,
    Tier,
    TierRecord,
    after_move,
    cut,
    measured,
    movement_facts,
    rank,
)
from tests.program.test_scorecard import shares

Q3 = Quarter(year=2017, number=3)

amounts = st.decimals(-(10**6), 10**6, places=2)


@st.composite
def models(draw: st.DrawFn) -> ScoreModel:
    weights = draw(st.integers(3, 4).flatmap(shares))
    factors = []
    for fact, weight in zip(draw(st.permutations(MEASURES)), weights, strict=False):
        floor = draw(amounts)
        target = floor + draw(st.decimals("0.01", 10**6, places=2))
        factors.append(Factor(id=fact, title=fact, weight=weight, fact=fact, floor=floor, target=target))
    return ScoreModel(factors=factors)


quarters = st.fixed_dictionaries(dict.fromkeys(MEASURES, st.none() | amounts | st.integers(0, 10**6)))


def points(model: ScoreModel, facts: dict[str, FactValue], *, unknown: int) -> Fraction:
    """A score before it is rounded, where what is unknown is worth nothing, 0, or everything, 1."""
    total = Fraction(0)
    for factor in model.factors:
        value = facts[factor.fact]
        if value is None:
            total += factor.weight * unknown
            continue
        way = (Fraction(value) - Fraction(factor.floor)) / (Fraction(factor.target) - Fraction(factor.floor))
        total += factor.weight * min(max(way, Fraction(0)), Fraction(1))
    return total


@given(models(), quarters)
def test_a_score_is_exact_to_four_places_and_unknown_facts_make_it_an_interval(
    model: ScoreModel, facts: dict[str, FactValue]
) -> None:
    score = model.score(facts)
    for end, unknown in ((score.low, 0), (score.high, 1)):
        assert end == round(points(model, facts, unknown=unknown), 4)
        assert end.as_tuple().exponent == -4
    assert 0 <= score.low <= score.high <= 100
    assert (score.low == score.high) == all(facts[factor.fact] is not None for factor in model.factors)


@given(models(), quarters, st.data())
def test_finding_something_out_narrows_the_score(
    model: ScoreModel, facts: dict[str, FactValue], data: st.DataObject
) -> None:
    known = {name: data.draw(amounts) if value is None else value for name, value in facts.items()}
    assert model.score(facts).low <= model.score(known).low <= model.score(facts).high


def the_model(**changes: Any) -> dict[str, Any]:
    factor = {"title": "A factor", "fact": "win_rate", "target": 1}
    factors = [{**factor, "id": name, "weight": weight} for name, weight in (("a", 50), ("b", 30), ("c", 20))]
    return {"factors": [factors[0] | changes, *factors[1:]]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight": 60}, r"the weights of the score add up to 110 %, not 100 % \(a 60 \+ b 30 \+ c 20\)"),
        ({"id": "b"}, r"factors\.1\.id: b is there already"),
        ({"floor": 1}, "the target of a, 1, has to lie above its floor, 1"),
        ({"floor": 2}, "the target of a, 1, has to lie above its floor, 2"),
    ],
)
def test_a_score_that_cannot_be_reckoned_is_refused(change: dict[str, Any], message: str) -> None:
    assert ScoreModel.model_validate(the_model())
    with pytest.raises(ValidationError, match=message):
        ScoreModel.model_validate(the_model(**change))


@pytest.mark.parametrize("count", [0, 1, 2, 6])
def test_a_score_has_three_to_five_factors(count: int) -> None:
    factors = the_model()["factors"]
    with pytest.raises(ValidationError, match=f"the score has {count} factors; 3 to 5 are held"):
        ScoreModel.model_validate({"factors": (factors * 2)[:count]})


# A quarter's facts


def a_deal(created: str, **more: Any) -> Opportunity:
    return Opportunity.model_validate({"id": "O-1", "partner": "acme", "created_on": created, **more})


def test_a_quarter_counts_what_happened_from_its_first_day_to_its_last() -> None:
    deals = [
        a_deal("2017-06-30", qualified_on="2017-06-30", progressed_on="2017-07-01"),
        a_deal("2017-06-30", qualified_on="2017-07-01", closed_on="2017-07-01", won=True, value="100.50"),
        a_deal("2017-07-01", qualified_on="2017-09-30", closed_on="2017-09-30", won=True, value=200),
        a_deal("2017-06-30", closed_on="2017-09-30", won=False, value=900),
        a_deal("2017-06-29", qualified_on="2017-06-30", closed_on="2017-06-30", won=True, value=5000),
        a_deal("2017-09-30", qualified_on="2017-10-01", closed_on="2017-10-01", won=True, value=7000),
    ]
    assert measured(Q3, deals) == {
        "won_revenue": Decimal("300.50"),
        "sourced_pipeline": Decimal(7200),
        "qualified_opportunities": 2,
        "progressed_opportunities": 1,
        "win_rate": Decimal("0.6667"),
        "moved_opportunities": 5,
    }


def test_where_nothing_was_closed_the_win_rate_is_unknown_and_the_revenue_nothing() -> None:
    facts = measured(Q3, [a_deal("2017-07-01")])
    assert (facts["win_rate"], facts["won_revenue"], facts["moved_opportunities"]) == (None, 0, 1)


def test_a_deal_won_at_an_unknown_value_counts_as_won() -> None:
    facts = measured(Q3, [a_deal("2017-07-01", closed_on="2017-07-02", won=True)])
    assert (facts["win_rate"], facts["won_revenue"]) == (1, 0)


# The cut


def a_tier(name: str, hours: Decimal | int, *, minimum: Decimal | int = 0, cap: int | None = None) -> Tier:
    service = Service(cadence="Monthly", hours=Decimal(hours))
    return Tier(id=name, title=name, service=service, minimum_score=Decimal(minimum), cap=cap)


def scored(name: str, score: Decimal | int, pipeline: Decimal | int = 0) -> Scored:
    value = Decimal(score)
    return Scored(partner=name, name=name.title(), score=Score(low=value, high=value), pipeline=Decimal(pipeline))


rosters = st.lists(
    st.builds(scored, st.from_regex(r"[a-c]{1,6}", fullmatch=True), st.integers(0, 10).map(lambda n: n * 10)),
    max_size=30,
    unique_by=lambda scored: scored.partner,
)
hours = st.decimals(0, 60, places=2)
ladders = st.lists(
    st.builds(
        a_tier,
        st.just("tier"),
        hours,
        minimum=st.integers(0, 100),
        cap=st.none() | st.integers(1, 10),
    ),
    min_size=1,
    max_size=4,
).map(lambda tiers: [tier.model_copy(update={"id": f"tier-{index}"}) for index, tier in enumerate(tiers)])
capacities = st.builds(
    Capacity, people=st.integers(1, 5), hours=st.decimals(0, 200, places=2), kept_free=st.integers(0, 99)
)


@given(rosters, ladders, capacities)
def test_the_hours_that_are_promised_are_there_and_no_tier_is_overfull(
    roster: list[Scored], tiers: list[Tier], capacity: Capacity
) -> None:
    taken = Counter(placement.tier for placement in cut(roster, tiers, capacity))
    assert sum(taken[tier.id] * tier.service.hours for tier in tiers[:-1]) <= capacity.to_give
    assert all(taken[tier.id] <= (tier.cap or len(roster)) for tier in tiers[:-1])


@given(rosters, ladders, capacities)
def test_everyone_is_placed_and_a_better_rank_never_gets_a_lower_tier(
    roster: list[Scored], tiers: list[Tier], capacity: Capacity
) -> None:
    placements = cut(roster, tiers, capacity)
    assert [placement.partner for placement in placements] == [ranked.partner for ranked in rank(roster)]
    assert [placement.rank for placement in placements] == list(range(1, len(roster) + 1))
    levels = [[tier.id for tier in tiers].index(placement.tier) for placement in placements]
    assert levels == sorted(levels)


@given(rosters, ladders, capacities)
def test_nobody_is_passed_over(roster: list[Scored], tiers: list[Tier], capacity: Capacity) -> None:
    scores = {partner.partner: partner.score.low for partner in roster}
    left, taken = Fraction(capacity.to_give), Counter[str]()
    by_id = {tier.id: tier for tier in tiers}
    for placement in cut(roster, tiers, capacity):
        for higher in tiers[: tiers.index(by_id[placement.tier])]:
            assert (
                scores[placement.partner] < higher.minimum_score
                or taken[higher.id] == higher.cap
                or left < higher.service.hours
            )
        given_tier = by_id[placement.tier]
        assert given_tier is tiers[-1] or scores[placement.partner] >= given_tier.minimum_score
        taken[placement.tier] += 1
        left = max(left - Fraction(given_tier.service.hours), Fraction(0))


@given(rosters, ladders, capacities, st.integers(0, 3))
def test_more_hours_never_shrink_the_top_tier(
    roster: list[Scored], tiers: list[Tier], capacity: Capacity, more: int
) -> None:
    def at_the_top(people: int) -> int:
        team = capacity.model_copy(update={"people": people})
        return sum(placement.tier == tiers[0].id for placement in cut(roster, tiers, team))

    assert at_the_top(capacity.people) <= at_the_top(capacity.people + more)


@given(rosters, ladders, capacities, st.randoms(use_true_random=False))
def test_the_order_in_which_partners_are_looked_at_makes_no_difference(
    roster: list[Scored], tiers: list[Tier], capacity: Capacity, random: Random
) -> None:
    shuffled = random.sample(roster, len(roster))
    assert cut(shuffled, tiers, capacity) == cut(roster, tiers, capacity)


def tiers_of(placements: list[Placement]) -> dict[str, str]:
    return {placement.partner: placement.tier for placement in placements}


LADDER = [a_tier("strategic", 40, minimum=60, cap=2), a_tier("growth", 10, minimum=25), a_tier("self-serve", 1)]


def team(hours: int) -> Capacity:
    return Capacity(people=1, hours=Decimal(hours))


@pytest.mark.parametrize(
    ("hours", "strategic", "growth"),
    [
        (1000, ["ann", "bob"], ["cid", "dan"]),  # the cap keeps the third out, the score the fifth
        (90, ["ann", "bob"], ["cid"]),
        (80, ["ann", "bob"], []),
        (79, ["ann"], ["bob", "cid", "dan"]),
        (39, [], ["ann", "bob", "cid"]),
        (9, [], []),
        (0, [], []),
    ],
)
def test_hours_are_handed_out_from_the_top(hours: int, strategic: list[str], growth: list[str]) -> None:
    roster = [scored(n, s) for n, s in (("ann", 90), ("bob", 60), ("cid", 60), ("dan", 25), ("eve", 24))]
    placed = tiers_of(cut(roster, LADDER, team(hours)))
    assert [name for name, tier in placed.items() if tier == "strategic"] == strategic
    assert [name for name, tier in placed.items() if tier == "growth"] == growth


@pytest.mark.parametrize(("score", "tier"), [("59.9999", "growth"), (60, "strategic"), ("24.9999", "self-serve")])
def test_a_minimum_is_met_or_it_is_not(score: str, tier: str) -> None:
    assert tiers_of(cut([scored("ann", Decimal(score))], LADDER, team(1000))) == {"ann": tier}


def test_what_is_unknown_counts_for_nothing_in_the_ranking() -> None:
    hoped_for = Scored(partner="ann", name="Ann", score=Score(low=Decimal(10), high=Decimal(90)), pipeline=Decimal(0))
    assert [partner.partner for partner in rank([hoped_for, scored("bob", 11)])] == ["bob", "ann"]


def test_ties_go_by_pipeline_then_by_name_then_by_id() -> None:
    first, second = scored("zoe", 50, 900), scored("ann", 50, 800)
    twins = [scored("bob", 50, 800).model_copy(update={"partner": name}) for name in ("bob-1", "bob-2")]
    assert rank([twins[1], second, twins[0], first]) == [first, second, *twins]


def test_the_team_promises_what_it_does_not_keep_free() -> None:
    assert Capacity(people=4, hours=Decimal(400), kept_free=20).to_give == 1280


# The moves

RECORD = TierRecord(tier="growth", quarters_below=1, quarters_inactive=1)


@pytest.mark.parametrize(
    ("cut_tier", "moved", "full", "levels", "quarters"),
    [
        ("growth", 3, True, (2, 2), (0, 0)),
        ("strategic", 3, True, (2, 3), (0, 0)),
        ("self-serve", 3, True, (2, 1), (2, 0)),
        ("growth", 0, True, (2, 2), (0, 2)),
        ("self-serve", 0, True, (2, 1), (2, 2)),
        ("self-serve", 0, False, (2, 1), (0, 0)),  # a quarter that was not a full one counts against nobody
    ],
)
def test_full_quarters_in_a_row_are_counted(
    cut_tier: str, moved: int, full: bool, levels: tuple[int, int], quarters: tuple[int, int]
) -> None:
    facts = movement_facts(LADDER, RECORD, cut_tier, moved, full_quarter=full)
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
    after = after_move(LADDER, TierRecord(tier=tier), facts, move)
    assert after == TierRecord(tier=then, quarters_below=2 if then == tier else 0, quarters_inactive=1)

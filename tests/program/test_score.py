"""The score: alike for everyone in a segment, exact, and an interval where something is unknown."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from program.calendar import Quarter
from program.factor import Factor, Scale
from program.measures import MEASURES, counted, measured
from program.opportunity import Opportunity
from program.score import Colours, Measured, ScoreModel, Span, averting
from program.scorecard import FactValue
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
        way = (Fraction(value) - Fraction(factor.floor)) / (Fraction(factor.target or 0) - Fraction(factor.floor))
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
        "consistency": None,
        "moved_opportunities": 5,
    }


days = st.dates(date(2016, 7, 1), date(2017, 12, 31))
any_deals = st.builds(
    Opportunity.model_construct,
    created_on=days,
    value=st.none() | st.integers(0, 10**6).map(Decimal),
    won=st.none() | st.booleans(),
    **dict.fromkeys(("submitted_on", "qualified_on", "progressed_on", "closed_on"), st.none() | days),
)


@given(st.lists(any_deals, max_size=12), st.integers(0, 6))
def test_each_fact_of_a_quarter_is_made_from_the_deals_that_are_counted_for_it(
    deals: list[Opportunity], full_quarters: int
) -> None:
    facts = measured(Q3, deals, full_quarters=full_quarters)
    for fact in MEASURES:
        behind = counted(fact, Q3, deals, full_quarters=full_quarters)
        assert measured(Q3, behind, full_quarters=full_quarters)[fact] == facts[fact]
    assert facts["qualified_opportunities"] == len(counted("qualified_opportunities", Q3, deals))
    assert facts["won_revenue"] == sum(deal.value or 0 for deal in counted("won_revenue", Q3, deals))
    assert counted("fit_score", Q3, deals) == []


def test_where_nothing_was_closed_the_win_rate_is_unknown_and_the_revenue_nothing() -> None:
    facts = measured(Q3, [a_deal("2017-07-01")])
    assert (facts["win_rate"], facts["won_revenue"], facts["moved_opportunities"]) == (None, 0, 1)


def test_a_deal_won_at_an_unknown_value_counts_as_won() -> None:
    facts = measured(Q3, [a_deal("2017-07-01", closed_on="2017-07-02", won=True)])
    assert (facts["win_rate"], facts["won_revenue"]) == (1, 0)


@pytest.mark.parametrize(
    ("qualified", "full_quarters", "consistency"),
    [
        (["2017-02-01", "2017-05-01", "2017-08-01"], 3, "1.0000"),
        (["2017-08-01", "2017-08-02", "2017-08-03"], 3, "0.3333"),
        (["2017-08-01", "2017-08-02", "2017-05-01"], 2, "0.7500"),
        (["2016-08-01", "2016-08-02"], 3, "0.0000"),  # before it was active
        (["2016-11-01", "2017-02-01", "2017-05-01", "2017-08-01", "2015-08-01"], 9, "1.0000"),  # four quarters at most
        (["2017-08-01"], 1, None),
        ([], 0, None),
    ],
)
def test_consistency_is_the_average_quarter_beside_the_best(
    qualified: list[str], full_quarters: int, consistency: str | None
) -> None:
    deals = [a_deal("2015-01-01", qualified_on=day) for day in qualified]
    found = measured(Q3, deals, full_quarters=full_quarters)["consistency"]
    assert found == (consistency and Decimal(consistency))


# Beside the others of a segment


def percentiles(values: Sequence[int | None]) -> list[Span]:
    first, *others = the_model(fact="won_revenue", scale="percentile", target=None)["factors"]
    model = ScoreModel.model_validate({"factors": [first, *others]})
    roster = {str(n): Measured(facts={"won_revenue": value}) for n, value in enumerate(values)}
    return [score.shares["a"] for score in model.scores(roster).values()]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], []),
        ([5], [(0.5, 0.5)]),
        ([None], [(0, 1)]),
        ([1, 2, 3], [(0, 0), (0.5, 0.5), (1, 1)]),
        ([7, 7, 7], [(0.5, 0.5)] * 3),
        ([1, None, 3], [(0, 0.5), (0, 1), (0.5, 1)]),
    ],
)
def test_a_percentile_is_the_share_of_the_others_that_one_is_ahead_of(
    values: list[int | None], expected: list[tuple[float, float]]
) -> None:
    assert [(span.low, span.high) for span in percentiles(values)] == [
        (Decimal(str(low)), Decimal(str(high))) for low, high in expected
    ]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=8), st.data())
def test_what_a_percentile_turns_out_to_be_lies_within_what_was_said_before(
    values: list[int], data: st.DataObject
) -> None:
    seen = [value if data.draw(st.booleans()) else None for value in values]
    for before, after in zip(percentiles(seen), percentiles(values), strict=True):
        assert before.low <= after.low == after.high <= before.high


@given(st.lists(st.tuples(st.sampled_from(["referral", "resell"]), quarters), max_size=8))
def test_a_roster_scored_page_by_page_has_the_scores_it_has_at_once(
    roster: list[tuple[str, dict[str, FactValue]]],
) -> None:
    model = segmented()
    everyone = {str(n): Measured(segment=(kind, "North"), facts=facts) for n, (kind, facts) in enumerate(roster)}
    scale = model.scale(iter(everyone.values()))  # gone through once, as pages are
    assert {name: scale.score(one) for name, one in everyone.items()} == model.scores(everyone)


# Segments


def segmented(**more: Any) -> ScoreModel:
    factors = [{**factor, "scale": "percentile", "target": None} for factor in the_model()["factors"]]
    return ScoreModel.model_validate({"segments": ["type", "region"], "factors": factors, **more})


def test_partners_are_compared_with_their_like_alone() -> None:
    model = segmented()
    roster = {
        name: Measured(segment=model.segment(kind, region, {}), facts={"win_rate": Decimal(rate)})
        for name, kind, region, rate in (
            ("best", "resell", "North", "0.9"),
            ("worst", "resell", "North", "0.8"),
            ("alone", "resell", "South", "0.1"),
        )
    }
    assert {name: score.low for name, score in model.scores(roster).items()} == {"best": 100, "worst": 0, "alone": 50}


@given(st.lists(st.tuples(st.sampled_from(["referral", "resell"]), st.integers(0, 9)), max_size=12))
def test_who_is_in_another_segment_makes_no_difference(roster: list[tuple[str, int]]) -> None:
    model = segmented()
    everyone = {
        str(n): Measured(segment=(kind, "North"), facts={"win_rate": Decimal(rate)})
        for n, (kind, rate) in enumerate(roster)
    }
    together = model.scores(everyone)
    for kind in ("referral", "resell"):
        apart = model.scores({name: one for name, one in everyone.items() if one.segment[0] == kind})
        assert apart == {name: together[name] for name in apart}


def test_a_segment_can_be_scored_by_factors_of_its_own_the_narrowest_counting() -> None:
    factors = the_model()["factors"]
    weighed = {
        name: [{**factors[0], "weight": weight}, {**factors[1], "weight": 80 - weight}, factors[2]]
        for name, weight in (("referral", 60), ("referral/DACH", 70))
    }
    model = segmented(own=weighed)
    segments = [("referral", "North"), ("referral", "DACH"), ("referral", "DACHS"), ("resell", "DACH")]
    assert [model.factors_of(segment)[0].weight for segment in segments] == [60, 70, 60, 50]


def test_where_a_region_is_not_known_the_partner_is_compared_with_those_of_whom_it_is_not_known() -> None:
    model = ScoreModel.model_validate({**the_model(), "segments": ["region", "specialisation"]})
    assert model.segment("resell", "", {"specialisation": "Data"}) == ("unknown", "Data")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"own": {"referral": []}}, "own.referral: nothing says what a segment is"),
        ({"own": {"refferal": []}, "segments": ["type"]}, "refferal is no partner type; there are referral"),
        ({"own": {"resell": []}, "segments": ["type"]}, "the score of resell has 0 factors; 3 to 5 are held"),
        ({"performance": {"green": 40, "amber": 40}}, "amber begins at 40, which has to lie below green, 40"),
    ],
)
def test_segments_and_colours_that_cannot_be_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ScoreModel.model_validate({**the_model(), **change})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scale": "percentile"}, "a is compared with the segment, which is its floor and its target; remove both"),
        ({"scale": "logarithm"}, "the floor of a, 0, has to lie above 0: a logarithm counts doublings from it"),
        ({"target": None}, "a says no target; write one, or `scale: percentile`"),
    ],
)
def test_a_scale_that_lacks_what_it_needs_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ScoreModel.model_validate(the_model(**change))


# Two axes


def test_what_was_measured_and_what_was_rated_stay_two_axes_beside_the_one_number() -> None:
    factors = the_model(fact="fit_score", axis="potential", floor=1, target=5)["factors"]
    model = ScoreModel.model_validate({"factors": factors})
    score = model.score({"fit_score": 4, "win_rate": Decimal("0.5")})
    assert score.performance == Span(low=Decimal(50), high=Decimal(50))
    assert score.potential == Span(low=Decimal(75), high=Decimal(75))
    assert score.low == Decimal("62.5")
    unrated = model.score({"win_rate": Decimal("0.5")})
    assert (unrated.potential, unrated.missing) == (Span(low=Decimal(0), high=Decimal(100)), ("fit_score",))
    assert [unrated.low, unrated.high] == [25, 75]


@pytest.mark.parametrize(
    ("low", "high", "colour"),
    [
        (70, 70, "green"),
        ("69.9999", "69.9999", "amber"),
        (40, 40, "amber"),
        (39, 39, "red"),
        (0, 100, "red to green"),
    ],
)
def test_each_axis_has_a_colour_and_two_where_it_hangs_on_what_is_unknown(
    low: Decimal, high: Decimal, colour: str
) -> None:
    assert Colours().of(Span(low=Decimal(low), high=Decimal(high))) == colour
    assert Colours().of(None) is None


# What would avert a move


@given(models(), st.fixed_dictionaries(dict.fromkeys(MEASURES, st.integers(0, 1000))), st.integers(1, 500))
def test_what_is_said_to_bring_the_missing_points_brings_them(
    model: ScoreModel, facts: dict[str, FactValue], tenths: int
) -> None:
    short, before = Decimal(tenths) / 10, model.score(facts).low
    for factor, value in averting(model.factors, facts, short):
        assert factor.scale is Scale.LINEAR
        assert model.score({**facts, factor.fact: value}).low >= before + short

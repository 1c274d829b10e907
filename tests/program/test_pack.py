"""What would raise a partner's tier."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given

from program.capacity import Team
from program.pack import raised_by
from program.score import Score
from program.tiers import Scored, Tier, cut, in_reach, takes
from tests.program.test_tiers import LADDER, bands, ladders, rosters, teams

STEP = Decimal("0.0001")


@given(rosters, ladders, teams, bands)
def test_the_points_that_a_higher_tier_takes_lead_into_it_and_fewer_do_not(
    roster: list[Scored], tiers: list[Tier], people: Team, band: Decimal
) -> None:
    height = {tier.id: number for number, tier in enumerate(tiers)}
    cut_into = cut(roster, tiers, people, band).tiers()
    least = takes(roster, tiers, people, band)
    for one in roster:
        for tier in tiers[: height[cut_into[one.partner]]]:
            points = least[one.partner][tier.id]
            if points is None or points > 100:
                continue
            for score, leads in ((points, True), (points - STEP, False)):
                with_it = replace(one, low=score, high=score)
                found = cut([with_it if other is one else other for other in roster], tiers, people, band)
                into = height[found.tiers()[one.partner]]
                assert into <= height[tier.id] if leads else into != height[tier.id]


@given(rosters, ladders, teams, bands)
def test_those_whose_score_is_out_of_reach_of_every_higher_tier_need_only_be_counted(
    roster: list[Scored], tiers: list[Tier], people: Team, band: Decimal
) -> None:
    least = takes(roster, tiers, people, band)
    reach = in_reach(tiers, band)
    for asked in roster:
        some = [one for one in roster if one.low >= reach or one is asked]
        assert takes(some, tiers, people, band, len(roster) - len(some))[asked.partner] == least[asked.partner]


def test_points_that_nobody_can_have_raise_nobody() -> None:
    score = Score(low=Decimal(50), high=Decimal(50))
    for impossible in (None, Decimal("100.5")):
        raised = raised_by(LADDER[0], impossible, [], {}, score)
        assert raised.takes is None
        assert raised.because == "No score leads into strategic as it is."
    assert raised_by(LADDER[0], Decimal(40), [], {}, score).short == 0

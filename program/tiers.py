"""The roster: one score per partner, tiers cut from the top, and hours that are handed out once."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from program.calendar import Quarter
from program.errors import Misfits
from program.opportunity import Opportunity
from program.partner import PartnerId
from program.scorecard import FEWEST_FACTORS, MOST_FACTORS, FactValue, Identifier, Percent, check_weights

Hours = Annotated[Decimal, Field(ge=0, max_digits=9, decimal_places=2)]

MEASURES = ("won_revenue", "sourced_pipeline", "qualified_opportunities", "progressed_opportunities", "win_rate")
"""The facts of a quarter that a factor can be built on; `measured` supplies them."""


class Factor(BaseModel):
    """One thing that predicts return, and how its value becomes 0 to 1: linear from the floor to the target."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Identifier
    title: str
    weight: Percent
    fact: Identifier
    floor: Decimal = Decimal(0)
    target: Decimal

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.target <= self.floor:
            said = f"the target of {self.id}, {self.target}, has to lie above its floor, {self.floor}"
            raise Misfits([(("target",), said)])
        return self

    def share(self, value: Decimal) -> Fraction:
        """How much of the way from the floor to the target a value goes, from 0 to 1."""
        way = (Fraction(value) - Fraction(self.floor)) / (Fraction(self.target) - Fraction(self.floor))
        return min(max(way, Fraction(0)), Fraction(1))


class Service(BaseModel):
    """What a tier's partners receive. A tier without it is just a label, and is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cadence: str = Field(min_length=1)
    """In words: every two weeks."""
    hours: Hours
    """Of the team's time, for each partner and quarter."""


class Tier(BaseModel):
    """A group of partners that receive the same service."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
    title: str
    service: Service
    minimum_score: Decimal = Field(default=Decimal(0), ge=0, le=100)
    cap: int | None = Field(default=None, ge=1)
    """The most partners it takes; None where hours alone decide."""


class Capacity(BaseModel):
    """The team's time in a quarter."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    people: int = Field(ge=1)
    hours: Hours
    """Of each of them, in a quarter."""
    kept_free: int = Field(default=0, ge=0, lt=100)
    """The percentage that is promised to nobody."""

    @property
    def to_give(self) -> Decimal:
        return self.people * self.hours * (100 - self.kept_free) / 100


class ScoreModel(BaseModel):
    """How a quarter becomes one number from 0 to 100, the same way for everyone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    factors: list[Factor]

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if not FEWEST_FACTORS <= len(self.factors) <= MOST_FACTORS:
            said = f"the score has {len(self.factors)} factors; {FEWEST_FACTORS} to {MOST_FACTORS} are held"
            raise Misfits([(("factors",), said)])
        check_weights("the score", [(factor.id, factor.weight) for factor in self.factors], "factors")
        ids = [factor.id for factor in self.factors]
        twice = [(("factors", n, "id"), f"{name} is there already") for n, name in enumerate(ids) if name in ids[:n]]
        if twice:
            raise Misfits(twice)
        return self

    def score(self, facts: Mapping[str, FactValue]) -> "Score":
        """Score a quarter. Where a fact is unknown, the low end takes it as worthless, the high end as perfect."""
        low = high = Fraction(0)
        for factor in self.factors:
            value = facts.get(factor.fact)
            known = isinstance(value, (int, Decimal))
            share = factor.share(Decimal(value)) if isinstance(value, (int, Decimal)) else Fraction(0)
            low += factor.weight * share
            high += factor.weight * (share if known else 1)
        return Score(low=_four_places(low), high=_four_places(high))


class Score(BaseModel):
    """A partner's number from 0 to 100, to four places: what is stored is what is ranked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: Decimal
    high: Decimal


def _four_places(value: Fraction) -> Decimal:
    return (Decimal(round(value * 10_000)) / 10_000).quantize(Decimal("0.0001"))


def measured(quarter: Quarter, opportunities: Iterable[Opportunity]) -> dict[str, FactValue]:
    """A partner's facts of one quarter, from its opportunities as they stood at its end.

    `sourced_pipeline` is what is known of the value of what was brought in it. `win_rate` is unknown where nothing was
    closed; it is a ratio to four places, rounded half to even.
    """
    won = lost = qualified = progressed = moved = 0
    revenue = sourced = Decimal(0)
    for opportunity in opportunities:
        within = {
            name
            for name, day in (
                ("created", opportunity.created_on),
                ("qualified", opportunity.qualified_on),
                ("progressed", opportunity.progressed_on),
                ("closed", opportunity.closed_on),
            )
            if day is not None and quarter.contains(day)
        }
        moved += bool(within)
        sourced += opportunity.value or 0 if "created" in within else 0
        qualified += "qualified" in within
        progressed += "progressed" in within
        if "closed" in within:
            won += opportunity.won is True
            lost += opportunity.won is False
            revenue += opportunity.value or 0 if opportunity.won else 0
    closed = won + lost
    return {
        "won_revenue": revenue,
        "sourced_pipeline": sourced,
        "qualified_opportunities": qualified,
        "progressed_opportunities": progressed,
        "win_rate": _four_places(Fraction(won, closed)) if closed else None,
        "moved_opportunities": moved,
    }


class Scored(BaseModel):
    """A partner in the ranking: its score, and what breaks a tie."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: PartnerId
    name: str
    score: Score
    pipeline: Decimal
    """What it sourced in the quarter, for ties."""


class Placement(BaseModel):
    """Where the cut puts a partner, before movement rules say how far it goes there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: PartnerId
    rank: int
    tier: str


def rank(roster: Iterable[Scored]) -> list[Scored]:
    """The whole roster in order: by score, then by pipeline, then by name."""
    return sorted(roster, key=lambda s: (-s.score.low, -s.pipeline, s.name, s.partner))


def cut(roster: Iterable[Scored], tiers: Sequence[Tier], capacity: Capacity) -> list[Placement]:
    """Hand the team's hours to the ranked roster from the top tier down.

    A partner gets the first tier that it is eligible for, that has a place left and hours left. The last tier takes
    everyone else: it runs on content, and what little time it needs is not rationed.
    """
    left = capacity.to_give
    taken = dict.fromkeys((tier.id for tier in tiers), 0)
    placements = []
    for position, scored in enumerate(rank(roster), start=1):
        for tier in tiers:
            fits = tier.service.hours <= left and (tier.cap is None or taken[tier.id] < tier.cap)
            if tier is tiers[-1] or (fits and scored.score.low >= tier.minimum_score):
                taken[tier.id] += 1
                left = max(left - tier.service.hours, Decimal(0))
                placements.append(Placement(partner=scored.partner, rank=position, tier=tier.id))
                break
    return placements


class TierRecord(BaseModel):
    """What one re-score left of a partner: where it stands, and for how long something has been so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tier: str
    quarters_below: int = 0
    """Full quarters in a row, up to this one, whose cut lay below the partner's tier."""
    quarters_inactive: int = 0
    """Full quarters in a row, up to this one, in which none of its opportunities moved."""


def movement_facts(
    tiers: Sequence[Tier], last: TierRecord, cut_tier: str, moved_opportunities: int, *, full_quarter: bool
) -> dict[str, FactValue]:
    """The facts on which a partner's move is decided. Levels count from 1, the last tier.

    Only full quarters count against a partner: one that became active in the quarter's middle starts with the next.
    """
    level = {tier.id: len(tiers) - index for index, tier in enumerate(tiers)}
    below = full_quarter and level[cut_tier] < level[last.tier]
    inactive = full_quarter and not moved_opportunities
    return {
        "level": level[last.tier],
        "cut_level": level[cut_tier],
        "quarters_below": last.quarters_below + 1 if below else 0,
        "quarters_inactive": last.quarters_inactive + 1 if inactive else 0,
    }


def after_move(tiers: Sequence[Tier], last: TierRecord, facts: Mapping[str, FactValue], move: str) -> TierRecord:
    """What a move leaves: `up` and `down` go one tier, `low_touch` to the last; who moved starts a new grace."""
    index = [tier.id for tier in tiers].index(last.tier)
    steps = {"up": max(index - 1, 0), "down": min(index + 1, len(tiers) - 1), "low_touch": len(tiers) - 1}
    tier = tiers[steps.get(move, index)].id
    return TierRecord(
        tier=tier,
        quarters_below=int(facts["quarters_below"] or 0) if tier == last.tier else 0,
        quarters_inactive=int(facts["quarters_inactive"] or 0),
    )

"""The quarterly pack of a partner: targets against results, what changed and why, the gaps, and what would raise it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from program.calendar import Quarter
from program.factor import Axis, Factor, Scale
from program.partner import Partner
from program.score import Score, Span, averting
from program.scorecard import FactValue
from program.serving import ServiceOverride
from program.tiers import Tier
from program.touch import Touch

NOTHING = Decimal(0)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AgreedAction(_Part):
    """Something that somebody took on, and whether it was done."""

    what: str
    who: str
    due_on: date
    agreed_on: date
    done_on: date | None = None

    def done_by(self, day: date) -> bool:
        """Whether it was done by a day."""
        return self.done_on is not None and self.done_on <= day

    def stands(self, day: date) -> str:
        """How it stands on a day, in words."""
        if self.done_on is not None and self.done_on <= day:
            return f"done on {self.done_on}" + (", late" if self.done_on > self.due_on else "")
        return "overdue" if self.due_on < day else "open"


class FactorResult(_Part):
    """A factor's target and result."""

    title: str
    axis: Axis
    weight: int
    fact: str
    target: Decimal | None
    """None where it is compared with the others of the segment."""
    value: FactValue
    """None where nobody knows it."""
    points: Span
    """That it adds to the score."""
    before: FactValue = None
    points_before: Decimal | None = None
    """None where it was not scored by it the quarter before."""

    @property
    def lost(self) -> Decimal:
        """The points that it does not add."""
        return self.weight - self.points.low


class AxisResult(_Part):
    """One of the two axes, from 0 to 100."""

    axis: Axis
    now: Span | None
    colour: str | None
    before: Span | None


class Raise(_Part):
    """What it takes to get into the tier above, or to keep one, by the measure of the quarter that ended."""

    tier: str
    """Its title."""
    takes: Decimal | None
    """Points; None where no score would do."""
    short: Decimal
    ways: tuple[tuple[str, FactValue, Decimal], ...] = ()
    """What alone would bring the points: title, what it is, and what it would have to be."""
    because: str = ""
    """Why no score would do."""


class Move(_Part):
    """What the re-score decided."""

    came_from: str
    """The title of the tier before."""
    to: str
    move: str
    because: str
    advice: str = ""


class Standing(_Part):
    """A partner's number, and its place among all."""

    score: Score
    rank: int
    of: int


class Pack(_Part):
    """Everything that is talked about in a quarterly review."""

    partner: Partner
    quarter: Quarter
    written_on: date
    segment: str
    tier: Tier
    override: ServiceOverride | None
    now: Standing
    before: Standing | None
    axes: tuple[AxisResult, ...]
    factors: tuple[FactorResult, ...]
    reweighed: bool
    """Whether the weights are not those of the quarter before."""
    move: Move | None
    next_tier: Raise | None
    """None in the highest tier."""
    keeps: Raise | None
    """What it takes to keep the tier, of a partner that was warned for its score; None of others."""
    touches: tuple[Touch, ...]
    """That were delivered in the quarter."""
    actions: tuple[AgreedAction, ...]

    @property
    def due_in_quarter(self) -> list[AgreedAction]:
        """Last quarter's actions: those that were due in it."""
        return [action for action in self.actions if self.quarter.contains(action.due_on)]

    @property
    def agreed(self) -> list[AgreedAction]:
        """What is still to be done, and what was agreed for after the quarter."""
        return [
            action
            for action in self.actions
            if action.due_on > self.quarter.last_day
            or (action.due_on < self.quarter.first_day and not action.done_by(self.quarter.first_day))
            or (self.quarter.contains(action.due_on) and not action.done_by(self.written_on))
        ]

    @property
    def gaps(self) -> list[FactorResult]:
        """The factors that do not add all they could, what costs most first."""
        return sorted((one for one in self.factors if one.lost > 0), key=lambda one: (-one.lost, one.title))

    @property
    def changes(self) -> list[tuple[FactorResult, Decimal]]:
        """The factors whose points are others than a quarter ago, and by how many, the largest change first."""
        changed = ((one, one.points.low - one.points_before) for one in self.factors if one.points_before is not None)
        return sorted((one for one in changed if one[1]), key=lambda one: (-abs(one[1]), one[0].title))


def factor_results(
    factors: Sequence[Factor],
    facts: Mapping[str, FactValue],
    score: Score,
    before: tuple[Sequence[Factor], Mapping[str, FactValue], Score] | None,
) -> Iterator[FactorResult]:
    """How each factor of a score came out, beside the quarter before."""
    earlier = {factor.id: factor for factor in before[0]} if before else {}
    for factor in factors:
        then = earlier.get(factor.id)
        yield FactorResult(
            title=factor.title,
            axis=factor.axis,
            weight=factor.weight,
            fact=factor.fact,
            target=None if factor.scale is Scale.PERCENTILE else factor.target,
            value=facts.get(factor.fact),
            points=_points(factor, score),
            before=before[1].get(then.fact) if before and then else None,
            points_before=_points(then, before[2]).low if before and then else None,
        )


def _points(factor: Factor, score: Score) -> Span:
    share = score.shares.get(factor.id, Span(low=NOTHING, high=NOTHING))
    return Span(low=factor.weight * share.low, high=factor.weight * share.high)


def raised_by(
    tier: Tier,
    takes: Decimal | None,
    factors: Sequence[Factor],
    facts: Mapping[str, FactValue],
    score: Score,
    barred: str = "",
) -> Raise:
    """What would bring a partner into a tier that takes so many points, or why the policy keeps it out of it."""
    takes = takes if takes is not None and takes <= 100 else None
    short = max(takes - score.low, NOTHING) if takes is not None else NOTHING
    ways = averting(factors, facts, short) if short else []
    return Raise(
        tier=tier.title,
        takes=takes,
        short=short,
        ways=tuple((factor.title, facts[factor.fact], value) for factor, value in ways),
        because="" if takes is not None else f"No score leads into {tier.title} as it is. {barred}".rstrip(),
    )

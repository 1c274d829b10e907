"""The score: what a quarter showed of a partner, weighed the same way for everyone that it is compared with.

Every factor becomes 0 to 1 exactly (a logarithm to 28 digits), and the number is rounded once, to four places. What
nobody knows makes it an interval: its low end takes it as worthless, its high end as perfect.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from program.errors import Misfits, Way
from program.measures import four_places
from program.partner import PartnerType
from program.scorecard import FEWEST_FACTORS, MOST_FACTORS, FactValue, Identifier, Percent, check_weights

TYPE, REGION = "type", "region"
"""What a partner can be compared by beside the evidence that a program asks for."""

Segment = tuple[str, ...]
"""What partners that are compared with each other have in common: their type, their region."""

UNKNOWN: Final = "unknown"
"""The segment's name where nobody knows what a partner would be compared by."""

ZERO, ONE = Fraction(0), Fraction(1)


class Axis(StrEnum):
    """What a factor speaks of; the two are never mixed but in the one number."""

    PERFORMANCE = "performance"
    """What was measured."""
    POTENTIAL = "potential"
    """What was rated by a rubric."""


class Scale(StrEnum):
    """How a value becomes 0 to 1."""

    LINEAR = "linear"
    """The way it goes from the floor to the target."""
    LOGARITHM = "logarithm"
    """The same in orders of magnitude: every doubling counts alike, up to the target."""
    PERCENTILE = "percentile"
    """The share of the segment's others that it is ahead of; who is level counts half."""


class Factor(BaseModel):
    """One thing that predicts return, and how its value becomes 0 to 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Identifier
    title: str
    weight: Percent
    fact: Identifier
    axis: Axis = Axis.PERFORMANCE
    scale: Scale = Scale.LINEAR
    floor: Decimal = Decimal(0)
    target: Decimal | None = None

    @model_validator(mode="after")
    def _reckonable(self) -> Self:
        if self.scale is Scale.PERCENTILE:
            if self.target is not None or self.floor:
                said = f"{self.id} is compared with the segment, which is its floor and its target; remove both"
                raise Misfits([(("target",), said)])
            return self
        if self.target is None:
            raise Misfits([((), f"{self.id} says no target; write one, or `scale: percentile`")])
        if self.target <= self.floor:
            said = f"the target of {self.id}, {self.target}, has to lie above its floor, {self.floor}"
            raise Misfits([(("target",), said)])
        if self.scale is Scale.LOGARITHM and self.floor <= 0:
            said = f"the floor of {self.id}, {self.floor}, has to lie above 0: a logarithm counts doublings from it"
            raise Misfits([(("floor",), said)])
        return self

    @cached_property
    def _ends(self) -> tuple[Fraction, Fraction]:
        assert self.target is not None
        return Fraction(self.floor), Fraction(self.target)

    def share(self, value: Decimal) -> Fraction:
        """How much of the way from the floor to the target a value goes, from 0 to 1. Not of a percentile."""
        assert self.target is not None
        if value <= self.floor:
            return ZERO
        if value >= self.target:
            return ONE
        if self.scale is Scale.LOGARITHM:
            return Fraction((value / self.floor).ln() / (self.target / self.floor).ln())
        floor, target = self._ends
        return (Fraction(value) - floor) / (target - floor)

    def reaching(self, share: Fraction) -> Decimal | None:
        """The least value, to two places, that goes so much of the way; None where none does, or of a percentile."""
        if self.target is None or share > 1:
            return None
        if self.scale is Scale.LOGARITHM:
            exponent = Decimal(share.numerator) / Decimal(share.denominator) * (self.target / self.floor).ln()
            least = Fraction(self.floor * exponent.exp())
        else:
            floor, target = self._ends
            least = floor + share * (target - floor)
        return min(Decimal(-((-least * 100) // 1)) / 100, self.target)


class Span(BaseModel):
    """A number that is known in part: it lies between two ends. To four places."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: Decimal
    high: Decimal


class Score(Span):
    """A partner's number from 0 to 100, to four places: what is stored is what is ranked."""

    performance: Span | None = None
    """Of the factors that were measured alone, from 0 to 100; None where there are none."""
    potential: Span | None = None
    """The same of those that were rated."""
    shares: dict[str, Span] = {}
    """How far each factor goes, from 0 to 1."""
    missing: tuple[str, ...] = ()
    """The facts that nobody knows."""


class Colours(BaseModel):
    """From which points on an axis is green, and from which it is amber; below, it is red."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    green: Decimal = Field(default=Decimal(70), gt=0, le=100)
    amber: Decimal = Field(default=Decimal(40), ge=0, le=100)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.amber >= self.green:
            raise Misfits([(("amber",), f"amber begins at {self.amber}, which has to lie below green, {self.green}")])
        return self

    def of(self, span: Span | None) -> str | None:
        """An axis's colour, such as `green`; `amber or green` where it hangs on what nobody knows."""
        if span is None:
            return None
        low, high = self._of(span.low), self._of(span.high)
        return low if low == high else f"{low} to {high}"

    def _of(self, points: Decimal) -> str:
        return "green" if points >= self.green else "amber" if points >= self.amber else "red"


class Measured(BaseModel):
    """A partner as it is scored: with whom it is compared, and what is known of its quarter."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    segment: Segment = ()
    facts: Mapping[str, FactValue]


class ScoreModel(BaseModel):
    """How a quarter becomes one number from 0 to 100, the same way for everyone in a segment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    segments: tuple[Identifier, ...] = ()
    """What partners have to have in common to be compared: `type`, `region`, or evidence that the program asks for."""
    factors: list[Factor]
    own: dict[str, list[Factor]] = {}
    """A segment's factors, where it is scored by others: `referral`, or narrower, `referral/DACH`."""
    ties: tuple[Identifier, ...] = ("sourced_pipeline",)
    """What decides between equal scores, in order, the higher first; after it the name."""
    performance: Colours = Colours()
    potential: Colours = Colours()
    band: Decimal = Field(default=Decimal(0), ge=0, le=20, decimal_places=4)
    """The points by which a score has to be better to take a place from somebody, so that noise moves nobody."""
    evidence_days: Annotated[int, Field(ge=0, le=45)] = 0
    """For how many days after a quarter evidence of it is waited for before it is re-scored by itself."""
    quarters: Annotated[int, Field(ge=2, le=12)] = 4
    """How many quarters consistency looks back on, the one that is scored included."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        faults: list[tuple[Way, str]] = []
        for way, factors in self.declared():
            try:
                _check(way, factors)
            except Misfits as misfits:
                faults += misfits.faults
        first = self.segments[0] if self.segments else None
        for name in self.own:
            kind = name.split("/")[0]
            if first is None:
                faults.append((("own", name), "nothing says what a segment is; write `segments: [type]` above"))
            elif first == TYPE and kind not in {*PartnerType}:
                faults.append((("own", name), f"{kind} is no partner type; there are {', '.join(PartnerType)}"))
        if faults:
            raise Misfits(faults)
        return self

    def declared(self) -> list[tuple[Way, Sequence[Factor]]]:
        """All factors, with the way to where they are declared."""
        return [(("factors",), self.factors), *((("own", name), own) for name, own in self.own.items())]

    def factors_of(self, segment: Segment) -> Sequence[Factor]:
        """The factors that a segment is scored by: its own, the narrowest there are, or everyone's."""
        name = "/".join(segment) + "/"
        fitting = [own for own in self.own if name.startswith(f"{own}/")]
        return self.own[max(fitting, key=len)] if fitting else self.factors

    @cached_property
    def facts(self) -> frozenset[str]:
        """Every fact that a score, a tie or a segment rests on."""
        weighed = {factor.fact for _, factors in self.declared() for factor in factors}
        return frozenset({*weighed, *self.ties, *self.segments} - {TYPE, REGION})

    def segment(self, kind: str, region: str, facts: Mapping[str, FactValue]) -> Segment:
        """With whom a partner is compared."""
        there = {**facts, TYPE: kind, REGION: region}
        return tuple(str(value) if (value := there.get(name)) not in {None, ""} else UNKNOWN for name in self.segments)

    def score(self, facts: Mapping[str, FactValue], segment: Segment = ()) -> Score:
        """Score a quarter by itself. A percentile has nobody to be compared with then, and is half."""
        return self.scores({"": Measured(segment=segment, facts=facts)})[""]

    def scores(self, roster: Mapping[str, Measured]) -> dict[str, Score]:
        """Score the whole roster, each partner beside those of its segment."""
        segments: dict[Segment, list[str]] = defaultdict(list)
        for partner, one in roster.items():
            segments[one.segment].append(partner)
        scores: dict[str, Score] = {}
        for segment, partners in segments.items():
            factors = self.factors_of(segment)
            columns = [_column([_number(roster[p].facts.get(f.fact)) for p in partners], f) for f in factors]
            for partner, spans in zip(partners, zip(*columns, strict=True), strict=True):
                missing = tuple(f.fact for f in factors if _number(roster[partner].facts.get(f.fact)) is None)
                scores[partner] = _score(factors, spans, missing)
        return {partner: scores[partner] for partner in roster}


def _check(way: Way, factors: Sequence[Factor]) -> None:
    """Refuse factors that cannot be weighed against each other."""
    owner = "the score" if way == ("factors",) else f"the score of {way[-1]}"
    if not FEWEST_FACTORS <= len(factors) <= MOST_FACTORS:
        said = f"{owner} has {len(factors)} factors; {FEWEST_FACTORS} to {MOST_FACTORS} are held"
        raise Misfits([(way, said)])
    try:
        check_weights(owner, [(factor.id, factor.weight) for factor in factors], "factors")
    except Misfits as misfits:
        raise Misfits([(way, message) for _, message in misfits.faults]) from None
    ids = [factor.id for factor in factors]
    twice = [((*way, n, "id"), f"{name} is there already") for n, name in enumerate(ids) if name in ids[:n]]
    if twice:
        raise Misfits(twice)


def _number(value: FactValue) -> Decimal | None:
    """A value that can be weighed; what is no number is not known."""
    return Decimal(value) if isinstance(value, (int, Decimal)) else None


_Ends = tuple[Fraction, Fraction]


def _column(values: Sequence[Decimal | None], factor: Factor) -> list[_Ends]:
    """How far one factor goes for each partner of a segment, at least and at most."""
    if factor.scale is Scale.PERCENTILE:
        return _percentiles(values)
    known = {value: factor.share(value) for value in set(values) if value is not None}
    return [(ZERO, ONE) if value is None else (known[value], known[value]) for value in values]


def _percentiles(values: Sequence[Decimal | None]) -> list[_Ends]:
    """The share of the others that each value is ahead of; who has nobody beside it stands in the middle.

    Those of whom nobody knows it may all be ahead, or all behind.
    """
    others = len(values) - 1
    if others <= 0:
        return [(ZERO, ONE) if value is None else (Fraction(1, 2), Fraction(1, 2)) for value in values]
    known = sorted(value for value in values if value is not None)
    unknown = len(values) - len(known)
    ends: dict[Decimal | None, _Ends] = {None: (ZERO, ONE)}
    for value in set(known):
        below, upto = bisect_left(known, value), bisect_right(known, value)
        ahead = Fraction(below) + Fraction(upto - below - 1, 2)
        ends[value] = (ahead / others, (ahead + unknown) / others)
    return [ends[value] for value in values]


def _score(factors: Sequence[Factor], spans: Sequence[_Ends], missing: tuple[str, ...]) -> Score:
    total = [ZERO, ZERO]
    axes: dict[Axis, list[Fraction]] = {}
    weights: Counter[Axis] = Counter()
    for factor, ends in zip(factors, spans, strict=True):
        axis = axes.setdefault(factor.axis, [ZERO, ZERO])
        weights[factor.axis] += factor.weight
        for end in (0, 1):
            points = factor.weight * ends[end]
            total[end] += points
            axis[end] += points
    of = {axis: _span(low * 100 / weights[axis], high * 100 / weights[axis]) for axis, (low, high) in axes.items()}
    # As exact as it is made: nothing of it has to be checked again, and there are many.
    return Score.model_construct(
        low=four_places(total[0]),
        high=four_places(total[1]),
        performance=of.get(Axis.PERFORMANCE),
        potential=of.get(Axis.POTENTIAL),
        shares={factor.id: _span(*ends) for factor, ends in zip(factors, spans, strict=True)},
        missing=missing,
    )


def _span(low: Fraction, high: Fraction) -> Span:
    return Span.model_construct(low=four_places(low), high=four_places(high))


def averting(factors: Sequence[Factor], facts: Mapping[str, FactValue], short: Decimal) -> list[tuple[Factor, Decimal]]:
    """What alone would bring a score the points that it is short of: the factor, and the value that takes.

    Nothing of percentiles, for nobody knows what the others will show, and nothing of what is unknown.
    """
    found = []
    # A score is rounded; with a unit of its last place more it is the points, whichever way that went.
    points = Fraction(short) + Fraction(1, 10_000)
    for factor in factors:
        value = facts.get(factor.fact)
        known = _number(value)
        if known is None or factor.target is None:
            continue
        least = factor.reaching(factor.share(known) + points / factor.weight)
        if least is not None:
            found.append((factor, least.to_integral_value(ROUND_CEILING) if isinstance(value, int) else least))
    return found

"""The score: what a quarter showed of a partner, weighed the same way for everyone that it is compared with.

The number is rounded once, to four places. What nobody knows makes it an interval: its low end takes it as worthless,
its high end as perfect.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from program.errors import Misfits, Way
from program.factor import ONE, ZERO, Axis, Factor, Parts, Scale
from program.measures import quotient
from program.partner import PartnerType
from program.scorecard import FEWEST_FACTORS, MOST_FACTORS, FactValue, Identifier, check_weights

TYPE, REGION = "type", "region"
"""What a partner can be compared by beside the evidence that a program asks for."""

Segment = tuple[str, ...]
"""What partners that are compared with each other have in common: their type, their region."""

UNKNOWN: Final = "unknown"
"""The segment's name where nobody knows what a partner would be compared by."""


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
    def compares(self) -> bool:
        """Whether any factor takes the others to be told."""
        return any(factor.scale is Scale.PERCENTILE for _, factors in self.declared() for factor in factors)

    @cached_property
    def facts(self) -> frozenset[str]:
        """Every fact that a score, a tie or a segment rests on."""
        weighed = {factor.fact for _, factors in self.declared() for factor in factors}
        return frozenset({*weighed, *self.ties, *self.segments} - {TYPE, REGION})

    def segment(self, kind: str, region: str, facts: Mapping[str, FactValue]) -> Segment:
        """With whom a partner is compared."""
        there = {**facts, TYPE: kind, REGION: region}
        return tuple(str(value) if (value := there.get(name)) not in {None, ""} else UNKNOWN for name in self.segments)

    def ties_of(self, facts: Mapping[str, FactValue]) -> tuple[Decimal, ...]:
        """What breaks a tie, in order; what is unknown, or no number, counts nothing."""
        return tuple(_number(facts.get(name)) or Decimal(0) for name in self.ties)

    def score(self, facts: Mapping[str, FactValue], segment: Segment = ()) -> Score:
        """Score a quarter by itself. A percentile has nobody to be compared with then, and is half."""
        return self.scores({"": Measured(segment=segment, facts=facts)})[""]

    def scores(self, roster: Mapping[str, Measured]) -> dict[str, Score]:
        """Score the whole roster, each partner beside those of its segment."""
        scale = self.scale(roster.values())
        return {partner: scale.score(one) for partner, one in roster.items()}

    def scale(self, roster: Iterable[Measured]) -> "RosterScale":
        """What everybody is scored by, once the whole roster was gone through."""
        return RosterScale(self, roster)


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


_Ends = tuple[Parts, Parts]
"""How far a factor goes at least and at most; the same object twice where it is known."""


class RosterScale:
    """What scores are made by: of the others no more than what they show of each factor that is compared.

    So a roster of any size can be scored page by page.
    """

    def __init__(self, model: ScoreModel, roster: Iterable[Measured]) -> None:
        self._model = model
        self._factors: dict[Segment, Sequence[Factor]] = {}
        shown: dict[Segment, dict[str, list[Decimal | None]]] = {}
        for one in roster if model.compares else ():
            facts = shown.get(one.segment)
            if facts is None:
                compared = [f.fact for f in self.factors_of(one.segment) if f.scale is Scale.PERCENTILE]
                facts = shown[one.segment] = {fact: [] for fact in compared}
            for fact, values in facts.items():
                values.append(_number(one.facts.get(fact)))
        self._compared = {
            segment: {fact: _Compared(values) for fact, values in facts.items()} for segment, facts in shown.items()
        }

    def factors_of(self, segment: Segment) -> Sequence[Factor]:
        """The factors of a segment, found once."""
        factors = self._factors.get(segment)
        if factors is None:
            factors = self._factors[segment] = self._model.factors_of(segment)
        return factors

    def score(self, one: Measured) -> Score:
        """The score of somebody on the roster."""
        factors = self.factors_of(one.segment)
        values = [_number(one.facts.get(factor.fact)) for factor in factors]
        ends = [self._ends(one.segment, factor, value) for factor, value in zip(factors, values, strict=True)]
        missing = tuple(factor.fact for factor, value in zip(factors, values, strict=True) if value is None)
        return _score(factors, ends, missing)

    def _ends(self, segment: Segment, factor: Factor, value: Decimal | None) -> _Ends:
        if value is None:
            return ZERO, ONE
        if factor.scale is Scale.PERCENTILE:
            return self._compared[segment][factor.fact].ends(value)
        share = factor.parts(value)
        return share, share


class _Compared:
    """The values of one fact in a segment."""

    def __init__(self, values: Sequence[Decimal | None]) -> None:
        self._others = len(values) - 1
        self._known = sorted(value for value in values if value is not None)
        self._unknown = len(values) - len(self._known)

    def ends(self, value: Decimal) -> _Ends:
        """The share of the others that a value is ahead of; who has nobody beside it stands in the middle.

        Those of whom nobody knows it may all be ahead, or all behind.
        """
        if not self._others:
            return (1, 2), (1, 2)
        below, upto = bisect_left(self._known, value), bisect_right(self._known, value)
        twice_ahead = below + upto - 1
        return (twice_ahead, 2 * self._others), (twice_ahead + 2 * self._unknown, 2 * self._others)


def _score(factors: Sequence[Factor], ends: Sequence[_Ends], missing: tuple[str, ...]) -> Score:
    weighed = [(factor.weight, between) for factor, between in zip(factors, ends, strict=True)]
    of: dict[Axis, list[tuple[int, _Ends]]] = {}
    for factor, one in zip(factors, weighed, strict=True):
        of.setdefault(factor.axis, []).append(one)
    whole = _points(weighed)
    return Score(
        low=whole.low,
        high=whole.high,
        performance=_points(of[Axis.PERFORMANCE]) if Axis.PERFORMANCE in of else None,
        potential=_points(of[Axis.POTENTIAL]) if Axis.POTENTIAL in of else None,
        shares={factor.id: _span(*between) for factor, between in zip(factors, ends, strict=True)},
        missing=missing,
    )


def _points(weighed: Sequence[tuple[int, _Ends]]) -> Span:
    """Shares weighed against each other, of 100."""
    low = _average([(weight, least) for weight, (least, _) in weighed])
    known = all(least is most for _, (least, most) in weighed)
    return _span(low, low if known else _average([(weight, most) for weight, (_, most) in weighed]))


def _average(weighed: Iterable[tuple[int, Parts]]) -> Parts:
    total, units, weights = 0, 1, 0
    for weight, (numerator, denominator) in weighed:
        total, units = total * denominator + weight * numerator * units, units * denominator
        weights += weight
    return total * 100, units * weights


def _span(low: Parts, high: Parts) -> Span:
    least = quotient(*low)
    return Span(low=least, high=least if high is low else quotient(*high))


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

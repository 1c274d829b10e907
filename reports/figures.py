"""How figures are made from facts; where there is nothing to divide by, a figure is none."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from statistics import median

from program.opportunity import Opportunity
from reports.record import Fact
from reports.report import Figure

TENTH = Decimal("0.1")
CENT = Decimal("0.01")


def count(facts: Iterable[Fact]) -> Figure:
    """How many there are."""
    there = tuple(facts)
    return Figure(len(there), there)


def partners(facts: Iterable[Fact]) -> Figure:
    """How many partners they are about."""
    there = tuple(facts)
    return Figure(len({fact.partner for fact in there}), there)


def percent(part: int | Decimal, whole: int | Decimal) -> Decimal | None:
    """A share to a tenth of a percent."""
    return rounded(Fraction(part) * 100 / Fraction(whole), TENTH) if whole else None


def share(part: int | Decimal, whole: int | Decimal, behind: Iterable[Fact]) -> Figure:
    """A share, made from the facts of the whole."""
    return Figure(percent(part, whole), tuple(behind))


def worth(deals: Iterable[Opportunity]) -> Figure:
    """What deals are worth together, as far as it is known."""
    there = tuple(deal for deal in deals if deal.value is not None)
    return Figure(value(there), there)


def value(deals: Iterable[Opportunity]) -> Decimal:
    """The same, without the deals."""
    return sum((deal.value for deal in deals if deal.value is not None), Decimal(0))


def average(deals: Sequence[Opportunity]) -> Figure:
    """What a deal is worth on average, of those whose value is known."""
    there = tuple(deal for deal in deals if deal.value is not None)
    return Figure(rounded(Fraction(value(there)) / len(there), CENT) if there else None, there)


def middle(days: Sequence[tuple[int, Fact]]) -> Figure:
    """The median of days; half a day where it lies between two."""
    behind = tuple(fact for _, fact in days)
    return Figure(rounded(Fraction(median(d for d, _ in days)), TENTH) if days else None, behind)


def nine_in_ten(days: Sequence[tuple[int, Fact]]) -> Figure:
    """The days within which nine in ten lie: the smallest number that as many do not exceed."""
    ordered = sorted(days, key=lambda one: one[0])
    place = -(-len(ordered) * 9 // 10) - 1
    return Figure(ordered[place][0] if ordered else None, tuple(fact for _, fact in ordered))


def rounded(number: Fraction, place: Decimal) -> Decimal:
    """A fraction as it is shown, half to even."""
    exact = Decimal(number.numerator) / Decimal(number.denominator)
    return exact.quantize(place, ROUND_HALF_EVEN)

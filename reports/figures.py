"""How figures are made from facts, and pictures from figures; where there is nothing to divide by, a figure is none."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from statistics import median

from program.opportunity import DirectDeal, Opportunity
from reports.record import Fact, OfPartner
from reports.report import Figure, Picture, Series, Shape, Table

TENTH = Decimal("0.1")
CENT = Decimal("0.01")

AnyDeal = Opportunity | DirectDeal


def count(facts: Iterable[Fact]) -> Figure:
    """How many there are."""
    there = tuple(facts)
    return Figure(len(there), there)


def partners(facts: Iterable[OfPartner]) -> Figure:
    """How many partners they are about."""
    there = tuple(facts)
    return Figure(len({fact.partner for fact in there}), there)


def percent(part: int | Decimal, whole: int | Decimal) -> Decimal | None:
    """A share to a tenth of a percent."""
    return rounded(Fraction(part) * 100 / Fraction(whole), TENTH) if whole else None


def share(part: int | Decimal, whole: int | Decimal, behind: Iterable[Fact]) -> Figure:
    """A share, made from the facts of the whole."""
    return Figure(percent(part, whole), tuple(behind))


def worth(deals: Iterable[AnyDeal]) -> Figure:
    """What deals are worth together, as far as it is known."""
    there = tuple(deal for deal in deals if deal.value is not None)
    return Figure(value(there), there)


def value(deals: Iterable[AnyDeal]) -> Decimal:
    """The same, without the deals."""
    return sum((deal.value for deal in deals if deal.value is not None), Decimal(0))


def average(deals: Sequence[AnyDeal]) -> Figure:
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


def drawn(title: str, shape: Shape, table: Table, columns: Mapping[str, int], counted: str, words: str) -> Picture:
    """Some of a table's columns as a picture of its rows; each column is a series, given by its name and place."""
    return Picture(
        title=title,
        shape=shape,
        names=tuple(line.key for line in table.lines),
        series=tuple(
            Series(name, tuple(line.figures[place].number for line in table.lines)) for name, place in columns.items()
        ),
        counted=counted,
        words=words,
    )


def in_words(table: Table, columns: Mapping[str, int]) -> str:
    """The same in words, row by row: `2017Q3 4 signed, 1 declined; 2017Q4 ...`."""
    rows = (
        f"{line.key} {', '.join(f'{line.figures[place].value} {name}' for name, place in columns.items())}"
        for line in table.lines
    )
    return f"{'; '.join(rows)}."

"""What a quarter showed of a partner: the facts that a score is built on."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from program.calendar import Quarter
from program.opportunity import Opportunity
from program.scorecard import FactValue

CONSISTENCY: Final = "consistency"
"""The one measure that takes more than a quarter to see."""

MEASURES: Final = (
    "won_revenue",
    "sourced_pipeline",
    "qualified_opportunities",
    "progressed_opportunities",
    "win_rate",
    CONSISTENCY,
)
"""The facts of a quarter that a factor can be built on; `measured` supplies them."""


def four_places(value: Fraction) -> Decimal:
    """A number as it is stored: to four places, rounded half to even."""
    return quotient(value.numerator, value.denominator)


def quotient(numerator: int, denominator: int) -> Decimal:
    """The same of a fraction that is not negative, by its parts; they may have a divisor in common."""
    units, rest = divmod(numerator * 10_000, denominator)
    more_than_half = 2 * rest - denominator
    if more_than_half > 0 or (not more_than_half and units % 2):
        units += 1
    return Decimal(units).scaleb(-4)


def measured(
    quarter: Quarter, opportunities: Iterable[Opportunity], *, full_quarters: int = 0, back: int = 4
) -> dict[str, FactValue]:
    """A partner's facts of one quarter, from its opportunities as they stood at its end.

    `sourced_pipeline` is what is known of the value of what was brought in it. `win_rate` is unknown where nothing was
    closed; it is a ratio to four places, rounded half to even. `consistency` is the average quarter's qualified
    opportunities as a share of the best quarter's, over the last full quarters, `back` of them at most; it is unknown
    of a partner that was active in fewer than two.
    """
    won = lost = qualified = progressed = moved = 0
    revenue = sourced = Decimal(0)
    first, last = quarter.first_day, quarter.last_day
    by_quarter: Counter[int] = Counter()
    for opportunity in opportunities:
        created, closed = first <= opportunity.created_on <= last, _within(opportunity.closed_on, first, last)
        qualifies = _within(opportunity.qualified_on, first, last)
        progresses = _within(opportunity.progressed_on, first, last)
        submits = _within(opportunity.submitted_on, first, last)
        moved += created or closed or qualifies or progresses or submits
        sourced += opportunity.value or 0 if created else 0
        qualified += qualifies
        progressed += progresses
        if closed:
            won += opportunity.won is True
            lost += opportunity.won is False
            revenue += opportunity.value or 0 if opportunity.won else 0
        if opportunity.qualified_on:
            by_quarter[_ordinal(opportunity.qualified_on)] += 1
    ended = won + lost
    counts = [by_quarter[_ordinal(first) - n] for n in range(min(full_quarters, back))]
    return {
        "won_revenue": revenue,
        "sourced_pipeline": sourced,
        "qualified_opportunities": qualified,
        "progressed_opportunities": progressed,
        "win_rate": four_places(Fraction(won, ended)) if ended else None,
        CONSISTENCY: _consistency(counts),
        "moved_opportunities": moved,
    }


def counted(
    fact: str, quarter: Quarter, opportunities: Iterable[Opportunity], *, full_quarters: int = 0, back: int = 4
) -> list[Opportunity]:
    """The opportunities that a fact of `measured` is made from; none for others' facts."""
    first, last = quarter.first_day, quarter.last_day
    if fact == CONSISTENCY:
        for _ in range(min(full_quarters, back) - 1):
            first = Quarter.of(first).previous.first_day
        if full_quarters < 2:
            return []
    moment = _COUNTED_BY.get(fact)
    return [
        opportunity
        for opportunity in opportunities
        if moment
        and _within(getattr(opportunity, moment), first, last)
        and (opportunity.won is True or fact != "won_revenue")
        and (opportunity.won is not None or fact != "win_rate")
    ]


_COUNTED_BY: Final = {
    "won_revenue": "closed_on",
    "sourced_pipeline": "created_on",
    "qualified_opportunities": "qualified_on",
    "progressed_opportunities": "progressed_on",
    "win_rate": "closed_on",
    CONSISTENCY: "qualified_on",
}
"""The day by which an opportunity counts for a fact."""


def _within(day: date | None, first: date, last: date) -> bool:
    return day is not None and first <= day <= last


def _ordinal(day: date) -> int:
    """The number of a day's quarter; the next one's is one more."""
    return day.year * 4 + (day.month - 1) // 3


def _consistency(counts: Sequence[int]) -> Decimal | None:
    if len(counts) < 2:
        return None
    best = max(counts)
    return four_places(Fraction(sum(counts), best * len(counts))) if best else Decimal("0.0000")

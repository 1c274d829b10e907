"""Concentration: which share of the revenue comes from which tenth of the partners."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from program.opportunity import Opportunity
from program.partner import PartnerId
from reports.figures import count, drawn, percent, share, value, worth
from reports.record import Fact, Record, Stay
from reports.report import Column, Figure, Line, Picture, Report, Shape, Table, Unit

PARTS: Final = 10
YEAR: Final = 4
"""Quarters that are looked at together: one alone depends on when a few deals close."""

MOST_SHOWN: Final = 10

REVENUE: Final = (
    Column("revenue", "revenue", Unit.MONEY),
    Column("share", "share", Unit.PERCENT),
    Column("upto", "share up to here", Unit.PERCENT),
)


@dataclass(frozen=True)
class Winner:
    """A partner with the deals that it won."""

    partner: PartnerId
    won: tuple[Opportunity, ...]
    stay: Stay | None
    """Where it stood at the end; None where it had left."""

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What makes it one of those that are counted."""
        return (self.stay,) if self.stay else self.won


Winners = Sequence[Winner]
"""The most revenue first."""


def concentration(record: Record) -> Report:
    """How much of the last four quarters' revenue the partners' tenths won."""
    quarters = record.quarters[-YEAR:]
    first, last = quarters[0].first_day, record.as_of
    won = [d for d in record.deals if d.won and d.closed_on and first <= d.closed_on <= last]
    ranked = _ranked(record, won)
    by_tenths = _tenths(ranked)
    unpriced = [deal for deal in won if deal.value is None]
    span = f"{quarters[0]} to {quarters[-1]}" if len(quarters) > 1 else str(quarters[0])
    return Report(
        name="concentration",
        title="Concentration of revenue",
        question="Which share of the revenue comes from which share of the partners?",
        quarter=record.quarter,
        as_of=record.as_of,
        by=None,
        answer=_answer(ranked, span),
        tables=(by_tenths, _partners(ranked)),
        pictures=(_picture(by_tenths),) if value(won) else (),
        says=(
            f"Revenue: what deals are worth that were won from {first} to {last} ({span}).",
            "Partners: those signed at the end, and whoever won something before it left.",
            (
                "A tenth has a tenth of the partners, ranked by revenue; where their number does not divide by ten, "
                "some have one more."
            ),
        ),
        unknown=(f"What {len(unpriced)} of {len(won)} won deals are worth is not on record.",) if unpriced else (),
    )


def _ranked(record: Record, won: Sequence[Opportunity]) -> Winners:
    signed = {stay.partner: stay for stay in record.signed(record.as_of)}
    by_partner: dict[PartnerId, list[Opportunity]] = {partner: [] for partner in signed}
    for deal in won:
        by_partner.setdefault(deal.partner, []).append(deal)
    winners = (Winner(partner, tuple(deals), signed.get(partner)) for partner, deals in by_partner.items())
    return sorted(winners, key=lambda one: (-value(one.won), one.partner))


def tenths(ranked: Winners) -> list[Winners]:
    """The partners in ten parts of as many; fewer than ten partners leave some empty."""
    parts: list[list[Winner]] = [[] for _ in range(PARTS)]
    for place, one in enumerate(ranked):
        parts[place * PARTS // len(ranked)].append(one)
    return [*parts]


def _deals(part: Winners) -> list[Opportunity]:
    return [deal for one in part for deal in one.won]


def _answer(ranked: Winners, span: str) -> str:
    total = value(_deals(ranked))
    if not total:
        return f"No revenue is on record from {span}."
    fifth = ranked[: max(len(ranked) // 5, 1)]
    needed, sum_so_far = 0, Decimal(0)
    while sum_so_far * 100 < total * 80:
        sum_so_far += value(ranked[needed].won)
        needed += 1
    if len(ranked) == 1:
        return f"All revenue from {span} comes from the one partner there is."
    return (
        f"The first {len(fifth)} of {len(ranked)} partners won {percent(value(_deals(fifth)), total)} % of the revenue "
        f"from {span}; 80 % of it took {needed} of them ({percent(needed, len(ranked))} %)."
    )


def _revenue(won: Sequence[Opportunity], upto: Sequence[Opportunity], total: Decimal) -> tuple[Figure, Figure, Figure]:
    """What deals are worth, which share of the whole that is, and the share with all that come before them."""
    return worth(won), share(value(won), total, won), share(value(upto), total, upto)


def _tenths(ranked: Winners) -> Table:
    total, upto = value(_deals(ranked)), list[Opportunity]()
    lines = []
    for number, part in enumerate(tenths(ranked) if total else [], start=1):
        if not part:
            continue
        deals = _deals(part)
        upto += deals
        lines.append(
            Line(
                str(number),
                (Figure(len(part), tuple(fact for one in part for fact in one.facts)), *_revenue(deals, upto, total)),
            )
        )
    few = f"With {len(ranked)} {'partner' if len(ranked) == 1 else 'partners'} a tenth is one of them, or none."
    return Table(
        id="tenths",
        title="By tenths of the partners",
        rows_are="tenth",
        columns=(Column("partners", "partners"), *REVENUE),
        lines=tuple(lines),
        says=(few,) if 0 < len(ranked) < PARTS else (),
        empty="There is no revenue to share out.",
    )


def _partners(ranked: Winners) -> Table:
    total, upto = value(_deals(ranked)), list[Opportunity]()
    lines = []
    for one in ranked[:MOST_SHOWN]:
        if not value(one.won):
            continue
        upto += one.won
        lines.append(Line(one.partner, (count(one.won), *_revenue(one.won, upto, total))))
    return Table(
        id="partners",
        title="Who wins most",
        rows_are="partner",
        columns=(Column("won", "deals won"), *REVENUE),
        lines=tuple(lines),
        empty="Nobody has won anything of a known value.",
    )


def _picture(by_tenths: Table) -> Picture:
    told = ", ".join(f"tenth {line.key} {line.figures[2].value} %" for line in by_tenths.lines)
    columns = {"share": 2, "share up to here": 3}
    title = "Share of the revenue by tenths of the partners"
    return drawn(title, Shape.CURVE, by_tenths, columns, "%", f"Share of the revenue: {told}.")

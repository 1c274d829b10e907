"""Did the hours pay: what the tiers' service takes against what their partners bring, and before against after."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from program.calendar import Quarter
from program.opportunity import Opportunity
from program.partner import PartnerId, Stage
from reports.figures import CENT, TENTH, count, partners, percent, rounded, value, worth
from reports.record import By, Ranked, Record, Stay, dated
from reports.report import Column, Figure, Line, Picture, Report, Series, Shape, Table, Unit, plainly

BESIDE: Final = 2
"""Quarters on each side of a re-score that are compared."""


def hours(record: Record) -> Report:
    """Hours and pipeline by tier and quarter, and what became of those a re-score put into a tier."""
    pivot = _pivot(record)
    compared = _compared(record, pivot) if pivot else []
    tiers = _by_tier(record)
    return Report(
        name="hours",
        title="Hours against pipeline",
        question="Did the hours that went to the tiers pay?",
        quarter=record.quarter,
        as_of=record.as_of,
        by=None,
        answer=_answer(compared, pivot),
        tables=(tiers, _before_and_after(compared, pivot), _touches(record)),
        pictures=(_picture(record, tiers),) if tiers.lines else (),
        says=(
            (
                "Hours: those that the tier's service takes of each partner that was active in it at the quarter's "
                "end, by the program of that quarter. They are what was promised; touches say what of it was recorded "
                "as held."
            ),
            (
                "Qualified: deals that qualified in the quarter, since what open deals are worth is often not known. "
                "Revenue: what deals are worth that were won in it."
            ),
            (
                "Before and after: the same partners, those whom the re-score put into the tier, each side an average "
                "quarter. A re-score picks the top tier because its last quarter was good, so some of it falls back by "
                "chance alone: a rise shows more than a fall."
            ),
        ),
        unknown=("Hours that were worked are not on record: nobody is asked for them.",),
    )


# By tier and quarter


def _served(record: Record, quarter: Quarter) -> dict[str, list[Stay]]:
    """Who was active at a quarter's end, by the tier it was served in."""
    by_tier: dict[str, list[Stay]] = {}
    for stay in record.stays:
        if stay.stage == Stage.ACTIVE and stay.covers(record.end_of(quarter)):
            by_tier.setdefault(record.tier_in(stay.partner, quarter), []).append(stay)
    return by_tier


def _qualified(record: Record, names: Sequence[PartnerId], quarter: Quarter) -> list[Opportunity]:
    return [deal for partner in names for deal in dated(record.brought.get(partner, []), "qualified_on", quarter)]


def _won(record: Record, names: Sequence[PartnerId], quarter: Quarter) -> list[Opportunity]:
    closed = (deal for partner in names for deal in dated(record.brought.get(partner, []), "closed_on", quarter))
    return [deal for deal in closed if deal.won]


def _by_tier(record: Record) -> Table:
    lines = []
    for quarter in record.lived:
        by_tier = _served(record, quarter)
        for tier, each in record.service.get(quarter, {}).items():
            served = by_tier.get(tier)
            if not served:
                continue
            names = [stay.partner for stay in served]
            qualified, won = _qualified(record, names, quarter), _won(record, names, quarter)
            spent = each * len(served)
            lines.append(
                Line(
                    f"{quarter} {tier}",
                    (
                        count(served),
                        Figure(spent, tuple(served)),
                        count(qualified),
                        worth(won),
                        _per_hour(len(qualified) * 100, spent, qualified, TENTH),
                        _per_hour(value(won), spent, won, CENT),
                    ),
                )
            )
    return Table(
        id="tiers",
        title="Quarter by quarter",
        rows_are="quarter and tier",
        columns=(
            Column("partners", "partners"),
            Column("hours", "hours", Unit.HOURS),
            Column("qualified", "qualified"),
            Column("revenue", "revenue", Unit.MONEY),
            Column("per100", "qualified in 100 hours", Unit.NUMBER),
            Column("perhour", "revenue an hour", Unit.MONEY),
        ),
        lines=tuple(lines),
        empty="No partner was active in a tier.",
    )


def _per_hour(made: int | Decimal, spent: Decimal, behind: Sequence[Opportunity], place: Decimal) -> Figure:
    return Figure(rounded(Fraction(made) / Fraction(spent), place) if spent else None, tuple(behind))


def _picture(record: Record, table: Table) -> Picture:
    qualified = {line.key: line.figures[2].number for line in table.lines}
    tiers = list(dict.fromkeys(tier for quarter in record.lived for tier in record.service.get(quarter, {})))
    counted = {tier: tuple(qualified.get(f"{quarter} {tier}", 0) for quarter in record.lived) for tier in tiers}
    names = tuple(map(str, record.lived))
    told = "; ".join(f"{tier} {', '.join(map(str, counted[tier]))}" for tier in tiers)
    return Picture(
        title="Qualified deals by tier",
        shape=Shape.STACKED,
        names=names,
        series=tuple(Series(tier, counted[tier]) for tier in tiers),
        counted="deals",
        words=f"Qualified deals by tier, from {names[0]} to {names[-1]}: {told}.",
    )


# Before and after a re-score


@dataclass(frozen=True)
class Side:
    """What the same partners did on one side of a re-score."""

    quarters: tuple[Quarter, ...]
    qualified: tuple[Opportunity, ...]
    won: tuple[Opportunity, ...]

    @property
    def deals(self) -> Decimal | None:
        """Qualified in an average quarter."""
        return rounded(Fraction(len(self.qualified), len(self.quarters)), TENTH) if self.quarters else None

    @property
    def revenue(self) -> Decimal | None:
        """Won in an average quarter."""
        return rounded(Fraction(value(self.won)) / len(self.quarters), CENT) if self.quarters else None


@dataclass(frozen=True)
class Compared:
    """A tier's partners as a re-score put them there."""

    tier: str
    put: tuple[Ranked, ...]
    before: Side
    after: Side


def _pivot(record: Record) -> Quarter | None:
    """The re-score that is looked back on: two whole quarters ago, else the earliest with a quarter after it."""
    last = record.quarter if record.over else record.quarter.previous
    there = [quarter for quarter in record.rescores if quarter.first_day < last.first_day]
    wanted = last.previous.previous
    return wanted if wanted in there else min(there, key=str, default=None)


def _compared(record: Record, pivot: Quarter) -> list[Compared]:
    """Each tier's partners after a re-score, and what they did before it and since."""
    before = [quarter for quarter in (pivot.previous, pivot) if quarter.last_day >= record.first_day]
    after = [quarter for quarter in (pivot.next, pivot.next.next)[:BESIDE] if quarter.last_day <= record.as_of]
    stayed = [one for one in record.rescores[pivot].values() if one.move != "exit"]
    found = []
    for tier in record.groups(By.TIER, {one.tier for one in stayed}):
        put = tuple(one for one in stayed if one.tier == tier)
        found.append(Compared(tier, put, _side(record, put, before), _side(record, put, after)))
    return found


def _side(record: Record, put: Sequence[Ranked], quarters: Sequence[Quarter]) -> Side:
    names = [one.partner for one in put]
    qualified = tuple(deal for quarter in quarters for deal in _qualified(record, names, quarter))
    won = tuple(deal for quarter in quarters for deal in _won(record, names, quarter))
    return Side(tuple(quarters), qualified, won)


def _change(before: Decimal | None, after: Decimal | None) -> Decimal | None:
    if before is None or after is None or not before:
        return None
    return percent(after - before, before)


def _before_and_after(compared: Sequence[Compared], pivot: Quarter | None) -> Table:
    lines = []
    for one in compared:
        before, after = one.before, one.after
        both, sold = (*before.qualified, *after.qualified), (*before.won, *after.won)
        lines.append(
            Line(
                one.tier,
                (
                    count(one.put),
                    Figure(before.deals, before.qualified),
                    Figure(after.deals, after.qualified),
                    Figure(_change(before.deals, after.deals), both),
                    Figure(before.revenue, before.won),
                    Figure(after.revenue, after.won),
                    Figure(_change(before.revenue, after.revenue), sold),
                ),
            )
        )
    sides = (
        [
            f"{name}: {', '.join(map(str, side.quarters))}."
            for name, side in (("Before", compared[0].before), ("After", compared[0].after))
        ]
        if compared
        else []
    )
    return Table(
        id="change",
        title=f"Before and after the re-score of {pivot}" if pivot else "Before and after a re-score",
        rows_are="tier it put them in",
        columns=(
            Column("partners", "partners"),
            Column("deals_before", "qualified before", Unit.NUMBER),
            Column("deals_after", "qualified after", Unit.NUMBER),
            Column("deals_change", "change", Unit.PERCENT),
            Column("revenue_before", "revenue before", Unit.MONEY),
            Column("revenue_after", "revenue after", Unit.MONEY),
            Column("revenue_change", "change", Unit.PERCENT),
        ),
        lines=tuple(lines),
        says=tuple(sides),
        empty="It takes a published re-score and a whole quarter after it.",
    )


def _answer(compared: Sequence[Compared], pivot: Quarter | None) -> str:
    if not compared or pivot is None:
        return "It cannot be said yet: it takes a published re-score and a whole quarter after it."
    top = compared[0]
    change = _change(top.before.deals, top.after.deals)
    if change is None:
        return f"Those whom the re-score of {pivot} put into {top.tier} had brought nothing to compare with."
    went = "rose by" if change > 0 else "fell by" if change < 0 else "stayed the same:"
    return (
        f"Since the re-score of {pivot} the qualified deals of {top.tier} {went} {abs(change)} %, from "
        f"{plainly(top.before.deals or 0)} to {plainly(top.after.deals or 0)} a quarter."
    )


# Touches


def _touches(record: Record) -> Table:
    """What was recorded as held in the quarter, by tier and kind: those that were promised first."""
    there = [touch for touch in record.touches if record.quarter.contains(touch.delivered_on)]
    tier = {touch.partner: record.tier_in(touch.partner, record.quarter) for touch in there}
    served = _served(record, record.quarter)
    lines = []
    for name in record.groups(By.TIER, {*tier.values(), *(served.keys() & record.promised.keys())}) if there else ():
        in_tier = [touch for touch in there if tier[touch.partner] == name]
        for kind in dict.fromkeys([*record.promised.get(name, ()), *(touch.kind for touch in in_tier)]):
            held = [touch for touch in in_tier if touch.kind == kind]
            lines.append(Line(f"{name} {kind}", (count(served.get(name, ())), count(held), partners(held))))
    return Table(
        id="touches",
        title=f"Touches held in {record.quarter}",
        rows_are="tier and kind",
        columns=(
            Column("partners", "partners"),
            Column("held", "touches held"),
            Column("touched", "partners that had one"),
        ),
        lines=tuple(lines),
        empty="No touch was recorded in the quarter; `gatehouse touch` records one.",
    )

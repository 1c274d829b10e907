"""Producing against signed partners: how many of those we signed sell."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from program.calendar import Quarter
from program.opportunity import Opportunity
from reports.figures import count, drawn, partners, share
from reports.record import By, Record, Stay, dated, moved
from reports.report import Column, Figure, Line, Picture, Report, Shape, Table, Unit

ACTIVATED_WITHIN: Final = timedelta(days=180)
"""From signing to the first deal won: a 60-day pilot, a reset of it, and as long again."""

MOST_SILENT: Final = 20

SPLIT: Final = (
    Column("signed", "signed"),
    Column("producing", "producing"),
    Column("share", "share", Unit.PERCENT),
    Column("working", "working"),
    Column("silent", "silent"),
)


def producing(record: Record, by: By) -> Report:
    """How many signed partners won something in each quarter, and in which groups."""
    end = record.end_of(record.quarter)
    signed = record.signed(end)
    quarters = _by_quarter(record)
    all_signed, sold, rate = (figure.value for figure in quarters.lines[-1].figures[:3])
    return Report(
        name="producing",
        title="Producing partners",
        question="How many of the partners we signed sell?",
        quarter=record.quarter,
        as_of=record.as_of,
        by=by.value,
        answer=f"{sold} of {all_signed} signed partners won a deal in {record.quarter} ({rate} %)."
        if signed
        else f"Nobody was signed by {end}.",
        tables=(quarters, _by_group(record, signed, by), _cohorts(record), _silent(record, signed)),
        pictures=(_picture(quarters),) if any(line.figures[0].value for line in quarters.lines) else (),
        says=(
            "Signed: in a pilot, active or under notice at the quarter's end.",
            (
                "Producing: won a deal that was closed in the quarter. Working: won none, and brought or moved one. "
                "Silent: neither."
            ),
            f"Activated: won its first deal within {ACTIVATED_WITHIN.days} days of its first pilot's start.",
        ),
    )


def _split(record: Record, signed: Sequence[Stay], quarter: Quarter) -> tuple[Figure, ...]:
    """Signed partners, and what they did in a quarter; in the order of `SPLIT`."""
    won: list[Opportunity] = []
    working: list[Opportunity] = []
    silent: list[Stay] = []
    for stay in signed:
        own = moved(record.brought.get(stay.partner, []), quarter)
        sold = [deal for deal in dated(own, "closed_on", quarter) if deal.won]
        if sold:
            won += sold
        elif own:
            working += own
        else:
            silent.append(stay)
    return (
        count(signed),
        partners(won),
        share(len({deal.partner for deal in won}), len(signed), signed),
        partners(working),
        count(silent),
    )


def _by_quarter(record: Record) -> Table:
    return Table(
        id="quarters",
        title="Quarter by quarter",
        rows_are="quarter",
        columns=SPLIT,
        lines=tuple(
            Line(str(quarter), _split(record, record.signed(record.end_of(quarter)), quarter))
            for quarter in record.lived
        ),
    )


def _by_group(record: Record, signed: Sequence[Stay], by: By) -> Table:
    group = {stay.partner: record.group(stay.partner, by, record.quarter) for stay in signed}
    return Table(
        id="groups",
        title=f"{record.quarter} by {by}",
        rows_are=by.value,
        columns=SPLIT,
        lines=tuple(
            Line(name, _split(record, [stay for stay in signed if group[stay.partner] == name], record.quarter))
            for name in record.groups(by, {*group.values()})
        ),
        empty="Nobody is signed.",
    )


def _cohorts(record: Record) -> Table:
    """Who was signed in a quarter, and how many of them sold soon after."""
    lines = []
    for quarter in record.lived:
        signings = record.signings(quarter.first_day, record.end_of(quarter))
        first = {stay.partner: _first_won(record, stay) for stay in signings}
        ripe = [stay for stay in signings if first[stay.partner] or stay.since + ACTIVATED_WITHIN <= record.as_of]
        activated = [deal for deal in first.values() if deal]
        lines.append(
            Line(
                str(quarter),
                (
                    count(signings),
                    count(activated),
                    count(stay for stay in signings if stay not in ripe),
                    share(len(activated), len(ripe), ripe),
                ),
            )
        )
    return Table(
        id="cohorts",
        title="Activated, by the quarter of signing",
        rows_are="quarter",
        columns=(
            Column("signed", "newly signed"),
            Column("activated", "activated"),
            Column("open", "open still"),
            Column("share", "share of the others", Unit.PERCENT),
        ),
        lines=tuple(lines),
        says=(
            (
                f"Open: has won nothing, and {ACTIVATED_WITHIN.days} days are not over. While some are open the share "
                "flatters: those who sell are seen first."
            ),
        ),
    )


def _first_won(record: Record, signing: Stay) -> Opportunity | None:
    last = signing.since + ACTIVATED_WITHIN
    won = [
        deal
        for deal in record.brought.get(signing.partner, [])
        if deal.won and deal.closed_on and signing.since <= deal.closed_on < last
    ]
    return min(won, key=_closed, default=None)


def _closed(deal: Opportunity) -> date:
    assert deal.closed_on
    return deal.closed_on


def _silent(record: Record, signed: Sequence[Stay]) -> Table:
    """Who took part in nothing, the longest first."""
    quiet = [
        (_last_moved(record, stay), stay)
        for stay in signed
        if not moved(record.brought.get(stay.partner, []), record.quarter)
    ]
    quiet.sort(key=lambda one: (one[0] or one[1].since, one[1].partner))
    lines = tuple(
        Line(
            stay.partner,
            (
                Figure(record.partners[stay.partner].partner.owner, (stay,)),
                Figure(record.tier_in(stay.partner, record.quarter), (stay,)),
                Figure(last, tuple(record.brought.get(stay.partner, ()))),
                Figure((record.as_of - (last or stay.since)).days, (stay,)),
            ),
        )
        for last, stay in quiet[:MOST_SILENT]
    )
    more = len(quiet) - len(lines)
    return Table(
        id="silent",
        title=f"Silent in {record.quarter}",
        rows_are="partner",
        columns=(
            Column("owner", "owner", Unit.TEXT),
            Column("tier", "tier or stage", Unit.TEXT),
            Column("moved", "last moved", Unit.TEXT),
            Column("days", "days since then, or since its stage began", Unit.DAYS),
        ),
        lines=lines,
        says=(f"{more} more are silent; `groups` above counts them.",) if more else (),
        empty="No signed partner is silent.",
    )


def _last_moved(record: Record, stay: Stay) -> date | None:
    return max((deal.last_moved for deal in record.brought.get(stay.partner, [])), default=None)


def _picture(quarters: Table) -> Picture:
    told = ", ".join(f"{line.key}: {line.figures[2].value or 0} %" for line in quarters.lines)
    words = f"Share of signed partners that produced, by quarter: {told}."
    columns = {SPLIT[place].title: place for place in (1, 3, 4)}
    return drawn("Signed partners by what they did", Shape.STACKED, quarters, columns, "partners", words)

"""Pilots by verdict: how they end, against what targets, and which run."""

from collections.abc import Sequence
from typing import Final

from program.calendar import Quarter
from reports.figures import count, drawn, in_words, share
from reports.record import By, Piloted, Record
from reports.report import ALL, Column, Figure, Line, Picture, Report, Shape, Table, Unit

VERDICTS: Final = ("expand", "reset", "exit", "withdrawn")

COLUMNS: Final = (
    Column("ended", "ended"),
    *(Column(verdict, verdict) for verdict in VERDICTS),
    Column("rate", "expanded, of those judged", Unit.PERCENT),
)


def pilots(record: Record, by: By) -> Report:
    """How the pilots of each quarter ended, by group, and where those stand that run."""
    now = _ended(record, record.quarter)
    running = [pilot for pilot in record.pilots if pilot.ended_on is None]
    told = ", ".join(f"{_with(now, verdict)} {verdict}" for verdict in VERDICTS if _with(now, verdict))
    return Report(
        name="pilots",
        title="Pilots by verdict",
        question="Do pilots prove anything, and how do they end?",
        quarter=record.quarter,
        as_of=record.as_of,
        by=by.value,
        answer=f"Pilots that ended in {record.quarter}: {told or 'none'}. Pilots that ran on {record.as_of}: "
        f"{len(running) or 'none'}.",
        tables=(_by_quarter(record), _by_group(record, now, by), _numbered(record), _running(record, running)),
        pictures=(_picture(record),) if any(pilot.ended_on for pilot in record.pilots) else (),
        says=(
            "Counted by the day on which a pilot ended. Withdrawn: ended by the partner or by us before a verdict.",
            "Qualified and progressed are counted within the pilot's days, as its verdict counts them.",
        ),
    )


def _ended(record: Record, quarter: Quarter) -> list[Piloted]:
    return [pilot for pilot in record.pilots if pilot.ended_on and quarter.contains(pilot.ended_on)]


def _with(pilots: Sequence[Piloted], verdict: str) -> int:
    return sum(pilot.verdict == verdict for pilot in pilots)


def _figures(pilots: Sequence[Piloted]) -> tuple[Figure, ...]:
    judged = [pilot for pilot in pilots if pilot.verdict != "withdrawn"]
    return (
        count(pilots),
        *(count(pilot for pilot in pilots if pilot.verdict == verdict) for verdict in VERDICTS),
        share(_with(pilots, "expand"), len(judged), judged),
    )


def _by_quarter(record: Record) -> Table:
    lines = tuple(Line(str(quarter), _figures(_ended(record, quarter))) for quarter in record.lived)
    return Table("quarters", "Quarter by quarter", "quarter", COLUMNS, lines)


def _by_group(record: Record, now: Sequence[Piloted], by: By) -> Table:
    group = {pilot.partner: record.group(pilot.partner, by, record.quarter) for pilot in now}
    lines = [
        Line(name, _figures([pilot for pilot in now if group[pilot.partner] == name]))
        for name in record.groups(by, {*group.values()})
    ]
    whole = [Line(ALL, _figures(now))] if lines else []
    empty = "No pilot ended in the quarter."
    return Table("groups", f"{record.quarter} by {by}", by.value, COLUMNS, (*lines, *whole), empty=empty)


def _numbered(record: Record) -> Table:
    """Whether a reset helps: how first pilots end, and how those do that were reset."""
    ended = [pilot for pilot in record.pilots if pilot.ended_on]
    named = {1: "first"}
    numbers = sorted({pilot.number for pilot in ended})
    lines = tuple(
        Line(
            named.get(number, f"after reset {number - 1}"),
            _figures([pilot for pilot in ended if pilot.number == number]),
        )
        for number in numbers
    )
    return Table("resets", "First pilots, and those after a reset, ever", "pilot", COLUMNS, lines, empty="None ended.")


def _running(record: Record, running: Sequence[Piloted]) -> Table:
    lines = []
    for pilot in sorted(running, key=lambda one: (one.last_day, one.partner)):
        last = min(record.as_of, pilot.last_day)
        # Half open, as the verdict counts: what is dated on day 60 belongs to no pilot.
        own = [deal for deal in record.brought.get(pilot.partner, []) if pilot.started_on <= deal.created_on < last]
        qualified = [deal for deal in own if deal.qualified_on and deal.qualified_on < last]
        progressed = [deal for deal in qualified if deal.progressed_on and deal.progressed_on < last]
        figures = (
            Figure((record.as_of - pilot.started_on).days, (pilot,)),
            Figure(pilot.last_day, (pilot,)),
            count(qualified),
            Figure(pilot.targets.qualified, (pilot,)),
            count(progressed),
            Figure(pilot.targets.progressed, (pilot,)),
        )
        lines.append(Line(pilot.partner, figures))
    return Table(
        "running",
        f"Running on {record.as_of}",
        "partner",
        (
            Column("day", "day", Unit.DAYS),
            Column("verdict", "verdict on", Unit.TEXT),
            Column("qualified", "qualified"),
            Column("target_qualified", "of"),
            Column("progressed", "progressed"),
            Column("target_progressed", "of"),
        ),
        tuple(lines),
        empty="No pilot runs.",
    )


def _picture(record: Record) -> Picture:
    table, columns = _by_quarter(record), {verdict: place for place, verdict in enumerate(VERDICTS, start=1)}
    return drawn("How pilots ended", Shape.STACKED, table, columns, "pilots", in_words(table, columns))

"""The gate: how many are declined, why, and an alarm once it declines nobody any more."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from program.gate import DECLINE, DEFER, IN_A_ROW, SIGN, stopped_declining
from reports.figures import count, drawn, in_words, share
from reports.record import By, Decided, Record
from reports.report import ALL, Column, Figure, Line, Picture, Report, Shape, Table, Unit

COLUMNS: Final = (
    Column("decided", "scorecards decided"),
    Column("signed", "signed"),
    Column("deferred", "deferred"),
    Column("declined", "declined"),
    Column("rate", "declined, of signed and declined", Unit.PERCENT),
)


def gate(record: Record, by: By) -> Report:
    """What was decided at the gate in each quarter, by group and by rule."""
    now = [one for one in record.qualifications if record.quarter.contains(one.as_of)]
    final = [one for one in record.qualifications if one.outcome in {SIGN, DECLINE}]
    stopped = stopped_declining((one.as_of, one.outcome) for one in final)
    signed, declined = (sum(one.outcome == outcome for one in now) for outcome in (SIGN, DECLINE))
    rate = _figures(now)[-1].value
    return Report(
        name="gate",
        title="The gate",
        question="Does the gate still say no?",
        quarter=record.quarter,
        as_of=record.as_of,
        by=by.value,
        answer=f"{declined} of {signed + declined} candidates were declined in {record.quarter} ({rate} %)."
        if rate is not None
        else f"Nobody was signed or declined in {record.quarter}.",
        tables=(_by_quarter(record), _by_group(record, now, by), _rules(now), _last(final)),
        pictures=(_picture(record),) if record.qualifications else (),
        alarms=(stopped.told,) if stopped else (),
        says=(
            (
                "Counted by the day of the decision. Who was deferred and comes back is decided again, so one "
                "candidate can be counted as deferred and as signed."
            ),
            (
                f"The alarm goes off when the last {IN_A_ROW} that were signed or declined were all signed: a gate "
                "that never rejects anyone protects nothing."
            ),
            "Who was signed before and is qualified anew (`gatehouse roster requalify`) does not pass the gate again.",
            "Somebody whose deferral lapsed is not among the declined here: no rule said no.",
        ),
        unknown=(
            "Whom the gate declined and should not have is not on record: nobody sees what they would have sold.",
        ),
    )


def _figures(decided: Sequence[Decided]) -> tuple[Figure, ...]:
    by_outcome = {outcome: [one for one in decided if one.outcome == outcome] for outcome in (SIGN, DEFER, DECLINE)}
    # What needs evidence before it can be decided is deferred too: nothing was decided yet.
    deferred = [one for one in decided if one.outcome in {DEFER, None}]
    signed, declined = by_outcome[SIGN], by_outcome[DECLINE]
    final = [*signed, *declined]
    return count(decided), count(signed), count(deferred), count(declined), share(len(declined), len(final), final)


def _by_quarter(record: Record) -> Table:
    lines = [
        Line(str(quarter), _figures([one for one in record.qualifications if quarter.contains(one.as_of)]))
        for quarter in record.lived
    ]
    return Table("quarters", "Quarter by quarter", "quarter", COLUMNS, tuple(lines))


def _by_group(record: Record, now: Sequence[Decided], by: By) -> Table:
    group = {one.partner: record.group(one.partner, by, record.quarter) for one in now}
    lines = [
        Line(name, _figures([one for one in now if group[one.partner] == name]))
        for name in record.groups(by, {*group.values()})
    ]
    whole = [Line(ALL, _figures(now))] if lines else []
    return Table(
        "groups",
        f"{record.quarter} by {by}",
        by.value,
        COLUMNS,
        (*lines, *whole),
        empty="Nothing was decided at the gate in the quarter.",
    )


def _rules(now: Sequence[Decided]) -> Table:
    """Which rules decided, and how often."""
    how = Counter((one.outcome or "open", one.rule or "otherwise", one.because) for one in now)
    lines = []
    for (outcome, rule, because), _ in sorted(how.items(), key=lambda one: (one[0][0], -one[1], one[0][1])):
        decided = [one for one in now if (one.outcome or "open", one.rule or "otherwise") == (outcome, rule)]
        alike = [one for one in decided if one.because == because]
        lines.append(Line(f"{outcome} {rule}", (count(alike), Figure(because, tuple(alike)))))
    return Table(
        "rules",
        "Why",
        "outcome and rule",
        (Column("decided", "decided"), Column("because", "because", Unit.TEXT)),
        tuple(lines),
        empty="Nothing was decided at the gate in the quarter.",
    )


def _last(final: Sequence[Decided]) -> Table:
    """The last few, which the alarm looks at."""
    lines = [
        Line(
            f"decision {one.number}",
            (Figure(one.partner, (one,)), Figure(one.as_of, (one,)), Figure(one.outcome, (one,))),
        )
        for one in final[-IN_A_ROW:]
    ]
    return Table(
        "last",
        f"The last {IN_A_ROW} signed or declined",
        "decision",
        (Column("partner", "partner", Unit.TEXT), Column("day", "day", Unit.TEXT), Column("said", "said", Unit.TEXT)),
        tuple(lines),
        empty="Nobody was signed or declined yet.",
    )


def _picture(record: Record) -> Picture:
    table, columns = _by_quarter(record), {"signed": 1, "deferred": 2, "declined": 3}
    return drawn("Decided at the gate", Shape.STACKED, table, columns, "scorecards", in_words(table, columns))

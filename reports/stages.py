"""Time in each stage: how long partners take through the program, and who waits longest."""

from collections.abc import Sequence
from typing import Final

from program.partner import ENDED, Stage
from reports.figures import count, drawn, middle, nine_in_ten
from reports.record import By, Record, Stay
from reports.report import Column, Figure, Line, Picture, Report, Shape, Table, Unit, plainly

PASSED_THROUGH: Final = tuple(stage for stage in Stage if stage not in {Stage.PROSPECT, *ENDED})
"""Stages that are there to be left. When somebody became a prospect is not kept."""


def stages(record: Record, by: By) -> Report:
    """How long finished stays lasted that ended in the last quarters, and how old those are that have not."""
    first = record.lived[0].first_day
    left = [stay for stay in record.stays if stay.until and first <= stay.until <= record.as_of]
    there = [stay for stay in record.stays if stay.until is None and stay.stage in PASSED_THROUGH]
    applied = middle([(stay.days(record.as_of), stay) for stay in left if stay.stage == Stage.APPLIED]).number
    waiting = sum(stay.stage in {Stage.APPLIED, Stage.DEFERRED} for stay in there)
    answered = (
        f"An application is answered after {plainly(applied)} days (median)"
        if applied is not None
        else "No application was answered"
    )
    return Report(
        name="stages",
        title="Time in each stage",
        question="How long do partners take through the program, and where do they wait?",
        quarter=record.quarter,
        as_of=record.as_of,
        by=by.value,
        answer=f"{answered}. Waiting for a scorecard or for evidence on {record.as_of}: {waiting or 'nobody'}."
        if record.stays
        else "Nobody has applied yet.",
        tables=(_left(record, left), _there(record, there), _by_group(record, there, by)),
        pictures=(_picture(record, left),) if left else (),
        says=(
            (
                f"Finished stays: those that ended from {first} to {record.as_of}. A pilot that is reset ends, and "
                "another begins."
            ),
            "Nine in ten: as many of the stays took that many days or fewer.",
        ),
    )


def _left(record: Record, left: Sequence[Stay]) -> Table:
    lines = []
    for stage in PASSED_THROUGH:
        days = [(stay.days(record.as_of), stay) for stay in left if stay.stage == stage]
        if days:
            longest = max(days, key=lambda one: one[0])
            figures = (
                count(stay for _, stay in days),
                middle(days),
                nine_in_ten(days),
                Figure(longest[0], (longest[1],)),
            )
            lines.append(Line(stage.value, figures))
    return Table(
        "finished",
        "Finished stays",
        "stage",
        (
            Column("stays", "stays"),
            Column("median", "median", Unit.DAYS),
            Column("most", "nine in ten within", Unit.DAYS),
            Column("longest", "longest", Unit.DAYS),
        ),
        tuple(lines),
        empty="Nobody has left a stage yet.",
    )


def _there(record: Record, there: Sequence[Stay]) -> Table:
    lines = []
    for stage in PASSED_THROUGH:
        days = [(stay.days(record.as_of), stay) for stay in there if stay.stage == stage]
        if days:
            longest = max(days, key=lambda one: (one[0], one[1].partner))
            figures = (
                count(stay for _, stay in days),
                middle(days),
                Figure(longest[0], (longest[1],)),
                Figure(longest[1].partner, (longest[1],)),
            )
            lines.append(Line(stage.value, figures))
    return Table(
        "running",
        f"Who is there on {record.as_of}",
        "stage",
        (
            Column("partners", "partners"),
            Column("median", "median so far", Unit.DAYS),
            Column("longest", "longest", Unit.DAYS),
            Column("who", "who", Unit.TEXT),
        ),
        tuple(lines),
        empty="Nobody is in a stage that is there to be left.",
    )


def _by_group(record: Record, there: Sequence[Stay], by: By) -> Table:
    """How many are where."""
    group = {stay.partner: record.group(stay.partner, by, record.quarter) for stay in there}
    lines = [
        Line(
            name,
            tuple(
                count(stay for stay in there if group[stay.partner] == name and stay.stage == stage)
                for stage in PASSED_THROUGH
            ),
        )
        for name in record.groups(by, {*group.values()})
    ]
    return Table(
        "groups",
        f"Where they are, by {by}",
        by.value,
        tuple(Column(stage.value, stage.value) for stage in PASSED_THROUGH),
        tuple(lines),
        empty="Nobody is in a stage that is there to be left.",
    )


def _picture(record: Record, left: Sequence[Stay]) -> Picture:
    table = _left(record, left)
    told = "; ".join(
        f"{line.key} {line.figures[1].value} days, nine in ten within {line.figures[2].value}" for line in table.lines
    )
    columns = {"median": 1, "nine in ten within": 2}
    return drawn("Days in each stage", Shape.LEVEL, table, columns, "days", f"Median days: {told}.")

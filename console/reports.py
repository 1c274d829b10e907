"""`gatehouse report`: answers about the roster, in the terminal, for scripts, and as pages to print."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from activities.deciding import Shelf
from console.arguments import AsJson, examples, quarter
from console.installation import here
from console.screen import as_json, heading, say, show, table, title
from program.calendar import Quarter
from program.errors import Refused
from program.opportunity import Deal
from reports.catalogue import KINDS, Kind, make, record_of
from reports.evidence import Evidence, evidence
from reports.record import By
from reports.report import Report, Table, Unit
from store.database import Store

app = typer.Typer(
    help="Answers about the roster; every number says what it was made from.",
    no_args_is_help=True,
    epilog=examples("report list", "report producing", "report all --quarter 2017Q3 --html review.html"),
)

ChosenQuarter = Annotated[
    Quarter | None,
    typer.Option("--quarter", parser=quarter, metavar="YYYYQN", help="The last one that is over if none is named."),
]
Html = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write it as one page with pictures, to print or send.")
]
Behind = Annotated[
    str | None, typer.Option(metavar="TABLE/ROW/COLUMN", help="Show what one number was made from, fact by fact.")
]


@app.command("list", epilog=examples("report list"))
def list_(json: AsJson = False) -> None:
    """List the reports there are."""
    if json:
        as_json([{"report": kind.name, "about": kind.about, "by": list(kind.groups)} for kind in KINDS])
    else:
        show(table(["report", "what it says", "--by"], [(k.name, k.about, ", ".join(k.groups)) for k in KINDS]))


@app.command("all", epilog=examples("report all --html review.html", "report all --quarter 2017Q3 --json"))
def all_(context: typer.Context, chosen: ChosenQuarter = None, html: Html = None, json: AsJson = False) -> None:
    """Make every report: a quarter's business review."""
    _give(_made(context, KINDS, chosen), html, json=json)


def _grouped(kind: Kind) -> Callable[..., None]:
    def grouping(text: str) -> By:
        if text not in kind.groups:
            raise typer.BadParameter(f"{kind.name} can be grouped by {', '.join(kind.groups)}, not by {text}")
        return By(text)

    def command(
        context: typer.Context,
        chosen: ChosenQuarter = None,
        by: Annotated[
            By | None,
            typer.Option(
                parser=grouping,
                metavar="|".join(kind.groups),
                help=f"What groups are made by; {kind.by} if nothing is said.",
            ),
        ] = None,
        behind: Behind = None,
        html: Html = None,
        json: AsJson = False,
    ) -> None:
        _answer(context, kind, (chosen, by), behind, html, json=json)

    return command


def _whole(kind: Kind) -> Callable[..., None]:
    def command(
        context: typer.Context,
        chosen: ChosenQuarter = None,
        behind: Behind = None,
        html: Html = None,
        json: AsJson = False,
    ) -> None:
        _answer(context, kind, (chosen, None), behind, html, json=json)

    return command


for _kind in KINDS:
    _shown = f"report {_kind.name}"
    app.command(
        _kind.name,
        help=_kind.about,
        epilog=examples(
            _shown,
            f"{_shown} --quarter 2017Q3{f' --by {_kind.groups[-1]}' if _kind.by else ''} --html {_kind.name}.html",
        ),
    )(_grouped(_kind) if _kind.by else _whole(_kind))


Asked = tuple[Quarter | None, By | None]


def _made(context: typer.Context, kinds: Sequence[Kind], chosen: Quarter | None, by: By | None = None) -> list[Report]:
    installation = here(context)
    shelf = Shelf(installation.store)
    with installation.store.read() as tx:
        record = record_of(tx, shelf.was_in_force, installation.today(), chosen)
        return [make(tx, shelf.was_in_force, record, kind, by) for kind in kinds]


def _answer(
    context: typer.Context, kind: Kind, asked: Asked, behind: str | None, html: Path | None, *, json: bool
) -> None:
    if behind and html:
        raise typer.BadParameter("give --behind or --html; one of the two: a page holds whole reports")
    (report,) = _made(context, [kind], *asked)
    if behind:
        _trace(here(context).store, report, behind, json=json)
    else:
        _give([report], html, json=json)


def _give(reports: Sequence[Report], html: Path | None, *, json: bool) -> None:
    if html:
        _write(reports, html)
    if json:
        as_json([as_data(report) for report in reports] if len(reports) > 1 else as_data(reports[0]))
    elif html:
        say(f"Written to {html}.")
    else:
        for number, report in enumerate(reports):
            show(*([""] if number else []), *as_text(report))


def _write(reports: Sequence[Report], file: Path) -> None:
    from reports.page import as_page  # noqa: PLC0415 -- drawing takes a second to load, which only pages are worth

    first = reports[0]
    name = first.title if len(reports) == 1 else "The roster"
    try:
        file.write_text(as_page(reports, f"{name}, {first.quarter}"), encoding="utf-8")
    except OSError as error:
        raise Refused(f"{file} cannot be written: {error.strerror}; name another file") from None


# What is shown


def as_text(report: Report) -> Iterator[RenderableType]:
    """A report for a terminal."""
    yield title(f"{report.title}, {report.quarter}, as of {report.as_of}")
    yield report.answer
    for alarm in report.alarms:
        yield Text(f"\nAlarm: {alarm}", style="bold red")
    for one in report.tables:
        yield heading(one.title)
        yield from _table(one)
    yield heading("How it is counted")
    yield from (f"- {said}" for said in report.says)
    if report.unknown:
        yield heading("What the record does not say")
        yield from (f"- {said}" for said in report.unknown)
    yield heading("What is behind a number")
    yield f"{report.command} --behind TABLE/ROW/COLUMN"


def _table(one: Table) -> Iterator[RenderableType]:
    if not one.lines:
        yield one.empty
        return
    rows = [
        [line.key, *(column.shows(figure) for column, figure in zip(one.columns, line.figures, strict=True))]
        for line in one.lines
    ]
    figures = [number for number, column in enumerate(one.columns, 1) if column.unit is not Unit.TEXT]
    yield table([one.rows_are, *(column.title for column in one.columns)], rows, figures=figures)
    yield from one.says
    yield Text(f"--behind {one.id}/ROW/COLUMN: {', '.join(column.id for column in one.columns)}", style="dim")


def as_data(report: Report) -> dict[str, Any]:
    """A report for scripts: pictures are left out, their numbers are in the tables."""
    return {
        "report": report.name,
        "title": report.title,
        "quarter": str(report.quarter),
        "as_of": report.as_of,
        "by": report.by,
        "command": report.command,
        "answer": report.answer,
        "alarms": report.alarms,
        "tables": [_table_as_data(report, one) for one in report.tables],
        "says": report.says,
        "unknown": report.unknown,
    }


def _table_as_data(report: Report, one: Table) -> dict[str, Any]:
    return {
        "table": one.id,
        "title": one.title,
        "rows_are": one.rows_are,
        "columns": [{"id": column.id, "title": column.title, "unit": column.unit} for column in one.columns],
        "rows": [
            {
                "row": line.key,
                **{column.id: figure.value for column, figure in zip(one.columns, line.figures, strict=True)},
            }
            for line in one.lines
        ],
        "behind": f"{report.command} --behind {one.id}/ROW/COLUMN",
        "says": one.says,
    }


def _trace(store: Store, report: Report, address: str, *, json: bool) -> None:
    """What one number was made from."""
    one, line, column, figure = report.behind(address)
    with store.read() as tx:
        origins = tx.opportunities.origins([fact.id for fact in figure.behind if isinstance(fact, Deal)])
    found = evidence(figure.behind, origins)
    if json:
        facts = [part.as_data() for part in found]
        as_json({"address": address, "value": figure.value, "unit": column.unit, "behind": facts})
        return
    show(title(f"{one.title}: {line.key}, {column.title}: {column.shows(figure)}"), *evidence_as_text(found))


def evidence_as_text(found: Sequence[Evidence]) -> Iterator[RenderableType]:
    """What is behind a number, kind by kind."""
    for part in found:
        yield heading(f"{part.kind.capitalize()}: {len(part.rows):,}")
        columns, rows = part.table
        yield table(columns, rows, figures=[number for number, name in enumerate(columns) if name == "worth"])
        yield from part.sums
        yield part.command
    if not found:
        yield "Nothing is behind it: there was nothing to count."

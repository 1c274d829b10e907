"""`gatehouse import`: partners, people, opportunities, mapped accounts and evidence from CSV files."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from console.arguments import AsJson, day, examples, named
from console.installation import Installation, here
from console.screen import as_json, progress, say
from intake.evidence import Asked
from intake.mapping import ImportMap, load_map
from intake.reading import Intake, read_accounts, read_evidence, read_opportunities, read_partners, read_people
from operations.acts import Imported, record_accounts, record_opportunities, record_partners, record_people
from operations.evidence import record_evidence
from store.database import Transaction

app = typer.Typer(
    help="Import partners, people, opportunities, mapped accounts and evidence from CSV files.\n\n"
    "A row that cannot be read keeps the whole file out, and each such row is listed. Importing twice changes nothing.",
    short_help="Import partners, people, opportunities, mapped accounts and evidence from CSV files.",
    no_args_is_help=True,
    epilog=examples(
        "import partners teams.csv",
        "import opportunities pipeline.csv --map our-crm.yaml --dry-run",
        "import evidence missing.csv --by Ada",
    ),
)

File = Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file in UTF-8, with a header.", show_default=False)]
Map = Annotated[
    Path | None,
    typer.Option("--map", metavar="MAP.yaml", help="Which columns mean what, where the header does not say it."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")]


@app.command(epilog=examples("import partners teams.csv", "import partners export.csv --map our-crm.yaml"))
def partners(
    context: typer.Context, file: File, mapping: Map = None, dry_run: DryRun = False, json: AsJson = False
) -> None:
    """Add partners as prospects, and bring the details of known ones up to date."""
    _import(
        here(context),
        "partners",
        file,
        mapping,
        dry_run,
        json,
        lambda way, _: read_partners(file, way),
        lambda tx, intake: record_partners(tx, intake.models),
    )


@app.command(epilog=examples("import people people.csv", "import people people.csv --dry-run --json"))
def people(
    context: typer.Context, file: File, mapping: Map = None, dry_run: DryRun = False, json: AsJson = False
) -> None:
    """Add people and how they are reached; what the file does not say of those that are known stays as it is."""
    _import(
        here(context),
        "people",
        file,
        mapping,
        dry_run,
        json,
        lambda way, _: read_people(file, way),
        lambda tx, intake: record_people(tx, intake.models),
    )


@app.command(epilog=examples("import opportunities pipeline.csv", "import opportunities pipeline.csv --dry-run --json"))
def opportunities(
    context: typer.Context, file: File, mapping: Map = None, dry_run: DryRun = False, json: AsJson = False
) -> None:
    """Add opportunities of known partners, and what is known differently now of those that are there.

    A row without a partner is refused, or kept as a direct deal where the map says `without_partner: direct`: reports
    compare partners' deals with those, and nothing else looks at them.
    """
    _import(
        here(context),
        "opportunities",
        file,
        mapping,
        dry_run,
        json,
        lambda way, known: read_opportunities(file, way, known=known),
        lambda tx, intake: record_opportunities(tx, intake.models, file.name),
    )


@app.command(epilog=examples("import accounts overlap.csv"))
def accounts(
    context: typer.Context, file: File, mapping: Map = None, dry_run: DryRun = False, json: AsJson = False
) -> None:
    """Add accounts that were mapped with partners; those that are there stay."""
    installation = here(context)
    _import(
        installation,
        "accounts",
        file,
        mapping,
        dry_run,
        json,
        lambda way, known: read_accounts(file, way, known=known),
        lambda tx, intake: record_accounts(tx, intake.models, installation.today()),
    )


@app.command(
    epilog=examples("import evidence missing.csv --by Ada", "import evidence missing.csv --by Ada --dry-run --json")
)
def evidence(
    context: typer.Context,
    file: File,
    by: Annotated[
        str | None, typer.Option(parser=named, metavar="WHO", help="Who rates, where a row names no reviewer.")
    ] = None,
    on: Annotated[
        date | None,
        typer.Option(parser=day, metavar="DATE", help="When it was so, where a row says no day; today otherwise."),
    ] = None,
    mapping: Map = None,
    dry_run: DryRun = False,
    json: AsJson = False,
) -> None:
    """Rate many partners anew, each in its pilot or active, as `scorecard renew` does one.

    A row says of a partner how it is rated in one thing that the scorecard asks for, and by what evidence.
    `gatehouse rescore --missing FILE` writes the sheet to fill in; rows that stay empty are left out.
    """
    installation = here(context)
    program, today = installation.program, installation.today()
    asked = Asked(program)
    otherwise = {"reviewer": by, "rated_on": on or today}
    _import(
        installation,
        "evidence",
        file,
        mapping,
        dry_run,
        json,
        lambda way, known: read_evidence(file, way, known=known, unfit=asked.unfit, otherwise=otherwise),
        lambda tx, intake: record_evidence(tx, asked, file, intake, today, datetime.now(UTC)),
    )


def _import(
    installation: Installation,
    kind: str,
    file: Path,
    mapping: Path | None,
    dry_run: bool,
    json: bool,
    read: Callable[[ImportMap | None, frozenset[str]], Intake[Any]],
    record: Callable[[Transaction, Intake[Any]], Imported],
) -> None:
    """Read the whole file first; then record all of it in one transaction, or nothing."""
    store = installation.store
    with progress(counted=False) as bar:
        task = bar.add_task(f"Reading {file.name}")
        with store.read() as tx:
            known = tx.partners.ids()
        intake = read(load_map(mapping) if mapping else None, known)
        bar.update(task, description=f"Recording {intake.used} {kind}")
        changing: AbstractContextManager[Transaction] = store.rehearse() if dry_run else store.write()
        with changing as tx:
            imported = record(tx, intake)
    if json:
        as_json({"kind": kind, "file": str(file), "dry_run": dry_run, **_counts(kind, intake, imported)})
    else:
        say(_sentence(kind, intake, imported, dry_run=dry_run))


def _left_out(kind: str) -> str:
    """What rows are that are left out."""
    return "empty" if kind == "evidence" else "undated"


def _counts(kind: str, intake: Intake[Any], imported: Imported) -> dict[str, int]:
    return {
        "read": intake.read,
        "used": intake.used,
        _left_out(kind): intake.left_out,
        "direct": intake.direct,
        "rejected": intake.rejected,
        "added": imported.added,
        "changed": imported.changed,
        "moved": imported.moved,
        "known": imported.known,
    }


def _sentence(kind: str, intake: Intake[Any], imported: Imported, *, dry_run: bool) -> str:
    direct = f", {intake.direct} of them for direct deals" if intake.direct else ""
    left_out = f", {intake.left_out} {_left_out(kind)} and left out" if intake.left_out else ""
    would = "would be " if dry_run else ""
    moved = f", {imported.moved} of them moved between direct and a partner's" if imported.moved else ""
    return (
        f"{intake.read} rows read, {intake.used} used{direct}{left_out}.\n"
        f"{kind.capitalize()}: {imported.added} {would}added, {imported.changed} {would}changed{moved}, "
        f"{imported.known} known already." + (" A dry run: nothing has changed." if dry_run else "")
    )

"""`gatehouse import`: partners, people, opportunities and mapped accounts from CSV files."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any

import typer

from console.arguments import AsJson, examples
from console.installation import Installation, here
from console.screen import as_json, progress, say
from intake.mapping import ImportMap, load_map
from intake.reading import Intake, read_accounts, read_opportunities, read_partners, read_people
from operations.acts import Imported, record_accounts, record_opportunities, record_partners, record_people
from store.database import Transaction

app = typer.Typer(
    help="Import partners, people, opportunities and mapped accounts from CSV files.\n\n"
    "A row that cannot be read keeps the whole file out, and each such row is listed. Importing twice changes nothing.",
    short_help="Import partners, people, opportunities and mapped accounts from CSV files.",
    no_args_is_help=True,
    epilog=examples(
        "import partners teams.csv",
        "import opportunities pipeline.csv --map our-crm.yaml --dry-run",
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
        record_partners,
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
        record_people,
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
        lambda tx, models: record_opportunities(tx, models, file.name),
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
        lambda tx, models: record_accounts(tx, models, installation.today()),
    )


def _import(
    installation: Installation,
    kind: str,
    file: Path,
    mapping: Path | None,
    dry_run: bool,
    json: bool,
    read: Callable[[ImportMap | None, frozenset[str]], Intake[Any]],
    record: Callable[[Transaction, list[Any]], Imported],
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
            imported = record(tx, intake.models)
    if json:
        as_json({"kind": kind, "file": str(file), "dry_run": dry_run, **_counts(intake, imported)})
    else:
        say(_sentence(kind, intake, imported, dry_run=dry_run))


def _counts(intake: Intake[Any], imported: Imported) -> dict[str, int]:
    return {
        "read": intake.read,
        "used": intake.used,
        "undated": intake.undated,
        "direct": intake.direct,
        "rejected": intake.rejected,
        "added": imported.added,
        "changed": imported.changed,
        "moved": imported.moved,
        "known": imported.known,
    }


def _sentence(kind: str, intake: Intake[Any], imported: Imported, *, dry_run: bool) -> str:
    direct = f", {intake.direct} of them for direct deals" if intake.direct else ""
    undated = f", {intake.undated} undated and left out" if intake.undated else ""
    would = "would be " if dry_run else ""
    moved = f", {imported.moved} of them moved between direct and a partner's" if imported.moved else ""
    return (
        f"{intake.read} rows read, {intake.used} used{direct}{undated}.\n"
        f"{kind.capitalize()}: {imported.added} {would}added, {imported.changed} {would}changed{moved}, "
        f"{imported.known} known already." + (" A dry run: nothing has changed." if dry_run else "")
    )

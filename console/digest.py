"""`gatehouse digest`: what the weekly digest says, now."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import RenderableType

from activities.weekly import Week, Weekly, lines, weeklies
from console.arguments import RECORD, AsJson, examples
from console.installation import here
from console.screen import as_json, indented, say, show, title

app = typer.Typer()


@app.command(rich_help_panel=RECORD, epilog=examples("digest", 'digest --for "Noor Haddad"', "digest --json"))
def digest(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Option("--for", metavar="NAME", help="One person; everybody if none is named.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Show the weekly digest as of today: open, answered, ended by itself, pilots due. It is sent on Mondays."""
    installation = here(context)
    week = Week(clock=installation.clock, as_of=installation.today(), known_at=datetime.now(UTC))
    with installation.store.read() as tx:
        found = [weekly for weekly in weeklies(tx, week) if name in {None, weekly.person}]
        if name and not found:
            tx.people.refuse_unknown(name, installation.program.program.names)
    if json:
        as_json([weekly.model_dump() for weekly in found])
    elif found:
        show(*(part for weekly in found for part in _parts(weekly)))
    else:
        say(f"There is nothing to tell{f' {name}' if name else ''}.")


def _parts(weekly: Weekly) -> tuple[RenderableType, RenderableType, str]:
    return title(weekly.person), indented("\n".join(lines(weekly))), ""

"""`gatehouse plan`: what the tiers owe, as a week of each person, and as a calendar to subscribe to."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType

from console.arguments import AsJson, day, examples
from console.installation import here
from console.screen import as_json, heading, say, show, table
from operations.feed import feed
from operations.planning import PersonsWeek, WeekPlan, feed_of, week_plan
from program.errors import Refused
from program.plan import Planned

app = typer.Typer(
    help="What the tiers owe, by person and week.",
    no_args_is_help=True,
    epilog=examples("plan week", 'plan feed "Ada Lovelace" --out ada.ics'),
)


FIRST_YEAR, LAST_YEAR = 1900, 2999
"""The years that can be planned: beside them the calendar runs out of quarters."""


def planned_day(text: str) -> date:
    """Read a day of a week that can be planned."""
    found = day(text)
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise typer.BadParameter(f"{text} is out of reach; name a day from {FIRST_YEAR} to {LAST_YEAR}")
    return found


@app.command(
    "week", epilog=examples("plan week", 'plan week --person "Ada Lovelace" --week 2026-11-16', "plan week --json")
)
def week_(
    context: typer.Context,
    person: Annotated[str | None, typer.Option(metavar="NAME", help="Only what this one has to do.")] = None,
    week: Annotated[
        date | None, typer.Option(parser=planned_day, metavar="DATE", help="A day of the week, YYYY-MM-DD; today.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Show the touches that partners are owed in a week: who delivers each, on which day, and what does not fit.

    The plan follows the roster as it stands: tiers, overrides, people, hours, absences.
    """
    installation = here(context)
    with installation.store.read() as tx:
        found = week_plan(tx, installation.program.program, week or installation.today(), person)
    if json:
        as_json(found)
    else:
        show(*_as_text(found))


def _as_text(found: WeekPlan) -> Iterator[RenderableType]:
    yield heading(f"Week of {found.monday}")
    for one in found.people:
        yield heading(f"{one.person}: {one.planned} of {one.hours} hours")
        if one.touches:
            yield _touches(one, found)
    if found.unplanned:
        yield heading("Owed this week, and nobody who looks after the tier is there")
        rows = [(t.partner, t.kind, t.hours, t.first, t.last) for t in found.unplanned]
        yield table(["partner", "what", "hours", "from", "to"], rows)


def _touches(one: PersonsWeek, found: WeekPlan) -> RenderableType:
    rows = [
        (touch.day, touch.partner, touch.tier, touch.kind, touch.hours, touch.last, "; ".join(_remarks(touch, found)))
        for touch in one.touches
    ]
    return table(["day", "partner", "tier", "what", "hours", "by", ""], rows, whole=2)


def _remarks(touch: Planned, found: WeekPlan) -> Iterator[str]:
    if not touch.fits:
        yield "beyond the hours"
    days = [str(held.delivered_on) for held in found.delivered.get(touch.partner, ()) if held.kind == touch.kind]
    if days:
        yield f"had one on {', '.join(days)}"


@app.command("feed", epilog=examples('plan feed "Ada Lovelace" --out ada.ics'))
def feed_(
    context: typer.Context,
    person: Annotated[str, typer.Argument(metavar="PERSON", help="Somebody of the team.", show_default=False)],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to; what is there is replaced.")],
) -> None:
    """Write somebody's plan as an iCalendar file: this quarter, and the next one as tentative.

    Written again, every touch keeps its identity, so calendars that subscribe to the file move it.
    """
    installation = here(context)
    program = installation.program.program
    with installation.store.read() as tx:
        plans = feed_of(tx, program, person, installation.today())
    write(out, feed(program, person, plans, datetime.now(UTC)))
    touches = sum(touch.person == person for plan in plans for touch in plan.touches)
    say(f"{out}: {touches} touches of {person} from {plans[0].quarter.first_day} to {plans[1].quarter.last_day}.")


def write(file: Path, content: bytes) -> None:
    """Write a file whole: who reads it meanwhile sees the one before.

    Raises:
        Refused: where it cannot be written.
    """
    if not file.name or file.is_dir():
        raise Refused(f"{file} is a folder; name a file in it")
    written = file.with_name(f".{file.name}.new")
    try:
        written.write_bytes(content)
        written.replace(file)
    except OSError as error:
        with suppress(OSError):
            written.unlink()
        raise Refused(f"{file} cannot be written: {error.strerror}; name another place") from None

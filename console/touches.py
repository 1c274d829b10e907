"""`gatehouse touch`: record that a partner received what its tier promises."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from console.arguments import PARTNERS, PartnerName, day, examples, named, said
from console.installation import here
from console.screen import heading, say, table
from operations.serving import kind_of, record_touch
from program.touch import Touch

app = typer.Typer()


@app.command(
    rich_help_panel=PARTNERS,
    epilog=examples("touch acme --by Ada", 'touch acme --on 2017-03-15 --by Ada --kind "Pipeline review"'),
)
def touch(
    context: typer.Context,
    partner: PartnerName,
    by: Annotated[str, typer.Option(parser=named, metavar="WHO", help="Who held it, on our side.")],
    on: Annotated[date | None, typer.Option(parser=day, metavar="DATE", help="The day, YYYY-MM-DD; today.")] = None,
    kind: Annotated[
        str | None,
        typer.Option(parser=said, metavar="KIND", help="What it was, where the partner's service has several kinds."),
    ] = None,
    note: Annotated[str, typer.Option(metavar="TEXT", help="What came of it.")] = "",
) -> None:
    """Record that a partner received what its tier promises: a session, a review, a check-in."""
    installation = here(context)
    today = installation.today()
    with installation.store.write() as tx:
        what = kind_of(tx, installation.program.program, partner, on or today, kind)
        held = Touch(partner=partner, delivered_on=on or today, kind=what, who=by, note=note)
        new = record_touch(tx, held, today)
    recorded = "is recorded" if new else "was recorded already; nothing has changed"
    say(f"{partner}: {held.kind} by {held.who} on {held.delivered_on} {recorded}.")


def as_data(held: Touch) -> dict[str, Any]:
    """A touch of one partner for scripts."""
    return {"day": held.delivered_on, "kind": held.kind, "by": held.who, "note": held.note}


def as_text(held: Sequence[Touch]) -> Iterator[RenderableType]:
    """The touches of one partner for people; of none, nothing."""
    if held:
        yield heading("Touches that it received, the latest at the end")
        yield table(["day", "kind", "by", "note"], [(t.delivered_on, t.kind, t.who, t.note) for t in held])

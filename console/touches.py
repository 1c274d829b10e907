"""`gatehouse touch`: record that a partner received what its tier promises."""

from datetime import date
from typing import Annotated

import typer

from console.arguments import PARTNERS, PartnerName, day, examples, named, said
from console.installation import here
from console.screen import say
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

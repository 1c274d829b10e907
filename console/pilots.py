"""`gatehouse pilot`: take a running pilot over, prepare it, keep it moving, end it early."""

from datetime import date
from typing import Annotated

import typer

from console.arguments import PartnerName, day, examples, named, said
from console.installation import here
from console.screen import say
from program.request import ActionTaken
from workflows.messages import JointPlay

app = typer.Typer(
    help="Take pilots over, prepare them, keep them moving.",
    no_args_is_help=True,
    epilog=examples("pilot adopt acme --started 2017-03-01", "pilot account acme Initech Umbrella"),
)


@app.command(epilog=examples("pilot adopt acme --started 2017-03-01"))
def adopt(
    context: typer.Context,
    partner: PartnerName,
    started: Annotated[date, typer.Option(parser=day, metavar="DATE", help="Its first day, YYYY-MM-DD.")],
) -> None:
    """Take over a pilot that already runs. Its calendar counts from its own first day."""
    state = here(context).act(lambda operations: operations.adopt(partner, started))
    say(f"{partner}: {state.stage}" + (f" until {state.next_date}." if state.next_date else "."))


@app.command(epilog=examples("pilot account acme Initech", 'pilot account acme Initech "Umbrella Corp"'))
def account(
    context: typer.Context,
    partner: PartnerName,
    names: Annotated[
        list[str], typer.Argument(parser=named, metavar="NAME", help="Customers' names.", show_default=False)
    ],
) -> None:
    """Record accounts that were mapped together; those that are there stay."""
    distinct = list(dict.fromkeys(names))
    new = here(context).act(lambda operations: operations.map_accounts(partner, distinct))
    say(f"{partner}: {new} new, {len(distinct) - new} mapped already.")


@app.command(epilog=examples('pilot play acme Renewal --trigger "A contract ends soon" --outcome "A meeting"'))
def play(
    context: typer.Context,
    partner: PartnerName,
    name: Annotated[str, typer.Argument(parser=named, metavar="NAME", help="What it is called.", show_default=False)],
    trigger: Annotated[str, typer.Option(parser=said, metavar="TEXT", help="What sets it off.")],
    outcome: Annotated[str, typer.Option(parser=said, metavar="TEXT", help="What it is to lead to.")],
) -> None:
    """Record a joint play; one of the same name stays as it was agreed."""
    new = here(context).act(
        lambda operations: operations.agree_play(partner, JointPlay(name=name, trigger=trigger, outcome=outcome))
    )
    say(f"{partner}: {name} is agreed." if new else f"{partner}: {name} was agreed already; nothing has changed.")


@app.command("next-action", epilog=examples('pilot next-action acme "Call Initech" --who Ada --due 2017-04-03'))
def next_action(
    context: typer.Context,
    partner: PartnerName,
    what: Annotated[str, typer.Argument(parser=said, metavar="WHAT", help="What will be done.", show_default=False)],
    who: Annotated[str, typer.Option(parser=named, metavar="WHO", help="Who does it.")],
    due: Annotated[date, typer.Option(parser=day, metavar="DATE", help="By when, YYYY-MM-DD.")],
) -> None:
    """Record what happens next, who does it, and by when."""
    new = here(context).act(
        lambda operations: operations.record_next_action(partner, ActionTaken(what=what, who=who, due_on=due))
    )
    recorded = "is recorded" if new else "was recorded already; nothing has changed"
    say(f"{partner}: {what}, by {who} until {due}, {recorded}.")


@app.command(epilog=examples('pilot withdraw acme --reason "Its sellers moved to another product"'))
def withdraw(
    context: typer.Context,
    partner: PartnerName,
    reason: Annotated[str, typer.Option(parser=said, metavar="TEXT", help="Why it withdraws.")],
) -> None:
    """End a pilot that the partner withdraws from."""
    left = here(context).act(lambda operations: operations.withdraw(partner, reason))
    say(f"The last day of {partner} is {left.last_day}.")

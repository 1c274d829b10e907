"""`gatehouse escalations`: what has stalled, and who answers for it."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.padding import Padding

from console.arguments import AsJson, examples, said
from console.installation import here
from console.screen import as_json, details, say, show, title
from program.escalation import Escalation, EscalationState

app = typer.Typer(
    help="What has stalled, and who answers for it.",
    no_args_is_help=True,
    epilog=examples(
        "escalations list",
        'escalations ack acme/pilot/three_weeks_without_movement/pilot-1 --by Ada --note "We meet on Monday"',
    ),
)


@app.command("list", epilog=examples("escalations list", "escalations list --all --json"))
def list_(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are answered or over.")] = False,
    json: AsJson = False,
) -> None:
    """List open escalations, the oldest first."""
    with here(context).store.read() as tx:
        found = tx.escalations.listed(states=list(EscalationState) if everything else [EscalationState.OPEN])
    if json:
        as_json([as_data(escalation) for escalation in found])
    elif found:
        show(*as_text(found))
    else:
        say("Nothing has been escalated yet." if everything else "No escalation is open.")


@app.command(epilog=examples('escalations ack KEY --by Ada --note "We meet on Monday"'))
def ack(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="As the list shows it.", show_default=False)],
    who: Annotated[str, typer.Option("--by", parser=said, metavar="WHO", help="Who answers for it.")],
    note: Annotated[str, typer.Option(parser=said, metavar="TEXT", help="What will be done.")],
) -> None:
    """Answer for an escalation. The first answer stays."""
    installation = here(context)
    with installation.store.read() as tx:
        before = tx.escalations.get(key)
    answered = installation.act(lambda operations: operations.acknowledge(key, who, note))
    if before.answered_by:
        say(f"{before.answered_by} answers for it already: {before.note}")
    elif answered.answered_by:
        say(f"{answered.answered_by} answers for it: {answered.note}")
    else:
        say(f"It is over: {answered.note}")


def as_data(escalation: Escalation) -> dict[str, Any]:
    """An escalation, for scripts."""
    return {"key": escalation.key, **escalation.model_dump()}


def as_text(found: list[Escalation]) -> Iterator[RenderableType]:
    """Escalations for people. Each key has a line of its own, to be copied from there."""
    for escalation in found:
        yield title(escalation.key)
        yield Padding(details(_parts(escalation)), (0, 0, 1, 2))


def _parts(escalation: Escalation) -> list[tuple[str, Any]]:
    answer = f"{escalation.answered_by}: {escalation.note}" if escalation.answered_by else escalation.note
    return [
        ("state", escalation.state),
        ("opened", escalation.opened_on),
        ("closed", escalation.closed_on),
        ("owner", escalation.owner),
        ("because", escalation.because),
        ("advice", escalation.advice),
        ("answer", answer),
    ]

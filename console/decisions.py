"""`gatehouse decisions`: what was decided, by which rule, and on what facts."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.table import Table

from console.arguments import AsJson, examples
from console.installation import here
from console.screen import as_json, details, heading, say, show, table, title
from program.decision import Decision

app = typer.Typer(
    help="What was decided, and why.",
    no_args_is_help=True,
    epilog=examples("decisions list --partner acme", "decisions show 17"),
)


@app.command(
    "list",
    epilog=examples("decisions list", "decisions list --partner acme", "decisions list --policy pilot-verdict --json"),
)
def list_(
    context: typer.Context,
    partner: Annotated[str | None, typer.Option(help="Only those about this partner.")] = None,
    policy: Annotated[str | None, typer.Option(help="Only those of this policy.")] = None,
    last: Annotated[int, typer.Option(min=1, metavar="N", help="How many: the latest.")] = 50,
    json: AsJson = False,
) -> None:
    """List decisions in the order they were recorded, the latest at the end."""
    with here(context).store.read() as tx:
        if partner:
            tx.partners.get(partner)  # a slip in the name is no empty list
        found = tx.decisions.listed(partner=partner, policy=policy, last=last)
    if json:
        as_json([as_data(number, decision) for number, decision in found])
    elif found:
        show(as_table(found))
    else:
        say("Nothing of that kind has been decided yet.")


@app.command("show", epilog=examples("decisions show 17", "decisions show 17 --json"))
def show_(
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="ID", help="Its number in the list.", show_default=False)],
    json: AsJson = False,
) -> None:
    """Show one decision: its reason, the rules that held, and the facts it rests on."""
    with here(context).store.read() as tx:
        decision = tx.decisions.get(number)
    if json:
        as_json(as_data(number, decision))
    else:
        show(*_as_text(number, decision))


def as_data(number: int, decision: Decision) -> dict[str, Any]:
    """A decision, for scripts."""
    return {"id": number, **decision.model_dump(exclude={"ruling"}), **decision.ruling.model_dump()}


def as_table(found: list[tuple[int, Decision]], *, with_partner: bool = True) -> Table:
    """Decisions for people, one a row."""
    rows = [
        (
            number,
            decision.as_of,
            *([decision.partner] if with_partner else []),
            decision.policy,
            decision.ruling.outcome or "undecided",
            decision.ruling.because,
        )
        for number, decision in found
    ]
    columns = ["id", "as of", *(["partner"] if with_partner else []), "policy", "outcome", "because"]
    return table(columns, rows, whole=len(columns) - 1)


def _as_text(number: int, decision: Decision) -> Iterator[RenderableType]:
    ruling = decision.ruling
    yield title(f"Decision {number}: {decision.policy} of {decision.partner}")
    rows = [
        ("outcome", ruling.outcome or "undecided"),
        ("because", ruling.because),
        ("advice", ruling.advice),
        ("rule", ruling.rule or "none; what holds otherwise"),
        ("also held", ", ".join(ruling.also)),
        ("unknown", ", ".join(ruling.unknown)),
        ("about", decision.purpose),
        ("as of", f"{decision.as_of}, by what was known at {decision.known_at:%Y-%m-%d %H:%M} UTC"),
        ("decided by", f"{decision.policy} version {decision.policy_version}, program {decision.program[:12]}"),
    ]
    yield details(rows)
    single = {name: value for name, value in decision.facts.items() if not isinstance(value, list)}
    if single:
        yield heading("On these facts")
        yield table(["fact", "value"], single.items())
    for kind, events in decision.facts.items():
        if isinstance(events, list) and events:
            yield heading(f"And these events: {kind}")
            yield table(list(events[0]), [list(event.values()) for event in events])

"""`gatehouse apply` and `gatehouse exit`: the two ends of a partner's lifecycle."""

from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from console.arguments import PARTNERS, PartnerName, examples, said
from console.installation import Installation, here
from console.screen import complain, progress, say, show, table
from operations.acts import Operations, Unanswered, for_each
from program.errors import Refused
from program.partner import ENDED, PartnerId, Stage
from workflows.messages import State

app = typer.Typer()

LISTED = 20
"""Applications that are listed one by one; of more, only how many there are is said."""


@app.command(rich_help_panel=PARTNERS, epilog=examples("apply acme", "apply acme globex --again", "apply --all-new"))
def apply(
    context: typer.Context,
    partners: Annotated[
        list[str] | None, typer.Argument(metavar="PARTNER", help="The partners' IDs.", show_default=False)
    ] = None,
    all_new: Annotated[bool, typer.Option("--all-new", help="Every partner that has not applied yet.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Also those that were declined or have left.")] = False,
) -> None:
    """Have partners apply. Who has applied already stays as it is."""
    if bool(partners) == all_new:
        raise typer.BadParameter("name the partners that apply, or give --all-new; one of the two")
    installation = here(context)
    stages = _stages(installation, partners)
    if not stages:
        say("Every partner has applied already; nothing has changed.")
        return
    with progress() as bar:
        task = bar.add_task("Applying", total=len(stages))
        answers = installation.act(
            lambda operations: apply_all(operations, list(stages), again=again, done=lambda: bar.advance(task))
        )
    _report(stages, answers)
    refused = [answer for answer in answers.values() if isinstance(answer, Refused)]
    for refusal in refused:
        complain(refusal)
    if refused:
        raise typer.Exit(1)


def _stages(installation: Installation, partners: Sequence[PartnerId] | None) -> dict[PartnerId, Stage]:
    """Who is to apply and where each stands; whoever is not there is named before anything is done."""
    with installation.store.read() as tx:
        if not partners:
            return {standing.partner.id: standing.stage for standing in tx.partners.roster(Stage.PROSPECT)}
        unknown = sorted(set(partners) - tx.partners.ids())
        if unknown:
            raise Refused(
                f"there is no partner {', '.join(unknown)}, so nobody has applied; "
                "`gatehouse partner list` shows those there are"
            )
        return {partner: tx.partners.get(partner).stage for partner in partners}


async def apply_all(
    operations: Operations, partners: Sequence[PartnerId], *, again: bool, done: Callable[[], None] = lambda: None
) -> dict[PartnerId, State | Refused]:
    """Have many partners apply, a few at a time: where each stands then, or why it was refused.

    Raises:
        Unanswered: where no worker runs; the others are not even asked for.
    """

    async def one(partner: PartnerId) -> State | Refused:
        try:
            return await operations.apply(partner, again=again)
        except Unanswered:
            raise
        except Refused as refused:
            return refused
        finally:
            done()

    return dict(zip(partners, await for_each(partners, one), strict=True))


def _report(before: dict[PartnerId, Stage], answers: dict[PartnerId, State | Refused]) -> None:
    stand = {partner: answer for partner, answer in answers.items() if isinstance(answer, State)}
    applied = [partner for partner in stand if before[partner] in {Stage.PROSPECT, *ENDED}]
    if not stand:
        return
    if len(stand) <= LISTED:
        rows = [
            (partner, "applied" if partner in applied else "known already", state.stage, state.next_date)
            for partner, state in stand.items()
        ]
        show(table(["partner", "", "stage", "next date"], rows))
    else:
        say(f"{len(applied)} applied, {len(stand) - len(applied)} had applied already.")


@app.command(
    name="exit",
    rich_help_panel=PARTNERS,
    epilog=examples('exit acme --reason "The company was sold"', 'exit acme --reason "Fraud" --override-notice'),
)
def leave(
    context: typer.Context,
    partner: PartnerName,
    reason: Annotated[str, typer.Option(parser=said, metavar="TEXT", help="Why; the partner is told so.")],
    override_notice: Annotated[bool, typer.Option("--override-notice", help="Let it go today.")] = False,
) -> None:
    """Give a partner notice. It leaves on the last day of its notice; its open deals are handed over then."""
    left = here(context).act(lambda operations: operations.exit(partner, reason, waive_notice=override_notice))
    say(f"The last day of {partner} is {left.last_day}.")

"""`gatehouse rescore`: the quarterly pass over the whole roster."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from time import monotonic
from typing import Annotated, Any, Final

import typer
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowHandle, WorkflowQueryFailedError
from temporalio.service import RPCError

from activities.roster import Rescored
from console.arguments import RECORD, AsJson, day, examples, quarter
from console.installation import Installation, here
from console.screen import as_json, heading, progress, say, show, table
from operations.acts import ANSWER_SECONDS, Operations, Unanswered, published
from program.calendar import Quarter
from workflows.rescore import RosterRescore

app = typer.Typer()

LOOK_SECONDS: Final = 1
"""How often a re-score is asked what it is doing."""


@app.command(
    rich_help_panel=RECORD,
    epilog=examples("rescore", "rescore --quarter 2017Q3", "rescore --quarter 2017Q3 --as-of 2017-10-05 --json"),
)
def rescore(
    context: typer.Context,
    chosen: Annotated[
        Quarter | None,
        typer.Option("--quarter", parser=quarter, metavar="YYYYQN", help="The last one that is over if none is named."),
    ] = None,
    as_of: Annotated[
        date | None,
        typer.Option(parser=day, metavar="DATE", help="Use what is dated up to this day, not the quarter's last."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Re-score the roster for a quarter, or join the re-score that runs. A published one stays as it is."""
    installation = here(context)
    with progress(counted=False) as bar:
        task = bar.add_task("Starting the re-score")
        rescored = installation.act(
            lambda operations: follow(operations, chosen, as_of, lambda doing: bar.update(task, description=doing))
        )
    moves = _moves(installation, rescored)
    if json:
        as_json({"quarter": str(rescored.quarter), "tiers": rescored.tiers, "moves": rescored.moves, "partners": moves})
    else:
        _report(installation, rescored, moves)


async def follow(
    operations: Operations, chosen: Quarter | None, as_of: date | None, tell: Callable[[str], None]
) -> Rescored:
    """Wait for a re-score to be published, telling what it is doing.

    Raises:
        Unanswered: where no worker works on it. It goes on by itself as soon as one runs.
        Refused: where the quarter cannot be re-scored so.
    """
    handle = await operations.begin_rescore(chosen, as_of)
    result = asyncio.ensure_future(published(handle))
    heard = monotonic()
    while not result.done():
        doing = await _doing(handle)
        if doing is not None:
            heard = monotonic()
            tell(doing or "Re-scoring")
        elif monotonic() - heard > ANSWER_SECONDS:
            result.cancel()
            raise Unanswered(
                f"{handle.id} has begun and no worker answers for it; it goes on as soon as one runs (`gatehouse up`). "
                "Ask again to see how it ends: there is one re-score of a quarter"
            )
        await asyncio.wait([result], timeout=LOOK_SECONDS)
    return result.result()


async def _doing(handle: WorkflowHandle[RosterRescore, Rescored]) -> str | None:
    """What a re-score is doing; None where no worker says so."""
    with suppress(RPCError, WorkflowQueryFailedError, TimeoutError):
        asked = handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
        metadata: WorkflowMetadata = await asyncio.wait_for(asked, LOOK_SECONDS)
        return metadata.current_details
    return None


def _moves(installation: Installation, rescored: Rescored) -> list[dict[str, Any]]:
    """Who moves, or is warned."""
    with installation.store.read() as tx:
        return [
            {
                "partner": move.partner,
                "move": move.move,
                "from": move.came_from,
                "to": move.record.tier,
                "decision": move.decision,
                "because": tx.decisions.get(move.decision).ruling.because,
            }
            for move in tx.rescores.moves(rescored.quarter)
            if move.move != "stay"
        ]


def _report(installation: Installation, rescored: Rescored, moves: list[dict[str, Any]]) -> None:
    say(f"{rescored.quarter} is re-scored.")
    if not rescored.moves:
        say("No partner was active in it.")
        return
    tiers = [tier.id for tier in installation.program.program.tiers]
    names = [*tiers, *sorted(rescored.tiers.keys() - set(tiers))]
    show(heading("Partners by tier"), table(["tier", "partners"], [(n, rescored.tiers.get(n, 0)) for n in names]))
    show(heading("Moves"), table(["move", "partners"], sorted(rescored.moves.items())))
    if moves:
        rows = [(m["partner"], m["move"], m["from"], m["to"], m["because"]) for m in moves]
        show(heading("Who is concerned"), table(["partner", "move", "from", "to", "because"], rows, whole=4))

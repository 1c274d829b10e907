"""`gatehouse rescore` and `gatehouse roster`: the quarterly pass over the roster, and what the team's hours carry."""

import asyncio
import csv
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from time import monotonic
from typing import Annotated, Any, Final

import typer
from temporalio.client import WorkflowHandle, WorkflowQueryFailedError
from temporalio.service import RPCError

from activities.deciding import Shelf
from activities.roster import Rescored, too_late
from console import capacity as capacity_shown
from console.arguments import RECORD, AsJson, day, examples, quarter
from console.installation import Installation, here
from console.screen import as_json, heading, progress, remark, say, show, table
from operations.acts import ANSWER_SECONDS, Operations, Unanswered, published
from operations.evidence import MissingEvidence, missing_evidence
from operations.rescoring import Programs, preview_rescore, published_difference
from operations.roster import capacity, ranking
from program.calendar import Quarter
from program.errors import Refused
from program.movement import STAY
from program.partner import Stage
from workflows.messages import Progress
from workflows.rescore import RosterRescore

app = typer.Typer()
roster_app = typer.Typer(help="How the roster ranks, and what the team's hours carry.", no_args_is_help=True)

LOOK_SECONDS: Final = 0.2
"""How often a re-score is asked what it is doing."""

A_LOOK: Final = 2
"""Seconds after which a look has failed; another one follows."""


@app.command(
    rich_help_panel=RECORD,
    epilog=examples(
        "rescore",
        "rescore --preview",
        "rescore --missing missing.csv",
        "rescore --quarter 2017Q3 --as-of 2017-10-05 --json",
    ),
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
    preview: Annotated[
        bool, typer.Option("--preview", help="Say what it would say by what is known now, and write nothing.")
    ] = False,
    missing: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write what it would be without as a sheet to fill in, for `import evidence`, and change nothing.",
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Re-score the roster for a quarter, or join the re-score that runs. A published one stays as it is.

    Weights that change in a quarter's middle count from the next one on; that one is scored both ways.
    """
    installation = here(context)
    if preview and missing:
        raise typer.BadParameter("give --preview or --missing; one of the two")
    if missing:
        _ask(installation, chosen, as_of, missing, json=json)
        return
    if preview:
        _preview(installation, chosen, as_of, json=json)
        return
    rescored = _followed(installation, chosen, as_of)
    moves = _moves(installation, rescored)
    reweighed = published_difference(installation.store, rescored.quarter, Shelf(installation.store).get)
    if json:
        counted = {"quarter": str(rescored.quarter), "tiers": rescored.tiers, "moves": rescored.moves}
        as_json({**counted, "partners": moves, "reweighed": [one.model_dump() for one in reweighed]})
    else:
        _report(installation, rescored, moves)
        show(*capacity_shown.weights(reweighed))


def _followed(installation: Installation, chosen: Quarter | None, as_of: date | None) -> Rescored:
    """Re-score, and show how far it is: a bar where partners are gone through, else what is being done."""
    with installation.store.read() as tx:
        partners = tx.partners.count(Stage.ACTIVE)
    with progress() as bar:
        task = bar.add_task("Begin", total=None)

        def tell(now: Progress) -> None:
            bar.tasks[task].total = None if now.seen is None else partners  # to `update`, None is "as before"
            bar.update(task, description=now.doing, completed=now.seen or 0)

        return installation.act(lambda operations: follow(operations, chosen, as_of, tell))


@dataclass(frozen=True)
class Coming:
    """A re-score that is looked at before it is made."""

    quarter: Quarter
    as_of: date
    programs: Programs


def coming(installation: Installation, chosen: Quarter | None, as_of: date | None) -> Coming:
    """The re-score of a quarter that was not re-scored yet, be it over or not.

    Raises:
        Refused: where there is none to come.
    """
    today = installation.today()
    with installation.store.read() as tx:
        published = tx.rescores.published()
        ended = Quarter.ended_before(today)
        of = chosen or (ended if ended not in published else Quarter.of(today))
        later = tx.rescores.later(of)
    if of.first_day > today:
        raise Refused(f"{of} begins on {of.first_day}; there is nothing to score before that day")
    if of in published:
        raise Refused(f"{of} is re-scored and stays as it is; `gatehouse rescore --quarter {of}` shows it")
    if later:
        raise Refused(too_late(of, later))
    day_of = as_of or min(today, of.last_day)
    if not of.first_day <= day_of <= today:
        raise Refused(f"{of} can be looked at as of {of.first_day} to {today}, not {day_of}")
    shelf = Shelf(installation.store)
    program = shelf.was_in_force(day_of) or installation.program
    weighs = shelf.was_in_force(of.first_day) or program
    before = shelf.was_in_force(of.previous.first_day) or weighs
    return Coming(of, day_of, Programs(program=program, weighs=weighs, weighed_before=before))


def _preview(installation: Installation, chosen: Quarter | None, as_of: date | None, *, json: bool) -> None:
    one = coming(installation, chosen, as_of)
    of = one.quarter
    found = preview_rescore(installation.store, one.programs, of, one.as_of, datetime.now(UTC))
    if json:
        as_json(found)
    else:
        show(*capacity_shown.preview_as_text(found))
    if not found.partners and of.next.first_day <= installation.today():
        remark(f"`gatehouse rescore --preview --quarter {of.next}` looks at the quarter after it.")


def _ask(installation: Installation, chosen: Quarter | None, as_of: date | None, file: Path, *, json: bool) -> None:
    """Write what the coming re-score would be without, to be filled in."""
    one, today = coming(installation, chosen, as_of), installation.today()
    found = missing_evidence(installation.store, one.programs, one.quarter, one.as_of, today, datetime.now(UTC))
    asked_of = len({row.partner for row in found.sheet})
    if found.sheet:
        write_sheet(found, file)
    if json:
        counted = {"quarter": str(one.quarter), "as_of": one.as_of, "file": str(file) if found.sheet else None}
        as_json(
            {**counted, "rows": len(found.sheet), "partners": asked_of, "late": found.late, "measured": found.measured}
        )
        return
    of = f"{one.quarter} as of {one.as_of}"
    if found.sheet:
        say(f"{file}: {len(found.sheet)} rows to fill in, of {asked_of} partners, for {of}.")
        say(f"Then: gatehouse import evidence {file} --by WHO")
    else:
        say(f"Nothing is missing for {of} that somebody could rate or say; no sheet is written.")
    if found.late:
        say(f"Partners rated after {one.as_of}: {found.late}. What is missing of them counts in a later re-score.")
    for fact, partners in found.measured.items():
        say(f"{fact} is measured, so no sheet asks for it; it is not known of so many partners: {partners}.")


SHEET: Final = ("partner", "owner", "asked", "title", "rating", "evidence", "value", "rated_on", "reviewer")
"""The columns of a sheet."""


def write_sheet(found: MissingEvidence, file: Path) -> None:
    """Write a sheet to fill in. Spreadsheets know by its first bytes that it is UTF-8.

    Raises:
        Refused: where the file cannot be written, or is there: somebody may have filled it in.
    """
    try:
        with file.open("x", encoding="utf-8-sig", newline="") as opened:
            sheet = csv.DictWriter(opened, SHEET)
            sheet.writeheader()
            sheet.writerows(row.model_dump(include={*SHEET}) for row in found.sheet)
    except FileExistsError:
        raise Refused(f"{file} is there already, and may be filled in; name another file, or remove it") from None
    except OSError as error:
        raise Refused(f"{file} cannot be written: {error.strerror}; name another file") from None


@roster_app.command("ranking", epilog=examples("roster ranking", "roster ranking --quarter 2017Q3 --json"))
def ranking_(
    context: typer.Context,
    chosen: Annotated[
        Quarter | None,
        typer.Option(
            "--quarter", parser=quarter, metavar="YYYYQN", help="The last one that was re-scored if none is named."
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Rank the roster: each partner's score, its two axes with their colours, and the tier that the cut gives."""
    installation = here(context)
    shelf = Shelf(installation.store)
    of, ranked = ranking(installation.store, lambda digest: shelf.get(digest).program.score, chosen)
    if json:
        as_json({"quarter": str(of), "partners": [one.model_dump() for one in ranked]})
    else:
        show(*capacity_shown.ranking_as_text(str(of), ranked))


@roster_app.command("capacity", epilog=examples("roster capacity", "roster capacity --json"))
def capacity_(context: typer.Context, json: AsJson = False) -> None:
    """Say what the team's hours carry: by tier and person, what the next hours buy, what an absence costs."""
    installation = here(context)
    report = capacity(installation.store, installation.program)
    if json:
        as_json(report)
    else:
        show(*capacity_shown.as_text(report))


async def follow(
    operations: Operations, chosen: Quarter | None, as_of: date | None, tell: Callable[[Progress], None]
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
            tell(doing)
        elif monotonic() - heard > ANSWER_SECONDS:
            result.cancel()
            raise Unanswered(
                f"{handle.id} has begun and no worker answers for it; it goes on as soon as one runs (`gatehouse up`). "
                "Ask again to see how it ends: there is one re-score of a quarter"
            )
        await asyncio.wait([result], timeout=LOOK_SECONDS)
    return result.result()


async def _doing(handle: WorkflowHandle[RosterRescore, Rescored]) -> Progress | None:
    """What a re-score is doing; None where no worker says so."""
    with suppress(RPCError, WorkflowQueryFailedError, TimeoutError):
        return await asyncio.wait_for(handle.query(RosterRescore.progress), A_LOOK)
    return None


def _moves(installation: Installation, rescored: Rescored) -> list[dict[str, Any]]:
    """Who moves, or is warned."""
    with installation.store.read() as tx:
        moves = [move for move in tx.rescores.moves(rescored.quarter) if move.move != STAY]
        decisions = tx.decisions.several([move.decision for move in moves])
    return [
        {
            "partner": move.partner,
            "move": move.move,
            "from": move.came_from,
            "to": move.record.tier,
            "decision": move.decision,
            "because": decisions[move.decision].ruling.because,
        }
        for move in moves
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
        rows = [(m["partner"], m["move"], m["from"], m["to"], m["decision"], m["because"]) for m in moves]
        columns = ["partner", "move", "from", "to", "decision", "because"]
        show(heading("Who is concerned; gatehouse explain DECISION says why"), table(columns, rows, whole=5))

"""`gatehouse roster requalify`: who would not be signed today."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType

from console.arguments import AsJson, examples
from console.installation import Installation, here
from console.screen import as_json, complain, heading, progress, say, show, table, title
from operations.acts import Operations, Unanswered, for_each
from operations.requalifying import Requalified, exits, not_signed, requalify
from program.errors import Refused
from program.partner import PartnerId
from workflows.messages import LastDay

app = typer.Typer()


@app.command(
    "requalify",
    epilog=examples("roster requalify --preview", "roster requalify", "roster requalify --exit leaving.txt"),
)
def requalify_(
    context: typer.Context,
    preview: Annotated[bool, typer.Option("--preview", help="Record nothing.")] = False,
    leaving: Annotated[
        Path | None,
        typer.Option("--exit", metavar="FILE", help="Give notice to those that it lists, a partner's ID a line."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Say who of the active partners would not be signed today, and why. Nothing follows of it by itself.

    Each is decided on its last scorecard, today's facts and the program in force. To let somebody go, use
    `gatehouse exit`, or list those who leave in a file for --exit: it takes whoever is on record as not to be signed.
    """
    installation = here(context)
    if leaving:
        if preview or json:
            raise typer.BadParameter("--exit goes by what is on record; give it alone")
        _let_go(installation, leaving)
        return
    found = requalify(
        installation.store, installation.program, installation.today(), datetime.now(UTC), record=not preview
    )
    if json:
        as_json(found)
    else:
        show(*_as_text(found))


def _as_text(found: Sequence[Requalified]) -> Iterator[RenderableType]:
    if not found:
        yield "Nobody is active, so nobody is qualified anew."
        return
    out, unknown = not_signed(found), [one for one in found if one.outcome is None]
    signed = len(found) - len(out) - len(unknown)
    yield title(
        f"Of {len(found)} active partners, {signed} would be signed today and {len(out)} not; "
        f"of {len(unknown)} nobody knows"
    )
    if out:
        yield heading("Who would not be signed")
        recorded = any(one.decision for one in out)
        rows = [
            (one.partner, one.tier, one.since, one.outcome, one.because, *([one.decision] if recorded else []))
            for one in out
        ]
        columns = ["partner", "tier", "since", "outcome", "because", *(["decision"] if recorded else [])]
        yield table(columns, rows, whole=2)
    if unknown:
        yield heading("Of whom nobody knows")
        rows = [
            (one.partner, one.tier, one.since, "; ".join(one.missing) if one.reviewer else "it was never rated")
            for one in unknown
        ]
        yield table(["partner", "tier", "since", "what is missing"], rows, whole=2)
        yield "`gatehouse scorecard renew PARTNER FILE` says it of one, `gatehouse import evidence FILE` of many."


def _let_go(installation: Installation, file: Path) -> None:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}; check the path") from None
    except UnicodeDecodeError:
        raise Refused(f"{file} is not text in UTF-8; save it as such") from None
    with installation.store.read() as tx:
        reasons = exits(tx, text)
    with progress() as bar:
        task = bar.add_task("Giving notice", total=len(reasons))

        async def leave(operations: Operations, partner: PartnerId) -> LastDay | Refused:
            try:
                return await operations.exit(partner, reasons[partner])
            except Unanswered:
                raise
            except Refused as refused:
                return refused
            finally:
                bar.advance(task)

        answers = installation.act(
            lambda operations: for_each(list(reasons), lambda partner: leave(operations, partner))
        )
    _report(dict(zip(reasons, answers, strict=True)))


def _report(answers: Mapping[PartnerId, LastDay | Refused]) -> None:
    left = {partner: answer.last_day for partner, answer in answers.items() if isinstance(answer, LastDay)}
    if left:
        say(f"Given notice: {len(left)}.")
        show(table(["partner", "last day"], left.items()))
    refused = [answer for answer in answers.values() if isinstance(answer, Refused)]
    for refusal in refused:
        complain(refusal)
    if refused:
        raise typer.Exit(1)

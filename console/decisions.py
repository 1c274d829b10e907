"""`gatehouse decisions`: what was decided, by which rule, on what facts; and whether that still stands as recorded."""

import re
from collections.abc import Iterator
from datetime import date
from json import dumps
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.table import Table

from console.arguments import AsJson, day, examples
from console.installation import here
from console.screen import as_json, details, heading, remark, say, show, table, title
from operations import ledger
from operations.ledger import Finding
from program.decision import Decision
from program.errors import Refused
from program.ledger import Entry
from rules import receipt as receipts
from rules.receipt import LARGEST, read_receipt

app = typer.Typer(
    help="What was decided, and why.",
    no_args_is_help=True,
    epilog=examples("decisions list --partner acme", "decisions show 17", "decisions verify"),
)

Number = Annotated[int, typer.Argument(metavar="ID", help="Its number in the list.", show_default=False)]

_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


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
    number: Number,
    json: AsJson = False,
) -> None:
    """Show one decision: its reason, the rules that held, and the facts it rests on."""
    with here(context).store.read() as tx:
        decision, entry = tx.decisions.get(number), tx.decisions.entry(number)
    if json:
        as_json({**as_data(number, decision), "hash": entry.hash})
    else:
        show(*_as_text(entry, decision))


def _since(text: str) -> date | int:
    return int(text) if _NUMBER.fullmatch(text) else day(text)


def _hash(text: str) -> str:
    if not _HASH.fullmatch(text.lower()):
        raise typer.BadParameter(f"{text!r} is no hash; it has 64 digits and letters from a to f")
    return text.lower()


@app.command(epilog=examples("decisions verify", "decisions verify --since 2017-03-01", "decisions verify --head HASH"))
def verify(
    context: typer.Context,
    since: Annotated[
        str | None,
        typer.Option(metavar="DATE|NUMBER", help="Begin with the first one as of a day or later, or with this one."),
    ] = None,
    head: Annotated[
        str | None, typer.Option(parser=_hash, metavar="HASH", help="A head that was written down: it has to be there.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Check that every decision is as it was recorded, and decide each again by its own rules. 1 if anything is found.

    The head it prints stands for all that was recorded so far. Write it down where nobody can change it: asked for with
    --head one day, it shows that nothing was cut off the end.
    """
    beginning = _since(since) if since else None
    findings: list[Finding] = []
    verified = ledger.verify(here(context).store, findings.append if json else _tell, since=beginning, head=head)
    if json:
        as_json({"checked": verified.checked, "last": verified.last, "head": verified.head, "findings": findings})
    else:
        say(f"Checked {verified.checked:,} {_plural(verified.checked, 'decision')}; the last is {verified.last}.")
        say(f"Head: {verified.head}")
    if verified.findings:
        remark(f"{verified.findings} {_plural(verified.findings, 'finding')}")
        raise typer.Exit(1)


def _tell(finding: Finding) -> None:
    typer.echo(str(finding))


def _plural(count: int, word: str) -> str:
    return word if count == 1 else f"{word}s"


@app.command(epilog=examples("decisions export 17 --to receipt.json", "decisions export 17 > receipt.json"))
def export(
    context: typer.Context,
    number: Number,
    to: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to; standard output if not said.")] = None,
) -> None:
    """Write a decision's receipt: its record, its place in the ledger, and the program that it was made by."""
    receipt = ledger.receipt_of(here(context).store, number)
    text = dumps(receipt.model_dump(), indent=2, ensure_ascii=False)
    if to is None:
        typer.echo(text)
        return
    try:
        to.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise Refused(f"{to} cannot be written: {error.strerror}; choose another place") from error
    say(f"{to} holds decision {number}; `gatehouse decisions replay {to}` decides it again.")


@app.command(epilog=examples("decisions replay receipt.json", "decisions replay receipt.json --json"))
def replay(
    file: Annotated[Path, typer.Argument(metavar="RECEIPT.json", help="As export wrote it.", show_default=False)],
    json: AsJson = False,
) -> None:
    """Decide again what a receipt says was decided, from the receipt alone. 1 where anything in it was changed.

    Whether it is the ledger's own, its hash shows: `decisions show` prints the one that the ledger has.
    """
    try:
        with file.open("rb") as opened:
            receipt = read_receipt(opened.read(LARGEST + 1))
        decision = receipts.replay(receipt)
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}; check the path") from error
    except Refused as refused:
        raise Refused(f"{file}: {refused}") from None
    if json:
        as_json({**as_data(receipt.number, decision), "hash": receipt.hash})
    else:
        say(
            f"Decision {receipt.number}, {decision.policy} of {decision.partner} as of {decision.as_of}, comes out as "
            f"recorded: {decision.ruling.outcome or 'undecided'}. {decision.ruling.because}"
        )
        say(f"Hash: {receipt.hash}")


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


def _program(decision: Decision) -> str:
    return f"program version {decision.program_version} ({decision.program[:12]})"


def _score(decision: Decision) -> str | None:
    """What shows the score that a decision of a re-score goes back to."""
    quarter = decision.purpose.removeprefix("rescore-")
    return None if quarter == decision.purpose else f"gatehouse roster score {decision.partner} --quarter {quarter}"


def _as_text(entry: Entry, decision: Decision) -> Iterator[RenderableType]:
    ruling = decision.ruling
    yield title(f"Decision {entry.number}: {decision.policy} of {decision.partner}")
    rows = [
        ("outcome", ruling.outcome or "undecided"),
        ("because", ruling.because),
        ("advice", ruling.advice),
        ("why", f"gatehouse explain {entry.number}"),
        ("score", _score(decision)),
        ("rule", ruling.rule or "none by itself"),
        ("also held", ", ".join(ruling.also)),
        ("unknown", ", ".join(ruling.unknown)),
        ("depends on", ", ".join(ruling.missing)),
        ("possible", ", ".join(ruling.possible) if ruling.missing else None),
        ("settled", "with what was known" if ruling.outcome and ruling.missing else None),
        ("about", decision.purpose),
        ("as of", f"{decision.as_of}, by what was known at {decision.known_at:%Y-%m-%d %H:%M} UTC"),
        ("decided by", f"{decision.policy} version {decision.policy_version}, {_program(decision)}"),
        ("hash", entry.hash),
    ]
    yield details(rows)
    single = {name: value for name, value in decision.facts.items() if not isinstance(value, list)}
    if single:
        yield heading("On these facts")
        yield table(["fact", "value", "from"], [(n, value, decision.sources.get(n)) for n, value in single.items()])
    for kind, events in decision.facts.items():
        if isinstance(events, list) and events:
            yield heading(f"And these events: {kind}, from {decision.sources.get(kind, 'nobody')}")
            yield table(list(events[0]), [list(event.values()) for event in events])

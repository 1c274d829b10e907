"""`gatehouse rules`: check a program, decide by a policy, run the cases."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from console import proving
from console.arguments import AsJson, examples
from console.deciding import decide_lines, read_facts
from console.explaining import ForWhom, Reader, present
from console.installation import read_settings
from console.screen import as_json, remark, say, show, table
from program.errors import Refused
from rules.decide import decide as decided
from rules.engine import engine_for
from rules.policy import load_policy

app = typer.Typer(
    help="Check a program, decide by its policies, run their cases.",
    no_args_is_help=True,
    epilog=examples("rules check", "rules test our-program", "rules decide qualification.yaml facts.jsonl"),
)

Program = Annotated[
    Path | None,
    typer.Argument(metavar="PROGRAM_DIR", help="A program's folder; the one of the settings if none is named."),
]


@app.command(
    epilog=examples("rules check", "rules check our-program", "rules check policies/qualification.yaml --json")
)
def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PROGRAM_DIR|POLICY.yaml", help="The program of the settings if nothing is named."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Check a program and its policies, their cases included: every rule has to fire in one. 1 if anything is found."""
    checked = paths or [_program()]
    found = [fault for path in checked for fault in proving.findings(path)]
    if json:
        as_json({"checked": [str(path) for path in checked], "findings": found})
    else:
        for fault in found:
            typer.echo(str(fault))
    if found:
        remark(f"{len(found)} {'finding' if len(found) == 1 else 'findings'}")
        raise typer.Exit(1)
    if not json:
        say(f"{', '.join(map(str, checked))}: nothing to mend.")


@app.command(epilog=examples("rules decide qualification.yaml facts.jsonl", "rules decide stall.yaml - < facts.jsonl"))
def decide(
    policy: Annotated[Path, typer.Argument(metavar="POLICY.yaml", help="A policy's file.", show_default=False)],
    facts: Annotated[
        Path,
        typer.Argument(
            metavar="FACTS.jsonl",
            help="One JSON object of facts a line, events as lists under their kind; - reads standard input.",
            show_default=False,
        ),
    ],
) -> None:
    """Decide by a policy: one JSON decision a line, in order.

    {"outcome", "rule", "also", "because", "unknown"}, or {"error"} for a line that holds no facts of this policy.
    """
    loaded = load_policy(proving.text_of(policy), str(policy))
    engine_for(loaded)  # a policy that the engine cannot run is refused once, not line by line
    with _opened(facts) as file:
        for decision in decide_lines(loaded, file):
            print(decision, flush=True)  # noqa: T201 -- a filter answers line by line


@app.command(
    epilog=examples("rules explain stall.yaml facts.json", "rules explain stall.yaml - --for partner < facts.json")
)
def explain(
    policy: Annotated[Path, typer.Argument(metavar="POLICY.yaml", help="A policy's file.", show_default=False)],
    facts: Annotated[
        Path,
        typer.Argument(
            metavar="FACTS.json",
            help="One JSON object of facts, events as lists under their kind; - reads standard input.",
            show_default=False,
        ),
    ],
    reader: ForWhom = Reader.MANAGER,
    json: AsJson = False,
) -> None:
    """Explain what a policy says of facts: why, how near a better outcome is, and what would give it."""
    loaded = load_policy(proving.text_of(policy), str(policy))
    with _opened(facts) as file:
        given = read_facts(file)
    head = f"{loaded.policy} version {loaded.version}"
    present(loaded, given, decided(loaded, given), head, reader, json=json)


@app.command("test", epilog=examples("rules test", "rules test our-program --json"))
def prove(program: Program = None, json: AsJson = False) -> None:
    """Run a program's cases on durable-rules and on the plain interpreter. 1 if any fails."""
    proofs = proving.proofs(program or _program())
    if json:
        as_json([_as_data(proof) for proof in proofs])
    else:
        rows = [
            (
                proof.policy.policy,
                proof.report.ran,
                len(proof.report.failures),
                len(proof.report.never_fired),
                "passed" if proof.passed else "failed",
            )
            for proof in proofs
        ]
        show(table(["policy", "cases", "failed", "rules never fired", ""], rows))
        for proof in proofs:
            for fault in proof.report.faults:
                typer.echo(str(fault))
    if not all(proof.passed for proof in proofs):
        raise typer.Exit(1)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """A file, or standard input for `-`."""
    try:
        with sys.stdin.buffer if str(path) == "-" else path.open("rb") as file:
            yield file
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Refused(f"{path}: cannot be read: {error.strerror or error}; check the path") from error


def _program() -> Path:
    """The program of the settings, by the shortest path to it."""
    folder, here = read_settings().program, Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _as_data(proof: proving.Proof) -> dict[str, Any]:
    return {
        "policy": proof.policy.policy,
        "version": proof.policy.version,
        "passed": proof.passed,
        "cases": proof.report.ran,
        "failures": proof.report.failures,
        "never_fired": proof.report.never_fired,
    }

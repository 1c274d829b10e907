"""`gatehouse rules`: check a program, decide by a policy, run the cases."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from json import dumps
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from console import proving
from console.arguments import AsJson, examples
from console.deciding import decide_lines, read_facts
from console.explaining import ForWhom, Reader, present
from console.installation import read_settings
from console.screen import as_json, heading, remark, say, show, table
from operations.drafts import try_draft
from program.errors import Refused
from rules.decision.decide import decide as decided
from rules.evaluators.engine import engine_for
from rules.folder import bytes_of
from rules.language.policy import load_policy
from rules.verification.cases import Case
from rules.verification.coverage import Coverage, cover
from rules.verification.goals import Decides, Holds, Turns
from rules.verification.suggest import as_yaml
from rules.verification.suggest import suggest as suggestions

app = typer.Typer(
    help="Check a program, decide by its policies, run their cases.",
    no_args_is_help=True,
    epilog=examples("rules check", "rules test our-program", "rules decide qualification.yaml facts.jsonl"),
)


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
    """Check a program and its policies, their logic and their cases: 1 if there are errors.

    Every finding is shown with its place, and with facts that show it if there are such; feed them to `rules decide`.
    """
    checked = paths or [_program()]
    found = [fault for path in checked for fault in try_draft(path)]
    if json:
        as_json({"checked": [str(path) for path in checked], "findings": found})
    else:
        for fault in found:
            typer.echo(str(fault))
            for example in fault.examples:
                typer.echo(f"    {dumps(example, ensure_ascii=False)}")
    errors = sum(fault.severity == "error" for fault in found)
    if found:
        remark(f"{_counted(errors, 'error')}, {_counted(len(found) - errors, 'warning')}")
    elif not json:
        say(f"{', '.join(map(str, checked))}: nothing to mend.")
    if errors:
        raise typer.Exit(1)


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

    {"outcome", "rule", "also", "because", "possible", "unknown", "missing"}, or {"error"} for a line that holds no
    facts of this policy. Where the outcome is null, it depends on what is missing.
    """
    loaded = load_policy(bytes_of(policy), str(policy))
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
    loaded = load_policy(bytes_of(policy), str(policy))
    with _opened(facts) as file:
        given = read_facts(file)
    head = f"{loaded.policy} version {loaded.version}"
    present(loaded, given, decided(loaded, given), head, reader, json=json)


@app.command(
    "test",
    epilog=examples(
        "rules test", "rules test our-program --coverage", "rules test our-program --suggest qualification"
    ),
)
def prove(
    named: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PROGRAM_DIR|POLICY.yaml|POLICY",
            help="The program of the settings if none is named, and all its policies.",
        ),
    ] = None,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Say which rules and boundaries the cases show, and which they do not.")
    ] = False,
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Print the cases that are missing, ready to be read and pasted.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Run cases on durable-rules and on the plain interpreter. 1 if any fails."""
    proofs = proving.proofs(named or [], _program())
    covered = {proof.policy: cover(proof.policy, proof.cases) for proof in proofs} if coverage else {}
    suggested = {proof.policy: suggestions(proof.policy, proof.cases).cases for proof in proofs} if suggest else {}
    if json:
        as_json([_as_data(proof, covered.get(proof.policy), suggested.get(proof.policy)) for proof in proofs])
    elif suggest:
        for proof in proofs:
            typer.echo(_as_text(proof, suggested[proof.policy]), nl=False)
    else:
        _show(proofs)
        if coverage:
            _show_coverage(list(covered.values()))
    if not suggest and not all(proof.passed for proof in proofs):
        raise typer.Exit(1)


def _show(proofs: Sequence[proving.Proof]) -> None:
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


def _show_coverage(covered: Sequence[Coverage]) -> None:
    rows = [
        (
            one.policy.policy,
            *("{} of {}".format(*one.share(kind)) for kind in (Holds, Decides, Turns)),
            f"{one.percent} %",
        )
        for one in covered
    ]
    show(heading("Coverage"), table(["policy", "rules that hold", "that decide", "sides of boundaries", ""], rows))
    for one in covered:
        for fault in one.faults:
            typer.echo(str(fault))


def _as_text(proof: proving.Proof, cases: Sequence[Case]) -> str:
    """Cases to be pasted, below the file that they belong to."""
    if not cases:
        return f"# {proof.file}: nothing is missing\n"
    head = "" if proof.cases else f"policy: {proof.policy.policy}\ncases:\n"
    return f"# {proof.file}\n{head}{as_yaml(cases)}"


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


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _as_data(proof: proving.Proof, coverage: Coverage | None, suggested: Sequence[Case] | None) -> dict[str, Any]:
    data = {
        "policy": proof.policy.policy,
        "version": proof.policy.version,
        "passed": proof.passed,
        "cases": proof.report.ran,
        "failures": proof.report.failures,
        "never_fired": proof.report.never_fired,
    }
    if coverage is not None:
        data["coverage"] = coverage.as_data()
    if suggested is not None:
        data["suggested"] = [proving.as_data(case) for case in suggested]
    return data

"""`gatehouse scorecard`: a form to fill in, and what is decided on it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import ValidationError

from console.arguments import PartnerName, day, examples
from console.installation import here
from console.screen import details, say, show, table, title
from operations.rating import RATED, rate
from program.definition import Program
from program.figures import value
from program.scorecard import Criterion, Question, Scorecard
from rules.folder import LoadedProgram, bytes_of
from rules.language.source import Document, Fault, Unfit, faults_of, nearest, read_yaml
from rules.lifecycle import QUALIFICATION
from workflows.messages import Ruled

app = typer.Typer(
    help="Make scorecards and submit them.",
    no_args_is_help=True,
    epilog=examples(
        "scorecard template --partner acme > acme.yaml",
        "scorecard submit acme acme.yaml",
        "scorecard renew acme acme.yaml --on 2017-06-30",
    ),
)


@app.command(epilog=examples("scorecard template > scorecard.yaml", "scorecard template --partner acme > acme.yaml"))
def template(
    context: typer.Context,
    partner: Annotated[str | None, typer.Option(help="The partner it is for.")] = None,
) -> None:
    """Print the program's scorecard as a form: what is rated, by which rubric, and what is screened for."""
    installation = here(context)
    if not partner:
        typer.echo("\n".join(form(installation.program, "Scorecard")))
        return
    with installation.store.read() as tx:
        standing = tx.partners.get(partner)
    known, renews = standing.partner, standing.stage in RATED
    program = installation.program.program.for_type(known.type)
    command = f"renew {partner} FILE --on YYYY-MM-DD" if renews else f"submit {partner} FILE"
    title = f"Scorecard of {known.name}, {known.type}\n# gatehouse scorecard {command}"
    empty = STAYS_AS_IT_WAS if renews else IS_DEFERRED
    typer.echo("\n".join(form(replace(installation.program, program=program), title, empty)))


IS_DEFERRED: Final = "What nobody knows yet stays empty: the decision is deferred then, and names it."
STAYS_AS_IT_WAS: Final = "What stays empty stays as it was. Nothing is decided on it before the next re-score."


def form(loaded: LoadedProgram, title: str, empty: str = IS_DEFERRED) -> Iterator[str]:
    """The lines of a scorecard to fill in, with what becomes of what stays empty."""
    program = loaded.program
    yield f"# {title}"
    yield f"# Program {program.program}, version {program.version}."
    yield f"# {empty}"
    yield "reviewer:"
    yield ""
    yield "# From 1 to 5, by what was seen. A rating says under `evidence` what it rests on."
    yield "ratings:"
    for section in program.scorecard.sections:
        minimum = f", at least {section.minimum}" if section.minimum is not None else ""
        yield ""
        yield f"  # {section.title}: {section.weight} % of the total{minimum}"
        for criterion in section.criteria:
            yield from _criterion(criterion)
    yield ""
    yield "# true or false. True counts against the partner."
    yield "screening:"
    for question in program.scorecard.questions:
        yield from _question(question)
    if program.evidence:
        declared = loaded.policies[QUALIFICATION].facts
        yield ""
        yield "# Further evidence."
        yield "facts:"
        for question in program.evidence:
            kind = declared.get(question.id)
            yield from _question(question, f" ({kind.expected})" if kind else "")


def _criterion(criterion: Criterion) -> Iterator[str]:
    minimum = f", at least {criterion.minimum}" if criterion.minimum is not None else ""
    yield f"  # {criterion.title}: {criterion.weight} % of it{minimum}"
    for rating, looks in sorted(criterion.rubric.items()):
        yield f"  #   {rating}: {' '.join(looks.split())}"
    yield f"  {criterion.id}:"
    yield "    rating:"
    yield "    evidence:"


def _question(question: Question, expected: str = "") -> Iterator[str]:
    yield f"  # {question.title}{expected}"
    yield f"  {question.id}:"


@app.command(epilog=examples("scorecard submit acme acme.yaml"))
def submit(
    context: typer.Context,
    partner: PartnerName,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A filled-in form.", show_default=False)],
) -> None:
    """Submit a scorecard and say what was decided on it. The same one, sent twice, is decided on once."""
    installation = here(context)
    scorecard = read_scorecard(file, installation.program.program)
    ruled = installation.act(lambda operations: operations.submit_scorecard(partner, scorecard))
    _report(partner, ruled)


@app.command(epilog=examples("scorecard renew acme acme.yaml", "scorecard renew acme acme.yaml --on 2017-06-30"))
def renew(
    context: typer.Context,
    partner: PartnerName,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A form with what is new.", show_default=False)],
    on: Annotated[date | None, typer.Option(parser=day, metavar="DATE", help="When it was so, YYYY-MM-DD.")] = None,
) -> None:
    """Record what is learned of a partner in its pilot or active: ratings, evidence. What the form leaves out stays.

    Nothing is decided on it. The next re-score goes by it, and so does `roster requalify`.
    """
    installation = here(context)
    program, today = installation.program.program, installation.today()
    scorecard = read_scorecard(file, program)
    with installation.store.write() as tx:
        changes = rate(tx, program, {partner: scorecard}, on or today, today, datetime.now(UTC)).get(partner)
    if changes is None:
        say(f"{partner}: all of it was known already; nothing has changed.")
        return
    say(f"{partner}: what {scorecard.reviewer} says is recorded, as of {on or today}.")
    if changes:
        rows = [(name, value(name, before), value(name, now)) for name, (before, now) in changes.items()]
        show(table(["fact", "before", "now"], rows))


def _report(partner: str, ruled: Ruled) -> None:
    ruling = ruled.ruling
    until = {"defer": "until", "sign": "pilot ends on"}.get(ruling.outcome or "defer")
    rows = [
        ("outcome", ruling.outcome or "deferred for missing evidence"),
        ("because", ruling.because),
        ("advice", ruling.advice),
        ("also held", ", ".join(ruling.also)),
        ("missing", "; ".join(ruled.missing)),
        ("stage", ruled.stage),
        (until or "next date", ruled.next_date),
        ("decision", ruled.decision),
    ]
    show(title(partner), details(rows))


def read_scorecard(file: Path, program: Program) -> Scorecard:
    """Read a filled-in form. What was left empty is left out: nobody knows it yet.

    Raises:
        Refused: where the file cannot be read.
        Unfit: naming every fault in it, with file, line and column.
    """
    document = read_yaml(bytes_of(file), str(file))
    faults = [*_strange(document, program), *_half_rated(document)]
    try:
        scorecard = Scorecard.model_validate(_filled_in(document.data), strict=True)
    except ValidationError as error:
        # What is wrong with a rating was said already, and in the form's own words.
        told = {(fault.line, fault.column) for fault in faults}
        faults += [f for f in faults_of(error, document, Scorecard) if (f.line, f.column) not in told]
    if faults:
        raise Unfit(sorted(set(faults)))
    return scorecard


def _strange(document: Document, program: Program) -> Iterator[Fault]:
    """What the program's form does not ask for."""
    asked = {
        "ratings": ("no criterion of this program", [criterion.id for criterion in program.scorecard.criteria]),
        "screening": ("not screened for in this program", [q.id for q in program.scorecard.questions]),
        "facts": ("no evidence that this program asks for", [question.id for question in program.evidence]),
    }
    for part, (strange, known) in asked.items():
        for name in _part(document, part):
            if name not in known:
                yield document.fault((part, name), f"{strange}{nearest(str(name), known)}")


def _half_rated(document: Document) -> Iterator[Fault]:
    """Ratings that are none, or rest on nothing."""
    for name, rated in _part(document, "ratings").items():
        if not isinstance(rated, dict):
            continue
        rating, evidence = rated.get("rating"), rated.get("evidence")
        path = ("ratings", name)
        if rating is None and evidence is not None:
            yield document.fault((*path, "rating"), "evidence without a rating; give a whole number from 1 to 5")
        if rating is None:
            continue
        if isinstance(rating, bool) or not isinstance(rating, int) or not 1 <= rating <= 5:
            yield document.fault((*path, "rating"), f"{rating} is no rating; give a whole number from 1 to 5")
        if not str(evidence or "").strip():
            yield document.fault((*path, "evidence"), "a rating that rests on nothing; say what was seen")


def _part(document: Document, name: str) -> dict[Any, Any]:
    part = document.data.get(name) if isinstance(document.data, dict) else None
    return part if isinstance(part, dict) else {}


def _filled_in(data: Any) -> Any:
    """The same without what was left empty."""
    if not isinstance(data, dict):
        return data
    filled = {name: _filled_in(value) for name, value in data.items()}
    return {name: value for name, value in filled.items() if value is not None and value != {}}

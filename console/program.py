"""`gatehouse program`: the versions of a program, what differs between them, and which of them decides from when on."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from activities.deciding import Shelf
from console import previews
from console.arguments import AsJson, day, examples, named, said
from console.installation import Installation, here
from console.screen import as_json, details, heading, progress, say, show, table, title
from operations import publishing
from operations.preview import preview
from operations.publishing import Intent
from program.errors import Refused
from program.publication import Publication, in_force, next_in_force, state
from rules.comparison import Change, Difference, PolicyDifference, RuleChange, compare, written
from rules.folder import LoadedProgram, read_folder

app = typer.Typer(
    help="Publish programs, and see what differs between them.",
    no_args_is_help=True,
    epilog=examples(
        "program diff 3 our-program",
        'program publish our-program --effective 2026-12-01 --by Ada --note "Two mutual deals"',
    ),
)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A program's folder.", show_default=False)]
Version = Annotated[int, typer.Argument(metavar="VERSION", help="As the list shows it.", show_default=False)]
Who = Annotated[str, typer.Option("--by", parser=named, metavar="WHO", help="Who does so.")]
Side = Annotated[str, typer.Argument(metavar="VERSION|DIR", help="A version, or a folder.", show_default=False)]


@app.command(
    epilog=examples('program publish our-program --effective 2026-12-01 --by Ada --note "Two mutual deals to expand"')
)
def publish(
    context: typer.Context,
    folder: Folder,
    effective: Annotated[
        date, typer.Option(parser=day, metavar="DATE", help="The first day on which it decides: today or later.")
    ],
    who: Who,
    note: Annotated[str, typer.Option(parser=said, metavar="TEXT", help="What changes, and why.")],
) -> None:
    """Publish a program: from its day on it decides what is new. Refused where `rules check` finds anything.

    Its version, and that of each policy whose text is another, has to be above what was published before. Running
    pilots keep the version they were agreed on.
    """
    installation = here(context)
    store, today, now = installation.store, installation.today(), datetime.now(UTC)
    intent = Intent(effective, who, note)
    publication, new = publishing.publish(store, folder, intent, today, now)
    with store.read() as tx:
        published = tx.programs.listed()
    if not new:
        say(f"Version {publication.version} was published already, by {publication.published_by}.")
    show(*_standing(publication, published, today))
    clocks = {_at(installation, other).program.clock for other in (publication, in_force(published, today)) if other}
    if len(clocks) > 1:
        say(f"The schedules run by the clock that was in force when a worker started; start it again on {effective}.")


def _standing(publication: Publication, published: list[Publication], today: date) -> Iterator[RenderableType]:
    yield title(f"Version {publication.version} of {publication.name}, {publication.digest[:12]}")
    following = next_in_force(publication, published)
    until = f", until version {following.version} on {following.effective_on}" if following else ""
    yield details(
        [
            ("state", state(publication, published, today)),
            ("in force from", f"{publication.effective_on}{until}"),
            ("published by", f"{publication.published_by}, {publication.published_at:%Y-%m-%d %H:%M} UTC"),
            ("note", publication.note),
            ("withdrawn by", publication.withdrawn_by),
            ("because", publication.withdrawn_because),
        ]
    )


@app.command(
    "preview",
    epilog=examples("program preview our-program", "program preview our-program --since 2026-07-01 --json"),
)
def preview_(
    context: typer.Context,
    folder: Folder,
    since: Annotated[
        date | None,
        typer.Option(
            parser=day, metavar="DATE", help="Only what was decided as of this day or later.", show_default=False
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Say what a draft would have decided: every recorded decision, the tiers, the pilots that run. Writes nothing.

    Each decision is made again by itself, on what was known then; what followed from it is not played through.
    """
    installation = here(context)
    store, draft = installation.store, read_folder(folder)
    with progress(counted=False) as bar:
        bar.add_task("Deciding again")
        found = preview(store, draft, installation.today(), datetime.now(UTC), since)
    if json:
        as_json(found)
    else:
        show(*previews.as_text(found))


@app.command("list", epilog=examples("program list", "program list --json"))
def list_(context: typer.Context, json: AsJson = False) -> None:
    """List the published versions, the first one first, and how each stands."""
    installation = here(context)
    with installation.store.read() as tx:
        published = tx.programs.listed()
    today = installation.today()
    if json:
        as_json([{**one.model_dump(), "state": state(one, published, today)} for one in published])
        return
    if not published:
        say("Nothing was published yet; a worker publishes the program of its settings when it first starts.")
        return
    columns = ["version", "digest", "effective", "state", "by", "note"]
    rows = [
        (p.version, p.digest[:12], p.effective_on, state(p, published, today), p.published_by, p.note)
        for p in published
    ]
    show(table(columns, rows, whole=4))


@app.command("show", epilog=examples("program show 3", "program show 3 --to our-program", "program show 3 --json"))
def show_(
    context: typer.Context,
    version: Version,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Write its files there: a new or empty folder.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Show a version: how it stands and what it holds; or write its files back, cases included."""
    installation = here(context)
    with installation.store.read() as tx:
        publication, published = tx.programs.get(version), tx.programs.listed()
        files, cases = tx.programs.files(publication.digest), tx.programs.cases(publication.digest)
    today = installation.today()
    if to:
        _write(to, {**files, **cases})
    if json:
        as_json(
            {**publication.model_dump(), "state": state(publication, published, today), "files": {**files, **cases}}
        )
    elif to:
        say(f"{to} holds version {version}.")
    else:
        program = _at(installation, publication)
        rows = [(p.policy, p.version, len(p.rules), p.title) for _, p in sorted(program.policies.items())]
        policies = table(["policy", "version", "rules", "title"], rows)
        show(*_standing(publication, published, today), heading("Policies"), policies)


def _write(folder: Path, files: dict[str, str]) -> None:
    """Write files into a folder that holds none.

    Raises:
        Refused: where it does, or where it cannot be written.
    """
    try:
        if folder.exists() and any(folder.iterdir()):
            raise Refused(f"{folder} holds something already; name a new folder")
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(text.encode())
    except OSError as error:
        raise Refused(f"{folder}: cannot be written: {error.strerror or error}; name another folder") from error


@app.command(epilog=examples("program diff 2 3", "program diff 3 our-program", "program diff 3 our-program --json"))
def diff(context: typer.Context, old: Side, new: Side, json: AsJson = False) -> None:
    """Say what differs between two programs: values, thresholds, rules."""
    sides = [_side(context, text) for text in (old, new)]
    difference = compare(*sides)
    if json:
        as_json(difference)
    elif difference.nothing:
        say("Nothing differs but the version." if len({s.digest for s in sides}) > 1 else "Nothing differs.")
    else:
        show(*_difference(difference))


def _side(context: typer.Context, text: str) -> LoadedProgram:
    if not text.isdecimal():
        return read_folder(Path(text))
    installation = here(context)
    with installation.store.read() as tx:
        publication = tx.programs.get(int(text))
    return _at(installation, publication)


def _at(installation: Installation, publication: Publication) -> LoadedProgram:
    return Shelf(installation.store).get(publication.digest)


def _difference(difference: Difference) -> Iterator[RenderableType]:
    yield title(f"From version {difference.old_version} to {difference.new_version}")
    if difference.values:
        yield heading("program.yaml")
        yield _changes(difference.values)
    for policy in difference.policies:
        yield from _policy(policy)
    for template in difference.templates:
        yield heading(template.file)
        yield from template.lines


def _changes(changes: tuple[Change, ...]) -> RenderableType:
    return table(["what", "was", "is"], [(change.where, _value(change.old), _value(change.new)) for change in changes])


def _value(value: Any) -> str:
    """A value as people read it: text as it is."""
    if value is None:
        return "-"
    return value if isinstance(value, str) else written(value)


def _policy(policy: PolicyDifference) -> Iterator[RenderableType]:
    yield heading(f"{policy.policy}, version {policy.old_version} to {policy.new_version}")
    if policy.changes:
        yield _changes(policy.changes)
    for rule in policy.rules:
        yield title(f"rule {rule.rule}: {_what(rule)}")
        if rule.changes:
            yield _changes(rule.changes)
        if rule.text:
            yield details((key, _value(value)) for key, value in rule.text.items())
    if not policy.changes and not policy.rules:
        yield title("only comments, or how it is written")


def _what(rule: RuleChange) -> str:
    if rule.what in {"added", "moved"}:
        return f"{rule.what}, now {f'after {rule.after}' if rule.after else 'the first'}"
    return rule.what


@app.command(epilog=examples('program withdraw 4 --by Ada --because "The capacity is not there yet"'))
def withdraw(
    context: typer.Context,
    version: Version,
    who: Who,
    because: Annotated[str, typer.Option(parser=said, metavar="TEXT", help="Why it is not to come into force.")],
) -> None:
    """Withdraw a version that is not in force yet; what was in force until then stays so. It is never changed."""
    installation = here(context)
    today = installation.today()
    publication = publishing.withdraw(installation.store, version, who, because, today, datetime.now(UTC))
    with installation.store.read() as tx:
        instead = tx.programs.in_force(publication.effective_on)
    say(f"Version {version} is withdrawn by {publication.withdrawn_by}: {publication.withdrawn_because}")
    if instead:
        say(f"Version {instead.version} is in force on {publication.effective_on}.")

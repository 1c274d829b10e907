"""`gatehouse notices`: what people were told, what did not arrive, and why."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.padding import Padding

from activities.sending import reached, ready
from console.arguments import AsJson, examples
from console.installation import here
from console.screen import as_json, details, heading, indented, say, show, table, title
from operations import reaching
from program.errors import Refused
from program.notice import KINDS, LETTER_FORMS, Attempt, NoticeState, Posting
from store.database import Transaction

app = typer.Typer(
    help="What people are told, and what did not arrive.",
    no_args_is_help=True,
    epilog=examples(
        "notices list --dead", "notices show KEY", "notices retry --all-dead", 'notices test "Noor Haddad"'
    ),
)

Key = Annotated[str, typer.Argument(metavar="KEY", help="As the list shows it.", show_default=False)]


@app.command("list", epilog=examples("notices list", "notices list --undelivered", "notices list --dead --json"))
def list_(
    context: typer.Context,
    undelivered: Annotated[bool, typer.Option("--undelivered", help="Those that are due, and the dead.")] = False,
    dead: Annotated[bool, typer.Option("--dead", help="Those that nobody takes.")] = False,
    partner: Annotated[str | None, typer.Option(metavar="PARTNER", help="Those about a partner.")] = None,
    last: Annotated[int, typer.Option(min=1, metavar="N", help="How many, the latest.")] = 50,
    json: AsJson = False,
) -> None:
    """List notices, the latest at the end."""
    states = [NoticeState.DEAD] if dead else [NoticeState.DUE, NoticeState.DEAD] if undelivered else [*NoticeState]
    with here(context).store.read() as tx:
        if partner:
            tx.partners.get(partner)
        found = tx.notices.listed(states, partner=partner, last=last)
        logged = tx.notices.logged(posting.notice.key for posting in found)
    if json:
        as_json([_data(posting) for posting in found])
    elif not found:
        nothing = "No notice is due, and none is dead." if undelivered else "Nobody was told anything yet."
        say("No notice is dead." if dead else nothing)
    else:
        show(*(line for posting in found for line in _lines(posting, logged)))


def _data(posting: Posting) -> dict[str, Any]:
    return {**posting.notice.model_dump(), **posting.model_dump(exclude={"notice"})}


def _lines(posting: Posting, logged: Collection[str]) -> Iterator[RenderableType]:
    """A notice in the list. Its key has a line of its own, to be copied from there."""
    notice = posting.notice
    yield title(notice.key)
    yield Padding(f"to {notice.recipient}, {became(posting, logged)}", (0, 0, 0, 2))


def became(posting: Posting, logged: Collection[str]) -> str:
    """What has become of a notice, in a few words; of what the log alone has taken, that nobody was written to."""
    at = f"{posting.delivered_at or posting.written_at:%Y-%m-%d %H:%M}"
    match posting.state:
        case NoticeState.DELIVERED:
            return f"logged {at}, nobody was written to" if posting.notice.key in logged else f"delivered {at}"
        case NoticeState.BUNDLED:
            return (
                f"told in {posting.digest}, {f'delivered {at}' if posting.delivered_at else 'which was not delivered'}"
            )
        case NoticeState.DEAD | NoticeState.SUPERSEDED:
            return f"{posting.state}, written {at}: {posting.reason}"
        case NoticeState.OFF:
            return f"switched off, written {at}"
        case NoticeState.DUE if posting.tries:
            again = f", again at {posting.due_at:%Y-%m-%d %H:%M}" if posting.due_at else ""
            return f"due since {at}, tried {posting.tries} times{again}"
        case _:
            return f"held until {posting.due_at:%Y-%m-%d %H:%M}" if posting.due_at else f"due since {at}"


@app.command("show", epilog=examples("notices show KEY", "notices show KEY --as html > letter.html"))
def show_(
    context: typer.Context,
    key: Key,
    form: Annotated[
        str | None,
        typer.Option("--as", metavar="FORM", help=f"Only the letter, as it is sent: {', '.join(LETTER_FORMS)}."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Show a notice: what it says, what has become of it, and every try to send it."""
    installation = here(context)
    if form is not None and form not in LETTER_FORMS:
        raise typer.BadParameter(f"there is no form {form}; write one of {', '.join(LETTER_FORMS)}")
    with installation.store.read() as tx:
        posting, attempts, told = tx.notices.get(key), tx.notices.attempts(key), _told_in(tx, key)
        logged = key in tx.notices.logged([key])
        if form:
            recipient, partner = reached(tx, posting.notice)
    if form:
        at = posting.written_at
        message = ready(posting.notice, recipient, partner, installation.program, at, at)
        typer.echo(message.letter.form(form), nl=False)
    elif json:
        as_json({**_data(posting), "attempts": [attempt.model_dump() for attempt in attempts], "bundled": told})
    else:
        show(*_text(posting, attempts, told, logged=logged))


def _told_in(tx: Transaction, digest: str) -> list[str]:
    return [notice.key for notice in tx.notices.bundled(digest)]


def _text(posting: Posting, attempts: list[Attempt], told: list[str], *, logged: bool) -> list[RenderableType]:
    notice = posting.notice
    waits = posting.due_at if posting.state == NoticeState.DUE and posting.due_at else None
    to_the_log = ", to the log: nobody was written to" if logged else ""
    shown: list[RenderableType] = [
        title(notice.subject),
        details(
            [
                ("notice", notice.key),
                ("kind", f"{notice.kind}: {KINDS[notice.kind].meaning}"),
                ("to", notice.recipient),
                ("written", f"{posting.written_at:%Y-%m-%d %H:%M:%S}"),
                ("state", posting.state),
                ("delivered", posting.delivered_at and f"{posting.delivered_at:%Y-%m-%d %H:%M:%S}{to_the_log}"),
                ("tried again" if posting.tries else "held until", waits and f"{waits:%Y-%m-%d %H:%M:%S}"),
                ("told in", posting.digest),
                ("because", posting.reason),
            ]
        ),
        heading("What it says"),
        indented(notice.body),
    ]
    if told:
        shown += [heading("What is told in it"), Padding("\n".join(told), (0, 0, 0, 2))]
    if attempts:
        rows = [(f"{a.at:%Y-%m-%d %H:%M:%S}", a.channel, a.address, a.outcome, a.reason) for a in attempts]
        shown += [heading("How it was sent"), table(["at", "channel", "address", "outcome", "reason"], rows, whole=2)]
    return shown


@app.command(epilog=examples("notices retry KEY", "notices retry --all-dead", 'notices retry --all-dead --to "Ada"'))
def retry(
    context: typer.Context,
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="KEY", help="As the list shows them.", show_default=False)
    ] = None,
    all_dead: Annotated[bool, typer.Option("--all-dead", help="All that nobody took.")] = False,
    to: Annotated[str | None, typer.Option("--to", metavar="NAME", help="Of those, the ones to somebody.")] = None,
) -> None:
    """Have notices sent that did not arrive, as if they had not been tried. A worker does so within seconds."""
    if bool(keys) == all_dead or (to and not all_dead):
        raise typer.BadParameter("name the notices, or give --all-dead, with --to for those to somebody")
    count = reaching.retry(here(context).store, keys or [], all_dead=all_dead, recipient=to)
    few = {0: "Nothing is dead; nothing has changed.", 1: "One notice is due again."}
    say(few.get(count, f"{count} notices are due again."))


@app.command("test", epilog=examples('notices test "Noor Haddad"', "notices test --partner acme"))
def try_out(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Somebody in the team.", show_default=False)
    ] = None,
    partner: Annotated[str | None, typer.Option(metavar="PARTNER", help="A partner instead.")] = None,
) -> None:
    """Send a test message by every channel that the settings of this terminal configure, and say how each did."""
    if bool(name) == bool(partner):
        raise typer.BadParameter("name somebody in the team, or a partner by --partner; one of the two")
    installation = here(context)
    with installation.store.read() as tx:
        if name:
            tx.people.refuse_unknown(name, installation.program.program.names)
        to = tx.partners.get(partner).partner if partner else tx.people.find(name or "")
    given = installation.settings.notices.addresses()
    results = reaching.send_test(given, installation.program, to, datetime.now(UTC))
    if not results:
        raise Refused(
            "the settings of this terminal have no channel for them; see GATEHOUSE_SMTP_URL, GATEHOUSE_SLACK_URL, "
            "GATEHOUSE_WEBHOOK_URL, and notices.channels in the program"
        )
    rows = [(channel, address, "failed" if wrong else "sent", wrong) for channel, address, wrong in results]
    show(table(["channel", "address", "result", "because"], rows, whole=2))
    if any(wrong for *_, wrong in results):
        raise typer.Exit(1)

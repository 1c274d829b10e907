"""`gatehouse people`: who hears of partners, and how they are reached."""

from collections import Counter
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any

import typer

from console.arguments import AsJson, day, examples, named, read_as
from console.installation import Installation, here
from console.screen import as_json, heading, remark, say, show, table
from operations import reaching
from program.address import EmailAddress
from program.person import Person, SlackChannel, SlackMember, in_shell
from store.database import Transaction

app = typer.Typer(
    help="Who hears of partners, and how they are reached.",
    no_args_is_help=True,
    epilog=examples("people list", 'people set "Noor Haddad" --email noor@example.com', "import people people.csv"),
)


PersonName = Annotated[
    str, typer.Argument(parser=named, metavar="NAME", help="The name that partners name them by.", show_default=False)
]


@app.command("list", epilog=examples("people list", "people list --json"))
def list_(context: typer.Context, json: AsJson = False) -> None:
    """List everybody whom a partner or the ladder of escalations names, the operators, and who else is known."""
    installation = here(context)
    with installation.store.read() as tx:
        people, named = tx.people.listed(installation.program.program.escalations.names), _named(tx)
        absences = [absence for absence in tx.people.absences() if absence.last >= installation.today()]
    if json:
        away = {p.name: [a.model_dump(exclude={"person"}) for a in absences if a.person == p.name] for p in people}
        as_json([{**p.model_dump(), "partners": named[p.name], "absences": away[p.name]} for p in people])
        return
    rows = [(p.name, p.email or "none", p.slack_member, p.slack_channel, named[p.name]) for p in people]
    show(table(["name", "e-mail", "Slack member", "Slack channel", "partners"], rows, whole=2))
    if absences:
        days = [(a.person, a.first, a.last, a.stand_in) for a in absences]
        show(heading("Away"), table(["name", "from", "to", "stands in"], days))


def _named(tx: Transaction) -> Counter[str]:
    """How many partners name each person."""
    partners = [standing.partner for standing in tx.partners.roster()]
    return Counter(name for p in partners for name in {p.owner, p.owner_manager} if name)


@app.command(
    "set",
    epilog=examples(
        'people set "Noor Haddad" --email noor@example.com --slack-member U012AB3CD',
        'people set "Noor Haddad" --slack-channel ""',
    ),
)
def set_(
    context: typer.Context,
    name: PersonName,
    email: Annotated[
        str | None, typer.Option(parser=read_as(EmailAddress), metavar="ADDRESS", help="Where they are written to.")
    ] = None,
    slack_member: Annotated[
        str | None,
        typer.Option(parser=read_as(SlackMember), metavar="ID", help="Their member ID: they are mentioned by it."),
    ] = None,
    slack_channel: Annotated[
        str | None,
        typer.Option(
            parser=read_as(SlackChannel), metavar="NAME", help="Of a webhook in GATEHOUSE_SLACK_URL, if not the usual."
        ),
    ] = None,
) -> None:
    """Say how somebody is reached. What is not given stays as it is, and "" removes it."""
    given = {"email": email, "slack_member": slack_member, "slack_channel": slack_channel}
    changes = {field: value or None for field, value in given.items() if value is not None}
    if not changes:
        raise typer.BadParameter("say how they are reached, by --email, --slack-member or --slack-channel")
    installation = here(context)
    person = reaching.change_person(installation.store, name, changes)
    say(_sentence(person))
    _hints(installation, person)


@app.command(
    epilog=examples('people away "Noor Haddad" --from 2026-12-21 --until 2027-01-04 --stand-in "Tom Okafor"'),
)
def away(
    context: typer.Context,
    name: PersonName,
    first: Annotated[date, typer.Option("--from", parser=day, metavar="DATE", help="The first day.")],
    last: Annotated[date, typer.Option("--until", parser=day, metavar="DATE", help="The last day.")],
    stand_in: Annotated[
        str, typer.Option("--stand-in", parser=named, metavar="NAME", help="Who is told in their place.")
    ],
) -> None:
    """Say that somebody is away, and who is told of escalations in their place. Their hours are not promised then."""
    installation = here(context)
    reaching.go_away(installation.store, installation.program.program, name, first, last, stand_in)
    say(f"{name} is away from {first} to {last}; {stand_in} stands in.")


@app.command(epilog=examples('people back "Noor Haddad"'))
def back(context: typer.Context, name: PersonName) -> None:
    """Say that somebody is back from today on, or will not go away: the next absence is withdrawn then."""
    installation = here(context)
    today = installation.today()
    absence = reaching.come_back(installation.store, name, today)
    if absence.first <= today:
        say(f"{name} is back; {absence.stand_in} does not stand in any more.")
    else:
        say(f"{name} will be there from {absence.first} to {absence.last}.")


def _sentence(person: Person) -> str:
    ways: list[tuple[str, Any]] = [
        ("by mail at", person.email),
        ("in Slack as", person.slack_member),
        ("in the Slack channel", person.slack_channel),
    ]
    found = [f"{way} {value}" for way, value in ways if value]
    return f"{person.name} is reached {', '.join(found) if found else 'nowhere'}."


def _hints(installation: Installation, person: Person) -> None:
    """What is worth knowing beside it: that nobody is named so, and that something waits for the address."""
    with installation.store.read() as tx:
        named = [*tx.people.named(), *installation.program.program.names]
    if person.name not in named:
        near = get_close_matches(person.name, named, n=1)
        meant = f"; did you mean {near[0]}?" if near else " yet."
        remark(f"Neither a partner nor the program names {person.name}{meant}")
    say_what_waits(installation, person.name)


def say_what_waits(installation: Installation, name: str) -> None:
    """Point to the notices to somebody that nobody took."""
    waiting = len(reaching.waiting_for(installation.store, name))
    if waiting:
        what = "a notice was" if waiting == 1 else f"{waiting} notices were"
        remark(f"To {name} {what} not delivered: gatehouse notices retry --all-dead --to {in_shell(name)}")

"""`gatehouse people`: who hears of partners, and how they are reached."""

from collections import Counter
from difflib import get_close_matches
from typing import Annotated, Any

import typer

from console.arguments import AsJson, examples, read_as, said
from console.installation import Installation, here
from console.screen import as_json, remark, say, show, table
from operations import reaching
from program.address import EmailAddress
from program.person import Person, SlackChannel, SlackMember
from store.database import Transaction

app = typer.Typer(
    help="Who hears of partners, and how they are reached.",
    no_args_is_help=True,
    epilog=examples("people list", 'people set "Noor Haddad" --email noor@example.com', "import people people.csv"),
)


@app.command("list", epilog=examples("people list", "people list --json"))
def list_(context: typer.Context, json: AsJson = False) -> None:
    """List everybody whom a partner names as owner or as the owner's manager, the operators, and who else is known."""
    with here(context).store.read() as tx:
        people, named = tx.people.listed(), _named(tx)
    if json:
        as_json([{**person.model_dump(), "partners": named[person.name]} for person in people])
    else:
        rows = [(p.name, p.email or "none", p.slack_member, p.slack_channel, named[p.name]) for p in people]
        show(table(["name", "e-mail", "Slack member", "Slack channel", "partners"], rows, whole=2))


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
    name: Annotated[
        str,
        typer.Argument(parser=said, metavar="NAME", help="The name that partners name them by.", show_default=False),
    ],
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
        named = tx.people.named()
    if person.name not in named:
        near = get_close_matches(person.name, named, n=1)
        remark(f"No partner names {person.name}{f'; did you mean {near[0]}?' if near else ' yet.'}")
    say_what_waits(installation, person.name)


def say_what_waits(installation: Installation, name: str) -> None:
    """Point to the notices to somebody that nobody took."""
    waiting = len(reaching.waiting_for(installation.store, name))
    if waiting:
        what = "a notice was" if waiting == 1 else f"{waiting} notices were"
        remark(f'To {name} {what} not delivered: gatehouse notices retry --all-dead --to "{name}"')

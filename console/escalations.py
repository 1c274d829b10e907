"""`gatehouse escalations`: what has stalled, who answers for it, and what is done about it."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.padding import Padding

from activities.deciding import Shelf
from activities.urging import acts, evidence
from console.arguments import AsJson, day, examples, named, said
from console.installation import here
from console.notices import became
from console.screen import as_json, details, heading, say, show, table, title, to_type
from program.answers import Answers, answers
from program.errors import Refused
from program.escalation import (
    Acknowledge,
    Act,
    AskForTime,
    Delegate,
    Escalation,
    EscalationEvent,
    EscalationState,
    LetGo,
    Reassign,
    RecordNextAction,
    ResetPilot,
    Snooze,
)
from program.notice import Posting
from store.escalations import NOT_OVER

app = typer.Typer(
    help="What has stalled, who answers for it, and what is done about it.",
    no_args_is_help=True,
    epilog=examples(
        "escalations list --owner Ada",
        'escalations ack acme/pilot/three_weeks_without_movement/pilot-1 --by Ada --note "We meet on Monday"',
        "escalations stats",
    ),
)

Key = Annotated[str, typer.Argument(metavar="KEY", help="As the list shows it.", show_default=False)]
By = Annotated[str, typer.Option("--by", parser=named, metavar="WHO", help="Who does it.")]
Note = Annotated[str, typer.Option(parser=said, metavar="TEXT", help="What will be done, or why.")]
To = Annotated[str, typer.Option(parser=named, metavar="NAME", help="Who has it from now on.")]
Until = Annotated[date, typer.Option(parser=day, metavar="DATE", help="The day it comes back, YYYY-MM-DD.")]


class What(StrEnum):
    """What `act` does."""

    NEXT_ACTION = "next-action"
    MORE_TIME = "more-time"
    RESET = "reset"
    EXIT = "exit"


@app.command(
    "list", epilog=examples("escalations list", "escalations list --owner Ada", "escalations list --all --json")
)
def list_(
    context: typer.Context,
    owner: Annotated[str, typer.Option(metavar="NAME", help="Only whose partners' owner or delegate it is.")] = "",
    state: Annotated[EscalationState | None, typer.Option(help="Only those in this state.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    json: AsJson = False,
) -> None:
    """List escalations that are not over, the oldest first."""
    states = [state] if state else [*EscalationState] if everything else NOT_OVER
    installation = here(context)
    with installation.store.read() as tx:
        found = tx.escalations.listed(states=states, owner=owner or None)
        if owner and not found:
            tx.people.refuse_unknown(owner, installation.program.program.names)
    if json:
        as_json([as_data(escalation) for escalation in found])
    elif found:
        show(*as_text(found))
    else:
        say("Nothing has been escalated yet." if everything else "No escalation is open.")


@app.command("show", epilog=examples("escalations show KEY", "escalations show KEY --json"))
def show_(context: typer.Context, key: Key, json: AsJson = False) -> None:
    """Show one escalation and all that happened to it: who was told when, and what they did."""
    store = here(context).store
    with store.read() as tx:
        escalation, events = tx.escalations.get(key), tx.escalations.events(key)
        decision = tx.decisions.get(escalation.decision)
        resets = tx.pilots.resets_left(escalation.partner)
        letters = {event.note: tx.notices.get(event.note) for event in events if event.what == "told"}
        logged = tx.notices.logged(letters)
    if json:
        as_json({**as_data(escalation), "events": [event.model_dump() for event in events]})
        return
    program = Shelf(store).get(escalation.program)
    seen = "\n".join(evidence(program.policies[escalation.policy], escalation.condition, decision))
    offered = acts(escalation, "YOU", program.program.ladder.rules, resets)
    show(*as_text([escalation]), heading("What was seen when it was opened"), Padding(seen, (0, 0, 0, 2)))
    show(*_to_do(escalation, [*letters.values()], offered), heading("What happened"))
    show(_events(events, letters, logged))


@app.command(epilog=examples('escalations ack KEY --by Ada --note "We meet on Monday"'))
def ack(context: typer.Context, key: Key, by: By, note: Note) -> None:
    """Answer for an escalation: the ladder waits, and goes on where nothing moves in some days."""
    _do(context, key, Acknowledge(who=by, note=note))


@app.command(epilog=examples('escalations snooze KEY --by Ada --until 2017-05-02 --note "They are at a fair"'))
def snooze(context: typer.Context, key: Key, by: By, until: Until, note: Note) -> None:
    """Put an escalation off to a day, with a reason."""
    _do(context, key, Snooze(who=by, note=note, until=until))


@app.command(
    epilog=examples(
        'escalations act KEY next-action --by Ada --note "Call Initech" --until 2017-04-03',
        'escalations act KEY more-time --by Ada --note "The buyer is away" --until 2017-04-10',
        'escalations act KEY reset --by Ada --note "Other accounts were agreed"',
        'escalations act KEY exit --by Max --note "Its sellers moved to another product"',
    )
)
def act(
    context: typer.Context,
    key: Key,
    what: Annotated[What, typer.Argument(help="What is done.", show_default=False)],
    by: By,
    note: Note,
    until: Annotated[
        date | None, typer.Option(parser=day, metavar="DATE", help="Of a next action, and of more time.")
    ] = None,
    who: Annotated[
        str | None,
        typer.Option(parser=named, metavar="WHO", help="Who takes the next action; the same where not said."),
    ] = None,
) -> None:
    """Do something about the partner: record its next action, ask for more time, reset its pilot, let it go."""
    chosen: Act
    match what:
        case What.RESET:
            chosen = ResetPilot(who=by, note=note)
        case What.EXIT:
            chosen = LetGo(who=by, note=note)
        case _ if until is None:
            raise Refused(f"{what} takes a day: add --until YYYY-MM-DD")
        case What.NEXT_ACTION:
            chosen = RecordNextAction(who=by, note=note, by=who or by, due_on=until)
        case What.MORE_TIME:
            chosen = AskForTime(who=by, note=note, until=until)
    _do(context, key, chosen)


@app.command(epilog=examples('escalations reassign KEY --by Max --to Grace --note "Ada has left the team"'))
def reassign(context: typer.Context, key: Key, by: By, to: To, note: Note) -> None:
    """Give the partner another owner, who hears of this escalation at once."""
    _do(context, key, Reassign(who=by, note=note, to=to))


@app.command(epilog=examples('escalations delegate KEY --by Ada --to Grace --note "Grace knows the buyer"'))
def delegate(context: typer.Context, key: Key, by: By, to: To, note: Note) -> None:
    """Have somebody else see to this escalation; the partner keeps its owner."""
    _do(context, key, Delegate(who=by, note=note, to=to))


@app.command(epilog=examples("escalations stats", "escalations stats --json"))
def stats(context: typer.Context, json: AsJson = False) -> None:
    """Say how soon escalations are answered, how many end by themselves, and how many are ignored."""
    with here(context).store.read() as tx:
        found = answers(tx.escalations.listed(states=EscalationState), tx.escalations.that_were("unanswered"))
    if json:
        as_json([one.model_dump() for one in found])
    elif found:
        show(_statistics(found))
    else:
        say("Nothing has been escalated yet.")


def _do(context: typer.Context, key: str, act: Act) -> None:
    installation = here(context)
    with installation.store.read() as tx:
        tx.escalations.get(key)  # one that is not there is said so, whether or not Temporal answers
    now = installation.act(lambda operations: operations.act_on(key, act))
    match now.state:
        case EscalationState.ACKNOWLEDGED:
            say(f"{now.answered_by} answers for it until {now.until}: {now.note}")
        case EscalationState.SNOOZED:
            say(f"It comes back on {now.until}: {now.note}")
        case EscalationState.ENDED:
            say(f"It is over: {now.note}")
        case _:
            say(f"{now.delegate or now.owner} has it now, and is told: {now.note}")


def as_data(escalation: Escalation) -> dict[str, Any]:
    """An escalation, for scripts."""
    return {"key": escalation.key, **escalation.model_dump()}


def as_text(found: list[Escalation]) -> Iterator[RenderableType]:
    """Escalations for people. Each key has a line of its own, to be copied from there."""
    for escalation in found:
        yield title(escalation.key)
        yield Padding(details(_parts(escalation)), (0, 0, 1, 2))


def _parts(escalation: Escalation) -> list[tuple[str, Any]]:
    return [
        ("state", f"{escalation.state} until {escalation.until}" if escalation.until else escalation.state),
        ("opened", escalation.opened_on),
        ("closed", escalation.closed_on),
        ("opened for", escalation.owner),
        ("delegate", escalation.delegate),
        ("because", escalation.because),
        ("advice", escalation.advice),
        ("answered by", escalation.answered_by),
        ("last said", escalation.note),
        ("decision", f"gatehouse explain {escalation.decision}"),
    ]


def _to_do(
    escalation: Escalation, letters: list[Posting], offered: Iterator[tuple[str, str]]
) -> Iterator[RenderableType]:
    """What is at stake, who was asked last to answer by when, and what anybody can do; nothing where it is over."""
    if escalation.state == EscalationState.ENDED:
        return
    yield heading("What you can do")
    if escalation.state == EscalationState.OPEN and letters:
        asked = letters[-1].notice
        yield Padding("\n".join([f"Asked last: {asked.recipient}.", *asked.at_stake]), (0, 0, 1, 2))
    for what, command in offered:
        yield to_type(f"  {what}:\n    {command}")


def _events(events: list[EscalationEvent], letters: Mapping[str, Posting], logged: Collection[str]) -> RenderableType:
    def note(event: EscalationEvent) -> str:
        letter = letters.get(event.note)
        return f"{letter.notice.kind.rpartition('.')[2]}, {became(letter, logged)}" if letter else event.note

    rows = [(f"{event.at:%Y-%m-%d %H:%M} UTC", event.what, event.who, note(event)) for event in events]
    return table(["when", "what", "who", "note"], rows, whole=2)


def _statistics(found: list[Answers]) -> RenderableType:
    rows = [
        (
            one.by if one.by == "all" else f"{one.by} {one.name}",
            one.opened,
            one.answered,
            "" if one.median_hours is None else f"{one.median_hours:g} h",
            "" if one.slowest_hours is None else f"{one.slowest_hours:g} h",
            f"{one.share_ended_by_themselves:.0%}",
            f"{one.share_ignored:.0%}",
            one.waiting,
        )
        for one in found
    ]
    columns = ["of", "opened", "answered", "median", "slowest", "itself", "ignored", "waiting"]
    return table(columns, rows)

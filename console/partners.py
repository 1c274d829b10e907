"""`gatehouse partner`: the roster, and everything about one partner."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from console import decisions, escalations, then, touches
from console.arguments import AsJson, PartnerName, day, examples, named, read_as, said
from console.installation import here
from console.people import say_what_waits
from console.screen import as_json, details, heading, say, show, table, title
from operations import reaching
from operations.acts import finish_action
from operations.serving import end_override, serve
from program.address import EmailAddress
from program.decision import Decision
from program.errors import Refused
from program.escalation import Escalation
from program.partner import PartnerId, Stage, Standing
from program.pilot import PilotTerms
from program.serving import ServiceOverride
from program.touch import Touch
from store.database import Transaction

app = typer.Typer(
    help="Where partners stand.",
    no_args_is_help=True,
    epilog=examples("partner list --stage pilot", "partner show acme"),
)


@app.command("list", epilog=examples("partner list", "partner list --stage pilot --json"))
def list_(
    context: typer.Context,
    stage: Annotated[Stage | None, typer.Option(help="Only those in this stage.")] = None,
    json: AsJson = False,
) -> None:
    """List partners by name: stage, tier, and the next day on which something happens by itself."""
    with here(context).store.read() as tx:
        roster = tx.partners.roster(*([stage] if stage else []))
    if json:
        as_json([standing_as_data(standing) for standing in roster])
        return
    if not roster:
        say(
            f"No partner is {stage}."
            if stage
            else "There is no partner yet; `gatehouse import partners FILE` adds some."
        )
        return
    rows = [
        (s.partner.id, s.partner.name, s.partner.type, s.stage, _tier(s), s.next_date, s.partner.owner) for s in roster
    ]
    show(table(["partner", "name", "type", "stage", "tier", "next date", "owner"], rows))


@app.command("set", epilog=examples("partner set acme --email partners@acme.example", 'partner set acme --email ""'))
def set_(
    context: typer.Context,
    partner: PartnerName,
    email: Annotated[
        str,
        typer.Option(parser=read_as(EmailAddress), metavar="ADDRESS", help='Where it is written to; "" for nowhere.'),
    ],
) -> None:
    """Say where a partner is written to. Its other details come with `import partners`."""
    installation = here(context)
    changed = reaching.change_email(installation.store, partner, email or None)
    say(
        f"{changed.name} is written to at {changed.email}."
        if changed.email
        else f"{changed.name} is written to nowhere."
    )
    say_what_waits(installation, changed.name)


@app.command(
    "serve",
    epilog=examples(
        'partner serve acme --tier strategic --until 2026-12-18 --by Ada --reason "A deal with Initech"',
        "partner serve acme --end",
    ),
)
def serve_(
    context: typer.Context,
    partner: PartnerName,
    tier: Annotated[str | None, typer.Option(metavar="TIER", help="Whose service it receives.")] = None,
    until: Annotated[date | None, typer.Option(parser=day, metavar="DATE", help="The last day, YYYY-MM-DD.")] = None,
    by: Annotated[str | None, typer.Option(parser=named, metavar="WHO", help="Who grants it.")] = None,
    reason: Annotated[str | None, typer.Option(parser=said, metavar="TEXT", help="Why, such as a live deal.")] = None,
    end: Annotated[bool, typer.Option("--end", help="End the one that it has: today is the last day.")] = False,
) -> None:
    """Serve a live deal: give a partner another tier's service until a day. It ends by itself, and the tier stays."""
    installation = here(context)
    today = installation.today()
    if end and (tier, until, by, reason) != (None,) * 4:
        raise typer.BadParameter("--end stands alone: it ends the override that there is")
    if end:
        with installation.store.write() as tx:
            ended = end_override(tx, partner, today)
        say(f"{partner}: the service of {ended.tier} ends today, {today}.")
        return
    if tier is None or until is None or by is None or reason is None:
        raise typer.BadParameter("say --tier, --until, --by and --reason, or --end")
    if until < today:
        raise Refused(f"{until} is over; an override ends today, {today}, or later")
    override = ServiceOverride(partner=partner, tier=tier, first=today, until=until, reason=reason, granted_by=by)
    with installation.store.write() as tx:
        serve(tx, installation.program.program, override, datetime.now(UTC))
        own = tx.partners.get(partner).tier
    say(f"{partner} receives what {tier} does until {until}; its tier stays {own}.")


@app.command(
    "done", epilog=examples('partner done acme "Call Initech"', 'partner done acme "Call Initech" --on 2017-04-03')
)
def done_(
    context: typer.Context,
    partner: PartnerName,
    what: Annotated[str, typer.Argument(parser=said, metavar="WHAT", help="As it was agreed.", show_default=False)],
    on: Annotated[date | None, typer.Option(parser=day, metavar="DATE", help="The day, YYYY-MM-DD; today.")] = None,
) -> None:
    """Record that something was done that `pilot next-action` has recorded as agreed."""
    installation = here(context)
    today = installation.today()
    with installation.store.write() as tx:
        finish_action(tx, partner, what, on or today, today)
    say(f"{partner}: {what} was done on {on or today}.")


def standing_as_data(standing: Standing) -> dict[str, Any]:
    """Where a partner stands, for scripts."""
    return {**standing.partner.model_dump(), **standing.model_dump(exclude={"partner"})}


def _served(override: ServiceOverride) -> str:
    return f"{override.tier} until {override.until}, granted by {override.granted_by}: {override.reason}"


def _tier(standing: Standing) -> str | None:
    return f"{standing.tier}, at risk" if standing.at_risk else standing.tier


@app.command(
    "show",
    epilog=examples(
        "partner show acme", "partner show acme --as-of 2017-03-31 --known-at 2017-04-02", "partner show acme --json"
    ),
)
def show_(
    context: typer.Context,
    partner: PartnerName,
    last: Annotated[int, typer.Option(min=1, metavar="N", help="How many of its decisions.")] = 12,
    as_of: Annotated[
        date | None, typer.Option(parser=day, metavar="DATE", help="What was true on that day, as is known by now.")
    ] = None,
    known_at: Annotated[
        str | None,
        typer.Option(metavar="INSTANT", help="With --as-of: only what was known then; a day alone means its end."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Show where a partner stands, how it came there, its pilots, decisions with reasons, and open escalations.

    With --as-of, what was true of it on a day, and with --known-at what was known of that at an instant, such as
    2017-03-05T10:00:00Z: a deal that was imported late is in the first and not in the second.
    """
    installation = here(context)
    if as_of or known_at:
        then.show_then(installation, partner, as_of, known_at, last, json=json)
        return
    with installation.store.read() as tx:
        dossier = Dossier.read(tx, partner, installation.today(), last)
    if json:
        as_json(dossier.as_data())
    else:
        show(*dossier.as_text())


@dataclass(frozen=True)
class Dossier:
    """All that is on record about one partner."""

    standing: Standing
    moves: list[tuple[date, Stage, Stage, str]]
    pilots: list[tuple[int, PilotTerms, date | None, str | None]]
    prepared: tuple[int, int, bool]
    """Accounts, plays, and whether a next action is due still."""
    decisions: list[tuple[int, Decision]]
    escalations: list[Escalation]
    touches: list[Touch]
    serving: list[ServiceOverride]
    """Overrides of its tier's service, those that are over included."""
    today: date

    @classmethod
    def read(cls, tx: Transaction, partner: PartnerId, today: date, last: int) -> "Dossier":
        """Everything as it is recorded today, with the last few decisions."""
        return cls(
            standing=tx.partners.get(partner),
            moves=tx.partners.moves(partner),
            pilots=tx.pilots.of(partner),
            prepared=tx.preparation.counts(partner, today),
            decisions=tx.decisions.listed(partner=partner, last=last),
            escalations=tx.escalations.listed(partner=partner),
            touches=tx.touches.latest(partner, today, then.EVERYTHING),
            serving=tx.serving.of([partner])[partner],
            today=today,
        )

    def as_data(self) -> dict[str, Any]:
        """The same for scripts."""
        accounts, plays, next_action = self.prepared
        return {
            **standing_as_data(self.standing),
            "moves": [{"day": d, "from": f, "to": t, "because": why} for d, f, t, why in self.moves],
            "pilots": [
                {
                    "application": application,
                    "number": terms.number,
                    "started_on": terms.started_on,
                    "verdict_on": terms.last_day,
                    "targets": terms.targets,
                    "plan": terms.plan,
                    "program": terms.program,
                    "ended_on": ended_on,
                    "verdict": verdict,
                }
                for application, terms, ended_on, verdict in self.pilots
            ],
            "accounts": accounts,
            "plays": plays,
            "next_action": next_action,
            "decisions": [decisions.as_data(number, decision) for number, decision in self.decisions],
            "escalations": [escalations.as_data(escalation) for escalation in self.escalations],
            "touches": list(map(touches.as_data, self.touches)),
            "service_overrides": self.serving,
        }

    def as_text(self) -> Iterator[RenderableType]:
        """The same for people, part by part."""
        partner = self.standing.partner
        yield title(f"{partner.name} ({partner.id})")
        yield self._head()
        if self.moves:
            yield heading("How it came here")
            yield table(["day", "from", "to", "because"], self.moves, whole=3)
        if self.pilots:
            yield heading("Pilots")
            yield self._pilots()
        yield from touches.as_text(self.touches)
        if self.decisions:
            yield heading("Decisions, the latest at the end; gatehouse explain ID says why")
            yield decisions.as_table(self.decisions, with_partner=False)
        if self.escalations:
            yield heading("Open escalations")
            yield from escalations.as_text(self.escalations)

    def _head(self) -> RenderableType:
        standing, partner = self.standing, self.standing.partner
        since = f" since {standing.since}" if standing.since else ""
        lead = f", reports to {partner.owner_manager}" if partner.owner_manager else ""
        rows = [
            ("stage", f"{standing.stage}{since}"),
            ("tier", _tier(standing)),
            ("service", next((_served(one) for one in self.serving if one.holds(self.today)), None)),
            ("next date", standing.next_date),
            ("applications", standing.application),
            ("type, region", f"{partner.type}, {partner.region}"),
            ("owner", f"{partner.owner}{lead}"),
            ("written to at", partner.email),
        ]
        if standing.stage == Stage.PILOT:
            plan = self.pilots[-1][1].plan
            accounts, plays, next_action = self.prepared
            rows += [
                ("accounts", f"{accounts} mapped, of {plan.fewest_accounts} to {plan.most_accounts}"),
                ("joint plays", f"{plays} agreed, of {plan.plays}"),
                ("next action", "recorded" if next_action else "none recorded"),
            ]
        return details(rows)

    def _pilots(self) -> RenderableType:
        columns = ["application", "pilot", "started", "verdict on", "it has to show", "ended", "verdict"]
        rows = [
            (
                application,
                terms.number,
                terms.started_on,
                terms.last_day,
                f"{terms.targets.qualified} qualified, {terms.targets.progressed} progressed",
                ended_on,
                verdict,
            )
            for application, terms, ended_on, verdict in self.pilots
        ]
        return table(columns, rows, whole=4)

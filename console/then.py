"""What was true of a partner on a day, and what was known of it at an instant."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import typer
from rich.console import RenderableType

from console import decisions, escalations, touches
from console.arguments import day
from console.installation import Installation
from console.screen import as_json, details, heading, show, table, title
from program.calendar import Clock
from program.decision import Decision
from program.errors import Refused
from program.escalation import Escalation
from program.movement import WARN
from program.opportunity import Opportunity
from program.partner import PartnerId, Stage
from program.pilot import PilotTerms, achieved
from program.touch import Touch
from store.database import Transaction
from store.facts import Known
from store.partners import Stood

EVERYTHING: Final = datetime.max.replace(tzinfo=UTC)
"""The instant by which all was known that is known by now."""

_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})", re.ASCII)


def show_then(
    installation: Installation, partner: PartnerId, as_of: date | None, known_at: str | None, last: int, *, json: bool
) -> None:
    """Show a partner as it was on a day.

    Raises:
        Refused: where the day is still to come, or nothing was known of the partner.
    """
    if as_of is None:
        raise typer.BadParameter("say of which day, with --as-of; --known-at says by when it was known")
    if as_of > installation.today():
        raise Refused(f"{as_of} has not come yet; today is {installation.today()}")
    known = instant(known_at, installation.clock) if known_at else None
    with installation.store.read() as tx:
        then = Then.read(tx, partner, as_of, known, installation.clock, last)
    if json:
        as_json(then.as_data())
        return
    show(*then.as_text())


def instant(text: str, clock: Clock) -> datetime:
    """Read an instant with its time zone; a day alone stands for its end in the program's."""
    try:
        if _INSTANT.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
        if "T" not in text:
            return clock.starts(day(text) + timedelta(days=1)) - timedelta(microseconds=1)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"there is no instant {text} in the calendar") from None
    raise typer.BadParameter(f"{text!r} is no instant; write one with its time zone, such as 2017-03-05T10:00:00Z")


@dataclass(frozen=True)
class Tier:
    """A tier that a partner had, and what had put it there."""

    name: str
    at_risk: bool
    by: str


@dataclass(frozen=True)
class Pilot:
    """How a pilot stood: what a checkpoint on that day would have counted."""

    terms: PilotTerms
    progress: Mapping[str, Any]
    accounts: int | None
    """None where nobody can tell; so for plays, and whether a next action was due still."""
    plays: int | None
    next_action: bool | None

    def as_data(self) -> dict[str, Any]:
        """The same for scripts."""
        return {
            "number": self.terms.number,
            "started_on": self.terms.started_on,
            "verdict_on": self.terms.last_day,
            **self.progress,
            "accounts": self.accounts,
            "plays": self.plays,
            "next_action": self.next_action,
        }

    def as_rows(self, as_of: date) -> list[tuple[str, Any]]:
        """The same for people."""
        terms, done, plan = self.terms, self.progress, self.terms.plan
        mutual = done["mutual_deals"]
        return [
            ("pilot", f"{terms.number}, day {(as_of - terms.started_on).days} of {plan.days}"),
            ("created", done["opportunities_created"]),
            ("qualified", f"{done['qualified_opportunities']} of {terms.targets.qualified}"),
            ("progressed", f"{done['progressed_on_time']} of {terms.targets.progressed}"),
            ("worked by both", "not known" if mutual is None else mutual),
            ("accounts", None if self.accounts is None else f"{self.accounts} mapped"),
            ("joint plays", None if self.plays is None else f"{self.plays} agreed"),
            ("next action", None if self.next_action is None else "recorded" if self.next_action else "none recorded"),
        ]


@dataclass(frozen=True)
class Then:
    """A partner on a day."""

    partner: PartnerId
    name: str
    as_of: date
    known_at: datetime | None
    """None for all that is known by now."""
    stage: Stage
    since: date | None
    because: str | None
    tier: Tier | None
    opportunities: dict[str, Any]
    pilot: Pilot | None
    facts: dict[str, Known]
    touches: list[Touch]
    decisions: list[tuple[int, Decision]]
    escalations: list[Escalation] | None
    """None where nobody can tell."""

    @classmethod
    def read(
        cls, tx: Transaction, partner: PartnerId, as_of: date, known_at: datetime | None, clock: Clock, last: int
    ) -> "Then":
        """A partner as of a day, by what was known at an instant.

        Raises:
            Refused: where there is no such partner, or nothing was known of it yet.
        """
        by = known_at or EVERYTHING
        added = tx.partners.known_since(partner)
        if by < added:
            raise Refused(f"nothing was known of {partner} at {_utc(by)}; it was added at {_utc(added)}")
        stood = tx.partners.stood(partner, as_of, by)
        return cls(
            partner=partner,
            name=tx.partners.get(partner).partner.name,
            as_of=as_of,
            known_at=known_at,
            stage=stood.stage if stood else Stage.PROSPECT,
            since=stood.since if stood else None,
            because=stood.because if stood else None,
            tier=_tier(tx, partner, stood, as_of, by, clock) if stood else None,
            opportunities=_counted(tx.opportunities.of(partner, as_of, by)),
            pilot=_pilot(tx, partner, stood.since, as_of, known_at) if stood and stood.stage == Stage.PILOT else None,
            facts=tx.facts.of(partner, as_of, by),
            touches=tx.touches.latest(partner, as_of, by),
            decisions=tx.decisions.listed(partner=partner, as_of=as_of, known_at=by, last=last),
            escalations=None if known_at else tx.escalations.as_of(partner, as_of),
        )

    @property
    def left_out(self) -> list[str]:
        """What is not told, and why."""
        if self.known_at is None:
            answered = any(escalation.answered_by for escalation in self.escalations or [])
            return ["When an escalation was answered is not kept: it may have been later."] if answered else []
        preparation = "Mapped accounts, joint plays and next actions are left out: when they were learned is not kept."
        return [
            *([preparation] if self.pilot else []),
            "Escalations are left out: when they were learned is not kept.",
        ]

    def as_data(self) -> dict[str, Any]:
        """The same for scripts."""
        return {
            "id": self.partner,
            "name": self.name,
            "as_of": self.as_of,
            "known_at": self.known_at,
            "stage": self.stage,
            "since": self.since,
            "because": self.because,
            "tier": self.tier.name if self.tier else None,
            "at_risk": self.tier.at_risk if self.tier else False,
            "tier_by": self.tier.by if self.tier else None,
            "opportunities": self.opportunities,
            "pilot": self.pilot.as_data() if self.pilot else None,
            "facts": [
                {"name": name, "value": fact.value, "source": fact.source, "true_of": fact.true_of}
                for name, fact in sorted(self.facts.items())
            ],
            "touches": list(map(touches.as_data, self.touches)),
            "decisions": [decisions.as_data(number, decision) for number, decision in self.decisions],
            "escalations": None if self.escalations is None else list(map(escalations.as_data, self.escalations)),
            "left_out": self.left_out,
        }

    def as_text(self) -> Iterator[RenderableType]:
        """The same for people, part by part."""
        by = f"by what was known at {_utc(self.known_at)}" if self.known_at else "by what is known by now"
        yield title(f"{self.name} ({self.partner}) as of {self.as_of}, {by}")
        yield details(self._head())
        if self.pilot:
            yield heading("Its pilot, as a checkpoint on that day would count")
            yield details(self.pilot.as_rows(self.as_of))
        if self.facts:
            yield heading("Recorded facts")
            rows = [(name, fact.value, fact.source, fact.true_of) for name, fact in sorted(self.facts.items())]
            yield table(["fact", "value", "from", "true of"], rows)
        yield from touches.as_text(self.touches)
        if self.decisions:
            yield heading("Decisions by then, the latest at the end")
            yield decisions.as_table(self.decisions, with_partner=False)
        if self.escalations:
            yield heading("Escalations that had not ended")
            yield from escalations.as_text(self.escalations)
        if self.left_out:
            yield heading("What is not told")
            yield "\n".join(self.left_out)

    def _head(self) -> list[tuple[str, Any]]:
        o = self.opportunities
        unknown = f"; the value of {o['of_unknown_value']} is not known" if o["of_unknown_value"] else ""
        risk = ", at risk" if self.tier and self.tier.at_risk else ""
        return [
            ("stage", f"{self.stage} since {self.since}" if self.since else self.stage),
            ("because", self.because),
            ("tier", f"{self.tier.name}{risk}, by {self.tier.by}" if self.tier else None),
            ("opportunities", f"{o['created']}: {o['qualified']} qualified, {o['progressed']} progressed"),
            ("of these", f"{o['won']} won, {o['lost']} lost, {o['open']} open"),
            ("worth", f"{o['won_value']:,} won, {o['open_value']:,} open{unknown}"),
        ]


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _tier(
    tx: Transaction, partner: PartnerId, stood: Stood, as_of: date, known_at: datetime, clock: Clock
) -> Tier | None:
    """The tier it came into its stage with, or the one that a re-score has moved it to since."""
    found = Tier(stood.tier, at_risk=False, by=f"its move of {stood.since}") if stood.tier else None
    if stood.stage == Stage.ACTIVE:
        for quarter, at, move in tx.rescores.published_of(partner, stood.since, known_at):
            if clock.today(at) <= as_of:
                by = f"the re-score of {quarter}, published on {clock.today(at)}"
                found = Tier(move.record.tier, at_risk=move.move == WARN, by=by)
    return found


def _pilot(tx: Transaction, partner: PartnerId, since: date, as_of: date, known_at: datetime | None) -> Pilot | None:
    begun = [terms for _, terms, _, _ in tx.pilots.of(partner) if terms.started_on == since]
    if not begun:
        return None
    opportunities = tx.opportunities.of(partner, as_of, known_at or EVERYTHING, since)
    nobody_can_tell = (None, None, None)
    accounts, plays, next_action = nobody_can_tell if known_at else tx.preparation.counts(partner, as_of)
    return Pilot(begun[-1], achieved(begun[-1], as_of, opportunities), accounts, plays, next_action)


def _counted(opportunities: list[Opportunity]) -> dict[str, Any]:
    won = [o for o in opportunities if o.won]
    still_open = [o for o in opportunities if o.won is None]
    return {
        "created": len(opportunities),
        "qualified": sum(o.qualified_on is not None for o in opportunities),
        "progressed": sum(o.progressed_on is not None for o in opportunities),
        "won": len(won),
        "lost": sum(o.won is False for o in opportunities),
        "open": len(still_open),
        "won_value": sum((o.value or 0 for o in won), Decimal(0)),
        "open_value": sum((o.value or 0 for o in still_open), Decimal(0)),
        "of_unknown_value": sum(o.value is None for o in [*won, *still_open]),
    }

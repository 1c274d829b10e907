"""What a simulation reports: everything is read from the store, as anybody could read it."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from program.calendar import Quarter
from program.decision import Decision
from program.escalation import EscalationState
from program.partner import Partner, PartnerId, Stage
from rules.lifecycle import CHECKPOINT, MOVEMENT, QUALIFICATION, VERDICT
from store.database import Store, Transaction

KINDS: Final = {QUALIFICATION: "qualification", CHECKPOINT: "checkpoint", VERDICT: "verdict", MOVEMENT: "tier"}


class Event(BaseModel):
    """Something that was decided about a partner, or came of it."""

    model_config = ConfigDict(frozen=True)

    date: date
    kind: str
    policy: str | None
    outcome: str | None
    rule: str | None
    because: str


class Life(BaseModel):
    """What happened to one partner, and where it stands at the end."""

    model_config = ConfigDict(frozen=True)

    id: PartnerId
    name: str
    stage: Stage
    tier: str | None
    events: list[Event]


class QuarterResult(BaseModel):
    """What a re-score did to the roster."""

    model_config = ConfigDict(frozen=True)

    quarter: str
    tiers: dict[str, int]
    moves: dict[str, int]


class Report(BaseModel):
    """A simulation's result."""

    model_config = ConfigDict(frozen=True)

    partners: list[Life]
    quarters: list[QuarterResult]
    escalations: list[dict[str, Any]]

    @property
    def verdicts(self) -> Counter[str]:
        """How often each verdict was given."""
        return Counter(e.outcome or "open" for life in self.partners for e in life.events if e.kind == "verdict")


def report(store: Store, partners: Sequence[Partner]) -> Report:
    """Read a report from the store, partners in the order of their file."""
    with store.read() as tx:
        quarters = []
        for name, published in tx.rescores.begun():
            if published:
                tiers, moves = tx.rescores.summary(Quarter.parse(name))
                quarters.append(QuarterResult(quarter=name, tiers=tiers, moves=moves))
        return Report(
            partners=[_life(tx, partner) for partner in partners],
            quarters=quarters,
            escalations=[e.model_dump(mode="json") for e in tx.escalations.listed(states=EscalationState)],
        )


def _life(tx: Transaction, partner: Partner) -> Life:
    decisions = [decision for _, decision in tx.decisions.listed(partner=partner.id)]
    events = [_decided(decision) for decision in decisions if decision.policy in KINDS]
    events += [
        Event(date=day, kind="exit", policy=_cause(decisions, day), outcome=stage, rule=None, because=because)
        for day, _, stage, because in tx.partners.moves(partner.id)
        if stage == Stage.EXITED
    ]
    standing = tx.partners.get(partner.id)
    return Life(
        id=partner.id,
        name=partner.name,
        stage=standing.stage,
        tier=standing.tier,
        events=sorted(events, key=lambda event: event.date),
    )


def _decided(decision: Decision) -> Event:
    ruling = decision.ruling
    return Event(
        date=decision.as_of,
        kind=KINDS[decision.policy],
        policy=decision.policy,
        outcome=ruling.outcome,
        rule=ruling.rule,
        because=ruling.because,
    )


def _cause(decisions: Sequence[Decision], day: date) -> str | None:
    """The policy whose decision let a partner go; None where somebody did."""
    causes = [d.policy for d in decisions if d.ruling.outcome == "exit" and d.as_of <= day]
    return causes[-1] if causes else None

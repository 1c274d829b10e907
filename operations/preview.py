"""What a draft of a program would have decided: every recorded decision, the roster's tiers, the pilots that run.

Nothing is written. What happened because of a decision is not played through: each one is made again by itself, on what
was known then.
"""

from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict

from operations.past import NOT_REMADE, Past, Rescored, progress
from program.calendar import Quarter
from program.decision import Ruling, as_recorded
from program.partner import PartnerId, Standing
from program.pilot import PilotTerms
from rules.decision.decide import decide
from rules.evaluators.engine import engine_for
from rules.folder import LoadedProgram
from rules.lifecycle import VERDICT
from rules.redecide import terms_under
from store.database import Store


class Model(BaseModel):
    """What all parts of a preview share."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Outcome(Model):
    """What was or would be decided, and by which rule; no outcome where it stays open."""

    outcome: str | None
    rule: str | None


class Remade(Model):
    """A recorded decision that would come out otherwise, or that cannot be made again."""

    decision: int
    partner: PartnerId
    policy: str
    purpose: str
    as_of: date
    then: Outcome
    now: Outcome | None
    """None where it cannot be made again."""
    because: str
    """Why it would come out so, or why it cannot be made again."""


class TierBalance(Model):
    """A tier's partners and hours, as they were published and as they would have been."""

    tier: str
    partners_then: int
    partners_now: int
    hours_then: Decimal
    hours_now: Decimal


class TierChange(Model):
    """A partner whose tier would be another. None for one that leaves."""

    partner: PartnerId
    then: str | None
    now: str | None


class PilotChange(Model):
    """A running pilot whose verdict, given today, would be another. It keeps the program that it was agreed on."""

    partner: PartnerId
    day: int
    """How many of its days are over."""
    own: Outcome
    """Under its terms."""
    draft: Outcome
    """Under the terms that the draft would have given it."""
    because: str


class Preview(Model):
    """What a draft would change."""

    version: int
    since: date | None
    looked_at: int
    """Recorded decisions."""
    movers: tuple[Remade, ...]
    not_remade: tuple[Remade, ...]
    quarter: Quarter | None
    """The last one whose re-score was published."""
    tiers: tuple[TierBalance, ...]
    tier_changes: tuple[TierChange, ...]
    pilots: int
    """That run."""
    pilot_changes: tuple[PilotChange, ...]


def preview(store: Store, draft: LoadedProgram, today: date, now: datetime, since: date | None = None) -> Preview:
    """What a draft would have decided of all that was decided as of a day or later, and would decide of pilots today.

    Raises:
        Unfit: where the engine could not run the draft.
    """
    for policy in draft.policies.values():
        engine_for(policy)
    with store.read() as tx:
        past = Past(tx, draft)
        looked_at = [number for number, decision in past.decisions.items() if not since or decision.as_of >= since]
        remade = [one for number in looked_at if (one := _remade(past, number))]
        published = [quarter for quarter in past.quarters.values() if quarter.terms.published]
        tiers, tier_changes = _tiers(past, published[-1]) if published else ([], [])
        pilots = [_judged(past, partner, terms, today, now) for partner, terms in past.running()]
        return Preview(
            version=draft.program.version,
            since=since,
            looked_at=len(looked_at),
            movers=tuple(one for one in remade if one.now),
            not_remade=tuple(one for one in remade if not one.now),
            quarter=published[-1].terms.quarter if published else None,
            tiers=tuple(tiers),
            tier_changes=tuple(tier_changes),
            pilots=len(pilots),
            pilot_changes=tuple(pilot for pilot in pilots if pilot.own.outcome != pilot.draft.outcome),
        )


def _remade(past: Past, number: int) -> Remade | None:
    """What becomes of a decision; None where it comes out as it did."""
    decision = past.decisions[number]
    then = Outcome(outcome=decision.ruling.outcome, rule=decision.ruling.rule)
    about = {"decision": number, **decision.model_dump(include={"partner", "policy", "purpose", "as_of"})}
    try:
        ruling = past.ruling(number)
    except NOT_REMADE as reason:
        return Remade(**about, then=then, now=None, because=str(reason))
    if ruling.outcome == decision.ruling.outcome:
        return None
    return Remade(**about, then=then, now=Outcome(outcome=ruling.outcome, rule=ruling.rule), because=ruling.because)


def _tiers(past: Past, rescored: Rescored) -> tuple[list[TierBalance], list[TierChange]]:
    """The tiers of a re-score, as they were published and as they would have been."""
    then = {partner: None if move.move == "exit" else move.record.tier for partner, move in rescored.moves.items()}
    now = {partner: rescored.then.get(partner, tier) for partner, tier in then.items()}
    programs = (past.program(rescored.terms.program).program, past.draft.program)
    hours_then, hours_now = ({tier.id: tier.service.hours for tier in program.tiers} for program in programs)
    counts_then, counts_now = Counter(then.values()), Counter(now.values())
    balances = [
        TierBalance(
            tier=tier,
            partners_then=counts_then[tier],
            partners_now=counts_now[tier],
            hours_then=counts_then[tier] * hours_then.get(tier, Decimal(0)),
            hours_now=counts_now[tier] * hours_now.get(tier, Decimal(0)),
        )
        for tier in dict.fromkeys([*hours_now, *hours_then])
    ]
    return balances, [TierChange(partner=p, then=then[p], now=now[p]) for p in then if then[p] != now[p]]


def _judged(past: Past, standing: Standing, terms: PilotTerms, today: date, now: datetime) -> PilotChange:
    """A running pilot's verdict, as if it were given today, under its own terms and under the draft's."""
    partner = standing.partner
    seen, recorded = past.seen(partner.id, terms, today, now), past.recorded(partner.id, today, now)
    drafts = terms_under(past.draft, partner.type, terms)
    own = _verdict(past.program(terms.program), {**recorded, **progress(terms, today, seen)})
    draft = _verdict(past.draft, {**recorded, **progress(drafts, today, seen)})
    return PilotChange(
        partner=partner.id,
        day=(today - terms.started_on).days,
        own=Outcome(outcome=own.outcome, rule=own.rule),
        draft=Outcome(outcome=draft.outcome, rule=draft.rule),
        because=draft.because,
    )


def _verdict(program: LoadedProgram, facts: dict[str, Any]) -> Ruling:
    policy = program.policies[VERDICT]
    known = as_recorded({name: facts[name] for name in policy.facts if facts.get(name) is not None})
    try:
        return decide(policy, known)
    except NOT_REMADE as reason:
        return Ruling(outcome=None, because=str(reason))

"""What pilots and stalls are decided on: gathered from the store, by where each fact comes from.

Whoever decides for the first time and whoever looks whether it is still so gather it here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from activities.deciding import rules_of
from activities.scoring import rated_facts
from program.opportunity import Opportunity
from program.partner import PartnerId, Stage, Standing
from program.pilot import PilotTerms, achieved, agreed, week_of
from program.serving import served_as
from program.stall import UNANSWERED, Seen, Service, accepted, observed, waited
from rules.folder import LoadedProgram
from store.database import Transaction

Facts = dict[str, dict[str, Any]]
"""Facts by where they come from, then by name."""

OPPORTUNITIES, PREPARATION = "opportunities", "preparation"
"""Where facts of a pilot come from, beside its terms."""

OF_TOUCHES = "touches: "
"""Where facts of a service come from; the kind of touch follows."""

OF_OPPORTUNITY = "opportunity "
"""Where it comes from for how long an answer is waited for; which one it is follows."""


@dataclass(frozen=True)
class Glance:
    """A pilot, and as of when it is looked at."""

    partner: PartnerId
    application: int
    terms: PilotTerms
    as_of: date
    known_at: datetime


def of_verdict(tx: Transaction, glance: Glance) -> Facts:
    """What a pilot has shown before a day."""
    return _of_pilot(tx, glance, before=glance.as_of)


def of_week(tx: Transaction, glance: Glance, week: int) -> Facts:
    """The same, and how the weeks went that the checkpoint of one looks back on."""
    return _of_pilot(tx, glance, before=glance.as_of, week=week)


def of_today(tx: Transaction, glance: Glance) -> Facts:
    """How a pilot stands at the end of a day, as if its week ended then."""
    week = max((glance.as_of - glance.terms.started_on).days // glance.terms.plan.checkpoint_every, 0) + 1
    return _of_pilot(tx, glance, before=glance.as_of + timedelta(days=1), week=week)


def _of_pilot(tx: Transaction, glance: Glance, before: date, week: int | None = None) -> Facts:
    partner, terms, as_of = glance.partner, glance.terms, glance.as_of
    opportunities = tx.opportunities.of(partner, as_of, glance.known_at, terms.started_on)
    accounts, plays, next_action = tx.preparation.counts(partner, as_of)
    facts: Facts = {
        OPPORTUNITIES: dict(achieved(terms, before, opportunities)),
        f"terms of pilot {terms.number} of application {glance.application}": dict(agreed(terms, before)),
        PREPARATION: {"mapped_accounts": accounts, "joint_plays": plays, "next_action_open": next_action},
    }
    if week is not None:
        weeks = [week_of(terms, number, opportunities) for number in terms.looked_back_on(week)]
        facts[OPPORTUNITIES]["checkpoint"] = [one.model_dump() for one in weeks]
        # The days after the last checkpoint are a week that none ends: it is looked at with the last one's number.
        facts["calendar"] = {"week": min(week, terms.weeks)}
    return facts


def of_roster(
    tx: Transaction, program: LoadedProgram, standings: Iterable[Standing], as_of: date, known_at: datetime
) -> dict[PartnerId, Facts]:
    """How partners outside a pilot stand at the end of a day; nothing of those that entered their stage later."""
    there = {s.partner.id: s for s in standings if s.since is not None and s.since <= as_of}
    opportunities = tx.opportunities.by_partner(there, as_of, known_at)
    own = {p: (s.tier, s.since) for p, s in there.items() if s.stage == Stage.ACTIVE and s.since}
    services = services_of(tx, program, own, as_of, known_at)
    missing = {partner: facts for partner, facts in tx.rescores.missing(there, known_at).items() if facts}
    brought = rated_facts(tx, program.program, missing, as_of, known_at)
    found: dict[PartnerId, Facts] = {}
    for partner, standing in there.items():
        assert standing.since is not None
        rules = program.program.for_type(standing.partner.type)
        seen = Seen(
            stage=standing.stage,
            since=standing.since,
            opportunities=opportunities[partner],
            unknown_factors=sum(brought[partner].get(fact) is None for fact in missing.get(partner, ())),
        )
        facts = observed(seen, as_of, rules.calendar.business_days)
        answer = {UNANSWERED: facts.pop(UNANSWERED)}
        found[partner] = {
            "stage": {"stage": standing.stage.value},
            "opportunities and stage": facts,
            _waiting(seen.waits): answer,
            rules_of(program): accepted(rules, standing.stage, standing.tier),
        }
        if partner in services:
            wait = waited(rules, services[partner], as_of)
            found[partner][f"{OF_TOUCHES}{wait.kind}"] = wait.facts
    return found


def _waiting(waits: Opportunity | None) -> str:
    """Which opportunity has waited longest for our answer."""
    return OF_OPPORTUNITY + ", ".join(filter(None, (waits.id, waits.account))) if waits else "opportunities"


def services_of(
    tx: Transaction,
    program: LoadedProgram,
    own: Mapping[PartnerId, tuple[str | None, date]],
    as_of: date,
    known_at: datetime,
) -> dict[PartnerId, Service]:
    """What active partners receive on a day, by their own tiers and the days on which they became active."""
    overrides = tx.serving.begun(own, as_of, known_at)
    moved = tx.rescores.last_moved(own, known_at)
    touches = tx.touches.last(own, as_of, known_at)
    tiers = {tier.id for tier in program.program.tiers}
    found = {}
    for partner, (tier, since) in own.items():
        there = [override for override in overrides[partner] if override.tier in tiers]
        received, owed_since = served_as(tier, max(since, moved.get(partner, since)), there, as_of)
        found[partner] = Service(received, owed_since, touches.get(partner, {}))
    return found

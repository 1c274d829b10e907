"""Whether what an escalation is about is still so: opened with a stall, ended by the evidence that mends it."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final

from activities import gathering
from activities.deciding import Occasion, known
from activities.ending import Ended, Ending, end
from activities.gathering import Facts, Glance
from activities.opening import open_escalation
from program.calendar import Clock, Quarter
from program.decision import Decision, Ruling
from program.escalation import Escalation, EscalationState
from program.partner import Stage, Standing
from program.pilot import PilotTerms
from rules.decision.decide import decide
from rules.explanation.mended import mended
from rules.folder import LoadedProgram
from rules.language.policy import Policy
from rules.lifecycle import CHECKPOINT, STALL, VERDICT
from store.database import Transaction

STALLED: Final = "stalled"
"""The outcome that opens escalations."""

IS: Final = {
    Stage.APPLIED: "waiting for its scorecard",
    Stage.DEFERRED: "deferred",
    Stage.PILOT: "in its pilot",
    Stage.ACTIVE: "active",
}


def cycle_of(standing: Standing, as_of: date, terms: PilotTerms | None = None) -> str:
    """What a stall happens in: a quarter, a pilot, an application."""
    if standing.stage == Stage.ACTIVE:
        return str(Quarter.of(as_of))
    application = f"application-{standing.application}"
    return f"{application}/pilot-{terms.number}" if terms else application


def open_stalls(
    tx: Transaction,
    program: LoadedProgram,
    watched: Iterable[Escalation],
    at: tuple[Stage, str],
    found: tuple[int, Decision],
    clock: Clock,
) -> tuple[tuple[Escalation, ...], tuple[str, ...]]:
    """Open an escalation for each condition that a decision found, in a stage and cycle.

    Returns those that are not over, so that their workflows run whatever was interrupted, and the notices of those
    that it found first.
    """
    number, decision = found
    stage, cycle = at
    known = {e.condition: e for e in watched if e.cycle == cycle and e.decision != number}
    opened: list[Escalation] = []
    notices: list[str] = []
    for rule in _conditions(program.policies[decision.policy], decision.ruling):
        if rule in known:
            opened += [known[rule]] if known[rule].state != EscalationState.ENDED else []
            continue
        escalation, told = open_escalation(tx, program, stage, cycle, found, clock, rule=rule)
        opened += [escalation] if escalation else []
        notices += told
    return tuple(opened), tuple(notices)


def _conditions(policy: Policy, ruling: Ruling) -> list[str]:
    """The rules that found a stall: all that hold and say so, whichever of them decided."""
    holding = {ruling.rule, *ruling.also}
    return [rule.id for rule in policy.rules if rule.then == STALLED and rule.id in holding]


def end_what_is_over(
    tx: Transaction, program: LoadedProgram, watched: Iterable[Escalation], cycle: str, now: Decision, clock: Clock
) -> tuple[Ended, ...]:
    """End those of a partner's escalations that a new decision of the same policy does not bear out.

    Asked again on the same day, it names the same ones: whoever asked may have died before it could tell them.
    """
    ended = []
    for escalation in watched:
        if escalation.state == EscalationState.ENDED:
            why = escalation.note
        elif escalation.cycle != cycle:
            why = _past(escalation)
        else:
            why = _mended(tx, program.policies[now.policy], escalation, now.facts, now.ruling)
        if why:
            ended.append(end(tx, program.program, escalation.key, Ending(why, now.as_of, now.known_at, clock)))
    return tuple(ended)


def over(
    tx: Transaction, program: LoadedProgram, escalation: Escalation, as_of: date, known_at: datetime
) -> str | None:
    """What has ended an escalation, in a sentence; None while what it is about is still so.

    Args:
        tx: Reads what is known.
        program: The program by whose rules it is so or not.
        escalation: One that is not over.
        as_of: The day at whose end it is looked at.
        known_at: Nothing that was learned later is used.
    """
    standing = tx.partners.get(escalation.partner)
    if standing.stage != escalation.stage:
        return f"The partner is no longer {IS.get(escalation.stage, escalation.stage)}."
    pilots = tx.pilots.of(escalation.partner) if standing.stage == Stage.PILOT else []
    terms = pilots[-1][1] if pilots else None
    if escalation.cycle != cycle_of(standing, as_of, terms):
        return _past(escalation)
    then = tx.decisions.get(escalation.decision)
    facts = _gathered(tx, program, standing, terms, then, (as_of, known_at))
    if facts is None:
        return None
    policy = program.policies[then.policy]
    values, _ = known(tx, policy, Occasion(then.partner, then.purpose, as_of, known_at), facts)
    return _mended(tx, policy, escalation, values, decide(policy, values, settle=then.settle))


def _gathered(
    tx: Transaction,
    program: LoadedProgram,
    standing: Standing,
    terms: PilotTerms | None,
    then: Decision,
    at: tuple[date, datetime],
) -> Facts | None:
    """Today's facts of what a decision was about; of a verdict, the pilot's, as far as they are known by now."""
    partner, application = standing.partner.id, standing.application
    if then.policy == STALL:
        return gathering.of_roster(tx, program, [standing], *at).get(partner)
    if terms and then.policy == CHECKPOINT:
        return gathering.of_today(tx, Glance(partner, application, terms, *at))
    if terms and then.policy == VERDICT:
        return gathering.of_verdict(tx, Glance(partner, application, terms, then.as_of, at[1]))
    return None


def _past(escalation: Escalation) -> str:
    """That what it happened in is over: `Pilot 1 of application 1 is over.`."""
    parts = [part.replace("-", " ") for part in escalation.cycle.split("/")]
    named = " of ".join(reversed(parts))
    return f"{named[0].upper()}{named[1:]} is over."


def _mended(
    tx: Transaction, policy: Policy, escalation: Escalation, facts: dict[str, Any], ruling: Ruling
) -> str | None:
    """What has ended a condition; None while its rule holds, or, of an open decision, while facts are missing."""
    rule = next((rule.id for rule in policy.rules if rule.id == escalation.condition), None)
    if rule in _conditions(policy, ruling) if rule else ruling.outcome is None:
        return None
    return mended(policy, rule, tx.decisions.get(escalation.decision).facts, facts)

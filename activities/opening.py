"""Escalations are opened with the decision that found a stall, and ended with what ends it."""

from collections.abc import Iterable
from datetime import date, datetime

from activities.telling import tell
from program.decision import Decision
from program.escalation import Escalation, EscalationState
from program.partner import PartnerId, Stage
from rules.folder import LoadedProgram
from store.database import Transaction


def open_escalation(
    tx: Transaction,
    program: LoadedProgram,
    stage: Stage,
    cycle: str,
    found: tuple[int, Decision],
    at: datetime,
    *,
    rule: str | None = None,
    advice: str = "",
) -> tuple[Escalation | None, tuple[str, ...]]:
    """Open the escalation of a stall, or of a decision that is open, and tell the first on the ladder.

    Returns the escalation while it is not over, so that its workflow runs whatever was interrupted, with the notices
    that were written for it.

    Args:
        tx: The transaction in which the stall was found.
        program: The program whose ladder it is to climb.
        stage: Where the partner stands.
        cycle: What it happened in.
        found: The decision that found it, under its number.
        at: The instant.
        rule: The rule that found it, where it is not the one that decided.
        advice: What can be done, where the rule does not say it.
    """
    number, decision = found
    ruling, policy = decision.ruling, program.policies[decision.policy]
    by = next((r for r in policy.rules if r.id == (rule or ruling.rule)), None)
    escalation = tx.escalations.open(
        Escalation(
            partner=decision.partner,
            stage=stage,
            condition=by.id if by else f"{decision.policy}-open",
            cycle=cycle,
            owner=tx.partners.get(decision.partner).partner.owner,
            because=by.because if by else ruling.because,
            advice=advice or (by.advice or "" if by else ruling.advice),
            opened_on=decision.as_of,
            opened_at=at,
            policy=decision.policy,
            decision=number,
            program=program.digest,
        )
    )
    if escalation.state == EscalationState.ENDED:
        return None, ()
    if escalation.state != EscalationState.OPEN or escalation.round or escalation.rung:
        return escalation, ()
    return escalation, tell(tx, program, escalation, program.program.clock, at).notices


def end_escalations(
    tx: Transaction,
    partner: PartnerId,
    cycle: str | None,
    note: str,
    day: date,
    at: datetime,
    stages: Iterable[Stage] = Stage,
) -> tuple[str, ...]:
    """End a partner's escalations, all or those of one cycle or stage, and say which workflows have to hear of it.

    Asked again, it names the same ones: whoever asked may have died before it could tell them.
    """
    found = tx.escalations.listed(partner=partner, states=EscalationState)
    every = [e for e in found if cycle in (None, e.cycle) and e.stage in stages]
    for escalation in every:
        tx.escalations.end(escalation.key, note, day, at)
    return tuple(e.key for e in every if e.state != EscalationState.ENDED or e.closed_on == day)

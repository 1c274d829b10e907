"""Escalations are opened with the decision that found a stall."""

from activities.telling import tell
from program.calendar import Clock
from program.decision import Decision
from program.escalation import Escalation, EscalationState
from program.partner import Stage
from rules.folder import LoadedProgram
from store.database import Transaction


def open_escalation(
    tx: Transaction,
    program: LoadedProgram,
    stage: Stage,
    cycle: str,
    found: tuple[int, Decision],
    clock: Clock,
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
        clock: By which the time to answer is counted, and quiet hours are.
        rule: The rule that found it, where it is not the one that decided.
        advice: What can be done, where the rule does not say it.
    """
    (number, decision), at = found, found[1].known_at
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
    _, notice = tell(tx, program, escalation, clock, at)
    return escalation, (notice,)

"""Escalations: their workflows are started, and what becomes of them is recorded."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from pydantic import BaseModel, ConfigDict
from temporalio import activity
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities import letters
from program.decision import Decision
from program.escalation import Escalation, EscalationState
from program.partner import PartnerId, Stage
from store.database import Store, Transaction

ESCALATION_ID: Final = "escalation/{}"
"""The workflow ID of an escalation."""

ESCALATION: Final = "Escalation"
"""The workflow's name."""


class Acknowledgement(BaseModel):
    """Somebody answers for an escalation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    who: str
    note: str


class Escalating:
    """Escalations and the answers to them."""

    def __init__(self, store: Store, client: Client) -> None:
        self._store = store
        self._client = client

    @activity.defn
    async def start_escalations(self, escalations: tuple[Escalation, ...]) -> int:
        """Start the workflows of some escalations; how many were not started before.

        Not as children of whoever found the stall: they outlive it, and a lifecycle's history need not carry them.
        """
        started = 0
        for escalation in escalations:
            try:
                await self._client.start_workflow(
                    ESCALATION,
                    escalation,
                    id=ESCALATION_ID.format(escalation.key),
                    task_queue=activity.info().task_queue,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    static_summary=f"{escalation.partner}: {escalation.condition}",
                )
                started += 1
            except WorkflowAlreadyStartedError:
                pass  # by an earlier try, or for the same stall
            activity.heartbeat(escalation.key)
        return started

    @activity.defn
    def acknowledge(self, acknowledgement: Acknowledgement) -> Escalation:
        """Record who answers; the first answer stays."""
        with self._store.write() as tx:
            return tx.escalations.acknowledge(acknowledgement.key, acknowledgement.who, acknowledgement.note)


def open_escalation(
    tx: Transaction, partner: PartnerId, stage: Stage, cycle: str, decision: Decision, at: datetime, advice: str = ""
) -> tuple[Escalation | None, tuple[str, ...]]:
    """Open the escalation of a stall, or of a decision that is open, and write the notice of it.

    Returns the escalation while it waits for an answer, so that its workflow runs whatever was interrupted; None once
    somebody answered or it ended.
    """
    standing = tx.partners.get(partner)
    ruling = decision.ruling
    escalation = tx.escalations.open(
        Escalation(
            partner=partner,
            stage=stage,
            condition=ruling.rule or f"{decision.policy}-open",
            cycle=cycle,
            owner=standing.partner.owner,
            because=ruling.because,
            advice=advice or ruling.advice,
            opened_on=decision.as_of,
        )
    )
    if escalation.state != EscalationState.OPEN:
        return None, ()
    notice = letters.escalated(escalation, standing.partner)
    tx.notices.write(notice, at)
    return escalation, (notice.key,)


def end_escalations(
    tx: Transaction, partner: PartnerId, cycle: str | None, note: str, day: date, stages: Iterable[Stage] = Stage
) -> tuple[str, ...]:
    """End a partner's escalations, all or those of one cycle or stage, and say which workflows have to hear of it.

    Asked again, it names the same ones: whoever asked may have died before it could tell them.
    """
    found = tx.escalations.listed(partner=partner, states=EscalationState)
    every = [e for e in found if cycle in (None, e.cycle) and e.stage in stages]
    for escalation in every:
        tx.escalations.end(escalation.key, note, day)
    return tuple(e.key for e in every if not e.answered_by and (e.state == EscalationState.OPEN or e.closed_on == day))

"""Escalations: their workflows are started, and what becomes of them is recorded."""

from typing import Final

from pydantic import BaseModel, ConfigDict
from temporalio import activity
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from program.escalation import Escalation
from store.database import Store

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

"""What becomes of an escalation once somebody answers."""

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from program.escalation import Escalation
from store.database import Store


class Acknowledgement(BaseModel):
    """Somebody answers for an escalation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    who: str
    note: str


class Answers:
    """Answers to escalations."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @activity.defn
    def acknowledge(self, acknowledgement: Acknowledgement) -> Escalation:
        """Record who answers; the first answer stays."""
        with self._store.write() as tx:
            return tx.escalations.acknowledge(acknowledgement.key, acknowledgement.who, acknowledgement.note)

"""An escalation: a stall that somebody has to hear of, and answer."""

from datetime import date
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from program.partner import PartnerId, Stage


class EscalationState(StrEnum):
    """What has become of an escalation."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    """Somebody answers for it."""
    ENDED = "ended"
    """What it was about is over."""


class Escalation(BaseModel):
    """One stall: opened once for each partner, stage, condition and cycle, however often it is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: PartnerId
    stage: Stage
    condition: str
    """The rule that found it."""
    cycle: str
    """What it happened in: a pilot, a quarter, an application."""
    owner: str
    because: str
    advice: str = ""
    opened_on: date
    state: EscalationState = EscalationState.OPEN
    answered_by: str | None = None
    note: str | None = None
    closed_on: date | None = None

    @property
    def key(self) -> str:
        """Its identity, in the store and, after `escalation/`, as the ID of its workflow."""
        return f"{self.partner}/{self.stage}/{self.condition}/{self.cycle}"

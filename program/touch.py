"""A touch: something of a partner's service level that was delivered."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from program.partner import Name, PartnerId


class Touch(BaseModel):
    """A session, a review, a check-in: whatever the tier's cadence owes a partner, as it was held."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: PartnerId
    delivered_on: date
    kind: Name
    """What it was, as the tiers' services call it."""
    who: Name
    """Who held it, on our side."""
    note: str = Field(default="", max_length=2000)

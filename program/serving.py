"""A service override: between two re-scores a partner receives what another tier promises, until a day."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from program.errors import Misfits
from program.partner import Name, PartnerId

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class ServiceOverride(BaseModel):
    """What a partner receives in place of its tier's service. The tier stays; the next re-score decides about it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: PartnerId
    tier: str
    """Whose service it receives."""
    first: date
    until: date
    """The last day; after it, the override is over by itself."""
    reason: Reason
    granted_by: Name

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until < self.first:
            raise Misfits([(("until",), f"an override ends on {self.until}, before it begins on {self.first}")])
        return self

    def holds(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return self.first <= day <= self.until


def served_as(own: str | None, since: date, overrides: Iterable[ServiceOverride], day: date) -> tuple[str | None, date]:
    """The tier whose service a partner receives on a day, and from which day on that service is owed to it.

    Args:
        own: Its own tier.
        since: The day on which it came into that.
        overrides: Those that have begun by the day. What one of them owes is not owed by its own tier, nor the other
            way round: each counts from its own beginning.
        day: One on which it is active.
    """
    begun = list(overrides)
    running = next((one for one in begun if one.holds(day)), None)
    if running:
        return running.tier, max(since, running.first)
    return own, max([since, *(one.until + timedelta(days=1) for one in begun)])

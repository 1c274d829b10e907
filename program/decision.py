"""What a policy said, and the record of it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict

from program.partner import PartnerId


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)


class Ruling(BaseModel):
    """What one policy says of one set of facts. It has no date and no partner: the same facts give the same ruling."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: str | None
    """One of the policy's outcomes; None while facts it needs are unknown."""
    rule: str | None = None
    """The rule that decided; None where none did and the policy's `otherwise` holds, or nothing is decided."""
    also: tuple[str, ...] = ()
    """The other rules that held, in the policy's order."""
    because: str = ""
    advice: str = ""
    possible: tuple[str, ...] = ()
    """The outcomes that the facts nobody knows leave possible, best first; one where nothing is open."""
    unknown: tuple[str, ...] = ()
    """The declared facts that nobody knows."""
    missing: tuple[str, ...] = ()
    """Those of the unknown facts that can change the outcome, first the one that would settle most."""


class Decision(BaseModel):
    """A ruling about one partner as of one day: recorded once, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: PartnerId
    policy: str
    policy_version: int
    program: str
    """The digest of the program the policy belongs to."""
    program_version: int
    purpose: str
    """What was decided, so that one day can hold several: `application-1/pilot-1/week-3`."""
    as_of: date
    known_at: Annotated[AwareDatetime, AfterValidator(_utc)]
    """Nothing learned after this instant was used."""
    settle: bool
    """Whether it was to be decided with what is known, whatever is not."""
    ruling: Ruling
    facts: dict[str, Any]
    """The facts it rests on, as they were handed to the policy; events as lists under their kind."""
    sources: dict[str, str]
    """Where each of the facts came from."""
    engines: dict[str, str]
    """What decided, and the version of each."""

    @property
    def key(self) -> str:
        """What makes it this decision: a second one with the same key is the same."""
        return f"{self.partner}:{self.policy}:{self.as_of}:{self.purpose}"


def as_recorded(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts as JSON holds them: what a decision is made on is what its record says, to the last digit.

    Raises:
        ValueError: for a decimal of more digits than a JSON number carries exactly.
    """
    return {name: _recorded(value) for name, value in facts.items()}


def as_known(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Recorded facts as they were before: exact."""
    return {name: Decimal(str(value)) if isinstance(value, float) else value for name, value in facts.items()}


def _recorded(value: Any) -> Any:
    if isinstance(value, Decimal):
        number = int(value) if value == value.to_integral_value() else float(value)
        if Decimal(str(number)) != value:
            raise ValueError(f"{value} has more digits than a record can hold exactly")
        return number
    if isinstance(value, list):
        return [as_recorded(event) for event in value]
    return value

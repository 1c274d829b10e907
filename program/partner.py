"""Partner, the stages of its life, and the moves between them that are legal."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from program.address import EmailAddress
from program.errors import Refused

PartnerId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$")]
"""Lower-case letters, digits and hyphens, at most 64: it stands in workflow IDs and in addresses of pages."""

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class PartnerType(StrEnum):
    """What a partner does in a deal; each type is held to targets of its own."""

    REFERRAL = "referral"
    SERVICES = "services"
    RESELL = "resell"


class Stage(StrEnum):
    """Where a partner stands in the program."""

    PROSPECT = "prospect"
    """Known, not applied: no workflow runs."""
    APPLIED = "applied"
    """Waiting for its scorecard."""
    DEFERRED = "deferred"
    """Told what is missing; expires."""
    DECLINED = "declined"
    PILOT = "pilot"
    ACTIVE = "active"
    LEAVING = "leaving"
    """Under notice."""
    EXITED = "exited"


LEGAL_MOVES: Final[dict[Stage, frozenset[Stage]]] = {
    Stage.PROSPECT: frozenset({Stage.APPLIED, Stage.PILOT}),
    Stage.APPLIED: frozenset({Stage.PILOT, Stage.DEFERRED, Stage.DECLINED, Stage.LEAVING}),
    Stage.DEFERRED: frozenset({Stage.PILOT, Stage.DEFERRED, Stage.DECLINED, Stage.LEAVING}),
    Stage.DECLINED: frozenset({Stage.APPLIED}),
    Stage.PILOT: frozenset({Stage.PILOT, Stage.ACTIVE, Stage.LEAVING}),
    Stage.ACTIVE: frozenset({Stage.LEAVING}),
    Stage.LEAVING: frozenset({Stage.EXITED}),
    Stage.EXITED: frozenset({Stage.APPLIED}),
}
"""From a stage to those that may follow it.

A prospect moves straight to a pilot only where a pilot that already runs is taken over. A pilot follows a pilot
when it is reset. Who was declined or has left comes back by a new application only.
"""

ENDED: Final = frozenset({Stage.DECLINED, Stage.EXITED})
"""Stages in which no workflow runs any more."""


def check_move(partner: str, current: Stage, wanted: Stage) -> None:
    """Refuse a move that the program does not know.

    Raises:
        Refused: naming the stages that may follow the current one.
    """
    if wanted not in LEGAL_MOVES[current]:
        allowed = ", ".join(sorted(LEGAL_MOVES[current]))
        raise Refused(f"{partner} is {current}; from there it can become {allowed}, not {wanted}")


class Partner(BaseModel):
    """A company in the program, or one that would like to be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: PartnerId
    name: Name
    type: PartnerType
    region: str = Field(max_length=100)
    owner: Name
    """The partner manager responsible, who hears first when something stalls."""
    owner_manager: str = Field(default="", max_length=200)
    """Whom the owner reports to; empty where there is nobody."""
    email: EmailAddress | None = None
    """Where the partner itself is written to."""


class Standing(BaseModel):
    """Where a partner stands: what a list, a page or a workflow shows of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: Partner
    stage: Stage
    since: date | None = None
    """The day it entered the stage."""
    tier: str | None = None
    at_risk: bool = False
    """Warned: the next re-score moves it down unless something changes."""
    next_date: date | None = None
    """The next day on which something happens by itself."""
    application: int = 0
    """How many times it has applied, or had a running pilot taken over."""

"""What is said to workflows and what they answer."""

from datetime import date
from typing import Final

from pydantic import BaseModel, ConfigDict
from temporalio.common import SearchAttributeKey

from program.calendar import Clock, Quarter
from program.decision import Ruling
from program.partner import PartnerId, Stage
from program.pilot import PilotTerms
from program.scorecard import Scorecard

STAGE: Final = SearchAttributeKey.for_keyword("GatehouseStage")
TIER: Final = SearchAttributeKey.for_keyword("GatehouseTier")
TYPE: Final = SearchAttributeKey.for_keyword("GatehouseType")
SEARCH_ATTRIBUTES: Final = (STAGE, TIER, TYPE)
"""What workflows can be searched by. They are not encrypted: nothing about persons belongs here."""


class Lifecycle(BaseModel):
    """All that a partner's workflow remembers; what a new run of it continues from."""

    model_config = ConfigDict(extra="forbid")

    partner: PartnerId
    application: int
    clock: Clock
    pilot_since: date | None = None
    """Of a pilot that is taken over."""
    stage: Stage = Stage.PROSPECT
    tier: str | None = None
    scorecards: int = 0
    deferred_until: date | None = None
    terms: PilotTerms | None = None
    """Of the pilot it is in."""
    weeks_seen: int = 0
    """Checkpoints of that pilot that are done."""
    decide_by: date | None = None
    """Of a verdict that facts are missing for: the day on which it is decided without them."""
    last_day: date | None = None
    """Of a partner under notice."""
    because: str = ""
    """Why it leaves."""
    rescored: Quarter | None = None
    """The last re-score it heard of."""


class Progress(BaseModel):
    """What a re-score answers when asked what it is doing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    doing: str
    seen: int | None = None
    """The partners that are done with, where they are gone through one after the other."""


class State(BaseModel):
    """What a lifecycle answers when asked how it stands."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: Stage
    application: int
    tier: str | None
    next_date: date | None


class Submission(BaseModel):
    """A reviewer's scorecard."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scorecard: Scorecard


class Ruled(BaseModel):
    """What was decided on a submission."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    decision: int
    ruling: Ruling
    stage: Stage
    next_date: date | None
    """Until when a deferral waits; when a pilot is judged."""
    missing: tuple[str, ...] = ()
    """What an open decision waits for, in words."""


class MappedAccounts(BaseModel):
    """Accounts to be recorded as mapped."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: tuple[str, ...]


class JointPlay(BaseModel):
    """A joint play to be recorded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    trigger: str
    outcome: str


class LastDay(BaseModel):
    """Until when a partner under notice stays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    last_day: date


class Rescore(BaseModel):
    """A quarter to be re-scored; the last one that is over where none is named."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clock: Clock
    quarter: Quarter | None = None
    as_of: date | None = None
    """Evidence dated later is not used; the quarter's last day where nothing is said."""


class Sweep(BaseModel):
    """A look over the roster for stalls."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clock: Clock


class Found(BaseModel):
    """What a sweep found."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stalled: int

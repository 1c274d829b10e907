"""A re-score, from what it was begun on to what it decided about each partner."""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from program.calendar import Quarter
from program.movement import TierRecord
from program.partner import PartnerId
from program.person import Absence
from program.score import Measured, Score
from program.tiers import Placement


class Terms(BaseModel):
    """What a re-score was begun on. It keeps to it when it goes on after an interruption."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quarter: Quarter
    as_of: date
    known_at: datetime
    program: str
    away: tuple[Absence, ...] = ()
    """Who was known to be away in the quarter after it, whose hours it hands out."""
    published: bool = False


class Weighed(BaseModel):
    """The programs whose weights hold in a quarter, by digest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: str
    """In force on its first day: weights change at a quarter's boundary only."""
    before: str
    """In force on the first day of the quarter before."""


class Gathered(BaseModel):
    """What a re-score knows of a partner before it is scored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    measured: Measured
    quarters_active: int
    """Full quarters, up to this one."""


class Entrant(BaseModel):
    """A partner of the roster that is ranked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    tier: str | None
    """The one it is in before the re-score counts."""
    gathered: Gathered


class Placed(BaseModel):
    """A partner in the cut: what its move is decided on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    placement: Placement
    recorded: dict[str, Any]
    """Its score, as it is recorded."""
    gathered: Gathered

    @property
    def score(self) -> Score:
        return Score.model_validate(self.recorded)

    @property
    def partner(self) -> PartnerId:
        return self.placement.partner


class Candidate(BaseModel):
    """A partner whose move is to be decided."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: PartnerId
    tier: str | None
    """The one it is in."""
    cut_tier: str
    """The one that the cut puts it into."""
    gathered: Gathered


class Move(BaseModel):
    """What a re-score decided about a partner."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: PartnerId
    move: str
    came_from: str
    record: TierRecord
    decision: int

    @property
    def changed(self) -> bool:
        """Whether its lifecycle has to hear of it."""
        return self.record.tier != self.came_from or self.move == "exit"

"""The ladder that an escalation climbs: who is told in which order, and how long each of them has to answer."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from program.calendar import Clock, WorkingTime
from program.notice import ChannelName
from program.partner import Name, Partner


class Place(StrEnum):
    """Who is meant by a level, whoever that is at the time."""

    OWNER = "owner"
    """The partner's owner, or whom the escalation was delegated to."""
    MANAGER = "owner-manager"
    """Whom the owner reports to."""
    LEAD = "program-lead"


class Span(BaseModel):
    """How long somebody has: hours of working time, or business days."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hours: int | None = Field(default=None, ge=1, le=200)
    days: int | None = Field(default=None, ge=1, le=60)

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.hours is None) == (self.days is None):
            raise ValueError("is either hours or days: `{hours: 4}` or `{days: 2}`")
        return self

    def after(self, start: datetime, working: WorkingTime) -> datetime:
        """The instant at which it is over."""
        return working.after_hours(start, self.hours) if self.hours else working.after_days(start, self.days or 0)

    def __str__(self) -> str:
        number, unit = (self.hours, "working hour") if self.hours else (self.days, "business day")
        return f"{number} {unit}{'' if number == 1 else 's'}"


class Level(BaseModel):
    """Somebody who is told, and for how long the rest of the ladder waits for an answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: Annotated[Place | Name, Field(union_mode="left_to_right")]
    """A place, or the name of a person."""
    within: Span
    repeats: Annotated[int, Field(ge=0, le=5)] = 0
    """How often they are told again, each time with as long to answer."""
    channels: tuple[ChannelName, ...] = ()
    """By which channels, in this order; the usual ones of the team where nothing is said."""


class Rung(BaseModel):
    """One message of a ladder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Level
    again: int = 0
    """0 for the first message to this level."""


_USUAL = (
    Level(to=Place.OWNER, within=Span(days=2), repeats=1),
    Level(to=Place.MANAGER, within=Span(days=2)),
    Level(to=Place.LEAD, within=Span(days=2)),
)


class EscalationRules(BaseModel):
    """What a program says about escalations. An escalation keeps the rules it was opened under to its end."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ladder: Annotated[tuple[Level, ...], Field(min_length=1, max_length=9)] = _USUAL
    lead: str = Field(default="", max_length=200)
    """The program lead's name; empty where there is nobody."""
    acknowledged_days: int = Field(default=3, ge=1, le=60)
    """Business days for which an acknowledgement counts unless something moves."""
    snooze_days: int = Field(default=20, ge=1, le=120)
    """Business days by which an escalation can be put off at most."""
    extension_days: int = Field(default=10, ge=1, le=60)
    """Business days of more time that can be asked for."""
    extensions: int = Field(default=1, ge=0, le=9)
    """How often."""

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """The messages of the ladder, in order."""
        return tuple(Rung(level=level, again=n) for level in self.ladder for n in range(level.repeats + 1))

    @property
    def names(self) -> frozenset[str]:
        """The people that it names, who are told whoever owns the partner."""
        named = (level.to for level in self.ladder if not isinstance(level.to, Place))
        return frozenset({self.lead, *named} - {""})

    def person(self, rung: Rung, partner: Partner, owner: str) -> str:
        """Who stands on a rung now; empty where nobody does.

        Args:
            rung: A rung of this ladder.
            partner: As it is known now.
            owner: Who stands in the owner's place.
        """
        match rung.level.to:
            case Place.OWNER:
                return owner
            case Place.MANAGER:
                return partner.owner_manager
            case Place.LEAD:
                return self.lead
            case name:
                return name


class Ladder(BaseModel):
    """A program's ladder, and when its people are at work."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: EscalationRules = EscalationRules()
    working: WorkingTime = WorkingTime()

    def by(self, clock: Clock) -> Self:
        """The same ladder by a clock: the program's own runs with the world's, one of a simulation behind it."""
        return self.model_copy(update={"working": self.working.model_copy(update={"clock": clock})})

    def in_business_days(self, day: date, count: int) -> date:
        """The day that lies so many business days after a day."""
        return self.working.days.after(day, count)

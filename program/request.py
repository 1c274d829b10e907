"""What people ask of a partner's lifecycle, whichever way the request takes."""

from datetime import date

from pydantic import BaseModel, ConfigDict

from program.partner import Stage


class ActionTaken(BaseModel):
    """A next action to be recorded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: str
    who: str
    due_on: date


class Exit(BaseModel):
    """A partner has to leave, or wants to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    because: str
    waive_notice: bool = False
    only_from: Stage | None = None
    """The stage it has to be in; None for any."""
    by: str = ""
    """Who asks for it, where that was said."""


class NewStart(BaseModel):
    """A pilot has to end here and begin again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    because: str
    by: str = ""
    """Who asks for it, where that was said."""

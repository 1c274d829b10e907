"""Deals: those that partners bring, those that the company finds itself, and how they looked on a given day."""

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from program.partner import PartnerId

Money = Annotated[Decimal, Field(ge=0, max_digits=15, decimal_places=2)]
"""In the program's one currency."""


class Deal(BaseModel):
    """A deal as a CRM holds it. Dates say when each thing became true."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    STEPS: ClassVar[tuple[str, ...]] = ("qualified_on", "progressed_on")
    """The dates of an open deal, beside its first."""

    id: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    account: str = Field(default="", max_length=200)
    created_on: date
    qualified_on: date | None = None
    """When it met the program's qualification standard."""
    progressed_on: date | None = None
    """When it moved on from there: a later stage, or won."""
    closed_on: date | None = None
    won: bool | None = None
    """None while it is open."""
    value: Money | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if (self.closed_on is None) != (self.won is None):
            raise ValueError("a closed opportunity is won or lost and has a closing date, an open one has neither")
        for name in (*self.STEPS, "closed_on"):
            day = getattr(self, name)
            if day is not None and day < self.created_on:
                was = name.removesuffix("_on")
                raise ValueError(f"it was {was} on {day}, before it was created on {self.created_on}")
        return self

    def as_of(self, day: date) -> Self | None:
        """The deal as it stood at the end of a day; None where it was not there yet.

        What came later is not seen: a deal won afterwards is still open, and has no value known from its closing.
        """
        if self.created_on > day:
            return None
        changes: dict[str, object] = {
            name: None for name in self.STEPS if (step := getattr(self, name)) is not None and step > day
        }
        if self.closed_on and self.closed_on > day:
            changes |= {"closed_on": None, "won": None, "value": None}
        return self.model_copy(update=changes) if changes else self


class DirectDeal(Deal):
    """One that no partner brought. Reports hold the partners' against it; nothing else looks at it."""


class Opportunity(Deal):
    """One that a partner brought."""

    STEPS: ClassVar[tuple[str, ...]] = (*Deal.STEPS, "submitted_on", "answered_on")

    partner: PartnerId
    submitted_on: date | None = None
    """When the partner registered it with us and began to wait for our answer."""
    answered_on: date | None = None
    """When we answered."""
    mutual: bool | None = None
    """Whether both sides worked the deal; None where nobody said."""

    @model_validator(mode="after")
    def _answered_once_submitted(self) -> Self:
        if self.answered_on is not None:
            if self.submitted_on is None:
                raise ValueError(f"it was answered on {self.answered_on}, and nothing says when it was submitted")
            if self.answered_on < self.submitted_on:
                said = f"it was answered on {self.answered_on}, before it was submitted on {self.submitted_on}"
                raise ValueError(said)
        return self

    @property
    def waits_since(self) -> date | None:
        """Since when its partner waits for an answer; None where it does not. What is closed is waited for no more."""
        return None if self.answered_on or self.closed_on else self.submitted_on

    @property
    def last_moved(self) -> date:
        """The last day on which its partner did something with it. Our answer is no doing of the partner's."""
        days = (self.created_on, self.qualified_on, self.progressed_on, self.closed_on, self.submitted_on)
        return max(day for day in days if day)

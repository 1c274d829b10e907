"""Versions of a program: published as a whole, in force from a day on, never changed."""

from collections.abc import Iterable
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field


class Publication(BaseModel):
    """A version of a program as it was published. Of it nothing changes any more, but that it may be withdrawn."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(ge=1)
    digest: str
    """Of its files; to each version belongs one, and to each digest one version."""
    name: str
    effective_on: date
    """The first day on which it is in force, in the program's time zone."""
    published_by: str
    note: str
    published_at: datetime
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None
    withdrawn_because: str | None = None


def in_force(published: Iterable[Publication], on: date) -> Publication | None:
    """The version in force on a day: of those that count by then the last to begin, the higher where two begin at once.

    Before the first of them begins it is that one: whatever happened earlier is decided by it too. What was withdrawn
    does not count.
    """
    kept = [publication for publication in published if publication.withdrawn_at is None]
    first = min((publication.effective_on for publication in kept), default=on)
    begun = [publication for publication in kept if publication.effective_on <= max(on, first)]
    return max(begun, key=lambda publication: (publication.effective_on, publication.version), default=None)


def next_in_force(publication: Publication, published: Iterable[Publication]) -> Publication | None:
    """The version that follows one in force on a later day, as far as is known; None for one that is withdrawn."""
    if publication.withdrawn_at is not None:
        return None
    every = list(published)
    days = sorted(other.effective_on for other in every if other.effective_on > publication.effective_on)
    return next((other for day in days if (other := in_force(every, day)) != publication), None)


def state(publication: Publication, published: Iterable[Publication], today: date) -> str:
    """How a version stands: withdrawn, in force, from a day on, or replaced by another, before its own day too."""
    if publication.withdrawn_at is not None:
        return "withdrawn"
    every = list(published)
    if in_force(every, today) == publication:
        return "in force"
    if publication.effective_on > today and in_force(every, publication.effective_on) == publication:
        return f"from {publication.effective_on}"
    return "replaced"

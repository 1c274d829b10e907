"""What is seen of a partner outside a pilot, and what a program accepts of it before it counts as stalled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cached_property

from program.calendar import BusinessDays
from program.definition import Program
from program.opportunity import Opportunity
from program.partner import Stage
from program.scorecard import FactValue
from program.tiers import kinds

UNANSWERED = "business_days_unanswered"
"""For how long the opportunity has waited for our answer that has waited longest."""


@dataclass(frozen=True)
class Seen:
    """What is known of a partner on a day."""

    stage: Stage
    since: date
    """When it entered the stage."""
    opportunities: Sequence[Opportunity] = ()
    unknown_factors: int = 0
    """Facts that its last re-score asked for and that nobody knew, nor has brought since."""

    @cached_property
    def waits(self) -> Opportunity | None:
        """The opportunity that has waited longest for our answer; None where none does."""
        waiting = [(since, one.id, one) for one in self.opportunities if (since := one.waits_since)]
        return min(waiting)[-1] if waiting else None


@dataclass(frozen=True)
class Service:
    """What an active partner receives on a day, and what it had of it."""

    tier: str | None
    """Whose service it is: its own tier's, or an override's."""
    since: date
    """From which day on it is owed."""
    held: Mapping[str, date] = field(default_factory=dict)
    """The last day on which it had each kind of touch."""


def observed(seen: Seen, as_of: date, days: BusinessDays) -> dict[str, FactValue]:
    """What was measured: for how long nothing has come from the partner, nor an answer from us.

    Time runs from the day on which it entered its stage.
    """
    moved = max((opportunity.last_moved for opportunity in seen.opportunities), default=seen.since)
    since = seen.waits.waits_since if seen.waits else None
    return {
        "days_without_activity": (as_of - max(seen.since, moved)).days,
        UNANSWERED: days.between(since or as_of, as_of),
        "evidence_missing": seen.unknown_factors if seen.stage == Stage.ACTIVE else 0,
    }


def accepted(program: Program, stage: Stage, tier: str | None) -> dict[str, FactValue]:
    """What a program accepts of a partner in a stage and tier, of its type."""
    stalls = program.stalls
    return {
        "patience": stalls.patience(stage, tier),
        "response": stalls.response,
        "evidence_spared": stalls.unknown_factors,
    }


@dataclass(frozen=True)
class Wait:
    """For how long a partner has been without a touch, and how long that is accepted."""

    kind: str
    days: int
    every: int | None
    """None where no cadence is declared: nothing is late then."""
    patience: int | None = None

    @property
    def facts(self) -> dict[str, FactValue]:
        """The same as it is decided on."""
        return {"days_since_touch": self.days, "touch_every": self.every, "touch_patience": self.patience}


def waited(program: Program, service: Service, as_of: date) -> Wait:
    """Of the touches that are due, the one that is most overdue; where none is, the one that is owed most often.

    One kind does not stand in for another. What was recorded of a kind that the program no longer has counts for all.
    """
    promised = [touch for tier in program.tiers if tier.id == service.tier for touch in tier.service.promised]
    owed = [touch for touch in promised if touch.every]
    there = kinds(program.tiers)
    since = max([service.since, *(day for kind, day in service.held.items() if kind not in there)])
    if not owed:
        return Wait("", (as_of - max([since, *service.held.values()])).days, None)
    waits = [
        Wait(
            kind=touch.kind,
            days=(as_of - max(since, service.held.get(touch.kind, since))).days,
            every=touch.every,
            patience=(touch.every or 0) * program.stalls.touch_within // 100,
        )
        for touch in owed
    ]
    return max(waits, key=_urgency)


def _urgency(wait: Wait) -> tuple[Fraction, int]:
    every = wait.every or 1
    return max(Fraction(wait.days, every), Fraction(1)), -every

"""What is seen of a partner outside a pilot, and what a program accepts of it before it counts as stalled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from program.calendar import BusinessDays
from program.definition import Program
from program.opportunity import Opportunity
from program.partner import Stage
from program.scorecard import FactValue


@dataclass(frozen=True)
class Seen:
    """What is known of a partner on a day."""

    stage: Stage
    since: date
    """When it entered the stage."""
    opportunities: Sequence[Opportunity] = ()
    unknown_factors: int = 0
    """Facts that its last re-score asked for and that nobody knew."""


@dataclass(frozen=True)
class Service:
    """What an active partner receives on a day, and what it had of it."""

    tier: str | None
    """Whose service it is: its own tier's, or an override's."""
    since: date
    """From which day on it is owed."""
    last_touch: date | None = None


def observed(seen: Seen, as_of: date, days: BusinessDays) -> dict[str, FactValue]:
    """What was measured: for how long nothing has come from the partner, nor an answer from us.

    Time runs from the day on which it entered its stage.
    """
    moved = max((opportunity.last_moved for opportunity in seen.opportunities), default=seen.since)
    waiting = [since for opportunity in seen.opportunities if (since := opportunity.waits_since)]
    return {
        "days_without_activity": (as_of - max(seen.since, moved)).days,
        "business_days_unanswered": days.between(min(waiting, default=as_of), as_of),
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


def delivered(program: Program, service: Service, as_of: date) -> dict[str, FactValue]:
    """For how long a partner has had nothing of its service, and what a program accepts of that.

    Nothing is late where no cadence is declared.
    """
    every = next((one.service.every for one in program.tiers if one.id == service.tier), None)
    return {
        "days_since_touch": (as_of - max(service.since, service.last_touch or service.since)).days,
        "touch_every": every,
        "touch_patience": every * program.stalls.touch_within // 100 if every else None,
    }

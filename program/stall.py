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
    last_touch: date | None = None
    unknown_factors: int = 0
    """Facts that its last re-score asked for and that nobody knew."""


def observed(seen: Seen, as_of: date, days: BusinessDays) -> dict[str, FactValue]:
    """What was measured: for how long nothing has come from the partner, nor from us to it.

    Time runs from the day on which it entered its stage. Who is not active is owed no touch.
    """
    moved = max((opportunity.last_moved for opportunity in seen.opportunities), default=seen.since)
    waiting = [since for opportunity in seen.opportunities if (since := opportunity.waits_since)]
    active = seen.stage == Stage.ACTIVE
    return {
        "days_without_activity": (as_of - max(seen.since, moved)).days,
        "business_days_unanswered": days.between(min(waiting, default=as_of), as_of),
        "days_since_touch": (as_of - max(seen.since, seen.last_touch or seen.since)).days if active else None,
        "evidence_missing": seen.unknown_factors if active else 0,
    }


def accepted(program: Program, stage: Stage, tier: str | None) -> dict[str, FactValue]:
    """What a program accepts of a partner in a stage and tier, of its type. No touch is owed where no tier says so."""
    stalls = program.stalls
    every = next((one.service.every for one in program.tiers if one.id == tier), None)
    return {
        "patience": stalls.patience(stage, tier),
        "response": stalls.response,
        "touch_every": every,
        "touch_patience": every * stalls.touch_within // 100 if every else None,
        "evidence_spared": stalls.unknown_factors,
    }

"""On which facts a recorded decision would rest under another program.

What was measured, answered or recorded stays as it was then. What comes from the program itself is the other one's:
how a scorecard rolls up and what it has to reach, what a pilot was agreed on, how long a silence is accepted, which
tier the cut gives. Pure: what the record does not say is handed in.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from program.calendar import Quarter
from program.decision import Decision, Ruling, as_recorded
from program.errors import Refused
from program.movement import TierRecord
from program.partner import PartnerType, Stage
from program.pilot import PilotTerms, agreed, projected
from program.scorecard import Scorecard
from program.stall import Service, accepted, waited
from rules.decision.decide import decide
from rules.folder import LoadedProgram
from rules.language.policy import Policy
from rules.lifecycle import CHECKPOINT, ELIGIBILITY, MOVEMENT, QUALIFICATION, STALL, VERDICT

_SCORECARD: Final = re.compile(r"(?:requalification/)?application-(\d+)/scorecard-(\d+)")
_PILOT: Final = re.compile(r"application-(\d+)/pilot-(\d+)/(?:week-(\d+)|verdict.*)")
_RESCORE: Final = re.compile(r"rescore-(\d{4}Q[1-4])")
"""What a decision was about, as its purpose says."""

WEEKS: Final = "checkpoint"
"""The events of a pilot: the weeks that are looked back on."""


PROJECTED: Final = "projected_qualified"
"""What a pilot comes to at its pace: by what was measured, and by how long it is."""


class Incomparable(Refused):
    """A decision cannot be made again under another program; the message says why."""


@dataclass(frozen=True)
class Ranked:
    """A partner in a re-score whose tiers were cut under the other program."""

    last: TierRecord
    """What the re-score before left of it."""
    movement: Mapping[str, Any]
    """The facts that its move is decided on, its cut and the hours there are being the other program's."""
    eligibility: Mapping[str, Any] = field(default_factory=dict)
    """The facts that its eligibility is decided on, its scores being the other program's."""


@dataclass(frozen=True)
class Background:
    """What the record of a decision does not say."""

    kind: PartnerType
    """The partner's type, as it is today: what it was then is not kept."""
    scorecard: Scorecard | None = None
    """The one that was decided on."""
    terms: PilotTerms | None = None
    """Of the pilot that was looked at."""
    tier: str | None = None
    """Of an active partner, at that time."""
    service: Service | None = None
    """That an active partner received then."""
    ranked: Ranked | None = None
    """In the re-score that moved it."""
    looked_up: Mapping[str, Any] = field(default_factory=dict)
    """What was known then, and is asked for by the other program alone."""


def scorecard_of(decision: Decision) -> tuple[int, int] | None:
    """Application and number of the scorecard that was decided on."""
    match = _SCORECARD.fullmatch(decision.purpose)
    return (int(match[1]), int(match[2])) if match else None


def pilot_of(decision: Decision) -> tuple[int, int] | None:
    """Application and number of the pilot that was looked at."""
    match = _PILOT.fullmatch(decision.purpose)
    return (int(match[1]), int(match[2])) if match else None


def week_of(decision: Decision) -> int:
    """The week of a checkpoint; 0 for a verdict."""
    match = _PILOT.fullmatch(decision.purpose)
    return int(match[3] or 0) if match else 0


def stage_of(decision: Decision) -> Stage:
    """The stage of a partner that a sweep looked at."""
    return Stage(str(decision.facts["stage"]))


def quarter_of(decision: Decision) -> Quarter | None:
    """The quarter whose re-score decided a move."""
    match = _RESCORE.fullmatch(decision.purpose)
    return Quarter.parse(match[1]) if match else None


def terms_under(other: LoadedProgram, kind: PartnerType, terms: PilotTerms) -> PilotTerms:
    """The terms that a pilot would have been agreed on."""
    plan, targets = other.program.for_type(kind).pilot, other.program.types[kind].targets
    return terms.model_copy(update={"plan": plan, "targets": targets, "program": other.digest})


def lacking(other: LoadedProgram, decision: Decision, background: Background) -> frozenset[str]:
    """The facts that the other program asks for, does not supply itself, and that the record does not have."""
    policy = _policy(other, decision)
    there = _recorded(decision).keys() | supplied(other, decision, background).keys()
    return frozenset({*policy.facts, *policy.events} - there)


def facts_under(other: LoadedProgram, decision: Decision, background: Background) -> dict[str, Any]:
    """The facts that a decision would rest on, as a record holds them.

    Raises:
        Incomparable: where the other program would have decided something else, or at another time.
    """
    policy = _policy(other, decision)
    asked = {*policy.facts, *policy.events}
    facts = {**_recorded(decision), **background.looked_up, **supplied(other, decision, background)}
    return as_recorded({name: value for name, value in facts.items() if name in asked and value is not None})


def _policy(other: LoadedProgram, decision: Decision) -> Policy:
    """The policy that would decide.

    Raises:
        Incomparable: where there is none.
    """
    if decision.policy not in other.policies:
        raise Incomparable(f"it has no policy {decision.policy}")
    return other.policies[decision.policy]


def _recorded(decision: Decision) -> dict[str, Any]:
    """What a decision rests on that was measured, but for what depends on the terms too.

    The other program may look back on more weeks, or on fewer, and its pilots may be longer.
    """
    return {name: value for name, value in decision.facts.items() if name not in {WEEKS, PROJECTED}}


def redecide(other: LoadedProgram, decision: Decision, background: Background) -> Ruling:
    """What the other program would have decided.

    Raises:
        Incomparable: where it cannot be said, for it asks for what nobody recorded, or decides something else.
        FactError: where a recorded fact is none that it declares.
        Disagreement: where engine and interpreter differ.
    """
    facts = facts_under(other, decision, background)
    ruling = decide(_policy(other, decision), facts, settle=decision.settle)
    if ruling.outcome is None and decision.ruling.outcome is not None:
        raise Incomparable(ruling.because)
    return ruling


def supplied(other: LoadedProgram, decision: Decision, background: Background) -> dict[str, Any]:
    """The facts that come from the other program itself.

    Raises:
        Incomparable: where it would have decided something else, or at another time.
    """
    if decision.policy == QUALIFICATION and background.scorecard:
        return dict(other.program.for_type(background.kind).scorecard.roll_up(background.scorecard))
    if decision.policy in {CHECKPOINT, VERDICT} and background.terms:
        return _of_pilot(terms_under(other, background.kind, background.terms), decision)
    if decision.policy == STALL and "stage" in decision.facts:
        rules = other.program.for_type(background.kind)
        stage, service = stage_of(decision), background.service if stage_of(decision) == Stage.ACTIVE else None
        late = waited(rules, service, decision.as_of).facts if service else {}
        return {**accepted(rules, stage, background.tier), **late}
    if decision.policy == MOVEMENT and background.ranked:
        return moved(other, background.ranked)
    if decision.policy == ELIGIBILITY and background.ranked:
        return dict(background.ranked.eligibility)
    raise Incomparable(f"what {decision.purpose} was about is not on record")


def moved(other: LoadedProgram, ranked: Ranked) -> dict[str, Any]:
    """The facts on which a partner's move is decided.

    Raises:
        Incomparable: where the tier that it was in is no longer there.
    """
    if ranked.last.tier not in {tier.id for tier in other.program.tiers}:
        raise Incomparable(f"it has no tier {ranked.last.tier}")
    return dict(ranked.movement)


def _of_pilot(terms: PilotTerms, decision: Decision) -> dict[str, Any]:
    day, week = (decision.as_of - terms.started_on).days, week_of(decision)
    facts: dict[str, Any] = dict(agreed(terms, decision.as_of))
    qualified = decision.facts.get("qualified_opportunities")
    if isinstance(qualified, int):
        facts[PROJECTED] = projected(terms, decision.as_of, qualified)
    if decision.policy == VERDICT:
        if terms.last_day != decision.as_of:
            raise Incomparable(f"its pilots are judged on day {terms.plan.days}, and this one was on day {day}")
        return facts
    if week > terms.weeks or terms.checkpoint(week) != decision.as_of:
        raise Incomparable(f"its pilots are not looked at on day {day}")
    seen = [one for one in _weeks(decision) if one["week"] in terms.looked_back_on(week)]
    complete = len(seen) == len(terms.looked_back_on(week))
    return facts | {"week": week} | ({WEEKS: seen} if complete else {})


def _weeks(decision: Decision) -> list[dict[str, Any]]:
    weeks = decision.facts.get(WEEKS)
    return [one for one in weeks if isinstance(one, dict)] if isinstance(weeks, list) else []

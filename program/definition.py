"""A program as its folder declares it: everything that one company decides about its partner program."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from program.calendar import BusinessDays, Clock, WorkingTime
from program.capacity import Capacity
from program.errors import Misfits, Refused, Way
from program.factor import Axis
from program.ladder import EscalationRules, Ladder
from program.measures import MEASURES
from program.notice import Notice, NoticeRules
from program.overrides import overridden
from program.partner import PartnerType, Stage
from program.pilot import PilotPlan, Targets
from program.score import REGION, TYPE, ScoreModel
from program.scorecard import Identifier, Question, Scorecard, ScorecardForm
from program.tiers import MOST_TIERS, Tier

Days = Annotated[int, Field(ge=0, le=3650)]


def _given(value: Any) -> Any:
    if value is None:
        raise ValueError("has to have a value; remove it, and the program's own holds")
    return value


class TypeRules(BaseModel):
    """What holds for one partner type."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    targets: Targets
    overrides: dict[str, Annotated[Any, AfterValidator(_given)]] = {}
    """Values it has otherwise than the program, by the way to them: `pilot.days: 90`."""


class CalendarRules(BaseModel):
    """The time zone, the working days, and the time of day at which what is due is done."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clock: Clock = Clock()
    business_days: BusinessDays = BusinessDays()
    work_begins: time = time(9)
    work_ends: time = time(17)
    """The hours of a business day, local time: an answer that is due within hours is due within these."""

    @property
    def working(self) -> WorkingTime:
        """When people are at work."""
        return WorkingTime(clock=self.clock, days=self.business_days, begins=self.work_begins, ends=self.work_ends)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        _ = self.working
        return self


class StallRules(BaseModel):
    """After how many days without anything happening a partner has stalled, by where it stands."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    applied: Days = 14
    deferred: Days = 45
    active: dict[str, Days]
    """By tier: a partner that is looked after every two weeks stalls sooner."""
    response: Days = 3
    """Business days in which we answer to an opportunity that a partner submitted."""
    touch_within: int = Field(default=150, ge=100, le=1000)
    """The percentage of its cadence after which the next touch of a tier's service is late."""
    unknown_factors: int = Field(default=1, ge=0)
    """How many of its factors a re-score may have been without."""

    def patience(self, stage: Stage, tier: str | None) -> int:
        """The days that are accepted of a partner that applied, was deferred or is active in a tier."""
        by_tier = self.active.get(tier or "", max(self.active.values()))
        return {Stage.APPLIED: self.applied, Stage.DEFERRED: self.deferred, Stage.ACTIVE: by_tier}[stage]


class ExitRules(BaseModel):
    """How long a partner keeps its standing after it was told that it leaves."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    notice_days: dict[Stage, Days]

    def notice(self, stage: Stage) -> timedelta:
        """The notice owed in a stage; none where nothing is said."""
        return timedelta(days=self.notice_days.get(stage, 0))


class Program(BaseModel):
    """One company's partner program. The policies lie beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    program: Identifier
    title: str
    version: int = Field(ge=1)
    calendar: CalendarRules = CalendarRules()
    types: dict[PartnerType, TypeRules]
    scorecard: ScorecardForm
    evidence: list[Question] = []
    """Further facts that reviewers are asked for and policies may use."""
    deferral_days: Days = 90
    pilot: PilotPlan = PilotPlan()
    tiers: list[Tier] = Field(min_length=1, max_length=MOST_TIERS)
    """From the top."""
    entry_tier: str
    score: ScoreModel
    capacity: Capacity
    stalls: StallRules
    exit: ExitRules
    escalations: EscalationRules = EscalationRules()
    notices: NoticeRules = NoticeRules()
    _by_type: dict[PartnerType, "Program"] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _refers_to_what_is_there(self) -> Self:
        faults = [*self._unfit_tiers(), *self._unfit_numbers()]
        if faults:
            raise Misfits(faults)
        return self

    def _unfit_tiers(self) -> Iterator[tuple[Way, str]]:
        tiers = [tier.id for tier in self.tiers]
        for number, name in enumerate(tiers):
            if name in tiers[:number]:
                yield ("tiers", number, "id"), f"tier {name} is declared twice"
        there = f"there are {', '.join(tiers)}"
        if self.entry_tier not in tiers:
            yield ("entry_tier",), f"there is no tier {self.entry_tier}; {there}"
        for name in self.stalls.active:
            if name not in tiers:
                yield ("stalls", "active", name), f"there is no tier {name}; {there}"
        for name in dict.fromkeys(tiers):
            if name not in self.stalls.active:
                yield ("stalls", "active"), f"tier {name} has no number of days"
        if self.tiers[-1].cap is not None:
            yield ("tiers", len(tiers) - 1, "cap"), f"{tiers[-1]} is the last and takes everyone who is left; remove it"

    def _unfit_numbers(self) -> Iterator[tuple[Way, str]]:
        for kind in PartnerType:
            if kind not in self.types:
                yield ("types",), f"{kind} has no targets; every type is held to its own"
        yield from self._unfit_minima()
        yield from self._unfit_score()
        yield from self._unfit_hours()

    def _unfit_minima(self) -> Iterator[tuple[Way, str]]:
        """Tiers that take a better score than the one above them."""
        for number, (above, tier) in enumerate(pairwise(self.tiers), start=1):
            if tier.minimum_score > above.minimum_score:
                asked = f"{tier.id} takes {tier.minimum_score} points, and {above.id} above it {above.minimum_score}"
                said = f"{asked}; ask no more of {tier.id}, or more of {above.id}"
                yield ("tiers", number, "minimum_score"), said

    def _unfit_score(self) -> Iterator[tuple[Way, str]]:
        """Factors, ties and segments that rest on what nobody supplies, or mix what is measured with what is rated."""
        evidence = {question.id for question in self.evidence}
        rated = {*self.scorecard.fact_names} - {*self.scorecard.minima} - {q.id for q in self.scorecard.questions}
        axes = dict.fromkeys(MEASURES, Axis.PERFORMANCE) | dict.fromkeys(rated, Axis.POTENTIAL)
        known = f"a quarter is measured by {', '.join(MEASURES)}; a scorecard rates {', '.join(sorted(rated))}"
        for way, factors in self.score.declared():
            for number, factor in enumerate(factors):
                here: Way = ("score", *way, number)
                if factor.fact not in {*axes, *evidence}:
                    yield (*here, "fact"), f"factor {factor.id} rests on {factor.fact}; {known}"
                elif axes.get(factor.fact, factor.axis) != factor.axis:
                    yield (
                        (*here, "axis"),
                        f"{factor.fact} speaks of {axes[factor.fact]}; write `axis: {axes[factor.fact]}`",
                    )
        for number, name in enumerate(self.score.ties):
            if name not in {*axes, *evidence}:
                yield ("score", "ties", number), f"nothing supplies {name}; {known}"
        for number, name in enumerate(self.score.segments):
            if name not in {TYPE, REGION, *evidence}:
                there = ", ".join([TYPE, REGION, *sorted(evidence)])
                yield ("score", "segments", number), f"partners cannot be compared by {name}; there are {there}"

    def _unfit_hours(self) -> Iterator[tuple[Way, str]]:
        """Tiers whose service nobody could give, and people who look after tiers that are not there."""
        tiers = [tier.id for tier in self.tiers]
        for number, person in enumerate(self.capacity.people):
            for place, name in enumerate(person.tiers):
                if name not in tiers:
                    there = ", ".join(tiers)
                    yield ("capacity", "people", number, "tiers", place), f"there is no tier {name}; there are {there}"
        for number, tier in enumerate(self.tiers):
            here: Way = ("tiers", number, "service", "hours")
            hours, to_give = tier.service.hours, self.capacity.to_give(tier.id)
            if number and hours > self.tiers[number - 1].service.hours:
                above = self.tiers[number - 1]
                yield (
                    here,
                    f"{tier.id} takes {hours} hours, and {above.id} above it {above.service.hours}; turn them around",
                )
            elif hours > to_give:
                said = (
                    f"{tier.id} takes {hours} hours for one partner, and those who look after it have {to_give} to give"
                )
                yield here, f"{said}: nobody could be in it; give it people, or less service"

    @property
    def clock(self) -> Clock:
        return self.calendar.clock

    @property
    def ladder(self) -> Ladder:
        """The ladder of escalations, and when its people are at work."""
        return Ladder(rules=self.escalations, working=self.calendar.working)

    @property
    def names(self) -> frozenset[str]:
        """The people that it names: who is told of escalations, and whose hours there are."""
        return self.escalations.names | {person.name for person in self.capacity.people}

    def held_until(self, notice: Notice, at: datetime, clock: Clock) -> datetime | None:
        """Until when a notice that is written at an instant is held, by a clock; None where it may be sent at once."""
        return self.notices.held_until(notice, at, clock, self.calendar.business_days)

    def check(self, kind: PartnerType, scorecard: Scorecard) -> None:
        """Refuse a scorecard that says something this program does not ask of a partner of some type.

        Raises:
            Refused: naming it.
        """
        self.for_type(kind).scorecard.check(scorecard)
        asked = {question.id for question in self.evidence}
        for name in sorted(scorecard.facts.keys() - asked):
            there = ", ".join(sorted(asked)) or "for none"
            raise Refused(f"facts.{name}: not asked for in this program; it asks {there}")

    def for_type(self, kind: PartnerType) -> "Program":
        """The program as it holds for one partner type, with what that type has otherwise.

        Raises:
            ValidationError: where a value cannot be so; a program that was loaded has none of those.
        """
        overrides = self.types[kind].overrides
        if not overrides:
            return self
        if kind not in self._by_type:
            self._by_type[kind] = Program.model_validate(overridden(self.model_dump(), overrides))
        return self._by_type[kind]

"""The pilot: what was agreed, on which days it is looked at, and what has been achieved by then."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from program.errors import Misfits
from program.opportunity import Opportunity
from program.scorecard import FactValue

InPart = dict[Literal["at_least", "at_most"], int]
"""A number of which only the limits are known."""


class Targets(BaseModel):
    """What a pilot has to show; each partner type has its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    qualified: int = Field(ge=0)
    """Opportunities created that met the qualification standard."""
    progressed: int = Field(ge=0)
    """Of those, the ones that progressed in time."""


class PilotPlan(BaseModel):
    """How every pilot of a program runs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: int = Field(default=60, ge=1, le=365)
    checkpoint_every: int = Field(default=7, ge=1)
    """In days."""
    recent_weeks: int = Field(default=3, ge=1, le=9)
    """How many of the last checkpoints a checkpoint looks back on, itself included."""
    fewest_accounts: int = Field(default=20, ge=0)
    most_accounts: int = Field(default=50, ge=1)
    plays: int = Field(default=2, ge=0)
    """Joint plays, each with a trigger and an outcome."""
    resets: int = Field(default=1, ge=0, le=9)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.checkpoint_every >= self.days:
            said = f"a checkpoint every {self.checkpoint_every} days leaves none in {self.days} days"
            raise Misfits([(("checkpoint_every",), said)])
        if self.fewest_accounts > self.most_accounts:
            said = f"{self.fewest_accounts} to {self.most_accounts} mapped accounts is no range"
            raise Misfits([(("fewest_accounts",), said)])
        return self


class PilotTerms(BaseModel):
    """What one pilot was agreed on. It keeps them to its end, whatever changes in the program."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int = Field(ge=1)
    """1 for the first pilot of an application, 2 after a reset."""
    started_on: date
    plan: PilotPlan
    targets: Targets
    program: str
    """The digest of the program it was agreed under, whose policies decide it."""

    @property
    def last_day(self) -> date:
        """The day of the verdict: day 60."""
        return self.started_on + timedelta(days=self.plan.days)

    @property
    def weeks(self) -> int:
        """How many checkpoints there are before the verdict."""
        return (self.plan.days - 1) // self.plan.checkpoint_every

    @property
    def resets_left(self) -> int:
        """How often it can be reset from here on."""
        return max(self.plan.resets + 1 - self.number, 0)

    def checkpoint(self, week: int) -> date:
        """The day on which a week is looked back on: day 7 for the first."""
        return self.started_on + timedelta(days=week * self.plan.checkpoint_every)

    def looked_back_on(self, week: int) -> range:
        """The weeks that the checkpoint of a week looks back on, its own included."""
        return range(max(1, week - self.plan.recent_weeks + 1), week + 1)

    def weeks_after(self, day: date) -> list[int]:
        """The checkpoints that are not over on a day, the day's own included."""
        return [week for week in range(1, self.weeks + 1) if self.checkpoint(week) >= day]


class Week(BaseModel):
    """One week of a pilot, as a policy sees it among its events."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    week: int
    movement: bool
    """Whether an opportunity was created or progressed in it."""


def _within(day: date | None, first: date, end: date) -> bool:
    return day is not None and first <= day < end


def week_of(terms: PilotTerms, week: int, opportunities: Iterable[Opportunity]) -> Week:
    """Look back on a week: from the checkpoint before to the day before its own."""
    first, end = terms.checkpoint(week - 1), terms.checkpoint(week)
    moved = any(_within(o.created_on, first, end) or _within(o.progressed_on, first, end) for o in opportunities)
    return Week(week=week, movement=moved)


def achieved(terms: PilotTerms, as_of: date, opportunities: Iterable[Opportunity]) -> dict[str, FactValue | InPart]:
    """The facts of a pilot before a day: what was created in it, met the standard, progressed, and was mutual work.

    The pilot's days are half open: what is dated on its day 60 belongs to no pilot, or to the next.
    """
    end = min(as_of, terms.last_day)
    created = [o for o in opportunities if _within(o.created_on, terms.started_on, end)]
    qualified = [o for o in created if _within(o.qualified_on, terms.started_on, end)]
    progressed = [o for o in qualified if _within(o.progressed_on, terms.started_on, end)]
    mutual, unsaid = (sum(o.mutual is said for o in qualified) for said in (True, None))
    return {
        "opportunities_created": len(created),
        "qualified_opportunities": len(qualified),
        "projected_qualified": projected(terms, as_of, len(qualified)),
        "progressed_on_time": len(progressed),
        # Of deals that nobody was asked about, none may be mutual, or all.
        "mutual_deals": {"at_least": mutual, "at_most": mutual + unsaid} if unsaid else mutual,
        **agreed(terms, as_of),
    }


def agreed(terms: PilotTerms, as_of: date) -> dict[str, FactValue]:
    """Those of them that come from the terms: what it has to show, and by now."""
    elapsed = _elapsed(terms, as_of)
    return {
        "target_qualified": terms.targets.qualified,
        "target_progressed": terms.targets.progressed,
        "expected_qualified": terms.targets.qualified * elapsed // terms.plan.days,
        "resets_used": terms.number - 1,
        "resets_allowed": terms.plan.resets,
        "fewest_accounts": terms.plan.fewest_accounts,
        "plays_agreed": terms.plan.plays,
    }


def projected(terms: PilotTerms, as_of: date, qualified: int) -> int:
    """How many opportunities will have met the standard by the last day if it goes on as it went, rounded down."""
    return qualified * terms.plan.days // max(_elapsed(terms, as_of), 1)


def _elapsed(terms: PilotTerms, as_of: date) -> int:
    return (min(as_of, terms.last_day) - terms.started_on).days


PILOT_FACTS = frozenset(
    achieved(
        PilotTerms(
            number=1,
            started_on=date(2000, 1, 1),
            plan=PilotPlan(),
            targets=Targets(qualified=0, progressed=0),
            program="",
        ),
        date(2000, 1, 1),
        (),
    )
)
"""The names of the facts that `achieved` supplies."""

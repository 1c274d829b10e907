"""The team's hours: who has how many in a quarter, whom they may go to, and that none is promised twice.

Hours are counted in whole hundredths, so that nothing is lost by adding. Several people may look after one tier, and
one person after several; what all of it takes is there if and only if, for every group of tiers, the people who look
after any of them have the hours that the group takes (Hall's theorem). Tiers are few, so every group is looked at.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from program.calendar import BusinessDays, Quarter
from program.errors import Misfits
from program.partner import Name
from program.person import Absence as Leave

Hours = Annotated[Decimal, Field(ge=0, max_digits=9, decimal_places=2)]

HUNDREDTHS = 100


class Absence(BaseModel):
    """Days on which somebody does not work, both included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: date
    last: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise Misfits([(("last",), f"an absence ends on {self.last}, before it begins on {self.first}")])
        return self


class Person(BaseModel):
    """Somebody of the team."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    hours: Annotated[Decimal, Field(gt=0, max_digits=9, decimal_places=2)]
    """In a quarter without absences."""
    tiers: list[str] = []
    """The tiers that are looked after; all of them where none is named."""
    absences: list[Absence] = []

    def works_on(self, day: date, days: BusinessDays) -> bool:
        """Whether somebody is at work on a day."""
        return days.is_one(day) and not any(absence.first <= day <= absence.last for absence in self.absences)

    def there(self, quarter: Quarter, days: BusinessDays) -> Fraction:
        """The share of a quarter's business days on which somebody is there."""
        day, working, there = quarter.first_day, 0, 0
        while day <= quarter.last_day:
            working += days.is_one(day)
            there += self.works_on(day, days)
            day += timedelta(days=1)
        return Fraction(there, working) if working else Fraction(0)


class Capacity(BaseModel):
    """The team, and how much of its time is promised to nobody."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    people: list[Person] = Field(min_length=1)
    kept_free: int = Field(default=0, ge=0, lt=100)
    """The percentage that is promised to nobody."""

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        names = [person.name for person in self.people]
        twice = [
            (("people", n, "name"), f"{name} is there already") for n, name in enumerate(names) if name in names[:n]
        ]
        if twice:
            raise Misfits(twice)
        return self

    def to_give(self, tier: str) -> Decimal:
        """The hours of those who look after a tier, in a quarter in which all of them are there."""
        hours = sum((person.hours for person in self.people if tier in person.tiers or not person.tiers), Decimal(0))
        return hours * (100 - self.kept_free) / 100

    def also_away(self, leave: Iterable[Leave]) -> "Capacity":
        """The same people, away on more days; whoever is not among them takes nothing from their hours."""
        more: dict[str, list[Absence]] = {person.name: [] for person in self.people}
        for one in leave:
            more.get(one.person, []).append(Absence(first=one.first, last=one.last))
        people = [one.model_copy(update={"absences": [*one.absences, *more[one.name]]}) for one in self.people]
        return self.model_copy(update={"people": people})

    def team(self, quarter: Quarter, days: BusinessDays, tiers: Sequence[str]) -> "Team":
        """The hours that there are to give in a quarter."""
        to_give = {
            person.name: int(Fraction(person.hours) * person.there(quarter, days) * (100 - self.kept_free))
            for person in self.people
        }
        serves = {person.name: frozenset(person.tiers or tiers) for person in self.people}
        return Team(tiers=tuple(tiers), to_give=to_give, serves=serves)


@dataclass(frozen=True)
class Team:
    """Who has how many hundredths of an hour to give, and to which tiers."""

    tiers: tuple[str, ...]
    """From the top."""
    to_give: Mapping[str, int]
    serves: Mapping[str, frozenset[str]]

    @property
    def hours(self) -> Decimal:
        """All hours that there are to give."""
        return in_hours(sum(self.to_give.values()))

    def serving(self, *tiers: str) -> int:
        """What the people have who look after any of some tiers."""
        return sum(given for name, given in self.to_give.items() if not self.serves[name].isdisjoint(tiers))

    def without(self, person: str) -> "Team":
        """The team, had somebody no hours."""
        return Team(self.tiers, {**self.to_give, person: 0}, self.serves)

    def groups(self) -> list[tuple[frozenset[str], int]]:
        """Every group of tiers, and the hours of those who look after any of them."""
        found = []
        for mask in range(1, 1 << len(self.tiers)):
            group = frozenset(tier for n, tier in enumerate(self.tiers) if mask >> n & 1)
            found.append((group, self.serving(*group)))
        return found

    def slack(self, taken: Mapping[str, int]) -> dict[frozenset[str], int]:
        """What every group of tiers has left when so much is taken."""
        return {group: there - sum(taken[tier] for tier in group) for group, there in self.groups()}

    def carried(self, wanted: Mapping[str, int]) -> dict[str, int]:
        """As much of what tiers want as there is; the upper ones come first."""
        taken = dict.fromkeys(self.tiers, 0)
        for tier in self.tiers:
            taken[tier] = min(wanted[tier], *(left for group, left in self.slack(taken).items() if tier in group))
        return taken

    def handed_out(self, taken: Mapping[str, int]) -> dict[str, dict[str, int]]:
        """How much each person gives to each tier, from the top and in the order in which people are declared.

        Everybody gives as much as leaves the others enough; what is taken has to be there.
        """
        given: dict[str, dict[str, int]] = {name: dict.fromkeys(self.tiers, 0) for name in self.to_give}
        left, wanted = dict(self.to_give), dict(taken)
        for tier in self.tiers:
            for name in [name for name in self.to_give if tier in self.serves[name]]:
                slack = Team(self.tiers, left, self.serves).slack(wanted)
                others = [
                    s for group, s in slack.items() if tier not in group and not group.isdisjoint(self.serves[name])
                ]
                gift = max(min([left[name], wanted[tier], *others]), 0)
                given[name][tier] = gift
                left[name] -= gift
                wanted[tier] -= gift
        return given


def in_hundredths(hours: Decimal) -> int:
    """Hours as they are counted."""
    return int(hours * HUNDREDTHS)


def in_hours(hundredths: int) -> Decimal:
    """Hours as they are read."""
    return Decimal(hundredths).scaleb(-2)

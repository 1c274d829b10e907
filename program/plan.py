"""From the score to the calendar: which touches the tiers owe in a quarter, who delivers each, and on which day.

A cadence is counted from the day a partner became active, or an override began: one touch in every so many days. A
touch belongs to the quarter that the middle of its days lies in, so that every quarter is planned by itself and none is
owed twice. The touches of a quarter take exactly the hours that its tier promises.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby

from pydantic import BaseModel, ConfigDict

from program.calendar import BusinessDays, Quarter
from program.capacity import Capacity, Team, in_hours, in_hundredths
from program.levelling import Piece, Week, level
from program.partner import Name, PartnerId
from program.serving import ServiceOverride
from program.tiers import Tier, Touch

DAY = timedelta(days=1)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Served(_Part):
    """A partner that is looked after."""

    partner: PartnerId
    name: Name
    owner: str
    """Who looks after it in person where that is somebody of the team who looks after its tier."""
    tier: str
    since: date
    """The day it became active: its cadence counts from it."""
    overrides: tuple[ServiceOverride, ...] = ()
    """No two of them hold on one day."""


class Owed(_Part):
    """A touch that is owed, and the days on which it may be delivered, both included."""

    partner: PartnerId
    name: Name
    tier: str
    """Whose service it is part of."""
    kind: Name
    hours: Decimal
    begins: date
    """The first day of its turn of the cadence, whatever quarter that lies in."""
    first: date
    last: date

    @property
    def key(self) -> tuple[str, str, str, date]:
        """What tells it from all others, however often it is planned anew."""
        return self.partner, self.tier, self.kind, self.begins


class Planned(Owed):
    """A touch in somebody's calendar."""

    person: Name
    day: date
    fits: bool
    """Whether the week's hours carry it; else it is there beyond them, since it is owed all the same."""


class WeekLoad(_Part):
    """What somebody has planned in a week, and the hours there are for it."""

    person: Name
    monday: date
    planned: Decimal
    hours: Decimal


class Plan(_Part):
    """A quarter's touches, by day, person and partner."""

    quarter: Quarter
    touches: tuple[Planned, ...]
    unplanned: tuple[Owed, ...]
    """Those that nobody can deliver: nobody who looks after the tier is at work on any of their days."""
    weeks: tuple[WeekLoad, ...]


def monday_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - day.weekday() * DAY


@dataclass(frozen=True)
class _Stretch:
    """A time in which a partner receives one tier's service."""

    tier: Tier
    first: date
    last: date
    but: tuple[ServiceOverride, ...] = ()
    """Not while one of these holds."""

    def turns(self, every: int, quarter: Quarter) -> Iterator[tuple[int, date, date, date]]:
        """The turns of a cadence that belong to a quarter: number, first day, and the days that lie in both."""
        number = max((quarter.first_day - self.first).days // every - 1, 0)
        while (begins := self.first + number * every * DAY) <= quarter.last_day:
            ends = begins + (every - 1) * DAY
            # The first turn counts however short the stretch is: who is granted a week of service receives some.
            middle = min(begins + every // 2 * DAY, self.last) if number == 0 else begins + every // 2 * DAY
            owed = middle <= self.last and not any(override.holds(middle) for override in self.but)
            if owed and quarter.contains(middle):
                yield number, begins, max(begins, quarter.first_day), min(ends, quarter.last_day, self.last)
            number += 1


def _stretches(served: Served, tiers: Mapping[str, Tier]) -> Iterator[_Stretch]:
    yield _Stretch(tiers[served.tier], served.since, date.max, served.overrides)
    for override in served.overrides:
        yield _Stretch(tiers[override.tier], override.first, override.until)


def owed(roster: Iterable[Served], tiers: Sequence[Tier], quarter: Quarter) -> list[Owed]:
    """Every touch that is owed in a quarter, once."""
    by_id = {tier.id: tier for tier in tiers}
    return [
        touch
        for served in sorted(roster, key=lambda one: one.partner)
        for stretch in _stretches(served, by_id)
        for promised in stretch.tier.service.promised
        for touch in _of_cadence(served, stretch, promised, quarter)
    ]


def _of_cadence(served: Served, stretch: _Stretch, promised: Touch, quarter: Quarter) -> Iterator[Owed]:
    every = promised.every
    if every is None:
        return
    # As many turns as a full quarter has share its hours; whoever comes in its middle receives those that are left.
    whole = _Stretch(stretch.tier, stretch.first - (stretch.first - date.min) // every // DAY * every * DAY, date.max)
    count = sum(1 for _ in whole.turns(every, quarter))
    hours = in_hundredths(promised.hours)
    for number, begins, first, last in stretch.turns(every, quarter):
        place = number % max(count, 1)
        share = hours * (place + 1) // max(count, 1) - hours * place // max(count, 1)
        yield Owed(
            partner=served.partner,
            name=served.name,
            tier=stretch.tier.id,
            kind=promised.kind,
            hours=in_hours(share),
            begins=begins,
            first=first,
            last=last,
        )


def plan(
    roster: Sequence[Served], tiers: Sequence[Tier], capacity: Capacity, days: BusinessDays, quarter: Quarter
) -> Plan:
    """Put every owed touch into the calendar of somebody who looks after its tier.

    A partner keeps one person, unless a touch would not fit then. What fits no week of anybody, after others have been
    moved to make room, stands in the week that it overloads least. The upper tiers choose first.
    """
    touches = owed(roster, tiers, quarter)
    weeks = _weeks(capacity, tiers, days, quarter)
    homes = _homes(roster, touches, tiers, capacity, days, quarter)
    height = {tier.id: number for number, tier in enumerate(tiers)}
    serves = {person.name: frozenset(person.tiers or height) for person in capacity.people}
    pieces = []
    for number, touch in enumerate(touches):
        there = tuple(
            place
            for place, week in enumerate(weeks)
            if touch.tier in serves[week.person] and any(touch.first <= day <= touch.last for day in week.days)
        )
        home = homes.get((touch.partner, touch.tier), "")
        pieces.append(Piece(number, in_hundredths(touch.hours), there, home, (height[touch.tier], *touch.key)))
    placed, beyond = level(pieces, weeks)
    by_week: dict[int, list[int]] = {place: [] for place in range(len(weeks))}
    for number, place in placed.items():
        by_week[place].append(number)
    found = [
        Planned(**dict(touches[number]), person=weeks[place].person, day=day, fits=number not in beyond)
        for place, numbers in by_week.items()
        for number, day in _by_day(weeks[place], {number: touches[number] for number in numbers})
    ]
    return Plan(
        quarter=quarter,
        touches=tuple(sorted(found, key=lambda one: (one.day, one.person, one.key))),
        unplanned=tuple(touch for number, touch in enumerate(touches) if number not in placed),
        weeks=tuple(
            WeekLoad(
                person=week.person,
                monday=monday_of(week.days[0]),
                planned=sum((touches[number].hours for number in by_week[place]), Decimal(0)),
                hours=in_hours(week.room),
            )
            for place, week in enumerate(weeks)
        ),
    )


def _weeks(capacity: Capacity, tiers: Sequence[Tier], days: BusinessDays, quarter: Quarter) -> list[Week]:
    """Everybody's weeks in a quarter; the hours of each go by its days, and those of all add up to the quarter's."""
    to_give = capacity.team(quarter, days, [tier.id for tier in tiers]).to_give
    every = [quarter.first_day + n * DAY for n in range((quarter.last_day - quarter.first_day).days + 1)]
    weeks = []
    for person in capacity.people:
        there = [day for day in every if person.works_on(day, days)]
        worked, given = 0, to_give[person.name]
        for _, group in groupby(there, key=monday_of):
            in_week = tuple(group)
            before, worked = worked, worked + len(in_week)
            room = given * worked // len(there) - given * before // len(there)
            weeks.append(Week(person.name, in_week, room))
    return weeks


def _homes(
    roster: Sequence[Served],
    touches: Iterable[Owed],
    tiers: Sequence[Tier],
    capacity: Capacity,
    days: BusinessDays,
    quarter: Quarter,
) -> dict[tuple[str, str], str]:
    """Who looks after each partner, tier by tier: its owner, or whoever of the tier's people is least taken up."""
    taken: dict[tuple[str, str], int] = {}
    for touch in touches:
        at = touch.tier, touch.partner
        taken[at] = taken.get(at, 0) + in_hundredths(touch.hours)
    team = capacity.team(quarter, days, [tier.id for tier in tiers])
    allotted = _Allotted(
        team, {tier.id: sum(hours for (name, _), hours in taken.items() if name == tier.id) for tier in tiers}
    )
    owners = {served.partner: served.owner for served in roster}
    since = {served.partner: served.since for served in roster}
    homes = {}
    for tier in tiers:
        after = [name for name in team.to_give if tier.id in team.serves[name]]
        partners = sorted(
            ((partner, hours) for (name, partner), hours in taken.items() if name == tier.id),
            key=lambda one: (owners[one[0]] not in after, -one[1], since[one[0]], one[0]),
        )
        for partner, hours in partners if after else ():
            chosen = [owners[partner]] if owners[partner] in after else after
            homes[partner, tier.id] = allotted.allot(tier.id, hours, chosen)
    return homes


class _Allotted:
    """Who has how many hours left while partners are allotted, in hundredths, and what tiers still want of them."""

    def __init__(self, team: Team, wanted: Mapping[str, int]) -> None:
        self._team = team
        self._left, self._wanted = dict(team.to_give), dict(wanted)

    def allot(self, tier: str, hours: int, people: Sequence[str]) -> str:
        """Allot a partner to whoever is least taken up, if the others can then carry as much of the rest as before."""
        carried = self._carried()
        self._wanted[tier] -= hours
        least = sorted(people, key=lambda name: -self._left[name] * 10_000 // max(self._team.to_give[name], 1))
        for name in least:
            self._left[name] -= hours
            if self._left[name] >= 0 and self._carried() + hours >= carried:
                return name
            self._left[name] += hours
        self._left[least[0]] -= hours
        return least[0]

    def _carried(self) -> int:
        left = {name: max(hours, 0) for name, hours in self._left.items()}
        return sum(Team(self._team.tiers, left, self._team.serves).carried(self._wanted).values())


def _by_day(week: Week, touches: Mapping[int, Owed]) -> Iterator[tuple[int, date]]:
    """The day of each touch of a week: of those it may have, the one with least on it."""
    load = dict.fromkeys(week.days, Decimal(0))
    for number, touch in sorted(touches.items(), key=lambda one: (one[1].last, -one[1].hours, one[1].key)):
        day = min((day for day in week.days if touch.first <= day <= touch.last), key=lambda day: (load[day], day))
        load[day] += touch.hours
        yield number, day

"""Days, quarters and business days of a program, in its time zone.

Dates are the program's; instants are UTC. Python's `zoneinfo` knows the changes of daylight saving: a day is what the
time zone says it is, 23 or 25 hours long where the clocks change.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from program.errors import Refused

_QUARTER = re.compile(r"^(\d{4})Q([1-4])$")


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone; write one of the IANA names, such as Europe/Berlin") from None
    return name


class Clock(BaseModel):
    """Turns instants into the program's dates and back."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    timezone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    day_begins: time = time(6)
    """The local time at which what is due on a day is done: after the night's imports, before people start."""
    lag: timedelta = timedelta(0)
    """How far the program's time runs behind the world's. Zero, except where the past is simulated."""

    def today(self, now: datetime) -> date:
        """The program's date at an instant."""
        return (now - self.lag).astimezone(ZoneInfo(self.timezone)).date()

    def due(self, day: date) -> datetime:
        """The instant at which what is due on a day is done.

        Where the clocks are put forward over that time, it is as much later; where they are put back over it, it is
        the first of the two.
        """
        local = datetime.combine(day, self.day_begins, tzinfo=ZoneInfo(self.timezone))
        return local.astimezone(UTC) + self.lag

    def begun(self, now: datetime) -> date:
        """The last day of which what is due is done: at night, before a day begins, the day before."""
        today = self.today(now)
        return today if self.due(today) <= now else today - timedelta(days=1)

    def starts(self, day: date) -> datetime:
        """The instant at which a day begins."""
        return datetime.combine(day, time(0), tzinfo=ZoneInfo(self.timezone)).astimezone(UTC) + self.lag


class Quarter(BaseModel):
    """A calendar quarter, written 2017Q3."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    year: int = Field(ge=1900, le=9998)
    number: int = Field(ge=1, le=4)

    def __str__(self) -> str:
        return f"{self.year}Q{self.number}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2017Q3`.

        Raises:
            Refused: where it is written in another way.
        """
        match = _QUARTER.match(text.strip().upper())
        if not match or not 1900 <= int(match[1]) <= 9998:
            raise Refused(f"{text!r} is no quarter; write the year, a Q and 1 to 4, such as 2017Q3")
        return cls(year=int(match[1]), number=int(match[2]))

    @classmethod
    def of(cls, day: date) -> Self:
        """The quarter a day lies in."""
        return cls(year=day.year, number=(day.month + 2) // 3)

    @classmethod
    def ended_before(cls, day: date) -> Self:
        """The last quarter that is over on a day."""
        return cls.of(cls.of(day).first_day - timedelta(days=1))

    @property
    def first_day(self) -> date:
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def last_day(self) -> date:
        return (self.first_day + timedelta(days=100)).replace(day=1) - timedelta(days=1)

    @property
    def next(self) -> Self:
        return self.of(self.first_day + timedelta(days=100))

    @property
    def previous(self) -> Self:
        return self.of(self.first_day - timedelta(days=1))

    def contains(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day


def quarters_between(first: date, last: date) -> Iterator[Quarter]:
    """The quarters whose last day lies between two days, both included, in order."""
    quarter = Quarter.of(first)
    while quarter.last_day <= last:
        yield quarter
        quarter = quarter.next


class BusinessDays(BaseModel):
    """Which days people work: the weekdays that are not holidays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weekend: frozenset[Annotated[int, Field(ge=0, le=6)]] = Field(default=frozenset({5, 6}), max_length=6)
    """Days off, Monday being 0; at least one day of the week is worked."""
    holidays: frozenset[date] = frozenset()

    def is_one(self, day: date) -> bool:
        return day.weekday() not in self.weekend and day not in self.holidays

    def on_or_after(self, day: date) -> date:
        """The first business day from a day on."""
        while not self.is_one(day):
            day += timedelta(days=1)
        return day

    def after(self, day: date, count: int) -> date:
        """The day that lies `count` business days after a day; the next business day for 1."""
        for _ in range(count):
            day = self.on_or_after(day + timedelta(days=1))
        return day

    def between(self, day: date, until: date) -> int:
        """How many business days come after a day, up to another; as many as `after` was asked for to get there."""
        return sum(self.is_one(day + timedelta(days=n)) for n in range(1, (until - day).days + 1))


class WorkingTime(BaseModel):
    """When people are at work: the hours of a business day, in the program's time zone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clock: Clock = Clock()
    days: BusinessDays = BusinessDays()
    begins: time = time(9)
    ends: time = time(17)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.begins >= self.ends:
            raise ValueError(f"work begins at {self.begins} and ends at {self.ends}: the end has to come later")
        return self

    def after_days(self, start: datetime, count: int) -> datetime:
        """The instant so many business days later, at the same time of day; from where work begins, outside of it."""
        local = self._at_work(start)
        return self._utc(datetime.combine(self.days.after(local.date(), count), local.time(), local.tzinfo))

    def after_hours(self, start: datetime, hours: int) -> datetime:
        """The instant at which so many hours of work are over."""
        local, left = self._at_work(start), timedelta(hours=hours)
        while True:
            closing = datetime.combine(local.date(), self.ends, local.tzinfo)
            today = closing.astimezone(UTC) - local.astimezone(UTC)
            if left <= today:
                return self._utc(local.astimezone(UTC) + left)
            left -= today
            local = datetime.combine(self.days.after(local.date(), 1), self.begins, local.tzinfo)

    def _at_work(self, instant: datetime) -> datetime:
        """The instant itself where people are at work, else when they are next: in local time."""
        local = (instant - self.clock.lag).astimezone(ZoneInfo(self.clock.timezone))
        if self.days.is_one(local.date()) and self.begins <= local.time() < self.ends:
            return local
        early = local.time() < self.begins
        day = self.days.on_or_after(local.date() if early else local.date() + timedelta(days=1))
        return datetime.combine(day, self.begins, local.tzinfo)

    def _utc(self, local: datetime) -> datetime:
        return local.astimezone(UTC) + self.clock.lag


class QuietHours(BaseModel):
    """Hours, and days, in which nobody is disturbed: from one local time to another, over midnight too."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    begins: time = Field(alias="from")
    until: time
    days_off: bool = True
    """Whether days that are no business days are quiet from midnight to midnight."""

    @model_validator(mode="after")
    def _leaves_some_of_the_day(self) -> Self:
        left = (_minutes(self.begins) - _minutes(self.until)) % (24 * 60)
        if left < _LEAST_MINUTES:
            raise ValueError(f"from {self.begins} until {self.until} leaves less than four hours in which to be told")
        return self

    def are(self, local: datetime, days: BusinessDays) -> bool:
        """Whether a local time lies in them."""
        return (self.days_off and not days.is_one(local.date())) or self._hold(local.time())

    def _hold(self, at: time) -> bool:
        if self.begins < self.until:
            return self.begins <= at < self.until
        return at >= self.begins or at < self.until

    def over(self, at: datetime, clock: Clock, days: BusinessDays) -> datetime:
        """The first instant from one on that is not quiet: itself, or when quiet hours and days off are over.

        Where the clocks are put forward over that time it is as much later; where they are put back over it, it is the
        first of the two that is not past.
        """
        zone = ZoneInfo(clock.timezone)
        local = (at - clock.lag).astimezone(zone)
        while self.are(local, days):
            if self.days_off and not days.is_one(local.date()):
                morning = datetime.combine(days.on_or_after(local.date()), time(0), zone)
            else:
                later = local.time() >= self.until
                morning = datetime.combine(local.date() + timedelta(days=later), self.until, zone)
            if morning.astimezone(UTC) <= local.astimezone(UTC):  # the hour that there is twice: its second time
                morning = morning.replace(fold=1)
            local = morning.astimezone(UTC).astimezone(zone)
        return local.astimezone(UTC) + clock.lag


_LEAST_MINUTES = 4 * 60


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute

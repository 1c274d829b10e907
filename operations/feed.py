"""Somebody's plan as an iCalendar feed (RFC 5545), to be subscribed to."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from program.calendar import WorkingTime
from program.definition import Program
from program.plan import Plan, Planned

PRODUCT: Final = "-//Gatehouse//Partner program//EN"

REFRESH: Final = timedelta(hours=6)
"""How often those who subscribe are asked to look again."""


def feed(program: Program, person: str, plans: tuple[Plan, Plan], written_at: datetime) -> bytes:
    """A calendar with this quarter's touches, and as tentative those of the next.

    A touch keeps its UID however often it is planned anew, so it moves in the calendars of those who subscribe.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"{program.title}: {person}")
    calendar.add("x-wr-timezone", program.clock.timezone)
    calendar.add("refresh-interval", REFRESH, {"VALUE": "DURATION"})
    for plan, status in zip(plans, ("CONFIRMED", "TENTATIVE"), strict=True):
        mine = [touch for touch in plan.touches if touch.person == person]
        for touch, starts, ends in lined_up(mine, program.calendar.working):
            event = _event(program, touch, written_at)
            event.add("dtstart", starts)
            event.add("dtend", ends)
            event.add("status", status)
            calendar.add_component(event)
    first, last = plans[0].quarter.first_day, plans[1].quarter.last_day
    calendar.add_missing_timezones(first_date=first, last_date=last + timedelta(days=1))
    return bytes(calendar.to_ical())


def _event(program: Program, touch: Planned, written_at: datetime) -> Event:
    key = "\n".join(map(str, (program.program, *touch.key)))
    event = Event()
    event.add("uid", f"{hashlib.sha256(key.encode()).hexdigest()[:32]}@gatehouse")
    event.add("dtstamp", written_at)
    event.add("summary", f"{touch.name}: {touch.kind}")
    event.add("categories", [touch.tier])
    lines = [
        f"{touch.hours} hours, for {touch.name} ({touch.partner}), {touch.tier}.",
        f"Owed between {touch.first} and {touch.last}.",
        "" if touch.fits else "It lies beyond the week's hours.",
        f'Once it was held: gatehouse touch {touch.partner} --by "{touch.person}" --kind "{touch.kind}"',
    ]
    event.add("description", "\n".join(line for line in lines if line))
    return event


def lined_up(
    touches: Iterable[Planned], working: WorkingTime
) -> Iterator[tuple[Planned, date | datetime, date | datetime]]:
    """When each of somebody's touches begins and ends: one after the other from where work begins.

    What does not end before midnight takes the whole day instead.
    """
    zone = ZoneInfo(working.clock.timezone)
    by_day: dict[date, list[Planned]] = defaultdict(list)
    for touch in touches:
        by_day[touch.day].append(touch)
    for day, those in sorted(by_day.items()):
        until = datetime.combine(day, working.begins, zone)
        for touch in those:
            ends = until + timedelta(minutes=round(touch.hours * 60))
            if ends.date() > day:
                yield touch, day, day + timedelta(days=1)
            else:
                yield touch, until, ends
                until = ends

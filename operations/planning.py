"""The plan of a quarter as the roster stands, and one week of it. It is worked out whenever it is asked for."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from program.calendar import Quarter
from program.capacity import Capacity
from program.definition import Program
from program.errors import Refused
from program.partner import PartnerId, Stage
from program.plan import Owed, Plan, Planned, Served, monday_of, plan
from program.touch import Touch
from store.database import Transaction


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PersonsWeek(_Part):
    """What somebody has to do in a week."""

    person: str
    planned: Decimal
    hours: Decimal
    """That there are to give."""
    touches: tuple[Planned, ...]


class WeekPlan(_Part):
    """A week of the plan, Monday to Sunday."""

    monday: date
    people: tuple[PersonsWeek, ...]
    unplanned: tuple[Owed, ...]
    """What nobody can deliver, of those whose last day lies in the week."""
    delivered: dict[PartnerId, tuple[Touch, ...]]
    """What was recorded in the week, by partner."""


def quarter_plan(tx: Transaction, program: Program, quarter: Quarter) -> Plan:
    """A quarter's plan, as the roster, the overrides, the absences and the program stand."""
    standings = tx.partners.roster(Stage.ACTIVE)
    overrides = tx.serving.of([standing.partner.id for standing in standings])
    there = {tier.id for tier in program.tiers}
    roster = [
        Served(
            partner=standing.partner.id,
            name=standing.partner.name,
            owner=standing.partner.owner,
            # A program may have renamed a tier since it was given; the next re-score puts everybody into its tiers.
            tier=standing.tier if standing.tier in there else program.entry_tier,
            since=standing.since,
            overrides=tuple(override for override in overrides[standing.partner.id] if override.tier in there),
        )
        for standing in standings
        if standing.since
    ]
    capacity = program.capacity.also_away(tx.people.absences())
    return plan(roster, program.tiers, capacity, program.calendar.business_days, quarter)


def week_plan(tx: Transaction, program: Program, day: date, person: str | None = None) -> WeekPlan:
    """The week of a day; of one person where one is named.

    Raises:
        Refused: where there is no such person in the team.
    """
    first, last = monday_of(day), monday_of(day) + timedelta(days=6)
    names = chosen(program.capacity, person)
    plans = [quarter_plan(tx, program, quarter) for quarter in dict.fromkeys([Quarter.of(first), Quarter.of(last)])]
    touches = [touch for one in plans for touch in one.touches if first <= touch.day <= last]
    weeks = [week for one in plans for week in one.weeks if week.monday == first]
    return WeekPlan(
        monday=first,
        people=tuple(
            PersonsWeek(
                person=name,
                planned=sum((week.planned for week in weeks if week.person == name), Decimal(0)),
                hours=sum((week.hours for week in weeks if week.person == name), Decimal(0)),
                touches=tuple(touch for touch in touches if touch.person == name),
            )
            for name in names
        ),
        unplanned=tuple(touch for one in plans for touch in one.unplanned if first <= touch.last <= last),
        delivered=_by_partner(tx.touches.between(first, last)),
    )


def chosen(capacity: Capacity, person: str | None) -> list[str]:
    """The people of the team, or the one that is named.

    Raises:
        Refused: where nobody is called so.
    """
    names = [one.name for one in capacity.people]
    if person is None:
        return names
    if person not in names:
        raise Refused(f"nobody of the team is called {person}; there are {', '.join(names)} (capacity in program.yaml)")
    return [person]


def _by_partner(touches: Iterable[Touch]) -> dict[PartnerId, tuple[Touch, ...]]:
    found: dict[PartnerId, list[Touch]] = defaultdict(list)
    for touch in touches:
        found[touch.partner].append(touch)
    return {partner: tuple(those) for partner, those in found.items()}


def feed_of(tx: Transaction, program: Program, person: str, today: date) -> tuple[Plan, Plan]:
    """What somebody has to do in this quarter, and, as far as nobody moves by then, in the next.

    Raises:
        Refused: where there is no such person in the team.
    """
    chosen(program.capacity, person)
    quarter = Quarter.of(today)
    return quarter_plan(tx, program, quarter), quarter_plan(tx, program, quarter.next)

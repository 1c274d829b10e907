"""A quarter's touches: each is owed once, in somebody's hours as far as they reach, and on a day that is worked."""

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as some

from program.calendar import BusinessDays, Quarter
from program.capacity import Absence, Capacity, Person
from program.levelling import Piece, Week, level
from program.plan import Plan, Planned, Served, owed, plan
from program.serving import ServiceOverride
from program.tiers import Service, Tier, Touch
from rules.folder import LoadedProgram

Q3 = Quarter.parse("2017Q3")
DAYS = BusinessDays(holidays=frozenset({date(2017, 7, 4)}))

TOP = Tier(
    id="top",
    title="Top",
    service=Service(
        cadence="A session every two weeks",
        hours=Decimal(30),
        touches=[
            Touch(kind="Session", cadence="every two weeks", every=14, hours=Decimal(21)),
            Touch(kind="Review", cadence="monthly", every=30, hours=Decimal(9)),
        ],
    ),
)
REST = Tier(id="rest", title="Rest", service=Service(cadence="Call", every=91, hours=Decimal(1)))
TIERS = [TOP, REST]


def partner(name: str = "acme", tier: str = "top", since: date = date(2017, 1, 2), **more: object) -> Served:
    return Served.model_validate({"partner": name, "name": name, "owner": "", "tier": tier, "since": since, **more})


def served(tier: str, first: date, until: date) -> ServiceOverride:
    return ServiceOverride(partner="acme", tier=tier, first=first, until=until, reason="A deal", granted_by="Ada")


def team(*people: Person) -> Capacity:
    return Capacity(people=list(people) or [Person(name="Ada", hours=Decimal(400))])


def planned(roster: Sequence[Served], capacity: Capacity | None = None, quarter: Quarter = Q3) -> Plan:
    return plan(roster, TIERS, capacity or team(), DAYS, quarter)


def kinds(found: Plan) -> Counter[str]:
    return Counter(touch.kind for touch in found.touches)


def beyond(found: Plan) -> list[Planned]:
    return [touch for touch in found.touches if not touch.fits]


def test_a_tiers_partner_gets_every_touch_it_was_promised_and_the_hours_of_the_quarter() -> None:
    found = planned([partner()])
    assert kinds(found) == {"Session": 6, "Review": 3}
    assert sum(touch.hours for touch in found.touches) == 30
    assert not beyond(found)
    assert not found.unplanned


def test_a_touch_stands_on_a_day_that_is_worked_within_its_turn() -> None:
    away = Absence(first=date(2017, 7, 10), last=date(2017, 7, 21))
    found = planned([partner()], team(Person(name="Ada", hours=Decimal(400), absences=[away])))
    for touch in found.touches:
        assert touch.first <= touch.day <= touch.last
        assert touch.day.weekday() < 5
        assert touch.day != date(2017, 7, 4)
        assert not away.first <= touch.day <= away.last


def test_who_becomes_active_in_a_quarters_middle_gets_what_is_left_of_it() -> None:
    found = planned([partner(since=date(2017, 8, 28))])
    assert kinds(found) == {"Session": 2, "Review": 1}
    assert min(touch.day for touch in found.touches) >= date(2017, 8, 28)


def test_a_tier_that_promises_no_touches_owes_none() -> None:
    portal = Tier(id="portal", title="Portal", service=Service(cadence="A portal", hours=Decimal("0.5")))
    assert owed([partner(tier="portal")], [portal], Q3) == []


def test_a_partners_owner_looks_after_it_where_that_is_somebody_of_the_team() -> None:
    people = [Person(name=name, hours=Decimal(400)) for name in ("Ada", "Bo")]
    found = planned([partner("acme", owner="Bo"), partner("globex", owner="Somebody else")], team(*people))
    assert {(touch.partner, touch.person) for touch in found.touches} == {("acme", "Bo"), ("globex", "Ada")}


def test_partners_are_shared_out_evenly() -> None:
    people = [Person(name=name, hours=Decimal(400)) for name in ("Ada", "Bo", "Cy")]
    found = planned([partner(f"p-{n}") for n in range(6)], team(*people))
    assert Counter({touch.partner: touch.person for touch in found.touches}.values()) == dict.fromkeys(
        ("Ada", "Bo", "Cy"), 2
    )


def test_who_alone_looks_after_a_lower_tier_is_left_the_hours_for_it() -> None:
    people = [Person(name="Ada", hours=Decimal(80), tiers=["top"]), Person(name="Bo", hours=Decimal(40))]
    found = planned([partner(), *(partner(f"r-{n}", "rest") for n in range(36))], team(*people))
    assert {touch.tier for touch in found.touches if touch.person == "Bo"} == {"rest"}
    assert not beyond(found)


def test_somebody_stands_in_while_the_one_who_looks_after_a_partner_is_away() -> None:
    away = Absence(first=date(2017, 7, 1), last=date(2017, 7, 31))
    people = [Person(name="Ada", hours=Decimal(400), absences=[away]), Person(name="Bo", hours=Decimal(400))]
    found = planned([partner(owner="Ada")], team(*people))
    assert {touch.person for touch in found.touches if touch.day.month == 7} == {"Bo"}
    assert {touch.person for touch in found.touches if touch.day.month > 7} == {"Ada"}


def test_a_touch_that_nobody_is_there_for_is_said_and_not_dropped() -> None:
    away = Absence(first=date(2017, 7, 1), last=date(2017, 7, 31))
    found = planned([partner()], team(Person(name="Ada", hours=Decimal(400), absences=[away])))
    assert {touch.last < date(2017, 8, 1) for touch in found.unplanned} == {True}
    assert len(found.touches) + len(found.unplanned) == 9


def test_what_does_not_fit_is_planned_beyond_the_hours_and_said() -> None:
    found = planned([partner(f"p-{n}") for n in range(3)], team(Person(name="Ada", hours=Decimal(60))))
    assert len(found.touches) == 27
    assert beyond(found)
    assert sum(touch.hours for touch in found.touches if touch.fits) <= 60


def test_the_upper_tier_comes_first_where_hours_are_short() -> None:
    roster = [partner(f"r-{n}", "rest") for n in range(40)] + [partner("acme")]
    found = planned(roster, team(Person(name="Ada", hours=Decimal(45))))
    assert {touch.tier for touch in beyond(found)} == {"rest"}


def test_an_override_counts_as_the_service_it_grants_until_its_day() -> None:
    override = served("top", date(2017, 7, 10), date(2017, 8, 20))
    found = planned([partner(tier="rest", since=date(2017, 7, 1), overrides=(override,))])
    assert kinds(found) == {"Session": 3, "Review": 1}  # the call that was due in August is part of what it received
    assert all(override.holds(touch.day) for touch in found.touches)


def test_a_week_of_service_is_one_touch_of_each_kind() -> None:
    override = served("top", date(2017, 7, 10), date(2017, 7, 14))
    found = planned([partner(tier="rest", overrides=(override,))])
    assert {touch.kind for touch in found.touches if touch.tier == "top"} == {"Session", "Review"}
    assert all(override.holds(touch.day) for touch in found.touches if touch.tier == "top")


def test_an_override_that_is_over_leaves_the_plan_as_it_would_be_without() -> None:
    over = served("top", date(2017, 2, 1), date(2017, 3, 1))
    assert planned([partner(tier="rest", overrides=(over,))]) == planned([partner(tier="rest")])


def test_the_default_team_carries_the_roster_it_was_made_for(default_program: LoadedProgram) -> None:
    rules = default_program.program
    tiers = ["strategic"] * 18 + ["growth"] * 40 + ["self-serve"] * 82
    since = date(2026, 1, 1)
    roster = [partner(f"p-{n}", tier, since + timedelta(days=n % 91)) for n, tier in enumerate(tiers)]
    found = plan(roster, rules.tiers, rules.capacity, rules.calendar.business_days, Quarter.parse("2027Q2"))
    assert len(beyond(found)) <= len(found.touches) * 0.02
    assert not found.unplanned


names = some.sampled_from(["acme", "globex", "hooli", "initech", "umbrella"])
people = some.lists(
    some.builds(
        Person,
        name=some.sampled_from(["Ada", "Bo", "Cy"]),
        hours=some.integers(20, 200).map(Decimal),
        tiers=some.sampled_from([[], ["top"], ["rest"]]),
        absences=some.lists(
            some.builds(
                lambda day, length: Absence(first=day, last=day + timedelta(days=length)),
                some.dates(date(2017, 6, 20), date(2017, 10, 1)),
                some.integers(0, 30),
            ),
            max_size=2,
        ),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda person: person.name,
)
rosters = some.lists(
    some.builds(
        partner,
        names,
        some.sampled_from(["top", "rest"]),
        some.dates(date(2015, 1, 1), date(2017, 9, 30)),
        owner=some.sampled_from(["", "Ada", "Bo"]),
        overrides=some.sampled_from([(), (served("top", date(2017, 7, 20), date(2017, 9, 1)),)]),
    ),
    max_size=5,
    unique_by=lambda one: one.partner,
)


@given(rosters, people, some.randoms(use_true_random=False))
def test_every_touch_is_planned_once_on_a_day_of_its_own_and_whatever_the_order(
    roster: list[Served], people: list[Person], chance: random.Random
) -> None:
    capacity = team(*people)
    found = planned(roster, capacity)
    assert sorted(touch.key for touch in (*found.touches, *found.unplanned)) == sorted(
        touch.key for touch in owed(roster, TIERS, Q3)
    )
    by_name = {person.name: person for person in people}
    for touch in found.touches:
        person = by_name[touch.person]
        assert touch.first <= touch.day <= touch.last
        assert Q3.contains(touch.day)
        assert person.works_on(touch.day, DAYS)
        assert not person.tiers or touch.tier in person.tiers
    chance.shuffle(roster)
    assert planned(roster, capacity) == found


@given(rosters, people)
def test_no_week_carries_more_than_somebodys_hours_but_for_what_is_said(
    roster: list[Served], people: list[Person]
) -> None:
    found = planned(roster, team(*people))
    carried: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    for touch in found.touches:
        if touch.fits:
            carried[touch.person, touch.day - timedelta(days=touch.day.weekday())] += touch.hours
    there = {(week.person, week.monday): week.hours for week in found.weeks}
    assert all(hours <= there[week] for week, hours in carried.items())
    assert sum(week.hours for week in found.weeks) <= sum(person.hours for person in people)


@given(some.dates(date(2015, 1, 1), date(2016, 12, 31)))
def test_over_the_quarters_each_turn_of_a_cadence_is_owed_once(since: date) -> None:
    quarters = [Quarter.parse(f"2017Q{number}") for number in (1, 2, 3, 4)]
    touches = [touch for quarter in quarters for touch in owed([partner(since=since)], TIERS, quarter)]
    for kind, every in (("Session", 14), ("Review", 30)):
        begins = [touch.begins for touch in touches if touch.kind == kind]
        assert {later - earlier for earlier, later in pairwise(begins)} == {timedelta(days=every)}
    for quarter in quarters:
        assert sum(touch.hours for touch in owed([partner(since=since)], TIERS, quarter)) == 30


def best_by_trying(pieces: Sequence[Piece], weeks: Sequence[Week]) -> int:
    """The most pieces that any arrangement carries."""
    best = 0
    for chosen in product(*((None, *piece.weeks) for piece in pieces)):
        load = Counter(place for place in chosen if place is not None)
        if all(load[place] * 100 <= week.room for place, week in enumerate(weeks)):
            best = max(best, load.total())
    return best


@given(
    some.lists(some.integers(0, 3), min_size=1, max_size=3),
    some.lists(some.sets(some.integers(0, 2), max_size=3), max_size=6),
)
def test_of_pieces_that_are_equally_large_as_many_are_placed_as_can_be(rooms: list[int], may: list[set[int]]) -> None:
    weeks = [Week("Ada" if place % 2 else "Bo", (Q3.first_day,), room * 100) for place, room in enumerate(rooms)]
    pieces = [
        Piece(number, 100, tuple(sorted(there & {*range(len(weeks))})), "Ada", (0, number))
        for number, there in enumerate(may)
    ]
    placed, beyond = level(pieces, weeks)
    assert len(placed) - len(beyond) == best_by_trying(pieces, weeks)


@pytest.mark.parametrize("count", [5, 13, 20])
def test_weeks_are_filled_evenly(count: int) -> None:
    weeks = [Week("Ada", (Q3.first_day + timedelta(weeks=place),), 2000) for place in range(13)]
    pieces = [Piece(number, 150, tuple(range(13)), "Ada", (0, number)) for number in range(count)]
    placed, beyond = level(pieces, weeks)
    loads = Counter(placed.values())
    assert not beyond
    assert max(loads.values()) - min(loads[place] for place in range(13)) <= 1


def test_a_large_piece_is_exchanged_for_a_small_one_where_that_makes_room() -> None:
    weeks = [Week("Ada", (Q3.first_day + timedelta(weeks=place),), room) for place, room in enumerate((450, 500))]
    pieces = [
        Piece(number, size, may, "Ada", (0, number))
        for number, (size, may) in enumerate([(400, (0, 1)), (300, (0, 1)), (150, (1,))])
    ]
    placed, beyond = level(pieces, weeks)
    assert placed == {0: 0, 1: 1, 2: 1}
    assert not beyond

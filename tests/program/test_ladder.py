from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from program.calendar import BusinessDays, Clock, WorkingTime
from program.ladder import EscalationRules, Level, Place, Span
from program.partner import Partner, PartnerType

BERLIN = ZoneInfo("Europe/Berlin")
EASTER = frozenset({date(2026, 4, 3), date(2026, 4, 6)})
OFFICE = WorkingTime(clock=Clock(timezone="Europe/Berlin"), days=BusinessDays(holidays=EASTER))


def local(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("start", "span", "end"),
    [
        (local(date(2026, 3, 2), 10), {"hours": 4}, local(date(2026, 3, 2), 14)),
        (local(date(2026, 3, 2), 15), {"hours": 4}, local(date(2026, 3, 3), 11)),
        (local(date(2026, 3, 2), 9), {"hours": 8}, local(date(2026, 3, 2), 17)),
        (local(date(2026, 3, 2), 22), {"hours": 1}, local(date(2026, 3, 3), 10)),
        (local(date(2026, 3, 2), 5), {"hours": 1}, local(date(2026, 3, 2), 10)),
        (local(date(2026, 3, 6), 16), {"hours": 2}, local(date(2026, 3, 9), 10)),
        (local(date(2026, 4, 2), 16, 30), {"hours": 1}, local(date(2026, 4, 7), 9, 30)),  # over Easter
        (local(date(2026, 3, 27), 16), {"hours": 2}, local(date(2026, 3, 30), 10)),  # the clocks go forward on Sunday
        (local(date(2026, 10, 23), 16), {"hours": 2}, local(date(2026, 10, 26), 10)),  # and back
        (local(date(2026, 3, 2), 10), {"days": 2}, local(date(2026, 3, 4), 10)),
        (local(date(2026, 3, 27), 10), {"days": 1}, local(date(2026, 3, 30), 10)),
        (local(date(2026, 4, 2), 10), {"days": 1}, local(date(2026, 4, 7), 10)),
        (local(date(2026, 4, 4), 12), {"days": 1}, local(date(2026, 4, 8), 9)),  # told on a Saturday
    ],
)
def test_somebody_has_hours_of_work_or_business_days_to_answer(
    start: datetime, span: dict[str, int], end: datetime
) -> None:
    assert Span(**span).after(start.astimezone(UTC), OFFICE) == end


INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(INSTANTS, st.integers(1, 60))
def test_an_answer_is_due_while_people_are_at_work(start: datetime, hours: int) -> None:
    due = OFFICE.after_hours(start, hours).astimezone(BERLIN)
    assert OFFICE.days.is_one(due.date())
    assert time(9) <= due.time() <= time(17)
    assert due - start >= timedelta(hours=hours)


@given(INSTANTS, st.integers(1, 40), st.integers(1, 40))
def test_hours_add_up(start: datetime, first: int, second: int) -> None:
    assert OFFICE.after_hours(OFFICE.after_hours(start, first), second) == OFFICE.after_hours(start, first + second)


@given(INSTANTS, INSTANTS, st.integers(1, 20))
def test_who_is_told_later_has_to_answer_no_earlier(one: datetime, other: datetime, days: int) -> None:
    first, second = sorted((one, other))
    assert OFFICE.after_days(first, days) <= OFFICE.after_days(second, days)
    assert OFFICE.after_hours(first, days) <= OFFICE.after_hours(second, days)


def test_a_level_is_told_as_often_as_it_says() -> None:
    usual = EscalationRules()
    assert [(rung.level.to, rung.again) for rung in usual.rungs] == [
        (Place.OWNER, 0),
        (Place.OWNER, 1),
        (Place.MANAGER, 0),
        (Place.LEAD, 0),
    ]


def test_who_stands_on_a_level_is_looked_up() -> None:
    rules = EscalationRules(
        ladder=tuple(Level(to=to, within=Span(days=1)) for to in (*Place, "Grace")),
        lead="Lea",
    )
    acme = Partner(id="acme", name="Acme", type=PartnerType.RESELL, region="EMEA", owner="Ada", owner_manager="Max")
    assert [rules.person(rung, acme, "Ada") for rung in rules.rungs] == ["Ada", "Max", "Lea", "Grace"]
    assert rules.person(rules.rungs[0], acme, "Delia") == "Delia"
    alone = acme.model_copy(update={"owner_manager": ""})
    assert [EscalationRules().person(rung, alone, "Ada") for rung in EscalationRules().rungs] == ["Ada", "Ada", "", ""]


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"ladder": []}, "at least 1 item"),
        ({"ladder": [{"to": "owner", "within": {}}]}, "is either hours or days"),
        ({"ladder": [{"to": "owner", "within": {"hours": 1, "days": 1}}]}, "is either hours or days"),
        ({"ladder": [{"to": "owner", "within": {"days": 0}}]}, "greater than or equal to 1"),
        ({"ladder": [{"to": "owner", "within": {"days": 1}, "channels": ["pigeon"]}]}, "'email', 'slack'"),
        ({"extensions": -1}, "greater than or equal to 0"),
    ],
)
def test_a_ladder_that_makes_no_sense_is_refused(rules: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        EscalationRules.model_validate(rules)


def test_work_ends_after_it_begins() -> None:
    with pytest.raises(ValidationError, match="the end has to come later"):
        WorkingTime(begins=time(17), ends=time(9))

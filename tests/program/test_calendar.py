"""Days in the program's time zone, quarters, and working days."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from program.calendar import BusinessDays, Clock, Quarter, QuietHours, quarters_between
from program.errors import Refused

A_DAY = timedelta(days=1)

zones = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"])
days = st.dates(date(1980, 1, 1), date(2036, 12, 31))
lags = st.timedeltas(timedelta(days=-4000), timedelta(days=4000))
BERLIN = Clock(timezone="Europe/Berlin")
clocks = st.builds(Clock, timezone=zones, day_begins=st.times(), lag=lags)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(clocks, days)
def test_what_is_due_on_a_day_is_done_on_it(clock: Clock, day: date) -> None:
    assert clock.today(clock.due(day)) == day


@given(clocks, days)
def test_a_day_begins_where_the_day_before_ends(clock: Clock, day: date) -> None:
    assert clock.today(clock.starts(day)) == day
    assert clock.today(clock.starts(day) - timedelta(microseconds=1)) == day - A_DAY


@given(clocks, days, st.integers(1, 400))
def test_a_later_day_is_due_later(clock: Clock, day: date, count: int) -> None:
    assert clock.due(day) < clock.due(day + timedelta(days=count))


@given(clocks, days)
def test_a_program_whose_time_lags_does_everything_so_much_later(clock: Clock, day: date) -> None:
    on_time = clock.model_copy(update={"lag": timedelta(0)})
    assert clock.due(day) - on_time.due(day) == clock.lag
    assert clock.starts(day) - on_time.starts(day) == clock.lag


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("UTC", date(2017, 3, 26), 24),
        ("Europe/Berlin", date(2017, 3, 25), 24),
        ("Europe/Berlin", date(2017, 3, 26), 23),
        ("Europe/Berlin", date(2017, 10, 29), 25),
        ("America/New_York", date(2017, 3, 12), 23),
        ("America/New_York", date(2017, 11, 5), 25),
        ("Australia/Lord_Howe", date(2017, 10, 1), 23.5),
        ("Australia/Lord_Howe", date(2017, 4, 2), 24.5),
        ("Asia/Kathmandu", date(2017, 4, 2), 24),
        ("Asia/Kathmandu", date(1986, 1, 1), 23.75),
    ],
)
def test_a_day_is_as_long_as_its_time_zone_says(zone: str, day: date, hours: float) -> None:
    clock = Clock(timezone=zone)
    assert clock.starts(day + A_DAY) - clock.starts(day) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("zone", "day", "local", "instant"),
    [
        # As a rule
        ("Europe/Berlin", date(2017, 3, 25), time(6), "2017-03-25T05:00"),
        ("Europe/Berlin", date(2017, 3, 26), time(6), "2017-03-26T04:00"),
        ("America/New_York", date(2017, 7, 1), time(6), "2017-07-01T10:00"),
        ("Asia/Kathmandu", date(2017, 7, 1), time(6), "2017-07-01T00:15"),
        # The hour that does not exist: as much later
        ("Europe/Berlin", date(2017, 3, 26), time(2, 30), "2017-03-26T01:30"),
        ("America/New_York", date(2017, 3, 12), time(2, 30), "2017-03-12T07:30"),
        ("Australia/Lord_Howe", date(2017, 10, 1), time(2, 15), "2017-09-30T15:45"),
        # The hour that exists twice: the first
        ("Europe/Berlin", date(2017, 10, 29), time(2, 30), "2017-10-29T00:30"),
        ("America/New_York", date(2017, 11, 5), time(1, 30), "2017-11-05T05:30"),
        ("Australia/Lord_Howe", date(2017, 4, 2), time(1, 45), "2017-04-01T14:45"),
    ],
)
def test_what_is_due_is_done_at_its_local_time(zone: str, day: date, local: time, instant: str) -> None:
    assert Clock(timezone=zone, day_begins=local).due(day) == utc(instant)


def test_at_night_the_day_before_is_the_last_that_has_begun() -> None:
    clock, today = Clock(timezone="Europe/Berlin"), date(2017, 7, 2)
    begun = {hour: clock.begun(utc(f"2017-07-02T{hour:02}:00")) for hour in (0, 3, 4, 21)}
    assert begun == {0: date(2017, 7, 1), 3: date(2017, 7, 1), 4: today, 21: today}


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "", "../../etc/passwd", "UTC+1"])
def test_a_time_zone_nobody_knows_is_refused(zone: str) -> None:
    with pytest.raises(ValidationError, match="is no time zone; write one of the IANA names, such as Europe/Berlin"):
        Clock(timezone=zone)


quarters = st.builds(Quarter, year=st.integers(1901, 9998), number=st.integers(1, 4))


@given(quarters)
def test_a_quarter_reads_as_it_is_written(quarter: Quarter) -> None:
    assert Quarter.parse(str(quarter)) == Quarter.parse(f" {quarter} ".lower()) == quarter


@pytest.mark.parametrize("text", ["2017", "2017Q5", "2017Q0", "Q3 2017", "2017-Q3", "17Q3", "1899Q4", "9999Q1", ""])
def test_a_quarter_written_otherwise_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="is no quarter; write the year, a Q and 1 to 4, such as 2017Q3"):
        Quarter.parse(text)


@given(quarters)
@example(Quarter(year=9998, number=4))
def test_a_quarter_is_three_whole_months(quarter: Quarter) -> None:
    first, last = quarter.first_day, quarter.last_day
    assert (first.year, last.year) == (quarter.year, quarter.year)
    assert (first.day, first.month, last.month) == (1, 3 * quarter.number - 2, 3 * quarter.number)
    assert (last + A_DAY).day == 1


@given(st.dates(date(1901, 1, 1), date(9997, 12, 31)))
def test_every_day_lies_in_one_quarter_between_its_neighbours(day: date) -> None:
    quarter = Quarter.of(day)
    assert [q.contains(day) for q in (quarter.previous, quarter, quarter.next)] == [False, True, False]
    assert quarter.next.first_day - quarter.last_day == quarter.first_day - quarter.previous.last_day == A_DAY
    assert quarter.next.previous == quarter


@pytest.mark.parametrize(
    ("day", "last"),
    [
        (date(2017, 10, 1), "2017Q3"),
        (date(2017, 12, 31), "2017Q3"),
        (date(2018, 1, 1), "2017Q4"),
        (date(2018, 3, 31), "2017Q4"),
    ],
)
def test_a_quarter_has_ended_on_the_first_day_of_the_next(day: date, last: str) -> None:
    assert str(Quarter.ended_before(day)) == last


@pytest.mark.parametrize(
    ("first", "last", "ended"),
    [
        (date(2017, 3, 31), date(2017, 9, 30), ["2017Q1", "2017Q2", "2017Q3"]),
        (date(2017, 4, 1), date(2017, 9, 29), ["2017Q2"]),
        (date(2017, 12, 31), date(2017, 12, 31), ["2017Q4"]),
        (date(2017, 5, 1), date(2017, 5, 31), []),
    ],
)
def test_quarters_between_two_days_are_those_that_end_there(first: date, last: date, ended: list[str]) -> None:
    assert [str(quarter) for quarter in quarters_between(first, last)] == ended


starts = st.dates(date(2026, 1, 1), date(2027, 1, 31))
working_weeks = st.builds(
    BusinessDays,
    weekend=st.frozensets(st.integers(0, 6), max_size=6),
    holidays=st.frozensets(starts, max_size=40),
)


@given(working_weeks, starts, st.integers(0, 30))
def test_business_days_are_counted_one_by_one(calendar: BusinessDays, day: date, count: int) -> None:
    def worked(from_day: date) -> list[date]:
        every = [from_day + timedelta(days=n) for n in range(366)]
        return [d for d in every if d.weekday() not in calendar.weekend and d not in calendar.holidays]

    assert calendar.on_or_after(day) == worked(day)[0]
    assert calendar.after(day, count) == [day, *worked(day + A_DAY)][count]


def test_over_christmas_five_business_days_are_nearly_two_weeks() -> None:
    christmas = BusinessDays(holidays=frozenset({date(2026, 12, 25), date(2027, 1, 1)}))
    assert christmas.after(date(2026, 12, 23), 5) == date(2026, 12, 31)
    assert christmas.after(date(2026, 12, 24), 5) == date(2027, 1, 4)


def test_a_week_without_a_working_day_is_refused() -> None:
    with pytest.raises(ValidationError, match="weekend"):
        BusinessDays(weekend=frozenset(range(7)))


# Quiet hours

business = st.builds(
    BusinessDays,
    weekend=st.frozensets(st.integers(0, 6), max_size=6),
    holidays=st.frozensets(st.dates(date(2017, 1, 1), date(2017, 12, 31)), max_size=5),
)
instants = st.datetimes(datetime(2016, 12, 20), datetime(2018, 1, 10), timezones=st.just(UTC))  # noqa: DTZ001 -- bounds
NIGHT = QuietHours.model_validate({"from": "19:00", "until": "07:00"})
WEEKDAYS = BusinessDays(holidays=frozenset({date(2017, 5, 1)}))


@st.composite
def quiet_hours(draw: st.DrawFn) -> QuietHours:
    begins, length = draw(st.integers(0, 24 * 60 - 1)), draw(st.integers(1, 20 * 60))
    ends = (begins + length) % (24 * 60)
    values = {"from": time(*divmod(begins, 60)), "until": time(*divmod(ends, 60)), "days_off": draw(st.booleans())}
    return QuietHours.model_validate(values)


@given(quiet_hours(), instants, clocks, business)
@example(QuietHours.model_validate({"from": "19:00", "until": "02:30"}), utc("2017-10-29T01:10"), BERLIN, WEEKDAYS)
@example(QuietHours.model_validate({"from": "19:00", "until": "02:30"}), utc("2017-03-26T00:10"), BERLIN, WEEKDAYS)
def test_what_is_held_comes_when_nobody_sleeps_and_not_long_after(
    quiet: QuietHours, at: datetime, clock: Clock, business: BusinessDays
) -> None:
    told = quiet.over(at, clock, business)
    zone = ZoneInfo(clock.timezone)
    before, after = ((instant - clock.lag).astimezone(zone) for instant in (at, told))
    assert told >= at
    assert not quiet.are(after, business)
    assert (told == at) == (not quiet.are(before, business))

    between = [before.date() + n * A_DAY for n in range((after.date() - before.date()).days + 1)]
    off = sum(not business.is_one(day) for day in between) if quiet.days_off else 0
    assert told - at <= (off + 1) * A_DAY + timedelta(hours=1), "an hour more where the clocks are put back"
    assert quiet.over(told, clock, business) == told


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("2017-03-01T06:30", "2017-03-01T06:30"),  # half past seven in Berlin
        ("2017-03-01T05:00", "2017-03-01T06:00"),
        ("2017-03-01T18:00", "2017-03-02T06:00"),  # seven in the evening
        ("2017-03-03T17:59", "2017-03-03T17:59"),
        ("2017-03-03T18:00", "2017-03-06T06:00"),  # from Friday evening to Monday morning
        ("2017-03-25T12:00", "2017-03-27T05:00"),  # and the clocks are put forward meanwhile
        ("2017-04-28T20:00", "2017-05-02T05:00"),  # Monday is a holiday
    ],
)
def test_a_night_and_a_weekend_in_berlin(written: str, told: str) -> None:
    assert NIGHT.over(utc(written), BERLIN, WEEKDAYS) == utc(told)


def test_a_rest_at_noon_is_over_in_the_afternoon_and_sundays_may_count() -> None:
    noon = QuietHours.model_validate({"from": "12:00", "until": "13:30", "days_off": False})
    assert noon.over(utc("2017-03-05T11:30"), BERLIN, WEEKDAYS) == utc("2017-03-05T12:30")


@pytest.mark.parametrize(("begins", "until"), [("07:00", "07:00"), ("09:00", "06:00")])
def test_quiet_hours_leave_some_of_the_day(begins: str, until: str) -> None:
    with pytest.raises(ValidationError, match="leaves less than four hours in which to be told"):
        QuietHours.model_validate({"from": begins, "until": until})

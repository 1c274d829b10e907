"""The team: who is there, for how long, and what is given to whom."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from program.calendar import BusinessDays, Quarter
from program.capacity import Capacity
from program.person import Absence

Q3 = Quarter(year=2017, number=3)
TIERS = ["strategic", "growth", "self-serve"]


def a_team(*people: dict[str, Any], kept_free: int = 0) -> Capacity:
    named = [{"name": f"Person {number}", "hours": 400, **person} for number, person in enumerate(people)]
    return Capacity.model_validate({"people": named, "kept_free": kept_free})


def test_the_team_promises_what_it_does_not_keep_free() -> None:
    team = a_team({}, {"hours": 200, "tiers": ["growth"]}, kept_free=20)
    assert team.team(Q3, BusinessDays(), TIERS).hours == 480
    assert [team.to_give(tier) for tier in TIERS] == [320, 480, 320]


@pytest.mark.parametrize(
    ("absences", "hours"),
    [
        ([], 400),
        ([{"first": "2017-01-01", "last": "2017-06-30"}], 400),  # another quarter
        ([{"first": "2017-07-01", "last": "2017-07-02"}], 400),  # a weekend
        ([{"first": "2017-07-03", "last": "2017-07-03"}], "393.84"),  # 1 of 65 business days
        ([{"first": "2017-07-03", "last": "2017-07-14"}, {"first": "2017-07-10", "last": "2017-07-14"}], "338.46"),
        ([{"first": "2017-06-01", "last": "2017-10-31"}], 0),
    ],
)
def test_who_is_away_has_as_many_hours_less(absences: list[dict[str, str]], hours: Decimal) -> None:
    assert a_team({"absences": absences}).team(Q3, BusinessDays(), TIERS).hours == Decimal(hours)


def test_a_day_that_both_program_and_office_call_an_absence_counts_once() -> None:
    team = a_team({"absences": [{"first": "2017-07-03", "last": "2017-07-14"}]}, {})
    leave = [
        Absence(person=name, first=date(2017, 7, 10), last=date(2017, 7, 17), stand_in="Bo")
        for name in ("Person 0", "Somebody else")
    ]
    given = team.also_away(leave).team(Q3, BusinessDays(), TIERS).to_give
    assert given == {"Person 0": 40_000 * 54 // 65, "Person 1": 40_000}


def test_each_gives_as_much_as_leaves_the_others_enough() -> None:
    team = a_team({"hours": 10}, {"hours": 10, "tiers": ["strategic"]}).team(Q3, BusinessDays(), TIERS)
    given = team.handed_out({"strategic": 1200, "growth": 500, "self-serve": 100})
    assert given == {
        "Person 0": {"strategic": 400, "growth": 500, "self-serve": 100},
        "Person 1": {"strategic": 800, "growth": 0, "self-serve": 0},
    }


@pytest.mark.parametrize(
    ("people", "message"),
    [
        ([], "at least 1 item"),
        ([{"hours": 0}], "greater than 0"),
        ([{"hours": -1}], "greater than 0"),
        ([{"name": "Ada"}, {"name": "Ada"}], r"people\.1\.name: Ada is there already"),
        (
            [{"absences": [{"first": "2017-07-02", "last": "2017-07-01"}]}],
            "an absence ends on 2017-07-01, before it begins on 2017-07-02",
        ),
    ],
)
def test_a_team_that_cannot_be_is_refused(people: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        a_team(*people)

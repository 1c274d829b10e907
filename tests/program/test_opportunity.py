"""Opportunities as they looked on a day: nothing that came later is seen."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from program.opportunity import Opportunity

CREATED = date(2017, 3, 1)
DATES = ("created_on", "qualified_on", "progressed_on", "submitted_on", "answered_on", "closed_on")

some_days = st.integers(0, 40).map(lambda n: CREATED + timedelta(days=n))


@st.composite
def opportunities(draw: st.DrawFn) -> Opportunity:
    created = draw(some_days)
    later = st.none() | st.integers(0, 40).map(lambda n: created + timedelta(days=n))
    closed, submitted = draw(later), draw(later)
    return Opportunity(
        id="O-1",
        partner="acme",
        created_on=created,
        qualified_on=draw(later),
        progressed_on=draw(later),
        submitted_on=submitted,
        answered_on=submitted and draw(st.none() | st.just(submitted + timedelta(days=draw(st.integers(0, 40))))),
        closed_on=closed,
        won=draw(st.booleans()) if closed else None,
        value=draw(st.none() | st.decimals(0, 10**6, places=2)),
        mutual=draw(st.none() | st.booleans()),
    )


def dates(opportunity: Opportunity) -> dict[str, date]:
    return {name: day for name in DATES if (day := getattr(opportunity, name)) is not None}


@given(opportunities(), some_days)
def test_what_is_dated_later_is_not_seen_and_what_is_not_is(opportunity: Opportunity, day: date) -> None:
    seen = opportunity.as_of(day)
    by_then = {name: when for name, when in dates(opportunity).items() if when <= day}
    assert (dates(seen) if seen else {}) == ({} if opportunity.created_on > day else by_then)
    if seen:
        still_open = opportunity.closed_on is not None and opportunity.closed_on > day
        expected = (None, None) if still_open else (opportunity.won, opportunity.value)
        assert (seen.won, seen.value) == expected


@given(opportunities(), some_days)
def test_what_is_seen_is_an_opportunity_like_any_other(opportunity: Opportunity, day: date) -> None:
    if seen := opportunity.as_of(day):
        assert Opportunity.model_validate(seen.model_dump()) == seen


@given(opportunities(), some_days, some_days)
def test_looking_back_twice_is_looking_back_once(opportunity: Opportunity, day: date, earlier: date) -> None:
    seen = opportunity.as_of(max(day, earlier))
    assert (seen and seen.as_of(min(day, earlier))) == opportunity.as_of(min(day, earlier))


@given(opportunities())
def test_at_its_last_day_an_opportunity_is_all_there(opportunity: Opportunity) -> None:
    assert opportunity.as_of(max(dates(opportunity).values())) == opportunity


def test_a_deal_won_afterwards_is_still_open() -> None:
    deal = Opportunity(
        id="O-1", partner="acme", created_on=CREATED, closed_on=date(2017, 4, 1), won=True, value=Decimal(500)
    )
    before = deal.as_of(date(2017, 3, 31))
    assert before
    assert (before.closed_on, before.won, before.value) == (None, None, None)
    assert deal.as_of(date(2017, 4, 1)) == deal


@pytest.mark.parametrize(("on", "waits"), [(0, False), (4, False), (5, True), (7, True), (8, False), (99, False)])
def test_a_partner_waits_for_an_answer_until_it_is_given(on: int, waits: bool) -> None:
    submitted = CREATED + timedelta(days=5)
    deal = Opportunity(
        id="O-1", partner="acme", created_on=CREATED, submitted_on=submitted, answered_on=CREATED + timedelta(days=8)
    )
    then = deal.as_of(CREATED + timedelta(days=on))
    assert then
    assert then.waits_since == (submitted if waits else None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"closed_on": CREATED}, "a closed opportunity is won or lost and has a closing date"),
        ({"won": False}, "a closed opportunity is won or lost and has a closing date"),
        ({"qualified_on": "2017-02-28"}, "it was qualified on 2017-02-28, before it was created on 2017-03-01"),
        ({"progressed_on": "2017-02-28"}, "it was progressed on 2017-02-28, before it was created on 2017-03-01"),
        ({"closed_on": "2017-02-28", "won": True}, "it was closed on 2017-02-28, before it was created on 2017-03-01"),
        ({"submitted_on": "2017-02-28"}, "it was submitted on 2017-02-28, before it was created on 2017-03-01"),
        ({"answered_on": "2017-03-02"}, "it was answered on 2017-03-02, and nothing says when it was submitted"),
        (
            {"submitted_on": "2017-03-05", "answered_on": "2017-03-02"},
            "it was answered on 2017-03-02, before it was submitted on 2017-03-05",
        ),
        ({"value": "-1"}, "value"),
        ({"value": "0.001"}, "value"),
        ({"id": " "}, "id"),
    ],
)
def test_an_opportunity_that_contradicts_itself_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Opportunity.model_validate({"id": "O-1", "partner": "acme", "created_on": CREATED} | change)

"""What a decision's record says of its facts."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from program.decision import Decision, Ruling, as_recorded


@given(st.decimals(-(10**11), 10**11, places=4))
def test_a_number_is_recorded_to_its_last_digit(number: Decimal) -> None:
    written = json.dumps(as_recorded({"amount": number, "events": [{"amount": number}]}))
    read = json.loads(written, parse_float=Decimal, parse_int=Decimal)
    assert read == {"amount": number, "events": [{"amount": number}]}


def test_a_number_of_more_digits_than_a_record_holds_is_refused_and_not_rounded() -> None:
    with pytest.raises(ValueError, match=r"0\.12345678901234567890 has more digits than a record can hold exactly"):
        as_recorded({"ratio": Decimal("0.12345678901234567890")})


def test_whole_numbers_stay_whole_and_everything_else_stays_as_it_is() -> None:
    facts = {"revenue": Decimal("1000.00"), "open": False, "deals": 0, "stage": "active", "weeks": [{"week": 1}]}
    recorded = as_recorded(facts)
    assert json.dumps(recorded) == (
        '{"revenue": 1000, "open": false, "deals": 0, "stage": "active", "weeks": [{"week": 1}]}'
    )


def test_a_decision_is_known_by_whom_it_is_about_what_for_and_when() -> None:
    decision = Decision(
        partner="acme",
        policy="pilot-verdict",
        policy_version=1,
        program="0" * 64,
        program_version=1,
        purpose="application-1/pilot-1/verdict",
        as_of=date(2017, 4, 30),
        known_at=datetime(2017, 4, 30, 6, tzinfo=UTC),
        settle=True,
        ruling=Ruling(outcome="expand"),
        facts={},
        sources={},
        engines={},
    )
    assert decision.key == "acme:pilot-verdict:2017-04-30:application-1/pilot-1/verdict"

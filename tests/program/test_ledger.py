"""How a decision is written down, and what its hash covers."""

import hashlib
import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from program.decision import Decision, Ruling
from program.ledger import BEGINNING, chained, read, written

VALUES = st.one_of(
    st.booleans(), st.integers(-(10**13), 10**13), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=9)
)
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True)
FACTS = st.dictionaries(NAMES, VALUES | st.lists(st.dictionaries(NAMES, VALUES, max_size=2), max_size=2), max_size=4)


def a_decision(**changes: Any) -> Decision:
    values: dict[str, Any] = {
        "partner": "acme",
        "policy": "qualification",
        "policy_version": 1,
        "program": "0" * 64,
        "program_version": 3,
        "purpose": "application-1/scorecard-1",
        "as_of": date(2017, 3, 1),
        "known_at": datetime(2017, 3, 1, 6, tzinfo=UTC),
        "settle": False,
        "ruling": Ruling(outcome="sign", also=("a", "b"), because="Sünde ☂ “ja”"),
        "facts": {"market": 4, "share": 0.25},
        "sources": {"market": "scorecard 1 of application 1"},
        "engines": {"durable-rules": "2.0.28"},
    }
    return Decision(**values | changes)


@given(FACTS)
def test_a_record_is_read_as_it_was_written(facts: dict[str, Any]) -> None:
    decision = a_decision(facts=facts)
    record = written(decision)
    again = read(record)
    assert again == decision
    assert written(again) == record
    assert read(record.encode()) == decision


def test_a_record_is_one_line_of_sorted_json_without_spaces() -> None:
    record = written(a_decision())
    assert record.startswith(
        '{"as_of":"2017-03-01","engines":{"durable-rules":"2.0.28"},"facts":{"market":4,"share":0.25},'
    )
    assert "Sünde ☂ “ja”" in record
    assert record == json.dumps(json.loads(record), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_the_order_in_which_facts_were_gathered_says_nothing() -> None:
    assert written(a_decision(facts={"a": 1, "b": 2})) == written(a_decision(facts={"b": 2, "a": 1}))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"policy_version":1', '"policy_version": 1'),
        ('"policy_version":1', '"policy_version":"1"'),
        ('"policy_version":1', '"policy_version":1.0'),
        ('"policy_version":1', '"policy_version":1,"policy_version":1'),
        ('"market":4,"share":0.25', '"share":0.25,"market":4'),
        ('"share":0.25', '"share":2.5e-1'),
        ("T06:00:00Z", "T07:00:00+01:00"),
        ("Sünde", "S\\u00fcnde"),
        ('"settle":false', '"settle":false,"charm":5'),
        ('"settle":false,', ""),
        ('{"as_of"', '["as_of"'),
    ],
)
def test_what_says_the_same_in_other_bytes_is_no_record(old: str, new: str) -> None:
    record = written(a_decision())
    assert old in record
    with pytest.raises(ValueError, match=r"record|Decision"):
        read(record.replace(old, new, 1))


def test_a_record_that_says_less_than_today_is_one_still() -> None:
    older = json.loads(written(a_decision()))
    del older["ruling"]["possible"]  # as if it had been added since
    assert read(json.dumps(older, sort_keys=True, separators=(",", ":"), ensure_ascii=False)) == a_decision()


@pytest.mark.parametrize(
    ("fact", "error"), [(Decimal("0.25"), TypeError), (float("nan"), ValueError), (float("inf"), ValueError)]
)
def test_what_json_does_not_hold_is_not_written(fact: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        written(a_decision(facts={"share": fact}))


def test_the_same_instant_is_known_in_any_zone() -> None:
    elsewhere = a_decision(known_at=datetime(2017, 3, 1, 8, tzinfo=timezone(timedelta(hours=2))))
    assert read(written(elsewhere)) == a_decision()


def test_a_hash_covers_what_anybody_can_put_together() -> None:
    assert BEGINNING == "0" * 64
    by_hand = hashlib.sha256(b"0000000000000000000000000000000000000000000000000000000000000000\n7\n{}").hexdigest()
    assert chained(BEGINNING, 7, b"{}") == by_hand


PLACES = st.tuples(st.from_regex(r"[0-9a-f]{64}", fullmatch=True), st.integers(1), st.binary(max_size=9))


@given(PLACES, PLACES)
def test_two_records_in_different_places_never_share_a_hash(
    one: tuple[str, int, bytes], other: tuple[str, int, bytes]
) -> None:
    assert (chained(*one) == chained(*other)) == (one == other)

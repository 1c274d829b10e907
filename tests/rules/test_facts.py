from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rules.language.facts import EncodedFacts, EventType, FactError, FactType, encode


def declared(**given: Any) -> FactType:
    return FactType.model_validate(given)


@pytest.mark.parametrize(
    ("kind", "value", "encoded"),
    [
        ({"type": "flag"}, True, True),
        ({"type": "count"}, 0, 0),
        ({"type": "count"}, 3.0, 3),
        ({"type": "count"}, Decimal("3.000"), 3),
        ({"type": "integer"}, -9 * 10**12, -9 * 10**12),
        ({"type": "days"}, -1, -1),
        ({"type": "money"}, 0.1, 10),
        ({"type": "money"}, Decimal("-19.99"), -1999),
        ({"type": "ratio"}, 0.25, 2500),
        ({"type": "ratio"}, "25%", 2500),
        ({"type": "ratio"}, "0.01%", 1),
        ({"type": "decimal", "places": 6}, 1e-06, 1),
        ({"type": "decimal", "places": 6}, 9 * 10**12, 9 * 10**18),
        ({"type": "decimal", "places": 1}, Decimal("0E-999999999"), 0),
        ({"type": "choice", "of": ["5", "true"]}, "5", "5"),
    ],
)
def test_a_value_becomes_exactly_one_integer_boolean_or_string(kind: dict[str, Any], value: Any, encoded: Any) -> None:
    found = declared(**kind).encode(value)
    assert found == encoded
    assert type(found) is type(encoded)


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ({"type": "flag"}, 1, "1 is not true or false"),
        ({"type": "flag"}, "yes", "'yes' is not true or false"),
        ({"type": "count"}, True, "True is not a number"),
        ({"type": "count"}, "5", "'5' is not a number"),
        ({"type": "count"}, [5], "[5] is not a number"),
        ({"type": "count"}, -1, "-1 is not a whole number, 0 or more"),
        ({"type": "count"}, 2.5, "2.5 is not a whole number, 0 or more"),
        ({"type": "integer"}, 2**53, "9007199254740992 is too large; numbers go up to 9 trillion either side of zero"),
        ({"type": "integer"}, 2**63, "9223372036854775808 is too large"),
        ({"type": "integer"}, float("nan"), "nan is not a number"),
        ({"type": "integer"}, float("-inf"), "-inf is not a number"),
        ({"type": "integer"}, Decimal("sNaN"), "sNaN is not a number"),
        ({"type": "integer"}, Decimal("1E+999999999"), "1E+999999999 is too large"),
        ({"type": "decimal", "places": 6}, Decimal("1E-999999999"), "1E-999999999 is not a number with at most 6"),
        ({"type": "money"}, 0.1 + 0.2, "0.30000000000000004 is not an amount with at most 2 decimal places"),
        ({"type": "money"}, Decimal("1." + "0" * 40 + "1"), "is not an amount with at most 2 decimal places"),
        ({"type": "money"}, "25%", "'25%' is not a number"),
        ({"type": "ratio"}, "x%", "'x%' is not a number"),
        ({"type": "ratio"}, "nan%", "is not a number"),
        ({"type": "ratio"}, "25." + "0" * 40 + "1%", "is not a ratio with at most 4 decimal places"),
        ({"type": "ratio"}, 0.33333, "0.33333 is not a ratio with at most 4 decimal places"),
        ({"type": "count", "min": 1, "max": 5}, 6, "6 is not a whole number, 0 or more, at least 1 and at most 5"),
        ({"type": "count", "min": 1}, 0, "0 is not a whole number, 0 or more, at least 1"),
        ({"type": "choice", "of": ["a", "b"]}, "c", "'c' is not one of a, b"),
        ({"type": "choice", "of": ["5"]}, 5, "5 is not one of 5"),
        ({"type": "choice", "of": ["a"]}, "x" * 201, "is not one of a"),
    ],
)
def test_what_a_value_is_not_is_said(kind: dict[str, Any], value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as refusal:
        declared(**kind).encode(value)
    assert message in str(refusal.value)
    assert len(str(refusal.value)) < 200


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ({"type": "decimal"}, "a decimal needs `places`"),
        ({"type": "count", "places": 2}, "only a decimal has `places`, not a count"),
        ({"type": "decimal", "places": 7}, "less than or equal to 6"),
        ({"type": "choice"}, "a choice needs `of`"),
        ({"type": "flag", "of": ["a"]}, "only a choice has `of`, not a flag"),
        ({"type": "choice", "of": ["a", "a"]}, "`of` names something twice"),
        ({"type": "choice", "of": ["a"], "better": "higher"}, "a choice has no order"),
        ({"type": "flag", "min": 0}, "a flag has no order"),
        ({"type": "count", "min": 3, "max": 2}, "`min` 3 is more than `max` 2"),
        ({"type": "count", "max": -1}, "-1 is not a whole number, 0 or more"),
        ({"type": "money", "min": Decimal("0.001")}, "0.001 is not an amount"),
        ({"type": "money", "min": True}, "True is not a number"),
        ({"type": "integer", "max": 10**13}, "too large"),
        ({"type": "choice", "of": ["x" * 201]}, "at most 200 characters"),
        ({"type": "text"}, "'flag', 'count'"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(kind: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        declared(**kind)
    assert message in str(refusal.value)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-9 * 10**12, max_value=9 * 10**12))
def test_a_decimal_goes_there_and_back_unrounded(number: Decimal) -> None:
    kind = declared(type="decimal", places=6)
    assert kind.decode(kind.encode(number)) == number


@given(st.one_of(st.floats(), st.decimals(), st.integers(), st.text(), st.booleans(), st.none(), st.binary()))
def test_anything_is_encoded_or_refused(value: Any) -> None:
    for name, extra in (("money", {}), ("ratio", {}), ("count", {}), ("flag", {}), ("choice", {"of": ["a"]})):
        try:
            encoded = declared(type=name, **extra).encode(value)
        except ValueError:
            continue
        assert isinstance(encoded, bool | int | str)


FACTS = {"deals": declared(type="count"), "region": declared(type="choice", of=["emea", "apac"])}
EVENTS = {"visit": EventType.model_validate({"week": {"type": "count"}, "moved": {"type": "flag"}})}


def test_what_is_absent_or_null_is_unknown_and_an_empty_list_is_known() -> None:
    assert encode({"region": None}, FACTS, EVENTS) == EncodedFacts(unknown=("deals", "region", "visit"))
    assert encode({"deals": 1, "region": "emea", "visit": []}, FACTS, EVENTS) == EncodedFacts(
        {"deals": 1, "region": "emea"}, {"visit": []}
    )


def test_the_same_event_twice_is_one_event() -> None:
    once = {"week": 1, "moved": False}
    encoded = encode({"visit": [once, {"moved": False, "week": 1}, {**once, "moved": True}]}, FACTS, EVENTS)
    assert encoded.events == {"visit": [once, {"week": 1, "moved": True}]}


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"deal": 1}, "deal is not declared; did you mean deals?"),
        ({"deals": "1", "region": "mars"}, "deals: '1' is not a number; region: 'mars' is not one of emea, apac"),
        ({"visit": {"week": 1}}, "visit: {'week': 1} is not a list of events"),
        ({"visit": [1]}, "visit: event 1: 1 is not a map of week, moved"),
        ({"visit": [{"week": 1}]}, "visit: event 1: moved is missing; expected true or false"),
        ({"visit": [{"week": 1, "moved": None}]}, "visit: event 1: moved is missing; expected true or false"),
        ({"visit": [{"week": 1, "moved": True, "wek": 1}]}, "event 1: wek is not declared; did you mean week?"),
        ({"visit": [{"week": True, "moved": True}]}, "visit: event 1: week: True is not a number"),
        ({"visit": [{"week": 1, "moved": True}] * 501}, "visit: 501 events; at most 500 are looked at"),
    ],
)
def test_facts_that_do_not_fit_are_named_with_what_is_expected(facts: dict[str, Any], message: str) -> None:
    with pytest.raises(FactError) as refusal:
        encode(facts, FACTS, EVENTS)
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"at_most": 3}, "is not a whole number"),
        ({"at_least": 1, "about": 2}, "is not a whole number"),
        ({"at_least": 4, "at_most": 3}, "at least 4 is more than the most it can be"),
        ({"at_least": "one"}, "'one' is not a number"),
    ],
)
def test_what_is_known_in_part_has_to_make_sense(part: dict[str, Any], message: str) -> None:
    with pytest.raises(FactError, match=message):
        encode({"deals": part}, {"deals": FactType(type="count")}, {})


def test_what_has_no_order_is_not_known_in_part() -> None:
    with pytest.raises(FactError, match="is not true or false"):
        encode({"open": {"at_least": 1}}, {"open": FactType(type="flag")}, {})

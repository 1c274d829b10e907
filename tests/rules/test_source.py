from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rules.language.source import LARGEST, Fault, Unfit, faults_of, nearest, read_yaml


def test_what_is_read_is_what_a_person_sees() -> None:
    text = "a: no\nb: 06:00\nc: [1, -2, 2.50, true, 2026-01-31, '5', ~, 1e5, 007, .5, Yes]\n3: x\n"
    assert read_yaml(text, "f.yaml").data == {
        "a": "no",
        "b": "06:00",
        "c": [1, -2, Decimal("2.50"), True, date(2026, 1, 31), "5", None, "1e5", "007", ".5", "Yes"],
        3: "x",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f.yaml:1:1: the file is empty"),
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "f.yaml:4:3: b.c: given twice, first in line 3; keep one"),
        ("1: a\n'1': b\n", "f.yaml:2:1: 1: given twice, first in line 1; keep one"),
        ("a: &x 1\n", "f.yaml:1:4: a: the anchor &x; write out what it stands for where it is needed"),
        ("a: *x\n", "f.yaml:1:4: a: the alias *x; write out what it stands for"),
        ("<<: {a: 1}\n", "f.yaml:1:1: the merge key <<; write out what it would merge"),
        ("a: !!python/name:os.system x\n", "f.yaml:1:4: a: the tag tag:yaml.org,2002:python/name:os.system; remove it"),
        ("a: !x [1]\n", "f.yaml:1:4: a: the tag !x; remove it"),
        ("true: 1\n", "f.yaml:1:1: a key has to be text or a whole number; put it in quotes"),
        ("? [a]\n: 1\n", "f.yaml:1:3: a key has to be text or a whole number; put it in quotes"),
        ("a:\n\tb: 1\n", "f.yaml:2:1: a tab; indent and separate with spaces"),
        ("a: 1\n---\nb: 1\n", "f.yaml:2:1: a second document; put it into a file of its own"),
        ("a: 2026-02-30\n", "f.yaml:1:4: a: 2026-02-30 is not a day of the calendar"),
        (f"a: {'9' * 41}\n", "f.yaml:1:4: a: a number of more than 40 characters"),
        ("a: b\nc: \x07\n", "f.yaml:2:4: a character that YAML does not allow; remove it"),
        ('a: "\\ud800"\n', "f.yaml:1:4: a: half a character; write the whole one"),
        ("a: " + "[" * 40, "f.yaml:1:36: nested too deeply"),
        ("a: {b: 1\n", "f.yaml:2:1: expected ',' or '}', but got '<stream end>'"),
    ],
)
def test_the_rest_of_yaml_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(Unfit) as refusal:
        read_yaml(text, "f.yaml")
    assert str(refusal.value) == message


def test_every_fault_is_told_in_order() -> None:
    with pytest.raises(Unfit) as refusal:
        read_yaml("a: *x\nb: !y 1\na: 2\n", "f.yaml")
    assert [(fault.line, fault.column) for fault in refusal.value.faults] == [(1, 4), (2, 4), (3, 1)]


def test_only_utf_8_is_read() -> None:
    assert read_yaml("a: größer\n".encode(), "f.yaml").data == {"a": "größer"}
    with pytest.raises(Unfit, match=r"f\.yaml:2:1: not UTF-8"):
        read_yaml(b"a: 1\nb: \xff\n", "f.yaml")


def test_a_file_of_more_than_a_mebibyte_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(Unfit, match="larger than 1024 KiB"):
        read_yaml("#" * (LARGEST + 1), "f.yaml")


def test_the_deepest_nesting_stops_before_python_does() -> None:
    with pytest.raises(Unfit, match="nested too deeply"):
        read_yaml("[" * 100_000, "f.yaml")


def test_places_and_names_lead_to_what_they_mean() -> None:
    document = read_yaml("rules:\n  - id: first\n    when: {a: 1}\n  - [x]\n", "f.yaml")
    assert document.position(("rules", 0, "when", "a")) == (3, 12)
    assert document.position(("rules", 0, "then")) == (2, 5)
    assert document.position(("nowhere",)) == (1, 1)
    assert document.name(("rules", 0, "when")) == "rules.first.when"
    assert document.name(("rules", 1, 0)) == "rules.2.1"


def test_a_fault_without_a_way_to_it_has_no_empty_part() -> None:
    assert str(Fault("f.yaml", 1, 2, "", "wrong")) == "f.yaml:1:2: wrong"


def test_a_name_nobody_knows_comes_with_the_nearest_known() -> None:
    assert nearest("colour", ["color", "size"]) == "; did you mean color?"
    assert nearest("x", ["color", "size"]) == "; there are color, size"
    assert nearest("x", []) == ""


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")

    size: int


class Whole(BaseModel):
    model_config = ConfigDict(extra="forbid")

    parts: list[Part]
    spare: Part | None = None


def test_what_pydantic_finds_is_told_with_places_and_the_nearest_key() -> None:
    document = read_yaml("parts:\n  - size: big\n  - sise: 1\nspare: {size: 1, sizes: 2}\n", "f.yaml")
    with pytest.raises(ValidationError) as invalid:
        Whole.model_validate(document.data)
    assert [str(fault) for fault in faults_of(invalid.value, document, Whole)] == [
        "f.yaml:2:5: parts.1.size: input should be a valid integer, unable to parse string as an integer, not 'big'",
        "f.yaml:3:5: parts.2.sise: unknown key; did you mean size?",
        "f.yaml:3:5: parts.2.size: missing; add it",
        "f.yaml:4:18: spare.sizes: unknown key; did you mean size?",
    ]


class Hours(BaseModel):
    to_give: Decimal = Field(gt=0)
    kept_free: int = Field(ge=0, lt=100)


def test_a_number_out_of_bounds_is_told_with_its_bound_as_it_was_written() -> None:
    document = read_yaml("to_give: -7.5\nkept_free: 120\n", "f.yaml")
    with pytest.raises(ValidationError) as invalid:
        Hours.model_validate(document.data)
    assert [str(fault) for fault in faults_of(invalid.value, document, Hours)] == [
        "f.yaml:1:1: to_give: has to be greater than 0, not -7.5",
        "f.yaml:2:1: kept_free: has to be less than 100, not 120",
    ]


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_yaml(text, "f.yaml")
    except Unfit as refusal:
        assert refusal.faults  # noqa: PT017 (either is right; nothing else may be raised)

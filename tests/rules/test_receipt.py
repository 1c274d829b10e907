"""A receipt decides again by itself, and nothing in it can be changed unseen."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from program.decision import Decision
from program.errors import Refused
from program.ledger import BEGINNING, chained, written
from rules.decision.decide import decide
from rules.folder import DEFAULT_PROGRAM, LoadedProgram, read_folder
from rules.receipt import ENGINES, LARGEST, Receipt, read_receipt, replay

PROGRAM = read_folder(DEFAULT_PROGRAM)
FACTS = {
    "stage": "active",
    "days_without_activity": 46,
    "patience": 45,
    "business_days_unanswered": 0,
    "response": 3,
    "days_since_touch": 10,
    "touch_patience": 45,
    "evidence_missing": 0,
    "evidence_spared": 1,
}


def a_decision(program: LoadedProgram = PROGRAM, **changes: Any) -> Decision:
    policy = program.policies["stall"]
    values = {
        "partner": "acme",
        "policy": "stall",
        "policy_version": policy.version,
        "program": program.digest,
        "program_version": program.program.version,
        "purpose": "sweep-2017-03-01",
        "as_of": date(2017, 3, 1),
        "known_at": datetime(2017, 3, 1, 6, tzinfo=UTC),
        "settle": False,
        "ruling": decide(policy, FACTS),
        "facts": FACTS,
        "sources": dict.fromkeys(FACTS, "Zoë's list"),
        "engines": dict(ENGINES),
    }
    return Decision.model_validate(values | changes)


def a_receipt(decision: Decision, **changes: Any) -> dict[str, Any]:
    """A receipt of it, made as anybody could who knows how."""
    record = changes.get("record") or written(decision)
    return {
        "number": 17,
        "previous": BEGINNING,
        "hash": chained(BEGINNING, 17, record.encode()),
        "record": record,
        "program": dict(PROGRAM.files),
    } | changes


def replayed(receipt: object) -> Decision:
    return replay(read_receipt(json.dumps(receipt).encode()))


GOOD = json.dumps(a_receipt(a_decision()), indent=2, ensure_ascii=False).encode()


def test_a_receipt_comes_out_as_it_was_recorded() -> None:
    decision = replay(read_receipt(GOOD))
    assert decision == a_decision()
    assert decision.ruling.outcome == "stalled"


def test_what_stayed_open_is_open_again() -> None:
    known = {"stage": "active", "patience": 45}
    ruling = decide(PROGRAM.policies["stall"], known)
    open_decision = a_decision(facts=known, ruling=ruling)
    assert replayed(a_receipt(open_decision)).ruling.outcome is None


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_any_byte_of_it_that_says_something_is_covered(place: int, byte: int) -> None:
    changed = GOOD[:place] + bytes([byte]) + GOOD[place + 1 :]
    assume(changed != GOOD)
    try:
        says_the_same = json.loads(changed) == json.loads(GOOD)
    except ValueError:
        says_the_same = False
    if says_the_same:  # a space became another
        assert replay(read_receipt(changed)) == a_decision()
    else:
        with pytest.raises(Refused):
            replay(read_receipt(changed))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"number": 18}, "it was changed: its number, record and previous hash do not give its hash"),
        ({"previous": "7" * 64}, "it was changed: its number"),
        ({"hash": "7" * 64}, "it was changed: its number"),
        ({"program": {}}, "it was changed: the files of its program are not those"),
        ({"program": {"program.yaml": "x"}}, "it was changed: the files of its program are not those"),
        ({"record": "{}"}, "its record is no decision: partner: field required"),
        ({"record": "[]"}, "its record is no decision: input should be an object"),
        ({"record": '{"a":' * 9000}, "its record is no decision: invalid JSON: recursion limit exceeded"),
        ({"record": " " + written(a_decision())}, "its record is no decision: not written as a record is"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said) as refused:
        replayed(a_receipt(a_decision(), **changes))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"policy": "charm"}, "its program has no policy charm"),
        ({"policy_version": 7}, "its record says version 7 of the policy stall, which is version"),
        ({"program_version": 7}, "its record says version 7 of the program, which is version"),
        ({"facts": FACTS | {"patience": 90}}, "its record says outcome 'stalled', the rules say 'moving' of the same"),
        ({"facts": FACTS | {"patience": "long"}}, "it cannot be decided again: patience: 'long' is not a number"),
        ({"facts": FACTS | {"charm": 5}}, "it cannot be decided again: charm is not declared"),
        ({"facts": {}}, "its record says outcome 'stalled', the rules say nothing of the same facts"),
        ({"ruling": a_decision().ruling.model_copy(update={"because": "So."})}, "its record says because 'So.'"),
        (
            {"engines": {"durable-rules": "1.0"}, "facts": FACTS | {"patience": 90}},
            "of the same facts; durable-rules 1.0 decided, durable-rules",
        ),
    ],
)
def test_a_forged_record_is_refused_where_the_rules_say_something_else(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said):
        replayed(a_receipt(a_decision(**changes)))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "its program cannot be used: it has no program.yaml"),
        ({"program.yaml": ""}, "its program cannot be used: program.yaml:1:1: the file is empty"),
        ({**PROGRAM.files, "policies/stall.yaml": "{"}, "its program cannot be used: policies/stall.yaml:1:"),
        ({**PROGRAM.files, "../../etc/passwd": "root"}, "its program cannot be used: .*has to be a map"),
        (
            {**PROGRAM.files, "policies/stall.yaml": "[" * 9999},
            "its program cannot be used: .*nested too deeply",
        ),
        ({"program.yaml": "a: &a [*a, *a]"}, "its program cannot be used: .*the anchor &a"),
    ],
)
def test_a_program_that_cannot_be_used_is_refused_in_one_sentence(files: dict[str, str], said: str) -> None:
    forged = LoadedProgram(PROGRAM.program, PROGRAM.policies, files)
    with pytest.raises(Refused, match=said) as refused:
        replayed(a_receipt(a_decision(forged), program=files))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "it is no receipt: invalid JSON: EOF"),
        (b"\xff", "it is no receipt: invalid JSON: "),
        (b"[" * 100_000, "it is no receipt: invalid JSON: recursion limit exceeded"),
        (b"1" * 5000, "it is no receipt: invalid JSON: number out of range"),
        (b"[]", "it is no receipt: input should be an object"),
        (b"{}", "it is no receipt: number: field required"),
        (GOOD.replace(b'"number": 17', b'"number": 16, "number": 17'), "it is no receipt: 'number' is given twice"),
        (b'{"number": NaN}', "it is no receipt: number: "),
        (b" " * (LARGEST + 1), "it is larger than 1024 KiB, and no receipt is"),
        (GOOD.replace(b'"number": 17', b'"number": "17"'), "it is no receipt: number: input should be a valid integer"),
        (GOOD.replace(b'"number": 17', b'"number": 0'), "it is no receipt: number: "),
        (GOOD.replace(b'"number": 17', b'"number": 17, "charm": 5'), "it is no receipt: charm: extra inputs"),
        (
            GOOD.replace(b'"record": "{', b'"record": "\\ud800{'),
            "it is no receipt: invalid JSON: ",
        ),
        (GOOD.replace(b'"previous": "0', b'"previous": "G'), "it is no receipt: previous: string should match"),
    ],
)
def test_what_is_no_receipt_is_refused_in_one_sentence(raw: bytes, said: str) -> None:
    with pytest.raises(Refused, match=said) as refused:
        replay(read_receipt(raw))
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300


def test_a_receipt_holds_what_the_ledger_holds_and_the_files() -> None:
    assert list(Receipt.model_fields) == ["number", "previous", "hash", "record", "program"]


def test_a_nuisance_is_answered_briefly() -> None:
    for files in (
        {"program.yaml": "a" * 500_000},
        {"program.yaml": '"a\\nb": 1\n' * 9},
        {**PROGRAM.files, "policies/" + "x" * 500_000: "no"},
    ):
        forged = LoadedProgram(PROGRAM.program, PROGRAM.policies, files)
        with pytest.raises(Refused, match="its program cannot be used") as refused:
            replayed(a_receipt(a_decision(forged), program=files))
        assert len(str(refused.value)) < 400
        assert "\n" not in str(refused.value)
    with pytest.raises(Refused, match="its program has no policy x") as refused:
        replayed(a_receipt(a_decision(policy="x" * 500_000)))
    assert len(str(refused.value)) < 400

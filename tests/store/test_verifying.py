"""Whatever is done to the ledger from outside is found and named, and what was decided is decided again."""

from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError

import operations.ledger
from activities.deciding import Occasion, make
from operations.ledger import Finding, Verified, verify
from program.decision import Decision
from program.errors import Refused
from program.ledger import BEGINNING
from rules.decision.decide import decide
from rules.folder import LoadedProgram
from store.database import Store
from store.decisions import Decisions
from store.tables import DecisionRow
from tests.store.conftest import AT
from tests.store.test_ledger import entries
from tests.store.vandal import NUMBERS, a_vandal
from tests.world import changed_program, publish

COLUMNS = [column.name for column in DecisionRow.__table__.columns]


@pytest.fixture
def kept(any_store: Store, default_program: LoadedProgram) -> Store:
    """A ledger of eight decisions: signed, open, stalled and settled ones."""
    rated = {"market": 4, "motion": 4, "intent_score": 4, "capacity_score": 4, "total_score": 4.0}
    form = default_program.program.scorecard
    unanswered = {question.id: None for question in form.questions}
    pilot = {"terms": {"qualified_opportunities": 0, "target_qualified": 6, "progressed_on_time": 0}}
    weeks = {"opportunities": {"checkpoint": [{"week": week, "movement": False} for week in (1, 2, 3)]}}
    answered = {"scorecard 1 of application 1": rated | dict.fromkeys(unanswered, False), "program": form.minima}
    answered_at_once = {"business_days_unanswered": 0, "response": 3, "evidence_missing": 0, "evidence_spared": 1}
    served = {"stage": "active", "days_since_touch": 1, "touch_patience": 45, **answered_at_once}
    silent = {"roster": {**served, "days_without_activity": 46, "patience": 45}}
    moving = {"roster": {**served, "days_without_activity": 1, "patience": 45}}
    program = changed_program(default_program)  # the first version is another
    publish(any_store, program, AT.date())
    occasions: tuple[tuple[str, dict[str, Any], bool], ...] = (
        ("qualification", answered, False),
        ("qualification", {"scorecard 2 of application 1": rated, "program": form.minima}, False),
        ("stall", silent, False),
        ("stall", moving, False),
        ("pilot-checkpoint", pilot | weeks, True),
        ("pilot-verdict", pilot, True),
        ("tier-movement", {"re-score": {"level": 2, "cut_level": 3, "quarters_below": 0}}, True),
        ("stall", silent, False),
    )
    with any_store.write() as tx:
        for number, (policy, facts, settle) in enumerate(occasions, start=1):
            occasion = Occasion("acme" if number % 2 else "bolt", f"occasion-{number}", AT.date(), AT)
            assert make(tx, program, policy, occasion, facts, settle=settle)[0] == number
    return any_store


def verified(store: Store, **asked: Any) -> tuple[Verified, list[Finding]]:
    found: list[Finding] = []
    return verify(store, found.append, **asked), found


def findings(store: Store, **asked: Any) -> list[str]:
    return [str(finding) for finding in verified(store, **asked)[1]]


def test_a_ledger_that_nobody_touched_is_found_as_it_was_recorded(kept: Store) -> None:
    all_of_it, nothing = verified(kept)
    assert nothing == []
    assert (all_of_it.checked, all_of_it.last, all_of_it.findings) == (8, 8, 0)
    assert all_of_it.head == entries(kept)[-1][2]
    outcomes = {decision.ruling.outcome for _, decision in _decisions(kept)}
    assert None in outcomes  # an open one is decided again to be open
    assert len(outcomes) > 3


def test_an_empty_ledger_has_nothing_to_find(any_store: Store) -> None:
    assert verified(any_store) == (Verified(checked=0, findings=0, last=0, head=BEGINNING), [])
    assert findings(any_store, head="7" * 64) == [
        f"the ledger: no record has the hash {'7' * 64}; it was changed, or cut off with all that followed it"
    ]
    with pytest.raises(Refused, match="there is no decision 1; the last one is 0"):
        verified(any_store, since=1)


def _decisions(store: Store) -> list[tuple[int, Decision]]:
    with store.read() as tx:
        return tx.decisions.listed()


def test_one_byte_that_was_changed_anywhere_is_found_and_named(kept: Store) -> None:
    with a_vandal(kept) as vandal:

        @settings(max_examples=60)
        @given(st.data())
        def one_byte(data: st.DataObject) -> None:
            number = data.draw(st.integers(1, 8), "number")
            column = data.draw(st.sampled_from(COLUMNS), "column")
            before = vandal.reads(column, number)
            after = data.draw(_changed(before, column, vandal.dialect), "after")
            assume(after != before)
            try:
                vandal.writes(column, number, after)
            except DBAPIError:
                assume(False)
            now = int(after or 0) if column == "number" else number
            try:
                named = {finding.number for finding in verified(kept)[1]}
            finally:
                vandal.writes(column, now, before)
            assert {number, now} & named
            assert named <= {1, number, now, number + 1, now + 1}

        one_byte()
    assert findings(kept) == []


def _changed(value: bytes | None, column: str, dialect: str) -> st.SearchStrategy[bytes | None]:
    """A value with one byte changed; something where there is nothing, and the other way round."""
    if value is None:
        return st.just(b"x")
    if column in NUMBERS:
        byte = st.integers(ord("0"), ord("9"))
    else:
        byte = st.integers(1, 127) if dialect == "postgresql" else st.integers(0, 255)
    places = [n for n, b in enumerate(value) if b < 128 or dialect == "sqlite"]
    changed = st.builds(lambda n, b: value[:n] + bytes([b]) + value[n + 1 :], st.sampled_from(places), byte)
    return st.one_of(changed, changed, changed, st.none()) if column in {"outcome", "rule"} else changed


def changed_mind(decision: Decision) -> Decision:
    return decision.model_copy(update={"ruling": decision.ruling.model_copy(update={"outcome": "moving"})})


def test_records_that_were_removed_are_named_from_the_first_to_the_last(kept: Store) -> None:
    with a_vandal(kept) as vandal:
        vandal.does("DELETE FROM decisions WHERE number = 1")
        assert findings(kept) == ["decision 1: missing"]
        vandal.does("DELETE FROM decisions WHERE number IN (3, 4, 5, 7)")
    assert findings(kept)[1:] == ["decision 3: missing, with all up to 5", "decision 7: missing"]
    assert findings(kept, since=5) == ["decision 4: missing, with all up to 5", "decision 7: missing"]


def test_numbers_that_were_closed_up_after_a_removal_do_not_hide_it(kept: Store) -> None:
    with a_vandal(kept) as vandal:
        vandal.does("DELETE FROM decisions WHERE number = 5")
        for number in (6, 7, 8):
            vandal.does("UPDATE decisions SET number = :less WHERE number = :n", n=number, less=number - 1)
    said = findings(kept)
    assert "decision 5 (bolt): its previous hash is not the hash of the decision before" in said
    assert len([line for line in said if "its hash is not the hash of its number" in line]) == 3


def test_records_that_changed_places_are_both_named(kept: Store) -> None:
    with a_vandal(kept) as vandal:
        for number, place in ((4, 40), (7, 4), (40, 7)):
            vandal.does("UPDATE decisions SET number = :place WHERE number = :n", n=number, place=place)
    assert {finding.number for finding in verified(kept)[1]} == {4, 5, 7, 8}


def test_a_tail_that_was_cut_off_is_missed_by_the_head_that_was_written_down(kept: Store) -> None:
    before, _ = verified(kept)
    assert findings(kept, head=before.head) == []
    with a_vandal(kept) as vandal:
        vandal.does("DELETE FROM decisions WHERE number > 6")
    after, nothing = verified(kept)
    assert (after.last, nothing) == (6, [])
    assert findings(kept, head=after.head) == []
    assert findings(kept, head=before.head) == [
        f"the ledger: no record has the hash {before.head}; it was changed, or cut off with all that followed it"
    ]


def test_a_head_is_checked_with_all_that_follows_it_wherever_one_begins(kept: Store) -> None:
    heads = [own for _, _, own, _ in entries(kept)]
    checked, nothing = verified(kept, since=7, head=heads[3])
    assert (checked.checked, checked.last, nothing) == (5, 8, [])


def test_one_may_begin_with_a_number_or_a_day(kept: Store) -> None:
    head, today, some_days = entries(kept)[-1][2], AT.date(), timedelta(days=9)
    beginnings: list[tuple[date | int, int]] = [(1, 8), (2, 7), (8, 1)]
    for since, checked in [*beginnings, (today, 8), (today - some_days, 8), (today + some_days, 0)]:
        done, nothing = verified(kept, since=since)
        assert (done.checked, done.last, done.head, nothing) == (checked, 8, head, [])


def test_what_lies_before_the_beginning_is_looked_at_for_the_link_alone(kept: Store) -> None:
    with a_vandal(kept) as vandal:
        vandal.writes("outcome", 3, b"moving")
        vandal.writes("hash", 4, b"7" * 64)
    assert findings(kept, since=6) == []
    assert findings(kept, since=5) == [
        "decision 4 (bolt): its hash is not the hash of its number, its record and its previous hash"
    ]
    assert "decision 3 (acme): its column outcome says 'moving', its record 'stalled'" in findings(kept)


def test_a_decision_that_was_rewritten_with_its_hash_is_found_by_the_next_one_and_by_the_rules(kept: Store) -> None:
    _, decision = _decisions(kept)[2]
    with a_vandal(kept) as vandal:
        vandal.rewrites(3, changed_mind(decision), entries(kept)[1][2])
    assert findings(kept) == [
        "decision 3 (acme): its record says outcome 'moving', the rules say 'stalled' of the same facts",
        "decision 4 (bolt): its previous hash is not the hash of the decision before",
    ]


def test_a_ledger_that_was_rewritten_to_its_end_is_found_by_the_rules_and_by_its_head(kept: Store) -> None:
    before, _ = verified(kept)
    with a_vandal(kept) as vandal:
        previous = entries(kept)[1][2]
        for number, decision in _decisions(kept)[2:]:
            previous = vandal.rewrites(number, changed_mind(decision) if number == 3 else decision, previous)
    assert findings(kept) == [
        "decision 3 (acme): its record says outcome 'moving', the rules say 'stalled' of the same facts"
    ]
    assert len(findings(kept, head=before.head)) == 2


def test_facts_that_were_rewritten_with_what_follows_from_them_are_found_by_the_head_alone(
    kept: Store, default_program: LoadedProgram
) -> None:
    before, _ = verified(kept)
    _, last = _decisions(kept)[-1]
    facts = last.facts | {"patience": 90}
    ruling = decide(default_program.policies["stall"], facts)
    with a_vandal(kept) as vandal:
        vandal.rewrites(8, last.model_copy(update={"facts": facts, "ruling": ruling}), entries(kept)[-2][2])
    assert findings(kept) == []  # nobody can tell, who has nothing else to go by
    assert len(findings(kept, head=before.head)) == 1


DIFFERENCES: list[tuple[str, bytes | None, str]] = [
    ("record", b"{}", "its record cannot be read: it is no decision"),
    ("record", b'{"a":' * 500 + b"1" + b"}" * 500, "its record cannot be read: it is no decision"),
    ("partner", b"bolt", "its column partner says 'bolt', its record 'acme'"),
    ("rule", None, "its column rule says '', its record 'partner_silent'"),
    ("as_of", b"2017-02-30", "its column as_of says '2017-02-30', its record '2017-03-01'"),
]


def test_what_differs_is_said(kept: Store) -> None:
    with a_vandal(kept) as vandal:
        for column, value, said in DIFFERENCES:
            before = vandal.reads(column, 3)
            vandal.writes(column, 3, value)
            assert Finding(3, "bolt" if column == "partner" else "acme", said) in verified(kept)[1]
            vandal.writes(column, 3, before)


@pytest.mark.parametrize("any_url", ["sqlite"], indirect=True)  # PostgreSQL keeps no text that is none
def test_bytes_that_are_no_text_are_named_and_do_not_end_the_walk(kept: Store) -> None:
    with a_vandal(kept) as vandal:
        vandal.writes("outcome", 7, b"\xc3")
        for column in sorted(set(COLUMNS) - NUMBERS):
            before = vandal.reads(column, 3)
            vandal.writes(column, 3, b"\xff\x00")
            named = {finding.number for finding in verified(kept)[1]}
            assert {3, 7} <= named <= {3, 4, 7}
            vandal.writes(column, 3, before)


def test_a_program_whose_files_were_changed_is_named_by_what_it_decided(kept: Store) -> None:
    with a_vandal(kept) as vandal:
        for files, said in (
            ('{"program.yaml": "program: other"}', "were changed: they do not give its digest"),
            ("{}", "were changed: they do not give its digest"),
            ("[1]", "were changed: they cannot be read"),
            ('"' + "[" * 5000 + '"', "were changed: they cannot be read"),
        ):
            vandal.does("UPDATE programs SET files = :files WHERE version = 2", files=files)
            found = verified(kept)[1]
            assert [finding.number for finding in found] == list(range(1, 9))
            assert all(said in finding.what for finding in found)


def test_a_program_that_was_removed_is_named_by_what_it_decided(kept: Store) -> None:
    with a_vandal(kept) as vandal:
        vandal.does("DELETE FROM programs WHERE version = 2")
    assert all("is not on file" in line for line in findings(kept))
    assert len(findings(kept)) == 8


def test_a_record_that_names_another_program_is_decided_by_that(kept: Store, default_program: LoadedProgram) -> None:
    patient = changed_program(
        changed_program(default_program),
        ("policy: stall\nversion: 1", "policy: stall\nversion: 2"),
        file="policies/stall.yaml",
    )
    publish(kept, patient, AT.date())
    _, decision = _decisions(kept)[7]
    with a_vandal(kept) as vandal:
        vandal.rewrites(8, decision.model_copy(update={"program": patient.digest}), entries(kept)[-2][2])
    assert findings(kept) == [
        "decision 8 (bolt): its record says version 2 of the program, which is version 3",
        "decision 8 (bolt): its record says version 1 of the policy stall, which is version 2",
    ]


def test_a_record_that_was_changed_cannot_be_read_and_says_so(kept: Store) -> None:
    with a_vandal(kept) as vandal:
        vandal.writes("record", 3, b"{}")
    for reads in (Decisions.listed, partial(Decisions.get, number=3), partial(Decisions.entry, number=3)):
        with pytest.raises(Refused, match="decision 3 cannot be read, so its record was changed"), kept.read() as tx:
            reads(tx.decisions)


def test_more_decisions_than_are_held_at_once_are_walked_through(kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations.ledger, "AT_ONCE", 3)
    assert verified(kept) == (Verified(checked=8, findings=0, last=8, head=entries(kept)[-1][2]), [])
    with a_vandal(kept) as vandal:
        vandal.writes("previous", 4, b"7" * 64)  # the first of the second page
    assert {finding.number for finding in verified(kept)[1]} == {4}

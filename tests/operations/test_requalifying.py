"""Partners signed long ago, looked at by today's qualification; what follows is somebody's own step."""

from datetime import timedelta
from typing import Any

import pytest

from operations.ledger import Finding, verify
from operations.preview import preview
from operations.requalifying import Requalified, exits, not_signed, requalify
from program.errors import Refused
from program.partner import Stage
from rules.folder import LoadedProgram
from store.database import Store
from tests.activities.conftest import START, Office, at
from tests.activities.test_roster import rated
from tests.store.contents import contents
from tests.world import a_scorecard, publish

TODAY = START + timedelta(days=400)


@pytest.fixture
def office(store: Store, default_program: LoadedProgram) -> Office:
    """Good would be signed, Poor not, Thin lacks people, and Adopted was never rated."""
    office = Office(store, default_program)
    rated(office, "Good")
    rated(office, "Poor", market=2)
    rated(office, "Thin", people=2, operations=2)
    office.active("Adopted")
    return office


def looks(office: Office, *, record: bool = True, days: int = 0) -> dict[str, Requalified]:
    day = TODAY + timedelta(days=days)
    found = requalify(office.store, office.shelf.in_force(day), day, at(day), record=record)
    return {one.partner: one for one in found}


def test_who_would_not_be_signed_today_is_named_with_the_reason(office: Office) -> None:
    found = looks(office)
    assert {name: one.outcome for name, one in found.items()} == {
        "good": "sign",
        "poor": "decline",
        "thin": "defer",
        "adopted": None,
    }
    assert [one.partner for one in not_signed(list(found.values()))] == ["poor", "thin"]
    assert found["poor"].because
    assert found["adopted"].missing
    assert found["adopted"].reviewer is None


def test_a_preview_says_the_same_and_writes_nothing(office: Office) -> None:
    before = contents(office.store)
    previewed = looks(office, record=False)
    assert contents(office.store) == before
    recorded = looks(office)
    assert {name: one.model_copy(update={"decision": None}) for name, one in recorded.items()} == previewed


def test_it_is_on_record_for_a_purpose_of_its_own_and_moves_nobody(office: Office) -> None:
    found = looks(office)
    [decision] = office.decisions("poor")
    assert decision.purpose == "requalification/application-1/scorecard-1"
    assert office.decisions("adopted")[0].purpose == "requalification/application-1"
    assert all(office.standing(partner).stage == Stage.ACTIVE for partner in found)
    assert office.notices() == {}
    assert looks(office) == found
    findings: list[Finding] = []
    verify(office.store, findings.append)
    assert not findings


def test_todays_rules_count_and_not_those_that_signed_it(office: Office) -> None:
    stricter = office.changed(("  minimum: 3.5\n", "  minimum: 4.5\n"))
    publish(office.store, stricter, TODAY)
    assert looks(office)["good"].outcome == "decline"


def test_a_draft_is_previewed_over_these_decisions_too(office: Office) -> None:
    looks(office)
    stricter = office.changed(("  minimum: 3.5\n", "  minimum: 4.5\n"))
    found = preview(office.store, stricter, TODAY, at(TODAY))
    assert {one.partner: one.purpose for one in found.movers} == dict.fromkeys(
        ("good", "thin"), "requalification/application-1/scorecard-1"
    )


def test_a_better_scorecard_counts_from_then_on(office: Office) -> None:
    looks(office)
    with office.store.write() as tx:
        tx.scorecards.add("poor", 1, 2, a_scorecard(), TODAY, at(TODAY))
    assert looks(office, days=1)["poor"].outcome == "sign"


def listed(office: Office, text: str) -> Any:
    with office.store.read() as tx:
        return exits(tx, text)


def test_a_list_of_those_who_leave_carries_the_reasons_on_record(office: Office) -> None:
    found = looks(office)
    assert listed(office, "# after the review\npoor\n\nthin  # talked to Ada\n") == {
        partner: f"By today's standard: {found[partner].because}" for partner in ("poor", "thin")
    }


def test_nobody_is_let_go_whom_the_record_would_sign_or_does_not_know(office: Office) -> None:
    with pytest.raises(Refused, match="poor was not requalified"):
        listed(office, "poor")
    looks(office)
    office.applied("New")
    with pytest.raises(Refused) as refused:
        listed(office, "good\npoor\nadopted\nnobody\nnew\n")
    assert [line.split(";")[0] for line in str(refused.value).splitlines()] == [
        "line 1: good would be signed",
        "line 3: nobody knows whether adopted would be signed",
        "line 4: there is no partner nobody",
        "line 5: new is applied, and only active partners were signed and are here still",
        "Nobody was given notice.",
    ]
    with pytest.raises(Refused, match="the list names nobody"):
        listed(office, "# nobody\n")

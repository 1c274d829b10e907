"""What each repository keeps and gives back, on both databases; saying something again changes nothing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest

from program.decision import Decision, Ruling
from program.errors import Refused
from program.escalation import Escalation, EscalationEvent, EscalationState
from program.notice import Notice
from program.opportunity import Opportunity
from program.partner import Stage
from program.person import Absence
from program.pilot import PilotPlan, PilotTerms, Targets
from program.touch import Touch
from store.database import Store, Transaction
from tests.store.conftest import AT, PROGRAM, a_version
from tests.store.contents import changed, contents
from tests.world import a_partner, a_scorecard

TODAY = AT.date()
LATER = AT + timedelta(hours=1)
TERMS = PilotTerms(
    number=1, started_on=TODAY, plan=PilotPlan(), targets=Targets(qualified=6, progressed=3), program=PROGRAM
)
DEAL = Opportunity(id="O-1", partner="acme", created_on=TODAY)
NOTICE = Notice(key="acme/told", kind="tier.up", partner="acme", recipient="Acme", subject="Hello", body="There")
AWAY = Absence(person="Ada Owner", first=TODAY, last=TODAY, stand_in="Max Lead")
STALL = Escalation(
    partner="acme",
    stage=Stage.ACTIVE,
    condition="silent",
    cycle="2017Q1",
    owner="Ada",
    because="So.",
    opened_on=TODAY,
    opened_at=AT,
    policy="stall",
    decision=1,
    program=PROGRAM,
)


def a_decision(outcome: str = "sign", **changes: Any) -> Decision:
    values: dict[str, Any] = {
        "partner": "acme",
        "policy": "qualification",
        "policy_version": 1,
        "program": PROGRAM,
        "program_version": 1,
        "purpose": "application-1/scorecard-1",
        "as_of": TODAY,
        "known_at": AT,
        "ruling": Ruling(outcome=outcome, because="Because."),
        "settle": False,
        "facts": {"market": 4, "share": 0.25, "unsound": False, "checkpoint": [{"week": 1}]},
        "sources": {"market": "scorecard 1 of application 1", "checkpoint": "opportunities"},
        "engines": {"durable-rules": "2.0.28", "interpreter": "0.1.0"},
    }
    return Decision.model_validate(values | changes)


def day(number: int) -> date:
    return TODAY + timedelta(days=number)


TOUCH = Touch(partner="acme", delivered_on=day(2), kind="Session", who="Ada")


# Saying it twice

ACTS: dict[str, tuple[Callable[[Transaction], object], set[str]]] = {
    "adding a partner": (lambda tx: tx.partners.add([a_partner("Cora")], AT), {"partners"}),
    "moving a partner": (
        lambda tx: tx.partners.move("acme", "key", Stage.APPLIED, TODAY, "Applied.", AT, next_date=day(14)),
        {"partners", "stage_moves"},
    ),
    "noting an application": (lambda tx: tx.partners.applies("acme", 1), {"partners"}),
    "noting what comes next": (lambda tx: tx.partners.expects("acme", day(7)), {"partners"}),
    "keeping a scorecard": (lambda tx: tx.scorecards.add("acme", 1, 1, a_scorecard(), TODAY, AT), {"scorecards"}),
    "recording an opportunity": (lambda tx: tx.opportunities.record([DEAL], "crm", AT), {"opportunities"}),
    "beginning a pilot": (lambda tx: tx.pilots.begin("acme", 1, TERMS), {"pilots"}),
    "mapping accounts": (lambda tx: tx.preparation.map_accounts("acme", ["A", "B", "A"], TODAY), {"accounts"}),
    "agreeing a play": (lambda tx: tx.preparation.agree_play("acme", "P", "T", "O", TODAY), {"plays"}),
    "taking on an action": (
        lambda tx: tx.preparation.record_next_action("acme", "Call", "Ada", day(7), TODAY),
        {"next_actions"},
    ),
    "delivering a touch": (lambda tx: tx.touches.record(TOUCH, AT), {"touches"}),
    "recording facts": (lambda tx: tx.facts.record("acme", {"a": 1, "b": False}, TODAY, "crm", AT), {"facts"}),
    "recording a decision": (lambda tx: tx.decisions.record(a_decision()), {"decisions"}),
    "opening an escalation": (lambda tx: tx.escalations.open(STALL), {"escalations", "escalation_events"}),
    "going away": (lambda tx: tx.people.away(AWAY), {"absences"}),
    "writing a notice": (lambda tx: tx.notices.write(NOTICE, AT), {"notices"}),
    "publishing a program": (
        lambda tx: tx.programs.publish(a_version(version=2, digest="1" * 64), {"program.yaml": ""}, {}),
        {"programs"},
    ),
    "withdrawing a program": (lambda tx: tx.programs.withdraw(1, "Pat", "A slip", LATER), {"programs"}),
}


@pytest.mark.parametrize("what", ACTS)
def test_saying_it_again_changes_nothing(any_store: Store, what: str) -> None:
    act, tables = ACTS[what]
    before = contents(any_store)
    with any_store.write() as tx:
        act(tx)
    once = contents(any_store)
    assert changed(before, once) == tables

    with any_store.write() as tx:
        act(tx)
        act(tx)  # in the same transaction too

    assert contents(any_store) == once


# Partners


def test_a_partner_is_a_prospect_until_it_applies(any_store: Store) -> None:
    with any_store.read() as tx:
        standing = tx.partners.get("acme")
    assert standing.partner == a_partner("Acme")
    assert (standing.stage, standing.since, standing.tier, standing.application) == (Stage.PROSPECT, None, None, 0)


def test_new_details_of_a_partner_leave_it_where_it_stands(any_store: Store) -> None:
    moved = a_partner("Acme").model_copy(update={"owner": "Eve Owner", "region": "South"})
    with any_store.write() as tx:
        tx.partners.move("acme", "application-1", Stage.APPLIED, TODAY, "Applied.", AT)
        assert tx.partners.add([moved, a_partner("Bolt"), a_partner("Cora")], LATER) == (1, 1)
    with any_store.read() as tx:
        standing = tx.partners.get("acme")
    assert (standing.partner, standing.stage, standing.since) == (moved, Stage.APPLIED, TODAY)


def test_a_partner_that_is_named_twice_at_once_is_added_once(any_store: Store) -> None:
    with any_store.write() as tx:
        assert tx.partners.add([a_partner("Cora"), a_partner("Cora")], AT) == (1, 0)


def test_how_a_partner_came_where_it_is_can_be_told(any_store: Store) -> None:
    with any_store.write() as tx:
        assert tx.partners.move("acme", "a", Stage.APPLIED, TODAY, "Applied.", AT)
        assert tx.partners.move("acme", "b", Stage.DECLINED, day(1), "Fit is low.", AT)
        assert not tx.partners.move("acme", "b", Stage.DECLINED, day(9), "Once more.", AT)
        assert tx.partners.move("acme", "c", Stage.APPLIED, day(90), "Applied again.", AT)
        assert tx.partners.moves("acme") == [
            (TODAY, Stage.PROSPECT, Stage.APPLIED, "Applied."),
            (day(1), Stage.APPLIED, Stage.DECLINED, "Fit is low."),
            (day(90), Stage.DECLINED, Stage.APPLIED, "Applied again."),
        ]
        assert tx.partners.moves("bolt") == []


def test_a_move_that_is_not_legal_leaves_no_trace(any_store: Store) -> None:
    before = contents(any_store)
    with pytest.raises(Refused, match="acme is prospect"), any_store.write() as tx:
        tx.partners.move("acme", "key", Stage.ACTIVE, TODAY, "A favour.", AT)
    assert contents(any_store) == before


def test_the_roster_is_walked_page_by_page_and_nobody_is_missed(any_store: Store) -> None:
    names = [f"P{number:02}" for number in range(7)]
    with any_store.write() as tx:
        tx.partners.add([a_partner(name) for name in reversed(names)], AT)
        for name in names:
            tx.partners.move(name.lower(), "a", Stage.APPLIED, TODAY, "Applied.", AT)
    seen: list[str] = []
    with any_store.read() as tx:
        while page := tx.partners.page([Stage.APPLIED], seen[-1] if seen else "", 3):
            assert len(page) <= 3
            seen += [standing.partner.id for standing in page]
        assert [standing.partner.name for standing in tx.partners.roster(Stage.APPLIED)] == names
        assert [standing.partner.name for standing in tx.partners.roster()] == ["Acme", "Bolt", *names]
        assert tx.partners.ids() == {"acme", "bolt", *seen}
    assert seen == [name.lower() for name in names]


NOBODY: dict[str, Callable[[Transaction], object]] = {
    "partner nobody": lambda tx: tx.partners.get("nobody"),
    "decision 7": lambda tx: tx.decisions.get(7),
    "escalation nobody/active": lambda tx: tx.escalations.get("nobody/active"),
    "program with the digest 77": lambda tx: tx.programs.files("77"),
    "version 7": lambda tx: tx.programs.get(7),
}


@pytest.mark.parametrize("what", NOBODY)
def test_what_is_not_there_is_said_to_be_missing(any_store: Store, what: str) -> None:
    with pytest.raises(Refused, match=rf"(there is )?no {what}"), any_store.read() as tx:
        NOBODY[what](tx)


# Scorecards, pilots, preparation


def test_a_scorecard_comes_back_as_it_was_submitted_and_the_first_stays(any_store: Store) -> None:
    first = a_scorecard(without=("people",), found={"unsound": True}).model_copy(
        update={"facts": {"regions": 3, "share": Decimal("0.25"), "named": "yes", "certified": True}}
    )
    with any_store.write() as tx:
        tx.scorecards.add("acme", 1, 1, first, TODAY, AT)
        tx.scorecards.add("acme", 1, 1, a_scorecard(market=1), TODAY, LATER)
        tx.scorecards.add("acme", 1, 2, a_scorecard(), TODAY, LATER)
    with any_store.read() as tx:
        assert tx.scorecards.get("acme", 1, 1) == first
        assert tx.scorecards.get("acme", 2, 1) is None
        assert [tx.scorecards.count(*who) for who in (("acme", 1), ("acme", 2), ("bolt", 1))] == [2, 0, 0]


def test_a_pilot_keeps_the_terms_it_was_agreed_on(any_store: Store) -> None:
    other = TERMS.model_copy(update={"started_on": day(3)})
    second = TERMS.model_copy(update={"number": 2, "started_on": day(60)})
    with any_store.write() as tx:
        assert tx.pilots.begin("acme", 1, TERMS) == TERMS
        assert tx.pilots.begin("acme", 1, other) == TERMS
        tx.pilots.end("acme", 1, 1, day(60), "reset")
        tx.pilots.end("acme", 1, 1, day(61), "exit")
        tx.pilots.begin("acme", 1, second)
        assert tx.pilots.of("acme") == [(1, TERMS, day(60), "reset"), (1, second, None, None)]
        assert tx.pilots.of("bolt") == []


@pytest.mark.parametrize(
    ("on", "counted"),
    [(-1, (0, 0, False)), (0, (2, 0, False)), (1, (3, 1, True)), (5, (3, 1, True)), (6, (3, 1, False))],
)
def test_preparation_counts_what_was_there_on_the_day(
    any_store: Store, on: int, counted: tuple[int, int, bool]
) -> None:
    with any_store.write() as tx:
        assert tx.preparation.map_accounts("acme", ["A", "B"], TODAY) == 2
        assert tx.preparation.map_accounts("acme", ["B", "C"], day(1)) == 1
        assert tx.preparation.map_accounts("acme", [], day(1)) == 0
        tx.preparation.agree_play("acme", "P", "T", "O", day(1))
        tx.preparation.record_next_action("acme", "Call", "Ada", day(5), day(1))
        assert tx.preparation.counts("acme", day(on)) == counted
        assert tx.preparation.counts("bolt", day(on)) == (0, 0, False)


def test_more_accounts_than_one_statement_holds_are_mapped_at_once(store: Store) -> None:
    with store.write() as tx:
        tx.partners.add([a_partner("Acme")], AT)
        assert tx.preparation.map_accounts("acme", [f"Account {n}" for n in range(12_000)], TODAY) == 12_000


# Facts


@pytest.mark.parametrize(
    ("as_of", "known_at", "expected"),
    [
        (-1, LATER, {}),
        (0, AT, {"share": 1, "named": "yes"}),
        (0, LATER, {"share": 2, "named": "yes"}),
        (5, AT, {"share": 1, "named": "yes"}),
        (5, LATER, {"share": 3, "named": "yes"}),
    ],
)
def test_a_fact_is_what_was_last_said_of_it_by_then(
    any_store: Store, as_of: int, known_at: Any, expected: dict[str, Any]
) -> None:
    with any_store.write() as tx:
        assert tx.facts.record("acme", {"share": 1, "named": "yes"}, TODAY, "crm", AT) == 2
        assert tx.facts.record("acme", {"share": 2}, TODAY, "review", LATER) == 1
        assert tx.facts.record("acme", {"share": 3}, day(5), "crm", LATER) == 1
        assert tx.facts.record("acme", {"share": 9}, TODAY, "crm", LATER) == 0  # a source says of a day what it says
        known = tx.facts.of("acme", day(as_of), known_at)
        assert {name: fact.value for name, fact in known.items()} == expected
        assert tx.facts.of("bolt", day(as_of), known_at) == {}


@pytest.mark.parametrize(
    ("as_of", "known_at", "expected"),
    [
        (1, LATER, {}),
        (2, LATER, {"Session": 2, "Review": 2}),
        (9, AT, {"Session": 2}),
        (9, LATER, {"Session": 5, "Review": 2}),
    ],
)
def test_the_last_touch_of_a_kind_is_the_last_one_that_was_known_by_then(
    any_store: Store, as_of: int, known_at: Any, expected: dict[str, int]
) -> None:
    with any_store.write() as tx:
        assert tx.touches.record(TOUCH, AT) == 1
        assert tx.touches.record(TOUCH.model_copy(update={"note": "Once more"}), LATER) == 0
        assert tx.touches.record(TOUCH.model_copy(update={"delivered_on": day(5)}), LATER) == 1
        assert tx.touches.record(TOUCH.model_copy(update={"kind": "Review"}), LATER) == 1
        last = tx.touches.last(["acme", "bolt"], day(as_of), known_at)
    assert last == ({"acme": {kind: day(number) for kind, number in expected.items()}} if expected else {})


# Escalations and notices


def test_watched_are_those_of_a_policy_that_are_not_over_or_ended_today(any_store: Store) -> None:
    asked = STALL.model_copy(update={"policy": "pilot-verdict", "condition": "pilot-verdict-open"})
    later = STALL.model_copy(update={"condition": "other"})
    with any_store.write() as tx:
        for escalation in (STALL, asked, later):
            tx.escalations.open(escalation)
        tx.escalations.end(later.key, "Mended.", day(3), LATER)
        on = {number: tx.escalations.watched("stall", day(number), ["acme"]) for number in (2, 3, 4)}
        assert tx.escalations.watched("stall", day(3), ["bolt"]) == []
    found = {number: [escalation.key for escalation in escalations] for number, escalations in on.items()}
    assert found == {2: [STALL.key], 3: sorted([STALL.key, later.key]), 4: [STALL.key]}


def test_an_escalation_is_opened_once_and_keeps_what_happened_to_it(any_store: Store) -> None:
    answered = STALL.model_copy(update={"state": EscalationState.ACKNOWLEDGED, "answered_by": "Ada", "until": day(3)})
    event = EscalationEvent(at=LATER, what="acknowledged", who="Ada", note="I call them")
    with any_store.write() as tx:
        assert tx.escalations.open(STALL) == STALL
        tx.escalations.keep(answered, event)
        tx.escalations.keep(answered, event)
        opened_again = tx.escalations.open(STALL.model_copy(update={"opened_on": day(7), "because": "Still."}))
        events = tx.escalations.events(STALL.key)
    assert opened_again == answered
    assert events == [EscalationEvent(at=STALL.opened_at, what="opened", note=STALL.because), event]


def test_an_escalation_ends_once_and_keeps_its_answer(any_store: Store) -> None:
    silent = STALL.model_copy(update={"condition": "other"})
    with any_store.write() as tx:
        tx.escalations.open(STALL)
        tx.escalations.open(silent)
        tx.escalations.keep(STALL.model_copy(update={"answered_by": "Ada"}))
        for key in (STALL.key, silent.key):
            tx.escalations.end(key, "They called.", day(3), AT)
            tx.escalations.end(key, "Once more.", day(9), LATER)
        ended = tx.escalations.listed(states=[EscalationState.ENDED])
        assert tx.escalations.listed() == []
    assert [(e.condition, e.answered_by, e.note, e.closed_on) for e in ended] == [
        ("other", None, "They called.", day(3)),
        ("silent", "Ada", "They called.", day(3)),
    ]


def test_of_several_who_change_an_escalation_at_once_each_sees_what_the_one_before_did(any_store: Store) -> None:
    with any_store.write() as tx:
        tx.escalations.open(STALL)
    begun = Barrier(4)

    def ask_for_time(_: int) -> None:
        begun.wait()
        with any_store.write() as tx:
            tx.escalations.get(STALL.key)  # what was read before it was held is read anew
            escalation = tx.escalations.held(STALL.key)
            tx.escalations.keep(escalation.model_copy(update={"extensions": escalation.extensions + 1}))

    with ThreadPoolExecutor(4) as people:
        list(people.map(ask_for_time, range(4)))
    with any_store.read() as tx:
        assert tx.escalations.get(STALL.key).extensions == 4


def test_of_several_who_rate_a_partner_at_once_each_sees_what_the_one_before_said(any_store: Store) -> None:
    begun = Barrier(4)

    def rates(_: int) -> None:
        begun.wait()
        with any_store.write() as tx:
            tx.partners.get("acme")
            application = tx.partners.held("acme").application
            number = tx.scorecards.count("acme", application) + 1
            tx.scorecards.add("acme", application, number, a_scorecard(), TODAY, AT)

    with ThreadPoolExecutor(4) as reviewers:
        list(reviewers.map(rates, range(4)))
    with any_store.read() as tx:
        assert tx.scorecards.count("acme", tx.partners.get("acme").application) == 4


def test_evidence_and_a_look_at_several_escalations_do_not_wait_for_each_other(any_store: Store) -> None:
    keys = [f"acme/active/{condition}/2017Q1" for condition in ("first", "second")]
    with any_store.write() as tx:
        for condition in ("second", "first"):  # as they lie in the table
            tx.escalations.open(STALL.model_copy(update={"condition": condition}))
    begun = Barrier(2)

    def looks() -> None:
        begun.wait()
        for _ in range(20):
            with any_store.write() as tx:
                for key in keys:
                    tx.escalations.held(key)

    def imports() -> None:
        begun.wait()
        for number in range(20):
            with any_store.write() as tx:
                tx.opportunities.record([DEAL.model_copy(update={"id": str(number)})], "crm", AT)

    with ThreadPoolExecutor(2) as both:
        for done in (both.submit(looks), both.submit(imports)):
            done.result()
    with any_store.read() as tx:
        assert tx.escalations.doubted(10) == dict.fromkeys(keys, 20)


def test_escalations_are_listed_by_whose_they_are(any_store: Store) -> None:
    handed = STALL.model_copy(update={"condition": "other", "delegate": "Grace"})
    with any_store.write() as tx:
        tx.escalations.open(STALL)
        tx.escalations.open(handed)
        assert tx.escalations.listed(owner="Grace") == [handed]
        assert tx.escalations.listed(owner="Ada Owner") == [handed, STALL]
        assert tx.escalations.listed(owner="Nobody") == []
        tx.partners.look_after(STALL.partner, "Eve Owner")
        assert tx.escalations.listed(owner="Eve Owner") == [handed, STALL], "who looks after it now is told of all"
        assert tx.escalations.listed(owner="Ada Owner") == []


def test_who_gets_a_partner_brings_the_manager_they_report_to(any_store: Store) -> None:
    with any_store.write() as tx:
        eves = a_partner("Cora").model_copy(update={"owner": "Eve Owner", "owner_manager": "Eve's Lead"})
        tx.partners.add([eves], AT)
        tx.partners.look_after("acme", "Eve Owner")
        acme = tx.partners.get("acme").partner
        assert (acme.owner, acme.owner_manager) == ("Eve Owner", "Eve's Lead")
        tx.partners.look_after("acme", "Somebody new")
        acme = tx.partners.get("acme").partner
        assert (acme.owner, acme.owner_manager) == ("Somebody new", "Eve's Lead"), "nobody knows another one"


def test_escalations_are_listed_from_the_oldest(any_store: Store) -> None:
    newer = STALL.model_copy(update={"cycle": "2017Q2", "opened_on": day(90)})
    others = STALL.model_copy(update={"partner": "bolt", "opened_on": day(30)})
    with any_store.write() as tx:
        for escalation in (newer, others, STALL):
            tx.escalations.open(escalation)
        assert tx.escalations.listed() == [STALL, others, newer]
        assert tx.escalations.listed(partner="acme") == [STALL, newer]

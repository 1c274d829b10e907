import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from program.decision import Ruling
from program.errors import Refused
from rules.decision import table
from rules.decision.decide import Disagreement, decide
from rules.decision.table import Table
from rules.evaluators import interpreter
from rules.language.facts import EncodedFacts
from rules.language.policy import Policy, load_policy
from rules.solver import logic

MET: dict[str, Any] = {"qualified": 10, "deals": 1, "target": 10, "resets_used": 0}

VISITS = """\
policy: visits
version: 1
owner: sales
title: Visits
facts: {patience: {type: count}}
events: {visit: {week: {type: count}, moved: {type: flag}}}
outcomes: [up, same, down]
rules:
  - id: silent
    when: {patience: {gte: 1}, sequence: {of: visit, by: week, length: 3, each: {moved: false}}}
    then: down
    because: Nothing moved.
otherwise: up
"""

LATER = """\
  - id: ever_silent
    when: {sequence: {of: visit, by: week, length: 3, each: {moved: false}}}
    then: up
    because: Nothing moved, and nobody minds.
otherwise: same
"""

SCALES = """\
policy: scales
version: 1
owner: sales
title: Scales
facts: {whole: {type: count}, fine: {type: decimal, places: 3, min: 0}}
outcomes: [low, equal, high]
rules:
  - {id: below, when: {whole: {lt: {fact: fine}}}, then: low, because: B.}
  - {id: same, when: {fine: {eq: {fact: whole}}}, then: equal, because: E.}
otherwise: high
"""


def policy_of(*rules: str) -> Policy:
    """A policy with a flag, three numbers, and these rules."""
    numbers = ", ".join(f"{name}: {{type: integer}}" for name in ("k", "m", "n"))
    lines = ["policy: small", "version: 1", "owner: sales", "title: Small", f"facts: {{a: {{type: flag}}, {numbers}}}"]
    lines += ["outcomes: [up, same, down]", "otherwise: same", "rules:"]
    lines += [f"  - {{id: rule_{n}, {rule}, because: Reason {n}.}}" for n, rule in enumerate(rules)]
    return load_policy("\n".join(lines), "small.yaml")


def test_the_first_rule_that_holds_decides_and_the_others_are_reported(policy: Policy) -> None:
    assert decide(policy, MET) == Ruling(
        outcome="expand",
        rule="target_met_together",
        also=("first_miss_resets",),
        because="The pilot met its target and both sides worked the deals.",
        possible=("expand",),
    )


def test_a_rule_gives_its_reason_and_its_advice(policy: Policy) -> None:
    assert decide(policy, MET | {"qualified": 9}) == Ruling(
        outcome="reset",
        rule="first_miss_resets",
        because="Targets were missed once.",
        advice="Agree the fixes.",
        possible=("reset",),
    )


def test_where_no_rule_holds_the_policy_says_what_otherwise(policy: Policy) -> None:
    ruling = decide(policy, MET | {"deals": 0, "resets_used": 1})
    assert (ruling.outcome, ruling.rule, ruling.also) == ("exit", None, ())
    assert ruling.because == "None of the rules decides otherwise."


def test_what_the_unknown_facts_can_change_is_open_and_says_what_it_depends_on(policy: Policy) -> None:
    ruling = decide(policy, {"target": 10, "qualified": None, "resets_used": 0})
    assert ruling == Ruling(
        outcome=None,
        also=("first_miss_resets",),
        because="Not decided: opportunities that met our standard, deals both sides worked are not known.",
        possible=("expand", "reset"),
        unknown=("qualified", "deals"),
        missing=("qualified", "deals"),
    )
    assert decide(policy, MET | {"deals": 0, "resets_used": None}).because == "Not decided: resets used is not known."


def test_what_the_unknown_facts_cannot_change_is_decided_at_once(policy: Policy) -> None:
    missed = {"qualified": 9, "target": 10, "resets_used": 0}
    assert decide(policy, missed) == Ruling(
        outcome="reset",
        rule="first_miss_resets",
        because="Targets were missed once.",
        advice="Agree the fixes.",
        possible=("reset",),
        unknown=("deals",),
    )
    assert decide(policy, missed) == decide(policy, missed, settle=True)
    assert decide(policy, missed | {"resets_used": 1}).outcome == "exit"


def test_where_several_rules_may_decide_the_same_all_their_reasons_are_given() -> None:
    policy = policy_of("when: {a: true}, then: down", "when: {n: {lt: 3}}, then: down, advice: Mend n.")
    assert decide(policy, {"n": 2}) == Ruling(
        outcome="down",
        also=("rule_1",),
        because="Whatever is not known yet, one of these holds: Reason 0. Or: Reason 1.",
        advice="Mend n.",
        possible=("down",),
        unknown=("a", "k", "m"),
    )


def test_a_fact_that_would_settle_more_is_asked_for_first() -> None:
    # With a known nothing is settled, unless it is true; n settles it if it is low; of m two parts in three settle it.
    policy = policy_of(
        "when: {m: {lt: 1}}, then: down", "when: {m: {gt: 3}}, then: up", "when: {a: true, n: {gt: 2}}, then: up"
    )
    assert decide(policy, {}).missing == ("m", "a", "n")
    assert decide(policy, {"m": 2}).missing == ("a", "n")
    assert decide(policy, {"m": 2, "n": 3}).missing == ("a",)
    assert decide(policy, {"m": 2, "n": 1}).outcome == "same"


def test_of_facts_that_settle_as_often_the_one_that_leaves_less_open_comes_first() -> None:
    policy = policy_of("when: {a: true, n: {gt: 2}}, then: up", "when: {n: {lte: 2}, m: {gt: 0}}, then: down")
    assert decide(policy, {}).missing == ("n", "a", "m")


def test_events_are_asked_for_by_what_the_sequences_in_them_would_settle() -> None:
    policy = load_policy(VISITS.replace("otherwise: up", LATER), "visits.yaml")
    assert decide(policy, {}).missing == ("visit", "patience")


def test_what_rests_on_a_conclusion_rests_on_the_facts_that_it_is_drawn_from() -> None:
    policy = policy_of("when: {m: {gt: 3}}, concludes: busy", "when: {busy: true, a: true}, then: down")
    assert decide(policy, {}).missing == ("a", "m")
    assert decide(policy, {"a": True}).missing == ("m",)
    assert decide(policy, {"a": False}).outcome == decide(policy, {"m": 3}).outcome == "same"
    assert decide(policy, {"m": 4}).also == ("rule_0",)


def test_a_fact_that_cannot_matter_any_more_is_not_asked_for() -> None:
    policy = policy_of("when: {a: true, n: {gt: 2}}, then: up", "when: {m: {gt: 3}}, then: down")
    ruling = decide(policy, {"n": 1})
    assert (ruling.unknown, ruling.missing) == (("a", "k", "m"), ("m",))


def test_unknown_facts_are_compared_with_one_another() -> None:
    policy = policy_of("when: {m: {lt: {fact: n}}, n: {lt: 3}, k: {gt: {fact: m}}}, then: up")
    assert decide(policy, {}).missing == ("n", "k", "m")
    assert decide(policy, {"k": -9_000_000_000_000}).outcome == "same"  # no number is below the least there is
    assert decide(policy, {"m": 3}).outcome == "same"
    assert decide(policy, {"m": 1, "n": 1}).possible == ("same",)
    assert decide(policy, {"m": 1}).missing == ("n", "k")


def test_unknown_events_may_be_anything_that_could_have_happened() -> None:
    policy = load_policy(VISITS, "visits.yaml")
    open_ = decide(policy, {"patience": 3})
    assert (open_.possible, open_.missing) == (("up", "down"), ("visit",))
    assert decide(policy, {"patience": 0}).outcome == "up"
    assert decide(policy, {"visit": []}).outcome == "up"
    assert decide(policy, {"visit": [{"week": n, "moved": n == 1} for n in range(3)]}).missing == ()


def test_facts_of_other_scales_are_told_apart_at_their_thresholds() -> None:
    policy = load_policy(SCALES, "scales.yaml")
    assert decide(policy, {"fine": 2.004, "whole": 2}).outcome == "low"
    for fine, outcomes in ((2.004, ("low", "high")), (2, ("low", "equal", "high")), (0, ("equal", "high"))):
        assert decide(policy, {"fine": fine}).possible == outcomes
    assert decide(policy, {"whole": 2}).possible == ("low", "equal", "high")
    assert decide(policy, {"whole": 0}).possible == ("low", "equal")


def test_what_is_known_can_be_settled_with_and_says_so(policy: Policy) -> None:
    ruling = decide(policy, {**MET, "deals": None}, settle=True)
    assert ruling == Ruling(
        outcome="reset",
        rule="first_miss_resets",
        because="Targets were missed once. Decided without knowing deals both sides worked.",
        advice="Agree the fixes.",
        possible=("expand", "reset"),
        unknown=("deals",),
        missing=("deals",),
    )
    assert decide(policy, MET, settle=True) == decide(policy, MET)
    assert decide(policy, {}, settle=True).outcome == "exit"


def test_a_policy_that_leaves_a_gap_decides_nothing_in_it(text: str) -> None:
    policy = load_policy(text.replace("otherwise: exit", ""), "pilot-verdict.yaml")
    nothing = decide(policy, MET | {"deals": 0, "resets_used": 1})
    assert (nothing.outcome, nothing.possible, nothing.missing) == (None, (), ())
    assert nothing.because == "None of the rules decides, and the policy does not say what holds otherwise."
    # Facts that would lead out of the gap are missing as any others are.
    open_ = decide(policy, {"qualified": 10, "target": 10, "resets_used": 1})
    assert (open_.outcome, open_.possible, open_.missing) == (None, ("expand",), ("deals",))
    assert decide(policy, {"qualified": 9, "target": 10, "resets_used": 1}).because == nothing.because


def test_where_the_solver_gives_up_what_was_not_excluded_stays_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = policy_of("when: {m: {lt: {fact: n}}, n: {lt: {fact: m}}}, then: up", "when: {a: true}, then: down")
    assert (decide(policy, {}).possible, decide(policy, {}).missing) == (("same", "down"), ("a",))
    monkeypatch.setattr(logic, "EFFORT", 1)
    given_up = decide(policy, {})
    assert (given_up.outcome, given_up.possible) == (None, ("up", "same", "down"))
    assert given_up.missing == ("a", "m", "n")
    assert decide(policy, {"a": True, "m": 1}).outcome == "down"  # nothing that takes a solver


def test_facts_that_do_not_fit_are_refused(policy: Policy) -> None:
    with pytest.raises(Refused, match="deals: True is not a number"):
        decide(policy, MET | {"deals": True})


def test_deciding_leaves_the_facts_as_they_were(policy: Policy) -> None:
    facts = dict(MET)
    assert decide(policy, facts) == decide(policy, facts)
    assert facts == MET


def test_where_engine_and_interpreter_differ_nothing_is_decided(
    policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(_policy: Policy, _facts: EncodedFacts) -> frozenset[str]:
        return frozenset({"first_miss_resets"})

    monkeypatch.setattr(interpreter, "fired", mistaken)
    with pytest.raises(Disagreement) as disagreement:
        decide(policy, MET)
    assert disagreement.value.answers == {
        "durable-rules": {"target_met_together", "first_miss_resets"},
        "the interpreter": {"first_miss_resets"},
    }
    assert disagreement.value.policy is policy
    assert disagreement.value.facts == MET
    assert "policy pilot-verdict version 1: durable-rules says that first_miss_resets, target_met_together hold" in str(
        disagreement.value
    )


def test_what_is_said_of_unknown_facts_is_really_decided(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that takes conditions for other ones is found out by both evaluators."""
    monkeypatch.setattr(Table, "_every", staticmethod(Table._some))
    with pytest.raises(Disagreement) as disagreement:
        decide(policy, {"target": 10, "resets_used": 1})
    assert disagreement.value.answers["the outlook"] == {"target_met_together"}
    assert disagreement.value.answers["durable-rules"] == disagreement.value.answers["the interpreter"] == frozenset()
    assert {*disagreement.value.facts} == {*policy.facts}


@pytest.mark.parametrize("most_rows", [table.MOST_ROWS, 0])
def test_open_decisions_are_the_same_on_many_threads(
    policy: Policy, most_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "MOST_ROWS", most_rows)
    asked: list[dict[str, Any]] = [
        {"target": 10, "resets_used": 0},
        {"target": 10, "qualified": 9},
        {"qualified": 4, "deals": 2},
        {},
    ]
    expected = [decide(policy, facts) for facts in asked]
    with ThreadPoolExecutor(8) as pool:
        for ruling, number in pool.map(lambda n: (decide(policy, asked[n % 4]), n % 4), range(80)):
            assert ruling == expected[number]


def test_thousands_are_decided_in_a_second(policy: Policy) -> None:
    started = time.perf_counter()
    for _ in range(500):
        decide(policy, MET)
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    ("deals", "outcome", "settled"),
    [
        ({"at_least": 1, "at_most": 4}, "expand", "expand"),
        ({"at_least": 0, "at_most": 4}, None, "reset"),
        ({"at_least": 1}, "expand", "expand"),
        ({"at_least": 1, "at_most": 1}, "expand", "expand"),
    ],
)
def test_a_number_known_in_part_decides_what_it_can(
    policy: Policy, deals: dict[str, int], outcome: str | None, settled: str
) -> None:
    facts = {"qualified": 10, "deals": deals, "target": 10, "resets_used": 0}
    assert decide(policy, facts).outcome == outcome
    assert decide(policy, facts, settle=True).outcome == settled


def test_what_is_known_in_part_is_said(policy: Policy) -> None:
    facts = MET | {"deals": {"at_least": 0, "at_most": 4}}
    assert decide(policy, facts).because == "Not decided: deals both sides worked (0 to 4) is not known."


def test_that_no_more_than_the_least_is_so_is_not_taken_for_known() -> None:
    text = VISITS.replace(
        "{patience: {gte: 1}, sequence: {of: visit, by: week, length: 3, each: {moved: false}}}", "{patience: 0}"
    )
    impatient = load_policy(text, "visits.yaml")
    assert decide(impatient, {"patience": {"at_least": 0, "at_most": 9}, "visit": []}, settle=True).outcome == "up"

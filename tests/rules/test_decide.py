import time
from typing import Any

import pytest

from program.decision import Ruling
from program.errors import Refused
from rules import interpreter
from rules.decide import Disagreement, decide
from rules.facts import EncodedFacts
from rules.policy import Policy

MET: dict[str, Any] = {"qualified": 10, "deals": 1, "target": 10, "resets_used": 0}


def test_the_first_rule_that_holds_decides_and_the_others_are_reported(policy: Policy) -> None:
    assert decide(policy, MET) == Ruling(
        outcome="expand",
        rule="target_met_together",
        also=("first_miss_resets",),
        because="The pilot met its target and both sides worked the deals.",
    )


def test_a_rule_gives_its_reason_and_its_advice(policy: Policy) -> None:
    assert decide(policy, MET | {"qualified": 9}) == Ruling(
        outcome="reset", rule="first_miss_resets", because="Targets were missed once.", advice="Agree the fixes."
    )


def test_where_no_rule_holds_the_policy_says_what_otherwise(policy: Policy) -> None:
    ruling = decide(policy, MET | {"deals": 0, "resets_used": 1})
    assert (ruling.outcome, ruling.rule, ruling.also) == ("exit", None, ())
    assert ruling.because == "None of the rules decides otherwise."


def test_while_something_is_unknown_nothing_is_decided(policy: Policy) -> None:
    ruling = decide(policy, {"target": 10, "qualified": None, "resets_used": 0})
    assert ruling == Ruling(
        outcome=None,
        because="Not decided: opportunities that met our standard, deals both sides worked are not known.",
        unknown=("qualified", "deals"),
    )
    assert decide(policy, MET | {"resets_used": None}).because == "Not decided: resets used is not known."


def test_what_is_known_can_be_settled_with_and_the_unknown_is_still_named(policy: Policy) -> None:
    ruling = decide(policy, {**MET, "deals": None}, settle=True)
    assert (ruling.outcome, ruling.rule, ruling.unknown) == ("reset", "first_miss_resets", ("deals",))
    assert decide(policy, MET, settle=True) == decide(policy, MET)
    assert decide(policy, {}, settle=True).outcome == "exit"


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
    assert disagreement.value.engine == {"target_met_together", "first_miss_resets"}
    assert disagreement.value.interpreted == {"first_miss_resets"}
    assert disagreement.value.policy is policy
    assert disagreement.value.facts == MET
    assert "policy pilot-verdict version 1: durable-rules says that first_miss_resets, target_met_together hold" in str(
        disagreement.value
    )


def test_thousands_are_decided_in_a_second(policy: Policy) -> None:
    started = time.perf_counter()
    for _ in range(500):
        decide(policy, MET)
    assert time.perf_counter() - started < 1

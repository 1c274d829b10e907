"""A moment of each long run of `measure.soak`; that of random policies is in test_language.py."""

import gc
import weakref

import durable_rules_engine as core
import pytest

from measure import agreement, decisions, fuzz, memory
from measure.table import random_facts
from rules.evaluators.engine import MOST_ENGINES, Engine, engine_for
from rules.language.policy import Policy, load_policy


def test_eight_threads_at_once_get_exact_answers() -> None:
    assert agreement.threads(1, seed=1, policies=12) > 100


def test_memory_stays_flat_over_decisions() -> None:
    assert memory.decided(3000) < 1024 * 1024


def version(number: int) -> Policy:
    return load_policy(memory.CONCLUDING.replace("version: 1", f"version: {number}"), "concluding.yaml")


def test_memory_stays_flat_over_policies_that_come_and_go() -> None:
    def come_and_go(numbers: range) -> int:
        for number in numbers:
            policy = version(number)
            Engine(policy).fired(policy.encode({"deals": 4, "share": 0.5, "visit": []}))
        return memory.resident()

    before = come_and_go(range(1, 60))
    assert come_and_go(range(60, 180)) - before < 1024 * 1024  # what is kept of an engine would be far more


def test_an_engine_that_nobody_holds_any_more_is_deleted_with_its_session() -> None:
    engine = engine_for(version(1000))
    kept, handle = weakref.ref(engine), engine._handle
    assert core.get_facts(handle, "e") == "[]"
    for number in range(1001, 1002 + MOST_ENGINES):
        engine_for(version(number))
    del engine
    gc.collect()
    assert kept() is None
    with pytest.raises(core.error, match="111"):  # no such ruleset
        core.get_facts(handle, "e")


def test_damaged_policies_and_odd_facts_are_refused_or_decided_on() -> None:
    slowest, wrong = fuzz.run(range(20))
    assert wrong == []
    assert slowest.keys() >= {"load_policy", "load_program", "check", "compile", "decide"}


def test_zen_engine_is_measured_on_the_same_table() -> None:
    assert len(decisions.contenders([random_facts(seed) for seed in range(300)])) == 7

"""durable-rules held against the interpreter: over random policies of the whole language, and from many threads."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from program.decision import Ruling
from rules.decision.decide import decide, rule_on
from rules.evaluators import interpreter
from rules.evaluators.engine import MOST_ENGINES, Engine
from rules.language.facts import EncodedFacts
from rules.language.policy import Policy
from rules.language.source import Unfit
from tests.rules import language
from tests.rules.language import facts_for, loaded

FACTS_FOR_ONE = 20
"""Sets of facts that each random policy is asked about."""
Drawn = TypeVar("Drawn")


def each(strategy: st.SearchStrategy[Drawn], count: int, seed: int, act: Callable[[Drawn], object]) -> None:
    """Do something with so many examples of a strategy; the smallest that fails is told."""

    @seeded(seed)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def run(drawn: Drawn) -> None:
        act(drawn)

    run()


def drawn(strategy: st.SearchStrategy[Drawn], count: int, seed: int) -> list[Drawn]:
    """About so many examples of a strategy."""
    found: list[Drawn] = []
    each(strategy, count, seed, found.append)
    return found


Look = Callable[[Policy, dict[str, Any], EncodedFacts], object]


def pairs(count: int, seed: int, look: Look = lambda *_: None) -> Counter[str]:
    """Hold durable-rules against the interpreter over at least so many pairs of policy and facts; count what was seen.

    Raises:
        AssertionError: where the two differ.
    """
    seen: Counter[str] = Counter()

    def compare(data: st.DataObject) -> None:
        policy = loaded(data.draw(language.policies()))
        try:
            engine = Engine(policy)
        except Unfit:
            seen["policies that were refused"] += 1
            return
        seen["policies"] += 1
        facts_of = facts_for(policy)
        for _ in range(FACTS_FOR_ONE):
            facts = data.draw(facts_of)
            encoded = policy.encode(facts)
            look(policy, facts, encoded)
            holding = interpreter.fired(policy, encoded)
            assert engine.fired(encoded) == holding, encoded
            seen["pairs"] += 1
            seen["rules that held"] += len(holding)
            seen["pairs with something unknown"] += bool(encoded.unknown)

    while seen["pairs"] < count:
        each(st.data(), 1 + (count - seen["pairs"]) // FACTS_FOR_ONE, seed, compare)
        seed += 1
    return seen


def known_facts(policy: Policy, count: int, seed: int) -> list[dict[str, Any]]:
    """At most so many sets of facts of a policy, none of them unknown."""
    found = drawn(facts_for(policy), 6 * count, seed)
    return [facts for facts in found if None not in facts.values()][:count]


def rulings(count: int, seed: int) -> list[tuple[Policy, dict[str, Any], Ruling]]:
    """What the interpreter says of random facts, by so many random policies."""
    found = []
    for written in drawn(language.policies(), count, seed):
        policy = loaded(written)
        try:
            Engine(policy)
        except Unfit:
            continue
        found += [
            (policy, facts, rule_on(policy, interpreter.fired(policy, policy.encode(facts))))
            for facts in known_facts(policy, 8, seed)
        ]
    return found


def threads(seconds: float, seed: int, count: int = 8, policies: int = MOST_ENGINES + 16) -> int:
    """How many decisions so many threads made at once, each compared with the one that was known before.

    Of that many policies there are more than engines are kept.

    Raises:
        AssertionError: where one was wrong.
    """
    known = rulings(policies, seed)
    wrong: list[object] = []
    made = [0] * count
    until = time.monotonic() + seconds

    def work(number: int, cases: Sequence[tuple[Policy, dict[str, Any], Ruling]]) -> None:
        choose = random.Random(seed + number)  # noqa: S311 (not a secret)
        while time.monotonic() < until and not wrong:
            policy, facts, ruling = choose.choice(cases)
            try:
                found: object = decide(policy, facts)
            except Exception as error:  # noqa: BLE001 (a thread's error has to reach the one that asks)
                found = error
            if found != ruling:
                wrong.append((policy, facts, ruling, found))
            made[number] += 1

    started = [threading.Thread(target=work, args=(number, known)) for number in range(count)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    assert not wrong, wrong[0]
    return sum(made)

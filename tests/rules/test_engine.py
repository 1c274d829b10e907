import json
from collections.abc import Mapping
from typing import Any

import durable_rules_engine as core
import pytest

from rules.evaluators import interpreter
from rules.evaluators.engine import MOST_ENGINES, Engine, engine_for
from rules.evaluators.network import Message
from rules.language.policy import Policy, load_policy

HEAD: dict[str, Any] = {
    "policy": "made",
    "version": 1,
    "owner": "team",
    "title": "Made",
    "outcomes": ["up"],
    "otherwise": "up",
    "facts": {"deals": {"type": "count"}, "target": {"type": "decimal", "places": 2}, "open": {"type": "flag"}},
    "events": {"visit": {"week": {"type": "integer"}, "moved": {"type": "flag"}}},
}
RUN = {"of": "visit", "by": "week", "length": 3, "each": {"moved": False}}


def made(*rules: Mapping[str, Any], title: str = "Made") -> Policy:
    """A policy of these rules; JSON is YAML."""
    numbered = [{"id": f"rule_{n}", "because": "So.", **rule} for n, rule in enumerate(rules)]
    effective = [rule if "concludes" in rule else {**rule, "then": "up"} for rule in numbered]
    return load_policy(json.dumps({**HEAD, "title": title, "rules": effective}), "p")


def fired(policy: Policy, **facts: Any) -> set[str]:
    encoded = policy.encode(facts)
    found = Engine(policy).fired(encoded)
    assert found == interpreter.fired(policy, encoded)
    return set(found)


def visits(*weeks: int, moved: bool = False) -> list[dict[str, Any]]:
    return [{"week": week, "moved": moved} for week in weeks]


@pytest.mark.parametrize(
    ("happened", "found"),
    [
        ([], False),
        (visits(1, 2), False),
        (visits(1, 2, 3), True),
        (visits(3, 1, 2), True),
        (visits(-1, 0, 1), True),
        (visits(1, 2, 4, 5), False),
        (visits(1, 1, 2, 2), False),
        (visits(1, 2, 2, 3, 3), True),
        (visits(1, 3) + visits(2, moved=True), False),
        (visits(1, 2, 3) + visits(1, 2, 3, moved=True), True),
        (visits(*range(500)), True),
        (visits(*range(0, 1000, 2)), False),
    ],
)
def test_a_sequence_is_found_whatever_the_order_gaps_and_repeats(
    happened: list[dict[str, Any]], *, found: bool
) -> None:
    assert fired(made({"when": {"sequence": RUN}}), visit=happened) == ({"rule_0"} if found else set())


def test_the_longest_sequence_is_found() -> None:
    policy = made({"when": {"sequence": {**RUN, "length": 16}}})
    assert fired(policy, visit=visits(*range(16))) == {"rule_0"}
    assert fired(policy, visit=visits(*range(15), 16)) == set()


def test_two_sequences_in_one_rule_both_have_to_be_found() -> None:
    moving = {"all": [{"sequence": {**RUN, "length": 2, "each": {"moved": True}}}], "sequence": RUN}
    assert fired(made({"when": moving}), visit=visits(1, 2, 3)) == set()
    assert fired(made({"when": moving}), visit=visits(1, 2, 3) + visits(8, 9, moved=True)) == {"rule_0"}


def test_conclusions_reach_rules_that_rest_on_conclusions() -> None:
    policy = made(
        {"when": {"deals": {"gte": 1}}, "concludes": "active"},
        {"when": {"deals": {"gte": 5}}, "concludes": "active"},
        {"when": {"active": True, "open": True}, "concludes": "ready"},
        {"when": {"any": [{"ready": True}, {"deals": 9}]}},
    )
    assert fired(policy, deals=1, open=True) == {"rule_0", "rule_2", "rule_3"}
    assert fired(policy, deals=9, open=False) == {"rule_0", "rule_1", "rule_3"}
    assert fired(policy, deals=9, open=True) == {"rule_0", "rule_1", "rule_2", "rule_3"}
    assert fired(policy, deals=0, open=True) == set()


def test_a_comparison_with_something_unknown_never_holds() -> None:
    operators = ["eq", "not", "lt", "lte", "gt", "gte"]
    policy = made(*[{"when": {"deals": {operator: {"fact": "target"}}}} for operator in operators])
    engine = Engine(policy)
    for _ in range(200):
        assert engine.fired(policy.encode({"deals": 3, "target": 3})) == {"rule_0", "rule_3", "rule_5"}
        assert engine.fired(policy.encode({"deals": 3})) == set()
        assert engine.fired(policy.encode({"target": 3})) == set()


def test_the_largest_numbers_are_compared_to_the_last_digit() -> None:
    policy = made({"when": {"deals": {"gt": {"fact": "target"}}}}, {"when": {"target": {"gte": 8_999_999_999_999}}})
    assert fired(policy, deals=9 * 10**12, target=8_999_999_999_999.99) == {"rule_0", "rule_1"}
    assert fired(policy, deals=8_999_999_999_999, target=8_999_999_999_999.01) == {"rule_1"}
    assert fired(policy, deals=0, target=8_999_999_999_998.99) == set()


def test_an_engine_that_fell_out_of_the_cache_goes_on_deciding_for_who_holds_it() -> None:
    policy = made({"when": {"deals": 1}}, title="first of many")
    engine = engine_for(policy)
    assert engine_for(policy) is engine
    for number in range(MOST_ENGINES):
        engine_for(made({"when": {"deals": 1}}, title=f"number {number}"))
    assert engine_for(policy) is not engine
    assert engine.fired(policy.encode({"deals": 1})) == {"rule_0"}


def test_after_an_evaluation_that_failed_the_next_one_starts_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = made({"when": {"deals": 1}})
    engine = Engine(policy)
    with monkeypatch.context() as patch:
        patch.setattr(
            engine._network,
            "messages",
            lambda _: [{"kind": "facts", "f0": 1}, {"kind": "facts", "f0": float("nan")}, object()],
        )
        with pytest.raises(TypeError):
            engine.fired(policy.encode({}))
    assert engine.fired(policy.encode({"deals": 2})) == set()


def test_a_session_lasts_until_a_rule_fires_that_joins_messages_or_much_was_asserted() -> None:
    policy = made({"when": {"deals": {"gte": 1}}}, {"when": {"sequence": RUN}})
    engine = Engine(policy)

    def session_after(**facts: Any) -> object:
        engine.fired(policy.encode(facts))
        try:
            return json.loads(core.get_facts(engine._handle, "e"))
        except core.error:
            return None

    assert session_after(deals=1, visit=visits(1, 2, 4)) == []
    assert session_after(deals=1, visit=visits(1, 2, 3)) is None
    assert session_after(deals=1, visit=visits(*range(0, 120, 2))) == []
    assert session_after(deals=1, visit=visits(*range(0, 130, 2))) is None


def test_after_an_evaluation_broken_off_between_two_actions_the_next_one_starts_afresh(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    policy = made({"when": {"deals": 1}, "concludes": "active"}, {"when": {"active": True}}, {"when": {"open": True}})
    engine = Engine(policy)

    def broken_off(_: str) -> Message:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(engine._network, "held", broken_off)
        with pytest.raises(KeyboardInterrupt):
            engine.fired(policy.encode({"deals": 1, "open": True}))
    assert engine.fired(policy.encode({"deals": 2, "open": True})) == {"rule_2"}
    assert engine.fired(policy.encode({"deals": 1, "open": False})) == {"rule_0", "rule_1"}

import json
from typing import Any

import pytest

from rules.evaluators import interpreter
from rules.evaluators.engine import Engine
from rules.evaluators.network import compile_policy
from rules.language.facts import FactError
from rules.language.policy import Policy, load_policy
from rules.language.source import Unfit


def made(*rules: dict[str, Any], **given: Any) -> Policy:
    """A policy over these facts and rules; JSON is YAML."""
    head = {"policy": "made", "version": 1, "owner": "team", "title": "Made", "outcomes": ["up"], "otherwise": "up"}
    numbered = [{"id": f"rule_{n}", "because": "So.", **rule} for n, rule in enumerate(rules)]
    effective = [rule if "concludes" in rule else {**rule, "then": "up"} for rule in numbered]
    return load_policy(json.dumps({**head, "rules": effective, **given}), "p")


COUNT = {"type": "count"}
FLAGS = [{"when": {"open": True}, "concludes": f"set_{n}"} for n in range(16)]
OPEN = {"open": {"type": "flag"}, "deals": COUNT}
VISITS = {"visit": {"week": COUNT, "mood": {"type": "choice", "of": ["good", "fair", "bad"]}}}


def test_names_become_numbers_and_a_policy_rule_a_rule_of_the_engine() -> None:
    network = compile_policy(made({"when": {"deals": {"gte": 2}, "open": True}}, facts=OPEN))
    tests = [{"kind": "facts"}, {"$gte": {"f1": 2}}, {"f0": True}]
    assert network.rules == {"0/0": [tests]}
    assert network.says == {"0/0": "rule_0"}


def test_facts_are_compared_inside_the_engine_once_the_other_is_known_to_be_there() -> None:
    facts = {"deals": COUNT, "target": COUNT, "share": {"type": "ratio"}, "fee": {"type": "money"}}
    when = {"deals": {"gte": {"fact": "target"}}, "share": {"lt": {"fact": "fee"}}, "fee": {"lte": {"fact": "share"}}}
    ((tests,),) = compile_policy(made({"when": when}, facts=facts)).rules.values()
    hundredfold = {"$mul": {"$l": {"$m": "f3"}, "$r": 100}}
    assert tests[1:] == [
        {"$ex": {"f1": 1}},
        {"$gte": {"f0": {"$m": "f1"}}},
        {"$ex": {"f3": 1}},
        {"$lt": {"f2": hundredfold}},
        {"$gte": {"f2": hundredfold}},
    ]


def test_every_way_to_hold_is_a_rule_of_its_own_and_none_comes_twice() -> None:
    when = {"any": [{"deals": {"in": [1, 2]}}, {"open": True}, {"deals": 2}]}
    network = compile_policy(made({"when": when}, facts=OPEN))
    assert [rule[0][1] for rule in network.rules.values()] == [{"f1": 1}, {"f1": 2}, {"f0": True}]
    assert set(network.says.values()) == {"rule_0"}


def test_a_sequence_is_found_once_for_all_rules_that_ask_for_it() -> None:
    run = {"of": "visit", "by": "week", "length": 2, "each": {"mood": "bad"}}
    rules = ({"when": {"sequence": run}}, {"when": {"sequence": run, "open": True}})
    network = compile_policy(made(*rules, facts=OPEN, events=VISITS))
    after = {"f0": {"$add": {"$l": {"m0": "f0"}, "$r": 1}}}
    assert network.rules["sequence 0/0"] == [
        [{"kind": "event0"}, {"f1": "bad"}],
        [{"kind": "event0"}, {"f1": "bad"}, after],
    ]
    assert network.rules["0/0"] == [[{"kind": "held"}, {"name": "sequence 0"}]]
    assert network.derives == {"sequence 0/0": "sequence 0"}


def alternatives(count: int) -> dict[str, Any]:
    return {"deals": {"in": list(range(count))}}


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (
            made({"when": alternatives(65)}, facts=OPEN),
            "rules.rule_0.when: can hold in 65 ways, and 64 is the limit; split the rule or conclude a part of it",
        ),
        (
            made({"when": {"all": [{"any": [alternatives(9), alternatives(9)]}, alternatives(9)]}}, facts=OPEN),
            "rules.rule_0.when: can hold in 162 ways",
        ),
        (
            made(
                {
                    "when": {
                        "sequence": {
                            "of": "visit",
                            "by": "week",
                            "length": 4,
                            "each": {"mood": {"in": ["good", "fair", "bad"]}},
                        }
                    }
                },
                facts=OPEN,
                events=VISITS,
            ),
            "rules.rule_0.when: can hold in 81 ways",
        ),
        (
            made(*FLAGS, {"when": {"deals": 1, **{f"set_{n}": True for n in range(16)}}}, facts=OPEN),
            "rules.rule_16.when: rests on 17 things at once, and 16 is the limit",
        ),
        (
            made(*[{"when": {"deals": {"gte": n}}} for n in range(61)], facts=OPEN),
            "rules: 61 conditions can hold at once, and 60 is the limit",
        ),
        (
            made(
                *[{"when": {"deals": {"fact": "target"}, "open": {"in": [True, False]}}}] * 61,
                facts={"target": COUNT, **OPEN},
            ),
            "rules: 122 conditions can hold at once, and 60 is the limit",
        ),
        (
            made(*FLAGS, *[{"when": {"open": True, "any": [{f"set_{n}": True} for n in range(16)]}}] * 12, facts=OPEN),
            "rules: 208 conditions are the same, and 200 is the limit",
        ),
        (
            made(*[{"when": {"deals": {"in": list(range(n, n + 50))}}} for n in range(0, 450, 50)], facts=OPEN),
            "rules: 450 different conditions stand side by side, and 400 is the limit",
        ),
        (
            made(
                *[{"when": {"deals": {"in": list(range(60))}, "open": {"fact": "shut"}}}] * 17,
                facts={**OPEN, "shut": {"type": "flag"}},
            ),
            "rules: the rules hold in 1020 ways, and 1000 is the limit",
        ),
    ],
)
def test_what_the_engine_could_not_run_safely_never_reaches_it(policy: Policy, message: str) -> None:
    with pytest.raises(Unfit) as refusal:
        Engine(policy)
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    "policy",
    [
        made({"when": alternatives(64)}, facts=OPEN),
        made(*FLAGS, {"when": {"deals": 1, **{f"set_{n}": True for n in range(15)}}}, facts=OPEN),
        made(*[{"when": {"deals": {"gte": n}}} for n in range(60)], facts=OPEN),
        made(*[{"when": {"open": True}}] * 200, facts=OPEN),
        made(*[{"when": {"deals": {"in": list(range(n, n + 50))}}} for n in range(0, 400, 50)], facts=OPEN),
    ],
)
def test_at_its_limits_the_engine_still_decides_right(policy: Policy) -> None:
    engine = Engine(policy)
    for deals in (0, 1, 59, 60, 399, 400):
        for is_open in (True, False):
            encoded = policy.encode({"deals": deals, "open": is_open})
            assert engine.fired(encoded) == interpreter.fired(policy, encoded)


def test_as_many_facts_as_can_be_declared_are_told_apart() -> None:
    facts = {f"fact_{n}": COUNT for n in range(250)}
    policy = made(*[{"when": {f"fact_{n}": 7}} for n in range(50, 250, 5)], facts=facts)
    engine = Engine(policy)
    for number in range(50, 250, 5):
        encoded = policy.encode({name: 7 * (name == f"fact_{number}") for name in facts})
        assert engine.fired(encoded) == {f"rule_{(number - 50) // 5}"}
    with pytest.raises(Unfit, match="at most 250"):
        made({"when": {"fact_1": 1}}, facts=facts | {"more": COUNT})


def test_the_ids_and_fields_that_are_used_have_different_hashes() -> None:
    def fnv1(text: str) -> int:
        found = 2166136261
        for byte in text.encode():
            found = (found * 16777619) % 2**32 ^ byte
        return found

    names = [
        *(f"f{n}" for n in range(2000)),
        *(f"m{n}" for n in range(16)),
        "kind",
        "id",
        "sid",
        "name",
        "$m",
        "$s",
        "e",
    ]
    assert len({fnv1(name) for name in names}) == len(names)


def test_events_that_make_too_many_runs_are_refused_before_the_engine_joins_them() -> None:
    run = {"of": "visit", "by": "week", "length": 3}
    policy = made({"when": {"sequence": run}}, events={"visit": {"week": COUNT, "calls": COUNT}})
    engine = Engine(policy)
    visits = [{"week": week, "calls": calls} for week in (1, 2, 3) for calls in range(22)]
    with pytest.raises(FactError, match="visit: events that share a week make more than 10000 runs of 3"):
        engine.fired(policy.encode({"visit": visits}))
    assert engine.fired(policy.encode({"visit": visits[::2]})) == {"rule_0"}

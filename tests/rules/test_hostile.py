"""What kills durable-rules, hangs it or makes it wrong without a word: refused with a reason, or decided right.

What could crash or hang is tried in a process of its own, with a limit of time.
"""

import json
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest

from program.errors import Refused
from rules.decision.decide import decide
from rules.evaluators.network import compile_policy
from rules.language.policy import Policy, load_policy
from rules.language.source import Unfit

LIMIT = 10
"""Seconds."""
HEAD = {"policy": "made", "version": 1, "owner": "team", "title": "Made", "outcomes": ["up", "down"]}
DEALS = {"deals": {"type": "count"}}
VISITS = {"visit": {"week": {"type": "integer"}, "moved": {"type": "flag"}}}
CHILD = """
import gc, json, sys
from program.errors import Refused
from rules.decision.decide import decide
from rules.evaluators.engine import Engine
from rules.language.policy import load_policy

asked = json.load(sys.stdin)
said = []
for text, given in asked["decide"]:
    try:
        policy = load_policy(text, "p")
        for _ in range(asked["times"]):
            if asked["dropped"]:
                Engine(policy)
                gc.collect()
            rulings = [decide(policy, facts) for facts in given]
        said.append([[ruling.outcome, *filter(None, [ruling.rule]), *ruling.also] for ruling in rulings])
    except Refused as refusal:
        said.append(str(refusal))
print(json.dumps(said))
"""


def text(*rules: dict[str, Any], **given: Any) -> str:
    """A policy of rules that give `up` if nothing else is said; JSON is YAML."""
    numbered = [{"id": f"rule_{n}", "because": "So.", **rule} for n, rule in enumerate(rules)]
    effective = [rule if "concludes" in rule else {"then": "up", **rule} for rule in numbered]
    written = {**HEAD, "facts": DEALS, "rules": effective, "otherwise": "down", **given}
    return json.dumps(written, ensure_ascii=False)


def made(*rules: dict[str, Any], **given: Any) -> Policy:
    return load_policy(text(*rules, **given), "p")


def decided(*asked: tuple[str, list[dict[str, Any]]], times: int = 1, dropped: bool = False) -> list[Any]:
    """What policies say of facts, or why they are refused: by a process that may not crash or take long."""
    finished = subprocess.run(
        [sys.executable, "-c", CHILD],
        input=json.dumps({"decide": asked, "times": times, "dropped": dropped}),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    said: list[Any] = json.loads(finished.stdout)
    return said


def refused(policy_text: str) -> str:
    with pytest.raises(Unfit) as refusal:
        compile_policy(load_policy(policy_text, "p"))
    return str(refusal.value)


def test_a_division_by_zero_cannot_be_written() -> None:
    assert "no such comparison" in refused(text({"when": {"deals": {"div": 0}}}))
    assert "takes a value or `{fact: name}`" in refused(text({"when": {"deals": {"gte": {"div": ["deals", 0]}}}}))


def test_256_rules_with_the_same_condition_are_refused_and_200_are_decided_on() -> None:
    same = {"when": {"deals": 1}}
    facts = [{"deals": 1}, {"deals": 2}]
    many, most, most_of_parts = decided(
        (text(*[same] * 256), facts),
        (text(*[same] * 200), facts),
        (text(*[{"when": {"any": [{"deals": 1}] * 10}}] * 200), facts),
    )
    assert "at most 200" in many
    assert most == most_of_parts == [["up", *(f"rule_{n}" for n in range(200))], ["down"]]


def test_513_different_conditions_beside_one_another_are_refused_and_400_are_decided_on() -> None:
    def apart(count: int) -> str:
        return text(*[{"when": {"deals": {"in": list(range(n, n + 50))}}} for n in range(0, count, 50)])

    facts = [{"deals": 0}, {"deals": 399}, {"deals": 400}]
    many, most = decided((apart(550), facts), (apart(400), facts))
    assert "550 different conditions stand side by side, and 400 is the limit" in many
    assert most == [["up", "rule_0"], ["up", "rule_7"], ["down"]]


def test_engines_that_never_decided_anything_are_dropped_without_harm() -> None:
    policy = text(
        {"when": {"deals": 1}}, {"when": {"sequence": {"of": "visit", "by": "week", "length": 2}}}, events=VISITS
    )
    facts = {"deals": 1, "visit": [{"week": week, "moved": True} for week in (1, 2)]}
    assert decided((policy, [facts]), times=50, dropped=True) == [[["up", "rule_0", "rule_1"]]]


def test_messages_that_were_joined_are_not_retracted_one_by_one() -> None:
    run = {"sequence": {"of": "visit", "by": "week", "length": 3}}
    policy = text(
        {"when": run, "concludes": "visited"},
        {"when": {"deals": {"gte": 1}}, "concludes": "active"},
        {"when": {"visited": True, "active": True, "deals": {"gte": 2}}},
        events=VISITS,
    )
    visits = [{"week": week, "moved": moved} for week in range(4) for moved in (True, False)]
    facts = [{"deals": deals, "visit": visits[first:]} for deals in range(3) for first in range(8)]
    (said,) = decided((policy, facts), times=20)
    assert said == [
        [
            "up" if deals == 2 and first < 4 else "down",
            *(["rule_2"] if deals == 2 and first < 4 else []),
            *(["rule_0"] if first < 4 else []),
            *(["rule_1"] if deals else []),
        ]
        for deals in range(3)
        for first in range(8)
    ]


def test_every_condition_of_a_map_counts_and_no_condition_is_empty() -> None:
    facts = {"a": {"type": "count"}, "b": {"type": "count"}}
    policy = made({"when": {"a": 1, "b": 2}}, facts=facts)
    assert decide(policy, {"a": 1, "b": 3}).outcome == "down"
    assert decide(policy, {"a": 1, "b": 2}).outcome == "up"
    nothing: tuple[dict[str, Any], ...] = ({}, {"all": []}, {"any": []}, {"any": [{}]}, {"a": {}}, {"a": {"in": []}})
    for empty in nothing:
        assert "rules.rule_0.when" in refused(text({"when": empty}, facts=facts))
    each = {"sequence": {"of": "visit", "by": "week", "length": 2, "each": {}}}
    assert "at least one condition" in refused(text({"when": each}, events=VISITS))


def test_what_is_missing_meets_nothing_and_a_misspelt_name_is_told() -> None:
    policy = made({"when": {"deals": {"not": 5}}})
    assert decide(policy, {"deals": None}, settle=True).outcome == "down"
    assert decide(policy, {"deals": 4}, settle=True).outcome == "up"
    assert "did you mean deals" in refused(text({"when": {"deal": {"not": 5}}}))
    with pytest.raises(Refused, match="did you mean deals"):
        decide(policy, {"deal": 4})


@pytest.mark.parametrize(
    ("kind", "condition"),
    [
        ({"type": "count"}, True),
        ({"type": "count"}, "5"),
        ({"type": "count"}, {"in": [1, True]}),
        ({"type": "flag"}, 1),
        ({"type": "flag"}, "true"),
        ({"type": "flag"}, {"gt": False}),
        ({"type": "choice", "of": ["5", "abc"]}, 5),
        ({"type": "choice", "of": ["5", "abc"]}, {"gt": "5"}),
        ({"type": "choice", "of": ["9", "10"]}, {"gt": {"fact": "deals"}}),
    ],
)
def test_no_kind_of_value_is_taken_for_another_in_a_policy(kind: dict[str, Any], condition: Any) -> None:
    assert "rules.rule_0.when.it" in refused(text({"when": {"it": condition}}, facts={"it": kind, **DEALS}))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ({"type": "count"}, True),
        ({"type": "count"}, "5"),
        ({"type": "count"}, 2.5),
        ({"type": "count"}, 2**63),
        ({"type": "count"}, 10**4000),
        ({"type": "flag"}, 1),
        ({"type": "flag"}, "true"),
        ({"type": "choice", "of": ["5"]}, 5),
        ({"type": "choice", "of": ["a" * 200]}, "a" * 200 + "\0" * 65_536),
        ({"type": "choice", "of": ["a"]}, "a" * 65_537),
        ({"type": "money"}, 0.1 + 0.2),
        ({"type": "money"}, 1e16),
        ({"type": "money"}, 1e-7),
        ({"type": "money"}, float("nan")),
        ({"type": "money"}, float("inf")),
        ({"type": "money"}, Decimal("NaN")),
    ],
)
def test_no_kind_of_value_is_taken_for_another_in_facts(kind: dict[str, Any], value: Any) -> None:
    condition = True if kind["type"] == "flag" else kind["of"][0] if kind["type"] == "choice" else {"gte": 0}
    policy = made({"when": {"it": condition}}, facts={"it": kind})
    with pytest.raises(Refused, match=r"^it: "):
        decide(policy, {"it": value})


def test_numbers_are_exact_to_the_last_digit_at_the_ends_of_their_range() -> None:
    most = Decimal("8999999999999.999999")
    conditions = [{"gt": 0}, {"gte": {"fact": "other"}}, {"lt": {"fact": "other"}}]
    rules = [{"when": {"it": condition}} for condition in conditions]
    facts = {"it": {"type": "decimal", "places": 6}, "other": {"type": "count"}}
    policy = made(*rules, facts=facts)
    largest = 9 * 10**12
    assert decide(policy, {"it": most, "other": largest}).also == ("rule_2",)
    assert decide(policy, {"it": largest, "other": largest}).also == ("rule_1",)
    assert decide(policy, {"it": Decimal("0.000001"), "other": 0}).also == ("rule_1",)
    assert decide(policy, {"it": Decimal("-0.000001"), "other": 0}).rule == "rule_2"


def test_strings_that_engines_read_as_something_else_stay_what_they_are() -> None:
    words = [
        "true",
        "null",
        "5",
        '"',
        "\\",
        "\\u0041",
        "A",
        "größe",
        "gröse",
        "😀",
        "a" * 199 + "b",
        "a" * 200,
        " ",
        "{}",
    ]
    policy = made(*[{"when": {"it": word}} for word in words], facts={"it": {"type": "choice", "of": words}})
    for number, word in enumerate(words):
        ruling = decide(policy, {"it": word})
        assert (ruling.rule, ruling.also) == (f"rule_{number}", ())


def test_a_rule_that_holds_in_several_ways_is_told_once_and_rules_in_the_order_of_the_policy() -> None:
    ways = {"any": [{"deals": {"gte": 1}}, {"deals": {"in": [5, 6]}}, {"any": [{"deals": 5}, {"deals": {"not": 4}}]}]}
    policy = made(*[{"when": ways}] * 5)
    ruling = decide(policy, {"deals": 5})
    assert (ruling.rule, ruling.also) == ("rule_0", ("rule_1", "rule_2", "rule_3", "rule_4"))


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]])
def test_the_order_in_which_events_are_told_does_not_matter(order: list[int]) -> None:
    run = {"sequence": {"of": "visit", "by": "week", "length": 3, "each": {"moved": False}}}
    policy = made({"when": {**run, "deals": {"not": 3}}}, {"when": run, "then": "down"}, events=VISITS)
    visits = [{"week": week, "moved": week == 3} for week in order]
    assert decide(policy, {"deals": 3, "visit": visits}).rule == "rule_1"
    assert decide(policy, {"deals": 2, "visit": visits}).rule == "rule_0"


def test_many_events_are_told_apart_and_too_many_are_refused() -> None:
    run = {"sequence": {"of": "visit", "by": "week", "length": 16, "each": {"moved": False}}}
    policy = text({"when": run}, events=VISITS)
    visits = [{"week": 2 * week, "moved": False} for week in range(500)]
    row = [{"week": 2 * week + 1, "moved": False} for week in range(100, 107)]
    last = {"week": 215, "moved": False}
    facts = [{"deals": 1, "visit": [*visits[:number], *row, last][:500]} for number in (493, 492)]
    several, many = decided((policy, facts), (policy, [{"deals": 1, "visit": visits + row}]))
    assert several == [["down"], ["up", "rule_0"]]
    assert "507 events; at most 500 are looked at" in many


def test_more_facts_or_things_at_once_than_the_engine_holds_are_refused() -> None:
    assert "at most 250" in refused(text({"when": {"f0": 1}}, facts={f"f{n}": {"type": "count"} for n in range(251)}))
    flags = [{"when": {"deals": n}, "concludes": f"flag_{n}"} for n in range(17)]
    everything = {"when": {f"flag_{n}": True for n in range(17)}}
    assert "rests on 17 things at once, and 16 is the limit" in refused(text(*flags, everything))
    long = {"sequence": {"of": "visit", "by": "week", "length": 17}}
    assert "a whole number from 2 to 16" in refused(text({"when": long}, events=VISITS))
    waiting = [{"when": {"deals": {"gte": n}}} for n in range(61)]
    assert "61 conditions can hold at once, and 60 is the limit" in refused(text(*waiting))


def test_the_interface_of_the_engine_that_takes_threads_of_its_own_is_not_loaded() -> None:
    loaded = "[name for name in sys.modules if name.partition('.')[0] == 'durable']"
    asked = f"import sys, rules.decision.decide; print({loaded})"
    found = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, timeout=LIMIT, check=True)
    assert found.stdout.strip() == "[]"

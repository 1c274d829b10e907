"""A table of 12 rules over 20 facts, for durable-rules and for zen-engine, and facts to decide on."""

import json
import random
from collections.abc import Mapping
from typing import Any

from rules.language.policy import Policy, load_policy

REGIONS = ["north", "south", "east", "west"]
TIERS = ["gold", "silver", "bronze"]
FACTS: Mapping[str, Mapping[str, Any]] = {
    "employees": {"type": "count"},
    "certified": {"type": "count"},
    "deals": {"type": "count"},
    "target": {"type": "count"},
    "visits": {"type": "count"},
    "complaints": {"type": "count"},
    "weeks": {"type": "count"},
    "balance": {"type": "integer"},
    "age": {"type": "days"},
    "score": {"type": "decimal", "places": 2},
    "revenue": {"type": "money"},
    "quota": {"type": "money"},
    "share": {"type": "ratio"},
    "floor": {"type": "ratio"},
    "region": {"type": "choice", "of": REGIONS},
    "tier": {"type": "choice", "of": TIERS},
    "iso": {"type": "flag"},
    "nda": {"type": "flag"},
    "trained": {"type": "flag"},
    "paid": {"type": "flag"},
}
RULES: tuple[tuple[str, Mapping[str, Any], str], ...] = (
    ("decline", {"nda": False}, "not nda"),
    ("decline", {"paid": False, "balance": {"lt": 0}}, "not paid and balance < 0"),
    (
        "decline",
        {"complaints": {"gte": 5}, "region": {"in": ["north", "south"]}},
        "complaints >= 5 and region in ['north', 'south']",
    ),
    (
        "sign",
        {"score": {"gte": 4.25}, "deals": {"gte": {"fact": "target"}}, "iso": True},
        "score >= 4.25 and deals >= target and iso",
    ),
    (
        "sign",
        {"revenue": {"gte": {"fact": "quota"}}, "share": {"gt": {"fact": "floor"}}},
        "revenue >= quota and share > floor",
    ),
    (
        "sign",
        {"employees": {"gte": 50, "lt": 500}, "certified": {"gte": 3}},
        "employees >= 50 and employees < 500 and certified >= 3",
    ),
    ("sign", {"tier": "gold", "weeks": {"lte": 8}}, "tier == 'gold' and weeks <= 8"),
    ("defer", {"any": [{"trained": False}, {"certified": 0}]}, "not trained or certified == 0"),
    ("defer", {"age": {"lt": 30}}, "age < 30"),
    ("defer", {"visits": {"lt": 4}, "region": {"not": "west"}}, "visits < 4 and region != 'west'"),
    (
        "defer",
        {"share": {"lt": 0.1}, "tier": {"in": ["silver", "bronze"]}},
        "share < 0.1 and tier in ['silver', 'bronze']",
    ),
    ("decline", {"score": {"lt": 2.5}}, "score < 2.5"),
)
"""Outcome, condition, and the condition once more in the language of zen-engine."""


def table() -> Policy:
    """The table as a policy."""
    rules = [
        {"id": f"rule_{number}", "when": when, "then": outcome, "because": f"Rule {number} holds."}
        for number, (outcome, when, _) in enumerate(RULES)
    ]
    head = {"policy": "table", "version": 1, "owner": "measure", "title": "A table", "facts": FACTS, "rules": rules}
    return load_policy(json.dumps({**head, "outcomes": ["sign", "defer", "decline"], "otherwise": "defer"}), "table")


def zen_table() -> dict[str, Any]:
    """The table for zen-engine: a condition in each row, and every row that holds is returned."""
    rows = [
        {"_id": f"row_{number}", "when": expression, "rule": f"'rule_{number}'", "outcome": f"'{outcome}'"}
        for number, (outcome, _, expression) in enumerate(RULES)
    ]
    content = {
        "hitPolicy": "collect",
        "inputs": [{"id": "when", "name": "when"}],
        "outputs": [{"id": name, "name": name, "field": name} for name in ("rule", "outcome")],
        "rules": rows,
    }
    nodes: list[dict[str, Any]] = [
        {"id": "asked", "type": "inputNode"},
        {"id": "table", "type": "decisionTableNode", "content": content},
        {"id": "told", "type": "outputNode"},
    ]
    edges = [("asked", "table"), ("table", "told")]
    return {
        "nodes": [{"name": node["id"], "position": {"x": 0, "y": 0}, **node} for node in nodes],
        "edges": [
            {"id": f"{source}-{target}", "type": "edge", "sourceId": source, "targetId": target}
            for source, target in edges
        ],
    }


def random_facts(seed: int) -> dict[str, Any]:
    """Facts of which each is about as often on one side of a limit as on the other."""
    choose = random.Random(seed)  # noqa: S311 (not a secret)
    counts = {"employees": 600, "certified": 6, "deals": 20, "target": 20, "visits": 10, "complaints": 8, "weeks": 20}
    return {
        **{name: choose.randrange(below) for name, below in counts.items()},
        "balance": choose.randrange(-500, 500),
        "age": choose.randrange(100),
        "score": choose.randrange(100, 501) / 100,
        **{name: choose.randrange(10_000_000) / 100 for name in ("revenue", "quota")},
        **{name: choose.randrange(10_001) / 10_000 for name in ("share", "floor")},
        "region": choose.choice(REGIONS),
        "tier": choose.choice(TIERS),
        **{name: choose.random() < 0.7 for name in ("iso", "nda", "trained", "paid")},
    }

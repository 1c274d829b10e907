import json
from typing import Any

import pytest

from rules.evaluators.interpreter import fired
from rules.language.policy import load_policy


def holds(when: dict[str, Any], **facts: Any) -> bool:
    """Whether a condition holds; JSON is YAML."""
    written = {
        "policy": "made",
        "version": 1,
        "owner": "team",
        "title": "Made",
        "facts": {
            "deals": {"type": "count"},
            "target": {"type": "money"},
            "region": {"type": "choice", "of": ["a", "b"]},
        },
        "events": {"visit": {"week": {"type": "count"}, "hours": {"type": "count"}}},
        "outcomes": ["up"],
        "otherwise": "up",
        "rules": [{"id": "it", "when": when, "then": "up", "because": "So."}],
    }
    policy = load_policy(json.dumps(written), "p")
    return fired(policy, policy.encode(facts)) == {"it"}


@pytest.mark.parametrize(
    ("comparison", "below", "same", "above"),
    [
        ({"eq": 3}, False, True, False),
        ({"not": 3}, True, False, True),
        ({"lt": 3}, True, False, False),
        ({"lte": 3}, True, True, False),
        ({"gt": 3}, False, False, True),
        ({"gte": 3}, False, True, True),
        ({"in": [2, 4]}, True, False, True),
        ({"gte": 3, "lt": 4}, False, True, False),
        ({"lt": {"fact": "target"}}, True, False, False),
        ({"fact": "target"}, False, True, False),
    ],
)
def test_a_comparison_below_at_and_above_its_limit(
    comparison: dict[str, Any], *, below: bool, same: bool, above: bool
) -> None:
    found = [holds({"deals": comparison}, deals=deals, target=3) for deals in (2, 3, 4)]
    assert found == [below, same, above]


def test_what_is_unknown_meets_nothing_not_even_a_not() -> None:
    assert not holds({"region": {"not": "a"}})
    assert not holds({"deals": {"not": {"fact": "target"}}}, deals=1)
    assert not holds({"sequence": {"of": "visit", "by": "week", "length": 2}})


def test_any_needs_one_and_all_needs_each() -> None:
    parts = [{"deals": 1}, {"region": "a"}]
    assert holds({"any": parts}, deals=1, region="b")
    assert not holds({"all": parts}, deals=1, region="b")
    assert holds({"all": parts}, deals=1, region="a")


def test_a_sequence_counts_events_that_meet_its_condition_only() -> None:
    busy = {
        "sequence": {"of": "visit", "by": "week", "length": 2, "each": {"any": [{"hours": {"gte": 4}}, {"hours": 0}]}}
    }
    assert holds(busy, visit=[{"week": 2, "hours": 5}, {"week": 1, "hours": 0}])
    assert not holds(busy, visit=[{"week": 2, "hours": 5}, {"week": 1, "hours": 3}])
    assert not holds(busy, visit=[{"week": 3, "hours": 5}, {"week": 1, "hours": 5}])

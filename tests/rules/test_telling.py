"""What a partner is told: everything it needs, and none of our names."""

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rules.decision.decide import decide
from rules.explanation.explain import explain
from rules.explanation.telling import UNTITLED, for_partner
from rules.explanation.wording import gap_in_words, value_in_words
from rules.folder import LoadedProgram
from rules.language.facts import FactType
from rules.language.policy import Policy, load_policy
from rules.language.source import Unfit
from tests.rules.language import Written, facts_for, loaded
from tests.rules.test_explain import candidate, improvable

GATE = """\
policy: gate
version: 1
owner: nobody
title: A gate
facts:
  size: {type: count, better: higher, title: people}
  least: {type: decimal, places: 1}
  share: {type: ratio, better: higher, title: share of sales}
  sales: {type: money, better: higher, title: sales}
  limit: {type: money, title: credit}
  wait: {type: days, better: lower, title: time to answer}
  owned: {type: flag, better: lower, title: owned by a competitor}
  region: {type: choice, of: [far_north, south], title: region}
  grade: {type: count, min: 1, max: 5, better: higher, title: grade}
  secret: {type: count, better: higher}
events:
  visit: {week: {type: count, title: week}, late: {type: flag}}
outcomes: [good, fair, bad]
rules:
  - {id: small, when: {size: {lt: {fact: least}}}, then: bad, because: Too few people., advice: Hire.}
  - {id: narrow, when: {share: {lte: 25%}}, then: bad, because: Too little is sold here.}
  - {id: covered, when: {limit: {gt: {fact: sales}}}, then: bad, because: The credit exceeds the sales.}
  - {id: slow, when: {wait: {gt: 2}}, then: fair, because: Answers take too long.}
  - {id: owned_by, when: {owned: true, region: far_north}, then: bad, because: A competitor owns it.}
  - {id: low, when: {grade: {in: [1, 2]}}, then: fair, because: The grade is low.}
  - {id: hidden, when: {secret: 0}, then: fair, because: Something is missing.}
  - {id: away, when: {region: south}, then: fair, because: The region is not served.}
  - {id: late, when: {sequence: {of: visit, by: week, length: 2, each: {late: true}}}, then: bad, because: Late again.}
otherwise: {then: good, because: All is well.}
"""
FINE: dict[str, Any] = {
    "size": 10,
    "least": 9.5,
    "share": "40%",
    "sales": 5000,
    "limit": 2500.5,
    "wait": 1,
    "owned": False,
    "region": "far_north",
    "grade": 4,
    "secret": 1,
    "visit": [],
}


@pytest.fixture(scope="module")
def gate() -> Policy:
    return load_policy(GATE, "gate.yaml")


def told(policy: Policy, facts: dict[str, Any], *, settle: bool = False, fixes: bool = False) -> list[str]:
    explanation = explain(policy, facts, decide(policy, facts, settle=settle))
    return for_partner(policy, explanation, fixes=fixes).splitlines()


@pytest.mark.parametrize(
    ("changes", "point"),
    [
        ({"size": 9}, "people: 9, where at least 10 are needed"),
        ({"share": "12.5%"}, "share of sales: 12.5%, where at least 25.01% is needed"),
        ({"limit": 1234567.5}, "sales: 5,000, where at least 1,234,567.50 is needed"),
        ({"wait": 3}, "time to answer: 3 days, where at most 2 days are accepted"),
        ({"grade": 1}, "grade: 1, where at least 3 is needed"),
        ({"secret": 0}, f"{UNTITLED}: 0, where at least 1 is needed"),
    ],
)
def test_what_was_wanting_is_told_with_what_is_needed(gate: Policy, changes: dict[str, Any], point: str) -> None:
    lines = told(gate, {**FINE, **changes})
    assert f"- {point}" in lines
    assert lines[-1] == "Nothing else stands in the way."


def test_the_reason_comes_first_then_the_values_then_the_advice(gate: Policy) -> None:
    assert told(gate, {**FINE, "size": 9}) == [
        "Too few people.",
        "- people: 9, where at least 10 are needed",
        "Hire.",
        "Nothing else stands in the way.",
    ]


def test_an_answer_is_told_as_yes_or_no(gate: Policy) -> None:
    assert told(gate, {**FINE, "owned": True})[1:] == [
        "- owned by a competitor: yes",
        "Nothing else stands in the way.",
    ]


def test_what_nobody_can_influence_is_told_where_nothing_else_decided(gate: Policy) -> None:
    assert told(gate, {**FINE, "region": "south"}) == [
        "The region is not served.",
        "- region: south",
        "As things stand, nothing that you can influence would change this.",
    ]


def test_what_has_happened_cannot_be_changed(gate: Policy) -> None:
    visits = [{"week": week, "late": True} for week in (4, 5)]
    assert told(gate, {**FINE, "visit": visits}) == [
        "Late again.",
        "- week: 4 and 5",
        "This rests on what has happened, and nothing changes that any more.",
    ]


def test_a_nearer_outcome_is_told_beside_the_best_one(gate: Policy) -> None:
    assert told(gate, {**FINE, "size": 9, "wait": 3}) == [
        "Too few people.",
        "- people: 9, where at least 10 are needed",
        "Hire.",
        "For the best outcome:",
        "- people: at least 10 instead of 9",
        "- time to answer: at most 2 days instead of 3 days",
    ]


def test_rules_that_did_not_decide_are_told_only_where_they_are_fixes(gate: Policy) -> None:
    facts = {**FINE, "size": 9, "share": 0.2}
    assert "Too little is sold here." not in told(gate, facts)
    assert told(gate, facts, fixes=True) == [
        "Too few people.",
        "- people: 9, where at least 10 are needed",
        "Hire.",
        "Too little is sold here.",
        "- share of sales: 20%, where at least 25.01% is needed",
    ]


def test_the_best_outcome_tells_what_was_met_and_nothing_to_change() -> None:
    policy = load_policy(
        "{policy: met, version: 1, owner: a, title: b, outcomes: [good, bad],"
        " facts: {x: {type: count, better: higher, title: deals}},"
        " rules: [{id: one, when: {x: {gte: 3}}, then: good, because: Enough.}], otherwise: bad}",
        "met.yaml",
    )
    assert told(policy, {"x": 5}) == ["Enough.", "- deals: 5, where at least 3 are needed"]


def test_an_open_ruling_asks_for_what_makes_a_difference_only(default_program: LoadedProgram) -> None:
    policy, facts = candidate(default_program, unsound=None, discount_led=None)
    assert told(policy, facts) == [
        "What is not known yet, and makes a difference:",
        "- financial stability or compliance in doubt",
    ]


def test_what_would_still_have_to_be_known_is_told_in_place_of_nothing_else(default_program: LoadedProgram) -> None:
    policy, facts = candidate(default_program, market=3, unsound=None)
    assert told(policy, facts)[1:] == [
        "- rating for reaching our buyers: 3, where at least 4 is needed",
        "Fit changes when your customers are our buyers. Apply again with named accounts that show it.",
        "What would still have to be known:",
        "- financial stability or compliance in doubt",
    ]


def test_what_would_still_have_to_be_known_is_told_after_the_change(default_program: LoadedProgram) -> None:
    policy, facts = candidate(default_program, market=3, capacity_score=2, unsound=None)
    assert told(policy, facts)[-5:] == [
        "For the best outcome:",
        "- rating for reaching our buyers: at least 4 instead of 3",
        "- score for the people and habits to do it: at least 3 instead of 2",
        "What would still have to be known then:",
        "- financial stability or compliance in doubt",
    ]


def test_what_gives_the_best_outcome_is_told_once_though_half_of_it_gives_a_better_one() -> None:
    policy = load_policy(
        "{policy: halves, version: 1, owner: a, title: b, outcomes: [good, fair, bad], otherwise: good, facts:"
        " {x: {type: count, better: higher, title: deals}, y: {type: count, better: higher, title: people}}, rules:"
        " [{id: both, when: {x: {lt: 3}, y: {lt: 3}}, then: bad, because: Both lack.},"
        " {id: one, when: {any: [{x: {lt: 3}}, {y: {lt: 3}}]}, then: fair, because: One lacks.}]}",
        "halves.yaml",
    )
    assert told(policy, {"x": 1, "y": 1}) == [
        "Both lack.",
        "- deals: 1, where at least 3 are needed",
        "- people: 1, where at least 3 are needed",
        "Nothing else stands in the way.",
    ]


def test_what_was_settled_without_says_what_was_not_known(default_program: LoadedProgram) -> None:
    policy = default_program.policies["pilot-verdict"]
    facts = dict.fromkeys(policy.facts, 1) | {"mutual_deals": None, "resets_used": 1}
    assert told(policy, facts, settle=True) == [
        "The pilot did not produce what was agreed, and its reset is used up.",
        "This was decided with what is known. Not known, though it might have made a difference:",
        "- deals that both sides worked",
    ]


# None of our names


def renamed(data: Any, names: dict[str, str]) -> Any:
    """A policy, or facts, with every name replaced."""
    if isinstance(data, dict):
        return {names.get(key, key): renamed(value, names) for key, value in data.items()}
    if isinstance(data, list):
        return [renamed(value, names) for value in data]
    return names.get(data, data) if isinstance(data, str) else data


def names_in(written: Written) -> set[str]:
    """Everything in a policy that is called by a name."""
    found = {*written["facts"], *written["outcomes"], *written.get("events", {})}
    found |= {field for fields in written.get("events", {}).values() for field in fields}
    return (
        found
        | {rule["id"] for rule in written["rules"]}
        | {r["concludes"] for r in written["rules"] if "concludes" in r}
    )


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_name_of_a_policy_is_told(data: st.DataObject) -> None:
    written = data.draw(improvable())
    known = sorted(names_in(written))
    words = st.lists(st.sampled_from(["qx", "zv", "kj", "wq"]), min_size=3, max_size=4).map("".join)
    made = data.draw(st.lists(words, min_size=len(known), max_size=len(known), unique=True))
    facts = data.draw(facts_for(loaded(written)))
    written, facts = (renamed(each, dict(zip(known, made, strict=True))) for each in (written, facts))
    for number, declared in enumerate(written["facts"].values()):
        declared.update(data.draw(st.sampled_from([{}, {"title": f"Thing number {number}"}])))
    policy = loaded(written)
    try:
        explanation = explain(policy, facts, decide(policy, facts, settle=data.draw(st.booleans())))
    except Unfit:
        assume(False)
    text = for_partner(policy, explanation, fixes=data.draw(st.booleans()))
    assert text
    assert not [name for name in made if name in text]
    assert "_" not in text
    assert all(line[0].isupper() or line.startswith("- ") for line in text.splitlines())


# Values


@pytest.mark.parametrize(
    ("declared", "value", "words"),
    [
        ({"type": "flag"}, True, "yes"),
        ({"type": "flag"}, False, "no"),
        ({"type": "count"}, 1234567, "1,234,567"),
        ({"type": "days"}, 1, "1 day"),
        ({"type": "days"}, 12, "12 days"),
        ({"type": "ratio"}, 0.25, "25%"),
        ({"type": "ratio"}, 0.1255, "12.55%"),
        ({"type": "ratio"}, 10, "1,000%"),
        ({"type": "money"}, 1200, "1,200"),
        ({"type": "money"}, 1200.5, "1,200.50"),
        ({"type": "decimal", "places": 4}, 3.5, "3.5"),
        ({"type": "decimal", "places": 4}, 100, "100"),
        ({"type": "decimal", "places": 2}, -0.25, "-0.25"),
        ({"type": "choice", "of": ["far_north"]}, "far_north", "far north"),
        ({"type": "count"}, None, "not known"),
    ],
)
def test_values_are_written_as_people_write_them(declared: dict[str, Any], value: Any, words: str) -> None:
    fact = FactType.model_validate(declared)
    assert value_in_words(value if value is None else fact.decode(fact.encode(value)), fact) == words


def test_how_far_a_value_is_off_is_told_in_its_unit() -> None:
    ratio, days, money = (FactType.model_validate({"type": kind}) for kind in ("ratio", "days", "money"))
    assert [gap_in_words(gap, ratio) for gap in (ratio.decode(500), ratio.decode(100))] == [  # type: ignore[arg-type]
        "5 percentage points",
        "1 percentage point",
    ]
    assert (gap_in_words(12, days), gap_in_words(1, days), gap_in_words(3000, money)) == ("12 days", "1 day", "3,000")

"""What is proved of a policy's logic, with the facts that show it: they are decided again in every test."""

import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from rules.decision.decide import decide
from rules.evaluators import interpreter
from rules.evaluators.network import compile_policy
from rules.language.policy import Policy, load_policy
from rules.language.source import Fault, Unfit
from rules.verification.prove import MOST_TOLD, prove
from tests.rules.language import facts_for, loaded, policies

HEAD = """\
policy: {name}
version: 1
owner: team
title: Small
facts:
  deals: {{type: count, max: 9, better: higher}}
  share: {{type: ratio, min: 0, max: 1}}
  region: {{type: choice, of: [emea, apac]}}
  open: {{type: flag}}
events:
  visit: {{week: {{type: count}}, size: {{type: count}}}}
outcomes: [up, side, down]
{otherwise}
rules:
"""


def policy(*rules: str, name: str = "small", otherwise: str = "otherwise: down") -> Policy:
    """A policy of these rules, each written as `when -> outcome` or `when => conclusion`; they are called a, b, c."""
    text = HEAD.format(name=name, otherwise=otherwise)
    for letter, rule in zip("abcdefgh", rules, strict=False):
        when, effect = rule.split(" => ") if " => " in rule else rule.split(" -> ")
        key = "concludes" if " => " in rule else "then"
        text += f"  - {{id: {letter}, when: {when}, {key}: {effect}, because: So.}}\n"
    return load_policy(text, "p")


def found(made: Policy, word: str = "") -> list[Fault]:
    """The findings in which a word stands, those on outcomes left out."""
    return [fault for fault in prove(made) if word in fault.message and not fault.where.startswith("outcomes")]


def said(made: Policy, word: str = "") -> list[str]:
    return [f"{fault.where}: {fault.message}" for fault in found(made, word)]


# Rules that can never be


@pytest.mark.parametrize(
    ("when", "mark", "where", "asked"),
    [
        ("{deals: {gte: 5, lt: 3}}", "deals", ".deals", "deals"),
        ("{open: true, deals: {gte: 5, lt: 3}}", "deals", ".deals", "deals"),
        ("{deals: {gt: 3, lt: 4}}", "deals", ".deals", "deals"),
        ("{deals: {gt: 9}}", "gt", ".deals.gt", "deals"),
        ("{deals: {lt: 0}}", "lt", ".deals.lt", "deals"),
        ("{deals: {eq: 3, not: 3}}", "deals", ".deals", "deals"),
        ("{deals: {in: [1, 2], gt: 2}}", "deals", ".deals", "deals"),
        ("{share: {gt: 10%, lt: 5%}}", "share", ".share", "share"),
        ("{region: {eq: emea, not: emea}}", "region", ".region", "region"),
        ("{region: emea, all: [{region: apac}]}", "when", "", "region"),
        ("{open: {eq: true, not: true}}", "open", ".open", "open"),
        ("{deals: {gt: {fact: share}}, open: true, share: {gt: {fact: deals}}}", "when", "", "deals and share"),
        ("{any: [{deals: {gt: 9}}, {deals: {lt: 0}}]}", "gt", ".any.1.deals.gt", "deals"),
    ],
)
def test_a_rule_that_can_never_hold_is_found_where_it_contradicts_itself(
    when: str, mark: str, where: str, asked: str
) -> None:
    (fault,) = found(policy(f"{when} -> up"))
    column = f"  - {{id: a, when: {when}".index(mark) + 1
    assert str(fault) == (
        f"p:15:{column}: rules.a.when{where}: no value of {asked} meets it; it contradicts itself or the declared"
        " limits, so the rule can never hold"
    )
    assert (fault.severity, fault.rule, fault.examples) == ("error", "a", ())


def test_events_that_no_run_can_have_are_found() -> None:
    when = "{sequence: {of: visit, by: week, length: 2, each: {size: {gt: 3, lt: 4}}}}"
    (line,) = said(policy(f"{when} -> up"))
    assert line.startswith("rules.a.when.sequence: no events meet it; its `each` contradicts itself")


def test_a_conclusion_that_can_never_hold_takes_those_who_ask_for_it_with_it() -> None:
    first, second = said(policy("{deals: {gt: 9}} => ready", "{ready: true} -> up"))
    assert first.startswith("rules.a.when.deals.gt: no value of deals meets it")
    assert second.startswith("rules.b.when.ready: it is never concluded")


def test_rules_may_need_more_than_nine_events() -> None:
    def run(length: int, size: int) -> str:
        return f"{{sequence: {{of: visit, by: week, length: {length}, each: {{size: {size}}}}}}}"

    assert found(policy(f"{{all: [{run(8, 1)}, {run(8, 2)}]}} -> up"), "never") == []
    many = ", ".join(run(16, size) for size in range(3))
    (fault,) = found(policy(f"{{all: [{many}, {{deals: {{gt: 9}}}}]}} -> up"), "is not proved")
    assert str(fault) == "p:15:5: warning: rules.a: is not proved: it may take more than 40 events to hold"


def test_an_alternative_that_adds_nothing_is_found() -> None:
    made = policy("{deals: {lt: 3}, any: [{open: true}, {deals: {gt: 5}, any: [{deals: 1}]}]} -> up")
    assert said(made, "alternative") == [
        "rules.a.when.any.2: this alternative can never hold beside what else the rule asks for; remove it"
    ]


@pytest.mark.parametrize(
    "when",
    [
        "{deals: {gte: 3, lte: 3}}",
        "{deals: {gt: 3, lt: 5}}",
        "{share: {gt: 0.0001, lt: 0.0003}}",
        "{deals: {in: [1, 3], not: 1}}",
        "{region: {not: emea}}",
        "{any: [{deals: {gte: 5}}, {deals: {lt: 3}}]}",
        "{deals: {gte: {fact: share}, lt: 1}}",
        "{sequence: {of: visit, by: week, length: 16}}",
    ],
)
def test_a_rule_that_some_facts_meet_is_not_found(when: str) -> None:
    assert found(policy(f"{when} -> up"), "never") == []


def test_a_rule_that_never_decides_names_the_one_that_takes_everything() -> None:
    (fault,) = found(policy("{open: true} -> up", "{deals: {gte: 3}} -> up", "{deals: {gt: 4}} -> side"))
    assert str(fault) == (
        "p:17:5: rules.c: never decides: b before it takes everything; move it up, narrow it, or remove it"
    )
    (facts,) = fault.examples
    assert decide(policy("{open: true} -> up", "{deals: {gte: 3}} -> up", "{deals: {gt: 4}} -> side"), facts).also == (
        "c",
    )


def test_several_rules_that_take_everything_together_are_named_and_no_others() -> None:
    made = policy(
        "{region: emea} -> side", "{deals: {gte: 3}} -> up", "{deals: {lt: 5}} -> down", "{open: true} -> side"
    )
    (line,) = said(made, "never decides")
    assert line == ("rules.d: never decides: b and c before it take everything; move it up, narrow them, or remove it")


def test_two_rules_of_one_condition_are_found_however_it_is_written() -> None:
    (line,) = said(policy("{deals: 2} -> up", "{deals: {gt: 1, lt: 3}} -> down"), "never")
    assert line.startswith("rules.b: never decides: a before it takes everything")


def test_where_policies_are_decided_with_what_is_known_a_rule_may_be_for_what_is_not() -> None:
    rules = ("{deals: {gte: 3}, open: true} -> up", "{deals: {lt: 3}, open: true} -> side", "{open: true} -> down")
    assert [line.split(":")[0] for line in said(policy(*rules), "never decides")] == ["rules.c"]
    assert found(policy(*rules, name="pilot-verdict"), "never") == []


# Rules of which the order decides


def test_two_rules_that_overlap_with_different_outcomes_are_a_warning_that_names_both() -> None:
    made = policy("{deals: {gte: 3}} -> up", "{open: true} -> side", "{deals: 5} -> up")
    (fault,) = found(made, "overlaps")
    assert str(fault) == (
        "p:16:5: warning: rules.b: overlaps with a: where both hold it is up, not side, because of the order; if that"
        " is meant, write a case with both"
    )
    assert (fault.severity, fault.rule) == ("warning", "b")
    (facts,) = fault.examples
    ruling = decide(made, facts)
    assert (ruling.rule, ruling.also) == ("a", ("b",))


def test_rules_that_overlap_only_where_one_before_them_decides_are_no_warning() -> None:
    rules = [f"{{any: [{{open: true}}, {{region: {region}}}], deals: {{gte: 3}}}}" for region in ("emea", "apac")]
    made = policy("{open: true} -> down", f"{rules[0]} -> up", f"{rules[1]} -> side")
    assert [line.split(": where")[0] for line in said(made, "overlaps")] == [
        "rules.b: overlaps with a",
        "rules.c: overlaps with a",
    ]


def test_rules_that_are_known_to_overlap_are_no_warning() -> None:
    made = policy("{deals: {gte: 3}} -> up", "{open: true} -> side")
    assert [fault for fault in prove(made, meant=[("a", "b")]) if "overlaps" in fault.message] == []
    assert len([fault for fault in prove(made, meant=[("b", "a")]) if "overlaps" in fault.message]) == 1


# Gaps


def test_a_gap_where_no_rule_decides_and_nothing_is_said_otherwise_is_found() -> None:
    made = policy("{deals: {gte: 3}} -> up", "{deals: {lt: 3}, open: true} -> down", otherwise="")
    (fault,) = found(made, "no rule decides")
    assert fault.severity == "error"
    (facts,) = fault.examples
    ruling = decide(made, facts)
    assert (ruling.outcome, ruling.rule) == (None, None)


def test_rules_that_leave_no_gap_need_no_otherwise() -> None:
    rules = ("{deals: {gte: 3}} -> up", "{deals: {lt: 3}} -> down")
    assert found(policy(*rules, otherwise=""), "otherwise") == []
    (fault,) = found(policy(*rules, otherwise="otherwise: down"), "never needed")
    assert str(fault).startswith("p:13:1: warning: otherwise: is never needed")
    assert found(policy(*rules, name="pilot-checkpoint"), "never needed") == []


def test_an_outcome_that_no_facts_lead_to_is_found() -> None:
    made = policy("{deals: {gte: 3}} -> up", "{deals: {gt: 4}} -> side")
    (fault,) = (fault for fault in prove(made) if fault.where.startswith("outcomes"))
    assert str(fault) == "p:12:16: outcomes.2: no facts lead to side; the rules that give it never decide"


# Better never hurts


def test_a_fact_that_gets_better_while_the_outcome_gets_worse_is_shown_by_two_partners() -> None:
    made = policy("{deals: {lt: 3}, open: true} -> side", "{open: true} -> down", "{open: false} -> up")
    (fault,) = found(made, "better is worse")
    assert str(fault) == (
        "p:6:3: facts.deals: better is worse: 2 gives side, 3 gives down, all else being the same; move or mend the"
        " rules that decide so, or remove `better`"
    )
    one, other = fault.examples
    assert {name for name in one if one[name] != other[name]} == {"deals"}
    assert (decide(made, one).outcome, decide(made, other).outcome) == ("side", "down")


@pytest.mark.parametrize(
    ("declared", "when"),
    [("{type: count, better: lower}", "{x: {gte: 3}}"), ("{type: flag, better: higher}", "{x: false}")],
)
def test_better_is_lower_or_higher_as_declared(declared: str, when: str) -> None:
    document = (
        f"policy: p\nversion: 1\nowner: o\ntitle: T\nfacts: {{x: {declared}}}\noutcomes: [up, down]\notherwise: down\n"
        f"rules: [{{id: a, when: {when}, then: up, because: So.}}]\n"
    )
    made = load_policy(document, "p")
    (fault,) = found(made, "better is worse")
    assert [decide(made, facts).outcome for facts in fault.examples] == ["up", "down"]
    turned = document.replace("lower", "higher") if "lower" in document else document.replace("higher", "lower")
    assert found(load_policy(turned, "p")) == []


def test_a_gap_is_worse_than_every_outcome() -> None:
    made = policy("{deals: {lt: 3}} -> down", otherwise="")
    (fault,) = found(made, "better is worse")
    assert "2 gives down, 3 gives nothing" in fault.message


# All of it, over random policies


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_what_is_proved_is_so_of_whatever_facts(data: st.DataObject) -> None:
    written = data.draw(policies())
    if data.draw(st.booleans()):
        written.pop("otherwise", None)
    for declared in written["facts"].values():
        if declared["type"] != "choice":
            declared["better"] = data.draw(st.sampled_from(["higher", "lower"]))
    made = loaded(written)
    try:
        compile_policy(made)
    except Unfit:
        reject()
    faults = prove(made)
    unproven = any("is not proved" in fault.message for fault in faults)
    silent = {fault.rule for fault in faults if "rule can never" in fault.message or "never decides" in fault.message}
    gap = any("no rule decides" in fault.message for fault in faults)
    worse = {fault.where.removeprefix("facts.") for fault in faults if "better is worse" in fault.message}
    overlaps = {(fault.message.split()[2].rstrip(":"), fault.rule) for fault in faults if "overlaps" in fault.message}
    for facts in data.draw(st.lists(facts_for(made), min_size=1, max_size=6)):
        if None in facts.values():
            continue
        ruling = decide(made, facts)
        assert ruling.rule not in silent
        assert gap or ruling.outcome or unproven
        for other in made.rules:
            if ruling.rule and other.id in ruling.also and other.then not in {None, ruling.outcome}:
                assert (ruling.rule, other.id) in overlaps or other.id in silent or unproven
        others = data.draw(facts_for(made))
        for name in set(written["facts"]) - worse:
            assert unproven or not _worsens(made, facts, name, others[name])


def _worsens(made: Policy, facts: Mapping[str, Any], name: str, value: Any) -> bool:
    """Whether another value of a fact is better and the outcome worse."""
    declared = made.facts[name]
    if value is None or not declared.better:
        return False
    one, other = declared.encode(facts[name]), declared.encode(value)
    better = int(other) > int(one) if declared.better == "higher" else int(other) < int(one)
    places = {outcome: place for place, outcome in enumerate(made.outcomes)}
    ranks = [places.get(decide(made, given).outcome or "", len(places)) for given in (facts, {**facts, name: value})]
    return better and ranks[1] > ranks[0]


# What takes too long


def crowded(rules: int, facts: int) -> Policy:
    """A policy at the limits of the language, of which almost everything overlaps."""
    lines = [f"  fact_{n}: {{type: decimal, places: 2, min: 0, max: 100, better: higher}}" for n in range(facts)]
    text = "policy: p\nversion: 1\nowner: o\ntitle: T\nfacts:\n" + "\n".join(lines)
    text += "\noutcomes: [up, side, down]\notherwise: down\nrules:\n"
    for n in range(rules):
        other = f"{{lt: {{fact: fact_{(n * 3 + 8) % facts}}}}}"
        when = f"{{fact_{n % facts}: {{gte: {n % 90}}}, fact_{(n * 3 + 1) % facts}: {other}}}"
        text += f"  - {{id: rule_{n}, when: {when}, then: {('up', 'side', 'down')[n % 3]}, because: So.}}\n"
    return load_policy(text, "p")


def test_a_policy_at_the_limits_of_the_language_is_proved_within_a_minute() -> None:
    started = time.process_time()
    faults = prove(crowded(200, 250), runs=False)
    assert time.process_time() - started < 60
    assert sum("overlaps with" in fault.message for fault in faults) == MOST_TOLD
    assert sum("better is worse" in fault.message for fault in faults) == MOST_TOLD
    assert sum(f"than these {MOST_TOLD}" in fault.message for fault in faults) == 2


def test_what_could_not_be_proved_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    made = policy("{deals: {gte: 3}} -> up", "{share: {gt: {fact: deals}}} -> side")
    monkeypatch.setattr("rules.solver.logic.EFFORT", 1)
    faults = prove(made)
    assert {fault.severity for fault in faults} == {"warning"}
    assert all("is not proved: the solver gave up" in fault.message for fault in faults)
    monkeypatch.undo()
    monkeypatch.setattr("rules.verification.prove.MOST_STEPS", 1)
    (fault,) = prove(made)
    assert (fault.severity, fault.rule) == ("warning", "a")
    assert "nor is what follows" in fault.message


def test_facts_of_rules_that_the_engine_cannot_run_are_decided_by_the_interpreter() -> None:
    made = crowded(80, 20)
    (fault, *_) = (fault for fault in prove(made, runs=False) if "overlaps" in fault.message)
    holding = interpreter.fired(made, made.encode(fault.examples[0]))
    assert fault.rule in holding

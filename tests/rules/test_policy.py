from typing import Any

import pytest

from rules.language.conditions import AllOf, AnyOf, Compare, Concluded, Sequence
from rules.language.policy import Policy, load_policy
from rules.language.source import Unfit

HEAD = """\
policy: small
version: 1
owner: team
title: Small
facts:
  deals: {type: count}
  share: {type: ratio}
  fee: {type: money}
  open: {type: flag}
  region: {type: choice, of: [emea, apac]}
  area: {type: choice, of: [emea, north]}
events:
  visit: {week: {type: count}, moved: {type: flag}, mood: {type: choice, of: [good, bad]}}
outcomes: [up, down]
otherwise: down
rules:
"""


def rule(when: str) -> str:
    return f"{HEAD}  - id: first\n    when: {when}\n    then: up\n    because: So.\n"


def refusal(text: str, file: str = "p") -> list[str]:
    with pytest.raises(Unfit) as refused:
        load_policy(text, file)
    return str(refused.value).splitlines()


def compare(fact: str, operator: Any, *values: Any) -> Compare:
    return Compare(fact=fact, operator=operator, values=values)


def test_a_policy_says_what_its_file_says(policy: Policy) -> None:
    assert (policy.policy, policy.version, policy.outcomes) == ("pilot-verdict", 1, ("expand", "reset", "exit"))
    assert [rule.id for rule in policy.rules] == ["target_met_together", "first_miss_resets"]
    assert policy.rules[1].advice == "Agree the fixes."
    assert policy.otherwise
    assert policy.otherwise.then == "exit"
    assert policy.facts["qualified"].better == "higher"
    assert policy.title_of("qualified") == "opportunities that met our standard"
    assert policy.title_of("resets_used") == "resets used"


def test_policies_of_the_same_text_are_the_same(text: str, policy: Policy) -> None:
    again = load_policy(text.encode(), "pilot-verdict.yaml")
    assert again == policy
    assert hash(again) == hash(policy)
    assert load_policy(text + "# more\n", "pilot-verdict.yaml") != policy


def test_conditions_are_encoded_as_they_are_read() -> None:
    when = """
      deals: {gte: 3, lt: 5}
      share: 25%
      fee: {in: [0.10, 19.99]}
      open: false
      region: {not: {fact: area}}
      any:
        - {deals: 1}
        - all: [{open: true}, {sequence: {of: visit, by: week, length: 3, each: {moved: false}}}]
    """
    run = Sequence(of="visit", by="week", length=3, each=AllOf(parts=(compare("moved", "eq", False),)))
    assert load_policy(rule(when), "p").rules[0].when == AllOf(
        parts=(
            AllOf(parts=(compare("deals", "gte", 3), compare("deals", "lt", 5))),
            compare("share", "eq", 2500),
            compare("fee", "in", 10, 1999),
            compare("open", "eq", False),
            Compare(fact="region", operator="not", other="area"),
            AnyOf(
                parts=(
                    AllOf(parts=(compare("deals", "eq", 1),)),
                    AllOf(parts=(AllOf(parts=(AllOf(parts=(compare("open", "eq", True),)), AllOf(parts=(run,)))),)),
                )
            ),
        )
    )


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("{}", "18:5: rules.first.when: has to be a map with at least one condition"),
        ("[open]", "18:5: rules.first.when: has to be a map with at least one condition"),
        ("{any: []}", "18:12: rules.first.when.any: `any` takes a list of 1 to 100 maps of conditions"),
        ("{all: {open: true}}", "18:12: rules.first.when.all: `all` takes a list of 1 to 100 maps of conditions"),
        ("{any: [{}]}", "18:18: rules.first.when.any.1: has to be a map with at least one condition"),
        ("{deal: 1}", "18:12: rules.first.when.deal: no such fact; did you mean deals?"),
        ("{visit: 1}", "rules.first.when.visit: visit is a kind of event; ask for a run of them with `sequence`"),
        ("{deals: yes}", "rules.first.when.deals: 'yes' is not a number"),
        ("{deals: true}", "rules.first.when.deals: True is not a number"),
        ("{deals: null}", "rules.first.when.deals: None is not a number"),
        ("{deals: '5'}", "rules.first.when.deals: '5' is not a number"),
        ("{deals: [1, 2]}", "rules.first.when.deals: [1, 2] is not a number"),
        ("{deals: {}}", "rules.first.when.deals: compare it: a value, or a map of eq, not, lt, lte, gt, gte, in"),
        ("{deals: {gte: 1.5}}", "18:20: rules.first.when.deals.gte: 1.5 is not a whole number, 0 or more"),
        ("{deals: {gtee: 1}}", "rules.first.when.deals.gtee: no such comparison; did you mean gte?"),
        ("{deals: {in: []}}", "rules.first.when.deals.in: `in` takes a list of 1 to 100 values"),
        ("{deals: {in: [1, 1]}}", "rules.first.when.deals.in: `in` names a value twice"),
        ("{deals: {in: {fact: share}}}", "rules.first.when.deals.in: takes a value or `{fact: name}`; `in` takes"),
        ("{deals: {lt: {fact: shares}}}", "rules.first.when.deals.lt.fact: no such fact: shares; did you mean share?"),
        ("{deals: {fact: deals}}", "rules.first.when.deals.fact: compares deals with itself"),
        (
            "{deals: {fact: open}}",
            "rules.first.when.deals.fact: deals is a count and open a flag; compare like with like",
        ),
        ("{open: {gte: true}}", "rules.first.when.open.gte: a flag has no order; use eq, not or in"),
        ("{region: {lt: emea}}", "rules.first.when.region.lt: a choice has no order; use eq, not or in"),
        ("{region: mars}", "rules.first.when.region: 'mars' is not one of emea, apac"),
        ("{fee: 0.001}", "rules.first.when.fee: 0.001 is not an amount with at most 2 decimal places"),
        ("{sequence: 3}", "rules.first.when.sequence: takes a map of `of`, `by`, `length`"),
        (
            "{sequence: {of: visits, by: week, length: 2}}",
            "sequence.of: no such kind of event: visits; did you mean visit?",
        ),
        (
            "{sequence: {of: visit, by: mood, length: 2}}",
            "sequence.by: no field of visit that counts: mood; there are week",
        ),
        ("{sequence: {of: visit, by: week, length: 1}}", "sequence.length: has to be a whole number from 2 to 16"),
        ("{sequence: {of: visit, by: week, length: 17}}", "sequence.length: has to be a whole number from 2 to 16"),
        ("{sequence: {of: [visit], by: {}, length: 2}}", "sequence.of: no such kind of event: ['visit']"),
        ("{sequence: {of: visit, by: week, length: 2, eech: 1}}", "sequence.eech: unknown key; did you mean each?"),
        ("{sequence: {of: visit, by: week, length: 2, each: {}}}", "each: has to be a map with at least one condition"),
        ("{sequence: {of: visit, by: week, length: 2, each: {deals: 1}}}", "each.deals: no such fact; there are week,"),
    ],
)
def test_a_condition_that_cannot_be_decided_is_refused_where_it_stands(when: str, message: str) -> None:
    (line,) = refusal(rule(when))
    assert message in line


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("otherwise: down", "otherwise: left", "p:15:1: otherwise: left is no outcome; there are up, down"),
        ("then: up", "then: upp", "p:19:5: rules.first.then: upp is no outcome; did you mean up?"),
        (
            "then: up",
            "then: up\n    concludes: x",
            "p:17:5: rules.first: give either `then`, an outcome, or `concludes`",
        ),
        ("    then: up\n", "", "p:17:5: rules.first: give either `then`, an outcome, or `concludes`"),
        ("    because: So.\n", "", "p:17:5: rules.first.because: missing; add it"),
        ("because: So.", "because: ' '", "p:20:5: rules.first.because: is empty; say something"),
        ("because: So.", "becuase: So.", "p:20:5: rules.first.becuase: unknown key; did you mean because?"),
        ("then: up", "concludes: deals", "p:19:5: rules.first.concludes: deals is already a fact"),
        ("id: first", "id: First", "p:17:5: rules.First.id: has to match"),
        ("version: 1", "version: yes", "p:2:1: version: has to be a whole number, not 'yes'"),
        ("version: 1", "version: true", "p:2:1: version: has to be a whole number, not True"),
        ("policy: small", "policy: no way", "p:1:1: policy: has to match"),
        ("outcomes: [up, down]", "outcomes: [up, down, up]", "p:14:22: outcomes.3: up is there twice"),
        ("outcomes: [up, down]", "outcomes: []", "p:14:1: outcomes: has to have at least 1 of them"),
        ("  deals: {type: count}", "  deals: {type: cuont}", "p:6:11: facts.deals.type: has to be 'flag', 'count'"),
        ("  deals: {type: count}", "  deals: {kind: count}", "p:6:11: facts.deals.kind: unknown key; there are type,"),
        (
            "  deals: {type: count}",
            "  any: {type: count}\n  deals: {type: count}",
            "p:6:3: facts.any: any is already a word",
        ),
        ("  visit:", "  deals:", "p:13:3: events.deals: deals is already a fact"),
        ("moved: {type: flag}", "moved: flag", "p:13:32: events.visit.moved: has to be a map"),
    ],
)
def test_whatever_else_is_wrong_is_told_with_its_place(old: str, new: str, message: str) -> None:
    text = rule("{open: true}")
    assert old in text
    found = refusal(text.replace(old, new))
    assert any(line.startswith(message) for line in found), found


def test_every_fault_of_a_file_is_told_at_once() -> None:
    text = rule("{deals: yes, region: mars, shares: 1}").replace("owner: team\n", "").replace("then: up", "then: {}")
    assert [line.split(": ")[1] for line in refusal(text)] == [
        "owner",
        "rules.first.when.deals",
        "rules.first.when.region",
        "rules.first.when.shares",
        "rules.first.then",
    ]


def test_of_a_fact_declared_wrongly_only_the_declaration_is_at_fault() -> None:
    text = rule("{deals: {gte: 1, lt: {fact: share}}, share: {lt: {fact: deals}}}")
    (line,) = refusal(text.replace("deals: {type: count}", "deals: {type: count, min: x}"))
    assert line.startswith("p:6:24: facts.deals.min: 'x' is not a number")


def test_two_rules_of_one_name_are_refused() -> None:
    again = "  - id: first\n    when: {open: false}\n    then: up\n    because: So.\n"
    assert refusal(rule("{open: true}") + again) == [
        "p:21:5: rules.first.id: first is there twice; every one has a name of its own"
    ]


def test_a_policy_is_called_like_its_file() -> None:
    assert refusal(rule("{open: true}"), "other.yaml") == [
        "other.yaml:1:1: policy: the file is called other; give both the same name"
    ]


CONCLUDING = "  - {id: ready, when: {open: true}, concludes: set, because: So.}\n"
USING = "  - {id: goes, when: {set: true}, then: up, because: So.}\n"


def test_a_later_rule_may_ask_for_what_an_earlier_one_concludes() -> None:
    when = load_policy(HEAD + CONCLUDING + USING, "p").rules[1].when
    assert when == AllOf(parts=(Concluded(flag="set"),))


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (USING + CONCLUDING, "set is concluded by this rule or a later one; move this rule behind it"),
        (CONCLUDING + USING + CONCLUDING.replace("ready", "again"), "set is concluded by this rule or a later one"),
        (CONCLUDING.replace("open: true", "set: true"), "set is concluded by this rule or a later one"),
        (
            CONCLUDING + USING.replace("true", "false"),
            "set is concluded by a rule and can only be asked for: `set: true`",
        ),
        (CONCLUDING + USING.replace("true", "{not: true}"), "set is concluded by a rule and can only be asked for"),
    ],
)
def test_conclusions_are_asked_for_later_and_never_denied(rules: str, message: str) -> None:
    (line,) = refusal(HEAD + rules)
    assert message in line


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "[]",
        "a",
        "rules: 1",
        "facts: 1\nrules: [1]",
        "rules: [{when: 1}]",
        "events: {a: 1}",
        "facts: {1: {}}\nrules: [{when: {a: 1}}]",
    ],
)
def test_a_file_of_another_shape_is_refused_not_tripped_over(text: str) -> None:
    assert refusal(text)

from rules.language.policy import Policy, load_policy
from rules.verification.check import check

HEAD = """\
policy: small
version: 1
owner: team
title: Small
facts:
  deals: {type: count, max: 9}
  share: {type: ratio}
  region: {type: choice, of: [emea, apac]}
  open: {type: flag}
events:
  visit: {week: {type: count}}
outcomes: [up, down]
otherwise: down
rules:
  - id: uses_all
    when: {deals: 1, share: {lt: 10%}, region: emea, open: true, sequence: {of: visit, by: week, length: 2}}
    then: up
    because: So.
"""


def faults(rules: str = "", old: str = "", new: str = "") -> list[str]:
    """The errors of a policy."""
    text = (HEAD + rules).replace(old, new) if old else HEAD + rules
    return [str(fault) for fault in check(load_policy(text, "p")) if fault.severity == "error"]


def test_a_policy_in_which_everything_matters_is_fit(policy: Policy) -> None:
    assert faults() == []
    (warning,) = check(policy)
    assert "first_miss_resets: overlaps with target_met_together" in str(warning)
    assert check(policy, meant=[("target_met_together", "first_miss_resets")]) == []


def test_what_is_shown_is_as_near_as_can_be_to_what_people_have(policy: Policy) -> None:
    (warning,) = check(policy, {"qualified": 31, "target": 30, "resets_used": 1})
    assert warning.examples == ({"qualified": 31, "deals": 1, "target": 30, "resets_used": 0},)


def test_an_outcome_that_nothing_gives_is_found() -> None:
    assert faults(old="[up, down]", new="[up, side, down]") == [
        "p:12:16: outcomes.2: no rule gives side; add one or remove the outcome"
    ]


def test_facts_and_events_that_no_rule_uses_are_found() -> None:
    found = faults(
        old=", share: {lt: 10%}, region: emea, open: true, sequence: {of: visit, by: week, length: 2}", new=""
    )
    assert [line.split(": ")[1] for line in found] == ["facts.share", "facts.region", "facts.open", "events.visit"]
    assert found[0].startswith("p:7:3: facts.share: no rule uses it; remove it, or write the rule that does")


def test_a_fact_that_another_is_compared_with_is_used() -> None:
    assert faults(old="deals: 1, share: {lt: 10%}", new="deals: {lt: {fact: share}}") == []


def test_a_conclusion_that_nobody_asks_for_is_found() -> None:
    assert faults("  - {id: idle, when: {deals: 2}, concludes: ready, because: So.}\n") == [
        "p:19:34: rules.idle.concludes: no later rule asks for ready; remove the rule"
    ]


def test_what_the_engine_could_not_run_is_found() -> None:
    many = ", ".join(map(str, range(65)))
    (fault,) = faults(f"  - {{id: many, when: {{share: {{in: [{many}]}}}}, then: down, because: So.}}\n")
    assert "rules.many.when: can hold in 65 ways" in fault

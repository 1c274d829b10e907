"""What differs between two programs, said so that people can read it."""

import json
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.comparison import Change, RuleChange, compare, written
from rules.folder import DEFAULT_PROGRAM, LoadedProgram, read_folder
from rules.language.policy import load_policy
from rules.language.source import read_yaml
from tests.world import changed_program

PROGRAM = read_folder(DEFAULT_PROGRAM)


HOLIDAYS = ["2026-12-25", "2026-12-26", "2027-01-01"]
REVENUE = "    - {id: revenue, title: Revenue won, weight: 35, fact: won_revenue, target: 100000}\n"
CREATION = "    - {id: creation, title: Qualified opportunities, weight: 20, fact: qualified_opportunities,"
CREATION += " target: 40}\n"
FACTORS = ["revenue", "creation", "progression", "conversion", "fit"]

VALUES: dict[str, tuple[str, str, list[tuple[str, Any, Any]]]] = {
    "a number": ("deferral_days: 90", "deferral_days: 120", [("deferral_days", 90, 120)]),
    "a default that goes without saying": ("deferral_days: 90 ", "", []),
    "a number in other digits": ("minimum: 3.5", "minimum: 3.50", []),
    "a minimum": ("minimum: 3.5", "minimum: 3.75", [("scorecard.minimum", 3.5, 3.75)]),
    "an item of a list in a list": (
        "weight: 60\n          minimum: 4",
        "weight: 60\n          minimum: 4.5",
        [("scorecard.sections.fit.criteria.market.minimum", 4, 4.5)],
    ),
    "what was not there": ("service: {cadence: Monthly", "cap: 40\n    service: {cadence: Monthly", [
        ("tiers.growth.cap", None, 40),
    ]),
    "a set": ("2026-12-25, 2026-12-26, 2027-01-01", "2026-12-26, 2026-12-25", [
        ("calendar.business_days.holidays", HOLIDAYS, HOLIDAYS[:2]),
    ]),
    "what a type has otherwise": ("progressed: 3}", "progressed: 3}\n    overrides: {pilot.days: 90}", [
        ("types.resell.overrides.pilot.days", None, 90),
    ]),
    "an item that is new": ("deferral_days: 90", "evidence: [{id: overlap, title: Overlap}]", [
        ("evidence.overlap", None, {"id": "overlap", "title": "Overlap"}),
    ]),
    "another order": (REVENUE + CREATION, CREATION + REVENUE, [
        ("score.factors", FACTORS, ["creation", "revenue", "progression", "conversion", "fit"]),
    ]),
    "a time of day": ('day_begins: "06:00"', 'day_begins: "07:30"', [
        ("calendar.clock.day_begins", "06:00:00", "07:30:00"),
    ]),
}  # fmt: skip


@pytest.mark.parametrize("what", VALUES)
def test_values_of_a_program_are_compared_by_what_they_mean(what: str) -> None:
    old, new, changes = VALUES[what]
    difference = compare(PROGRAM, changed_program(PROGRAM, (old, new)))
    assert [(change.where, change.old, change.new) for change in difference.values] == changes
    assert difference.nothing == (not changes)


def verdict(*changes: tuple[str, str]) -> LoadedProgram:
    """The program with another version of its verdict."""
    return changed_program(PROGRAM, ("version: 1", "version: 2"), *changes, file="policies/pilot-verdict.yaml")


def test_a_threshold_is_told_with_what_it_was_and_is() -> None:
    difference = compare(PROGRAM, verdict(("mutual_deals: {gte: 1}", "mutual_deals: {gte: 2}")))
    assert (difference.old_version, difference.new_version, difference.values) == (1, 2, ())
    (policy,) = difference.policies
    assert (policy.policy, policy.old_version, policy.new_version, policy.changes) == ("pilot-verdict", 1, 2, ())
    assert policy.rules == (
        RuleChange(
            rule="targets_met_together",
            what="changed",
            changes=(Change(where="mutual_deals.gte", old=1, new=2),),
        ),
    )


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        (
            "when: {resets_used: {lt: {fact: resets_allowed}}}",
            "when: {resets_used: {lte: {fact: resets_allowed}}}",
            [("when", "{resets_used: {lt: {fact: resets_allowed}}}", "{resets_used: {lte: {fact: resets_allowed}}}")],
        ),
        (
            "when: {resets_used: {lt: {fact: resets_allowed}}}",
            "when: {resets_used: {lt: {fact: target_qualified}}}",
            [("resets_used.lt.fact", "resets_allowed", "target_qualified")],
        ),
        ("is left.", "is left over.", [("because", "Not all that the pilot had to show was shown, and a reset is left.",
                                       "Not all that the pilot had to show was shown, and a reset is left over.")]),
        ("    advice: The next 60 days start today.\n", "", [("advice", "The next 60 days start today.", None)]),
    ],
)  # fmt: skip
def test_what_a_rule_says_otherwise_is_told(old: str, new: str, changes: list[tuple[str, Any, Any]]) -> None:
    (policy,) = compare(PROGRAM, verdict((old, new))).policies
    (rule,) = policy.rules
    assert (rule.rule, rule.what) == ("reset_left", "changed")
    assert [(change.where, change.old, change.new) for change in rule.changes] == changes


def test_declarations_are_compared_one_by_one() -> None:
    (policy,) = compare(
        PROGRAM,
        verdict(
            ("resets_used: {type: count, max: 9", "resets_used: {type: count, max: 3"),
            ("  target_qualified:", "  mapped_accounts: {type: count, better: higher}\n  target_qualified:"),
            ("title: What a 60-day pilot must show", "title: What a pilot must show"),
            ("and its reset is used up.", "and no reset is left."),
        ),
    ).policies
    assert [(change.where, change.old, change.new) for change in policy.changes] == [
        ("title", "What a 60-day pilot must show", "What a pilot must show"),
        ("facts.resets_used.max", 9, 3),
        ("facts.mapped_accounts", None, {"type": "count", "better": "higher"}),
        (
            "otherwise.because",
            "The pilot did not produce what was agreed, and its reset is used up.",
            "The pilot did not produce what was agreed, and no reset is left.",
        ),
    ]
    assert policy.rules == ()


def test_a_policy_of_which_only_a_comment_differs_is_named() -> None:
    difference = compare(PROGRAM, verdict((" # best first", "")))
    assert [(p.policy, p.changes, p.rules) for p in difference.policies] == [("pilot-verdict", (), ())]
    assert not difference.nothing


def test_two_numbers_for_the_same_differ_in_nothing() -> None:
    assert compare(PROGRAM, changed_program(PROGRAM)).nothing


TEXT: dict[str, Any] = read_yaml(PROGRAM.files["policies/qualification.yaml"], "qualification.yaml").data
RULES = {rule["id"]: rule for rule in TEXT["rules"]}
SOME = st.permutations(list(RULES)).flatmap(lambda names: st.integers(1, len(names)).map(lambda n: names[:n]))


def with_rules(names: list[str]) -> LoadedProgram:
    text = json.dumps({**TEXT, "rules": [RULES[name] for name in names]}, default=str)
    file = "policies/qualification.yaml"
    policies = {**PROGRAM.policies, "qualification": load_policy(text, file)}
    return replace(PROGRAM, policies=policies, files={**PROGRAM.files, file: text})


@given(SOME, SOME)
def test_rules_that_come_go_and_change_places_are_named_and_no_others(old: list[str], new: list[str]) -> None:
    found = [change for policy in compare(with_rules(old), with_rules(new)).policies for change in policy.rules]
    named = {what: [c.rule for c in found if c.what == what] for what in ("added", "removed", "moved", "changed")}
    assert named["added"] == [name for name in new if name not in old]
    assert named["removed"] == [name for name in old if name not in new]
    assert named["changed"] == []
    stayed = [name for name in new if name in old and name not in named["moved"]]
    assert stayed == [name for name in old if name in stayed], "a rule that moved is not named"
    assert bool(named["moved"]) == ([n for n in old if n in new] != [n for n in new if n in old])
    before = dict(pairwise([None, *new]))
    assert all(change.rule == before[change.after] for change in found if change.what in ("added", "moved"))
    said = {change.rule: change.text for change in found if change.text}
    assert all(read_yaml(text["when"], "").data == RULES[name]["when"] for name, text in said.items())


DATA = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.decimals(-1000, 1000, places=3, allow_nan=False)
    | st.dates()
    | st.text(
        st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.sampled_from(" :,{}[]#\"'"), max_size=12
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(DATA)
def test_a_value_is_written_as_a_file_may_hold_it(data: Any) -> None:
    assert read_yaml(written(data), "").data == as_read(data)


def as_read(data: Any) -> Any:
    """Dates in quotes are text; whole decimals are whole numbers."""
    if isinstance(data, dict):
        return {name: as_read(value) for name, value in data.items()}
    if isinstance(data, list):
        return [as_read(value) for value in data]
    return str(data) if data is not None and not isinstance(data, bool | int | Decimal | str) else data


def test_a_template_is_compared_line_by_line() -> None:
    old = replace(PROGRAM, files={**PROGRAM.files, "templates/letter.txt": "Dear {{ name }},\n\nNo.\n"})
    new = replace(PROGRAM, files={**PROGRAM.files, "templates/letter.txt": "Dear {{ name }},\n\nYes.\n"})
    (template,) = compare(old, new).templates
    assert (template.file, template.lines) == ("templates/letter.txt", ("@@ -2,2 +2,2 @@", " ", "-No.", "+Yes."))
    (gone,) = compare(old, PROGRAM).templates
    assert [line for line in gone.lines if line[0] != "@"] == ["-Dear {{ name }},", "-", "-No."]
    assert not compare(PROGRAM, new).nothing

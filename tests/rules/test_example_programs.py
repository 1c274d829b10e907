"""The example of another industry: a program for the partners of a maker of machine components."""

from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from intake.mapping import load_map
from program.calendar import BusinessDays, Quarter
from program.decision import Ruling
from program.partner import PartnerType
from program.pilot import PilotTerms
from program.tiers import Scored, cut
from rules.decision.decide import decide
from rules.folder import LoadedProgram, read_folder
from rules.language.conditions import Sequence, leaves
from rules.lifecycle import CHECKPOINT, MOVEMENT, OUTCOMES, QUALIFICATION, VERDICT
from rules.verification.cases import CaseFile, load_cases, run_cases
from rules.verification.check import check
from rules.verification.coverage import cover

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
MANUFACTURING = EXAMPLES / "manufacturing"

DISTRIBUTOR = {
    "competing_parts": False,
    "barred_from_trade": False,
    "sold_copies": False,
    "finances_in_doubt": False,
    "sold_outside_region": False,
    "process": 4,
    "minimum_process": 3,
    "quality_score": 4,
    "minimum_quality_score": 3.5,
    "coverage_score": 4,
    "minimum_coverage_score": 3,
    "commitment_score": 4,
    "minimum_commitment_score": 2.5,
    "total_score": 4,
    "minimum_total_score": 3.25,
    "business": "distributor",
    "iso_9001": False,
    "audit_age": 100,
    "on_time_delivery": 0.99,
    "regional_share": 0.7,
    "sales_region": "Nordics",
    "warehouse_region": "Nordics",
    "credit_asked": 20000,
    "credit_covered": 50000,
}
TOOLMAKER = DISTRIBUTOR | {
    "business": "toolmaker",
    "iso_9001": True,
    "defects_per_million": 100,
    "monthly_capacity": 800,
    "monthly_demand": 600,
    "regional_share": 0.05,
}
PILOT = {
    "opportunities_created": 20,
    "qualified_opportunities": 12,
    "progressed_on_time": 4,
    "mutual_deals": 5,
    "joint_plays": 3,
    "target_qualified": 12,
    "target_progressed": 4,
    "plays_agreed": 3,
    "resets_used": 0,
    "resets_allowed": 1,
}
LOOK = {
    "week": 5,
    "opportunities_created": 20,
    "qualified_opportunities": 12,
    "expected_qualified": 9,
    "projected_qualified": 15,
    "target_qualified": 12,
    "progressed_on_time": 4,
    "target_progressed": 4,
    "mapped_accounts": 10,
    "fewest_accounts": 8,
    "joint_plays": 3,
    "plays_agreed": 3,
    "next_action_open": True,
}


@pytest.fixture(scope="module")
def manufacturing() -> LoadedProgram:
    return read_folder(MANUFACTURING)


def cases_of(name: str) -> CaseFile:
    file = MANUFACTURING / "cases" / f"{name}.yaml"
    return load_cases(file.read_text(), str(file))


def qualified(program: LoadedProgram, candidate: dict[str, Any], **changed: Any) -> Ruling:
    return decide(program.policies[QUALIFICATION], candidate | changed)


def moves(program: LoadedProgram, level: int, cut_level: int, below: int = 0, inactive: int = 0) -> str | None:
    facts = {"level": level, "cut_level": cut_level, "quarters_below": below, "quarters_inactive": inactive}
    return decide(program.policies[MOVEMENT], facts).outcome


@pytest.mark.parametrize("name", sorted(OUTCOMES))
def test_every_case_of_the_example_comes_out_as_written_and_every_rule_decides_one(
    manufacturing: LoadedProgram, name: str
) -> None:
    policy, cases = manufacturing.policies[name], cases_of(name)
    assert [str(fault) for fault in run_cases(policy, cases).faults] == []
    assert {case.rule for case in cases.cases if case.rule} == {rule.id for rule in policy.rules if rule.then}
    assert {case.outcome for case in cases.cases if case.outcome} == set(policy.outcomes)


@pytest.mark.parametrize("name", sorted(OUTCOMES))
def test_the_cases_of_the_example_show_both_sides_of_every_boundary(manufacturing: LoadedProgram, name: str) -> None:
    assert [str(fault) for fault in cover(manufacturing.policies[name], cases_of(name)).faults] == []


@pytest.mark.parametrize("name", sorted(OUTCOMES))
def test_nothing_in_the_logic_of_the_example_is_to_mend_or_to_think_about(
    manufacturing: LoadedProgram, name: str
) -> None:
    policy, cases = manufacturing.policies[name], cases_of(name)
    assert check(policy, cases.base, run_cases(policy, cases).meant) == []


@pytest.mark.parametrize("name", sorted(OUTCOMES))
def test_partners_read_a_title_for_every_fact_of_the_example(manufacturing: LoadedProgram, name: str) -> None:
    policy = manufacturing.policies[name]
    titles = [fact.title or "" for fact in policy.facts.values()]
    assert all(titles)
    assert len(set(titles)) == len(titles)
    assert not any("_" in text for text in titles)


def test_a_distributor_that_meets_everything_is_signed(manufacturing: LoadedProgram) -> None:
    assert qualified(manufacturing, DISTRIBUTOR).outcome == "sign"


def test_a_certified_toolmaker_with_capacity_to_spare_is_signed(manufacturing: LoadedProgram) -> None:
    assert qualified(manufacturing, TOOLMAKER).outcome == "sign"


def test_an_uncertified_toolmaker_is_declined_and_told_what_it_lacks(manufacturing: LoadedProgram) -> None:
    ruling = qualified(manufacturing, TOOLMAKER, iso_9001=False)
    assert (ruling.outcome, ruling.rule) == ("decline", "maker_not_certified")
    assert "ISO 9001" in ruling.because


def test_an_uncertified_distributor_is_signed(manufacturing: LoadedProgram) -> None:
    assert qualified(manufacturing, DISTRIBUTOR, iso_9001=False).outcome == "sign"


def test_a_distributor_with_late_deliveries_is_deferred(manufacturing: LoadedProgram) -> None:
    ruling = qualified(manufacturing, DISTRIBUTOR, on_time_delivery=0.93)
    assert (ruling.outcome, ruling.rule) == ("defer", "late_deliveries")


def test_a_distributor_that_sells_mostly_elsewhere_is_declined(manufacturing: LoadedProgram) -> None:
    assert qualified(manufacturing, DISTRIBUTOR, regional_share="20%").rule == "hardly_in_the_region"


def test_a_toolmaker_is_not_asked_where_it_sells(manufacturing: LoadedProgram) -> None:
    assert qualified(manufacturing, TOOLMAKER, regional_share=0).outcome == "sign"


def test_a_warehouse_in_another_region_defers_a_distributor_unless_it_is_very_punctual(
    manufacturing: LoadedProgram,
) -> None:
    assert qualified(manufacturing, DISTRIBUTOR, warehouse_region="DACH").outcome == "sign"
    late = qualified(manufacturing, DISTRIBUTOR, warehouse_region="DACH", on_time_delivery="96%")
    assert (late.outcome, late.rule) == ("defer", "warehouse_elsewhere")


def test_a_toolmaker_whose_capacity_does_not_cover_our_orders_is_deferred(manufacturing: LoadedProgram) -> None:
    assert qualified(manufacturing, TOOLMAKER, monthly_demand=801).rule == "capacity_short"
    assert qualified(manufacturing, TOOLMAKER, monthly_demand=800).outcome == "sign"


def test_a_candidate_that_pays_in_advance_is_signed_in_spite_of_doubts_about_its_finances(
    manufacturing: LoadedProgram,
) -> None:
    assert qualified(manufacturing, DISTRIBUTOR, finances_in_doubt=True).outcome == "defer"
    assert qualified(manufacturing, DISTRIBUTOR, finances_in_doubt=True, credit_asked=0).outcome == "sign"


def test_a_pilot_with_few_enquiries_and_many_approved_samples_is_expanded(manufacturing: LoadedProgram) -> None:
    facts = PILOT | {"qualified_opportunities": 6, "progressed_on_time": 5}
    assert decide(manufacturing.policies[VERDICT], facts).rule == "few_but_approved"


def test_a_pilot_without_an_enquiry_is_not_given_a_second_one(manufacturing: LoadedProgram) -> None:
    nothing = dict.fromkeys(
        ("opportunities_created", "qualified_opportunities", "progressed_on_time", "mutual_deals"), 0
    )
    assert decide(manufacturing.policies[VERDICT], PILOT | nothing).outcome == "exit"
    assert decide(manufacturing.policies[VERDICT], PILOT | nothing | {"opportunities_created": 1}).outcome == "reset"


def test_a_pilot_is_at_risk_after_four_weeks_without_movement_and_has_stalled_after_six(
    manufacturing: LoadedProgram,
) -> None:
    found = {}
    for quiet in (1, 2, 3):
        looks = [{"week": week, "movement": week <= 5 - quiet} for week in (3, 4, 5)]
        found[quiet] = decide(manufacturing.policies[CHECKPOINT], LOOK | {"checkpoint": looks}).outcome
    assert found == {1: "on_track", 2: "at_risk", 3: "stalled"}


def test_a_key_partner_below_its_tier_has_two_quarters_of_grace(manufacturing: LoadedProgram) -> None:
    assert [moves(manufacturing, 4, 3, below=quarters) for quarters in (1, 2, 3)] == ["warn", "warn", "down"]


def test_a_listed_partner_leaves_after_a_quiet_year(manufacturing: LoadedProgram) -> None:
    found = [moves(manufacturing, 1, 1, inactive=quarters) for quarters in (1, 2, 3, 4)]
    assert found == ["stay", "warn", "warn", "exit"]


def test_a_pilot_of_the_example_is_looked_at_six_times_in_ninety_days(manufacturing: LoadedProgram) -> None:
    plan = manufacturing.program.pilot
    targets = manufacturing.program.types[PartnerType.RESELL].targets
    terms = PilotTerms(number=1, started_on=date(2027, 1, 11), plan=plan, targets=targets, program="")
    looks = [(terms.checkpoint(week) - terms.started_on).days for week in terms.weeks_after(terms.started_on)]
    assert looks == [14, 28, 42, 56, 70, 84]
    assert (terms.last_day - terms.started_on).days == 90


def test_a_pilot_of_the_example_looks_back_as_far_as_its_rules_ask(manufacturing: LoadedProgram) -> None:
    rules = manufacturing.policies[CHECKPOINT].rules
    lengths = [part.length for rule in rules for part in leaves(rule.when) if isinstance(part, Sequence)]
    assert sorted(lengths) == [2, 3]
    assert max(lengths) <= manufacturing.program.pilot.recent_weeks


def tiers_of(loaded: LoadedProgram) -> list[str]:
    return [tier.id for tier in loaded.program.tiers]


def test_the_hours_of_the_example_are_what_its_tiers_need_when_they_are_full(manufacturing: LoadedProgram) -> None:
    *capped, last = manufacturing.program.tiers
    needed = sum((tier.service.hours * (tier.cap or 0) for tier in capped), Decimal(0)) + 100 * last.service.hours
    team = manufacturing.program.capacity.team(Quarter(year=2027, number=2), BusinessDays(), tiers_of(manufacturing))
    assert needed == team.hours == 1890
    roster = [Scored(partner=f"partner-{n}", name=str(n), low=Decimal(100), high=Decimal(100)) for n in range(252)]
    carried = cut(roster, manufacturing.program.tiers, team)
    assert Counter(carried.tiers().values()) == {"key": 12, "preferred": 40, "stocking": 100, "listed": 100}
    assert carried.short == 0
    assert not carried.waiting


def test_the_distributor_that_the_examples_map_assumes_is_signed(manufacturing: LoadedProgram) -> None:
    scorecard = load_map(EXAMPLES / "manufacturing-crm.yaml").assume.scorecard
    assert scorecard is not None
    form = manufacturing.program.scorecard
    form.check(scorecard)
    policy = manufacturing.policies[QUALIFICATION]
    facts = {name: value for name, value in form.roll_up(scorecard).items() if name in policy.facts}
    assert decide(policy, scorecard.facts | facts).outcome == "sign"


def test_the_example_keeps_the_working_days_of_its_own_country(manufacturing: LoadedProgram) -> None:
    calendar = manufacturing.program.calendar
    assert calendar.clock.timezone == "Europe/Berlin"
    assert calendar.business_days.after(date(2026, 12, 24), 1) == date(2026, 12, 28)
    assert calendar.business_days.after(date(2027, 1, 5), 1) == date(2027, 1, 7)

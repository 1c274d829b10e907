"""Explanations at the command line: for the manager, for the partner, for scripts."""

import json
from pathlib import Path
from typing import Any

import pytest

from rules.folder import DEFAULT_PROGRAM
from tests.console.conftest import Operator
from tests.world import World, a_scorecard

VERDICT = DEFAULT_PROGRAM / "policies" / "pilot-verdict.yaml"
MISSED: dict[str, Any] = {
    "qualified_opportunities": 21,
    "progressed_on_time": 9,
    "mutual_deals": 0,
    "target_qualified": 30,
    "target_progressed": 8,
    "resets_used": 0,
    "resets_allowed": 1,
}


async def declined(world: World) -> tuple[str, int]:
    """A partner that is declined for its market, and the number of the decision."""
    partner = await world.applied("Acme")
    ruled = await world.operations.submit_scorecard(partner, a_scorecard(market=3))
    assert ruled.decision
    return partner, ruled.decision


async def test_the_manager_reads_why_a_decision_came_out_so(colleague: Operator, world: World) -> None:
    partner, number = await declined(world)

    page = colleague.sees("explain", str(number))

    assert page.splitlines() == [
        f"Decision {number}: qualification of {partner}, as of 2017-03-01",
        "outcome     decline",
        "decided by  fit_below_minimum",
        "because     Fit with our market and motion is below its minimum, and nothing downstream can mend",
        "            that.",
        "advice      Fit changes when your customers are our buyers. Apply again with named accounts that",
        "            show it.",
        "",
        "Rules that hold",
        "rule               gives    since",
        "fit_below_minimum  decline  market 3 < minimum_market 4",
        "",
        "What kept it from a better outcome",
        "outcome  by              kept from it by                                 off by",
        "sign     otherwise       fit_below_minimum: market 3 < minimum_market 4  1",
        "defer    capacity_short  capacity_score 4 ≥ minimum_capacity_score 3     1.01",
        "                         fit_below_minimum: market 3 < minimum_market 4  1",
        "",
        "The least that the partner could change",
        "outcome  change",
        "sign     market 3 → 4",
        "defer    nothing that it can influence",
    ]
    assert f"gatehouse explain {number}" in colleague.sees("decisions", "show", str(number))


async def test_the_partner_reads_what_its_letter_said(colleague: Operator, world: World) -> None:
    partner, number = await declined(world)
    await world.lifecycle(partner).result()
    (letter,) = (notice for notice in world.outbox.sent if notice.partner == partner)

    page = colleague.sees("explain", str(number), "--for", "partner")

    assert page.splitlines() == letter.body.splitlines()[1:]
    assert "Nothing else stands in the way." in page


async def test_a_script_gets_all_of_it(colleague: Operator, world: World) -> None:
    _, number = await declined(world)
    said = colleague.gets("explain", str(number))
    assert (said["outcome"], said["decided"]["rule"]) == ("decline", "fit_below_minimum")
    assert said["decided"]["findings"][0]["value"] == 3
    assert [better["outcome"] for better in said["better"]] == ["sign", "defer"]
    assert said["better"][0]["change"]["steps"] == [
        {"fact": "market", "title": "rating for reaching our buyers", "value": 3, "needed": 4}
    ]


def test_a_decision_that_is_not_on_record_cannot_be_explained(operator: Operator) -> None:
    assert "there is no decision 7" in operator.is_refused("explain", "7")
    assert "'everyone'" in operator.is_corrected("explain", "7", "--for", "everyone")


# By a policy's file


def explains(operator: Operator, facts: dict[str, Any], *options: str) -> str:
    result = operator.types("rules", "explain", str(VERDICT), "-", *options, stdin=json.dumps(facts).encode())
    assert result.exit_code == 0, result.output
    return result.stdout


def test_facts_are_explained_by_a_policy(operator: Operator) -> None:
    assert explains(operator, MISSED).splitlines() == [
        "pilot-verdict version 1",
        "outcome     reset",
        "decided by  too_few_qualified",
        "because     Fewer opportunities met our standard than were agreed.",
        "advice      Choose other accounts from the map, and agree whom the plays are for.",
        "",
        "Rules that hold",
        "rule               gives  since",
        "too_few_qualified  reset  resets_used 0 < resets_allowed 1",
        "                          qualified_opportunities 21 < target_qualified 30",
        "one_sided          reset  resets_used 0 < resets_allowed 1",
        "                          mutual_deals = 0",
        "reset_left         reset  resets_used 0 < resets_allowed 1",
        "",
        "What kept it from a better outcome",
        "outcome  by                    kept from it by                                   off by",
        "expand   targets_met_together  qualified_opportunities 21 < target_qualified 30  9",
        "                               mutual_deals 0 < 1                                1",
        "",
        "The least that the partner could change",
        "outcome  change",
        "expand   qualified_opportunities 21 → 30",
        "         mutual_deals 0 → 1",
    ]


def test_a_partner_that_is_reset_reads_every_fix(operator: Operator) -> None:
    assert explains(operator, MISSED, "--for", "partner").splitlines() == [
        "Fewer opportunities met our standard than were agreed.",
        "- opportunities that met our standard: 21, where at least 30 are needed",
        "Choose other accounts from the map, and agree whom the plays are for.",
        "No deal was worked by both sides.",
        "- deals that both sides worked: 0, where at least 1 is needed",
        "Name a seller on each side for every opportunity.",
        "Not all that the pilot had to show was shown, and a reset is left.",
        "The next 60 days start today.",
    ]


def test_what_is_open_is_explained_by_what_it_waits_for(operator: Operator) -> None:
    facts = {**MISSED, "qualified_opportunities": 31, "mutual_deals": None}
    page = explains(operator, facts)
    assert "outcome     open" in page
    assert "possible    expand, reset" in page
    assert "depends on  mutual_deals" in page
    assert explains(operator, facts, "--for", "partner").splitlines() == [
        "What is not known yet, and makes a difference:",
        "- deals that both sides worked",
    ]


def test_one_object_may_run_over_several_lines_and_come_from_a_file(operator: Operator, tmp_path: Path) -> None:
    file = tmp_path / "facts.json"
    file.write_text(json.dumps(MISSED, indent=2))
    assert operator.gets("rules", "explain", str(VERDICT), str(file))["outcome"] == "reset"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "empty"),
        ("{} {}", "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"deals": 1}', "deals is not declared"),
        (f'{{"mutual_deals": {"1" * 1024 * 1024}}}', "longer than 1024 KiB"),
    ],
)
def test_what_holds_no_facts_is_refused(operator: Operator, text: str, complaint: str, tmp_path: Path) -> None:
    file = tmp_path / "facts.json"
    file.write_text(text)
    assert complaint in operator.is_refused("rules", "explain", str(VERDICT), str(file))
    assert "cannot be read" in operator.is_refused("rules", "explain", str(VERDICT), str(tmp_path / "none.json"))

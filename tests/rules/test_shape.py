"""What is wrong with the shape of a program's files, found where it stands: one change to the default program each."""

from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from program.errors import Refused
from rules.folder import DEFAULT_PROGRAM, read_folder
from rules.language.source import LARGEST, Fault
from rules.verification.trial import examine, trial_of


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return copytree(DEFAULT_PROGRAM, tmp_path / "program")


def place(text: str, mark: str) -> str:
    """Line and column of the first occurrence, as `line:column`."""
    before = text[: text.index(mark)]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def faults(program: Path, file: str) -> list[Fault]:
    """What is found in a file, in this process: none of this reaches the engine."""
    trial = trial_of(program / file.replace(CASES, STALL)) if file != PROGRAM else trial_of(program)
    found: list[Fault] = []

    def hear(**said: Any) -> None:
        found.extend(said.get("faults", []))

    examine(trial.model_copy(update={"policies": trial.policies if file != PROGRAM else []}), hear)
    return [fault for fault in found if fault.severity == "error"]


def errors(program: Path, file: str) -> list[str]:
    return [str(fault).removeprefix(f"{program}/") for fault in faults(program, file)]


STALL, MOVEMENT, VERDICT = "policies/stall.yaml", "policies/tier-movement.yaml", "policies/pilot-verdict.yaml"
QUALIFICATION, PROGRAM, CASES = "policies/qualification.yaml", "program.yaml", "cases/stall.yaml"


@pytest.mark.parametrize(
    ("file", "old", "new", "mark", "message"),
    [
        pytest.param(
            STALL, "owner:", "ownr:", "ownr", "ownr: unknown key; did you mean owner?", id="an unknown key of a policy"
        ),
        pytest.param(
            PROGRAM,
            "kept_free: 20",
            "kept_fre: 20",
            "kept_fre",
            "capacity.kept_fre: unknown key; did you mean kept_free?",
            id="its own",
        ),
        pytest.param(
            CASES, "fires: []", "fire: []", "fire: []", "fire: unknown key; did you mean fires?", id="one of a case"
        ),
        pytest.param(
            STALL,
            "stage: applied, days",
            "stgae: applied, days",
            "stgae",
            "no such fact; did you mean stage?",
            id="a misspelt fact",
        ),
        pytest.param(
            QUALIFICATION,
            "{fact: minimum_motion}",
            "{fact: minimum_moton}",
            "fact: minimum_moton",
            "no such fact: minimum_moton; did you mean minimum_motion?",
            id="a misspelt fact to compare with",
        ),
        pytest.param(
            CASES,
            "facts: {days_without_activity: 0}",
            "facts: {days_without_activty: 0}",
            "name: A partner with which something happened today",
            "days_without_activty is not declared; did you mean days_without_activity?",
            id="a misspelt fact of a case",
        ),
        pytest.param(
            MOVEMENT,
            "quarters_inactive: 1}",
            "quarters_inactive: one}",
            "quarters_inactive: one",
            "'one' is not a number",
            id="a wrong type",
        ),
        pytest.param(
            PROGRAM,
            "kept_free: 20",
            "kept_free: a fifth",
            "kept_free: a fifth",
            "not 'a fifth'",
            id="a wrong type in a program",
        ),
        pytest.param(
            MOVEMENT,
            "level: 1}",
            "level: 10}",
            "level: 10}",
            "10 is not a whole number, 0 or more, at least 1 and at most 9",
            id="a value out of the range",
        ),
        pytest.param(
            PROGRAM, "kept_free: 20", "kept_free: 100", "kept_free", "less than 100", id="a value out of a program's"
        ),
        pytest.param(
            STALL,
            "stage: deferred",
            "stage: defered",
            "stage: defered",
            "'defered' is not one of applied, deferred, active",
            id="a value that is not among the choices",
        ),
        pytest.param(
            STALL,
            "id: evidence_overdue",
            "id: scorecard_overdue",
            "id: scorecard_overdue\n    when: {stage: deferred",
            "scorecard_overdue is there twice",
            id="a rule twice",
        ),
        pytest.param(
            STALL,
            "    because: No opportunity of this partner has moved for longer than its tier allows.\n",
            "",
            "id: partner_silent",
            "rules.partner_silent.because: missing; add it",
            id="a rule without a reason",
        ),
        pytest.param(
            STALL,
            "outcomes: [moving, stalled]",
            "outcomes: [moving, stalled, moved]",
            "moved]",
            "no rule gives moved; add one or remove the outcome",
            id="an outcome that nothing gives",
        ),
        pytest.param(
            STALL,
            "when: {stage: active, days_without_activity: {gt: {fact: patience}}}",
            "when: {}",
            "when: {}",
            "has to be a map with at least one condition",
            id="an empty condition",
        ),
        pytest.param(
            VERDICT,
            "{resets_used: {lt: {fact: resets_allowed}}}",
            "{any: [{}]}",
            "{}",
            "has to be a map with at least one condition",
            id="an empty alternative",
        ),
        pytest.param(
            PROGRAM,
            "entry_tier: growth",
            "entry_tier: gold",
            "entry_tier",
            "there is no tier gold; there are strategic, growth, self-serve",
            id="a tier that does not exist",
        ),
        pytest.param(
            PROGRAM,
            "self-serve: 90",
            "self-serve: 90, gold: 1",
            "gold",
            "stalls.active.gold: there is no tier gold",
            id="patience with a tier that does not exist",
        ),
        pytest.param(
            STALL,
            "title: Whether",
            "owner: me\ntitle: Whether",
            "owner: me",
            "owner: given twice, first in line 3; keep one",
            id="a key twice",
        ),
        pytest.param(
            PROGRAM,
            "kept_free: 20",
            "kept_free: &a [*a, *a]",
            "&a",
            "the anchor &a; write out what it stands for where it is needed",
            id="an anchor",
        ),
        pytest.param(STALL, "  stage:", "\tstage:", "\tstage", "a tab; indent and separate with spaces", id="a tab"),
        pytest.param(
            VERDICT,
            "mutual_deals: {gte: 1}",
            "mutual_deals: no",
            "mutual_deals: no",
            "'no' is not a number",
            id="a no where a number stands",
        ),
        pytest.param(
            QUALIFICATION,
            "{sells_substitute: true}",
            "{sells_substitute: no}",
            "sells_substitute: no",
            "'no' is not true or false",
            id="a no that is not read as false",
        ),
        pytest.param(
            CASES, "settle: false", "settle: no", "settle", "has to be true or false, not 'no'", id="a no in a case"
        ),
    ],
)
def test_what_is_wrong_is_found_where_it_stands(
    program: Path, file: str, old: str, new: str, mark: str, message: str
) -> None:
    path = program / file
    text = path.read_text().replace("    fires: []\n", "    fires: []\n    settle: false\n", 1)
    text = text if file == CASES else path.read_text()
    assert old in text
    changed = text.replace(old, new, 1)
    path.write_text(changed)
    lines = errors(program, file)
    where = f"{file}:{place(changed, mark)}: "
    assert any(line.startswith(where) and message in line for line in lines), (where, lines)


def test_a_section_that_does_not_exist_supplies_nothing(program: Path) -> None:
    path = program / PROGRAM
    section = "    - id: intent\n      title: A commercial reason"
    assert section in path.read_text()
    path.write_text(path.read_text().replace(section, section.replace("intent", "intention")))
    policy = (program / QUALIFICATION).read_text()
    assert errors(program, PROGRAM) == [
        (
            f"{QUALIFICATION}:{place(policy, 'intent_score')}: facts.intent_score: nothing supplies intent_score; did"
            " you mean intention_score?; declare it under evidence"
        ),
        (
            f"{QUALIFICATION}:{place(policy, 'minimum_intent_score')}: facts.minimum_intent_score: nothing supplies"
            " minimum_intent_score; did you mean minimum_intention_score?; declare it under evidence"
        ),
    ]


def test_what_a_program_does_not_know_is_found_at_its_place(program: Path) -> None:
    path = program / STALL
    text = (
        path.read_text()
        .replace("moving", "fine")
        .replace("outcomes:", "events:\n  visit: {n: {type: count}}\noutcomes:")
    )
    path.write_text(text)
    (program / "policies" / "bonus.yaml").write_text(text.replace("policy: stall", "policy: bonus"))
    assert errors(program, PROGRAM) == [
        f"{STALL}:{place(text, 'fine, stalled')}: outcomes.1: fine is no outcome of stall; write moving, stalled",
        f"{STALL}:{place(text, 'visit')}: events.visit: nothing supplies events of the kind visit",
        "policies/bonus.yaml:1:1: policy: nothing asks the policy bonus; remove it",
    ]


@pytest.mark.parametrize(
    ("file", "old", "new", "where", "message"),
    [
        (
            STALL,
            "days_without_activity: {type: days,",
            "days_without_activity: {type: money,",
            "facts.days_without_activity",
            "is supplied as a whole number of days, at least 0; write `type: days`",
        ),
        (STALL, "deferred", "later", "facts.stage", "can also be deferred; add it to `of`"),
        (
            "policies/tier-movement.yaml",
            "cut_level: {type: count, min: 1, max: 9,",
            "cut_level: {type: count, min: 1, max: 2,",
            "facts.cut_level",
            "can be a whole number, 0 or more, at least 1 and at most 3; write `max: 3`",
        ),
        (
            "policies/pilot-verdict.yaml",
            "mutual_deals: {type: count,",
            "mutual_deals: {type: count, max: 9,",
            "facts.mutual_deals",
            "can be a whole number, 0 or more; remove `max`",
        ),
        (
            QUALIFICATION,
            "total_score: {type: decimal, places: 4,",
            "total_score: {type: decimal, places: 1,",
            "facts.total_score",
            "is supplied with 4 decimal places; write `places: 4`",
        ),
        (
            "policies/pilot-checkpoint.yaml",
            "week: {type: count, title: week}",
            "week: {type: count, max: 9, title: week}",
            "events.checkpoint.week",
            "can be a whole number, 0 or more; remove `max`",
        ),
        (
            "policies/pilot-checkpoint.yaml",
            "length: 3",
            "length: 4",
            "rules.three_weeks_without_movement.when",
            "asks for 4 weeks in a row, and a checkpoint looks back on 3; raise `pilot.recent_weeks` in program.yaml",
        ),
    ],
)
def test_what_cannot_hold_what_is_supplied_is_refused(
    program: Path, file: str, old: str, new: str, where: str, message: str
) -> None:
    path = program / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    assert any(line.startswith(f"{file}:") and f" {where}: {message}" in line for line in errors(program, PROGRAM))


def test_evidence_cannot_stand_for_what_is_supplied(program: Path) -> None:
    path = program / PROGRAM
    path.write_text(path.read_text() + "\nevidence:\n  - {id: mutual_deals, title: Deals both worked}\n")
    [line] = errors(program, PROGRAM)
    assert line.startswith(f"{PROGRAM}:")
    assert line.endswith(
        "evidence.mutual_deals.id: pilot-checkpoint and pilot-verdict are told mutual_deals already; name it otherwise"
    )


@pytest.mark.parametrize("name", ["pilot-verdict", "pilot-checkpoint"])
def test_what_is_decided_with_what_is_known_needs_an_otherwise(program: Path, name: str) -> None:
    path = program / "policies" / f"{name}.yaml"
    path.write_text(path.read_text().split("otherwise:")[0])
    (line,) = errors(program, PROGRAM)
    assert line == (
        f"policies/{name}.yaml:1:1: policy: is decided with what is known, and what is unknown meets no condition; add"
        " an `otherwise`"
    )


def test_an_anchor_that_would_explode_takes_no_time(program: Path) -> None:
    doubled = "a: &a0 [x]\n" + "".join(f"b{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    (program / STALL).write_text(doubled)
    assert sum("the alias" in line for line in errors(program, STALL)) == 9 * 29


def test_a_file_of_ten_megabytes_is_not_read(program: Path) -> None:
    for file in (PROGRAM, STALL):
        (program / file).write_bytes(b"a: " + "ä".encode() * 5 * LARGEST)
        assert errors(program, file) == [f"{file}:1:1: larger than 1024 KiB; split it"]
    with pytest.raises(Refused, match="larger than 1024 KiB; split it"):
        read_folder(program)


def test_every_fault_names_its_rule(program: Path) -> None:
    path = program / STALL
    path.write_text(path.read_text().replace("stage: active", "stage: gone").replace("then: stalled", "then: lost", 1))
    assert {fault.where: fault.rule for fault in faults(program, STALL)} == {
        **{
            f"rules.{rule}.when.stage": rule
            for rule in (
                "opportunity_unanswered",
                "service_not_delivered",
                "partner_silent",
                "evidence_missing_in_rescore",
            )
        },
        "rules.scorecard_overdue.then": "scorecard_overdue",
    }

"""What a partner type has otherwise than the program."""

from decimal import Decimal
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from program.definition import Program
from program.errors import Way
from program.overrides import overridable, overridden
from program.partner import PartnerType, Stage
from rules.folder import DEFAULT_PROGRAM, LoadedProgram, read_folder
from rules.language.source import Unfit

OVERRIDES = """
    overrides:
      deferral_days: 120
      pilot.days: 90
      scorecard.minimum: 3.2
      scorecard.sections.capacity.minimum: 2.5
      scorecard.sections.fit.criteria.motion.minimum: 3
      exit.notice_days.pilot: 7
      exit.notice_days.applied: 2
      stalls.applied: 21
      stalls.active.growth: 60
"""
TARGETS = "    targets: {qualified: 8, progressed: 2}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copytree(DEFAULT_PROGRAM, tmp_path / "program")


def overriding(folder: Path, text: str) -> LoadedProgram:
    """The program whose referral partners have something otherwise."""
    file = folder / "program.yaml"
    assert TARGETS in file.read_text()
    file.write_text(file.read_text().replace(TARGETS, TARGETS + text.lstrip("\n")))
    return read_folder(folder)


def test_a_type_has_its_own_values_and_everybody_else_the_programs(folder: Path) -> None:
    program = overriding(folder, OVERRIDES).program
    referral, resell = program.for_type(PartnerType.REFERRAL), program.for_type(PartnerType.RESELL)

    assert (referral.deferral_days, resell.deferral_days) == (120, 90)
    assert (referral.pilot.days, referral.pilot.checkpoint_every, resell.pilot.days) == (90, 7, 60)
    changed = {"minimum_total_score": Decimal("3.2"), "minimum_capacity_score": Decimal("2.5"), "minimum_motion": 3}
    assert referral.scorecard.minima == resell.scorecard.minima | changed
    notice = {stage: referral.exit.notice(stage).days for stage in (Stage.PILOT, Stage.ACTIVE, Stage.APPLIED)}
    assert notice == {Stage.PILOT: 7, Stage.ACTIVE: 30, Stage.APPLIED: 2}
    assert [referral.stalls.patience(Stage.APPLIED, None), resell.stalls.patience(Stage.APPLIED, None)] == [21, 14]
    assert [referral.stalls.patience(Stage.ACTIVE, tier) for tier in ("strategic", "growth")] == [21, 60]
    assert resell == program


@pytest.mark.parametrize(
    ("override", "where", "said"),
    [
        ("pilot.dayz: 90", "pilot.dayz", "no value that a type may override; did you mean pilot.days?"),
        (
            "scorecard.sections.fit.minimum: 3",  # this section has no minimum of its own
            "scorecard.sections.fit.minimum",
            "no value that a type may override; did you mean scorecard.sections.intent.minimum?",
        ),
        (
            "capacity.kept_free: 9",
            "capacity.kept_free",
            "a type may override deferral_days, pilot, the scorecard's minima, exit.notice_days and stalls",
        ),
        (
            "stalls.active.gold: 9",
            "stalls.active.gold",
            "no value that a type may override; did you mean",
        ),
        ("pilot.days: long", "pilot.days", "unable to parse string as an integer, not 'long'"),
        ("pilot.days: 400", "pilot.days", "has to be at most 365"),
        ("pilot.days: 7", "pilot.checkpoint_every", "a checkpoint every 7 days leaves none in 7 days"),
        ("scorecard.minimum: 6", "scorecard.minimum", "has to be at most 5"),
        ("stalls.active.growth: -1", "stalls.active.growth", "has to be at least 0"),
        ("exit.notice_days.pilot:", "exit.notice_days.pilot", "has to have a value; remove it"),
    ],
)
def test_an_override_that_cannot_be_is_a_fault_at_its_place(folder: Path, override: str, where: str, said: str) -> None:
    with pytest.raises(Unfit) as refusal:
        overriding(folder, f"    overrides:\n      deferral_days: 100\n      {override}\n")
    (fault,) = refusal.value.faults
    line = next(n for n, text in enumerate((folder / "program.yaml").read_text().splitlines(), 1) if override in text)
    assert (fault.file, fault.line, fault.column) == (str(folder / "program.yaml"), line, 7)
    assert fault.where == f"types.referral.overrides.{where}"
    assert said in fault.message


def test_values_that_only_fit_together_are_looked_at_together(folder: Path) -> None:
    text = "    overrides: {pilot.days: 6, pilot.checkpoint_every: 2}\n"
    plan = overriding(folder, text).program.for_type(PartnerType.REFERRAL).pilot
    assert (plan.days, plan.checkpoint_every) == (6, 2)


def found(data: Any, way: Way) -> Any:
    for step in way:
        data = data.get(step) if isinstance(data, dict) else data[step]
    return data


PROGRAM = read_folder(DEFAULT_PROGRAM).program
WAYS = {name: way for name, way in overridable(PROGRAM.model_dump()).items() if found(PROGRAM.model_dump(), way)}


@given(st.dictionaries(st.sampled_from(list(WAYS)), st.integers(8, 40)))
def test_nothing_but_the_named_values_is_replaced(overrides: dict[str, int]) -> None:
    data = PROGRAM.model_dump()
    changed = overridden(data, overrides)
    assert data == PROGRAM.model_dump(), "the program itself was changed"
    assert {name: found(changed, way) for name, way in WAYS.items()} == {
        name: overrides.get(name, found(data, way)) for name, way in WAYS.items()
    }
    assert overridden(changed, {name: found(data, WAYS[name]) for name in overrides}) == data


def test_a_program_without_overrides_is_the_same_for_every_type() -> None:
    assert [PROGRAM.for_type(kind) is PROGRAM for kind in PartnerType] == [True] * 3
    assert Program.model_validate(PROGRAM.model_dump()) == PROGRAM

"""A program as a company writes it: what does not fit together is refused, with its place and its name."""

import shutil
from pathlib import Path

import pytest

from program.partner import Stage
from rules.folder import DEFAULT_PROGRAM, LoadedProgram, read_folder
from rules.language.source import Unfit

TWO_MORE = "".join(f"    - {{id: {n}, title: More, weight: 5, fact: win_rate, target: 1}}\n" for n in ("more", "most"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the default program, to be changed."""
    return Path(shutil.copytree(DEFAULT_PROGRAM, tmp_path / "program"))


def place(text: str, mark: str) -> str:
    """Line and column of the first occurrence, as `line:column`."""
    before = text[: text.index(mark)]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


@pytest.mark.parametrize(
    ("old", "new", "mark", "message"),
    [
        pytest.param(
            "    service: {cadence: Monthly group session, hours: 10}\n",
            "",
            "id: growth",
            "tiers.growth.service: missing; add it",
            id="a tier without a service level",
        ),
        pytest.param(
            "{cadence: Monthly group session, hours: 10}",
            "{hours: 10}",
            "service: {hours: 10}",
            "tiers.growth.service.cadence: missing; add it",
            id="a service level that says only what it costs",
        ),
        pytest.param(
            "factors:\n",
            f"factors:\n{TWO_MORE}",
            "factors:\n",
            "score.factors: the score has 6 factors; 3 to 5 are held",
            id="more than five factors in the score",
        ),
        pytest.param(
            "weight: 15, fact: win_rate",
            "weight: 20, fact: win_rate",
            "factors:\n",
            "score.factors: the weights of the score add up to 105 %, not 100 %"
            " (revenue 40 + creation 25 + progression 20 + conversion 20)",
            id="factors that weigh more than everything",
        ),
        pytest.param(
            "weight: 50",
            "weight: 40",
            "sections:\n",
            "scorecard.sections: the weights of the scorecard add up to 90 %, not 100 %"
            " (fit 40 + intent 25 + capacity 25)",
            id="sections that weigh less than everything",
        ),
        pytest.param(
            "1: Cannot say",
            "2: Cannot say",
            "rubric:\n            2: Cannot say",
            "scorecard.sections.intent.criteria.intent.rubric: the rubric of intent does not say what a 1 looks like",
            id="a rubric without a bottom",
        ),
        pytest.param(
            "entry_tier: growth",
            "entry_tier: gold",
            "entry_tier",
            "entry_tier: there is no tier gold; there are strategic, growth, self-serve",
            id="an entry tier that is not there",
        ),
        pytest.param(
            "growth: 45, ",
            "growth: 45, gold: 45, ",
            "gold: 45",
            "stalls.active.gold: there is no tier gold; there are strategic, growth, self-serve",
            id="patience with a tier that is not there",
        ),
        pytest.param(
            "growth: 45, ",
            "",
            "active: {",
            "stalls.active: tier growth has no number of days",
            id="a tier without patience",
        ),
        pytest.param(
            "tiers:\n",
            "tiers:\n  - {id: growth, title: Again, service: {cadence: Weekly, hours: 1}}\n",
            "id: growth\n",
            "tiers.growth.id: tier growth is declared twice",
            id="a tier twice",
        ),
        pytest.param(
            "- {id: extra_option,",
            "- {id: market,",
            "id: market\n",
            "scorecard.sections.fit.criteria.market.id: market is there already; an id stands for one thing only",
            id="a question that is called like a criterion",
        ),
        pytest.param(
            "    service: {cadence: Content track",
            "    cap: 10\n    service: {cadence: Content track",
            "cap: 10",
            "tiers.self-serve.cap: self-serve is the last and takes everyone who is left; remove it",
            id="a cap where everyone else goes",
        ),
        pytest.param(
            "fact: win_rate",
            "fact: employees",
            "fact: employees",
            "score.factors.conversion.fact: factor conversion rests on employees; a quarter is measured by won_revenue,"
            " sourced_pipeline, qualified_opportunities, progressed_opportunities, win_rate",
            id="a factor that no quarter measures",
        ),
        pytest.param(
            "  resell:\n    title: Transacts and owns procurement\n    targets: {qualified: 6, progressed: 3}\n",
            "",
            "types:\n",
            "types: resell has no targets; every type is held to its own",
            id="a partner type without targets",
        ),
        pytest.param(
            "timezone: UTC",
            "timezone: Berlin",
            "timezone",
            "calendar.clock.timezone: 'Berlin' is no time zone; write one of the IANA names, such as Europe/Berlin",
            id="a time zone nobody knows",
        ),
        pytest.param(
            "deferral_days: 90",
            "deferal_days: 90",
            "deferal_days",
            "deferal_days: unknown key; did you mean deferral_days?",
            id="a key nobody knows",
        ),
    ],
)
def test_a_program_that_does_not_hold_together_is_refused(
    folder: Path, old: str, new: str, mark: str, message: str
) -> None:
    file = folder / "program.yaml"
    text = file.read_text()
    assert old in text
    changed = text.replace(old, new, 1)
    file.write_text(changed)
    with pytest.raises(Unfit) as refusal:
        read_folder(folder)
    assert str(refusal.value) == f"{file}:{place(changed, mark)}: {message}"


def test_everything_wrong_with_a_program_is_said_at_once(folder: Path) -> None:
    file = folder / "program.yaml"
    file.write_text(file.read_text().replace("people: 4", "people: 0").replace("checkpoint_every: 7", "every: 7"))
    with pytest.raises(Unfit) as refusal:
        read_folder(folder)
    assert [fault.where for fault in refusal.value.faults] == ["pilot.every", "capacity.people"]


def test_nobody_is_owed_notice_where_nothing_is_said_of_it(default_program: LoadedProgram) -> None:
    rules = default_program.program.exit
    owed = {stage: rules.notice(stage).days for stage in (Stage.PILOT, Stage.ACTIVE, Stage.APPLIED)}
    assert owed == {Stage.PILOT: 14, Stage.ACTIVE: 30, Stage.APPLIED: 0}

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
            "    service: {cadence: Monthly group session, every: 30, hours: 7.5}\n",
            "",
            "id: growth",
            "tiers.growth.service: missing; add it",
            id="a tier without a service level",
        ),
        pytest.param(
            "{cadence: Monthly group session, every: 30, hours: 7.5}",
            "{hours: 7.5}",
            "service: {hours: 7.5}",
            "tiers.growth.service.cadence: missing; add it",
            id="a service level that says only what it costs",
        ),
        pytest.param(
            "factors:\n",
            f"factors:\n{TWO_MORE}",
            "factors:\n",
            "score.factors: the score has 7 factors; 3 to 5 are held",
            id="more than five factors in the score",
        ),
        pytest.param(
            "weight: 10, fact: win_rate",
            "weight: 15, fact: win_rate",
            "factors:\n",
            "score.factors: the weights of the score add up to 105 %, not 100 %"
            " (revenue 35 + creation 20 + progression 20 + conversion 15 + fit 15)",
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
            "tiers:\n  - {id: growth, title: Again, minimum_score: 60, service: {cadence: Weekly, hours: 60}}\n",
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
            " sourced_pipeline, qualified_opportunities, progressed_opportunities, win_rate, consistency; a scorecard"
            " rates capacity_score, fit_score, intent, intent_score, market, motion, operations, people, total_score",
            id="a factor that no quarter measures",
        ),
        pytest.param(
            "fact: fit_score, axis: potential",
            "fact: fit_score",
            "{id: fit, title: Fit with our market and motion, weight: 15",
            "score.factors.fit.axis: fit_score speaks of potential; write `axis: potential`",
            id="a rating among what was measured",
        ),
        pytest.param(
            "fact: win_rate",
            "fact: win_rate, axis: potential",
            "axis: potential, target: 0.6",
            "score.factors.conversion.axis: win_rate speaks of performance; write `axis: performance`",
            id="a measure among what was rated",
        ),
        pytest.param(
            "segments: [type]",
            "segments: [type, language]",
            "language",
            "score.segments.2: partners cannot be compared by language; there are type, region",
            id="a segment by what nobody knows",
        ),
        pytest.param(
            "  band: 2",
            "  ties: [employees]\n  band: 2",
            "employees",
            "score.ties.1: nothing supplies employees; a quarter is measured by won_revenue, sourced_pipeline,"
            " qualified_opportunities, progressed_opportunities, win_rate, consistency; a scorecard rates"
            " capacity_score, fit_score, intent, intent_score, market, motion, operations, people, total_score",
            id="a tie that nobody can break",
        ),
        pytest.param(
            "tiers: [growth, self-serve]}",
            "tiers: [growth, self-serve, gold]}",
            "gold",
            "capacity.people.Programme manager.tiers.3: there is no tier gold; there are strategic, growth, self-serve",
            id="somebody who looks after a tier that is not there",
        ),
        pytest.param(
            "tiers: [growth, self-serve]}",
            "tiers: [self-serve]}",
            "hours: 7.5",
            "tiers.growth.service.hours: growth takes 7.5 hours for one partner, and those who look after it have 0 to"
            " give: nobody could be in it; give it people, or less service",
            id="a tier that nobody looks after",
        ),
        pytest.param(
            "check-in, every: 91, hours: 0.2}",
            "check-in, every: 91, hours: 8}",
            "hours: 8}",
            "tiers.self-serve.service.hours: self-serve takes 8 hours, and growth above it 7.5; turn them around",
            id="a tier that receives more than the one above it",
        ),
        pytest.param(
            "minimum_score: 25",
            "minimum_score: 61",
            "minimum_score: 61",
            "tiers.growth.minimum_score: growth takes 61 points, and strategic above it 60; "
            "ask no more of growth, or more of strategic",
            id="a tier that takes a better score than the one above it",
        ),
        pytest.param(
            "hours: 39}",
            "hours: 40}",
            "touches:",
            "tiers.strategic.service.touches: they take 53 hours, and the service 52; make both the same",
            id="a service that does not add up",
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
    file.write_text(
        file.read_text().replace("kept_free: 20", "kept_free: 100").replace("checkpoint_every: 7", "every: 7")
    )
    with pytest.raises(Unfit) as refusal:
        read_folder(folder)
    assert [fault.where for fault in refusal.value.faults] == ["pilot.every", "capacity.kept_free"]


def test_nobody_is_owed_notice_where_nothing_is_said_of_it(default_program: LoadedProgram) -> None:
    rules = default_program.program.exit
    owed = {stage: rules.notice(stage).days for stage in (Stage.PILOT, Stage.ACTIVE, Stage.APPLIED)}
    assert owed == {Stage.PILOT: 14, Stage.ACTIVE: 30, Stage.APPLIED: 0}

"""What reviewers rate, and how it adds up."""

from collections.abc import Callable
from fractions import Fraction
from itertools import count, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from program.errors import Refused
from program.scorecard import FactValue, Rated, Scorecard, ScorecardForm
from rules.folder import LoadedProgram
from tests.world import a_scorecard

SHAPES = [[3], [1, 1, 1], [2, 1], [2, 2], [1, 3], [2, 1, 2], [1, 1, 1, 1, 1], [5]]
"""How many criteria each section of a form may have."""


def shares(parts: int) -> st.SearchStrategy[list[int]]:
    """Whole percents that add up to 100."""
    cuts = st.lists(st.integers(1, 99), min_size=parts - 1, max_size=parts - 1, unique=True)
    return cuts.map(lambda cuts: [end - start for start, end in pairwise([0, *sorted(cuts), 100])])


def a_criterion(name: str, weight: int) -> dict[str, Any]:
    return {"id": name, "title": name, "weight": weight, "rubric": {1: "None", 3: "Some", 5: "All"}}


@st.composite
def forms(draw: st.DrawFn) -> ScorecardForm:
    shape = draw(st.sampled_from(SHAPES))
    number = count()
    sections = [
        {
            "id": f"section_{index}",
            "title": "A section",
            "weight": weight,
            "criteria": [a_criterion(f"criterion_{next(number)}", share) for share in draw(shares(size))],
        }
        for index, (size, weight) in enumerate(zip(shape, draw(shares(len(shape))), strict=True))
    ]
    return ScorecardForm.model_validate({"minimum": 3, "disqualifiers": [], "risks": [], "sections": sections})


def rated(form: ScorecardForm, rating: Callable[[], int]) -> Scorecard:
    ratings = {criterion.id: Rated(rating=rating(), evidence="Seen") for criterion in form.criteria}
    return Scorecard(reviewer="Rita", ratings=ratings)


def exactly(score: FactValue) -> Fraction:
    assert score is not None
    return Fraction(score)


@given(st.data(), forms())
def test_every_score_is_exactly_the_weighted_mean_of_its_parts(data: st.DataObject, form: ScorecardForm) -> None:
    scorecard = rated(form, lambda: data.draw(st.integers(1, 5)))

    facts = form.roll_up(scorecard)

    means = {
        section.id: sum(Fraction(c.weight, 100) * scorecard.ratings[c.id].rating for c in section.criteria)
        for section in form.sections
    }
    assert {section: exactly(facts[f"{section}_score"]) for section in means} == means
    assert exactly(facts["total_score"]) == sum(Fraction(s.weight, 100) * means[s.id] for s in form.sections)
    assert all(1 <= mean <= 5 for mean in means.values())


@given(st.data(), forms())
def test_a_section_with_a_rating_missing_has_no_score_and_neither_has_the_whole(
    data: st.DataObject, form: ScorecardForm
) -> None:
    complete = rated(form, lambda: data.draw(st.integers(1, 5)))
    missing = data.draw(st.sampled_from(sorted(complete.ratings)))
    incomplete = complete.model_copy(update={"ratings": {n: r for n, r in complete.ratings.items() if n != missing}})

    facts, whole = form.roll_up(incomplete), form.roll_up(complete)

    lacking = next(section.id for section in form.sections if missing in [c.id for c in section.criteria])
    assert {name for name in facts if facts[name] != whole[name]} == {missing, f"{lacking}_score", "total_score"}
    assert facts[missing] is facts[f"{lacking}_score"] is facts["total_score"] is None


def test_what_nobody_was_asked_about_is_unknown_and_no_is_an_answer(default_program: LoadedProgram) -> None:
    form = default_program.program.scorecard
    facts = form.roll_up(a_scorecard(without=("unsound",), found={"discount_led": True}))
    assert (facts["unsound"], facts["discount_led"], facts["extra_option"]) == (None, True, False)


def test_an_empty_scorecard_knows_the_minima_and_nothing_else(default_program: LoadedProgram) -> None:
    facts = default_program.program.scorecard.roll_up(Scorecard(reviewer="Rita"))
    known = {name for name, value in facts.items() if value is not None}
    assert known == {
        "minimum_market",
        "minimum_motion",
        "minimum_intent_score",
        "minimum_capacity_score",
        "minimum_total_score",
    }
    assert default_program.program.scorecard.fact_names == facts.keys()


def a_form(*sizes: int, **changes: Any) -> dict[str, Any]:
    """A form whose first section takes what the others leave."""
    number = count()
    sections: list[dict[str, Any]] = [
        {
            "id": f"section_{index}",
            "title": "A section",
            "weight": 100 - 10 * (len(sizes) - 1) if index == 0 else 10,
            "criteria": [
                a_criterion(f"criterion_{next(number)}", 100 - 10 * (size - 1) if n == 0 else 10) for n in range(size)
            ],
        }
        for index, size in enumerate(sizes)
    ]
    return {"minimum": 3, "disqualifiers": [], "risks": [], "sections": sections} | changes


@pytest.mark.parametrize("sizes", [(3,), (1, 1, 1), (2, 3), (1, 2, 1, 1)])
def test_three_to_five_factors_can_be_weighed(sizes: tuple[int, ...]) -> None:
    assert len(ScorecardForm.model_validate(a_form(*sizes)).criteria) == sum(sizes)


@pytest.mark.parametrize("sizes", [(2,), (1, 1), (6,), (2, 2, 2)])
def test_fewer_factors_miss_something_and_more_are_a_debate(sizes: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError, match=rf"the scorecard has {sum(sizes)} factors; 3 to 5 can be weighed"):
        ScorecardForm.model_validate(a_form(*sizes))


def change(form: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The form with one value replaced, or taken away where it is None."""
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place: Any = form
    for step in way:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return form


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            "sections.0.weight",
            80,
            r"the weights of the scorecard add up to 90 %, not 100 % \(section_0 80 \+ section_1 10\)",
        ),
        (
            "sections.0.criteria.1.weight",
            15,
            r"the weights of section section_0 add up to 105 %, not 100 % \(criterion_0 90 \+ criterion_1 15\)",
        ),
        ("sections.0.criteria.0.weight", 0, "greater than 0"),
        ("sections.0.criteria.0.rubric.3", None, "the rubric of criterion_0 does not say what a 3 looks like"),
        ("sections.0.criteria.0.rubric", {3: "Some"}, "the rubric of criterion_0 does not say what a 1, 5 looks like"),
        ("sections.0.criteria.0.rubric.6", "More than all", "less than or equal to 5"),
        ("sections.0.criteria.1.id", "criterion_0", "criterion_0 is there already; an id stands for one thing only"),
        ("sections.1.id", "section_0", "section_0 is there already; an id stands for one thing only"),
        ("sections.0.id", "criterion_0", "criterion_0 is there already; an id stands for one thing only"),
        (
            "risks",
            [{"id": "criterion_2", "title": "A risk"}],
            "criterion_2 is there already; an id stands for one thing only",
        ),
        ("disqualifiers", [{"id": "d", "title": "One"}] * 2, "d is there already; an id stands for one thing only"),
        ("minimum", 6, "less than or equal to 5"),
    ],
)
def test_a_form_that_cannot_be_weighed_is_refused(path: str, value: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ScorecardForm.model_validate(change(a_form(2, 1), path, value))


def test_a_section_of_one_criterion_may_carry_its_name() -> None:
    form = ScorecardForm.model_validate(change(a_form(2, 1), "sections.1.id", "criterion_2"))
    assert {"criterion_2", "criterion_2_score"} <= form.fact_names


def test_a_scorecard_of_another_program_is_refused_naming_what_is_not_known(default_program: LoadedProgram) -> None:
    form = default_program.program.scorecard
    form.check(a_scorecard())
    with pytest.raises(Refused) as refusal:
        form.check(a_scorecard(charm=5, found={"unlucky": True}))
    assert str(refusal.value) == (
        "charm: no criterion of this program; it has intent, market, motion, operations, people; unlucky: not screened"
        " for in this program; it asks discount_led, excluded_segment, extra_option, not_legitimate, sells_substitute,"
        " unsound"
    )


@pytest.mark.parametrize(
    "answer",
    [
        {"rating": 0, "evidence": "Seen"},
        {"rating": 6, "evidence": "Seen"},
        {"rating": 3.5, "evidence": "Seen"},
        {"rating": 3},
        {"rating": 3, "evidence": "  "},
    ],
)
def test_a_rating_is_one_to_five_and_comes_with_its_evidence(answer: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"rating|evidence"):
        Scorecard.model_validate({"reviewer": "Rita", "ratings": {"market": answer}})

"""The scorecard: what a reviewer rates, and how ratings roll up to sections and to one score.

Weights are whole percents and ratings whole numbers, so every score is an exact decimal and is compared unrounded.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_serializer, model_validator

from program.decision import as_recorded
from program.errors import Misfits, Refused, Way

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Percent = Annotated[int, Field(gt=0, le=100)]
Rating = Annotated[int, Field(ge=1, le=5)]
FactValue = bool | int | Decimal | str | None
"""A fact as it is handed to a policy; None where nobody knows it."""

FEWEST_FACTORS, MOST_FACTORS = 3, 5
"""Three to five factors that predict revenue: fewer miss something, more turn every score into a debate."""


def check_weights(owner: str, weights: Sequence[tuple[str, int]], where: str) -> None:
    """Refuse weights that do not add up to 100 %; `where` is the field that holds what is weighed."""
    total = sum(weight for _, weight in weights)
    if total != 100:
        parts = " + ".join(f"{name} {weight}" for name, weight in weights)
        raise Misfits([((where,), f"the weights of {owner} add up to {total} %, not 100 % ({parts})")])


class Criterion(BaseModel):
    """One thing a reviewer rates from 1 to 5, by behaviour that can be observed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Identifier
    title: str
    weight: Percent
    """Its share of the section, in percent."""
    minimum: Decimal | None = Field(default=None, ge=1, le=5)
    rubric: dict[Rating, str]
    """What a 1, a 3 and a 5 look like."""

    @model_validator(mode="after")
    def _anchored(self) -> Self:
        missing = {1, 3, 5} - self.rubric.keys()
        if missing:
            unsaid = ", ".join(map(str, sorted(missing)))
            raise Misfits([(("rubric",), f"the rubric of {self.id} does not say what a {unsaid} looks like")])
        return self


class Section(BaseModel):
    """Criteria that are judged together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Identifier
    title: str
    weight: Percent
    """Its share of the total, in percent."""
    minimum: Decimal | None = Field(default=None, ge=1, le=5)
    criteria: list[Criterion] = Field(min_length=1)

    @model_validator(mode="after")
    def _weighed(self) -> Self:
        weights = [(criterion.id, criterion.weight) for criterion in self.criteria]
        check_weights(f"section {self.id}", weights, "criteria")
        return self


class Question(BaseModel):
    """Something to screen for: true counts against the partner."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Identifier
    title: str


class ScorecardForm(BaseModel):
    """The scorecard that every candidate of a program is run through."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    minimum: Decimal = Field(ge=1, le=5)
    """What the total has to reach."""
    disqualifiers: list[Question]
    risks: list[Question]
    sections: list[Section] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        check_weights("the scorecard", [(section.id, section.weight) for section in self.sections], "sections")
        if not FEWEST_FACTORS <= len(self.criteria) <= MOST_FACTORS:
            said = f"the scorecard has {len(self.criteria)} factors; {FEWEST_FACTORS} to {MOST_FACTORS} can be weighed"
            raise Misfits([(("sections",), said)])
        ids = [(name, way) for name, way in self._ids() if name not in self._single]
        twice = [(way, name) for number, (name, way) in enumerate(ids) if name in dict(ids[:number])]
        if twice:
            raise Misfits((way, f"{name} is there already; an id stands for one thing only") for way, name in twice)
        return self

    def _ids(self) -> Iterator[tuple[str, Way]]:
        """Every id, and the way to it."""
        for field, questions in (("disqualifiers", self.disqualifiers), ("risks", self.risks)):
            yield from ((question.id, (field, number, "id")) for number, question in enumerate(questions))
        for number, section in enumerate(self.sections):
            yield section.id, ("sections", number, "id")
            for place, criterion in enumerate(section.criteria):
                yield criterion.id, ("sections", number, "criteria", place, "id")

    @property
    def _single(self) -> set[str]:
        """Sections of one criterion may carry its name."""
        return {s.id for s in self.sections if len(s.criteria) == 1 and s.criteria[0].id == s.id}

    @property
    def questions(self) -> list[Question]:
        return [*self.disqualifiers, *self.risks]

    @property
    def criteria(self) -> list[Criterion]:
        return [criterion for section in self.sections for criterion in section.criteria]

    @property
    def minima(self) -> dict[str, FactValue]:
        """The facts that the form itself supplies: what ratings, sections and the total have to reach."""
        parts = [(criterion.id, criterion.minimum) for criterion in self.criteria]
        parts += [(f"{section.id}_score", section.minimum) for section in self.sections]
        return {f"minimum_{name}": minimum for name, minimum in [*parts, ("total_score", self.minimum)] if minimum}

    @property
    def fact_names(self) -> frozenset[str]:
        """Every fact that `roll_up` supplies."""
        return frozenset(self.roll_up(Scorecard(reviewer="nobody")))

    def missing(self, scorecard: "Scorecard", fact: str) -> list[str]:
        """What a scorecard would have to say for a fact that it leaves unknown, in words; nothing for others' facts.

        A section's score takes all its ratings, and the total takes all there are.
        """
        for question in self.questions:
            if question.id == fact and fact not in scorecard.screening:
                return [f"an answer to: {question.title}"]
        return [f"evidence for: {one.title}" for one in self.rated_for(fact) if one.id not in scorecard.ratings]

    def rated_for(self, fact: str) -> list[Criterion]:
        """The criteria whose ratings make up a fact; none for others' facts."""
        return [
            criterion
            for section in self.sections
            for criterion in section.criteria
            if fact in (criterion.id, f"{section.id}_score", "total_score")
        ]

    def check(self, scorecard: "Scorecard") -> None:
        """Refuse a scorecard that does not answer to this form.

        Raises:
            Refused: naming what it does not know.
        """
        known = {criterion.id for criterion in self.criteria}
        asked = {question.id for question in self.questions}
        faults = [
            f"{name}: no criterion of this program; it has {', '.join(sorted(known))}"
            for name in scorecard.ratings.keys() - known
        ]
        faults += [
            f"{name}: not screened for in this program; it asks {', '.join(sorted(asked))}"
            for name in scorecard.screening.keys() - asked
        ]
        if faults:
            raise Refused("; ".join(sorted(faults)))

    def roll_up(self, scorecard: "Scorecard") -> dict[str, FactValue]:
        """The facts a scorecard supplies: answers, ratings, section scores, the total, and the minima they meet.

        A section with a rating missing has no score, and then neither has the whole: unknown is not zero.
        """
        facts: dict[str, FactValue] = {question.id: scorecard.screening.get(question.id) for question in self.questions}
        scores: dict[str, Decimal | None] = {}
        for section in self.sections:
            for criterion in section.criteria:
                rated = scorecard.ratings.get(criterion.id)
                facts[criterion.id] = rated.rating if rated else None
            rated_parts = [
                (criterion.weight, scorecard.ratings[criterion.id].rating)
                for criterion in section.criteria
                if criterion.id in scorecard.ratings
            ]
            complete = len(rated_parts) == len(section.criteria)
            scores[section.id] = Decimal(sum(w * r for w, r in rated_parts)) / 100 if complete else None
            facts[f"{section.id}_score"] = scores[section.id]
        known = [(section.weight, scores[section.id]) for section in self.sections]
        facts["total_score"] = (
            None
            if any(score is None for _, score in known)
            else sum((weight * score for weight, score in known if score is not None), Decimal(0)) / 100
        )
        return facts | self.minima


Seen = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Reviewer = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Rated(BaseModel):
    """One rating and what it rests on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rating: Rating
    evidence: Seen
    """What was seen that makes it this rating; a rating without evidence is refused."""


class Scorecard(BaseModel):
    """A reviewer's answers about one candidate. What nobody knows yet is left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reviewer: Reviewer
    ratings: dict[Identifier, Rated] = {}
    screening: dict[Identifier, bool] = {}
    facts: dict[Identifier, FactValue] = {}
    """Further facts the program asks for, by name."""

    def renewed(self, newer: "Scorecard") -> "Scorecard":
        """The same with what a newer one says; what that leaves out stays."""
        parts = ("ratings", "screening", "facts")
        renewed = {part: getattr(self, part) | getattr(newer, part) for part in parts}
        return newer.model_copy(update=renewed)

    @field_serializer("facts", when_used="json")
    def _as_numbers(self, facts: dict[str, FactValue]) -> dict[str, Any]:
        """Decimals as numbers; as text, which is how pydantic writes them, they would come back as text."""
        return as_recorded(facts)

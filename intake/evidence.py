"""What is asked of partners beside their deals, and how a row of a sheet answers it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter

from intake.wording import quoted
from program.decision import as_recorded
from program.partner import PartnerId
from program.scorecard import FactValue, Rated, Rating, Reviewer, Scorecard, Seen
from rules.folder import LoadedProgram
from rules.language.facts import FactType
from rules.language.source import nearest

_FLAG: Final = FactType(type="flag")
_NUMBER: Final = FactType(type="decimal", places=6)
_TRUTH: Final = TypeAdapter(bool)


class Answer(BaseModel):
    """What somebody says of one thing that is asked of a partner."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: PartnerId
    owner: str = ""
    asked: str
    """A criterion, a question that is screened for, or further evidence, by its ID."""
    title: str = ""
    """The same in words. It is for whoever fills the sheet in, as the owner is, and is not looked at."""
    rating: Rating | None = None
    evidence: Seen | None = None
    value: Annotated[str, StringConstraints(max_length=200)] | None = None
    """Of what is not rated: true or false, a number, a choice."""
    rated_on: date | None = None
    """When it was so."""
    reviewer: Reviewer | None = None


@dataclass(frozen=True)
class Asked:
    """All that a program's scorecard asks for, by ID, and how a cell answers it."""

    program: LoadedProgram

    @cached_property
    def _rated(self) -> list[str]:
        return [criterion.id for criterion in self.program.program.scorecard.criteria]

    @cached_property
    def _questions(self) -> list[str]:
        return [question.id for question in self.program.program.scorecard.questions]

    @cached_property
    def _kinds(self) -> dict[str, list[FactType]]:
        """What may stand in the cell of everything that is not rated: what policies declare it to be.

        What is scored and no policy declares is a number, and what partners are compared by is whatever it is called.
        """
        score, policies = self.program.program.score, self.program.policies.values()
        weighed = score.facts - {*score.segments}
        kinds = {question: [_FLAG] for question in self._questions}
        for question in self.program.program.evidence:
            declared = [policy.facts[question.id] for policy in policies if question.id in policy.facts]
            kinds[question.id] = declared or ([_NUMBER] if question.id in weighed else [])
        return kinds

    def unfit(self, row: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """What is wrong with a row beside what is asked for, each with its field."""
        asked = row.get("asked")
        if not row.get("reviewer"):
            yield "reviewer", "nothing stands here; say who rates it, or give --by"
        if asked in self._rated:
            if "value" in row:
                yield "value", f"{asked} is rated; give a whole number from 1 to 5 under `rating`, and leave this empty"
            if "rating" not in row:
                yield "rating", "evidence without a rating; give a whole number from 1 to 5"
            if "evidence" not in row:
                yield "evidence", "a rating that rests on nothing; say what was seen"
        elif isinstance(asked, str) and asked in self._kinds:
            for name in sorted({"rating", "evidence"} & row.keys()):
                yield name, f"{asked} is not rated; leave this empty"
            try:
                self._value(asked, str(row.get("value", "")))
            except ValueError as error:
                yield "value", str(error)
        elif asked is not None:
            yield "asked", f"{quoted(asked)} is not asked for{nearest(str(asked), [*self._rated, *self._kinds])}"

    def _value(self, asked: str, cell: str) -> FactValue:
        """What a cell says.

        Raises:
            ValueError: saying what is expected.
        """
        value: FactValue = cell
        for kind in self._kinds[asked]:
            value = _read(kind, cell)
        return value

    def scorecard(self, reviewer: str, answers: Iterable[Answer]) -> Scorecard:
        """What a reviewer answers of one partner."""
        ratings, screening, facts = dict[str, Rated](), dict[str, bool](), dict[str, FactValue]()
        for one in answers:
            if one.rating is not None and one.evidence is not None:
                ratings[one.asked] = Rated(rating=one.rating, evidence=one.evidence)
                continue
            value = self._value(one.asked, one.value or "")
            if one.asked in self._questions:
                screening[one.asked] = bool(value)
            else:
                facts[one.asked] = value
        return Scorecard(reviewer=reviewer, ratings=ratings, screening=screening, facts=facts)


def _read(kind: FactType, cell: str) -> FactValue:
    try:
        if kind.type == "choice":
            said: FactValue = cell
        elif kind.type == "flag":
            said = _TRUTH.validate_python(cell)
        else:
            said = cell if cell.endswith("%") else Decimal(cell)
        value = kind.decode(kind.encode(said))
        as_recorded({"": value})
    except (ValueError, ArithmeticError):
        raise ValueError(f"{quoted(cell)} is not {kind.expected}; correct it") from None
    return value

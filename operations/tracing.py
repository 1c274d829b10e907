"""What one partner's score was made from, factor by factor, and which facts are behind each."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from activities.scoring import counts_instead
from operations.rescoring import Programs, foreseen
from operations.roster import Model
from program.calendar import Quarter
from program.definition import Program
from program.errors import Refused
from program.measures import MEASURES, counted
from program.opportunity import Opportunity
from program.pack import FactorResult, factor_results
from program.partner import PartnerId
from program.rescore import Gathered
from program.score import Score, ScoreModel
from rules.folder import LoadedProgram
from store.database import Transaction


class PartnerScore(Model):
    """A partner's score in a quarter."""

    partner: PartnerId
    name: str
    quarter: Quarter
    as_of: date
    known_at: datetime
    """By what was known at this instant."""
    score: Score
    rank: int
    of: int
    cut_tier: str
    """The tier that the score and the hours give."""
    factors: tuple[FactorResult, ...]
    quarters_active: int
    decision: int | None
    """About its move; None before the quarter is re-scored."""


@dataclass(frozen=True)
class Rating:
    """Something that was rated or recorded of a partner."""

    name: str
    value: Any
    evidence: str
    source: str
    """Who rated it, or where it was recorded."""
    true_of: date


@dataclass(frozen=True)
class Traced:
    """A partner's score, and how to find what is behind it."""

    found: PartnerScore
    model: ScoreModel
    program: Program

    def deals(self, tx: Transaction, fact: str) -> list[Opportunity]:
        """The deals that a measured fact was made from, as they were known then.

        Raises:
            Refused: where the score has no such fact.
        """
        self._check(fact)
        found = self.found
        known = tx.opportunities.of(found.partner, found.as_of, found.known_at)
        back = self.model.quarters
        return counted(fact, found.quarter, known, full_quarters=found.quarters_active, back=back)

    def ratings(self, tx: Transaction, fact: str) -> list[Rating]:
        """What was rated or recorded of it, where it is not measured: what was recorded since counts alone.

        Raises:
            Refused: where the score has no such fact.
        """
        self._check(fact)
        return [] if fact in MEASURES else list(self._rated(tx, fact))

    def _rated(self, tx: Transaction, fact: str) -> Iterator[Rating]:
        found = self.found
        day, scorecard = tx.scorecards.latest([found.partner], found.as_of, found.known_at).get(
            found.partner, (date.min, None)
        )
        rated = self.program.scorecard.roll_up(scorecard).get(fact) if scorecard else None
        recorded = tx.facts.of(found.partner, found.as_of, found.known_at).get(fact)
        if recorded and counts_instead(recorded, day, rated):
            yield Rating(fact, recorded.value, "", recorded.source, recorded.true_of)
        elif scorecard:
            for criterion in self.program.scorecard.rated_for(fact):
                if one := scorecard.ratings.get(criterion.id):
                    yield Rating(criterion.id, one.rating, one.evidence, scorecard.reviewer, day)

    def _check(self, fact: str) -> None:
        facts = [factor.fact for factor in self.found.factors]
        if fact not in facts:
            raise Refused(f"the score has no factor that counts {fact!r}; it counts {', '.join(facts)}")


def published_score(
    tx: Transaction, program_of: Callable[[str], LoadedProgram], quarter: Quarter, partner: PartnerId
) -> Traced:
    """A partner's score in a quarter that was re-scored.

    Raises:
        Refused: where the partner had no part in it.
    """
    name = tx.partners.get(partner).partner.name
    placed = tx.rescores.placed_of(quarter, [partner]).get(partner)
    if placed is None:
        raise Refused(
            f"{partner} had no part in {quarter}; `gatehouse roster ranking --quarter {quarter}` shows who had"
        )
    terms = tx.rescores.get(quarter)
    model = program_of(tx.rescores.weighed(quarter).by).program.score
    [move] = tx.rescores.moves(quarter, [partner])
    found = PartnerScore(
        partner=partner,
        name=name,
        quarter=quarter,
        as_of=terms.as_of,
        known_at=terms.known_at,
        score=placed.score,
        rank=placed.placement.rank,
        of=tx.rescores.count(quarter),
        cut_tier=placed.placement.tier,
        factors=_factors(model, placed.gathered, placed.score),
        quarters_active=placed.gathered.quarters_active,
        decision=move.decision,
    )
    return Traced(found, model, program_of(terms.program).program)


def coming_score(
    tx: Transaction, programs: Programs, quarter: Quarter, as_of: date, known_at: datetime, partner: PartnerId
) -> Traced:
    """The score that a partner would have if its quarter were re-scored by what is known; nothing is written.

    Raises:
        Refused: where the partner would have no part in it.
    """
    standing = tx.partners.get(partner)
    coming = foreseen(tx, programs, quarter, as_of, known_at)
    entrant = coming.entrants.get(partner)
    if entrant is None:
        since = f" since {standing.since}" if standing.since else ""
        raise Refused(
            f"{partner} is not scored in {quarter}: it is {standing.stage}{since}; who is active by {as_of} is scored"
        )
    placement = next(one for one in coming.cut.placements if one.partner == partner)
    model, score = programs.weighs.program.score, coming.scored[partner]
    found = PartnerScore(
        partner=partner,
        name=standing.partner.name,
        quarter=quarter,
        as_of=as_of,
        known_at=known_at,
        score=score,
        rank=placement.rank,
        of=len(coming.entrants),
        cut_tier=placement.tier,
        factors=_factors(model, entrant.gathered, score),
        quarters_active=entrant.gathered.quarters_active,
        decision=None,
    )
    return Traced(found, model, programs.program.program)


def _factors(model: ScoreModel, gathered: Gathered, score: Score) -> tuple[FactorResult, ...]:
    measured = gathered.measured
    facts: Mapping[str, Any] = measured.facts
    return tuple(factor_results(model.factors_of(measured.segment), facts, score, None))

"""What was decided so far and on what, and the draft of a program that decides it again."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from activities import gathering
from activities.scoring import cut_of, facts_of_move, ranked, rated_facts, scores, team
from operations.rescoring import decided_by
from program.calendar import Quarter
from program.decision import Decision, Ruling
from program.measures import MEASURES
from program.movement import STAY, Movement, TierRecord, eligibility_facts
from program.opportunity import Opportunity
from program.partner import PartnerId, Stage, Standing
from program.pilot import PilotTerms, achieved, week_of
from program.rescore import Entrant, Gathered, Move, Terms
from program.score import Measured, Score
from program.stall import Service
from program.tiers import Cut
from rules import redecide
from rules.decision.decide import Disagreement
from rules.folder import LoadedProgram, load_program
from rules.language.facts import FactError
from rules.lifecycle import STALL
from rules.redecide import Background, Incomparable, Ranked, terms_under
from store.database import Transaction

NOT_REMADE = (Incomparable, FactError, Disagreement)
"""Why a decision cannot be made again."""


@dataclass(frozen=True)
class Seen:
    """What is seen of a pilot on a day, whatever it was agreed on."""

    opportunities: list[Opportunity]
    accounts: int
    plays: int
    next_action: bool


@dataclass(frozen=True)
class Rescored:
    """A quarter's re-score, and its cut under the draft."""

    terms: Terms
    published_at: datetime | None
    moves: dict[PartnerId, Move]
    gathered: dict[PartnerId, Gathered]
    scores: dict[PartnerId, Score]
    cut: Cut
    last: dict[PartnerId, TierRecord] = field(default_factory=dict)
    """What the re-score before left of partners."""
    movement: dict[PartnerId, Mapping[str, Any]] = field(default_factory=dict)
    """The facts on which the draft decides moves; of partners whose tier it has."""
    then: dict[PartnerId, str | None] = field(default_factory=dict)
    """The tiers that the draft's moves lead to, None out of them; of partners whose move it can decide."""


class Past:
    """What was decided and on what, read once; and the draft that decides it again."""

    def __init__(self, tx: Transaction, draft: LoadedProgram) -> None:
        self.tx, self.draft = tx, draft
        self.standings = {standing.partner.id: standing for standing in tx.partners.roster()}
        self.decisions = dict(tx.decisions.listed())
        self.quarters = dict(self._rescores())
        self._scorecards = tx.scorecards.every()
        self._pilots = tx.pilots.every()
        self._active_since = tx.partners.entered(Stage.ACTIVE)
        self._programs: dict[str, LoadedProgram] = {}
        self._received: dict[tuple[date, datetime], dict[PartnerId, Service]] = {}
        self._rulings: dict[int, Ruling] = {}
        for rescored in self.quarters.values():
            self._move(rescored)

    def _rescores(self) -> Iterator[tuple[str, Rescored]]:
        """Every re-score that was begun, the first one first."""
        for name, published_at in self.tx.rescores.begun():
            quarter = Quarter.parse(name)
            terms = self.tx.rescores.get(quarter)
            moves = {move.partner: move for move in self.tx.rescores.moves(quarter)}
            entrants = self._entrants(terms, moves)
            scored = scores(self.draft.program.score, entrants)
            gathered = {partner: entrant.gathered for partner, entrant in entrants.items()}
            placed = self._cut(terms, entrants, scored)
            yield name, Rescored(terms, published_at, moves, gathered, scored, placed)

    def _entrants(self, terms: Terms, moves: Mapping[PartnerId, Move]) -> dict[PartnerId, Entrant]:
        """The roster as it stood before a re-score, with what the draft asks for of what was known then."""
        entrants = {}
        model = self.draft.program.score
        found = self.tx.rescores.entrants(terms.quarter)
        standings = [self.standings[partner] for partner in found]
        lacking = model.facts - {*MEASURES}
        rated = rated_facts(self.tx, self.draft.program, found, terms.as_of, terms.known_at) if lacking else {}
        for standing in standings:
            partner = standing.partner.id
            gathered = found[partner].gathered
            known = {name: value for name, value in rated.get(partner, {}).items() if name in lacking}
            facts = {**known, **gathered.measured.facts}
            segment = model.segment(standing.partner.type, standing.partner.region, facts)
            measured = Measured(segment=segment, facts=facts)
            entrants[partner] = Entrant(
                name=standing.partner.name,
                tier=moves[partner].came_from if partner in moves else standing.tier,
                gathered=Gathered(measured=measured, quarters_active=gathered.quarters_active),
            )
        return entrants

    def _cut(self, terms: Terms, entrants: Mapping[PartnerId, Entrant], scored: Mapping[PartnerId, Score]) -> Cut:
        program = self.draft.program
        eligible = decided_by(self.tx, self.draft, terms.as_of, terms.known_at)
        roster = ranked(program, program.score, entrants, scored, eligible)
        return cut_of(program, program.score, roster, team(program, terms.quarter, terms.away))

    def program(self, digest: str) -> LoadedProgram:
        """A program that something was decided under."""
        if digest not in self._programs:
            self._programs[digest] = load_program(self.tx.programs.files(digest))
        return self._programs[digest]

    def running(self) -> Iterator[tuple[Standing, PilotTerms]]:
        """The pilots that run, each with its terms."""
        for (partner, application, _), (terms, ended_on) in self._pilots.items():
            standing = self.standings[partner]
            if standing.stage == Stage.PILOT and standing.application == application and ended_on is None:
                yield standing, terms

    def ruling(self, number: int) -> Ruling:
        """What the draft decides in place of a decision; moves are asked for twice, as such and for the tiers.

        Raises:
            Incomparable, FactError, Disagreement: where it cannot be decided again.
        """
        if number not in self._rulings:
            decision = self.decisions[number]
            self._rulings[number] = redecide.redecide(self.draft, decision, self.background(decision))
        return self._rulings[number]

    def background(self, decision: Decision) -> Background:
        """What the record of a decision does not say; of what the draft alone asks for, what was known then."""
        standing = self.standings[decision.partner]
        scorecard, pilot = redecide.scorecard_of(decision), redecide.pilot_of(decision)
        background = Background(
            kind=standing.partner.type,
            scorecard=self._scorecards.get((decision.partner, *scorecard)) if scorecard else None,
            terms=self._pilots.get((decision.partner, *pilot), (None, None))[0] if pilot else None,
            tier=self._tier(standing, decision.known_at),
            service=self._services(decision.as_of, decision.known_at).get(decision.partner)
            if decision.policy == STALL
            else None,
            ranked=self.ranked(decision.partner, redecide.quarter_of(decision)),
        )
        lacking = redecide.lacking(self.draft, decision, background)
        if not lacking:
            return background
        found = self.recorded(decision.partner, decision.as_of, decision.known_at)
        if background.terms:
            terms = terms_under(self.draft, background.kind, background.terms)
            seen = self.seen(decision.partner, terms, decision.as_of, decision.known_at)
            weeks = terms.looked_back_on(redecide.week_of(decision))
            found |= progress(terms, decision.as_of, seen) | {
                redecide.WEEKS: [week_of(terms, week, seen.opportunities).model_dump() for week in weeks]
            }
        if decision.policy == STALL:
            found |= self._swept(standing, background.tier, decision)
        return replace(background, looked_up={name: found[name] for name in lacking & found.keys()})

    def _services(self, as_of: date, known_at: datetime) -> dict[PartnerId, Service]:
        """What everybody who was active received on a day, looked up once for a whole sweep."""
        if (as_of, known_at) not in self._received:
            own = {
                partner: (self._tier(self.standings[partner], known_at), max(begun))
                for partner, days in self._active_since.items()
                if (begun := [day for day in days if day <= as_of])
            }
            self._received[as_of, known_at] = gathering.services_of(self.tx, self.draft, own, as_of, known_at)
        return self._received[as_of, known_at]

    def _swept(self, standing: Standing, tier: str | None, decision: Decision) -> dict[str, Any]:
        """What a sweep would have seen of a partner outside a pilot, had it been asked for."""
        stood = self.tx.partners.stood(decision.partner, decision.as_of, decision.known_at)
        if stood is None:
            return {}
        then = standing.model_copy(update={"stage": stood.stage, "since": stood.since, "tier": tier})
        facts = gathering.of_roster(self.tx, self.draft, [then], decision.as_of, decision.known_at)
        return {name: value for group in facts.get(decision.partner, {}).values() for name, value in group.items()}

    def recorded(self, partner: PartnerId, as_of: date, known_at: datetime) -> dict[str, Any]:
        """The facts that were recorded about a partner."""
        return {name: known.value for name, known in self.tx.facts.of(partner, as_of, known_at).items()}

    def seen(self, partner: PartnerId, terms: PilotTerms, as_of: date, known_at: datetime) -> Seen:
        """What is seen of a pilot on a day."""
        opportunities = self.tx.opportunities.of(partner, as_of, known_at, terms.started_on)
        return Seen(opportunities, *self.tx.preparation.counts(partner, as_of))

    def _tier(self, standing: Standing, at: datetime) -> str | None:
        """The tier that a partner was in at an instant, as its re-scores say."""
        moves = [(q.published_at, q.moves.get(standing.partner.id)) for q in self.quarters.values()]
        known = [(published_at, move) for published_at, move in moves if published_at and move]
        before = [move for published_at, move in known if published_at <= at]
        if before:
            return before[-1].record.tier
        return known[0][1].came_from if known else standing.tier

    def _move(self, rescored: Rescored) -> None:
        """Decide everybody's move under the draft, in turn; who cannot be decided about keeps its tier."""
        came_from = Counter(move.came_from for move in rescored.moves.values())
        tiers = self.draft.program.tiers
        there = {tier.id for tier in tiers}
        movement = Movement(tiers, rescored.cut.team, came_from)
        for placement in sorted(rescored.cut.placements, key=lambda placement: placement.turn):
            move = rescored.moves.get(placement.partner)
            if move is None:
                continue
            last = rescored.last[placement.partner] = self._left_before(rescored, move)
            if last.tier not in there:
                continue
            facts = facts_of_move(movement, last, placement.tier, rescored.gathered[placement.partner])
            rescored.movement[placement.partner] = facts
            try:
                made = self.ruling(move.decision).outcome or STAY
            except NOT_REMADE:
                continue
            tier = movement.after(last, facts, made).tier
            rescored.then[placement.partner] = None if made == "exit" else tier

    def _left_before(self, rescored: Rescored, move: Move) -> TierRecord:
        """What the re-score before left of a partner."""
        terms, partner = rescored.terms, move.partner
        since = max((day for day in self._active_since.get(partner, []) if day <= terms.as_of), default=date.max)
        earlier = [q for name, q in self.quarters.items() if q.terms.published and name < str(terms.quarter)]
        before = earlier[-1].moves.get(partner) if earlier and since <= earlier[-1].terms.as_of else None
        return before.record if before else TierRecord(tier=move.came_from)

    def ranked(self, partner: PartnerId, quarter: Quarter | None) -> Ranked | None:
        """A partner in the re-score of a quarter, cut under the draft."""
        rescored = self.quarters.get(str(quarter))
        if rescored is None or partner not in rescored.moves:
            return None
        gathered = rescored.gathered[partner]
        return Ranked(
            last=rescored.last[partner],
            movement=rescored.movement.get(partner, {}),
            eligibility=eligibility_facts(rescored.scores[partner], gathered.measured.facts, gathered.quarters_active),
        )


def progress(terms: PilotTerms, as_of: date, seen: Seen) -> dict[str, Any]:
    """The facts of how a pilot stands, under its own terms or others."""
    return {
        **achieved(terms, as_of, seen.opportunities),
        "mapped_accounts": seen.accounts,
        "joint_plays": seen.plays,
        "next_action_open": seen.next_action,
    }

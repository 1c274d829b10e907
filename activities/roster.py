"""The quarterly re-score of the whole roster, page by page."""

import asyncio
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict
from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities import letters
from activities.deciding import Occasion, Shelf, decided, make
from activities.gate import tell_of_the_gate
from activities.scoring import away, cut_of, gather, ranked, scores, team
from program.calendar import Quarter
from program.notice import Notice
from program.partner import Partner, PartnerId, Stage
from program.score import Score, ScoreModel
from program.tiers import TierRecord, after_move, eligibility_facts, movement_facts
from rules.folder import LoadedProgram
from rules.lifecycle import ELIGIBILITY, MOVEMENT
from store.database import Store, Transaction
from store.rescores import Entrant, Move, Placed, Terms, Weighed

PAGE: Final = 250
"""Partners in one transaction: few enough to be short and to be told of, many enough to be quick."""

LIFECYCLE_ID: Final = "partner/{}"
"""The workflow ID of a partner's lifecycle."""

RESCORED: Final = "rescored"
"""The signal by which a lifecycle hears of its new tier."""


class RescoreBegin(BaseModel):
    """A quarter to be re-scored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quarter: Quarter
    as_of: date
    known_at: datetime


class Page(BaseModel):
    """Where a walk over the roster stands: the last partner it has seen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    terms: Terms
    after: str = ""
    seen: int = 0
    """How many it has seen."""

    def following(self, last: PartnerId) -> "Page":
        """The page after a full one that ended with some partner."""
        return Page(terms=self.terms, after=last, seen=self.seen + PAGE)


class Rescored(BaseModel):
    """A re-score that was published: how many partners each tier has, and how often each move was decided."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quarter: Quarter
    tiers: dict[str, int]
    moves: dict[str, int]


class TierMove(BaseModel):
    """What a lifecycle is told after a re-score."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quarter: Quarter
    tier: str
    leaves: bool = False
    because: str = ""


class Roster:
    """Re-scores."""

    def __init__(self, store: Store, shelf: Shelf, client: Client) -> None:
        self._store = store
        self._shelf = shelf
        self._client = client

    @activity.defn
    def evidence_due(self, quarter: Quarter) -> date:
        """The day until which evidence of a quarter is waited for."""
        first = quarter.next.first_day
        return first + timedelta(days=self._shelf.in_force(first).program.score.evidence_days)

    @activity.defn
    def begin_rescore(self, begin: RescoreBegin) -> Terms:
        """Note on what a quarter's re-score rests, or find what it was begun on."""
        program = self._shelf.in_force(begin.as_of)
        # Weights that change in a quarter's middle count from the next one on.
        earlier = self._shelf.was_in_force(begin.quarter.previous.first_day)
        by = self._shelf.was_in_force(begin.quarter.first_day) or program
        weighed = Weighed(by=by.digest, before=(earlier or by).digest)
        with self._store.write() as tx:
            terms = Terms(
                quarter=begin.quarter,
                as_of=begin.as_of,
                known_at=begin.known_at,
                program=program.digest,
                away=away(tx, begin.quarter),
            )
            return tx.rescores.begin(terms, weighed)

    @activity.defn
    def score_page(self, page: Page) -> Page | None:
        """Keep what the next partners are scored on; None after the last."""
        terms, program = page.terms, self._shelf.get(page.terms.program).program
        with self._store.write() as tx:
            standings = tx.partners.page([Stage.ACTIVE], page.after, PAGE)
            models = self._models(tx.rescores.weighed(terms.quarter))
            gathered = gather(tx, program, models, terms.quarter, terms.as_of, terms.known_at, standings)
            tx.rescores.gather(terms.quarter, gathered)
        activity.heartbeat(page.after)
        return page.following(standings[-1].partner.id) if len(standings) == PAGE else None

    def _models(self, weighed: Weighed) -> list[ScoreModel]:
        """The weights that hold, and those of the quarter before."""
        return [self._shelf.get(digest).program.score for digest in (weighed.by, weighed.before)]

    @activity.defn
    def cut_tiers(self, terms: Terms) -> None:
        """Score and rank the whole roster, and hand out the hours from the top."""
        program = self._shelf.get(terms.program)
        with self._store.read() as tx:
            entrants = tx.rescores.entrants(terms.quarter)
            model = self._models(tx.rescores.weighed(terms.quarter))[0]
        scored = scores(model, entrants)
        eligible = self._eligible(terms, program, entrants, scored)
        roster = ranked(program.program, model, entrants, scored, lambda partner, *_: eligible.get(partner))
        placed = cut_of(program.program, model, roster, team(program.program, terms.quarter, terms.away))
        with self._store.write() as tx:
            tx.rescores.place(terms.quarter, placed.placements, scored)

    def _eligible(
        self, terms: Terms, program: LoadedProgram, entrants: Mapping[str, Entrant], scored: Mapping[str, Score]
    ) -> dict[PartnerId, str | None]:
        """Up to which tier each partner is eligible, where the program has a policy that says so."""
        if ELIGIBILITY not in program.policies:
            return {}
        found: dict[PartnerId, str | None] = {}
        partners = list(entrants)
        for start in range(0, len(partners), PAGE):
            with self._store.write() as tx:
                for partner in partners[start : start + PAGE]:
                    gathered = entrants[partner].gathered
                    facts = eligibility_facts(scored[partner], gathered.measured.facts, gathered.quarters_active)
                    occasion = Occasion(partner, f"rescore-{terms.quarter}", terms.as_of, terms.known_at)
                    source = {f"re-score {terms.quarter}": facts}
                    _, decision = make(tx, program, ELIGIBILITY, occasion, source, settle=True)
                    found[partner] = decision.ruling.outcome
        return found

    @activity.defn
    def move_page(self, page: Page) -> Page | None:
        """Decide the next partners' moves; None after the last."""
        terms, program = page.terms, self._shelf.get(page.terms.program)
        with self._store.write() as tx:
            placed = tx.rescores.placed(terms.quarter, page.after, PAGE)
            records = tx.rescores.last_records([p.partner for p in placed], terms.quarter)
            standings = tx.partners.several(p.partner for p in placed)
            courses = []
            for place in placed:
                if place.decided:
                    continue  # what it was decided on may have changed by now: its tier, once it is published
                standing = standings[place.partner]
                last = records.get(place.partner) or TierRecord(tier=standing.tier or program.program.entry_tier)
                moved = int(place.gathered.measured.facts["moved_opportunities"] or 0)
                active = place.gathered.quarters_active
                facts = movement_facts(program.program.tiers, last, place.placement.tier, moved, quarters_active=active)
                occasion = Occasion(place.partner, f"rescore-{terms.quarter}", terms.as_of, terms.known_at)
                decision = decided(tx, program, MOVEMENT, occasion, {f"re-score {terms.quarter}": facts})
                courses.append((last, facts, decision))
            numbers = tx.decisions.record_all([decision for _, _, decision in courses])
            moves = [
                Move(
                    partner=decision.partner,
                    move=move,
                    came_from=last.tier,
                    record=after_move(program.program.tiers, last, facts, move),
                    decision=number,
                )
                for number, (last, facts, decision) in zip(numbers, courses, strict=True)
                for move in [decision.ruling.outcome or "stay"]
            ]
            if moves:
                tx.rescores.move(terms.quarter, moves)
        activity.heartbeat(page.after)
        return page.following(placed[-1].partner) if len(placed) == PAGE else None

    @activity.defn
    def publish(self, terms: Terms) -> Rescored:
        """Make all moves count at once, and write what partners, and the program lead, have to be told."""
        with self._store.write() as tx:
            tx.rescores.publish(terms.quarter, terms.known_at)
            # To stay is nothing new, and who has to leave is told when notice is given.
            told = [move for move in tx.rescores.moves(terms.quarter) if move.move not in {"stay", "exit"}]
            for start in range(0, len(told), PAGE):
                page = {move.partner: move for move in told[start : start + PAGE]}
                placed = tx.rescores.placed_of(terms.quarter, page)
                for partner, standing in tx.partners.several(page).items():
                    if standing.stage == Stage.ACTIVE:  # else it was not moved: it leaves
                        notice = self._letter(tx, terms, standing.partner, page[partner], placed[partner])
                        tx.notices.write(notice, terms.known_at)
            tell_of_the_gate(tx, self._shelf.get(terms.program), terms)
            tiers, moves = tx.rescores.summary(terms.quarter)
            return Rescored(quarter=terms.quarter, tiers=tiers, moves=moves)

    def _letter(self, tx: Transaction, terms: Terms, partner: Partner, move: Move, placed: Placed) -> Notice:
        """What a partner is told of its move; of a warning, what would avert the next one."""
        program, [model, _] = self._shelf.get(terms.program).program, self._models(tx.rescores.weighed(terms.quarter))
        short, measured, averted_by = placed.placement.short, placed.gathered.measured, ""
        if move.move == "warn" and short:
            averted_by = letters.averts(model.factors_of(measured.segment), measured.facts, short)
        ruling = tx.decisions.get(move.decision).ruling
        return letters.tier_changed(
            partner, str(terms.quarter), program, move.record.tier, move.move, ruling, averted_by
        )

    @activity.defn
    async def tell_lifecycles(self, terms: Terms) -> int:
        """Signal the lifecycles whose tier changed or that have to leave; how many."""
        told = await asyncio.to_thread(self._changed, terms)
        for partner, move in told.items():
            try:
                await self._client.get_workflow_handle(LIFECYCLE_ID.format(partner)).signal(RESCORED, move)
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise  # who has left in the meantime needs no telling; anything else is tried again
            activity.heartbeat(partner)
        return len(told)

    def _changed(self, terms: Terms) -> dict[PartnerId, TierMove]:
        with self._store.read() as tx:
            # An old re-score may be run again: it concerns neither who has come back since nor who was moved on.
            tiers = {
                s.partner.id: s.tier for s in tx.partners.roster(Stage.ACTIVE) if s.since and s.since <= terms.as_of
            }
            return {
                move.partner: TierMove(
                    quarter=terms.quarter,
                    tier=move.record.tier,
                    leaves=move.move == "exit",
                    because=tx.decisions.get(move.decision).ruling.because,
                )
                for move in tx.rescores.moves(terms.quarter)
                if move.changed and tiers.get(move.partner) == move.record.tier
            }

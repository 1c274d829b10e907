"""The quarterly re-score of the whole roster, page by page."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Final

import structlog
from pydantic import BaseModel, ConfigDict
from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities import letters
from activities.deciding import Occasion, Shelf, decided
from activities.gate import tell_of_the_gate
from activities.scoring import away, facts_of_move, gather, left_before, ranked, team
from program.calendar import Quarter
from program.decision import Decision
from program.definition import Program
from program.errors import Refused
from program.movement import STAY, WARN, Movement, TierRecord, eligibility_facts
from program.notice import Notice
from program.partner import PartnerId, Stage
from program.rescore import Entrant, Move, Terms, Weighed
from program.score import Score, ScoreModel
from program.tiers import Scored, placed
from rules.folder import LoadedProgram
from rules.lifecycle import ELIGIBILITY, MOVEMENT
from store.database import Store, Transaction

log = structlog.get_logger("gatehouse.rescores")

PAGE: Final = 250
"""Partners in one transaction: few enough to be short and to be told of, many enough to be quick."""

STINT_SECONDS: Final = 1.0
"""For how long one activity goes from page to page."""

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


class RescorePublish(BaseModel):
    """A quarter whose moves are to count from an instant on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    terms: Terms
    at: datetime


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


def too_late(quarter: Quarter, later: Quarter) -> str:
    """Why a quarter cannot be re-scored any more."""
    return (
        f"{later} is re-scored already, and {quarter} would undo what was decided then; "
        f"`gatehouse report all --quarter {quarter}` says what it showed"
    )


def _refuse_too_late(tx: Transaction, terms: Terms) -> None:
    """Refuse a quarter that is not published after a later one was begun."""
    later = tx.rescores.later(terms.quarter)
    if later and not terms.published:
        raise Refused(too_late(terms.quarter, later))


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
        """Note on what a quarter's re-score rests, or find what it was begun on.

        Raises:
            Refused: where a later quarter was re-scored, and this one was not published before that.
        """
        program = self._shelf.in_force(begin.as_of)
        # Weights that change in a quarter's middle count from the next one on.
        earlier = self._shelf.was_in_force(begin.quarter.previous.first_day)
        by = self._shelf.was_in_force(begin.quarter.first_day) or program
        weighed = Weighed(by=by.digest, before=(earlier or by).digest)
        with self._store.write() as tx:
            tx.rescores.let_in()
            terms = Terms(
                quarter=begin.quarter,
                as_of=begin.as_of,
                known_at=begin.known_at,
                program=program.digest,
                away=away(tx, begin.quarter),
            )
            found = tx.rescores.begin(terms, weighed)
            _refuse_too_late(tx, found)
            tx.rescores.refresh_statistics()
            return found

    @activity.defn
    def score_page(self, page: Page) -> Page | None:
        """Keep what the next partners are scored on; None after the last."""
        return _for_a_while(page, self._gather)

    def _gather(self, page: Page) -> Page | None:
        terms, program = page.terms, self._shelf.get(page.terms.program).program
        with self._store.write() as tx:
            standings = tx.partners.page([Stage.ACTIVE], page.after, PAGE)
            models = self._models(tx.rescores.weighed(terms.quarter))
            gathered = gather(tx, program, models, terms.quarter, terms.as_of, terms.known_at, standings)
            tx.rescores.gather(terms.quarter, gathered)
        return page.following(standings[-1].partner.id) if len(standings) == PAGE else None

    def _models(self, weighed: Weighed) -> list[ScoreModel]:
        """The weights that hold, and those of the quarter before."""
        return [self._shelf.get(digest).program.score for digest in (weighed.by, weighed.before)]

    @activity.defn
    def cut_tiers(self, terms: Terms) -> None:
        """Score and rank the whole roster, and hand out the hours from the top.

        It is gone through page by page, and all that is kept of everybody at once is what ranks them.
        """
        if terms.published:
            return  # the tiers that partners stood in then are not on record any more
        program = self._shelf.get(terms.program)
        with self._store.read() as tx:
            model = self._models(tx.rescores.weighed(terms.quarter))[0]
        scale = model.scale(one.gathered.measured for page in self._entrants(terms) for one in page.values())
        roster: list[Scored] = []
        for page in self._entrants(terms):
            scored = {partner: scale.score(entrant.gathered.measured) for partner, entrant in page.items()}
            with self._store.write() as tx:
                eligible = self._eligible(tx, terms, program, page, scored)
                tx.rescores.score(terms.quarter, scored)
            roster += ranked(program.program, model, page, scored, lambda partner, *_, of=eligible: of.get(partner))
        hours = team(program.program, terms.quarter, terms.away)
        placements = placed(roster, program.program.tiers, hours, model.band)
        with self._store.write() as tx:
            while some := [*islice(placements, PAGE)]:
                tx.rescores.place(terms.quarter, some)
                activity.heartbeat(some[-1].rank)
            tx.rescores.refresh_statistics()

    def _entrants(self, terms: Terms) -> Iterator[dict[PartnerId, Entrant]]:
        """Those who are ranked, page by page."""
        after = ""
        while True:
            with self._store.read() as tx:
                page = tx.rescores.entrants(terms.quarter, after, PAGE)
            if not page:
                return
            yield page
            after = [*page][-1]
            activity.heartbeat(after)

    def _eligible(
        self,
        tx: Transaction,
        terms: Terms,
        program: LoadedProgram,
        entrants: Mapping[PartnerId, Entrant],
        scored: Mapping[PartnerId, Score],
    ) -> dict[PartnerId, str | None]:
        """Up to which tier each partner is eligible, where the program has a policy that says so."""
        if ELIGIBILITY not in program.policies:
            return {}
        purpose = f"rescore-{terms.quarter}"
        made, fresh = tx.decisions.made(ELIGIBILITY, terms.as_of, purpose, [*entrants]), []
        for partner, entrant in entrants.items():
            if partner not in made:
                measured, active = entrant.gathered.measured, entrant.gathered.quarters_active
                source = {f"re-score {terms.quarter}": eligibility_facts(scored[partner], measured.facts, active)}
                occasion = Occasion(partner, purpose, terms.as_of, terms.known_at)
                fresh.append(decided(tx, program, ELIGIBILITY, occasion, source, settle=True))
        tx.decisions.record_all(fresh)
        return made | {one.partner: one.ruling.outcome for one in fresh}

    @activity.defn
    def move_page(self, page: Page) -> Page | None:
        """Decide the next partners' moves, in turn; None after the last."""
        terms, program = page.terms, self._shelf.get(page.terms.program).program
        movement = Movement(program.tiers, team(program, terms.quarter, terms.away))
        return _for_a_while(page, lambda page: self._move(page, movement))

    def _move(self, page: Page, movement: Movement) -> Page | None:
        terms, program = page.terms, self._shelf.get(page.terms.program)
        source = f"re-score {terms.quarter}"
        with self._store.write() as tx:
            # Who was decided about is left out: its tier may have changed by now, once it is published.
            candidates = tx.rescores.undecided(terms.quarter, page.after, PAGE)
            records = tx.rescores.last_records([one.partner for one in candidates], terms.quarter)
            lasts = [left_before(program.program, records, one.partner, one.tier) for one in candidates]
            if any(movement.rises(last.tier, one.cut_tier) for last, one in zip(lasts, candidates, strict=True)):
                movement.count(lambda: tx.rescores.holders(terms.quarter, program.program.entry_tier))
            courses: list[tuple[TierRecord, TierRecord, Decision]] = []
            for last, one in zip(lasts, candidates, strict=True):
                facts = facts_of_move(movement, last, one.cut_tier, one.gathered)
                occasion = Occasion(one.partner, f"rescore-{terms.quarter}", terms.as_of, terms.known_at)
                decision = decided(tx, program, MOVEMENT, occasion, {source: facts})
                courses.append((last, movement.after(last, facts, decision.ruling.outcome or STAY), decision))
            numbers = tx.decisions.record_all([decision for _, _, decision in courses])
            moves = [
                Move(
                    partner=decision.partner,
                    move=decision.ruling.outcome or STAY,
                    came_from=last.tier,
                    record=left,
                    decision=number,
                )
                for number, (last, left, decision) in zip(numbers, courses, strict=True)
            ]
            tx.rescores.move(terms.quarter, moves)
        return page.following(candidates[-1].partner) if len(candidates) == PAGE else None

    @activity.defn
    def publish(self, publish: RescorePublish) -> Rescored:
        """Make all moves count at once, and write what partners, and the program lead, have to be told.

        Raises:
            Refused: where this one was held up, and a later quarter was re-scored meanwhile.
        """
        terms, at = publish.terms, publish.at
        program = self._shelf.get(terms.program)
        with self._store.write() as tx:
            _refuse_too_late(tx, tx.rescores.get(terms.quarter))
            # Who has come back since it was published is not told of what it missed, whoever asks for it once more.
            if tx.rescores.publish(terms.quarter, at):
                self._tell(tx, program, terms, at)
            tiers, counted = tx.rescores.summary(terms.quarter)
            return Rescored(quarter=terms.quarter, tiers=tiers, moves=counted)

    def _tell(self, tx: Transaction, program: LoadedProgram, terms: Terms, at: datetime) -> None:
        """Write to everyone whose tier changed or who is warned, and of a gate that declines nobody."""
        model = self._models(tx.rescores.weighed(terms.quarter))[0]
        after = ""
        while moves := tx.rescores.moves_to_tell(terms.quarter, after, PAGE):
            tx.notices.write_all(_letters(tx, program.program, model, terms.quarter, moves), at)
            after = moves[-1].partner
            activity.heartbeat(after)
        tell_of_the_gate(tx, program, terms, at)

    @activity.defn
    async def tell_lifecycles(self, terms: Terms) -> int:
        """Signal the lifecycles whose tier changed or that have to leave; how many."""
        told, after = 0, ""
        while page := await asyncio.to_thread(self._changed, terms, after):
            for after, move in page.items():
                try:
                    await self._client.get_workflow_handle(LIFECYCLE_ID.format(after)).signal(RESCORED, move)
                except RPCError as error:
                    if error.status is not RPCStatusCode.NOT_FOUND:
                        raise  # it is tried again
                    # Who has left in the meantime needs no telling; else its lifecycle is lost, and `apply` finds it.
                    log.warning("lifecycle.not-there", partner=after, quarter=str(terms.quarter))
                activity.heartbeat(after)
            told += len(page)
        return told

    def _changed(self, terms: Terms, after: PartnerId) -> dict[PartnerId, TierMove]:
        """What the next lifecycles are told, by ID."""
        with self._store.read() as tx:
            moves = tx.rescores.changes(terms.quarter, terms.as_of, after, PAGE)
            decisions = tx.decisions.several([move.decision for move in moves])
        return {
            move.partner: TierMove(
                quarter=terms.quarter,
                tier=move.record.tier,
                leaves=move.move == "exit",
                because=decisions[move.decision].ruling.because,
            )
            for move in moves
        }


def _for_a_while(page: Page, act: Callable[[Page], Page | None]) -> Page | None:
    """Go on from page to page for a moment: each is a transaction of its own, few are events of the history."""
    until = time.monotonic() + STINT_SECONDS
    following = act(page)
    while following and time.monotonic() < until:
        activity.heartbeat(following.after)
        following = act(following)
    return following


def _letters(
    tx: Transaction, program: Program, model: ScoreModel, quarter: Quarter, moves: Sequence[Move]
) -> list[Notice]:
    """What some partners are told of their moves; of a warning, what would avert the next one."""
    partners = [move.partner for move in moves]
    placed, standings = tx.rescores.placed_of(quarter, partners), tx.partners.several(partners)
    decisions = tx.decisions.several([move.decision for move in moves])
    written = []
    for move in moves:
        one, averted_by = placed[move.partner], ""
        measured, short = one.gathered.measured, one.placement.short
        if move.move == WARN and short:
            averted_by = letters.averts(model.factors_of(measured.segment), measured.facts, short)
        partner, ruling = standings[move.partner].partner, decisions[move.decision].ruling
        written.append(
            letters.tier_changed(partner, str(quarter), program, move.record.tier, move.move, ruling, averted_by)
        )
    return written

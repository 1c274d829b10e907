"""The quarterly packs: what a re-score found of each partner, beside the quarter before, and what follows of it."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from activities.roster import PAGE
from activities.scoring import Eligible, ranked, team
from operations.roster import recorded_eligibility
from program.calendar import Quarter
from program.definition import Program
from program.errors import Refused
from program.factor import Axis
from program.movement import WARN
from program.pack import AgreedAction, AxisResult, Move, Pack, Raise, Standing, factor_results, raised_by
from program.partner import PartnerId, Stage
from program.partner import Standing as Stands
from program.rescore import Move as Decided
from program.rescore import Placed
from program.score import ScoreModel
from program.serving import ServiceOverride
from program.tiers import Scored, in_reach, takes
from program.touch import Touch
from rules.folder import LoadedProgram
from rules.lifecycle import ELIGIBILITY
from store.database import Store, Transaction

ProgramOf = Callable[[str], LoadedProgram]
"""The program of a digest."""


def packs(
    store: Store, program_of: ProgramOf, today: date, quarter: Quarter | None = None, partner: PartnerId | None = None
) -> list[Pack]:
    """The packs of a published quarter, of everybody who is active still or of one; the last one if none is named.

    Raises:
        Refused: where the quarter was not re-scored, or the partner had no part in it.
    """
    with store.read() as tx:
        asked = [tx.partners.get(partner)] if partner else tx.partners.roster(Stage.ACTIVE)
        review = _review(tx, program_of, quarter, [standing.partner.id for standing in asked])
        chosen = [s for s in asked if s.stage == Stage.ACTIVE and s.partner.id in review.now.placed]
        if not chosen:
            who = f"{partner} had no part in it, or is not active any more" if partner else "nobody of it is active"
            raise Refused(f"{review.quarter} was re-scored, and {who}; `gatehouse partner list` shows who stands where")
        return [_pack(review, standing, tx, today) for standing in chosen]


@dataclass(frozen=True)
class _Scored:
    """A quarter as it was re-scored, and what it found of those that are asked for."""

    model: ScoreModel
    program: Program
    placed: Mapping[PartnerId, Placed]
    decided: Mapping[PartnerId, Decided]
    of: int
    """How many partners were ranked."""


@dataclass(frozen=True)
class _Review:
    """What all packs of a quarter have in common."""

    quarter: Quarter
    now: _Scored
    before: _Scored | None
    takes: Mapping[PartnerId, Mapping[str, Decimal | None]]
    """By the tiers in which partners stand today."""
    touches: Mapping[PartnerId, Sequence[Touch]]
    actions: Mapping[PartnerId, Sequence[AgreedAction]]
    overrides: Mapping[PartnerId, Sequence[ServiceOverride]]


def _review(
    tx: Transaction, program_of: ProgramOf, quarter: Quarter | None, partners: Collection[PartnerId]
) -> _Review:
    published = tx.rescores.published()
    if quarter is None and published:
        quarter = published[-1]
    if quarter is None or quarter not in published:
        asked = f"{quarter} was not re-scored" if quarter else "no quarter was re-scored"
        raise Refused(f"{asked} and published; `gatehouse rescore` does it once a quarter is over")
    now = _scored(tx, program_of, quarter, partners)
    earlier = [one for one in published if str(one) < str(quarter)]
    terms = tx.rescores.get(quarter)
    hours = team(now.program, quarter, terms.away)
    roster = _roster(tx, now, quarter, recorded_eligibility(tx, program_of(terms.program), quarter), partners)
    return _Review(
        quarter=quarter,
        now=now,
        before=_scored(tx, program_of, earlier[-1], partners) if earlier else None,
        takes=takes(roster, now.program.tiers, hours, now.model.band, now.of - len(roster)),
        touches=tx.touches.of(now.placed, quarter.first_day, quarter.last_day),
        actions=tx.preparation.actions(now.placed),
        overrides=tx.serving.of(now.placed),
    )


def _roster(
    tx: Transaction, scored: _Scored, quarter: Quarter, eligible: Eligible, partners: Collection[PartnerId]
) -> list[Scored]:
    """Everybody as the hours would be handed out today, with what ranks them and no more: a roster may be large.

    For one partner's sake it is those alone whom a tier above the last might take.
    """
    program, model, after = scored.program, scored.model, ""
    alone = next(iter(partners)) if len(partners) == 1 else None
    least = in_reach(program.tiers, model.band) if alone else Decimal(0)
    roster: list[Scored] = []
    while True:
        page, scores = tx.rescores.contenders(quarter, least, alone, after, PAGE)
        if not page:
            return roster
        roster += ranked(program, model, page, scores, eligible)
        after = [*page][-1]


def _scored(tx: Transaction, program_of: ProgramOf, quarter: Quarter, partners: Collection[PartnerId]) -> _Scored:
    return _Scored(
        model=program_of(tx.rescores.weighed(quarter).by).program.score,
        program=program_of(tx.rescores.get(quarter).program).program,
        placed=tx.rescores.placed_of(quarter, partners),
        decided={one.partner: one for one in tx.rescores.moves(quarter, partners)},
        of=tx.rescores.count(quarter),
    )


def _pack(review: _Review, standing: Stands, tx: Transaction, today: date) -> Pack:
    now, partner = review.now, standing.partner.id
    placed = now.placed[partner]
    segment, facts = placed.gathered.measured.segment, placed.gathered.measured.facts
    factors = now.model.factors_of(segment)
    then = review.before.placed.get(partner) if review.before else None
    tiers = now.program.tiers
    index = next((n for n, tier in enumerate(tiers) if tier.id == standing.tier), len(tiers) - 1)
    earlier = None
    if review.before and then:
        measured = then.gathered.measured
        earlier = (review.before.model.factors_of(measured.segment), measured.facts, then.score)
    return Pack(
        partner=standing.partner,
        quarter=review.quarter,
        written_on=today,
        segment=", ".join(segment),
        tier=tiers[index],
        override=next((one for one in review.overrides[partner] if one.holds(today)), None),
        now=Standing(score=placed.score, rank=placed.placement.rank, of=now.of),
        before=Standing(score=then.score, rank=then.placement.rank, of=review.before.of)
        if review.before and then
        else None,
        axes=tuple(_axes(now.model, placed, then)),
        factors=tuple(factor_results(factors, facts, placed.score, earlier)),
        reweighed=review.before is not None and review.before.model != now.model,
        move=_move(review, partner, tx),
        next_tier=_raise(review, partner, index, tx),
        keeps=_keeps(review, partner),
        touches=tuple(review.touches[partner]),
        actions=tuple(review.actions[partner]),
    )


def _axes(model: ScoreModel, now: Placed, before: Placed | None) -> Iterator[AxisResult]:
    for axis, colours in ((Axis.PERFORMANCE, model.performance), (Axis.POTENTIAL, model.potential)):
        span = getattr(now.score, axis)
        earlier = getattr(before.score, axis) if before else None
        yield AxisResult(axis=axis, now=span, colour=colours.of(span), before=earlier)


def _move(review: _Review, partner: PartnerId, tx: Transaction) -> Move | None:
    decided = review.now.decided.get(partner)
    if decided is None:
        return None
    titles = {tier.id: tier.title for tier in review.now.program.tiers}
    ruling = tx.decisions.get(decided.decision).ruling
    return Move(
        came_from=titles.get(decided.came_from, decided.came_from),
        to=titles.get(decided.record.tier, decided.record.tier),
        move=decided.move,
        because=ruling.because,
        advice=ruling.advice,
    )


def _raise(review: _Review, partner: PartnerId, index: int, tx: Transaction) -> Raise | None:
    """What would bring a partner one tier up: nobody goes further at once."""
    if index == 0:
        return None
    now, tier = review.now, review.now.program.tiers[index - 1]
    placed = now.placed[partner]
    measured = placed.gathered.measured
    takes_least = review.takes[partner][tier.id]
    barred = _barred(review, partner, index, tx) if takes_least is None else ""
    return raised_by(tier, takes_least, now.model.factors_of(measured.segment), measured.facts, placed.score, barred)


def _barred(review: _Review, partner: PartnerId, index: int, tx: Transaction) -> str:
    """Why the policy allows a partner no tier above the one it stands in; nothing where it does."""
    occasion = tx.rescores.get(review.quarter).as_of, f"rescore-{review.quarter}"
    found = tx.decisions.find(partner, ELIGIBILITY, *occasion)
    higher = {tier.id for tier in review.now.program.tiers[:index]}
    return found[1].ruling.because if found and found[1].ruling.outcome not in {*higher, None} else ""


def _keeps(review: _Review, partner: PartnerId) -> Raise | None:
    """What would have averted that a partner was warned for its score: what its letter says."""
    now, decided = review.now, review.now.decided.get(partner)
    placed = now.placed[partner]
    short = placed.placement.short
    if decided is None or decided.move != WARN or not short:
        return None
    tier = next(tier for tier in now.program.tiers if tier.id == decided.record.tier)
    measured = placed.gathered.measured
    return raised_by(
        tier, placed.score.low + short, now.model.factors_of(measured.segment), measured.facts, placed.score
    )

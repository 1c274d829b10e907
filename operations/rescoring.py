"""What a re-score would say, be its quarter over or not; nothing is written."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from activities.roster import PAGE
from activities.scoring import Eligible, away, cut_of, eligibility, gather, moves, ranked, scores, team
from operations.roster import Hanging, Model, TierHours, hanging, tier_hours
from program.calendar import Quarter
from program.definition import Program
from program.movement import STAY, TierRecord
from program.partner import PartnerId, Stage, Standing
from program.rescore import Entrant
from program.score import Score
from program.tiers import Cut, rank
from rules.folder import LoadedProgram
from rules.lifecycle import ELIGIBILITY, MOVEMENT
from store.database import Store, Transaction


class Mover(Model):
    """A partner that would move, or be warned."""

    partner: PartnerId
    move: str
    came_from: str
    to: str
    score: Decimal
    """The one that ranks it."""
    because: str


class Reweighed(Model):
    """A partner whose rank the changed weights change."""

    partner: PartnerId
    score_before: Decimal
    score: Decimal
    rank_before: int
    rank: int


class RescorePreview(Model):
    """What a quarter's re-score would say by what is known now."""

    quarter: Quarter
    as_of: date
    partners: int
    tiers: tuple[TierHours, ...]
    movers: tuple[Mover, ...]
    hanging: tuple[Hanging, ...]
    missing: dict[str, int]
    """Of how many partners nobody knows each fact."""
    reweighed: tuple[Reweighed, ...]
    """Where the quarter is the first one with its weights: whom that ranks otherwise."""


@dataclass(frozen=True)
class Programs:
    """The programs a re-score rests on: in force on its day, and whose weights hold now and held before."""

    program: LoadedProgram
    weighs: LoadedProgram
    weighed_before: LoadedProgram


def preview_rescore(
    store: Store, programs: Programs, quarter: Quarter, as_of: date, known_at: datetime
) -> RescorePreview:
    """What a quarter's re-score would say, be the quarter over or not."""
    program, weighs, before = programs.program, programs.weighs.program, programs.weighed_before.program
    with store.read() as tx:
        coming = foreseen(tx, programs, quarter, as_of, known_at)
        movers, after = _moves(program, coming, _recorded(tx, program, MOVEMENT, as_of, known_at))
    entrants, scored = coming.entrants, coming.scored
    now = Counter(entrant.tier or program.program.entry_tier for entrant in entrants.values())
    hours = {tier.id: after[tier.id] * tier.service.hours for tier in program.program.tiers}
    missing = Counter(fact for score in scored.values() for fact in score.missing)
    return RescorePreview(
        quarter=quarter,
        as_of=as_of,
        partners=len(entrants),
        tiers=tier_hours(program.program, now, after, hours),
        movers=movers,
        hanging=hanging(coming.cut, scored),
        missing=dict(missing.most_common()),
        reweighed=reweighed(weighs, before, entrants),
    )


@dataclass(frozen=True)
class Foreseen:
    """The roster as a re-score would rank and cut it."""

    entrants: Mapping[PartnerId, Entrant]
    records: Mapping[PartnerId, TierRecord]
    """What the re-score before left of each."""
    scored: Mapping[PartnerId, Score]
    cut: Cut


def foreseen(tx: Transaction, programs: Programs, quarter: Quarter, as_of: date, known_at: datetime) -> Foreseen:
    """How a re-score would rank and cut everybody by what is known."""
    program, model = programs.program, programs.weighs.program.score
    models = [model, programs.weighed_before.program.score]
    entrants, records = dict[PartnerId, Entrant](), dict[PartnerId, TierRecord]()
    for standings in pages(tx):
        gathered = gather(tx, program.program, models, quarter, as_of, known_at, standings)
        there = [standing for standing in standings if standing.partner.id in gathered]
        entrants |= {
            s.partner.id: Entrant(name=s.partner.name, tier=s.tier, gathered=gathered[s.partner.id]) for s in there
        }
        records |= tx.rescores.last_records([*gathered], quarter)
    scored = scores(model, entrants)
    roster = ranked(program.program, model, entrants, scored, decided_by(tx, program, as_of, known_at))
    found = cut_of(program.program, model, roster, team(program.program, quarter, away(tx, quarter)))
    return Foreseen(entrants, records, scored, found)


def pages(tx: Transaction) -> Iterator[list[Standing]]:
    """Everybody active, page by page: of their opportunities there are too many at once."""
    after = ""
    while page := tx.partners.page([Stage.ACTIVE], after, PAGE):
        yield page
        after = page[-1].partner.id


def decided_by(tx: Transaction, program: LoadedProgram, as_of: date, known_at: datetime) -> Eligible:
    """Up to which tier a partner is eligible, as a program's policy would say by what is known; nothing is recorded."""
    return eligibility(program, _recorded(tx, program, ELIGIBILITY, as_of, known_at))


def _recorded(
    tx: Transaction, program: LoadedProgram, policy: str, as_of: date, known_at: datetime
) -> Callable[[PartnerId], Mapping[str, Any]]:
    """What was recorded of a partner, where a policy asks for any evidence."""
    evidence = {question.id for question in program.program.evidence}
    if policy not in program.policies or evidence.isdisjoint(program.policies[policy].facts):
        return lambda _: {}
    return lambda partner: {name: one.value for name, one in tx.facts.of(partner, as_of, known_at).items()}


def _moves(
    program: LoadedProgram, coming: Foreseen, recorded: Callable[[PartnerId], Mapping[str, Any]]
) -> tuple[tuple[Mover, ...], Counter[str]]:
    """Who would move or be warned, and how many partners each tier would have."""
    movers, after = [], Counter[str]()
    made = moves(program, coming.cut, coming.entrants, coming.records, recorded)
    for partner, (last, ruling, left) in made.items():
        move, score = ruling.outcome or STAY, coming.scored[partner].low
        after[left.tier] += move != "exit"
        if move != STAY:
            movers.append(
                Mover(
                    partner=partner,
                    move=move,
                    came_from=last.tier,
                    to=left.tier,
                    score=score,
                    because=ruling.because,
                )
            )
    return tuple(movers), after


def reweighed(weighs: Program, before: Program, entrants: Mapping[PartnerId, Entrant]) -> tuple[Reweighed, ...]:
    """Whom changed weights rank otherwise, in the order of the new ranks."""
    if weighs.score == before.score:
        return ()
    new, old = (_by_rank(one, entrants) for one in (weighs, before))
    return tuple(
        Reweighed(partner=p, score_before=old[p][1], score=score, rank_before=old[p][0], rank=place)
        for p, (place, score) in new.items()
        if place != old[p][0]
    )


def _by_rank(weighs: Program, entrants: Mapping[PartnerId, Entrant]) -> dict[PartnerId, tuple[int, Decimal]]:
    in_order = rank(ranked(weighs, weighs.score, entrants, scores(weighs.score, entrants)))
    return {one.partner: (number, one.low) for number, one in enumerate(in_order, start=1)}


def published_difference(
    store: Store, quarter: Quarter, program_of: Callable[[str], LoadedProgram]
) -> tuple[Reweighed, ...]:
    """Whom the changed weights of a re-scored quarter ranked otherwise than those of the quarter before."""
    with store.read() as tx:
        weighed = tx.rescores.weighed(quarter)
        if weighed.by == weighed.before:
            return ()
        weighs, before = (program_of(digest).program for digest in (weighed.by, weighed.before))
        return reweighed(weighs, before, tx.rescores.entrants(quarter))

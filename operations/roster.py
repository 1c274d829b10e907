"""What the team's hours carry, and what a re-score would say; nothing is written."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from activities.scoring import Eligible, anybody, cut_of, gather, ranked, scores, team
from program.calendar import Quarter
from program.decision import as_recorded
from program.definition import Program
from program.errors import Refused
from program.partner import PartnerId, Stage, Standing
from program.score import Score, ScoreModel
from program.tiers import Cut, Scored, TierRecord, after_move, eligibility_facts, movement_facts, rank
from rules.decision.decide import decide
from rules.folder import LoadedProgram
from rules.lifecycle import ELIGIBILITY, MOVEMENT
from store.database import Store, Transaction
from store.rescores import EVERYONE, Entrant, Gathered, Placed


class Model(BaseModel):
    """What all parts of a report share."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TierHours(Model):
    """A tier's partners and hours, as they stand and as the team's hours carry them."""

    tier: str
    partners_now: int
    hours_now: Decimal
    partners: int
    hours: Decimal


class PersonHours(Model):
    """What somebody has to give, and to which tiers it goes."""

    name: str
    to_give: Decimal
    by_tier: dict[str, Decimal]
    slack: Decimal


class NextHour(Model):
    """What the next hours of those who look after a tier would buy."""

    tier: str
    hours: Decimal
    partner: PartnerId
    """Who would rise."""


class Change(Model):
    """A partner whose tier would be another."""

    partner: PartnerId
    came_from: str
    to: str


class Absent(Model):
    """What it costs if somebody is away for the whole quarter."""

    name: str
    falls: tuple[Change, ...]
    short: Decimal
    """The hours that the last tier's own service would lack."""


class Hanging(Model):
    """A partner whose tier hangs on what nobody knows of it."""

    partner: PartnerId
    tier: str
    tier_at_best: str
    ranks: tuple[int, int]
    missing: tuple[str, ...]


class CapacityReport(Model):
    """What the team's hours carry in a quarter."""

    quarter: Quarter
    """The one whose hours they are."""
    scored: Quarter
    """The one whose scores decide."""
    hours: Decimal
    """That the team has to give."""
    slack: Decimal
    short: Decimal
    """The hours that the last tier's own service lacks."""
    tiers: tuple[TierHours, ...]
    people: tuple[PersonHours, ...]
    next_hours: tuple[NextHour, ...]
    """The least first."""
    absences: tuple[Absent, ...]
    hanging: tuple[Hanging, ...]


def capacity(store: Store, program: LoadedProgram) -> CapacityReport:
    """What a program's hours carry, by the scores of the last re-score that was cut.

    Raises:
        Refused: where no quarter was re-scored yet.
    """
    with store.read() as tx:
        standings = {standing.partner.id: standing for standing in tx.partners.roster(Stage.ACTIVE)}
        quarter, entrants, scored = _last_scored(tx, standings)
        eligible = _recorded_eligibility(tx, program, quarter)
    model, hours = program.program.score, team(program.program, quarter)
    roster = ranked(program.program, model, entrants, scored, eligible)
    found = cut_of(program.program, model, roster, hours)
    now = Counter(standing.tier or program.program.entry_tier for standing in standings.values())
    return CapacityReport(
        quarter=quarter.next,
        scored=quarter,
        hours=hours.hours,
        slack=hours.hours - sum(found.taken.values()),
        short=found.short,
        tiers=_tier_hours(program.program, now, Counter(found.tiers().values()), found.taken),
        people=_people(found),
        next_hours=tuple(
            sorted(
                (NextHour(tier=w.tier, hours=w.hours, partner=w.partner) for w in found.waiting), key=lambda n: n.hours
            )
        ),
        absences=tuple(_absent(program.program, model, roster, found, name) for name in hours.to_give),
        hanging=_hanging(found, scored),
    )


def _last_scored(
    tx: Transaction, standings: Mapping[PartnerId, Standing]
) -> tuple[Quarter, dict[PartnerId, Entrant], dict[PartnerId, Score]]:
    """The last quarter that was cut, with those of its partners that are active still."""
    for name, _ in reversed(tx.rescores.begun()):
        quarter = Quarter.parse(name)
        placed = {one.partner: one.score for one in tx.rescores.placed(quarter, "", EVERYONE)}
        if placed:
            entrants = tx.rescores.entrants(quarter)
            there = [partner for partner in placed if partner in standings]
            return quarter, {p: entrants[p] for p in there}, {p: placed[p] for p in there}
    raise Refused("no quarter was re-scored with anybody active; `gatehouse rescore` does it once a quarter is over")


def _recorded_eligibility(tx: Transaction, program: LoadedProgram, quarter: Quarter) -> Eligible:
    """Up to which tier each partner is eligible, as was decided at a re-score."""
    if ELIGIBILITY not in program.policies:
        return anybody
    decided = {
        decision.partner: decision.ruling.outcome
        for _, decision in tx.decisions.listed(policy=ELIGIBILITY)
        if decision.purpose == f"rescore-{quarter}"
    }
    tiers = {tier.id for tier in program.program.tiers}
    return lambda partner, *_: found if (found := decided.get(partner)) in tiers else None


def _tier_hours(
    program: Program, now: Mapping[str, int], carried: Mapping[str, int], taken: Mapping[str, Decimal]
) -> tuple[TierHours, ...]:
    return tuple(
        TierHours(
            tier=tier.id,
            partners_now=now.get(tier.id, 0),
            hours_now=now.get(tier.id, 0) * tier.service.hours,
            partners=carried.get(tier.id, 0),
            hours=taken[tier.id],
        )
        for tier in program.tiers
    )


def _people(found: Cut) -> tuple[PersonHours, ...]:
    given = found.handed_out()
    people = []
    for name, hundredths in found.team.to_give.items():
        to_give = Decimal(hundredths) / 100
        slack = to_give - sum(given[name].values())
        people.append(PersonHours(name=name, to_give=to_give, by_tier=given[name], slack=slack))
    return tuple(people)


def _absent(program: Program, model: ScoreModel, roster: list[Scored], found: Cut, name: str) -> Absent:
    without = cut_of(program, model, roster, found.team.without(name))
    before, after = found.tiers(), without.tiers()
    level = {tier.id: number for number, tier in enumerate(program.tiers)}
    falls = tuple(
        Change(partner=partner, came_from=before[partner], to=after[partner])
        for partner in before
        if level[after[partner]] > level[before[partner]]
    )
    return Absent(name=name, falls=falls, short=without.short)


def _hanging(found: Cut, scored: Mapping[PartnerId, Score]) -> tuple[Hanging, ...]:
    return tuple(
        Hanging(
            partner=one.partner,
            tier=one.tier,
            tier_at_best=one.tier_at_best,
            ranks=(one.best_rank, one.worst_rank),
            missing=scored[one.partner].missing,
        )
        for one in found.placements
        if one.tier_at_best != one.tier
    )


# The ranking


class Ranked(Model):
    """A partner in a quarter's ranking."""

    rank: int
    partner: PartnerId
    segment: tuple[str, ...]
    score: Score
    performance: str | None
    """The colour of what was measured; None where nothing is."""
    potential: str | None
    """The colour of what was rated."""
    tier: str
    """That the cut gives."""
    tier_at_best: str
    ranks: tuple[int, int]


def ranking(
    store: Store, model_of: Callable[[str], ScoreModel], quarter: Quarter | None
) -> tuple[Quarter, list[Ranked]]:
    """The roster as a quarter's re-score ranked it; the last one that was cut if none is named.

    Raises:
        Refused: where it was not re-scored.
    """
    with store.read() as tx:
        names = [name for name, _ in tx.rescores.begun() if quarter is None or name == str(quarter)]
        for name in reversed(names):
            of = Quarter.parse(name)
            placed = tx.rescores.placed(of, "", EVERYONE)
            if placed:
                model = model_of(tx.rescores.weighed(of).by)
                return of, sorted((_in_ranking(one, model) for one in placed), key=lambda one: one.rank)
    asked = f"{quarter} was not re-scored" if quarter else "no quarter was re-scored"
    raise Refused(f"{asked} with anybody active; `gatehouse rescore` does it once a quarter is over")


def _in_ranking(one: Placed, model: ScoreModel) -> Ranked:
    score, placement = one.score, one.placement
    return Ranked(
        rank=placement.rank,
        partner=one.partner,
        segment=one.gathered.measured.segment,
        score=score,
        performance=model.performance.of(score.performance),
        potential=model.potential.of(score.potential),
        tier=placement.tier,
        tier_at_best=placement.tier_at_best,
        ranks=(placement.best_rank, placement.worst_rank),
    )


# A re-score that writes nothing


class Mover(Model):
    """A partner that would move, or be warned."""

    partner: PartnerId
    move: str
    came_from: str
    to: str
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
    program, model = programs.program, programs.weighs.program.score
    before = programs.weighed_before.program.score
    with store.read() as tx:
        standings = {standing.partner.id: standing for standing in tx.partners.roster(Stage.ACTIVE)}
        gathered = gather(tx, program.program, [model, before], quarter, as_of, known_at, standings.values())
        entrants = {
            partner: Entrant(name=standings[partner].partner.name, tier=standings[partner].tier, gathered=one)
            for partner, one in gathered.items()
        }
        scored = scores(model, entrants)
        eligible = decided_by(tx, program, as_of, known_at)
        roster = ranked(program.program, model, entrants, scored, eligible)
        found = cut_of(program.program, model, roster, team(program.program, quarter))
        records = tx.rescores.last_records(list(entrants), quarter)
    movers, after = _moves(program, entrants, found, records)
    now = Counter(entrant.tier or program.program.entry_tier for entrant in entrants.values())
    hours = {tier.id: after[tier.id] * tier.service.hours for tier in program.program.tiers}
    missing = Counter(fact for score in scored.values() for fact in score.missing)
    return RescorePreview(
        quarter=quarter,
        as_of=as_of,
        partners=len(entrants),
        tiers=_tier_hours(program.program, now, after, hours),
        movers=movers,
        hanging=_hanging(found, scored),
        missing=dict(missing.most_common()),
        reweighed=reweighed(model, before, entrants),
    )


def decided_by(tx: Transaction, program: LoadedProgram, as_of: date, known_at: datetime) -> Eligible:
    """Up to which tier a partner is eligible, as a program's policy would say by what is known; nothing is recorded."""
    policy = program.policies.get(ELIGIBILITY)
    if policy is None:
        return anybody

    def eligible(partner: PartnerId, score: Score, gathered: Gathered) -> str | None:
        facts = eligibility_facts(score, gathered.measured.facts, gathered.quarters_active)
        recorded = {} if policy.facts.keys() <= facts.keys() else tx.facts.of(partner, as_of, known_at)
        known = {**{name: one.value for name, one in recorded.items()}, **facts}
        asked = {name: known[name] for name in policy.facts if known.get(name) is not None}
        return decide(policy, as_recorded(asked), settle=True).outcome

    return eligible


def _moves(
    program: LoadedProgram,
    entrants: Mapping[PartnerId, Entrant],
    found: Cut,
    records: Mapping[PartnerId, TierRecord],
) -> tuple[tuple[Mover, ...], Counter[str]]:
    """Who would move or be warned, and how many partners each tier would have."""
    tiers, movers, after = program.program.tiers, [], Counter[str]()
    policy = program.policies[MOVEMENT]
    for placement in found.placements:
        entrant = entrants[placement.partner]
        last = records.get(placement.partner) or TierRecord(tier=entrant.tier or program.program.entry_tier)
        moved = int(entrant.gathered.measured.facts["moved_opportunities"] or 0)
        active = entrant.gathered.quarters_active
        facts = movement_facts(tiers, last, placement.tier, moved, quarters_active=active)
        ruling = decide(policy, {name: facts[name] for name in policy.facts if name in facts})
        move = ruling.outcome or "stay"
        to = after_move(tiers, last, facts, move).tier
        after[to] += move != "exit"
        if move != "stay":
            movers.append(
                Mover(partner=placement.partner, move=move, came_from=last.tier, to=to, because=ruling.because)
            )
    return tuple(movers), after


def reweighed(model: ScoreModel, before: ScoreModel, entrants: Mapping[PartnerId, Entrant]) -> tuple[Reweighed, ...]:
    """Whom changed weights rank otherwise, in the order of the new ranks."""
    if model == before:
        return ()
    new, old = (_by_rank(one, entrants) for one in (model, before))
    return tuple(
        Reweighed(partner=p, score_before=old[p][1], score=score, rank_before=old[p][0], rank=place)
        for p, (place, score) in new.items()
        if place != old[p][0]
    )


def _by_rank(model: ScoreModel, entrants: Mapping[PartnerId, Entrant]) -> dict[PartnerId, tuple[int, Decimal]]:
    scored = scores(model, entrants)
    roster = [
        Scored(
            partner=partner,
            name=entrant.name,
            score=scored[partner],
            ties=tuple(Decimal(entrant.gathered.measured.facts.get(name) or 0) for name in model.ties),
        )
        for partner, entrant in entrants.items()
    ]
    return {one.partner: (number, one.score.low) for number, one in enumerate(rank(roster), start=1)}


def published_difference(
    store: Store, quarter: Quarter, model_of: Callable[[str], ScoreModel]
) -> tuple[Reweighed, ...]:
    """Whom the changed weights of a re-scored quarter ranked otherwise than those of the quarter before."""
    with store.read() as tx:
        weighed = tx.rescores.weighed(quarter)
        if weighed.by == weighed.before:
            return ()
        return reweighed(model_of(weighed.by), model_of(weighed.before), tx.rescores.entrants(quarter))

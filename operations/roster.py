"""How the roster ranks, and what the team's hours carry; nothing is written."""

from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from activities.scoring import Eligible, anybody, away, cut_of, ranked, team
from program.calendar import Quarter
from program.definition import Program
from program.errors import Refused
from program.partner import PartnerId, Stage, Standing
from program.rescore import Entrant, Placed
from program.score import Score, ScoreModel
from program.tiers import Cut, Scored
from rules.folder import LoadedProgram
from rules.lifecycle import ELIGIBILITY
from store.database import Store, Transaction
from store.rescores import EVERYONE


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
        eligible = recorded_eligibility(tx, program, quarter)
        leave = away(tx, quarter)
    model, hours = program.program.score, team(program.program, quarter, leave)
    roster = ranked(program.program, model, entrants, scored, eligible)
    found = cut_of(program.program, model, roster, hours)
    now = Counter(standing.tier or program.program.entry_tier for standing in standings.values())
    return CapacityReport(
        quarter=quarter.next,
        scored=quarter,
        hours=hours.hours,
        slack=hours.hours - sum(found.taken.values()),
        short=found.short,
        tiers=tier_hours(program.program, now, Counter(found.tiers().values()), found.taken),
        people=_people(found),
        next_hours=tuple(
            sorted(
                (NextHour(tier=w.tier, hours=w.hours, partner=w.partner) for w in found.waiting), key=lambda n: n.hours
            )
        ),
        absences=tuple(_absent(program.program, model, roster, found, name) for name in hours.to_give),
        hanging=hanging(found, scored),
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
    raise Refused(
        "no quarter was re-scored with anybody active; `gatehouse rescore` does it once a quarter is over, and "
        "`gatehouse rescore --preview` looks ahead"
    )


def recorded_eligibility(tx: Transaction, program: LoadedProgram, quarter: Quarter) -> Eligible:
    """Up to which tier each partner is eligible, as was decided at a re-score."""
    if ELIGIBILITY not in program.policies:
        return anybody
    decided = tx.decisions.made(ELIGIBILITY, tx.rescores.get(quarter).as_of, f"rescore-{quarter}")
    tiers = {tier.id for tier in program.program.tiers}
    return lambda partner, *_: found if (found := decided.get(partner)) in tiers else None


def tier_hours(
    program: Program, now: Mapping[str, int], carried: Mapping[str, int], taken: Mapping[str, Decimal]
) -> tuple[TierHours, ...]:
    """A tier's partners and hours, from the top: as they stand, and as the hours carry them."""
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


def hanging(found: Cut, scored: Mapping[PartnerId, Score]) -> tuple[Hanging, ...]:
    """Whose tier hangs on what nobody knows."""
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

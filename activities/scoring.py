"""What a re-score rests on, from the facts of everybody's quarter to the moves. Nothing is written here."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from sys import intern
from typing import Any

from program.calendar import Quarter
from program.capacity import Team
from program.decision import Ruling, as_known, as_recorded
from program.definition import Program
from program.measures import CONSISTENCY, MEASURES, measured
from program.movement import STAY, Movement, TierRecord, eligibility_facts, full_quarters
from program.partner import PartnerId, Standing
from program.person import Absence
from program.rescore import Entrant, Gathered
from program.score import Measured, Score, ScoreModel
from program.scorecard import FactValue, Scorecard
from program.tiers import Cut, Scored, cut
from rules.decision.decide import decide
from rules.folder import LoadedProgram
from rules.language.policy import Policy
from rules.lifecycle import ELIGIBILITY, MOVEMENT
from store.database import Transaction
from store.facts import Known

Eligible = Callable[[PartnerId, Score, Gathered], str | None]
"""The highest tier that a partner may have, as a policy says; None for any."""


def anybody(_partner: PartnerId, _score: Score, _gathered: Gathered) -> str | None:
    """What holds where a program has no policy of eligibility."""
    return None


def gather(
    tx: Transaction,
    program: Program,
    models: Sequence[ScoreModel],
    quarter: Quarter,
    as_of: date,
    known_at: datetime,
    standings: Iterable[Standing],
) -> dict[PartnerId, Gathered]:
    """What is known of some partners' quarter, as far as any of the models asks for it; the first one scores it.

    Who became active after the day has no part in it.
    """
    seen = {s.partner.id: s for s in standings if s.since is not None and s.since <= as_of}
    asked = frozenset[str]().union(*(model.facts for model in models))
    rated = rated_facts(tx, program, seen, as_of, known_at) if asked - {*MEASURES} else {}
    back = models[0].quarters if CONSISTENCY in asked else 1
    first = quarter
    for _ in range(back - 1):
        first = first.previous
    opportunities = tx.opportunities.by_partner(seen, as_of, known_at, moved_since=first.first_day)
    found = {}
    for partner, standing in seen.items():
        active = full_quarters(standing.since or as_of, quarter)
        shown = measured(quarter, opportunities[partner], full_quarters=active, back=back)
        known = {name: value for name, value in rated.get(partner, {}).items() if name in asked}
        segment = models[0].segment(standing.partner.type, standing.partner.region, known)
        found[partner] = Gathered(measured=Measured(segment=segment, facts={**known, **shown}), quarters_active=active)
    return found


def rated_facts(
    tx: Transaction, program: Program, partners: Iterable[PartnerId], as_of: date, known_at: datetime
) -> dict[PartnerId, dict[str, FactValue]]:
    """What scorecards and recorded evidence say; of one name, what was recorded since counts."""
    partners = list(partners)
    evidence = tx.facts.by_partner(partners, as_of, known_at)
    scorecards = tx.scorecards.latest(partners, as_of, known_at)
    return {partner: as_rated(program, scorecards.get(partner), evidence[partner]) for partner in partners}


def as_rated(
    program: Program, submitted: tuple[date, Scorecard] | None, evidence: Mapping[str, Known]
) -> dict[str, FactValue]:
    """The same of one partner: by its last scorecard, with the day that it is of, and what was recorded."""
    day, scorecard = submitted or (date.min, None)
    rolled_up = program.scorecard.roll_up(scorecard) if scorecard else {}
    recorded = {
        name: known.value
        for name, known in evidence.items()
        if not isinstance(known.value, dict) and counts_instead(known, day, rolled_up.get(name))
    }
    return rolled_up | as_known(recorded)


def counts_instead(recorded: Known, day: date, rated: FactValue) -> bool:
    """Whether what was recorded of a fact counts instead of what the last scorecard, of some day, says of it."""
    return recorded.true_of >= day or rated is None


def scores(model: ScoreModel, entrants: Mapping[PartnerId, Entrant]) -> dict[PartnerId, Score]:
    """Everybody's score by some weights."""
    return model.scores({partner: entrant.gathered.measured for partner, entrant in entrants.items()})


def away(tx: Transaction, quarter: Quarter) -> tuple[Absence, ...]:
    """Who is known to be away in the quarter whose hours a quarter's re-score hands out."""
    first, last = quarter.next.first_day, quarter.next.last_day
    return tuple(absence for absence in tx.people.absences() if absence.first <= last and first <= absence.last)


def team(program: Program, quarter: Quarter, leave: Iterable[Absence]) -> Team:
    """The hours that there are for what a quarter's re-score decides: those of the quarter after it."""
    days = program.calendar.business_days
    return program.capacity.also_away(leave).team(quarter.next, days, [tier.id for tier in program.tiers])


def ranked(
    program: Program,
    model: ScoreModel,
    entrants: Mapping[PartnerId, Entrant],
    scored: Mapping[PartnerId, Score],
    eligible: Eligible = anybody,
) -> list[Scored]:
    """The roster as it is cut."""
    return [
        Scored(
            partner=partner,
            name=entrant.name,
            low=scored[partner].low,
            high=scored[partner].high,
            ties=model.ties_of(entrant.gathered.measured.facts),
            stands_in=intern(entrant.tier or program.entry_tier),  # read anew for each, and few
            up_to=eligible(partner, scored[partner], entrant.gathered),
        )
        for partner, entrant in entrants.items()
    ]


def cut_of(program: Program, model: ScoreModel, roster: Iterable[Scored], hours: Team) -> Cut:
    """Everybody's tier."""
    return cut(roster, program.tiers, hours, model.band)


# What follows of the cut


def left_before(
    program: Program, records: Mapping[PartnerId, TierRecord], partner: PartnerId, tier: str | None
) -> TierRecord:
    """What the re-score before left of a partner; a new start in its tier where it saw none, else in the entry tier."""
    return records.get(partner) or TierRecord(tier=tier or program.entry_tier)


def facts_of_move(movement: Movement, last: TierRecord, cut_tier: str, gathered: Gathered) -> dict[str, FactValue]:
    """The facts on which a partner's move is decided, when its turn has come."""
    moved = int(gathered.measured.facts["moved_opportunities"] or 0)
    return movement.facts(last, cut_tier, moved, quarters_active=gathered.quarters_active)


def moves(
    program: LoadedProgram,
    found: Cut,
    entrants: Mapping[PartnerId, Entrant],
    records: Mapping[PartnerId, TierRecord],
    known: Callable[[PartnerId], Mapping[str, Any]],
) -> dict[PartnerId, tuple[TierRecord, Ruling, TierRecord]]:
    """What a program's policy would decide of everybody's move, by rank; what was left before, and what is then.

    Nothing is recorded.
    """
    last = {p: left_before(program.program, records, p, entrant.tier) for p, entrant in entrants.items()}
    movement = Movement(program.program.tiers, found.team, Counter(record.tier for record in last.values()))
    made = {}
    for one in sorted(found.placements, key=lambda one: one.turn):
        before = last[one.partner]
        facts = facts_of_move(movement, before, one.tier, entrants[one.partner].gathered)
        ruling = _ruled(program.policies[MOVEMENT], {**known(one.partner), **facts})
        made[one.partner] = (before, ruling, movement.after(before, facts, ruling.outcome or STAY))
    return {one.partner: made[one.partner] for one in found.placements}


def eligibility(program: LoadedProgram, known: Callable[[PartnerId], Mapping[str, Any]]) -> Eligible:
    """Up to which tier a program's policy would let partners, by what is known of each; nothing is recorded."""
    if ELIGIBILITY not in program.policies:
        return anybody

    def eligible(partner: PartnerId, score: Score, gathered: Gathered) -> str | None:
        facts = eligibility_facts(score, gathered.measured.facts, gathered.quarters_active)
        return _ruled(program.policies[ELIGIBILITY], {**known(partner), **facts}, settle=True).outcome

    return eligible


def _ruled(policy: Policy, known: Mapping[str, Any], *, settle: bool = False) -> Ruling:
    """What a policy says of what is known."""
    asked = {name: known[name] for name in policy.facts if known.get(name) is not None}
    return decide(policy, as_recorded(asked), settle=settle)

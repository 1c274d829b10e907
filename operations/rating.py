"""Rating partners anew: what is learned of them in a pilot, or active. Nothing is decided on it at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from activities.qualification import source_of
from activities.scoring import as_rated
from program.decision import as_recorded
from program.definition import Program
from program.errors import Refused
from program.partner import PartnerId, Stage, Standing
from program.scorecard import FactValue, Scorecard
from store.database import Transaction
from store.facts import Known

RATED: Final = frozenset({Stage.PILOT, Stage.ACTIVE})
"""Where a partner is rated anew; before, a scorecard is decided on, and after, nothing rests on it any more."""

Changes = dict[str, tuple[FactValue, FactValue]]
"""By fact, what was known before and what is known now."""


class Unrateable(Refused):
    """Partners that are not rated so."""

    def __init__(self, reasons: Mapping[PartnerId, str]) -> None:
        super().__init__("\n".join(reasons.values()))
        self.reasons = reasons


@dataclass(frozen=True)
class _Renewal:
    """What becomes of a partner's scorecard."""

    application: int
    before: tuple[date, Scorecard] | None
    newer: Scorecard
    """What is said now."""

    @property
    def scorecard(self) -> Scorecard:
        return self.before[1].renewed(self.newer) if self.before else self.newer

    @property
    def is_news(self) -> bool:
        return self.before is None or self.scorecard != self.before[1]


def rate(
    tx: Transaction, program: Program, rated: Mapping[PartnerId, Scorecard], on: date, today: date, now: datetime
) -> dict[PartnerId, Changes]:
    """Keep what reviewers have learned of partners by a day; what a scorecard leaves out stays as it was.

    Returns:
        Of those of whom anything was new, what that changes of what re-scores and requalification go by.

    Raises:
        Unrateable: where a partner is not rated in its stage, its scorecard says what nobody asks for, or the day has
            not come, or lies before its last scorecard's. Nothing is kept then, of anybody.
    """
    standings, last = tx.partners.all_held(rated), tx.scorecards.latest(rated, today, now)
    later = {partner: day for partner, (day, _) in last.items() if on < day}
    known = {p: dated for p, dated in last.items() if p not in later} | tx.scorecards.latest(later, on, now)
    newer: dict[PartnerId, _Renewal] = {}
    reasons: dict[PartnerId, str] = {}
    for partner, scorecard in rated.items():
        try:
            _check(program, standings[partner], scorecard, on, today)
            renewal = _Renewal(standings[partner].application, known.get(partner), scorecard)
            if renewal.is_news:
                _check_last(partner, later.get(partner))
                newer[partner] = renewal
        except Refused as refused:
            reasons[partner] = str(refused)
    if reasons:
        raise Unrateable(reasons)
    return _keep(tx, program, newer, on, now)


def _check(program: Program, standing: Standing, scorecard: Scorecard, on: date, today: date) -> None:
    partner = standing.partner
    if standing.stage not in RATED:
        raise Refused(
            f"{partner.id} is {standing.stage}; partners are rated anew in a pilot or while active, and "
            "`gatehouse scorecard submit` has the scorecard of an application decided on"
        )
    program.check(partner.type, scorecard)
    if on > today:
        raise Refused(f"{on} has not come; say on which day it was so")


def _check_last(partner: PartnerId, on: date | None) -> None:
    if on:
        raise Refused(f"{partner} was rated on {on}; what was so before is known. Say that day, or a later one")


def _keep(
    tx: Transaction, program: Program, newer: Mapping[PartnerId, _Renewal], on: date, now: datetime
) -> dict[PartnerId, Changes]:
    evidence, counts = tx.facts.by_partner(newer, on, now), tx.scorecards.counts(newer)
    keys = {partner: (partner, one.application, counts[partner] + 1) for partner, one in newer.items()}
    tx.scorecards.add_all({keys[partner]: one.scorecard for partner, one in newer.items()}, on, now)
    said = {p: (source_of(*keys[p][1:]), as_recorded(one.newer.facts)) for p, one in newer.items()}
    tx.facts.record_all(said, on, now)
    changes = {}
    for partner, one in newer.items():
        source, facts = said[partner]
        learned = {name: Known(value, source, on, now) for name, value in facts.items()}
        before = as_rated(program, one.before, evidence[partner])
        after = as_rated(program, (on, one.scorecard), evidence[partner] | learned)
        told = [name for name in after if name not in program.scorecard.minima]  # those are the program's
        changes[partner] = {name: (before.get(name), after[name]) for name in told if after[name] != before.get(name)}
    return changes

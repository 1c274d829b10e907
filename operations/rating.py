"""Rating partners anew: what is learned of one in its pilot, or active. Nothing is decided on it at once."""

from datetime import date, datetime
from typing import Final

from activities.qualification import source_of
from activities.scoring import rated_facts
from program.decision import as_recorded
from program.definition import Program
from program.errors import Refused
from program.partner import PartnerId, Stage
from program.scorecard import FactValue, Scorecard
from store.database import Transaction

RATED: Final = frozenset({Stage.PILOT, Stage.ACTIVE})
"""Where a partner is rated anew; before, a scorecard is decided on, and after, nothing rests on it any more."""

Changes = dict[str, tuple[FactValue, FactValue]]
"""By fact, what was known before and what is known now."""


def rate(
    tx: Transaction, program: Program, partner: PartnerId, newer: Scorecard, on: date, today: date, now: datetime
) -> Changes | None:
    """Keep what a reviewer has learned of a partner by a day; what the scorecard leaves out stays as it was.

    Returns:
        What that changes of what re-scores and requalification go by; None where all of it was known already.

    Raises:
        Refused: where the partner is not rated in its stage, the scorecard says what nobody asks for, or the day has
            not come, or lies before the last scorecard's.
    """
    standing = tx.partners.held(partner)
    if standing.stage not in RATED:
        raise Refused(
            f"{partner} is {standing.stage}; partners are rated anew in a pilot or while active, and "
            "`gatehouse scorecard submit` has the scorecard of an application decided on"
        )
    program.check(standing.partner.type, newer)
    if on > today:
        raise Refused(f"{on} has not come; say on which day it was so")
    last_on, last = tx.scorecards.latest([partner], today, now).get(partner, (date.min, None))
    if on < last_on:
        _, last = tx.scorecards.latest([partner], on, now).get(partner, (on, None))
    renewed = last.renewed(newer) if last else newer
    if renewed == last:
        return None
    if on < last_on:
        raise Refused(f"{partner} was rated on {last_on}; what was so before is known. Say that day, or a later one")
    before = rated_facts(tx, program, [partner], on, now)[partner]
    number = tx.scorecards.count(partner, standing.application) + 1
    tx.scorecards.add(partner, standing.application, number, renewed, on, now)
    tx.facts.record(partner, as_recorded(newer.facts), on, source_of(standing.application, number), now)
    after = rated_facts(tx, program, [partner], on, now)[partner]
    said = [name for name in after if name not in program.scorecard.minima]  # those are the program's
    return {name: (before.get(name), after[name]) for name in said if after[name] != before.get(name)}

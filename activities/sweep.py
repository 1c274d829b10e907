"""The weekly look over the roster for partners outside a pilot that have stalled, page by page."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from activities import gathering
from activities.deciding import Occasion, Shelf, Undecidable, make
from activities.ending import Ended
from activities.gathering import Facts
from activities.watching import cycle_of, end_what_is_over, open_stalls
from program.calendar import Clock
from program.escalation import Escalation
from program.partner import PartnerId, Stage, Standing
from rules.folder import LoadedProgram
from rules.language.facts import FactError
from rules.lifecycle import STALL
from store.database import Store, Transaction

PAGE: Final = 100
"""Partners in one transaction: few enough to be short, even where each of them has stalled in several ways."""

SWEPT: Final = (Stage.APPLIED, Stage.DEFERRED, Stage.ACTIVE)
"""Where partners can stall outside a pilot."""


class SweepPage(BaseModel):
    """Where a sweep stands, and as of when it looks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    as_of: date
    known_at: datetime
    clock: Clock
    after: str | None = ""
    """The last partner seen; None at the end."""
    whole: bool = False
    """Whether it fails where somebody cannot be decided about; else they are left out, and nobody waits for them."""
    escalations: tuple[str, ...] = ()
    """The keys of those that are not over, of the partners of this page."""
    over: tuple[Ended, ...] = ()
    notices: tuple[str, ...] = ()
    undecided: tuple[PartnerId, ...] = ()
    """Those who were left out: a fact of theirs cannot be read, or the evaluators disagree about them."""


class Sweeps:
    """Looks over the roster."""

    def __init__(self, store: Store, shelf: Shelf) -> None:
        self._store = store
        self._shelf = shelf

    @activity.defn
    def look_for_stalls(self, page: SweepPage) -> SweepPage:
        """Decide for the next partners outside a pilot whether they have stalled, and end what no longer holds.

        Raises:
            FactError: of a whole page, where a fact cannot be read.
            Undecidable: likewise, where the evaluators disagree.
        """
        program = self._shelf.in_force(page.as_of)
        look = SweepPage(as_of=page.as_of, known_at=page.known_at, clock=page.clock)
        with self._store.write() as tx:
            standings = tx.partners.page(SWEPT, page.after or "", PAGE)
            watched: dict[PartnerId, list[Escalation]] = defaultdict(list)
            for escalation in tx.escalations.watched(STALL, page.as_of, (s.partner.id for s in standings)):
                watched[escalation.partner].append(escalation)
            gathered = gathering.of_roster(tx, program, standings, page.as_of, page.known_at)
            for standing in standings:
                facts = gathered.get(standing.partner.id)
                if facts:
                    activity.heartbeat(standing.partner.id)
                    try:
                        look = _look(tx, program, standing, facts, watched[standing.partner.id], look)
                    except (FactError, Undecidable):  # before anything was written about them
                        if page.whole:
                            raise
                        look = look.model_copy(update={"undecided": (*look.undecided, standing.partner.id)})
        after = standings[-1].partner.id if len(standings) == PAGE else None
        return look.model_copy(update={"after": after})


def _look(
    tx: Transaction,
    program: LoadedProgram,
    standing: Standing,
    facts: Facts,
    watched: Sequence[Escalation],
    so_far: SweepPage,
) -> SweepPage:
    """Look at one partner, and add what was found."""
    occasion = Occasion(standing.partner.id, f"sweep-{so_far.as_of}", so_far.as_of, so_far.known_at)
    found = make(tx, program, STALL, occasion, facts, settle=True)
    cycle = cycle_of(standing, so_far.as_of)
    over = end_what_is_over(tx, program, watched, cycle, found[1], so_far.clock)
    opened, notices = open_stalls(tx, program, watched, (standing.stage, cycle), found, so_far.clock)
    return so_far.model_copy(
        update={
            "escalations": (*so_far.escalations, *(escalation.key for escalation in opened)),
            "over": (*so_far.over, *over),
            "notices": (*so_far.notices, *notices),
        }
    )

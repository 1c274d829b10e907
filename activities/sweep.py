"""The weekly look over the roster for partners outside a pilot that have stalled, page by page."""

from datetime import date, datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from activities.deciding import Occasion, Shelf, make, rules_of
from activities.escalating import open_escalation
from program.calendar import Quarter
from program.escalation import Escalation
from program.partner import PartnerId, Stage, Standing
from rules.folder import LoadedProgram
from rules.lifecycle import STALL
from store.database import Store, Transaction

PAGE: Final = 500
"""Partners in one transaction: few enough to be short, many enough to be quick."""


class SweepPage(BaseModel):
    """Where a sweep stands, and as of when it looks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    as_of: date
    known_at: datetime
    after: str | None = ""
    """The last partner seen; None at the end."""
    escalations: tuple[Escalation, ...] = ()
    notices: tuple[str, ...] = ()


class Sweeps:
    """Looks over the roster."""

    def __init__(self, store: Store, shelf: Shelf) -> None:
        self._store = store
        self._shelf = shelf

    @activity.defn
    def look_for_stalls(self, page: SweepPage) -> SweepPage:
        """Decide for the next partners outside a pilot whether they have stalled."""
        program = self._shelf.in_force(page.as_of)
        with self._store.write() as tx:
            standings = tx.partners.page([Stage.APPLIED, Stage.DEFERRED, Stage.ACTIVE], page.after or "", PAGE)
            last = tx.opportunities.last_movement([s.partner.id for s in standings], page.as_of, page.known_at)
            found: list[Escalation] = []
            notices: list[str] = []
            for standing in standings:
                if standing.since is None or standing.since > page.as_of:
                    continue
                active_since = max(standing.since, last.get(standing.partner.id, standing.since))
                escalation, told = self._look(tx, program, standing, active_since, page)
                found += [escalation] if escalation else []
                notices += told
        activity.heartbeat(page.after)
        after = standings[-1].partner.id if len(standings) == PAGE else None
        return page.model_copy(update={"after": after, "escalations": tuple(found), "notices": tuple(notices)})

    def _look(
        self, tx: Transaction, program: LoadedProgram, standing: Standing, last: date, page: SweepPage
    ) -> tuple[Escalation | None, tuple[str, ...]]:
        partner: PartnerId = standing.partner.id
        stalls = program.program.for_type(standing.partner.type).stalls
        active = standing.stage == Stage.ACTIVE
        facts: dict[str, dict[str, Any]] = {
            "stage": {"stage": standing.stage.value},
            "opportunities and stage": {"days_without_activity": (page.as_of - last).days},
            rules_of(program): {"patience": stalls.patience(standing.stage, standing.tier)},
        }
        occasion = Occasion(partner, f"sweep-{page.as_of}", page.as_of, page.known_at)
        found = make(tx, program, STALL, occasion, facts)
        if found[1].ruling.outcome != "stalled":
            return None, ()
        cycle = str(Quarter.of(page.as_of)) if active else f"application-{standing.application}"
        return open_escalation(tx, program, standing.stage, cycle, found, page.known_at)

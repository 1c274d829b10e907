"""A pilot that somebody ends early, to begin it again."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from activities import letters
from activities.deciding import Shelf
from activities.ending import Ended, Ending, end_escalations
from activities.qualification import Beginning, begin_pilot
from program.calendar import Clock
from program.errors import Refused
from program.partner import PartnerId
from program.pilot import PilotTerms
from store.database import Store


class Again(BaseModel):
    """A pilot to be begun again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: PartnerId
    application: int
    terms: PilotTerms
    """Of the pilot that ends."""
    because: str
    by: str = ""
    today: date
    known_at: datetime
    clock: Clock


class Begun(BaseModel):
    """A pilot that begins, and what that ends."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    terms: PilotTerms
    over: tuple[Ended, ...]
    """The escalations of the pilot before."""
    notices: tuple[str, ...]


class NewStarts:
    """Has pilots begin again: what a verdict may do on the last day, people may do before it, as often as is agreed."""

    def __init__(self, store: Store, shelf: Shelf) -> None:
        self._store = store
        self._shelf = shelf

    @activity.defn
    def begin_again(self, again: Again) -> Begun:
        """End a pilot and begin the next; asked twice, the same one.

        Raises:
            Refused: where no reset is left.
        """
        terms, cycle = again.terms, f"application-{again.application}/pilot-{again.terms.number}"
        if not terms.resets_left:
            raise Refused(
                f"{again.partner} is in pilot {terms.number}, and {terms.plan.resets} resets were agreed; its verdict "
                "decides, or let it go"
            )
        program = self._shelf.get(terms.program)
        with self._store.write() as tx:
            standing = tx.partners.held(again.partner)
            tx.pilots.end(again.partner, again.application, terms.number, again.today, "reset")
            ending = Ending("The pilot was reset.", again.today, again.known_at, again.clock, again.by, answers=True)
            over = end_escalations(tx, program.program, again.partner, ending, cycle=cycle)
            beginning = Beginning(
                application=again.application,
                number=terms.number + 1,
                started_on=again.today,
                as_of=again.today,
                known_at=again.known_at,
                key=f"{cycle}/reset",
                because=again.because,
            )
            begun = begin_pilot(tx, program, standing, beginning)
            started = letters.pilot_started(standing.partner, again.application, begun)
            tx.notices.write(started, again.known_at)
        return Begun(terms=begun, over=over, notices=(started.key,))

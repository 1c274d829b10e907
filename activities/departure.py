"""The one way out: notice is given, open deals are handed over, the record is closed."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from activities import letters
from activities.deciding import Shelf
from activities.ending import Ended, Ending, end_escalations
from program.calendar import Clock
from program.partner import PartnerId, Stage
from store.database import Store


class Departure(BaseModel):
    """A partner that leaves, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: PartnerId
    application: int
    because: str
    as_of: date
    known_at: datetime
    clock: Clock
    by: str = ""
    """Who asked for it; empty where nobody did, or nobody said who."""
    waive_notice: bool = False
    """Whether it leaves at once, whatever notice its stage is owed."""

    @property
    def purpose(self) -> str:
        return f"application-{self.application}/leaves"


class Leaving(BaseModel):
    """Until when a partner stays, the notice that tells it, and what is over with that."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    last_day: date
    notices: tuple[str, ...]
    over: tuple[Ended, ...] = ()
    """The escalations that it ended."""


class Closing(BaseModel):
    """A partner whose notice is over."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: PartnerId
    application: int
    because: str
    as_of: date
    known_at: datetime
    clock: Clock


class Closed(BaseModel):
    """What closing a record left to do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    handed_over: int
    """Open opportunities that the owner looks after now."""
    over: tuple[Ended, ...]
    """The escalations that it ended."""


class Departures:
    """How partners leave."""

    def __init__(self, store: Store, shelf: Shelf) -> None:
        self._store = store
        self._shelf = shelf

    @activity.defn
    def give_notice(self, departure: Departure) -> Leaving:
        """Tell a partner that it leaves; it keeps its standing until its last day.

        What was escalated is over: how a partner moves that is leaving is nobody's to mend.
        """
        program = self._shelf.in_force(departure.as_of).program
        with self._store.write() as tx:
            standing = tx.partners.held(departure.partner)
            owed = program.for_type(standing.partner.type).exit.notice(standing.stage)
            days = 0 if departure.waive_notice else owed.days
            last_day = date.fromordinal(departure.as_of.toordinal() + days)
            tx.partners.move(
                departure.partner,
                departure.purpose,
                Stage.LEAVING,
                departure.as_of,
                departure.because,
                departure.known_at,
                tier=standing.tier,
                next_date=last_day,
            )
            if standing.stage == Stage.LEAVING and departure.waive_notice:
                tx.partners.expects(departure.partner, departure.as_of)
            # A retry finds the day that was agreed the first time, whatever the program says by now.
            kept = tx.partners.get(departure.partner).next_date or last_day
            notice = letters.leaves(standing, departure.application, departure.as_of, kept, departure.because)
            tx.notices.write(notice, departure.known_at)
            ending = Ending(
                f"Notice was given: {departure.because}",
                departure.as_of,
                departure.known_at,
                departure.clock,
                departure.by,
                answers=True,
            )
            over = end_escalations(tx, program, departure.partner, ending)
            return Leaving(last_day=kept, notices=(notice.key,), over=over)

    @activity.defn
    def close_record(self, closing: Closing) -> Closed:
        """Hand over the open deals, end what was escalated, and let the partner go."""
        with self._store.write() as tx:
            owner = tx.partners.held(closing.partner).partner.owner
            handed_over = tx.opportunities.hand_over(closing.partner, owner, closing.as_of)
            ending = Ending("The partner has left.", closing.as_of, closing.known_at, closing.clock)
            over = end_escalations(tx, self._shelf.in_force(closing.as_of).program, closing.partner, ending)
            key = f"application-{closing.application}/exited"
            tx.partners.move(closing.partner, key, Stage.EXITED, closing.as_of, closing.because, closing.known_at)
            return Closed(handed_over=handed_over, over=over)

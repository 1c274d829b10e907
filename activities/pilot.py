"""The 60 days: weekly looks, the verdict, and what partner and owner record on the way."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from activities import gathering, letters
from activities.deciding import Occasion, Shelf, make
from activities.ending import Ended, Ending, end_escalations
from activities.gathering import Glance
from activities.opening import open_escalation
from activities.qualification import Beginning, begin_pilot
from activities.watching import end_what_is_over, open_stalls
from program.calendar import Clock, Quarter
from program.decision import Decision, Ruling
from program.errors import Refused
from program.escalation import Escalation
from program.partner import PartnerId, Stage
from program.pilot import PilotTerms
from rules.explanation.explain import explain
from rules.explanation.wording import listed
from rules.lifecycle import CHECKPOINT, VERDICT
from store.database import Store, Transaction


class Look(BaseModel):
    """A look at a pilot: a weekly checkpoint, or the verdict."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: PartnerId
    application: int
    terms: PilotTerms
    as_of: date
    known_at: datetime
    today: date
    """The day on which it happens: later than what it is as of where a verdict stayed open, or nobody was at work."""
    clock: Clock
    week: int | None = None
    """Of a checkpoint."""
    settle: bool = False
    """Of a verdict: decide with what is known; the time to find out the rest is over."""

    @property
    def cycle(self) -> str:
        return f"application-{self.application}/pilot-{self.terms.number}"

    @property
    def purpose(self) -> str:
        """What is decided: a verdict that stayed open is decided a second time, to be settled."""
        if self.week is not None:
            return f"{self.cycle}/week-{self.week}"
        return f"{self.cycle}/verdict{'/settled' if self.settle else ''}"

    @property
    def occasion(self) -> Occasion:
        return Occasion(self.partner, self.purpose, self.as_of, self.known_at)

    @property
    def glance(self) -> Glance:
        return Glance(self.partner, self.application, self.terms, self.as_of, self.known_at)


class Seen(BaseModel):
    """What a checkpoint found."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ruling: Ruling
    escalations: tuple[Escalation, ...] = ()
    """Of what was found, those that are not over: one for each condition."""
    over: tuple[Ended, ...] = ()
    """Of what was found before, what no longer holds."""
    notices: tuple[str, ...] = ()


class Judged(BaseModel):
    """A pilot's verdict, and what follows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ruling: Ruling
    stage: Stage
    tier: str | None = None
    terms: PilotTerms | None = None
    """Of the pilot that follows a reset."""
    escalation: Escalation | None = None
    decide_by: date | None = None
    """Where facts are missing: the day on which it is decided without them."""
    over: tuple[Ended, ...] = ()
    """The escalations that the verdict ends."""
    notices: tuple[str, ...] = ()


class Accounts(BaseModel):
    """Accounts that a partner and we have mapped together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: PartnerId
    names: tuple[str, ...]
    most: int
    """As many as a pilot may have."""
    as_of: date


class Play(BaseModel):
    """A joint play."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: PartnerId
    name: str
    trigger: str
    outcome: str
    as_of: date


class NextAction(BaseModel):
    """What somebody does next, and by when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: PartnerId
    what: str
    who: str
    due_on: date
    as_of: date


DAYS_TO_FIND_OUT = 5
"""Business days that the owner of a pilot has to supply what its verdict still needs."""


def _what_to_do(ruling: Ruling, decide_by: date) -> str:
    """What the owner of a pilot can do about an open verdict."""
    return (
        f"Record it before {decide_by}: on that day the verdict rests on what is known by then. "
        f"Possible are {listed(ruling.possible)}."
    )


def _runs(tx: Transaction, look: Look) -> bool:
    """Whether a pilot is the one that its partner is in."""
    standing = tx.partners.held(look.partner)
    application, terms, *_ = tx.pilots.of(look.partner)[-1]
    return standing.stage == Stage.PILOT and (application, terms.number) == (look.application, look.terms.number)


class Pilots:
    """Looks at pilots, and what is recorded about them."""

    def __init__(self, store: Store, shelf: Shelf) -> None:
        self._store = store
        self._shelf = shelf

    @activity.defn
    def look_at_week(self, look: Look) -> Seen:
        """Decide how a pilot stands at the end of a week; a stall opens an escalation.

        It may have been begun again, or the partner have left, while that could not be decided: nothing follows then.
        """
        assert look.week is not None
        program = self._shelf.get(look.terms.program)
        with self._store.write() as tx:
            watched = tx.escalations.watched(CHECKPOINT, look.as_of, [look.partner])
            found = make(
                tx, program, CHECKPOINT, look.occasion, gathering.of_week(tx, look.glance, look.week), settle=True
            )
            if not _runs(tx, look):
                return Seen(ruling=found[1].ruling)
            following = [*(look.terms.checkpoint(w) for w in look.terms.weeks_after(look.as_of) if w > look.week)]
            tx.partners.expects(look.partner, min(following, default=look.terms.last_day))
            over = end_what_is_over(tx, program, watched, look.cycle, found[1], look.clock)
            escalations, notices = open_stalls(tx, program, watched, (Stage.PILOT, look.cycle), found, look.clock)
            return Seen(ruling=found[1].ruling, escalations=escalations, over=over, notices=notices)

    @activity.defn
    def judge(self, look: Look) -> Judged:
        """Decide a pilot's verdict and move the partner accordingly.

        Where it depends on facts that nobody knows, nothing is decided: the owner is asked for them, and has some
        business days from that day on.
        """
        program = self._shelf.get(look.terms.program)
        with self._store.write() as tx:
            facts = gathering.of_verdict(tx, look.glance)
            found = make(tx, program, VERDICT, look.occasion, facts, settle=look.settle)
            decision = found[1]
            if decision.ruling.outcome is not None:
                return self._follow(tx, look, decision)
            decide_by = tx.partners.get(look.partner).next_date
            if decide_by is None or decide_by <= look.terms.last_day:  # else it was set before, by a lost workflow
                decide_by = program.program.calendar.business_days.after(look.today, DAYS_TO_FIND_OUT)
            tx.partners.expects(look.partner, decide_by)
            advice = _what_to_do(decision.ruling, decide_by)
            escalation, notices = open_escalation(
                tx, program, Stage.PILOT, look.cycle, found, look.clock, advice=advice
            )
            return Judged(
                ruling=decision.ruling, stage=Stage.PILOT, decide_by=decide_by, escalation=escalation, notices=notices
            )

    def _follow(self, tx: Transaction, look: Look, decision: Decision) -> Judged:
        ruling, at, day = decision.ruling, look.known_at, look.as_of
        standing = tx.partners.held(look.partner)
        program = self._shelf.get(decision.program)
        policy = program.policies[VERDICT]
        tx.pilots.end(look.partner, look.application, look.terms.number, day, ruling.outcome or "")
        ending = Ending(f"The verdict was {ruling.outcome}.", look.today, at, look.clock)
        over = end_escalations(tx, program.program, look.partner, ending, cycle=look.cycle)
        again = None
        if ruling.outcome == "reset":
            beginning = Beginning(
                application=look.application,
                number=look.terms.number + 1,
                started_on=look.today,
                as_of=look.today,
                known_at=at,
                key=look.purpose,
                because=ruling.because,
            )
            # Under the program of the first: what a pilot has to show does not change because it is reset.
            again = begin_pilot(tx, self._shelf.get(look.terms.program), standing, beginning)
        if ruling.outcome == "expand":
            entry = self._shelf.in_force(day).program.entry_tier
            next_rescore = Quarter.of(day).next.first_day
            tx.partners.move(
                look.partner, look.purpose, Stage.ACTIVE, day, ruling.because, at, tier=entry, next_date=next_rescore
            )
        why = letters.explained(policy, explain(policy, decision.facts, ruling))
        told = letters.verdict(standing.partner, look.application, look.terms, ruling.outcome, why, again)
        tx.notices.write(told, at)
        now = tx.partners.get(look.partner)
        return Judged(ruling=ruling, stage=now.stage, tier=now.tier, terms=again, over=over, notices=(told.key,))

    @activity.defn
    def map_accounts(self, accounts: Accounts) -> int:
        """Record mapped accounts; how many are new."""
        with self._store.write() as tx:
            added = tx.preparation.map_accounts(accounts.partner, accounts.names, accounts.as_of)
            total, _, _ = tx.preparation.counts(accounts.partner, accounts.as_of)
            if added and total > accounts.most:
                raise Refused(
                    f"{accounts.partner} would have {total} mapped accounts; a pilot has {accounts.most} at most, so "
                    "that each of them is worked; choose the best ones"
                )
            return added

    @activity.defn
    def agree_play(self, play: Play) -> int:
        """Record a joint play; 0 where it was agreed before."""
        with self._store.write() as tx:
            return tx.preparation.agree_play(play.partner, play.name, play.trigger, play.outcome, play.as_of)

    @activity.defn
    def record_next_action(self, action: NextAction) -> int:
        """Record a next action; 0 where it was recorded before."""
        with self._store.write() as tx:
            return tx.preparation.record_next_action(
                action.partner, action.what, action.who, action.due_on, action.as_of
            )

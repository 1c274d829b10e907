"""From an application to a signature: the activities of the gate."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from activities import letters
from activities.deciding import Occasion, Shelf, made, make, rules_of
from activities.ending import Ended, Ending, end_escalations
from program.calendar import Clock
from program.decision import Decision, Ruling, as_recorded
from program.errors import Refused
from program.escalation import Escalation
from program.partner import ENDED, PartnerId, Stage, Standing
from program.pilot import PilotTerms
from program.scorecard import Scorecard, ScorecardForm
from rules.explanation.explain import explain
from rules.folder import LoadedProgram
from rules.lifecycle import QUALIFICATION
from store.database import Store, Transaction


class Entry(BaseModel):
    """An application, or a running pilot that is taken over."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: PartnerId
    application: int
    """Counts the partner's applications from 1, so that asking twice for one enters once."""
    as_of: date
    known_at: datetime
    pilot_since: date | None = None
    """The day on which the pilot that is taken over began."""


class Entered(BaseModel):
    """Where an entry led."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: Stage
    terms: PilotTerms | None = None
    tier: str | None = None
    until: date | None = None
    """The day that a deferral or a notice runs to."""
    because: str = ""
    """Why one that is under notice leaves."""
    scorecards: int = 0
    escalations: tuple[Escalation, ...] = ()
    """Those that wait for an answer."""
    notices: tuple[str, ...] = ()
    """Those that were not sent yet."""


class Candidacy(BaseModel):
    """A scorecard to be decided on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: PartnerId
    application: int
    number: int
    """Counts the application's scorecards from 1."""
    scorecard: Scorecard
    as_of: date
    known_at: datetime
    clock: Clock

    @property
    def purpose(self) -> str:
        return f"application-{self.application}/scorecard-{self.number}"


class Qualified(BaseModel):
    """What was decided on a scorecard, and what follows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    decision: int
    ruling: Ruling
    stage: Stage
    terms: PilotTerms | None = None
    deferred_until: date | None = None
    missing: tuple[str, ...] = ()
    """What an open decision waits for, in words: first what would settle most."""
    over: tuple[Ended, ...] = ()
    """The escalations that it ended."""
    notices: tuple[str, ...] = ()


class Lapse(BaseModel):
    """A deferral whose time is over."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: PartnerId
    application: int
    as_of: date
    known_at: datetime
    clock: Clock


class Lapsed(BaseModel):
    """What is left to do once a deferral's time is over."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    over: tuple[Ended, ...]
    """The escalations that it ended."""
    notices: tuple[str, ...]


class Qualification:
    """Applications, scorecards and what is decided on them."""

    def __init__(self, store: Store, shelf: Shelf) -> None:
        self._store = store
        self._shelf = shelf

    @activity.defn
    def enter(self, entry: Entry) -> Entered:
        """Put an application on record, or take over a pilot that already runs.

        An application that is on record is found where it stands, with what is due still: a workflow that was broken
        off before its history could say so, or that Temporal lost altogether, goes on from what the store knows.
        """
        program = self._shelf.in_force(entry.as_of)
        with self._store.write() as tx:
            standing = tx.partners.get(entry.partner)
            if standing.application > entry.application or (
                standing.application == entry.application and standing.stage in ENDED
            ):
                raise Refused(f"application {entry.application} of {entry.partner} is over; it is {standing.stage} now")
            tx.partners.applies(entry.partner, entry.application)
            key = f"application-{entry.application}"
            if standing.application == entry.application:
                return self._found(tx, standing)
            if entry.pilot_since is None:
                tx.partners.move(entry.partner, key, Stage.APPLIED, entry.as_of, "Applied.", entry.known_at)
                return Entered(stage=Stage.APPLIED)
            beginning = Beginning(
                application=entry.application,
                number=1,
                started_on=entry.pilot_since,
                as_of=entry.as_of,
                known_at=entry.known_at,
                key=key,
                because="A running pilot was taken over.",
            )
            terms = begin_pilot(tx, program, standing, beginning)
            return Entered(stage=Stage.PILOT, terms=terms)

    def _found(self, tx: Transaction, standing: Standing) -> Entered:
        partner, application = standing.partner.id, standing.application
        under_notice = standing.stage == Stage.LEAVING
        running = [terms for number, terms, ended, _ in tx.pilots.of(partner) if number == application and not ended]
        return Entered(
            stage=standing.stage,
            terms=running[-1] if running else None,
            tier=standing.tier,
            until=standing.next_date if under_notice or standing.stage == Stage.DEFERRED else None,
            because=tx.partners.moves(partner)[-1][3] if under_notice else "",
            scorecards=tx.scorecards.count(partner, application),
            escalations=tuple(tx.escalations.listed(partner=partner)),
            notices=tuple(notice.key for notice in tx.notices.undelivered(partner=partner)),
        )

    @activity.defn
    def qualify(self, candidacy: Candidacy) -> Qualified:
        """Keep the scorecard, decide on it, and move the partner accordingly."""
        with self._store.read() as tx:
            occasion = Occasion(candidacy.partner, candidacy.purpose, candidacy.as_of, candidacy.known_at)
            found = made(tx, QUALIFICATION, occasion)
            kind = tx.partners.get(candidacy.partner).partner.type
        program = self._shelf.get(found[1].program) if found else self._shelf.in_force(candidacy.as_of)
        form = program.program.for_type(kind).scorecard
        program.program.check(kind, candidacy.scorecard)
        with self._store.write() as tx:
            application, number = candidacy.application, candidacy.number
            scorecard, day, at = candidacy.scorecard, candidacy.as_of, candidacy.known_at
            tx.scorecards.add(candidacy.partner, application, number, scorecard, day, at)
            source = source_of(application, number)
            tx.facts.record(candidacy.partner, as_recorded(scorecard.facts), day, source, at)
            facts = {source: form.roll_up(candidacy.scorecard), rules_of(program): form.minima}
            decision, decided = make(tx, program, QUALIFICATION, occasion, facts)
            return self._follow(tx, program, candidacy, decision, decided)

    def _follow(
        self, tx: Transaction, program: LoadedProgram, candidacy: Candidacy, decision: int, decided: Decision
    ) -> Qualified:
        standing, policy = tx.partners.held(candidacy.partner), program.policies[QUALIFICATION]
        ruling, key, at = decided.ruling, candidacy.purpose, candidacy.known_at
        # What a deferral waits for, somebody waits for still; that its scorecard is overdue is over.
        settled = {Stage.APPLIED} if ruling.outcome not in {"sign", "decline"} else {Stage.APPLIED, Stage.DEFERRED}
        cycle = f"application-{candidacy.application}"
        ending = Ending(
            "A scorecard was submitted.", candidacy.as_of, at, candidacy.clock, by=candidacy.scorecard.reviewer
        )
        over = end_escalations(tx, program.program, candidacy.partner, ending, cycle=cycle, stages=settled)
        if ruling.outcome == "sign":
            beginning = Beginning(
                application=candidacy.application,
                number=1,
                started_on=candidacy.as_of,
                as_of=candidacy.as_of,
                known_at=at,
                key=key,
                because=ruling.because,
            )
            terms = begin_pilot(tx, program, standing, beginning)
            notice = letters.pilot_started(standing.partner, candidacy.application, terms)
            tx.notices.write(notice, at)
            return Qualified(
                decision=decision, ruling=ruling, stage=Stage.PILOT, terms=terms, over=over, notices=(notice.key,)
            )
        if ruling.outcome == "decline":
            tx.partners.move(candidacy.partner, key, Stage.DECLINED, candidacy.as_of, ruling.because, at)
            why = letters.explained(policy, explain(policy, decided.facts, ruling))
            notice = letters.declined(standing.partner, key, why)
            tx.notices.write(notice, at)
            return Qualified(decision=decision, ruling=ruling, stage=Stage.DECLINED, over=over, notices=(notice.key,))
        rules = program.program.for_type(standing.partner.type)
        until = candidacy.as_of + timedelta(days=rules.deferral_days)
        missing = () if ruling.outcome else still_missing(program, rules.scorecard, candidacy.scorecard, ruling)
        reason = f"Still missing: {'; '.join(missing)}." if missing else ruling.because
        why = letters.explained(policy, explain(policy, decided.facts, ruling), missing)
        tx.partners.move(candidacy.partner, key, Stage.DEFERRED, candidacy.as_of, reason, at, next_date=until)
        notice = letters.deferred(standing.partner, key, ruling.outcome, why, until)
        tx.notices.write(notice, at)
        return Qualified(
            decision=decision,
            ruling=ruling,
            stage=Stage.DEFERRED,
            deferred_until=until,
            missing=missing,
            over=over,
            notices=(notice.key,),
        )

    @activity.defn
    def let_deferral_lapse(self, lapse: Lapse) -> Lapsed:
        """Decline a deferred candidate that has brought nothing in time."""
        program = self._shelf.in_force(lapse.as_of).program
        with self._store.write() as tx:
            because = "The deferral expired; what was missing did not come."
            cycle = f"application-{lapse.application}"
            partner = tx.partners.held(lapse.partner).partner
            ending = Ending(because, lapse.as_of, lapse.known_at, lapse.clock)
            over = end_escalations(tx, program, lapse.partner, ending, cycle=cycle)
            tx.partners.move(lapse.partner, f"{cycle}/lapsed", Stage.DECLINED, lapse.as_of, because, lapse.known_at)
            notice = letters.deferral_expired(partner, lapse.application)
            tx.notices.write(notice, lapse.known_at)
            return Lapsed(over=over, notices=(notice.key,))


def source_of(application: int, number: int) -> str:
    """Where facts come from that a scorecard says."""
    return f"scorecard {number} of application {application}"


def still_missing(program: LoadedProgram, form: ScorecardForm, scorecard: Scorecard, ruling: Ruling) -> tuple[str, ...]:
    """What an open decision waits for: what the reviewer left out, and facts that nobody recorded."""
    policy, words = program.policies[QUALIFICATION], dict[str, None]()
    titles = {question.id: question.title for question in program.program.evidence}
    for name in ruling.missing:
        asked = form.missing(scorecard, name) or [titles.get(name) or policy.title_of(name)]
        words |= dict.fromkeys(asked)
    return tuple(words)


@dataclass(frozen=True)
class Beginning:
    """A pilot that begins."""

    application: int
    number: int
    started_on: date
    as_of: date
    """The day on which it is recorded: later than its start where a running pilot is taken over."""
    known_at: datetime
    key: str
    """What moves the partner into it."""
    because: str


def begin_pilot(tx: Transaction, program: LoadedProgram, standing: Standing, beginning: Beginning) -> PilotTerms:
    """Agree on a pilot under a program, and move the partner into it."""
    partner = standing.partner
    terms = tx.pilots.begin(
        partner.id,
        beginning.application,
        PilotTerms(
            number=beginning.number,
            started_on=beginning.started_on,
            plan=program.program.for_type(partner.type).pilot,
            targets=program.program.types[partner.type].targets,
            program=program.digest,
        ),
    )
    next_date = min(map(terms.checkpoint, terms.weeks_after(beginning.as_of)), default=terms.last_day)
    tx.partners.move(
        partner.id,
        beginning.key,
        Stage.PILOT,
        beginning.started_on,
        beginning.because,
        beginning.known_at,
        next_date=next_date,
    )
    return terms

"""The activities of one installation, called one by one as a worker would call them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar, cast

import pytest
from temporalio.client import Client
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import ActivityEnvironment

from activities.deciding import Shelf
from activities.delivery import Delivery
from activities.departure import Departures
from activities.escalating import Answer, Escalating, Step
from activities.ladders import Ladders
from activities.pilot import Look, Pilots
from activities.postman import Postman
from activities.qualification import Candidacy, Entered, Entry, Qualification, Qualified
from activities.roster import Roster
from activities.sending import Sender
from activities.sweep import Sweeps
from activities.watching import over
from activities.weekly import WeeklyDigests
from program.calendar import Clock
from program.decision import Decision
from program.escalation import Acknowledge, Act, Escalation
from program.notice import ChannelName
from program.opportunity import Opportunity
from program.partner import Stage, Standing
from program.person import Absence
from program.pilot import PilotTerms
from program.scorecard import Scorecard
from program.serving import ServiceOverride
from program.tiers import kinds
from program.touch import Touch
from rules.folder import LoadedProgram
from store.database import Store
from tests.world import Outbox, a_partner, a_scorecard, changed_program, publish

Result = TypeVar("Result")

START = date(2017, 3, 1)


def day(number: int) -> date:
    """A day counted from the first, which is day 0."""
    return START + timedelta(days=number)


def at(on: date) -> datetime:
    return datetime.combine(on, time(6), tzinfo=UTC)


class Temporal:
    """What activities ask of Temporal: signals to lifecycles, and workflows to be started."""

    def __init__(self) -> None:
        self.signals: list[tuple[str, str, Any]] = []
        self.started: list[str] = []
        self.gone: set[str] = set()
        self.failures = 0

    def get_workflow_handle(self, workflow_id: str) -> "Handle":
        return Handle(self, workflow_id)

    async def start_workflow(self, name: str, _argument: object, *, id: str, **_options: object) -> None:  # noqa: A002
        if id in self.started:
            raise WorkflowAlreadyStartedError(id, name)
        self.started.append(id)


class Handle:
    def __init__(self, temporal: Temporal, workflow_id: str) -> None:
        self._temporal = temporal
        self._id = workflow_id

    async def signal(self, name: str, argument: object) -> None:
        if self._temporal.failures:
            self._temporal.failures -= 1
            raise RPCError("unavailable", RPCStatusCode.UNAVAILABLE, b"")
        if self._id in self._temporal.gone:
            raise RPCError("not found", RPCStatusCode.NOT_FOUND, b"")
        self._temporal.signals.append((self._id, name, argument))


FOURTH_WEEK = day(22)


class Office:
    """A store, the activities that work on it, and what reached the world outside."""

    def __init__(self, store: Store, program: LoadedProgram) -> None:
        self.store, self.program = store, program
        self.outbox, self.temporal = Outbox(), Temporal()
        self.now = at(day(1000)).replace(hour=9)  # nobody sleeps
        client = cast("Client", self.temporal)
        self.shelf = Shelf(store)
        self.shelf._programs[program.digest] = program  # reading it takes longer than most of these tests
        self.gate = Qualification(store, self.shelf)
        self.pilots = Pilots(store, self.shelf)
        self.departures = Departures(store, self.shelf)
        self.ladders = Ladders(client)
        self.escalating = Escalating(store, self.shelf, client, over)
        self.roster = Roster(store, self.shelf, client)
        self.sweeps = Sweeps(store, self.shelf)
        self.postman = Postman(store, Sender(store, self.shelf, {ChannelName.LOG: self.outbox}, lambda: self.now))
        self.delivery = Delivery(store, self.postman)
        self.weekly = WeeklyDigests(store, self.shelf)
        self.puts_in_force(program, START)

    def changed(self, *changes: tuple[str, str]) -> LoadedProgram:
        return changed_program(self.program, *changes)

    def run(self, activity: Callable[[Any], Result], argument: object) -> Result:
        return ActivityEnvironment().run(activity, argument)

    def puts_in_force(self, program: LoadedProgram, on: date) -> None:
        publish(self.store, program, on)

    # Partners, and how they came where a test begins

    def knows(self, name: str) -> str:
        with self.store.write() as tx:
            tx.partners.add([a_partner(name)], at(START))
        return a_partner(name).id

    def applied(self, name: str, on: date = START) -> str:
        partner = self.knows(name)
        self.enters(partner, on)
        return partner

    def enters(self, partner: str, on: date = START, **more: Any) -> Entered:
        entry = Entry(**{"partner": partner, "application": 1, "as_of": on, "known_at": at(on), **more})
        return self.run(self.gate.enter, entry)

    def submits(self, partner: str, scorecard: Scorecard, number: int = 1, on: date = START) -> Qualified:
        return self.run(self.gate.qualify, candidacy(partner, scorecard, number, on))

    def in_pilot(self, name: str) -> str:
        partner = self.applied(name)
        assert self.submits(partner, a_scorecard()).stage == Stage.PILOT
        return partner

    def active(self, name: str, since: date = START, tier: str = "growth") -> str:
        partner = self.knows(name)
        with self.store.write() as tx:
            tx.partners.applies(partner, 1)
            tx.partners.move(partner, "pilot", Stage.PILOT, since, "Taken over.", at(since))
            tx.partners.move(partner, "active", Stage.ACTIVE, since, "Expanded.", at(since), tier=tier)
        return partner

    def brings(self, partner: str, created: date, number: int = 1, *, known: date = START, **more: Any) -> None:
        deals = [
            Opportunity(
                **{"id": f"{partner}/{created}/{n}", "partner": partner, "created_on": created, "mutual": True, **more}
            )
            for n in range(number)
        ]
        with self.store.write() as tx:
            tx.opportunities.record(deals, "crm", at(known))

    def succeeds(self, partner: str) -> None:
        """Six deals in the pilot's first weeks, all of them progressed."""
        for number in range(6):
            created = day(7 * number)
            self.brings(partner, created, qualified_on=created, progressed_on=created + timedelta(days=3))

    def prepares(self, partner: str) -> None:
        with self.store.write() as tx:
            tx.preparation.map_accounts(partner, [f"Account {n}" for n in range(25)], START)
            for play in ("Renewal", "Migration"):
                tx.preparation.agree_play(partner, play, "A signal", "A meeting", START)
            tx.preparation.record_next_action(partner, "Review", "Ada", day(400), START)

    def has_a_next_action(self, partner: str, on: date = START) -> str:
        with self.store.write() as tx:
            tx.preparation.record_next_action(partner, "Call Initech", "Ada", day(400), on)
        return partner

    def is_away(self, name: str, first: date, last: date) -> None:
        with self.store.write() as tx:
            tx.people.away(Absence(person=name, first=first, last=last, stand_in="Ada Owner"))

    def is_served(self, partner: str, tier: str, first: date, until: date) -> None:
        """A live deal is granted another tier's service."""
        override = ServiceOverride(
            partner=partner, tier=tier, first=first, until=until, reason="A deal", granted_by="Ada"
        )
        with self.store.write() as tx:
            tx.serving.grant(override, at(first))

    def serves(self, partner: str, on: date, *kind: str, known: date = START) -> None:
        """Touches of some kinds are delivered, or whatever any tier's service owes."""
        with self.store.write() as tx:
            for one in kind or kinds(self.program.program.tiers):
                tx.touches.record(Touch(partner=partner, delivered_on=on, kind=one, who="Ada"), at(known))

    # What is there afterwards

    def answer(self, key: str, act: Act | None = None, on: date = FOURTH_WEEK) -> Answer:
        """What Ada does about an escalation; she answers for it where nothing else is said."""
        chosen = act or Acknowledge(who="Ada", note="I call them")
        return Answer(key=key, act=chosen, today=on, at=at(on), once="1", clock=Clock())

    def answers(self, key: str, act: Act | None = None, on: date = FOURTH_WEEK) -> Escalation:
        return self.run(self.escalating.answer, self.answer(key, act, on))

    def step(self, key: str, *, round: int = 0, rung: int = 0, on: date = FOURTH_WEEK) -> Step:  # noqa: A002 -- of the ladder
        return Step(key=key, round=round, rung=rung, today=on, at=at(on), clock=Clock())

    def standing(self, partner: str) -> Standing:
        with self.store.read() as tx:
            return tx.partners.get(partner)

    def terms(self, partner: str) -> PilotTerms:
        with self.store.read() as tx:
            return tx.pilots.of(partner)[-1][1]

    def decisions(self, partner: str, policy: str | None = None) -> list[Decision]:
        with self.store.read() as tx:
            return [decision for _, decision in tx.decisions.listed(partner=partner, policy=policy)]

    def notices(self) -> dict[str, str]:
        """The text of what is to be told, by key."""
        with self.store.read() as tx:
            return {notice.key: f"{notice.subject}\n{notice.body}" for notice in tx.notices.undelivered()}

    def looks(self, partner: str, week: int) -> Look:
        terms = self.terms(partner)
        on = terms.checkpoint(week)
        return Look(
            partner=partner, application=1, terms=terms, as_of=on, known_at=at(on), today=on, week=week, clock=Clock()
        )

    def judges(self, partner: str, *, settle: bool = False) -> Look:
        terms = self.terms(partner)
        on = terms.last_day + timedelta(days=7 * settle)
        return Look(
            partner=partner,
            application=1,
            terms=terms,
            as_of=on,
            known_at=at(on),
            today=on,
            settle=settle,
            clock=Clock(),
        )


def candidacy(partner: str, scorecard: Scorecard, number: int = 1, on: date = START) -> Candidacy:
    return Candidacy(
        partner=partner, application=1, number=number, scorecard=scorecard, as_of=on, known_at=at(on), clock=Clock()
    )


@pytest.fixture
def office(store: Store, default_program: LoadedProgram) -> Office:
    return Office(store, default_program)

"""The weekly digest: what somebody who looks after partners has to know of the week."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from activities.deciding import Shelf
from activities.digest import MOST_LINES, mark
from program.calendar import Clock
from program.escalation import Escalation, EscalationState
from program.notice import Notice
from program.partner import Partner, PartnerId, Stage
from program.person import in_shell
from program.pilot import PilotTerms, achieved
from store.database import Store, Transaction

A_WEEK: Final = timedelta(days=7)

Item = TypeVar("Item")


class Stalled(BaseModel):
    """A partner that stalled, and what was said of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    """The escalation's."""
    partner: str
    owner: str
    since: date
    because: str
    state: EscalationState
    answered_by: str | None
    note: str | None
    """What was said last: by who answered, or of what ended it, or by who gave it to somebody else."""


class PilotDue(BaseModel):
    """A pilot that is judged soon, and what it has to show by now."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: str
    owner: str
    on: date
    qualified: int
    target_qualified: int
    progressed: int
    target_progressed: int


class Weekly(BaseModel):
    """The week of one person: everything about the partners they look after, or whose owners report to them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: str
    day: date
    open: tuple[Stalled, ...] = ()
    """Those that nobody answers for now."""
    answered: tuple[Stalled, ...] = ()
    """In the seven days before."""
    ended: tuple[Stalled, ...] = ()
    """In the seven days before, without an answer."""
    pilots: tuple[PilotDue, ...] = ()
    """Judged by the end of next week, the next one first."""

    @property
    def last_day(self) -> date:
        """The Sunday of next week."""
        return self.day - timedelta(days=self.day.weekday()) + 2 * A_WEEK - timedelta(days=1)


class Week(BaseModel):
    """The week to be told of: the one before a day."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clock: Clock
    as_of: date
    known_at: datetime


class WeeklyDigests:
    """Writes the weekly digests."""

    def __init__(self, store: Store, shelf: Shelf) -> None:
        self._store = store
        self._shelf = shelf

    @activity.defn
    def write_weekly(self, week: Week) -> tuple[str, ...]:
        """Write a digest to everybody who has something to hear, once a week; the keys of the notices."""
        program = self._shelf.in_force(week.as_of).program
        keys: list[str] = []
        with self._store.write() as tx:
            for weekly in weeklies(tx, week):
                notice = letter(weekly, tx.people.standing_in(weekly.person, week.as_of))
                tx.notices.write(notice, week.known_at, program.held_until(notice, week.known_at, week.clock))
                keys.append(notice.key)
        return tuple(keys)


def weeklies(tx: Transaction, week: Week) -> list[Weekly]:
    """The weeks of everybody who has something to hear, by name."""
    roster = {standing.partner.id: standing for standing in tx.partners.roster()}
    partners = {name: standing.partner for name, standing in roster.items()}
    found: dict[str, dict[str, list[Stalled]]] = defaultdict(lambda: defaultdict(list))
    answered = tx.escalations.answered(week.clock.starts(week.as_of - A_WEEK), week.clock.starts(week.as_of))
    for escalation in tx.escalations.of_late(week.as_of - A_WEEK):
        partner = partners[escalation.partner]
        for what in _parts(escalation, week, again=escalation.key in answered):
            for person in _concerned(partner, escalation.delegate):
                found[person][what].append(_stalled(escalation, partner))
    due: dict[str, list[PilotDue]] = defaultdict(list)
    in_pilot = {name: partner for name, partner in partners.items() if roster[name].stage == Stage.PILOT}
    for pilot, partner in _pilots(tx, in_pilot, week):
        for person in _concerned(partner):
            due[person].append(pilot)
    return [
        Weekly(
            person=person,
            day=week.as_of,
            pilots=tuple(sorted(due[person], key=lambda pilot: (pilot.on, pilot.partner))),
            **{what: tuple(stalls) for what, stalls in found[person].items()},
        )
        for person in sorted({*found, *due})
    ]


def _concerned(partner: Partner, *others: str | None) -> set[str]:
    return {name for name in (partner.owner, partner.owner_manager, *others) if name}


def _parts(escalation: Escalation, week: Week, *, again: bool) -> Iterator[str]:
    """The parts of a digest in which an escalation has its place; `again` where it was answered once more."""
    if escalation.state in {EscalationState.OPEN, EscalationState.UNANSWERED}:
        yield "open"
    answered = week.clock.today(escalation.answered_at) if escalation.answered_at else None
    if again or (answered and week.as_of - A_WEEK <= answered < week.as_of):
        yield "answered"
    ended = escalation.closed_on if not escalation.answered_by else None
    if ended and week.as_of - A_WEEK <= ended < week.as_of:
        yield "ended"


def _stalled(escalation: Escalation, partner: Partner) -> Stalled:
    return Stalled(
        key=escalation.key,
        partner=partner.name,
        owner=escalation.delegate or partner.owner,
        since=escalation.opened_on,
        because=escalation.because,
        state=escalation.state,
        answered_by=escalation.answered_by,
        note=escalation.note,
    )


def _pilots(tx: Transaction, partners: dict[PartnerId, Partner], week: Week) -> Iterator[tuple[PilotDue, Partner]]:
    """The pilots of some partners that are judged by the end of next week."""
    last = Weekly(person="", day=week.as_of).last_day
    terms = {
        partner: terms
        for partner, terms in tx.pilots.running().items()
        if partner in partners and week.as_of <= terms.last_day <= last
    }
    brought = tx.opportunities.by_partner(terms, week.as_of, week.known_at)
    for partner, agreed in terms.items():
        facts = achieved(agreed, week.as_of, brought[partner])
        yield (
            _due(partners[partner], agreed, facts["qualified_opportunities"], facts["progressed_on_time"]),
            partners[partner],
        )


def _due(partner: Partner, terms: PilotTerms, qualified: object, progressed: object) -> PilotDue:
    return PilotDue.model_validate(
        {
            "partner": partner.name,
            "owner": partner.owner,
            "on": terms.last_day,
            "qualified": qualified,
            "target_qualified": terms.targets.qualified,
            "progressed": progressed,
            "target_progressed": terms.targets.progressed,
        }
    )


def letter(weekly: Weekly, recipient: str) -> Notice:
    """A person's week as a notice to them, or to who stands in for them; one a week."""
    monday = weekly.day - timedelta(days=weekly.day.weekday())
    own = recipient == weekly.person
    away = [] if own else [f"You get this because you stand in for {weekly.person}."]
    return Notice(
        key=f"weekly/{monday}/{mark(weekly.person)}",
        kind="team.weekly",
        recipient=recipient,
        subject=f"{'Your week' if own else f'The week of {weekly.person}'}: {_in_short(weekly)}",
        body="\n".join([*away, *lines(weekly, MOST_LINES)]),
    )


def _in_short(weekly: Weekly) -> str:
    counts = {
        "open": len(weekly.open),
        "answered": len(weekly.answered),
        "ended": len(weekly.ended),
        "pilot due" if len(weekly.pilots) == 1 else "pilots due": len(weekly.pilots),
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def lines(weekly: Weekly, most: int | None = None) -> Iterator[str]:
    """A person's week in words; parts that are empty are left out, and of each no more than so many are named."""

    def whose(owner: str) -> str:
        return "" if owner == weekly.person else f" ({owner})"

    def is_open(one: Stalled) -> str:
        return (
            f"{one.partner}{whose(one.owner)}, since {one.since}: {one.because} `gatehouse escalations show {one.key}`"
        )

    def was_answered(one: Stalled) -> str:
        match one.state:
            case EscalationState.ENDED:
                said = f"{one.answered_by} answered, and it is over: {one.note}"
            case EscalationState.ACKNOWLEDGED | EscalationState.SNOOZED:
                said = f"{one.answered_by} said: {one.note}"
            case _:
                said = f"{one.answered_by} answered, and it is open again"
        return f"{one.partner}{whose(one.owner)}: {said}"

    def has_ended(one: Stalled) -> str:
        return f"{one.partner}{whose(one.owner)}, since {one.since}: {one.note}"

    def is_due(one: PilotDue) -> str:
        return (
            f"{one.partner}{whose(one.owner)}, on {one.on}: {one.qualified} of {one.target_qualified} qualified "
            f"opportunities, {one.progressed} of {one.target_progressed} progressed"
        )

    limit = (most, f"`gatehouse digest --for {in_shell(weekly.person)}` shows all of them.")
    yield from _part("Open, and nobody answers for it", weekly.open, is_open, *limit)
    yield from _part("Answered in the last seven days", weekly.answered, was_answered, *limit)
    yield from _part("Ended by itself in the last seven days", weekly.ended, has_ended, *limit)
    yield from _part(f"Pilots that are judged by {weekly.last_day}", weekly.pilots, is_due, *limit)


def _part(
    heading: str, items: Sequence[Item], said: Callable[[Item], str], most: int | None, all_of_it: str
) -> Iterator[str]:
    """One part of a week; where not all are named, how many more there are and how to see them."""
    named = items[:most]
    if items:
        yield f"{heading}: {len(items)}"
        yield from (f"- {said(item)}" for item in named)
    if len(named) < len(items):
        yield f"And {len(items) - len(named)} more: {all_of_it}"

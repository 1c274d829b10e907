"""Telling whoever stands on a ladder: written with the stall that was found, and again with each rung."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from activities import gathering, urging
from activities.deciding import Occasion, known
from activities.gathering import Glance
from program import escalation as course
from program.calendar import Clock
from program.escalation import Escalation, EscalationEvent
from program.partner import Partner, Stage
from rules.decision.decide import decide
from rules.folder import LoadedProgram
from rules.lifecycle import VERDICT
from store.database import Transaction


class Told(BaseModel):
    """What came of a step."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    escalation: Escalation
    until: datetime | None = None
    """Until when an answer is waited for; None where nobody was told."""


def tell(
    tx: Transaction, program: LoadedProgram, escalation: Escalation, clock: Clock, at: datetime
) -> tuple[Told, str]:
    """Tell whoever stands on the rung that an escalation has come to, or on the next that is not empty.

    Returns what came of it, and the key of the notice.
    """
    ladder, partner = program.program.ladder.by(clock), tx.partners.get(escalation.partner).partner
    people = [
        (number, person)
        for number, rung in enumerate(ladder.rules.rungs)
        if (person := ladder.rules.person(rung, partner, escalation.delegate or partner.owner))
    ]
    there = [(number, person) for number, person in people if number >= escalation.rung]
    if not there:
        return _nobody_answered(tx, program, escalation, partner, clock, at)
    number, person = there[0]
    first = escalation.round == 0 and number == people[0][0]
    key = f"{escalation.key}/{'opened' if first else f'told-{escalation.round}-{number}'}"
    told_at = next((e.at for e in tx.escalations.events(escalation.key) if e.what == "told" and e.note == key), None)
    rung = ladder.rules.rungs[number]
    # Counted from when they were told: looking at it again gives nobody more time.
    until = rung.level.within.after(told_at or at, ladder.working)
    after = next((later for _, later in there[1:] if later != person), ladder.rules.lead)
    urge = _urge(tx, program, escalation, person, clock, at)
    notice = urge.notice(key, rung, until, after)
    tx.notices.write(notice, at, program.program.held_until(notice, at, clock))
    now = escalation.model_copy(update={"rung": number})
    tx.escalations.keep(now)
    if told_at is None:
        tx.escalations.note(escalation.key, EscalationEvent(at=at, what="told", who=urge.person, note=key))
    return Told(escalation=now, until=until), key


def _urge(
    tx: Transaction, program: LoadedProgram, escalation: Escalation, person: str, clock: Clock, at: datetime
) -> urging.Urge:
    """What somebody is told of an escalation, or who stands in for them."""
    today = clock.today(at)
    stands_in = tx.people.standing_in(person, today)
    return urging.Urge(
        escalation=escalation,
        partner=tx.partners.get(escalation.partner).partner,
        policy=program.policies[escalation.policy],
        decision=tx.decisions.get(escalation.decision),
        ladder=program.program.ladder.by(clock),
        person=stands_in,
        stands_in_for=person if stands_in != person else "",
        resets=tx.pilots.resets_left(escalation.partner),
        before=tuple(urging.before(tx.escalations.events(escalation.key), stands_in)),
        expected=_expected(tx, program, escalation, today, at),
    )


def _expected(tx: Transaction, program: LoadedProgram, escalation: Escalation, today: date, at: datetime) -> str:
    """What the verdict of a pilot is if nothing changes, in a sentence; empty where there is no pilot."""
    if escalation.stage != Stage.PILOT or escalation.policy == VERDICT:
        return ""
    application, terms, _, _ = tx.pilots.of(escalation.partner)[-1]
    glance = Glance(escalation.partner, application, terms, today, at)
    policy, occasion = program.policies[VERDICT], Occasion(escalation.partner, escalation.cycle, today, at)
    facts, _ = known(tx, policy, occasion, gathering.of_verdict(tx, glance))
    ruling = decide(policy, facts, settle=True)
    return f"If nothing changes, the verdict on {terms.last_day} is {ruling.outcome}: {ruling.because}"


def _nobody_answered(
    tx: Transaction, program: LoadedProgram, escalation: Escalation, partner: Partner, clock: Clock, at: datetime
) -> tuple[Told, str]:
    now = course.unanswered(escalation)
    tx.escalations.keep(now, EscalationEvent(at=at, what="unanswered"))
    lead = program.program.escalations.lead or partner.owner_manager or partner.owner
    notice = _urge(tx, program, now, lead, clock, at).unanswered()
    tx.notices.write(notice, at, program.program.held_until(notice, at, clock))
    tx.escalations.note(now.key, EscalationEvent(at=at, what="told", who=notice.recipient, note=notice.key))
    return Told(escalation=now), notice.key

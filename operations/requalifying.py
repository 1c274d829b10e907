"""Retro-qualification: who of those that were signed would not be signed today, and why. Nothing follows by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from pydantic import BaseModel, ConfigDict

from activities.deciding import Occasion, Undecidable, known, make, rules_of
from activities.qualification import source_of, still_missing
from program.decision import Ruling
from program.errors import Refused
from program.partner import PartnerId, Stage, Standing
from program.scorecard import Scorecard
from rules.decision.decide import decide
from rules.folder import LoadedProgram
from rules.lifecycle import QUALIFICATION
from store.database import Store, Transaction

PURPOSE: Final = "requalification"
"""What its decisions are for, beside those of applications."""

AT_ONCE: Final = 100
"""Partners decided in one transaction: others wait for the ledger as long."""


class Requalified(BaseModel):
    """What today's qualification says of a partner that was signed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: PartnerId
    name: str
    tier: str | None
    since: date | None
    """Since when it is active."""
    reviewer: str | None
    """Of the scorecard that was decided on; None where there is none."""
    outcome: str | None
    """None where it hangs on what nobody knows."""
    because: str
    advice: str
    missing: tuple[str, ...]
    """What nobody knows and what can change the outcome, in words."""
    decision: int | None
    """The record; None of a preview."""


@dataclass(frozen=True)
class _Look:
    """On which day, and by what is known when."""

    program: LoadedProgram
    today: date
    now: datetime
    record: bool


def requalify(store: Store, program: LoadedProgram, today: date, now: datetime, *, record: bool) -> list[Requalified]:
    """Decide qualification over every active partner: its last scorecard, today's facts, the program in force.

    Nothing follows of it. What is recorded is found again by whoever asks a second time on the same day.

    Raises:
        Disagreement: where the evaluators differ.
    """
    look = _Look(program, today, now, record)
    with store.read() as tx:
        standings = tx.partners.roster(Stage.ACTIVE)
    found: list[Requalified] = []
    for first in range(0, len(standings), AT_ONCE):
        with store.write() if record else store.read() as tx:
            found += [_looked_at(tx, look, standing) for standing in standings[first : first + AT_ONCE]]
    return found


def _looked_at(tx: Transaction, look: _Look, standing: Standing) -> Requalified:
    partner, program = standing.partner, look.program
    number = tx.scorecards.count(partner.id, standing.application)
    scorecard = tx.scorecards.get(partner.id, standing.application, number)
    form = program.program.for_type(partner.type).scorecard
    application = f"application-{standing.application}"
    purpose = f"{PURPOSE}/{application}" + (f"/scorecard-{number}" if scorecard else "")
    occasion = Occasion(partner.id, purpose, look.today, look.now)
    rolled_up = form.roll_up(scorecard) if scorecard else {}
    facts = {source_of(standing.application, number): rolled_up, rules_of(program): form.minima}
    decision, ruling = _ruled(tx, look, occasion, facts)
    missing = () if ruling.outcome else still_missing(program, form, scorecard or _nothing(), ruling)
    return Requalified(
        partner=partner.id,
        name=partner.name,
        tier=standing.tier,
        since=standing.since,
        reviewer=scorecard.reviewer if scorecard else None,
        outcome=ruling.outcome,
        because=ruling.because,
        advice=ruling.advice,
        missing=missing,
        decision=decision,
    )


def _ruled(
    tx: Transaction, look: _Look, occasion: Occasion, facts: Mapping[str, Mapping[str, object]]
) -> tuple[int | None, Ruling]:
    if not look.record:
        policy = look.program.policies[QUALIFICATION]
        return None, decide(policy, known(tx, policy, occasion, facts)[0])
    try:
        number, decision = make(tx, look.program, QUALIFICATION, occasion, facts)
    except Undecidable as undecided:
        raise undecided.differ from None
    return number, decision.ruling


def _nothing() -> Scorecard:
    """The scorecard of somebody who was never rated."""
    return Scorecard(reviewer="Nobody", ratings={}, screening={})


# Acting on it


def exits(tx: Transaction, text: str) -> dict[PartnerId, str]:
    """The partners that a list names, one a line, with the reason each is told.

    Raises:
        Refused: naming every line whose partner cannot be let go for this reason.
    """
    lines = [(number, line.split("#")[0].strip()) for number, line in enumerate(text.splitlines(), start=1)]
    named = [(number, name) for number, name in lines if name]
    reasons: dict[PartnerId, str] = {}
    faults = []
    for number, name in named:
        try:
            reasons[name] = _reason(tx, name)
        except Refused as refused:
            faults.append(f"line {number}: {refused}")
    if faults:
        raise Refused("\n".join([*faults, "Nobody was given notice."]))
    if not reasons:
        raise Refused("the list names nobody; write a partner's ID on each line")
    return reasons


def _reason(tx: Transaction, partner: PartnerId) -> str:
    """Why a partner would not be signed, as was decided last."""
    standing = tx.partners.get(partner)
    if standing.stage != Stage.ACTIVE:
        raise Refused(f"{partner} is {standing.stage}, and only active partners were signed and are here still")
    mark = f"{PURPOSE}/application-{standing.application}"
    last = [
        decision
        for _, decision in tx.decisions.listed(partner=partner, policy=QUALIFICATION)
        if decision.purpose == mark or decision.purpose.startswith(f"{mark}/")
    ]
    if not last:
        raise Refused(f"{partner} was not requalified; `gatehouse roster requalify` does it, and puts it on record")
    ruling = last[-1].ruling
    if ruling.outcome == "sign":
        raise Refused(f"{partner} would be signed; `gatehouse exit` gives notice for other reasons")
    if ruling.outcome is None:
        raise Refused(f"nobody knows whether {partner} would be signed; `gatehouse exit` gives notice all the same")
    return f"By today's standard: {ruling.because}"


def not_signed(found: Sequence[Requalified]) -> list[Requalified]:
    """Those that would not be signed today, the worst first; those of whom nobody knows are none of them."""
    worst = {"decline": 0, "defer": 1}
    out = [one for one in found if one.outcome in worst]
    return sorted(out, key=lambda one: (worst[one.outcome or ""], one.name, one.partner))

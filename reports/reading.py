"""Reading the roster's record from the store, in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from activities import gate
from activities.scoring import away, rated_facts
from program.calendar import Quarter
from program.decision import Decision
from program.partner import PartnerId, Stage
from program.tiers import kinds
from reports.forecast import Basis, to_forecast
from reports.record import MOST_QUARTERS, Decided, Piloted, Ranked, Record, Stay
from rules.folder import LoadedProgram
from rules.lifecycle import VERDICT
from store.database import Transaction
from store.rescores import EVERYONE

NOW: Final = datetime.max.replace(tzinfo=UTC)
"""By all that is known by now."""

InForce = Callable[[date], LoadedProgram | None]
"""The program in force on a day; None before any was."""


def read(tx: Transaction, in_force: InForce, quarter: Quarter, today: date) -> Record:
    """The roster up to a quarter's end, or up to today where it still runs."""
    as_of = min(quarter.last_day, today)
    stays = _stays(tx, as_of)
    qualifications = [_decided(number, decision) for number, decision in gate.decided(tx, as_of)]
    return Record(
        quarter=quarter,
        as_of=as_of,
        partners={standing.partner.id: standing for standing in tx.partners.roster()},
        stays=stays,
        deals=tx.opportunities.every(as_of),
        qualifications=qualifications,
        pilots=_pilots(tx, stays, as_of),
        rescores=_rescores(tx, quarter),
        service=_service(in_force, quarter),
        touches=tx.touches.delivered(as_of),
        promised=_promised(in_force, quarter),
        direct=tx.opportunities.direct(as_of),
    )


def bases(tx: Transaction, record: Record, in_force: InForce) -> dict[Quarter, Basis]:
    """What forecasts of the next re-score, and of those there were, are made with."""
    found, target = {}, to_forecast(record)
    for quarter in [*record.rescores, target]:
        program = in_force(min(quarter.first_day, record.as_of)) or in_force(record.as_of)
        if program:
            partners = {stay.partner for stay in record.stays if stay.stage == Stage.ACTIVE}
            known_by = record.as_of if quarter == target else quarter.previous.last_day
            rated = rated_facts(tx, program.program, partners, known_by, NOW)
            leave = away(tx, target) if quarter == target else tx.rescores.get(quarter).away
            found[quarter] = Basis(program, rated, leave)
    return found


def on_record(tx: Transaction) -> tuple[Quarter, Quarter] | None:
    """The quarters in which something first and last happened, a re-score for one; None where nothing has."""
    spans = [span for span in (tx.partners.span(), tx.opportunities.span()) if span]
    if not spans:
        return None
    rescored = [quarter.last_day for quarter in tx.rescores.published()]
    return Quarter.of(min(first for first, _ in spans)), Quarter.of(max([*(last for _, last in spans), *rescored]))


def _stays(tx: Transaction, as_of: date) -> list[Stay]:
    lives: dict[PartnerId, list[Stay]] = {}
    for moved in tx.partners.every_move(as_of):
        life = lives.setdefault(moved.partner, [])
        if life:
            before = life.pop()
            life.append(Stay(before.partner, before.stage, before.since, moved.day, before.tier, before.because))
        life.append(Stay(moved.partner, moved.stage, moved.day, None, moved.tier, moved.because))
    return [stay for life in lives.values() for stay in life]


def _decided(number: int, decision: Decision) -> Decided:
    ruling = decision.ruling
    return Decided(
        number=number,
        partner=decision.partner,
        as_of=decision.as_of,
        outcome=ruling.outcome,
        rule=ruling.rule,
        because=ruling.because,
    )


def _pilots(tx: Transaction, stays: list[Stay], as_of: date) -> list[Piloted]:
    """The pilots that had begun by a day, with how they had ended by then."""
    verdicts = {
        (decision.partner, decision.purpose.removesuffix("/settled").removesuffix("/verdict")): number
        for number, decision in tx.decisions.listed(policy=VERDICT, as_of=as_of)
        if decision.ruling.outcome
    }
    ended = {(stay.partner, stay.since): stay.until for stay in stays if stay.stage == Stage.PILOT}
    found = []
    for (partner, application, number), (terms, verdict) in tx.pilots.verdicts().items():
        if terms.started_on > as_of:
            continue
        until = ended.get((partner, terms.started_on))
        found.append(
            Piloted(
                partner=partner,
                application=application,
                number=number,
                started_on=terms.started_on,
                last_day=terms.last_day,
                targets=terms.targets,
                ended_on=until,
                verdict=(verdict or "withdrawn") if until else None,
                decision=verdicts.get((partner, f"application-{application}/pilot-{number}")),
            )
        )
    return found


def _rescores(tx: Transaction, upto: Quarter) -> dict[Quarter, Mapping[PartnerId, Ranked]]:
    found: dict[Quarter, Mapping[PartnerId, Ranked]] = {}
    for name, published in tx.rescores.begun():
        quarter = Quarter.parse(name)
        if published is None or quarter.first_day > upto.first_day:
            continue
        moves = {move.partner: move for move in tx.rescores.moves(quarter)}
        found[quarter] = {
            placed.partner: Ranked(
                partner=placed.partner,
                quarter=quarter,
                rank=placed.placement.rank,
                score=placed.score.low,
                came_from=moves[placed.partner].came_from,
                tier=moves[placed.partner].record.tier,
                move=moves[placed.partner].move,
                decision=moves[placed.partner].decision,
                quarters_below=moves[placed.partner].record.quarters_below,
                quarters_inactive=moves[placed.partner].record.quarters_inactive,
            )
            for placed in tx.rescores.placed(quarter, "", EVERYONE)
            if placed.partner in moves
        }
    return found


def _in_force(in_force: InForce, quarter: Quarter) -> LoadedProgram | None:
    """The program of a quarter: a first one is in force from some day of it on."""
    return in_force(quarter.first_day) or in_force(quarter.last_day)


def _promised(in_force: InForce, quarter: Quarter) -> dict[str, Sequence[str]]:
    program = _in_force(in_force, quarter)
    return {tier.id: kinds([tier]) for tier in program.program.tiers} if program else {}


def _service(in_force: InForce, upto: Quarter) -> dict[Quarter, Mapping[str, Decimal]]:
    found: dict[Quarter, Mapping[str, Decimal]] = {}
    quarter = upto
    for _ in range(MOST_QUARTERS):
        program = _in_force(in_force, quarter)
        if program:
            found = {quarter: {tier.id: tier.service.hours for tier in program.program.tiers}, **found}
        quarter = quarter.previous
    return found

"""A forecast of next quarter's tiers: everybody's average quarter, scored, cut and moved as the re-score would do it.

It is held against the re-scores there were: how often it would have been right, and how often nobody moving would.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Final

from activities.scoring import cut_of, eligibility, moves, ranked, scores, team
from program.calendar import Quarter
from program.figures import value
from program.measures import four_places, measured
from program.movement import TierRecord, full_quarters
from program.opportunity import Opportunity
from program.pack import factor_results
from program.partner import PartnerId, Stage
from program.person import Absence
from program.rescore import Entrant, Gathered
from program.score import Measured, Score, ScoreModel
from program.scorecard import FactValue
from reports.figures import CENT, count, percent, rounded, share
from reports.record import Expectation, Ranked, Record, Stay
from reports.report import Column, Figure, Line, Picture, Report, Series, Shape, Table, Unit
from rules.folder import LoadedProgram

LOOKED_BACK: Final = 4
"""Quarters that the average is made of, at most."""

LEAVES: Final = "leaves"

Rated = Mapping[PartnerId, Mapping[str, FactValue]]
"""What scorecards and recorded evidence say of partners."""


@dataclass(frozen=True)
class Basis:
    """What one re-score is forecast with: the program that would decide it, and what was known by then."""

    program: LoadedProgram
    rated: Rated
    away: Sequence[Absence]
    """Who was known to be away in the quarter after it."""

    def known(self, partner: PartnerId) -> Mapping[str, FactValue]:
        """What was rated of a partner."""
        return self.rated.get(partner, {})


@dataclass(frozen=True)
class Expected:
    """What a re-score is expected to say of a partner."""

    stay: Stay
    tier: str
    """Now."""
    then: str
    score: Decimal
    because: str
    factors: tuple[Expectation, ...]
    """What the score adds up from."""
    deals: tuple[Opportunity, ...]
    """What the average is made of."""


def to_forecast(record: Record) -> Quarter:
    """The re-score that is forecast: the first one of a quarter that is not over."""
    return record.quarter.next if record.over else record.quarter


def forecast(record: Record, bases: Mapping[Quarter, Basis]) -> Report:
    """The tiers that the next re-score is expected to give, and how far such a forecast is to be believed."""
    target = to_forecast(record)
    expected = _expected(record, target, bases[target], record.as_of) if target in bases else []
    moved = [one for one in expected if one.then != one.tier]
    held = [_held(record, quarter, bases[quarter]) for quarter in record.rescores if quarter in bases]
    held = [one for one in held if one.there]
    return Report(
        name="forecast",
        title="Forecast of next quarter's tiers",
        question=f"Which tiers will the re-score of {target} give, for {target.next}?",
        quarter=record.quarter,
        as_of=record.as_of,
        by=None,
        answer=f"The re-score of {target} is expected to change the tier of {len(moved)} of {len(expected)} active "
        f"partners.{_believed(held)}"
        if expected
        else "Nobody is active, so there is nothing to forecast.",
        tables=(_tiers(target, expected, bases), _moved(moved), _accuracy(held)),
        pictures=(_picture(target, expected, bases),) if expected else (),
        says=(
            (
                f"Each partner is taken to show an average quarter: that of the last {LOOKED_BACK} that were over and "
                "in which it was signed throughout, or of the last one. It is scored, cut by the team's hours and "
                "moved by the program's own rules, as it stands now."
            ),
            "Who is in a pilot is not in it; who expands comes into the entry tier.",
        ),
        unknown=("What will be different next quarter: a new deal, somebody who leaves. The forecast knows the past.",),
    )


# What is expected


def _expected(record: Record, target: Quarter, basis: Basis, day: date) -> list[Expected]:
    """Everybody active on a day, at a re-score, by what was brought before its quarter began."""
    stays = {stay.partner: stay for stay in record.stays if stay.stage == Stage.ACTIVE and stay.covers(day)}
    program, model = basis.program.program, basis.program.program.score
    order = [tier.id for tier in program.tiers]
    before, entry = target.previous, program.entry_tier
    records = {partner: _last_record(record, stay, before, order, entry) for partner, stay in stays.items()}
    seen = {partner: _seen(record, partner, target) for partner in stays}
    entrants = {}
    for partner, stay in stays.items():
        details, rated = record.partners[partner].partner, basis.known(partner)
        facts = {**{name: value for name, value in rated.items() if name in model.facts}, **seen[partner][0]}
        shown = Measured(segment=model.segment(details.type, details.region, rated), facts=facts)
        gathered = Gathered(measured=shown, quarters_active=full_quarters(stay.since, target))
        entrants[partner] = Entrant(name=details.name, tier=records[partner].tier, gathered=gathered)
    scored = scores(model, entrants)
    roster = ranked(program, model, entrants, scored, eligibility(basis.program, basis.known))
    found = cut_of(program, model, roster, team(program, target, basis.away))
    expected = []
    for partner, (last, ruling, left) in moves(basis.program, found, entrants, records, basis.known).items():
        then, deals = LEAVES if ruling.outcome == "exit" else left.tier, seen[partner][1]
        factors = _factors(partner, model, entrants[partner].gathered.measured, scored[partner])
        score, because = scored[partner].low, ruling.because
        expected.append(Expected(stays[partner], last.tier, then, score, because, factors, deals))
    return expected


def _factors(partner: PartnerId, model: ScoreModel, shown: Measured, score: Score) -> tuple[Expectation, ...]:
    results = factor_results(model.factors_of(shown.segment), shown.facts, score, None)
    return tuple(
        Expectation(partner, one.fact, value(one.fact, one.value), rounded(Fraction(one.points.low), CENT), one.weight)
        for one in results
    )


def _last_record(record: Record, stay: Stay, before: Quarter, tiers: Sequence[str], entry: str) -> TierRecord:
    """What the re-score before left of a partner; a new start for who became active since, or stands elsewhere."""
    ranked = record.rescores.get(before, {}).get(stay.partner)
    if ranked and ranked.tier in tiers and stay.since <= before.last_day:
        return TierRecord(
            tier=ranked.tier, quarters_below=ranked.quarters_below, quarters_inactive=ranked.quarters_inactive
        )
    tier = record.tier_in(stay.partner, before)
    return TierRecord(tier=tier if tier in tiers else entry)


def _seen(record: Record, partner: PartnerId, target: Quarter) -> tuple[dict[str, FactValue], tuple[Opportunity, ...]]:
    """A partner's average quarter before one, and the deals that it is made of."""
    signed = min((stay.since for stay in record.lives[partner] if stay.stage == Stage.PILOT), default=None)
    quarters = [target.previous]
    while len(quarters) < LOOKED_BACK and signed and quarters[0].previous.first_day >= signed:
        quarters.insert(0, quarters[0].previous)
    end = target.previous.last_day
    deals = [seen for deal in record.brought.get(partner, []) if (seen := deal.as_of(end))]
    shown = [measured(quarter, deals) for quarter in quarters]
    closed = [d for d in deals if d.closed_on and any(quarter.contains(d.closed_on) for quarter in quarters)]
    made_of = [d for d in deals if d.last_moved >= quarters[0].first_day]
    facts: dict[str, FactValue] = {name: _average(shown, name, CENT) for name in ("won_revenue", "sourced_pipeline")}
    for name in ("qualified_opportunities", "progressed_opportunities", "moved_opportunities"):
        facts[name] = int(_average(shown, name, Decimal(1)))
    won = sum(deal.won is True for deal in closed)
    facts["win_rate"] = four_places(Fraction(won, len(closed))) if closed else None
    facts["consistency"] = measured(quarters[-1], deals, full_quarters=len(quarters), back=LOOKED_BACK)["consistency"]
    return facts, tuple(made_of)


def _average(shown: Sequence[Mapping[str, FactValue]], name: str, place: Decimal) -> Decimal:
    """The average of some quarters, half up: half a deal is not none."""
    total = sum((Decimal(facts[name] or 0) for facts in shown), Decimal(0))
    return (total / len(shown)).quantize(place, ROUND_HALF_UP)


# How far it is to be believed


@dataclass(frozen=True)
class Held:
    """A forecast of a re-score that there was since, held against it."""

    quarter: Quarter
    there: tuple[Ranked, ...]
    """Whom both speak of."""
    right: int
    still: int
    """Whose tier did not change: what a forecast that nobody moves is right about."""


def _held(record: Record, quarter: Quarter, basis: Basis) -> Held:
    said = {one.stay.partner: one.then for one in _expected(record, quarter, basis, quarter.previous.last_day)}
    there = [one for partner, one in record.rescores[quarter].items() if partner in said]
    came = {one.partner: LEAVES if one.move == "exit" else one.tier for one in there}
    right = sum(said[partner] == tier for partner, tier in came.items())
    still = sum(one.came_from == came[one.partner] for one in there)
    return Held(quarter, tuple(there), right, still)


def _believed(held: Sequence[Held]) -> str:
    partners = sum(len(one.there) for one in held)
    if not partners:
        return " No re-score shows yet how far that is to be believed."
    right, still = (sum(getattr(one, name) for one in held) for name in ("right", "still"))
    return (
        f" Made before earlier re-scores ({len(held)}), it would have been right about {percent(right, partners)} % of "
        f"the partners; that nobody moves, about {percent(still, partners)} %."
    )


# What is shown


def _tiers(target: Quarter, expected: Sequence[Expected], bases: Mapping[Quarter, Basis]) -> Table:
    lines = []
    for tier in bases[target].program.program.tiers if expected else ():
        now = [one.stay for one in expected if one.tier == tier.id]
        then = [one.stay for one in expected if one.then == tier.id]
        hours = tier.service.hours
        figures = (
            count(now),
            count(then),
            Figure(len(now) * hours, tuple(now)),
            Figure(len(then) * hours, tuple(then)),
        )
        lines.append(Line(tier.id, figures))
    leaving = [one.stay for one in expected if one.then == LEAVES]
    if leaving:
        lines.append(Line(LEAVES, (count(()), count(leaving), Figure(None), Figure(None))))
    return Table(
        "tiers",
        f"Tiers now, and after the re-score of {target}",
        "tier",
        (
            Column("now", "partners now"),
            Column("then", "partners expected"),
            Column("hours_now", "hours now", Unit.HOURS),
            Column("hours_then", "hours expected", Unit.HOURS),
        ),
        tuple(lines),
        empty="Nobody is active.",
    )


def _moved(moved: Sequence[Expected]) -> Table:
    return Table(
        "moves",
        "Who is expected to move",
        "partner",
        (
            Column("now", "from", Unit.TEXT),
            Column("then", "to", Unit.TEXT),
            Column("score", "expected score", Unit.NUMBER),
            Column("because", "because", Unit.TEXT),
        ),
        tuple(
            Line(
                one.stay.partner,
                (
                    Figure(one.tier, (one.stay,)),
                    Figure(one.then, one.deals),
                    Figure(rounded(Fraction(one.score), CENT), (*one.factors, *one.deals)),
                    Figure(one.because, (one.stay,)),
                ),
            )
            for one in sorted(moved, key=lambda one: (one.then, one.stay.partner))
        ),
        empty="Nobody is expected to move.",
    )


def _accuracy(held: Sequence[Held]) -> Table:
    return Table(
        "accuracy",
        "The same forecast, made before earlier re-scores",
        "re-score",
        (
            Column("partners", "partners"),
            Column("right", "forecast right"),
            Column("rate", "of all", Unit.PERCENT),
            Column("still", '"nobody moves" right'),
            Column("still_rate", "of all", Unit.PERCENT),
        ),
        tuple(
            Line(
                str(one.quarter),
                (
                    count(one.there),
                    Figure(one.right, one.there),
                    share(one.right, len(one.there), one.there),
                    Figure(one.still, one.there),
                    share(one.still, len(one.there), one.there),
                ),
            )
            for one in held
        ),
        says=("Those who were active already when the quarter began; the others nobody could have forecast.",),
        empty="No re-score was published yet that somebody was active before.",
    )


def _picture(target: Quarter, expected: Sequence[Expected], bases: Mapping[Quarter, Basis]) -> Picture:
    now, then = Counter(one.tier for one in expected), Counter(one.then for one in expected)
    names = tuple(tier.id for tier in bases[target].program.program.tiers)
    told = "; ".join(f"{name} {now[name]} now, {then[name]} expected" for name in names)
    series = (Series("now", tuple(now[n] for n in names)), Series("expected", tuple(then[n] for n in names)))
    return Picture("Partners by tier", Shape.BARS, names, series, "partners", f"{told}.")

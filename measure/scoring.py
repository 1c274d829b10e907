"""How long the scores of a roster take, beside a plain vectorised calculation of the same numbers.

    python -m measure.scoring [--partners 10000] [--rounds 5]

Three segments; factors on a linear scale, a logarithm and a percentile, on both axes, some of them unknown. Ours are
exact, and objects that a record is made of; polars reckons in floating point, a column at a time, over columns that it
has already. Every number has to be the same to its fourth place: the score, both axes and every share, at both ends.
"""

import argparse
import random
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

import polars as pl

from program.factor import Axis, Factor, Scale
from program.partner import PartnerType
from program.score import Measured, Score, ScoreModel
from program.scorecard import FactValue

SEED = 3
MODEL = ScoreModel(
    segments=("type",),
    factors=[
        Factor(
            id="revenue",
            title="Revenue",
            weight=35,
            fact="won_revenue",
            scale=Scale.LOGARITHM,
            floor=Decimal(1000),
            target=Decimal(100_000),
        ),
        Factor(id="creation", title="Creation", weight=20, fact="qualified_opportunities", target=Decimal(40)),
        Factor(
            id="progression",
            title="Progression",
            weight=20,
            fact="progressed_opportunities",
            scale=Scale.PERCENTILE,
        ),
        Factor(id="conversion", title="Conversion", weight=10, fact="win_rate", target=Decimal("0.6")),
        Factor(
            id="fit",
            title="Fit",
            weight=15,
            fact="fit_score",
            axis=Axis.POTENTIAL,
            floor=Decimal(1),
            target=Decimal(5),
        ),
    ],
)
Made = TypeVar("Made")


def made_up(partners: int) -> dict[str, Measured]:
    """A roster, most of which sells little; every tenth partner has no win rate or was never rated."""
    dice = random.Random(SEED)  # noqa: S311 -- a sample, not a secret
    roster = {}
    for number in range(partners):
        strength = min(dice.paretovariate(0.9), 40)
        facts: dict[str, FactValue] = {
            "won_revenue": Decimal(int(strength * dice.randrange(4000) * 100)).scaleb(-2),
            "qualified_opportunities": int(strength * dice.random() * 3),
            "progressed_opportunities": int(strength * dice.random() * 2),
            "win_rate": Decimal(dice.randrange(10_001)).scaleb(-4) if dice.random() < 0.9 else None,
            "fit_score": Decimal(dice.randrange(100, 501)).scaleb(-2) if dice.random() < 0.9 else None,
        }
        roster[f"partner-{number}"] = Measured(segment=(dice.choice([*PartnerType]),), facts=facts)
    return roster


def columns(roster: Mapping[str, Measured]) -> pl.DataFrame:
    """The roster as columns of numbers."""
    values = {
        factor.fact: [None if (v := one.facts[factor.fact]) is None else float(v) for one in roster.values()]
        for factor in MODEL.factors
    }
    return pl.DataFrame({"segment": [one.segment[0] for one in roster.values()], **values})


def share(factor: Factor) -> tuple[pl.Expr, pl.Expr]:
    """How far a factor goes, at least and at most."""
    value = pl.col(factor.fact)
    if factor.scale is Scale.PERCENTILE:
        others = pl.len().over("segment") - 1
        ahead = value.rank("average").over("segment") - 1
        low, high = ahead / others, (ahead + value.null_count().over("segment")) / others
    else:
        floor, target = float(factor.floor), float(factor.target or 0)
        held = value.clip(floor, target)
        if factor.scale is Scale.LOGARITHM:
            low = (held / floor).log() / pl.lit(target / floor).log()
        else:
            low = (held - floor) / (target - floor)
        high = low
    return low.fill_null(0.0), high.fill_null(1.0)


def vectorised(roster: pl.DataFrame) -> pl.DataFrame:
    """Every number of every score, both ends."""
    ends = (("low", 0), ("high", 1))
    shares = {factor.id: share(factor) for factor in MODEL.factors}
    shown = roster.select(
        expr.alias(f"{name}_{end}") for name, both in shares.items() for (end, _), expr in zip(ends, both, strict=True)
    )
    totals = []
    for name, factors in {
        "score": MODEL.factors,
        **{axis.value: [factor for factor in MODEL.factors if factor.axis is axis] for axis in Axis},
    }.items():
        weight = sum(factor.weight for factor in factors)
        for end, _ in ends:
            points = pl.sum_horizontal(factor.weight * pl.col(f"{factor.id}_{end}") for factor in factors)
            totals.append((points * 100 / weight).alias(f"{name}_{end}"))
    # A half in the fifth place is one again once the noise of floating point is gone.
    return shown.with_columns(totals).with_columns(pl.all().round(12).round(4, mode="half_to_even"))


def parts(scores: Sequence[Score]) -> dict[str, list[float]]:
    """The same numbers of ours, by the same names."""
    found: dict[str, list[float]] = {}
    for end in ("low", "high"):
        found[f"score_{end}"] = [float(getattr(score, end)) for score in scores]
        for axis in Axis:
            found[f"{axis}_{end}"] = [float(getattr(getattr(score, axis), end)) for score in scores]
        for factor in MODEL.factors:
            found[f"{factor.id}_{end}"] = [float(getattr(score.shares[factor.id], end)) for score in scores]
    return found


def quickest(rounds: int, make: Callable[[], Made]) -> tuple[Made, float, float]:
    """What is made, and the least seconds by the clock, and of a processor, that it took."""
    clock, processor = [], []
    for _ in range(rounds):
        began, busy = time.perf_counter(), time.process_time()
        made = make()
        clock.append(time.perf_counter() - began)
        processor.append(time.process_time() - busy)
    return made, min(clock), min(processor)


def main() -> None:
    """Print the seconds of both and their ratio, and fail where they differ in any number."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--partners", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    roster = made_up(asked.partners)
    table = columns(roster)
    ours, seconds, busy = quickest(asked.rounds, lambda: MODEL.scores(roster))
    theirs, quick, quick_busy = quickest(asked.rounds, lambda: vectorised(table))
    own = parts([*ours.values()])
    differ = {name: sum(a != b for a, b in zip(values, theirs[name], strict=True)) for name, values in own.items()}
    print(f"{asked.partners} partners, the quickest of {asked.rounds} rounds each")
    print(f"  Gatehouse, exact: {seconds:.3f} s ({busy:.3f} s of a processor)")
    print(f"  polars, floating point: {quick:.3f} s ({quick_busy:.3f} s of a processor)")
    print(f"  {seconds / quick:.0f} times as long ({busy / quick_busy:.0f} times the processor)")
    print(f"  {sum(map(len, own.values()))} numbers to four places each, {sum(differ.values())} of them differ")
    for name, count in differ.items():
        if count:
            print(f"    {name}: {count}")
    raise SystemExit(any(differ.values()))


if __name__ == "__main__":
    main()

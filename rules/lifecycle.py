"""The policies that the lifecycle asks: what it tells each of them of a partner, and what it knows to do after each."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType

from program.definition import Program
from program.pilot import PILOT_FACTS
from program.scorecard import FactValue
from rules.language.conditions import Sequence, leaves
from rules.language.facts import FactType
from rules.language.policy import Policy
from rules.language.source import Fault, nearest

QUALIFICATION, CHECKPOINT, VERDICT = "qualification", "pilot-checkpoint", "pilot-verdict"
MOVEMENT, STALL = "tier-movement", "stall"
ELIGIBILITY = "tier-eligibility"
"""A policy that a program may have: the highest tier that a partner is eligible for. Its outcomes are the tiers."""

OUTCOMES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        QUALIFICATION: frozenset({"sign", "defer", "decline"}),
        CHECKPOINT: frozenset({"on_track", "at_risk", "stalled"}),
        VERDICT: frozenset({"expand", "reset", "exit"}),
        MOVEMENT: frozenset({"up", "stay", "warn", "down", "low_touch", "exit"}),
        STALL: frozenset({"moving", "stalled"}),
    }
)
"""The policies a program has, and what the lifecycle knows to do after each."""

SETTLED = frozenset({CHECKPOINT, VERDICT, ELIGIBILITY, STALL})
"""The policies that are decided with what is known, at once or when time is up. What is unknown meets no condition."""

QUARTERS = ("quarters_active", "quarters_below", "quarters_inactive")
"""What a re-score counts of a partner."""

STALL_DAYS = (
    *("days_without_activity", "patience", "business_days_unanswered", "response"),
    *("days_since_touch", "touch_every", "touch_patience"),
)
STALL_COUNTS = ("evidence_missing", "evidence_spared")
"""What is supplied of a partner outside a pilot, beside its stage."""

Types = Mapping[str, FactType]

_FLAG, _COUNT = FactType(type="flag"), FactType(type="count")
_DAYS = FactType.model_validate({"type": "days", "min": 0})
_RATING = FactType.model_validate({"type": "count", "min": 1, "max": 5})

EVENTS: Mapping[str, Mapping[str, Types]] = MappingProxyType(
    {CHECKPOINT: {"checkpoint": {"week": _COUNT, "movement": _FLAG}}}
)
"""The kinds of events that are supplied to a policy, and their fields."""

_HOLDS = {
    "flag": {"flag"},
    "choice": {"choice"},
    "count": {"count", "integer", "days", "decimal"},
    "days": {"count", "integer", "days", "decimal"},
    "decimal": {"decimal"},
}
"""The types that can hold what is supplied of a type. An amount of money or a ratio is none of these by chance."""


def supplied(program: Program) -> Mapping[str, Types]:
    """The facts that Gatehouse supplies to each policy of a program, and what they can be."""
    plans = [program.for_type(kind).pilot for kind in program.types]
    weeks = max((plan.days - 1) // plan.checkpoint_every for plan in plans)
    preparation = {"mapped_accounts": _COUNT, "joint_plays": _COUNT}
    level = _count(1, len(program.tiers))
    pilot = dict.fromkeys(PILOT_FACTS, _COUNT)
    pilot |= dict.fromkeys(("resets_used", "resets_allowed"), _count(0, max(plan.resets for plan in plans)))
    stages = FactType(type="choice", of=("applied", "deferred", "active"))
    return {
        QUALIFICATION: _scores(program),
        CHECKPOINT: {**pilot, **preparation, "week": _count(1, weeks), "next_action_open": _FLAG},
        VERDICT: {**pilot, **preparation},
        MOVEMENT: {"level": level, "cut_level": level, "hours_taken": _FLAG, **dict.fromkeys(QUARTERS, _COUNT)},
        ELIGIBILITY: {**_of_quarter(), "quarters_active": _COUNT},
        STALL: {"stage": stages, **dict.fromkeys(STALL_DAYS, _DAYS), **dict.fromkeys(STALL_COUNTS, _COUNT)},
    }


def _of_quarter() -> Types:
    """What a re-score knows of a quarter: scores have four decimal places, money two."""
    points, share = ({"type": "decimal", "places": 4, "min": 0, "max": most} for most in (100, 1))
    money = FactType.model_validate({"type": "decimal", "places": 2, "min": 0})
    counts = ("qualified_opportunities", "progressed_opportunities", "moved_opportunities")
    return {
        **dict.fromkeys(("score", "performance", "potential"), FactType.model_validate(points)),
        **dict.fromkeys(("win_rate", "consistency"), FactType.model_validate(share)),
        **dict.fromkeys(("won_revenue", "sourced_pipeline"), money),
        **dict.fromkeys(counts, _COUNT),
    }


def _count(low: int, high: int) -> FactType:
    return FactType.model_validate({"type": "count", "min": low, "max": high})


def _scores(program: Program) -> Types:
    """What a scorecard rolls up to: a section's score has two decimal places, the total of them four."""
    form = program.scorecard
    score, total = (FactType.model_validate({"type": "decimal", "places": n, "min": 1, "max": 5}) for n in (2, 4))
    types = {name: score for name in form.fact_names if name.endswith("_score")} | {"total_score": total}
    types |= {question.id: _FLAG for question in form.questions} | {
        criterion.id: _RATING for criterion in form.criteria
    }
    return types | {name: _minimum(value) for name, value in form.minima.items()}


def _minimum(value: FactValue) -> FactType:
    """What holds a minimum as it is written."""
    _, _, exponent = Decimal(str(value)).normalize().as_tuple()
    return FactType.model_validate({"type": "decimal", "places": max(0, -int(exponent)), "min": 1, "max": 5})


def unfit(program: Program, policy: Policy) -> Iterator[Fault]:
    """What a policy declares that nothing supplies, or that could not hold what is supplied."""
    supply, asked = supplied(program)[policy.policy], {question.id for question in program.evidence}
    for fact, declared in policy.facts.items():
        if fact in supply:
            problem = _misfit(declared, supply[fact])
            if problem:
                yield policy.fault(("facts", fact), problem)
        elif fact not in asked:
            hint = nearest(fact, sorted({*supply, *asked}))
            yield policy.fault(("facts", fact), f"nothing supplies {fact}{hint}; declare it under evidence")
    kinds = EVENTS.get(policy.policy, {})
    for kind, event in policy.events.items():
        if kind not in kinds:
            yield policy.fault(("events", kind), f"nothing supplies events of the kind {kind}")
            continue
        for field, declared in event.fields.items():
            supplies = kinds[kind].get(field)
            problem = (
                _misfit(declared, supplies) if supplies else f"{kind} has no {field}; it has {', '.join(kinds[kind])}"
            )
            if problem:
                yield policy.fault(("events", kind, field), problem)
    yield from _unseen(program, policy)


def _misfit(declared: FactType, supply: FactType) -> str | None:
    """Why a declared type cannot hold everything that is supplied."""
    if declared.type not in _HOLDS[supply.type]:
        return f"is supplied as {supply.expected}; write `type: {supply.type}`"
    lacking = [text for text in supply.of or () if text not in (declared.of or ())]
    if lacking:
        return f"can also be {', '.join(lacking)}; add it to `of`"
    if declared.places < supply.places:
        return f"is supplied with {supply.places} decimal places; write `places: {supply.places}`"
    if not supply.ordered:
        return None
    for end, bound, limit, least in zip(
        ("min", "max"), (declared.min, declared.max), supply.limits, (1, -1), strict=True
    ):
        reach = limit * 10 ** (declared.places - supply.places)
        if bound is not None and (int(declared.encode(bound)) - reach) * least > 0:
            own = getattr(supply, end)
            return f"can be {supply.expected}; " + (f"remove `{end}`" if own is None else f"write `{end}: {own}`")
    return None


def _unseen(program: Program, policy: Policy) -> Iterator[Fault]:
    """Sequences of more weeks than a checkpoint looks back on."""
    seen = max(program.for_type(kind).pilot.recent_weeks for kind in program.types)
    for number, rule in enumerate(policy.rules):
        longest = max((leaf.length for leaf in leaves(rule.when) if isinstance(leaf, Sequence)), default=0)
        if longest > seen:
            said = f"asks for {longest} weeks in a row, and a checkpoint looks back on {seen}"
            yield policy.fault(("rules", number, "when"), f"{said}; raise `pilot.recent_weeks` in program.yaml")

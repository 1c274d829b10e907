"""Explain: why a ruling came out as it did, what it missed, and what would change it.

Pure, like the ruling itself: the same policy, facts and ruling give the same explanation.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from program.decision import Ruling
from rules.decision.decide import what_is_known
from rules.explanation.change import Change, smallest_change
from rules.explanation.findings import Comparison, Held, Reading, Run
from rules.language.conditions import Condition
from rules.language.policy import Policy
from rules.solver.logic import Unproven


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Named(_Part):
    """A fact or a kind of event."""

    name: str
    title: str


class InTheWay(_Part):
    """An earlier rule that holds, and would have to not hold."""

    rule: str
    outcome: str
    findings: tuple[Comparison | Run, ...]
    """The fewest that would have to come out otherwise, all of which hold; none where the rule holds whatever it is
    that nobody knows."""


class NearMiss(_Part):
    """What an outcome lacked, on the way to it that lacked least."""

    rule: str | None
    """The rule that would have given it; None where it holds otherwise."""
    lacking: tuple[Comparison | Run, ...]
    """The fewest that would have to hold and do not."""
    in_the_way: tuple[InTheWay, ...]

    @property
    def conditions(self) -> int:
        """How many would have to come out otherwise; one that two rules ask for is one."""
        every = [*self.lacking, *(finding for rule in self.in_the_way for finding in rule.findings)]
        return sum(finding not in every[:place] for place, finding in enumerate(every))


class Better(_Part):
    """An outcome that is better than the one there is."""

    outcome: str
    near_miss: NearMiss | None
    """None where the policy never gives it."""
    change: Change | None
    """The smallest change of facts that the partner can influence that gives it; None where there is none."""
    proven: bool = True
    """Whether no change means that there is none, and not that the search was given up."""


class Explanation(_Part):
    """Why a ruling came out as it did."""

    policy: str
    version: int
    outcome: str | None
    """None while it is open."""
    decided: Held | None
    """The rule that decided; None where none did."""
    otherwise: bool
    """Whether no rule decided, and what the policy says for that case holds."""
    because: str
    advice: str
    also: tuple[Held, ...]
    """The other rules that hold, in the policy's order."""
    possible: tuple[str, ...]
    """The outcomes that are possible, best first: one where nothing is open."""
    missing: tuple[Named, ...]
    """What nobody knows and what can change the outcome, first what would settle most."""
    unknown: tuple[Named, ...]
    """What nobody knows, whether it matters or not."""
    better: tuple[Better, ...]
    """Every outcome that is better, best first; of an open ruling, better than what is possible."""


def explain(policy: Policy, facts: Mapping[str, Any], ruling: Ruling) -> Explanation:
    """Explain what a policy said of facts.

    Raises:
        FactError: where the facts do not fit the policy.
        Disagreement: where the evaluators and the solver differ about what would change the outcome.
    """
    unknown = policy.encode(facts).unknown
    facts = what_is_known(policy, facts)
    reading = Reading(policy, policy.encode(facts))
    rules = {rule.id: rule for rule in policy.rules}
    otherwise = policy.otherwise
    return Explanation(
        policy=policy.policy,
        version=policy.version,
        outcome=ruling.outcome,
        decided=reading.held(rules[ruling.rule]) if ruling.rule else None,
        # Where several rules may decide the same, none of them is named, and the reason is theirs together.
        otherwise=ruling.rule is None
        and otherwise is not None
        and ruling.outcome == otherwise.then
        and ruling.because.startswith(otherwise.because),
        because=ruling.because,
        advice=ruling.advice,
        also=tuple(reading.held(rules[rule]) for rule in ruling.also),
        possible=ruling.possible,
        missing=_named(policy, ruling.missing),
        unknown=_named(policy, unknown),
        better=tuple(_better(reading, facts, ruling, outcome) for outcome in _better_than(policy, ruling)),
    )


def _named(policy: Policy, names: tuple[str, ...]) -> tuple[Named, ...]:
    return tuple(Named(name=name, title=policy.title_of(name)) for name in names)


def _better_than(policy: Policy, ruling: Ruling) -> tuple[str, ...]:
    """The outcomes that are better than the best one that is possible."""
    best = ruling.outcome or next(iter(ruling.possible), policy.outcomes[0])
    return policy.outcomes[: policy.outcomes.index(best)]


def _better(reading: Reading, facts: Mapping[str, Any], ruling: Ruling, outcome: str) -> Better:
    nearest = min(_misses(reading, ruling, outcome), key=lambda miss: miss.conditions, default=None)
    try:
        change = smallest_change(reading.policy, facts, outcome) if nearest else None
    except Unproven:
        return Better(outcome=outcome, near_miss=nearest, change=None, proven=False)
    return Better(outcome=outcome, near_miss=nearest, change=change)


def _misses(reading: Reading, ruling: Ruling, outcome: str) -> Iterator[NearMiss]:
    """The ways to an outcome, in the policy's order, and what each of them lacks."""
    policy, in_the_way = reading.policy, list[InTheWay]()
    for rule in policy.rules:
        if rule.then == outcome:
            yield NearMiss(
                rule=rule.id, lacking=_turning(reading, rule.when, wanted=True), in_the_way=tuple(in_the_way)
            )
        elif rule.then and (reading.holds(rule.when) or rule.id == ruling.rule):
            findings = _turning(reading, rule.when, wanted=False)
            in_the_way.append(InTheWay(rule=rule.id, outcome=rule.then, findings=findings))
    if policy.otherwise and policy.otherwise.then == outcome:
        yield NearMiss(rule=None, lacking=(), in_the_way=tuple(in_the_way))


def _turning(reading: Reading, condition: Condition, *, wanted: bool) -> tuple[Comparison | Run, ...]:
    return tuple(map(reading.leaf, reading.turning(condition, wanted=wanted)))

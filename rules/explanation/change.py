"""What would change an outcome: the smallest change of facts that a partner can influence."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import lcm
from typing import Any

from pydantic import BaseModel, ConfigDict

from rules.decision.decide import Disagreement, decide
from rules.explanation.findings import Value
from rules.language.facts import Encoded, EncodedFacts, FactType
from rules.language.policy import Policy
from rules.solver.logic import Formula, Found, Logic, logic_of
from rules.solver.world import World


class Step(BaseModel):
    """One fact that would have to be better."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fact: str
    title: str
    value: Value
    needed: Value
    """What it would have to be at least, or at most where less of it is better."""


class Change(BaseModel):
    """The smallest change that gives an outcome."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: tuple[Step, ...]
    """In the order in which the policy declares the facts."""
    size: float
    """The shares by which the facts change, added up; rounded, for reading only."""
    remaining: tuple[str, ...] = ()
    """Facts that nobody knows and that would leave the outcome open still, first the one that would settle most."""


def smallest_change(policy: Policy, facts: Mapping[str, Any], outcome: str) -> Change | None:
    """The smallest change of facts that a partner can influence for a policy to give an outcome; None if there is none.

    Influenced are facts that are known and say which way is better, and they change in that way only. A change of
    fewer facts is smaller than one of more. Of as many, that one is smaller whose shares add up to less: how far a fact
    moves, as a share of its whole range where it is bounded on both sides (a count is by 0), else of its present value,
    or of one where that is zero; a flag moves by all of its range. Of equals, the facts that are declared last stay.

    Facts that nobody knows stay so: the outcome is what is settled with what is known, and possible with what is not.
    What is found is decided once more, on both evaluators.

    Raises:
        Unproven: where the solver gives up.
        Disagreement: where the evaluators decide the changed facts otherwise, or differ about them.
    """
    encoded = policy.encode(facts)
    movable = {fact: value for fact, value in encoded.facts.items() if policy.facts[fact].better}
    if not movable:
        return None
    with logic_of(policy) as logic:
        fixed = {fact: value for fact, value in encoded.facts.items() if fact not in movable}
        given = EncodedFacts(fixed, encoded.events, encoded.unknown)
        changed = World.of(logic, "changed", given, settled=True, free=movable)
        moves = [_Move(logic, changed, fact, value) for fact, value in movable.items()]
        wanted = [*changed.within, changed.gives(outcome), *(move.improves for move in moves)]
        if encoded.unknown:
            completed = World.of(logic, "completed", given, like=changed, anew=encoded.unknown)
            wanted += [*completed.within, completed.gives(outcome)]
        found = _least(logic, wanted, moves)
    return _confirmed(policy, facts, outcome, found) if found else None


@dataclass
class _Move:
    """A fact that may become better, in formulas."""

    logic: Logic
    world: World
    fact: str
    value: Encoded

    @property
    def declared(self) -> FactType:
        return self.logic.policy.facts[self.fact]

    @property
    def stays(self) -> Formula:
        return self.world.equals(self.fact, self.value)

    @property
    def counts(self) -> Formula:
        """One where it changes, else nothing."""
        return self.logic.choose(self.stays, self.logic.number(0), self.logic.number(1))

    @property
    def distance(self) -> Formula:
        """How far it moves, in the scale of its type; less than nothing where it gets worse."""
        if isinstance(self.value, bool):
            improves = self.value is (self.declared.better == "lower")
            return self.counts if improves else self.counts * -1
        sign = 1 if self.declared.better == "higher" else -1
        return (self.world.facts[self.fact] - self.value) * sign

    @property
    def improves(self) -> Formula:
        return self.distance >= 0

    @property
    def range(self) -> int:
        """What the distance is a share of."""
        declared = self.declared
        if isinstance(self.value, bool):
            return 1
        low, high = declared.limits
        bounded = declared.max is not None and (declared.min is not None or declared.type == "count")
        span = high - low if bounded else abs(int(self.value))
        return span or 10**declared.places


@dataclass(frozen=True)
class _Least:
    """The smallest change that the solver found."""

    size: float
    after: Mapping[str, Any]
    """All facts that are known, as they would be."""
    holding: frozenset[str]
    """The rules that would then hold."""


def _least(logic: Logic, wanted: list[Formula], moves: list[_Move]) -> _Least | None:
    questions = logic.questions(wanted)
    if not questions.find():
        return None
    # What has to change at all, and by how much at least. Most often this is enough, and else the rest is found sooner.
    needed = {move.fact: _smallest(logic, wanted, move) for move in moves if not questions.find(move.stays)}
    found = questions.find(*(move.distance == needed.get(move.fact, 0) for move in moves))
    if not found:
        beyond = (move.distance >= needed[move.fact] for move in moves if move.fact in needed)
        found = _smallest_together(logic, [*wanted, *beyond], moves)
    world = moves[0].world
    rules = zip(logic.policy.rules, world.holds, strict=True)
    return _Least(
        size=sum(found.number(move.distance) / move.range for move in moves),
        after=world.read(found),
        holding=frozenset(rule.id for rule, holds in rules if found.holds(holds)),
    )


def _smallest(logic: Logic, wanted: list[Formula], move: _Move) -> int:
    """The least that one fact moves, whatever the others do."""
    least = logic.least(wanted, move.distance)
    assert least, "what meets all of it was found before"
    return least.number(move.distance)


def _smallest_together(logic: Logic, wanted: list[Formula], moves: list[_Move]) -> Found:
    """The fewest that move, by the least in all, those that are declared last staying where they can."""
    whole, none = lcm(*(move.range for move in moves)), logic.number(0)
    count = sum((move.counts for move in moves), none)
    size = sum((move.distance * (whole // move.range) for move in moves), none)
    least = logic.least(wanted, count, size)
    assert least, "what meets all of it was found before"
    equal = [*wanted, count == least.number(count), size == least.number(size)]
    found = logic.find(equal, prefer=[move.stays for move in reversed(moves)])
    assert found, "the least there is meets all of it"
    return found


def _confirmed(policy: Policy, facts: Mapping[str, Any], outcome: str, least: _Least) -> Change:
    """A change that was decided once more."""
    before, now = policy.encode(facts), policy.encode(least.after)
    moved = {fact: least.after[fact] for fact in policy.facts if now.facts.get(fact) != before.facts.get(fact)}
    changed = {**facts, **moved}
    decided = decide(policy, changed, settle=True)
    if decided.outcome != outcome:
        holding = frozenset({*decided.also, *([decided.rule] if decided.rule else [])})
        raise Disagreement(policy, changed, {"both evaluators": holding, "the solver": least.holding})
    open_still = decide(policy, changed)
    steps = tuple(
        Step(
            fact=fact,
            title=policy.title_of(fact),
            value=policy.facts[fact].decode(before.facts[fact]),
            needed=policy.facts[fact].decode(now.facts[fact]),
        )
        for fact in moved
    )
    return Change(
        steps=steps, size=least.size, remaining=() if open_still.outcome else open_still.missing or open_still.unknown
    )

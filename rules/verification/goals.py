"""What the cases of a policy have to show: that each rule holds and decides, and each boundary from its three sides.

A boundary is a number that a fact is compared with, or the length of a sequence. A case shows it if the fact is there,
or one unit of its scale beside it, and the rule holds or not by this comparison alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from rules.evaluators import interpreter
from rules.language.conditions import Compare, Concluded, Leaf, Place, Sequence, fold, leaves
from rules.language.facts import EncodedFacts
from rules.language.policy import Policy
from rules.language.source import Path
from rules.solver.logic import Formula
from rules.solver.world import World
from rules.verification.cases import Tried

Side = Literal["below", "at", "above"]
T = TypeVar("T")

SIDES: Final[tuple[Side, ...]] = ("below", "at", "above")


@dataclass(frozen=True)
class Holds:
    """That a rule holds."""

    rule: int


@dataclass(frozen=True)
class Decides:
    """That a rule decides."""

    rule: int


@dataclass(frozen=True)
class Boundary:
    """A comparison of numbers, or the length of a sequence, in a rule."""

    rule: int
    leaf: int
    """Which of the leaves of the rule's condition it is."""
    value: int | None
    """The number that the fact is compared with, in its scale; None where that is another fact, and of a sequence."""


@dataclass(frozen=True)
class Turns:
    """That a rule turns at a boundary, seen from one side."""

    boundary: Boundary
    side: Side


Goal = Holds | Decides | Turns


def boundaries(policy: Policy, rule: int) -> list[Boundary]:
    """The boundaries in a rule, in the order of its file."""
    found = []
    for number, leaf in enumerate(leaves(policy.rules[rule].when)):
        match leaf:
            case Compare(fact=fact, other=None, values=values) if policy.facts[fact].ordered:
                found += [Boundary(rule, number, int(value)) for value in values]
            case Compare(fact=fact) if policy.facts[fact].ordered:
                found.append(Boundary(rule, number, None))
            case Sequence():
                found.append(Boundary(rule, number, None))
    return found


def goals(policy: Policy) -> Iterator[Goal]:
    """All that the cases of a policy have to show, rule by rule; first what shows most."""
    for number, rule in enumerate(policy.rules):
        yield from (Turns(boundary, side) for boundary in boundaries(policy, number) for side in SIDES)
        if rule.then:
            yield Decides(number)
        yield Holds(number)


def path_of(policy: Policy, boundary: Boundary) -> Path:
    """Where a boundary stands in the policy's file."""
    return _ends(policy.place(boundary.rule))[boundary.leaf].path


def _ends(place: Place) -> list[Place]:
    return [end for part in place.parts for end in _ends(part)] if place.parts else [place]


def leaf_of(policy: Policy, boundary: Boundary) -> Leaf:
    return leaves(policy.rules[boundary.rule].when)[boundary.leaf]


# Shown by a case


def shows(policy: Policy, tried: Tried, goal: Goal) -> bool:
    """Whether a case shows what has to be shown. One in which nothing could be decided yet shows nothing."""
    encoded = tried.encoded
    if encoded.unknown and tried.ruling.outcome is None:
        return False
    match goal:
        case Holds(rule):
            return policy.rules[rule].id in tried.holding
        case Decides(rule):
            return policy.rules[rule].id == tried.ruling.rule
        case Turns(boundary, side):
            return _side(policy, boundary, encoded) == side and _turns(policy, boundary, encoded, tried.holding)


def _turns(policy: Policy, boundary: Boundary, encoded: EncodedFacts, holding: frozenset[str]) -> bool:
    """Whether a rule holds by this comparison alone: it would hold with it, and would not without."""
    concluded = {rule.concludes for rule in policy.rules if rule.id in holding}
    rule = policy.rules[boundary.rule].when
    truths = [_truth(policy, leaf, encoded, concluded) for leaf in leaves(rule)]
    met, unmet = (fold(rule, _with(truths, boundary, way), all, any) for way in (True, False))
    return met and not unmet


def _with(values: list[T], boundary: Boundary, value: T) -> Iterator[T]:
    """What comes of the leaves of a rule, with another value in the place of the boundary's."""
    return iter([*values[: boundary.leaf], value, *values[boundary.leaf + 1 :]])


def _truth(policy: Policy, leaf: Leaf, encoded: EncodedFacts, concluded: set[str | None]) -> bool:
    match leaf:
        case Compare():
            return interpreter.compares(leaf, encoded.facts, policy.facts)
        case Sequence():
            return interpreter.found(leaf, policy, encoded)
        case Concluded(flag=flag):
            return flag in concluded


def _side(policy: Policy, boundary: Boundary, encoded: EncodedFacts) -> Side | None:
    leaf = leaf_of(policy, boundary)
    if isinstance(leaf, Sequence):
        runs = (_longer(leaf, by) for by in (-1, 0, 1, 2))
        below, at, above, beyond = (interpreter.found(run, policy, encoded) for run in runs)
        found = ((below and not at), (at and not above), (above and not beyond))
        return next((side for side, there in zip(SIDES, found, strict=True) if there), None)
    assert isinstance(leaf, Compare)
    limit = boundary.value if leaf.other is None else encoded.facts.get(leaf.other)
    value = encoded.facts.get(leaf.fact)
    if value is None or limit is None:
        return None
    mine, its = _scales(policy, leaf)
    distance = int(value) * mine - int(limit) * its
    return None if abs(distance) > mine else SIDES[1 + (distance > 0) - (distance < 0)]


def _scales(policy: Policy, compare: Compare) -> tuple[int, int]:
    """What two numbers are multiplied by to be of one scale; the first is also the unit of the first."""
    mine = policy.facts[compare.fact].places
    its = policy.facts[compare.other].places if compare.other else mine
    places = max(mine, its)
    return 10 ** (places - mine), 10 ** (places - its)


def _longer(sequence: Sequence, by: int) -> Sequence:
    return sequence.model_copy(update={"length": sequence.length + by})


# Met by facts


def meeting(world: World, goal: Goal) -> Formula:
    """That facts show what has to be shown."""
    match goal:
        case Holds(rule):
            return world.holds[rule]
        case Decides(rule):
            return world.decides(rule)
        case Turns(boundary, side):
            return world.logic.all([_on_side(world, boundary, side), _turning(world, boundary)])


def _turning(world: World, boundary: Boundary) -> Formula:
    logic, rule = world.logic, world.logic.policy.rules[boundary.rule].when
    formulas = world.leaves(boundary.rule)
    ways = (_with(formulas, boundary, logic.truth(way)) for way in (True, False))
    met, unmet = (fold(rule, way, logic.all, logic.any) for way in ways)
    return logic.all([met, logic.negate(unmet)])


def _on_side(world: World, boundary: Boundary, side: Side) -> Formula:
    logic, policy = world.logic, world.logic.policy
    leaf = leaf_of(policy, boundary)
    if isinstance(leaf, Sequence):
        by = SIDES.index(side) - 1
        return logic.all([world.meets(_longer(leaf, by)), logic.negate(world.meets(_longer(leaf, by + 1)))])
    assert isinstance(leaf, Compare)
    limit = logic.value(boundary.value or 0) if leaf.other is None else world.facts[leaf.other]
    mine, its = _scales(policy, leaf)
    distance = world.facts[leaf.fact] * mine - limit * its
    known = [world.known[name] for name in (leaf.fact, leaf.other) if name]
    low, high = {"below": (-mine, -1), "at": (0, 0), "above": (1, mine)}[side]
    return logic.all([*known, distance >= low, distance <= high])

"""Facts of which some are not known: who may still decide of them, and which of their values make a difference."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rules.evaluators import interpreter
from rules.language.conditions import Compare, Concluded, Leaf, Sequence, fold, leaves, names
from rules.language.facts import Encoded, EncodedFacts
from rules.language.policy import Policy

Decider = int | None
"""The position of the rule that decides; None where none does, and what holds otherwise counts."""


@dataclass(frozen=True)
class Cell:
    """Values of an unknown fact that the policy's comparisons of it with what is known do not tell apart."""

    value: Encoded
    """One of them."""
    truths: tuple[bool, ...]
    """How each of these comparisons comes out."""


@dataclass(frozen=True)
class Undecided:
    """A policy and facts of which some are unknown, and what a look at one comparison after the other leaves open."""

    policy: Policy
    known: EncodedFacts
    certain: Collection[str]
    """The rules that hold by what is known. They hold whatever the rest is: conditions only ask that something is so,
    and what is unknown meets none of them."""

    # The rules

    @cached_property
    def deciders(self) -> list[Decider]:
        """Who may decide, in order; nobody behind a rule that is certain to hold."""
        found: list[Decider] = []
        flags: set[str] = set()
        for number, rule in enumerate(self.policy.rules):
            may_hold = (self._may_hold(leaf, flags) for leaf in leaves(rule.when))
            if not fold(rule.when, may_hold, all, any):
                continue
            if rule.concludes:
                flags.add(rule.concludes)
                continue
            found.append(number)
            if rule.id in self.certain:
                return found
        return [*found, None]

    def _may_hold(self, leaf: Leaf, flags: Collection[str]) -> bool:
        """Whether it holds where what is unknown meets every comparison and makes every sequence."""
        if isinstance(leaf, Concluded):
            return leaf.flag in flags
        return bool(self.unknown_in(leaf)) or self.holds(leaf)

    @cached_property
    def bearing(self) -> list[int]:
        """The positions of the rules that may decide, and of those whose conclusions they ask for."""
        wanted: set[Decider] = set(self.deciders)
        asked: set[str | None] = set()
        for number, rule in reversed([*enumerate(self.policy.rules)]):
            if number in wanted or rule.concludes in asked:
                wanted.add(number)
                asked |= names(rule.when)
        return [number for number in range(len(self.policy.rules)) if number in wanted]

    def outcome(self, decider: Decider) -> str | None:
        """What it gives; None where the policy does not say what holds otherwise."""
        if decider is not None:
            return self.policy.rules[decider].then
        return self.policy.otherwise.then if self.policy.otherwise else None

    # What they look at

    @cached_property
    def unknown(self) -> list[str]:
        """The unknown facts and kinds of events that these rules look at, in the policy's order. No other matters."""
        looked_at = {name for leaf in self._leaves for name in self.unknown_in(leaf)}
        return [name for name in self.known.unknown if name in looked_at]

    @cached_property
    def separable(self) -> bool:
        """Whether these rules compare no two unknown facts with one another, and look at no unknown events."""
        return all(len(self.unknown_in(leaf)) <= isinstance(leaf, Compare) for leaf in self._leaves)

    @cached_property
    def _leaves(self) -> list[Leaf]:
        return [leaf for number in self.bearing for leaf in leaves(self.policy.rules[number].when)]

    def unknown_in(self, leaf: Leaf) -> list[str]:
        """The unknown facts or kinds of events that it is about."""
        match leaf:
            case Compare(fact=fact, other=other):
                return [name for name in (fact, other) if name and name not in self.known.facts]
            case Sequence(of=of):
                return [of] if of not in self.known.events else []
            case Concluded():
                return []

    def holds(self, leaf: Compare | Sequence, more: Mapping[str, Encoded] | None = None) -> bool:
        """Whether a comparison or a sequence holds, by what is known and more."""
        if isinstance(leaf, Sequence):
            return interpreter.found(leaf, self.policy, self.known)
        facts = {**self.known.facts, **more} if more else self.known.facts
        return interpreter.compares(leaf, facts, self.policy.facts)

    # The values of an unknown fact

    def comparisons(self, fact: str) -> list[Compare]:
        """The policy's comparisons of an unknown fact with what is known; those of all its rules."""
        compares = (leaf for rule in self.policy.rules for leaf in leaves(rule.when) if isinstance(leaf, Compare))
        return [leaf for leaf in compares if fact in (leaf.fact, leaf.other) and self.unknown_in(leaf) == [fact]]

    def sequences(self, kind: str) -> list[Sequence]:
        """The sequences that the policy asks for among events of a kind."""
        found = (leaf for rule in self.policy.rules for leaf in leaves(rule.when) if isinstance(leaf, Sequence))
        return [leaf for leaf in found if leaf.of == kind]

    def cells(self, fact: str) -> list[Cell]:
        """The values of an unknown fact, told apart by how its comparisons with what is known come out."""
        compares = self.comparisons(fact)
        cells: dict[tuple[bool, ...], Cell] = {}
        for value in self._values(fact, compares):
            truths = tuple(self.holds(compare, {fact: value}) for compare in compares)
            cells.setdefault(truths, Cell(value, truths))
        return list(cells.values())

    @property
    def anything(self) -> dict[str, Any]:
        """Some value of each unknown fact, and no unknown events."""
        types = self.policy.facts
        return {
            name: types[name].decode(next(self._values(name, []))) if name in types else []
            for name in self.known.unknown
        }

    def least(self, fact: str) -> Any:
        """The least a fact known in part can be; None where the policy would find more of that than is certain."""
        low, _ = self.known.limits[fact]
        asked = [leaf for rule in self.policy.rules for leaf in leaves(rule.when) if isinstance(leaf, Compare)]
        if any(
            fact in pair and {*pair} <= self.known.limits.keys() for leaf in asked if (pair := (leaf.fact, leaf.other))
        ):
            return None
        found = [self.holds(compare, {fact: low}) for compare in self.comparisons(fact)]
        certain = [all(truths) for truths in zip(*(cell.truths for cell in self.cells(fact)), strict=True)]
        return self.policy.facts[fact].decode(low) if found == certain else None

    def _values(self, fact: str, compares: list[Compare]) -> Iterator[Encoded]:
        """One value of each cell at least. Between two thresholds all are alike, so the thresholds' neighbours do."""
        declared = self.policy.facts[fact]
        if not declared.ordered:
            yield from declared.of or (False, True)
            return
        low, high = self.known.limits.get(fact, declared.limits)
        for threshold in sorted({t for compare in compares for t in self._thresholds(fact, compare)}):
            yield from (value for value in (threshold - 1, threshold, threshold + 1) if low <= value <= high)
        yield low if compares else min(max(low, 0), high)

    def _thresholds(self, fact: str, compare: Compare) -> Iterator[int]:
        """What an ordered fact is compared with, in its own scale, and rounded down where that is coarser."""
        if compare.other is None:
            yield from map(int, compare.values)
            return
        other = compare.fact if compare.other == fact else compare.other
        finer = self.policy.facts[other].places - self.policy.facts[fact].places
        value = int(self.known.facts[other])
        yield value // 10**finer if finer > 0 else value * 10**-finer

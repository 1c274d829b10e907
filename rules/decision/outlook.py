"""What can still come of facts of which some are not known: exact over all they could be, by their types and limits."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

from rules.decision.solved import Solved
from rules.decision.table import Table
from rules.decision.undecided import Decider, Undecided
from rules.language.facts import EncodedFacts
from rules.language.policy import Policy
from rules.solver.logic import logic_of


@dataclass(frozen=True)
class Outlook:
    """Who may decide once everything is known, and what it depends on."""

    deciders: tuple[Decider, ...]
    """Those that decide in some completion of what is known, in the policy's order."""
    outcomes: tuple[str | None, ...]
    """What they give, without repetition."""
    missing: tuple[str, ...]
    """The facts and kinds of events that can change the outcome, first the one that would settle most.

    Such a fact is one in which alone two completions differ that have different outcomes. Knowing all of them settles
    the outcome: of two completions that agree in them, one becomes the other by changing one fact after the other,
    none of them such a fact, so that no step changes the outcome.
    """
    examples: Mapping[Decider, Mapping[str, Any]]
    """Of the first decider of each outcome, what the unknown facts are in a completion in which it decides."""


class Completions(Protocol):
    """All that the unknown facts could turn out to be."""

    def decides(self, decider: Decider) -> bool: ...
    def example(self, decider: Decider) -> Mapping[str, Any] | None: ...
    def matters(self, name: str) -> bool: ...
    def left(self, name: str) -> list[int]: ...


def outlook_of(policy: Policy, known: EncodedFacts, certain: Collection[str]) -> Outlook:
    """What can still come of what is known, given the rules that hold by that alone.

    Facts that matter are ranked by how much each would settle. Its values are split into those that meet the same of
    the policy's comparisons with what is known, and events into those with and without each sequence that the policy
    asks for. What counts is the share of these parts in which the outcome would be final; after that, how few outcomes
    are left in a part on average; after that, the policy's order.
    """
    undecided = Undecided(policy, known, certain)
    if len(undecided.deciders) == 1:
        (decider,) = undecided.deciders
        return Outlook((decider,), (undecided.outcome(decider),), (), {decider: undecided.anything})
    table = Table.of(undecided)
    if table:
        return _seen(undecided, table)
    with logic_of(policy) as logic:
        return _seen(undecided, Solved(logic, undecided))


def _seen(undecided: Undecided, completions: Completions) -> Outlook:
    deciders = tuple(decider for decider in undecided.deciders if completions.decides(decider))
    first: dict[str | None, Decider] = {}
    for decider in deciders:
        first.setdefault(undecided.outcome(decider), decider)
    missing = _ranked(undecided, completions) if len(first) > 1 else ()
    examples = {decider: completions.example(decider) for decider in first.values()}
    found = {decider: {**undecided.anything, **facts} for decider, facts in examples.items() if facts is not None}
    return Outlook(deciders, tuple(first), missing, found)


def _ranked(undecided: Undecided, completions: Completions) -> tuple[str, ...]:
    missing = [name for name in undecided.unknown if completions.matters(name)]
    if len(missing) == 1:
        return tuple(missing)
    left = {name: completions.left(name) for name in missing}

    def settles(name: str) -> tuple[Fraction, Fraction]:
        parts = left[name]
        return Fraction(-parts.count(1), len(parts)), Fraction(sum(parts), len(parts))

    return tuple(sorted(missing, key=settles))  # sorting keeps the policy's order where two settle the same

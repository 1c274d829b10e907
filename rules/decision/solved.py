"""What unknown facts could turn out to be, asked of the solver: for what does not fit into a truth table."""

from collections.abc import Iterator, Mapping
from typing import Any

from rules.decision.undecided import Decider, Undecided
from rules.solver.logic import Formula, Found, Logic, Unproven
from rules.solver.world import World


class Solved:
    """The completions of what is undecided.

    Once the solver gives up it is asked nothing more; what it has not excluded by then counts as possible.
    """

    def __init__(self, logic: Logic, undecided: Undecided) -> None:
        self._logic = logic
        self._undecided = undecided
        self._world = World.of(logic, "one", undecided.known)
        self._questions = logic.questions(self._world.within)
        self._gives: dict[str | None, list[Formula]] = {}
        """How each outcome that is possible can come about."""
        self._examples: dict[Decider, Mapping[str, Any]] = {}
        self._gave_up = False

    # What it answers

    def decides(self, decider: Decider) -> bool:
        """Whether it decides in some completion."""
        world = self._world
        deciding = world.undecided if decider is None else world.decides(decider)
        found = self._find(deciding)
        if found:
            self._gives.setdefault(self._undecided.outcome(decider), []).append(deciding)
        if isinstance(found, Found):
            self._examples[decider] = world.read(found)
        return bool(found)

    def example(self, decider: Decider) -> Mapping[str, Any] | None:
        """The facts of a completion in which it decides; None where the solver gave up before it found one."""
        return self._examples.get(decider)

    def matters(self, name: str) -> bool:
        """Whether two completions that differ in this fact alone, or in these events, have different outcomes."""
        one = self._world
        other = World.of(self._logic, "other", self._undecided.known, like=one, anew={name})
        return bool(self._find(*other.within, one.rank != other.rank))

    def left(self, name: str) -> list[int]:
        """How many outcomes are left in each cell of a fact, or with and without each sequence of the events."""
        counts = [
            sum(bool(self._find(cell, self._logic.any(ways))) for ways in self._gives.values())
            for cell in self._cells(name)
        ]
        return [count for count in counts if count]

    def _cells(self, name: str) -> Iterator[Formula]:
        undecided, world, logic = self._undecided, self._world, self._logic
        for sequence in undecided.sequences(name):
            found = world.meets(sequence)
            yield from (found, logic.negate(found))
        if name in undecided.policy.facts:
            met = [world.meets(compare) for compare in undecided.comparisons(name)]
            for cell in undecided.cells(name):
                pairs = zip(met, cell.truths, strict=True)
                yield logic.all(formula if truth else logic.negate(formula) for formula, truth in pairs)

    def _find(self, *formulas: Formula) -> Found | bool:
        """Facts that meet them, or whether there are any."""
        if self._gave_up:
            return True
        try:
            return self._questions.find(*formulas) or False
        except Unproven:
            self._gave_up = True
            return True

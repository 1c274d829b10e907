"""A policy as formulas for an SMT solver: what can be asked of all facts at once instead of one set at a time.

The solver decides over whole numbers within the declared limits, so its answers are exact: facts that show something,
or the certainty that there are none. The only module that speaks to it.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import z3

from rules.language.facts import Encoded, FactType
from rules.language.policy import Policy

Formula = Any
"""A truth of the solver's, or a number; it has no types of its own."""

EFFORT: Final = 5_000_000
"""Steps of the solver before it gives up: seconds, where a question about a policy takes milliseconds. Steps, because a
limit in seconds would let the same question be answered or not by how busy the machine is."""

_TURN = threading.RLock()
"""One question at a time: the solver's own bookkeeping is not safe between threads."""


class Unproven(RuntimeError):
    """The solver gave up; nothing is known either way."""


@contextmanager
def logic_of(policy: Policy) -> Iterator["Logic"]:
    """The formulas of a policy. What is made of them must not be kept beyond the block."""
    with _TURN:
        yield Logic(policy)


@dataclass(frozen=True)
class Found:
    """Facts that meet what was asked."""

    model: Any

    def number(self, formula: Formula) -> int:
        """The value of a number."""
        return int(self.model.eval(formula, model_completion=True).as_long())

    def holds(self, formula: Formula) -> bool:
        """Whether a formula holds of them."""
        return bool(z3.is_true(self.model.eval(formula, model_completion=True)))


class Logic:
    """A policy's formulas, in a space of their own."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._space = z3.Context()
        texts = (choice for declared in self._types() for choice in declared.of or ())
        self.numbers: Mapping[str, int] = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        """Choices by number: the solver compares numbers faster than text."""
        self.texts = tuple(self.numbers)

    def _types(self) -> Iterator[FactType]:
        yield from self.policy.facts.values()
        for event in self.policy.events.values():
            yield from event.fields.values()

    # Formulas

    def all(self, formulas: Iterable[Formula]) -> Formula:
        return z3.And(*formulas, self._space)

    def any(self, formulas: Iterable[Formula]) -> Formula:
        return z3.Or(*formulas, self._space)

    def negate(self, formula: Formula) -> Formula:
        return z3.Not(formula, self._space)

    def truth(self, value: bool) -> Formula:
        return z3.BoolVal(value, self._space)

    def choose(self, condition: Formula, then: Formula, otherwise: Formula) -> Formula:
        """One number or the other."""
        return z3.If(condition, then, otherwise, self._space)

    def number(self, value: int) -> Formula:
        return z3.IntVal(value, self._space)

    def either(self, name: str) -> Formula:
        """A truth that may be so or not."""
        return z3.Bool(name, self._space)

    def variable(self, name: str, declared: FactType) -> Formula:
        """Any value of a type: a truth for a flag, else a whole number in the scale of the type."""
        return z3.Bool(name, self._space) if declared.type == "flag" else z3.Int(name, self._space)

    def limits(self, variable: Formula, declared: FactType) -> Formula:
        """That a variable is a value of its type."""
        if declared.type == "flag":
            return self.truth(True)
        if declared.type == "choice":
            return self.any(variable == self.numbers[choice] for choice in declared.of or ())
        low, high = declared.limits
        return self.all([variable >= low, variable <= high])

    def value(self, encoded: Encoded) -> Formula:
        if isinstance(encoded, bool):
            return self.truth(encoded)
        return self.number(self.numbers[encoded] if isinstance(encoded, str) else encoded)

    # Questions

    @property
    def steps(self) -> int:
        """How much effort all questions took so far."""
        return int(z3.Solver(ctx=self._space).statistics().get_key_value("rlimit count"))

    def questions(self, formulas: Iterable[Formula] = ()) -> "Questions":
        """Begin to ask about facts that meet these formulas."""
        asked = Questions(z3.Solver(ctx=self._space))
        asked.add(*formulas)
        return asked

    def find(self, formulas: Iterable[Formula], prefer: Iterable[Formula] = ()) -> Found | None:
        """Facts that meet all formulas, and of the preferences, in their order, those that they can meet; or None.

        Raises:
            Unproven: where the solver gives up.
        """
        return self.questions(formulas).find(prefer=prefer)

    def least(self, formulas: Iterable[Formula], *amounts: Formula) -> Found | None:
        """Facts that meet all formulas and make the amounts as small as can be, the first one first; or None.

        Raises:
            Unproven: where the solver gives up.
        """
        solver = z3.Optimize(ctx=self._space)
        solver.set("priority", "lex")
        solver.add(*formulas)
        for amount in amounts:
            solver.minimize(amount)
        return Found(solver.model()) if _answers(solver) else None


class Questions:
    """Questions about facts that have something in common; what one takes to answer is not worked out again."""

    def __init__(self, solver: Any) -> None:
        self._solver = solver

    def add(self, *formulas: Formula) -> None:
        """Whatever is asked from now on is asked of facts that meet these formulas too."""
        self._solver.add(*formulas)

    def find(self, *formulas: Formula, prefer: Iterable[Formula] = ()) -> Found | None:
        """Facts that meet all formulas, and of the preferences, in their order, those that they can meet; or None.

        Raises:
            Unproven: where the solver gives up.
        """
        self._solver.push()
        try:
            self._solver.add(*formulas)
            if not _answers(self._solver):
                return None
            return Found(self._nearest(self._solver.model(), list(prefer)))
        finally:
            self._solver.pop()

    def clash(self, formulas: Sequence[Formula]) -> list[int] | None:
        """The numbers of formulas that cannot be met together, none of which can be left out; None if all can be.

        Raises:
            Unproven: where the solver gives up.
        """
        space = self._solver.ctx
        needed = [z3.Bool(f"clash {number}", space) for number in range(len(formulas))]
        self._solver.push()
        try:
            self._solver.add(*(z3.Implies(name, formula) for name, formula in zip(needed, formulas, strict=True)))
            if _answers(self._solver, *needed):
                return None
            core = set(map(str, self._solver.unsat_core()))
            needed = [name for name in needed if str(name) in core]
            for name in list(needed):
                rest = [other for other in needed if other is not name]
                if not _answers(self._solver, *rest):
                    needed = rest
            return [int(str(name).split()[1]) for name in needed]
        finally:
            self._solver.pop()

    def _nearest(self, model: Any, preferences: list[Formula]) -> Any:
        """Add those of the preferences that can be met, first come first served, and find a model of them.

        They are tried together, and in halves where that is too much: most of them can be met.
        """
        unmet = [p for p in preferences if not z3.is_true(model.eval(p, model_completion=True))]
        if not unmet:
            self._solver.add(*preferences)
            return model
        self._solver.push()
        self._solver.add(*preferences)
        met = self._solver.check() == z3.sat
        if met:
            model = self._solver.model()
        self._solver.pop()
        if met:
            self._solver.add(*preferences)
        elif len(preferences) > 1:
            middle = len(preferences) // 2
            model = self._nearest(model, preferences[:middle])
            model = self._nearest(model, preferences[middle:])
        return model


def _answers(solver: Any, *assumed: Formula) -> bool:
    """Whether there is an answer; the effort is for each question."""
    solver.set("rlimit", EFFORT)
    answer = solver.check(*assumed)
    if answer == z3.unknown:
        raise Unproven(f"the solver gave up after {EFFORT:,} steps: {solver.reason_unknown()}")
    return bool(answer == z3.sat)

"""How far the cases of a policy cover it: in which of them each rule holds and decides, and each boundary is shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from rules.language.conditions import Compare, Sequence
from rules.language.policy import Policy
from rules.language.source import Fault
from rules.verification.cases import CaseFile, Tried, run_cases
from rules.verification.goals import (
    SIDES,
    Boundary,
    Decides,
    Goal,
    Holds,
    Turns,
    boundaries,
    goals,
    leaf_of,
    path_of,
    shows,
)
from rules.verification.suggest import suggest


@dataclass(frozen=True)
class Coverage:
    """What the cases of a policy show."""

    policy: Policy
    shown: dict[Goal, tuple[str, ...]]
    """The names of the cases that show it; of everything that there is to show."""
    impossible: frozenset[Goal]
    """What no case can show, such as less than the least value of a fact."""

    @property
    def missing(self) -> list[Goal]:
        """What could be shown and is not."""
        return [goal for goal, cases in self.shown.items() if not cases and goal not in self.impossible]

    def share(self, *kinds: type[Goal]) -> tuple[int, int]:
        """How much is shown of what can be, of some kinds of goals or of all."""
        possible = [g for g in self.shown if g not in self.impossible and (not kinds or isinstance(g, kinds))]
        return sum(bool(self.shown[goal]) for goal in possible), len(possible)

    @property
    def percent(self) -> int:
        """The share of all that can be shown, in whole percents; 100 only where nothing is missing."""
        shown, of = self.share()
        return int(Fraction(100 * shown, of)) if of else 100

    @property
    def faults(self) -> list[Fault]:
        """What is missing, where it stands in the policy's file."""
        return [self._fault(goal) for goal in self.missing]

    def _fault(self, goal: Goal) -> Fault:
        match goal:
            case Holds(rule):
                return self.policy.fault(("rules", rule), "holds in no case", "warning")
            case Decides(rule):
                return self.policy.fault(("rules", rule), "decides no case", "warning")
            case Turns(boundary, side):
                beside = "at" if side == "at" else f"just {side}"
                message = f"no case has {said(self.policy, boundary, beside)} where the rule turns on it"
                return self.policy.fault(path_of(self.policy, boundary), message, "warning")

    def as_data(self) -> dict[str, Any]:
        """All of it, for scripts."""
        shown, of = self.share()
        return {
            "policy": self.policy.policy,
            "version": self.policy.version,
            "percent": self.percent,
            "shown": shown,
            "of": of,
            "rules": [self._rule(number) for number in range(len(self.policy.rules))],
        }

    def _rule(self, number: int) -> dict[str, Any]:
        rule = self.policy.rules[number]
        return {
            "rule": rule.id,
            "holds": self._cases(Holds(number)),
            "decides": self._cases(Decides(number)) if rule.then else None,
            "boundaries": [
                {
                    "boundary": said(self.policy, boundary),
                    "line": (fault := self.policy.fault(path_of(self.policy, boundary), "")).line,
                    "column": fault.column,
                    **{side: self._cases(Turns(boundary, side)) for side in SIDES},
                }
                for boundary in boundaries(self.policy, number)
            ],
        }

    def _cases(self, goal: Goal) -> tuple[str, ...] | None:
        """The cases that show it; None where none can."""
        return None if goal in self.impossible else self.shown[goal]


def cover(policy: Policy, cases: CaseFile | None) -> Coverage:
    """What the cases of a policy show. Those that do not come out as written show nothing.

    Raises:
        Refused: where the cases are another policy's.
        Unfit: where the engine could not run the policy safely.
        Disagreement: where engine and interpreter differ.
    """
    tried = run_cases(policy, cases).tried if cases else ()
    shown = {goal: _shown(policy, goal, tried) for goal in goals(policy)}
    impossible = suggest(policy, cases).impossible if not all(shown.values()) else frozenset()
    return Coverage(policy, shown, impossible)


def _shown(policy: Policy, goal: Goal, tried: Iterable[Tried]) -> tuple[str, ...]:
    return tuple(one.case.name for one in tried if shows(policy, one, goal))


def said(policy: Policy, boundary: Boundary, beside: str = "") -> str:
    """A boundary, as it is written: `deals gte 3`; or the fact beside it: `deals just below 3`."""
    leaf = leaf_of(policy, boundary)
    if isinstance(leaf, Sequence):
        return f"{leaf.of} in a row {beside or 'of'} {leaf.length}"
    assert isinstance(leaf, Compare)
    limit = leaf.other or policy.facts[leaf.fact].decode(boundary.value or 0)
    return f"{leaf.fact} {beside or leaf.operator} {limit}"

"""Cases for what the cases of a policy do not show yet: found by the solver, decided by the evaluators."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from rules.decision.decide import decide
from rules.language.conditions import Compare, Sequence
from rules.language.facts import EncodedFacts, FactError
from rules.language.policy import Policy
from rules.lifecycle import SETTLED
from rules.solver.logic import Formula, Logic, Questions, Unproven, logic_of
from rules.solver.world import World
from rules.verification.cases import Case, CaseFile, Tried, run_cases
from rules.verification.goals import Decides, Goal, Holds, Turns, goals, leaf_of, meeting, shows

LONGEST_NAME: Final = 200
MOST_STEPS: Final = 50_000_000
"""Effort for one policy, in steps of the solver; what is not found by then is not suggested."""
MOST_CASES: Final = 200
"""Suggestions after which no more are looked for that only show which rules hold together."""


@dataclass(frozen=True)
class Suggestions:
    """What to add to the cases of a policy, and what no case can show."""

    cases: tuple[Case, ...]
    """Each shows something that neither the cases there are nor those before it show."""
    impossible: frozenset[Goal]


def suggest(policy: Policy, cases: CaseFile | None) -> Suggestions:
    """Cases that show all that can be shown and is not yet, as near to the file's base as can be.

    After these come cases in which rules of different outcomes hold together. What the solver gives up on is neither
    suggested nor impossible.

    Raises:
        Unfit: where the engine could not run the policy safely.
        Disagreement: where engine and interpreter differ.
    """
    with logic_of(policy) as logic:
        suggesting = _Suggesting(logic, cases)
        impossible = frozenset(goal for goal in goals(policy) if not suggesting.show(goal))
        for number, rule in enumerate(policy.rules):
            if rule.then:
                suggesting.show_overlaps(number)
        return Suggestions(tuple(suggesting.made), impossible)


class _Suggesting:
    """Looks for facts that show something, and makes cases of them."""

    def __init__(self, logic: Logic, cases: CaseFile | None) -> None:
        self._logic, self._policy = logic, logic.policy
        self._tried = list(run_cases(self._policy, cases).tried) if cases else []
        self._names = {case.name for case in cases.cases} if cases else set()
        self._base = cases.base if cases else {}
        self.made: list[Case] = []
        try:
            self._near = self._policy.encode(self._base)
        except FactError:
            self._near = EncodedFacts()
        worlds = [World.of(logic, "near", EncodedFacts(events=self._near.events))] if self._near.events else []
        worlds.append(World.of(logic, "known"))
        self._places = [_Place.of(world, self._near) for world in worlds]
        settled = self._policy.policy in SETTLED
        self._settled = _Place.of(World.of(logic, "settled", settled=True), self._near) if settled else None

    def show(self, goal: Goal) -> bool:
        """Make a case that shows it, if there is none; whether there can be one."""
        if any(shows(self._policy, one, goal) for one in self._tried) or self._logic.steps > MOST_STEPS:
            return True
        try:
            for place in (*self._places, *([self._settled] if self._settled else [])):
                found = place.questions.find(meeting(place.world, goal), prefer=self._preferences(place, goal))
                if found:
                    one = self._decided(place.world.read(found), settle=place is self._settled)
                    if shows(self._policy, one, goal):
                        self._add(one, _sentence(self._policy, goal, one.facts), _rule_of(goal))
                    return True
        except Unproven:
            return True
        return False

    def show_overlaps(self, first: int) -> None:
        """Make cases in which a rule decides and others hold that would decide otherwise: in each as many as can be."""
        rules, logic, own = self._policy.rules, self._logic, self._policy.rules[first]
        shown = {(one.ruling.rule, other) for one in self._tried for other in one.ruling.also}
        others = [
            later
            for later in self._places[0].world.deciding
            if later > first and rules[later].then != own.then and (own.id, rules[later].id) not in shown
        ]
        for place in self._places:
            world = place.world
            while others and len(self.made) < MOST_CASES:
                holding = [world.holds[later] for later in others]
                asked = [world.decides(first), logic.any(holding)]
                try:
                    found = place.questions.find(*asked, prefer=[*holding, *place.near])
                except Unproven:
                    return
                if not found:
                    break
                one = self._decided(world.read(found), settle=False)
                over = [later for later in others if rules[later].id in one.ruling.also]
                others = [later for later in others if later not in over]
                listed = ", ".join(_spoken(rules[later].id) for later in over)
                self._add(one, f"Where {_spoken(own.id)} decides over {listed}", first)

    def _preferences(self, place: "_Place", goal: Goal) -> list[Formula]:
        """That no rule before decides, and then facts as near to the base as can be."""
        logic, world, rule = self._logic, place.world, _rule_of(goal)
        before = [logic.negate(world.holds[earlier]) for earlier in world.deciding if earlier < rule]
        leaf = leaf_of(self._policy, goal.boundary) if isinstance(goal, Turns) else None
        limit = leaf.other if isinstance(leaf, Compare) else None
        # What a fact is measured by stays where it is if it can; the fact itself goes to its side of it.
        stays = [world.equals(limit, self._near.facts[limit])] if limit and limit in self._near.facts else []
        return [logic.all(before), *stays, *place.near]

    def _decided(self, facts: Mapping[str, Any], *, settle: bool) -> Tried:
        """Facts as a case that says what is decided of them."""
        ruling = decide(self._policy, facts, settle=settle)
        holding = {ruling.rule, *ruling.also}
        fires = tuple(rule.id for rule in self._policy.rules if rule.id in holding)
        beside = self._beside(facts)
        case = Case(
            name="Suggested", facts=beside, outcome=ruling.outcome, rule=ruling.rule, fires=fires, settle=settle
        )
        return Tried(case, facts, self._policy.encode(facts), ruling)

    def _beside(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """What differs from the base."""
        encode = self._policy.encode
        names = (*self._policy.facts, *self._policy.events)
        return {n: facts.get(n) for n in names if encode({n: facts.get(n)}) != encode({n: self._base.get(n)})}

    def _add(self, one: Tried, said: str, rule: int) -> None:
        comes = f"the outcome is {one.ruling.outcome}" if one.ruling.outcome else "nothing is decided"
        names = [f"{said}, {comes}", f"{said}, for {_spoken(self._policy.rules[rule].id)}, {comes}"]
        names += [f"{names[1]}, case {number}" for number in range(2, len(self._names) + 4)]
        name = next(name for name in map(_short, names) if name not in self._names)
        self._names.add(name)
        self.made.append(one.case.model_copy(update={"name": name}))
        self._tried.append(replace(one, case=self.made[-1]))


@dataclass(frozen=True)
class _Place:
    """Where facts are looked for: any facts, facts with the events of the base, or facts that may be unknown."""

    world: World
    questions: Questions
    near: list[Formula]
    """That facts are as near to the base as they can be."""

    @classmethod
    def of(cls, world: World, base: EncodedFacts) -> "_Place":
        return cls(world, world.logic.questions(world.within), world.plain(base.facts))


# Names


def _rule_of(goal: Goal) -> int:
    return goal.boundary.rule if isinstance(goal, Turns) else goal.rule


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME // 2]} ... {name[-LONGEST_NAME // 2 + 5 :]}"


def _spoken(identifier: str) -> str:
    return identifier.replace("_", " ")


def _sentence(policy: Policy, goal: Goal, facts: Mapping[str, Any]) -> str:
    match goal:
        case Holds(rule):
            return f"Where {_spoken(policy.rules[rule].id)} holds"
        case Decides(rule):
            return f"Where {_spoken(policy.rules[rule].id)} decides"
        case Turns(boundary, side):
            leaf = leaf_of(policy, boundary)
            beside = "exactly" if side == "at" else f"just {side}"
            if isinstance(leaf, Sequence):
                return f"With {policy.title_of(leaf.of)} events in a row {beside} {leaf.length}"
            assert isinstance(leaf, Compare)
            title, value = policy.title_of(leaf.fact), _plain(facts[leaf.fact])
            if leaf.other:
                return f"With {title} at {value}, {beside} {policy.title_of(leaf.other)} at {_plain(facts[leaf.other])}"
            limit = _plain(policy.facts[leaf.fact].decode(boundary.value or 0))
            return f"With {title} at {beside} {limit}" if side == "at" else f"With {title} at {value}, {beside} {limit}"


def _plain(value: Any) -> str:
    """A number as people write it."""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


# Text


def as_yaml(cases: Iterable[Case]) -> str:
    """Cases as they stand in a file."""
    return "".join(line for case in cases for line in _lines(case))


def _lines(case: Case) -> Iterator[str]:
    plain = re.fullmatch(r"[A-Z][\w ,.()'-]*", case.name)
    yield f"  - name: {case.name if plain else flow(case.name)}\n"
    if case.facts:
        yield f"    facts: {flow(case.facts)}\n"
    if case.settle:
        yield "    settle: true\n"
    yield f"    outcome: {case.outcome or 'null'}\n"
    yield f"    rule: {case.rule or 'null'}\n"
    yield f"    fires: [{', '.join(case.fires)}]\n"


def flow(value: Any) -> str:
    """A value on one line of YAML."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return _plain(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)

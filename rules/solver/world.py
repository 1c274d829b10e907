"""Facts in formulas: all that a policy could be asked about, and what it would say.

Written from the language alone: it shares with the engine and the interpreter what a policy is, and nothing of how
they evaluate it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from rules.evaluators import interpreter
from rules.language.conditions import Compare, Concluded, Condition, Leaf, Sequence, fold, leaves, names
from rules.language.facts import Encoded, EncodedFacts, FactType
from rules.language.policy import Policy
from rules.solver.logic import Formula, Found, Logic

FEWEST_EVENTS: Final = 9
"""Events of a kind that are thought of; more where rules ask for longer sequences."""
MOST_EVENTS: Final = 40
"""Events of a kind of which no more are thought of; a rule that needs more is not proved to hold, nor never to."""


@dataclass
class World:
    """One set of facts in formulas: what may be known of them, and which rules then hold and decide."""

    logic: Logic
    facts: dict[str, Formula] = field(default_factory=dict)
    known: dict[str, Formula] = field(default_factory=dict)
    """Whether a fact is known; one that is not meets no comparison."""
    events: dict[str, list["Slot"]] = field(default_factory=dict)
    """The events of kinds that are not given."""
    given: EncodedFacts = field(default_factory=EncodedFacts)
    within: list[Formula] = field(default_factory=list)
    """That all values are of their types."""
    holds: list[Formula] = field(default_factory=list)
    """Of each rule, that its condition holds."""
    concluded: dict[str, Formula] = field(default_factory=dict)
    runs: dict[Sequence, Formula] = field(default_factory=dict)
    """Of each sequence of events that are not given, that there is one."""

    @classmethod
    def of(
        cls,
        logic: Logic,
        name: str,
        given: EncodedFacts | None = None,
        *,
        settled: bool = False,
        free: Collection[str] = (),
        like: "World | None" = None,
        anew: Collection[str] = (),
    ) -> "World":
        """Make one.

        Args:
            logic: The formulas of the policy.
            name: Tells its variables from another world's.
            given: What is known; what is not may be anything.
            settled: Whether facts that are not given are decided without: no comparison with them holds. If nothing
                is given, any fact may be unknown.
            free: Facts that are not given and known all the same: they may be anything.
            like: Another world, with which it has all in common that is neither given nor named in `anew`.
            anew: Facts and kinds of events that may differ from the other world's.
        """
        policy, world = logic.policy, cls(logic, given=given or EncodedFacts())
        for fact, declared in policy.facts.items():
            if fact in world.given.facts:
                world.facts[fact] = logic.value(world.given.facts[fact])
                world.known[fact] = logic.truth(True)
                continue
            if like and fact not in anew:
                world.facts[fact], world.known[fact] = like.facts[fact], like.known[fact]
                continue
            world.facts[fact] = logic.variable(f"{name}.{fact}", declared)
            may_lack = settled and given is None
            is_known = not settled or fact in free
            world.known[fact] = logic.either(f"{name}.{fact}?") if may_lack else logic.truth(is_known)
            world.within.append(logic.limits(world.facts[fact], declared))
            if fact in world.given.limits:
                low, high = world.given.limits[fact]
                world.within.append(logic.all([world.facts[fact] >= low, world.facts[fact] <= high]))
        for kind in policy.events:
            if kind in world.given.events:
                continue
            if like and kind not in anew:
                world.events[kind] = like.events[kind]
                world.runs |= {run: found for run, found in like.runs.items() if run.of == kind}
            else:
                without = settled and given is not None
                world.events[kind] = [] if without else world._slots(name, kind)
        world._rules(like)
        return world

    def _rules(self, like: "World | None") -> None:
        """Write the rules as formulas; those that rest on nothing new are another world's."""
        logic = self.logic
        new = {name for name, variable in self.facts.items() if not like or variable is not like.facts[name]}
        new |= {
            kind for kind in logic.policy.events if not like or self.events.get(kind, 0) is not like.events.get(kind)
        }
        for number, rule in enumerate(logic.policy.rules):
            if like and not names(rule.when) & new:
                holds = like.holds[number]
            else:
                holds = fold(rule.when, iter(self.leaves(number)), logic.all, logic.any)
                new |= {rule.concludes} if rule.concludes else set()
            self.holds.append(holds)
            if rule.concludes:
                before = self.concluded.get(rule.concludes, logic.truth(False))
                self.concluded[rule.concludes] = logic.any([before, holds])

    def leaves(self, number: int) -> list[Formula]:
        """What a rule's condition is made of, in the order of its file, each as a formula."""
        return [self.meets(leaf) for leaf in leaves(self.logic.policy.rules[number].when)]

    # What comes of the facts

    @property
    def deciding(self) -> list[int]:
        """The positions of the rules with an outcome."""
        return [number for number, rule in enumerate(self.logic.policy.rules) if rule.then]

    def decides(self, number: int) -> Formula:
        """That this rule is the first with an outcome that holds."""
        before = [self.logic.negate(self.holds[earlier]) for earlier in self.deciding if earlier < number]
        return self.logic.all([self.holds[number], *before])

    @property
    def undecided(self) -> Formula:
        """That no rule with an outcome holds."""
        return self.logic.all(self.logic.negate(self.holds[number]) for number in self.deciding)

    @property
    def rank(self) -> Formula:
        """The outcome's place in the policy's list, the best being 0; behind all of them where there is none."""
        policy = self.logic.policy
        places = {outcome: place for place, outcome in enumerate(policy.outcomes)}
        otherwise = places[policy.otherwise.then] if policy.otherwise else len(places)
        rank = self.logic.number(otherwise)
        for number in reversed(self.deciding):
            rank = self.logic.choose(
                self.holds[number], self.logic.number(places[policy.rules[number].then or ""]), rank
            )
        return rank

    def gives(self, outcome: str) -> Formula:
        """That this is the outcome."""
        policy = self.logic.policy
        ways = [self.decides(number) for number in self.deciding if policy.rules[number].then == outcome]
        if policy.otherwise and policy.otherwise.then == outcome:
            ways.append(self.undecided)
        return self.logic.any(ways)

    def equals(self, fact: str, value: Encoded) -> Formula:
        """That a fact has a value."""
        return self.facts[fact] == self.logic.value(value)

    def read(self, found: Found) -> dict[str, Any]:
        """The facts, as they are handed to a policy: events as lists under their kind, unknown facts left out."""
        policy = self.logic.policy
        read: dict[str, Any] = {}
        for fact in policy.facts:
            if found.holds(self.known[fact]):
                read[fact] = self.value(found, fact)
        for kind, declared_event in policy.events.items():
            if kind in self.given.events:
                happened = self.given.events[kind]
                fields = declared_event.fields
                read[kind] = [{name: fields[name].decode(value) for name, value in event.items()} for event in happened]
                continue
            read[kind] = [
                {name: self._plain(found, slot.fields[name], field) for name, field in declared_event.fields.items()}
                for slot in self.events[kind]
                if found.holds(slot.present)
            ]
        return read

    def value(self, found: Found, fact: str) -> Any:
        """What a fact is."""
        return self._plain(found, self.facts[fact], self.logic.policy.facts[fact])

    def plain(self, preferred: Mapping[str, Encoded] | None = None) -> list[Formula]:
        """Preferences for facts a person would think of: given values, else no flag set, and small numbers.

        What nobody can better stays before the rest: a partner changes, and what it is measured by does not.
        """
        wanted, calm, declarations = preferred or {}, [], self.logic.policy.facts
        for fact in sorted(self.facts, key=lambda name: declarations[name].better is not None):
            declared, variable = declarations[fact], self.facts[fact]
            calm.append(self.known[fact])
            if fact in wanted:
                calm.append(self.equals(fact, wanted[fact]))
            elif declared.type == "flag":
                calm.append(self.logic.negate(variable))
            elif declared.ordered:
                scale = 10**declared.places
                calm += [variable >= 0, variable <= 1000 * scale, variable <= 100 * scale, variable % scale == 0]
        calm += [self.logic.negate(slot.present) for slots in self.events.values() for slot in reversed(slots)]
        for kind, slots in self.events.items():
            declared_fields = self.logic.policy.events[kind].fields
            for slot in slots:
                for name, variable in slot.fields.items():
                    if declared_fields[name].ordered:
                        calm += [variable >= 0, variable <= 100 * 10 ** declared_fields[name].places]
        return calm

    # Conditions as formulas

    def _slots(self, name: str, kind: str) -> list["Slot"]:
        logic, fields = self.logic, self.logic.policy.events[kind].fields
        slots = []
        for number in range(_most_events(logic.policy, kind)):
            label = f"{name}.{kind}{number}"
            variables = {field: logic.variable(f"{label}.{field}", declared) for field, declared in fields.items()}
            slots.append(Slot(logic.either(label), variables))
            self.within += [logic.limits(variables[field], declared) for field, declared in fields.items()]
        # Which event is in which slot makes no difference: the first slots are taken, and in the order of the events.
        by = _counter(logic.policy, kind)
        for slot, later in pairwise(slots):
            ordered = logic.all([slot.present, *([slot.fields[by] <= later.fields[by]] if by else [])])
            self.within.append(logic.any([logic.negate(later.present), ordered]))
        return slots

    def meets(self, part: Leaf) -> Formula:
        """That a comparison is met, a sequence of events found, or something concluded."""
        logic = self.logic
        match part:
            case Concluded(flag=flag):
                return self.concluded[flag]
            case Sequence(of=of) if of in self.given.events:
                return logic.truth(interpreter.found(part, logic.policy, self.given))
            case Sequence():
                if part not in self.runs:
                    self.runs[part] = self._run(part)
                return self.runs[part]
            case Compare(fact=fact, other=other):
                known = [self.known[fact], *([self.known[other]] if other else [])]
                return logic.all([*known, self._compare(part, self.facts, logic.policy.facts)])

    def _compare(self, compare: Compare, variables: Mapping[str, Formula], types: Mapping[str, FactType]) -> Formula:
        mine, declared = variables[compare.fact], types[compare.fact]
        if compare.other is None:
            return self.logic.any(_OPERATORS[compare.operator](mine, self.logic.value(v)) for v in compare.values)
        other = types[compare.other]
        its = variables[compare.other]
        if declared.ordered:
            places = max(declared.places, other.places)
            mine, its = mine * 10 ** (places - declared.places), its * 10 ** (places - other.places)
        return _OPERATORS[compare.operator](mine, its)

    def _run(self, sequence: Sequence) -> Formula:
        """That some events follow one another and meet the condition."""
        logic, slots = self.logic, self.events[sequence.of]
        fields = logic.policy.events[sequence.of].fields
        met = [logic.all([slot.present, self._each(sequence.each, slot, fields)]) for slot in slots]
        places = [slot.fields[sequence.by] for slot in slots]
        ordered = sequence.by == _counter(logic.policy, sequence.of)
        follows = [
            [(j, places[i] == places[j] + 1) for j in (range(i) if ordered else range(len(slots))) if j != i]
            for i in range(len(slots))
        ]
        ending = met
        for _ in range(1, sequence.length):
            ways = [[logic.all([ending[j], next_to]) for j, next_to in before] for before in follows]
            ending = [logic.all([own, logic.any(way)]) for own, way in zip(met, ways, strict=True)]
        return logic.any(ending)

    def _each(self, condition: Condition, slot: "Slot", types: Mapping[str, FactType]) -> Formula:
        compares = [leaf for leaf in leaves(condition) if isinstance(leaf, Compare)]
        formulas = (self._compare(compare, slot.fields, types) for compare in compares)
        return fold(condition, formulas, self.logic.all, self.logic.any)

    def _plain(self, found: Found, variable: Formula, declared: FactType) -> Any:
        if declared.type == "flag":
            return found.holds(variable)
        number = found.number(variable)
        return self.logic.texts[number] if declared.type == "choice" else declared.decode(number)


@dataclass(frozen=True)
class Slot:
    """Room for one event: whether there is one, and its fields."""

    present: Formula
    fields: Mapping[str, Formula]


def events_needed(policy: Policy, kind: str) -> list[int]:
    """How many events of a kind each rule can take to hold: facts with more have some that it can do without."""
    needed: list[int] = []
    concluding: dict[str, int] = {}
    for rule in policy.rules:
        own = (_needed(leaf, kind, concluding) for leaf in leaves(rule.when))
        needed.append(fold(rule.when, own, sum, max))
        if rule.concludes:
            concluding[rule.concludes] = max(needed[-1], concluding.get(rule.concludes, 0))
    return needed


def _needed(leaf: Leaf, kind: str, concluding: Mapping[str, int]) -> int:
    match leaf:
        case Sequence(of=of, length=length):
            return length if of == kind else 0
        case Concluded(flag=flag):
            return concluding[flag]
        case Compare():
            return 0


def _most_events(policy: Policy, kind: str) -> int:
    """Room for two rules to hold, and for one event more than that."""
    needed = sorted(events_needed(policy, kind))[-2:]
    return min(max(FEWEST_EVENTS, sum(needed) + 1), MOST_EVENTS)


def _counter(policy: Policy, kind: str) -> str | None:
    """The field that the longest sequence of a kind of events counts by."""
    runs = [leaf for rule in policy.rules for leaf in leaves(rule.when) if isinstance(leaf, Sequence)]
    longest = max((run for run in runs if run.of == kind), key=lambda run: run.length, default=None)
    return longest.by if longest else None


_OPERATORS: Final[Mapping[str, Callable[[Formula, Formula], Formula]]] = {
    "eq": lambda a, b: a == b,
    "in": lambda a, b: a == b,
    "not": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
}

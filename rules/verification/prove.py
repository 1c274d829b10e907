"""What is wrong with a policy, proved over all the facts that it could be asked about.

A finding that facts can show comes with such facts, and they are really decided before they are shown.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any, Final

from program.decision import as_recorded
from rules.decision.decide import decide, rule_on
from rules.evaluators import interpreter
from rules.language.conditions import AnyOf, Concluded, Condition, Place, Sequence, fold, leaves, names
from rules.language.facts import EncodedFacts, FactError
from rules.language.policy import Policy, Rule
from rules.language.source import Fault, Path
from rules.lifecycle import SETTLED
from rules.solver.logic import Formula, Found, Logic, Questions, Unproven, logic_of
from rules.solver.world import MOST_EVENTS, World, events_needed

MOST_STEPS: Final = 100_000_000
"""Effort for one policy, in steps of the solver: less than a minute, where the default policies take a tenth second."""
MOST_TOLD: Final = 50
"""Pairs of rules that overlap, and facts of which better is worse, that are told of; who has more mends these first."""
MOST_PLAIN: Final = 25
"""Findings that are shown by facts a person would think of; the others by any, which takes less time."""


def prove(
    policy: Policy,
    base: Mapping[str, Any] | None = None,
    meant: Collection[tuple[str, str]] = (),
    *,
    runs: bool = True,
    at_each: Callable[[], object] = lambda: None,
) -> list[Fault]:
    """What is wrong with a policy's logic.

    Errors are rules, alternatives, conclusions and outcomes that can never be, facts that nothing is decided of, and
    facts whose improvement makes the outcome worse. Warnings are rules that overlap with different outcomes, an
    `otherwise` that is never needed, and what could not be proved.

    Args:
        policy: What is looked at.
        base: Facts like those that people have; what is shown is as near to them as it can be.
        meant: Pairs of rules, by id, that are known to overlap: the first is meant to decide.
        runs: Whether the engine can run the policy; else the interpreter alone decides what is shown.
        at_each: Called before each question, so that who waits sees it go on.
    """
    with logic_of(policy) as logic:
        return sorted(_Proof(logic, _encoded(policy, base or {}), frozenset(meant), runs=runs).faults(at_each))


def _encoded(policy: Policy, base: Mapping[str, Any]) -> EncodedFacts:
    try:
        return policy.encode(base)
    except FactError:
        return EncodedFacts()  # who runs the cases says what is wrong with them


class _Proof:
    """The questions about one policy.

    A policy that is decided with what is known is asked about facts of which any may be unknown; the others about
    facts that are all known, since nothing else is decided by them.
    """

    def __init__(self, logic: Logic, base: EncodedFacts, meant: frozenset[tuple[str, str]], *, runs: bool) -> None:
        self._logic, self._policy = logic, logic.policy
        self._meant, self._runs = meant, runs
        self._world = World.of(logic, "a", settled=True)
        self._known = logic.all(self._world.known.values())
        self._preferred = self._world.plain(base.facts)
        asked = [] if self._policy.policy in SETTLED else [self._known]
        self._within = [*self._world.within, *asked]
        self._outcomes: set[str | None] = set()
        self._idle: set[int] = set()
        self._overlaps_left = self._worse_left = MOST_TOLD
        self._plain_left = MOST_PLAIN

    def faults(self, at_each: Callable[[], object]) -> Iterator[Fault]:
        """All that is found; where the solver gives up, that it did."""
        for path, question in self._questions():
            at_each()
            if self._logic.steps > MOST_STEPS:
                message = f"is not proved, nor is what follows: the solver took {MOST_STEPS:,} steps; split the policy"
                yield self._policy.fault(path, message, "warning")
                return
            try:
                yield from question()
            except Unproven as gave_up:
                self._outcomes.update(self._policy.outcomes)  # none of them is known to be out of reach
                yield self._policy.fault(path, f"is not proved: {gave_up}", "warning")

    def _questions(self) -> Iterator[tuple[Path, Callable[[], Iterator[Fault]]]]:
        logic, world = self._logic, self._world
        every = logic.questions(self._within)
        left = logic.questions(self._within)  # of facts of which no rule before decides
        for number, rule in enumerate(self._policy.rules):
            yield ("rules", number), partial(self._holding, number, every)
            if rule.then:
                yield ("rules", number), partial(self._deciding, number, every, left)
                left.add(logic.negate(world.holds[number]))
        yield ("rules",), partial(self._undecided, left)
        left = logic.questions(self._within)
        for number in world.deciding:
            yield ("rules", number), partial(self._overlapping, number, left)
            left.add(logic.negate(world.holds[number]))
        yield ("outcomes",), self._unreached
        known, rank = logic.questions([*world.within, self._known]), world.rank
        for fact in self._policy.facts:
            yield ("facts", fact), partial(self._worsening, fact, rank, known)

    # Rules that can never be

    def _holding(self, number: int, every: Questions) -> Iterator[Fault]:
        """A rule that can never hold, or a part of it that adds nothing."""
        holds = self._world.holds[number]
        place = self._policy.place(number)
        if not every.find(holds):
            if any(events_needed(self._policy, kind)[number] > MOST_EVENTS for kind in self._policy.events):
                raise Unproven(f"it may take more than {MOST_EVENTS} events to hold")
            yield self._never(place, every)
            return
        for part in _alternatives(place, lambda part: bool(every.find(holds, self._formula(part.condition)))):
            message = "this alternative can never hold beside what else the rule asks for; remove it"
            yield self._policy.fault(part.path, message)

    def _never(self, place: Place, every: Questions) -> Fault:
        """Why a rule can never hold: the smallest part of its condition that cannot."""
        part = next((part for part in place.parts if not every.find(self._formula(part.condition))), None)
        if part:
            return self._never(part, every)
        if isinstance(place.condition, Sequence):
            message = "no events meet it; its `each` contradicts itself or the declared limits"
        elif isinstance(place.condition, Concluded):
            message = "it is never concluded"
        else:
            parts = place.parts or (place,)
            clash = every.clash([self._formula(part.condition) for part in parts]) or range(len(parts))
            asked = sorted(set().union(*(names(parts[index].condition) for index in clash)))
            message = f"no value of {' and '.join(asked)} meets it; it contradicts itself or the declared limits"
        return self._policy.fault(place.path, f"{message}, so the rule can never hold")

    def _deciding(self, number: int, every: Questions, left: Questions) -> Iterator[Fault]:
        """A rule that can hold, but decides nothing, because those before it take everything."""
        holds, rule = self._world.holds[number], self._policy.rules[number]
        if left.find(holds):
            self._outcomes.add(rule.then)
            return
        found = every.find(holds, prefer=[self._known, *self._plain()])
        if found:
            self._idle.add(number)
            before = self._covering(number, every)
            message = f"never decides: {_listed(before)} before it {'take' if len(before) > 1 else 'takes'} everything"
            advice = f"move it up, narrow {'them' if len(before) > 1 else 'it'}, or remove it"
            yield self._policy.fault(("rules", number), f"{message}; {advice}", examples=self._shown(found))

    def _covering(self, number: int, every: Questions) -> list[Rule]:
        """Rules before this one of which one holds wherever it holds: one if there is such a one, else all it takes."""
        holds, rules = self._world.holds, self._policy.rules
        earlier = [other for other in self._world.deciding if other < number]
        single, found = earlier, every.find(holds[number])
        while found and single:
            single = [other for other in single if found.holds(holds[other])]
            found = every.find(holds[number], self._logic.negate(holds[single[0]])) if single else found
        if single:
            return [rules[single[0]]]
        clash = every.clash([holds[number], *(self._logic.negate(holds[other]) for other in earlier)])
        return [rules[earlier[place - 1]] for place in clash or () if place]

    # Rules of which the order decides

    def _overlapping(self, number: int, left: Questions) -> Iterator[Fault]:
        """The rules after this one that can hold where it decides, and would decide otherwise."""
        world, policy = self._world, self._policy
        rule, holds = policy.rules[number], [self._known, world.holds[number]]
        others = [
            later
            for later in world.deciding
            if later > number
            and later not in self._idle
            and policy.rules[later].then != rule.then
            and (rule.id, policy.rules[later].id) not in self._meant
        ]
        overlapping: set[int] = set()
        while others and len(overlapping) < self._overlaps_left:
            found = left.find(*holds, self._logic.any(world.holds[later] for later in others))
            if not found:
                break
            overlapping |= {later for later in others if found.holds(world.holds[later])}
            others = [later for later in others if later not in overlapping]
        for later in islice(sorted(overlapping), self._overlaps_left):
            self._overlaps_left -= 1
            other = policy.rules[later]
            found = left.find(*holds, world.holds[later], prefer=self._plain())
            assert found  # it was there a moment ago
            message = (
                f"overlaps with {rule.id}: where both hold it is {rule.then}, not {other.then}, because of the order"
            )
            yield policy.fault(
                ("rules", later),
                f"{message}; if that is meant, write a case with both",
                "warning",
                self._shown(found),
            )
            if not self._overlaps_left:
                yield policy.fault(("rules",), f"more pairs than these {MOST_TOLD} may overlap", "warning")

    # What no rule decides, and outcomes

    def _undecided(self, left: Questions) -> Iterator[Fault]:
        """A gap between the rules, or an `otherwise` without one."""
        policy = self._policy
        found = left.find(self._known, prefer=self._plain())
        if found and policy.otherwise:
            self._outcomes.add(policy.otherwise.then)
        elif found:
            message = (
                "no rule decides of some facts and there is no `otherwise`; add a rule for them, or an `otherwise`"
            )
            yield policy.fault(("rules",), message, examples=self._shown(found))
        elif policy.otherwise and policy.policy in SETTLED:
            self._outcomes.add(policy.otherwise.then)
        elif policy.otherwise:
            message = "is never needed: where all facts are known, a rule decides; remove it"
            yield policy.fault(("otherwise",), message, "warning")

    def _unreached(self) -> Iterator[Fault]:
        """Outcomes that some rule gives and no facts lead to."""
        policy = self._policy
        given = {rule.then for rule in policy.rules} | {policy.otherwise.then if policy.otherwise else None}
        for index, outcome in enumerate(policy.outcomes):
            if outcome in given and outcome not in self._outcomes:
                message = f"no facts lead to {outcome}; the rules that give it never decide"
                yield policy.fault(("outcomes", index), message)

    # Better never hurts

    def _worsening(self, fact: str, rank: Formula, known: Questions) -> Iterator[Fault]:
        """A fact that gets better while the outcome gets worse, all else being the same."""
        policy, logic, world = self._policy, self._logic, self._world
        declared = policy.facts[fact]
        if not declared.better or not self._worse_left or not any(fact in names(rule.when) for rule in policy.rules):
            return
        better = World.of(logic, "b", like=world, anew={fact})
        low, high = world.facts[fact], better.facts[fact]
        if declared.better == "lower":
            low, high = high, low
        rising = logic.all([high, logic.negate(low)]) if declared.type == "flag" else high > low
        least = [] if declared.type == "flag" else [high == low + 1]
        its_rank = better.rank
        found = known.find(*better.within, rising, its_rank > rank, prefer=[*least, *self._plain()])
        if not found:
            return
        places = [found.number(place) for place in (rank, its_rank)]
        outcomes = [policy.outcomes[place] if place < len(policy.outcomes) else "nothing" for place in places]
        values = [_value(one.value(found, fact)) for one in (world, better)]
        yield policy.fault(
            ("facts", fact),
            f"better is worse: {values[0]} gives {outcomes[0]}, {values[1]} gives {outcomes[1]}, all else being the"
            " same; move or mend the rules that decide so, or remove `better`",
            examples=[example for one in (world, better) for example in self._shown(found, one)],
        )
        self._worse_left -= 1
        if not self._worse_left:
            yield policy.fault(("facts",), f"better may be worse for more facts than these {MOST_TOLD}", "warning")

    # Facts that show it

    def _plain(self) -> list[Formula]:
        self._plain_left -= 1
        return self._preferred if self._plain_left >= 0 else []

    def _formula(self, condition: Condition) -> Formula:
        formulas = map(self._world.meets, leaves(condition))
        return fold(condition, formulas, self._logic.all, self._logic.any)

    def _shown(self, found: Found, world: World | None = None) -> list[Mapping[str, Any]]:
        """The facts, once they were decided as the solver says; none where JSON cannot hold them exactly."""
        policy, world = self._policy, world or self._world
        facts = world.read(found)
        if self._runs:
            ruling = decide(policy, facts, settle=True)
        else:
            ruling = rule_on(policy, interpreter.fired(policy, policy.encode(facts)))
        holding = {rule.id for rule, holds in zip(policy.rules, world.holds, strict=True) if found.holds(holds)}
        if holding != {ruling.rule, *ruling.also} - {None}:
            raise RuntimeError(f"the solver is mistaken: it says that {holding} hold, and {facts} give {ruling}")
        try:
            return [as_recorded(facts)]
        except ValueError:
            return []


def _alternatives(place: Place, holds: Callable[[Place], bool]) -> Iterator[Place]:
    """The alternatives inside a condition that do not hold; one that does not is not looked into."""
    for part in place.parts:
        if isinstance(place.condition, AnyOf) and not holds(part):
            yield part
        else:
            yield from _alternatives(part, holds)


def _listed(rules: list[Rule]) -> str:
    ids = [rule.id for rule in rules]
    return ids[0] if len(ids) == 1 else f"{', '.join(ids[:-1])} and {ids[-1]}"


def _value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

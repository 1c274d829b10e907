"""What is still open, held against every completion there is: over random policies whose facts have few values."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import chain, combinations, product
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from program.decision import Ruling
from rules.decision import table
from rules.decision.decide import decide, rule_on
from rules.evaluators import interpreter
from rules.evaluators.engine import engine_for
from rules.language.conditions import Compare, Sequence, leaves, names
from rules.language.facts import FactType
from rules.language.policy import Policy, load_policy
from rules.language.source import Unfit
from tests.rules.language import Written, flow, maps, typed

OUTCOMES = ["up", "same", "down"]
VISITS = {"week": {"type": "count", "max": 1}, "moved": {"type": "flag"}}
Facts = dict[str, Any]


@st.composite
def few_values(draw: st.DrawFn) -> Written:
    """A type of fact that can be tried value by value."""
    kind = draw(st.sampled_from(["flag", "choice", "count", "count", "decimal", "decimal", "ratio"]))
    if kind == "choice":
        return {"type": kind, "of": ["a", "b", "c"][: draw(st.integers(1, 3))]}
    scale = {"places": draw(st.integers(0, 2))} if kind == "decimal" else {}
    unit = Decimal(1).scaleb(-{"ratio": 4, "count": 0}.get(kind, scale.get("places", 0)))
    low = draw(st.integers(0, 2))
    return {"type": kind} if kind == "flag" else {"type": kind, **scale, "min": low * unit, "max": (low + 3) * unit}


@st.composite
def small_policies(draw: st.DrawFn) -> Policy:
    facts = {f"fact_{n}": draw(few_values()) for n in range(draw(st.integers(1, 5)))}
    events: dict[str, Written] = {} if draw(st.integers(0, 3)) else {"visit": VISITS}
    kinds = {kind: typed(fields) for kind, fields in events.items()}
    rules: list[Written] = []
    flags: list[str] = []
    for number in range(draw(st.integers(2, 5))):
        rule = {"id": f"rule_{number}", "when": draw(maps(typed(facts), flags, kinds)), "because": f"Reason {number}."}
        rule["then" if draw(st.integers(0, 2)) else "concludes"] = draw(st.sampled_from(OUTCOMES))
        if "concludes" in rule:
            rule["concludes"] = f"flag_{number}"
            flags.append(f"flag_{number}")
        rules.append(rule)
    head: Written = {"policy": "small", "version": 1, "owner": "nobody", "title": "Small", "facts": facts}
    head |= {"events": events} if events else {}
    otherwise = {"otherwise": draw(st.sampled_from(OUTCOMES))} if draw(st.integers(0, 5)) else {}
    return load_policy(flow(head | {"outcomes": OUTCOMES, "rules": rules} | otherwise), "small.yaml")


def domain(declared: FactType) -> list[Any]:
    """Every value of a type."""
    if not declared.ordered:
        return list(declared.of or (False, True))
    low, high = declared.limits
    return [declared.decode(number) for number in range(low, high + 1)]


def left(declared: FactType, known: Any) -> list[Any]:
    """Every value that a fact may have by what is known of it."""
    values = domain(declared)
    return values if known is None else [value for value in values if known["at_least"] <= value <= known["at_most"]]


def histories() -> list[list[Facts]]:
    """Every list of events that says something different."""
    visits = [{"week": week, "moved": moved} for week in range(2) for moved in (False, True)]
    return [list(found) for found in chain.from_iterable(combinations(visits, n) for n in range(len(visits) + 1))]


class World:
    """A small policy, what is known, and all that could be so."""

    def __init__(self, policy: Policy, known: Facts) -> None:
        self.policy, self.known = policy, known
        encoded = policy.encode(known)
        self.domains = {
            name: left(declared, known.get(name))
            for name, declared in policy.facts.items()
            if name not in encoded.facts
        }
        self.domains |= {kind: histories() for kind in policy.events if kind not in known}
        self.completions = [
            (
                choice,
                rule_on(
                    policy,
                    self.holding({name: self.domains[name][n] for name, n in zip(self.domains, choice, strict=True)}),
                ),
            )
            for choice in product(*(range(len(values)) for values in self.domains.values()))
        ]
        """The position of a value of each unknown fact, and what is decided then."""

    def holding(self, more: Facts | None = None) -> frozenset[str]:
        return interpreter.fired(self.policy, self.policy.encode(self.known | (more or {})))

    @property
    def outcomes(self) -> set[str | None]:
        return {ruling.outcome for _, ruling in self.completions}

    @property
    def deciders(self) -> list[str | None]:
        found = {ruling.rule for _, ruling in self.completions}
        return [rule.id for rule in self.policy.rules if rule.id in found] + ([None] if None in found else [])

    def matters(self, name: str) -> bool:
        """Whether two completions differ in this alone and have different outcomes."""
        here = [*self.domains].index(name)
        groups: dict[tuple[int, ...], set[str | None]] = {}
        for choice, ruling in self.completions:
            groups.setdefault(choice[:here] + choice[here + 1 :], set()).add(ruling.outcome)
        return any(len(group) > 1 for group in groups.values())

    def settles(self, name: str) -> tuple[Fraction, Fraction]:
        """In what share of its parts the outcome is final, and how many are left in a part: the less, the earlier."""
        here = [*self.domains].index(name)
        left = []
        for part in self.parts(name):
            outcomes = {ruling.outcome for choice, ruling in self.completions if choice[here] in part}
            left += [len(outcomes)] if outcomes else []
        return Fraction(-left.count(1), len(left)), Fraction(sum(left), len(left))

    def parts(self, name: str) -> Iterator[set[int]]:
        """The positions of the values that the policy treats alike, as far as that can be known."""
        policy, values, parts = self.policy, self.domains[name], dict[Any, set[int]]()
        asked = [leaf for rule in policy.rules for leaf in leaves(rule.when)]
        if name in policy.events:
            for number, run in enumerate(leaf for leaf in asked if isinstance(leaf, Sequence)):
                for position, events in enumerate(values):
                    found = interpreter.found(run, policy, policy.encode({name: events}))
                    parts.setdefault((number, found), set()).add(position)
            yield from parts.values()
            return
        known = policy.encode(self.known).facts
        compares = [leaf for leaf in asked if isinstance(leaf, Compare) and name in (leaf.fact, leaf.other)]
        compares = [compare for compare in compares if {compare.fact, compare.other or name} <= {name, *known}]
        for position, value in enumerate(values):
            facts = {**known, name: policy.facts[name].encode(value)}
            met = tuple(interpreter.compares(compare, facts, policy.facts) for compare in compares)
            parts.setdefault(met, set()).add(position)
        yield from parts.values()


@st.composite
def worlds(draw: st.DrawFn) -> list[World]:
    """A policy, and some sets of facts of which something is unknown that it looks at."""
    policy = draw(small_policies())
    try:
        engine_for(policy)
    except Unfit:
        assume(False)
    looked_at = {name for rule in policy.rules for name in names(rule.when)}
    asked = sorted(looked_at & {*policy.facts, *policy.events})
    unknowns = st.lists(st.sampled_from(asked), min_size=min(2, len(asked)), max_size=3, unique=True)
    found = []
    for unknown in draw(st.lists(unknowns, min_size=4, max_size=4)):
        types = {name: declared for name, declared in policy.facts.items() if name not in unknown}
        known = {name: draw(st.sampled_from(domain(declared))) for name, declared in types.items()}
        if policy.events and "visit" not in unknown:
            known["visit"] = draw(st.sampled_from(histories()))
        for name in sorted({*unknown} & {*policy.facts}):
            if policy.facts[name].ordered and draw(st.booleans()):
                low, high = sorted(draw(st.sampled_from(domain(policy.facts[name]))) for _ in range(2))
                known[name] = {"at_least": low, "at_most": high}
        found.append(World(policy, known))
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds(), st.sampled_from([table.MOST_ROWS, 0]))
def test_what_is_open_is_what_the_completions_leave_open(found: list[World], most_rows: int) -> None:
    for world in found:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(table, "MOST_ROWS", most_rows)  # without rows everything is asked of the solver
            ruling = decide(world.policy, world.known)
            settled = decide(world.policy, world.known, settle=True)
        outcomes = world.outcomes
        assert ruling.possible == settled.possible == tuple(outcome for outcome in OUTCOMES if outcome in outcomes)
        assert ruling.unknown == settled.unknown == tuple(world.domains)
        if len(outcomes) > 1:
            assert_open(world, ruling, settled)
        else:
            assert ruling == settled
            assert_final(world, ruling)


def by_what_is_known(world: World) -> Facts:
    """Facts known in part as the least they can be, where no comparison holds of that which does not hold of all."""
    policy, known, encoded = world.policy, dict(world.known), world.policy.encode(world.known)
    asked = [leaf for rule in policy.rules for leaf in leaves(rule.when) if isinstance(leaf, Compare)]
    for name in encoded.limits:
        values = [policy.facts[name].encode(value) for value in world.domains[name]]
        pairs = [
            {compare.fact, compare.other} - {name, None} for compare in asked if name in (compare.fact, compare.other)
        ]
        certain = not any(other in encoded.limits for others in pairs for other in others)
        for compare in asked:
            if name in (compare.fact, compare.other) and {compare.fact, compare.other or name} <= {
                name,
                *encoded.facts,
            }:
                first, *rest = (interpreter.compares(compare, {**encoded.facts, name: v}, policy.facts) for v in values)
                certain = certain and (not first or all(rest))
        known[name] = world.domains[name][0] if certain else None
    return known


def assert_open(world: World, ruling: Ruling, settled: Ruling) -> None:
    known = rule_on(world.policy, world.holding(by_what_is_known(world)))
    ranked = sorted(filter(world.matters, world.domains), key=world.settles)
    assert ruling.missing == settled.missing == tuple(ranked)
    assert (ruling.outcome, ruling.rule, frozenset(ruling.also)) == (None, None, world.holding())
    assert (settled.outcome, settled.rule, settled.also) == (known.outcome, known.rule, known.also)
    assert settled.because.startswith(f"{known.because} Decided without knowing ")


def assert_final(world: World, ruling: Ruling) -> None:
    deciders = world.deciders
    assert ({ruling.outcome}, ruling.missing) == (world.outcomes, ())
    assert ruling.rule == (deciders[0] if len(deciders) == 1 else None)
    assert {*ruling.also} == world.holding() - {ruling.rule}
    for rule in world.policy.rules:
        assert (rule.because in ruling.because) == (rule.id in deciders)

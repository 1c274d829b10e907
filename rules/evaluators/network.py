"""A policy as the document durable-rules runs, and the limits it has to stay within.

The facts of one record are one message of kind `facts`; every event is a message of its own kind. Fields are numbered,
not named, because the engine tells names apart by 32-bit hashes only. What a rule concludes, and that a sequence was
found, are further messages of kind `held`, asserted by the driver when the engine rule that says so fires.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, product
from math import prod
from typing import Any

from rules.language.conditions import AllOf, AnyOf, Compare, Concluded, Condition, Sequence
from rules.language.facts import Encoded, EncodedFacts, FactError, FactType
from rules.language.policy import Policy
from rules.language.source import Unfit

MOST_ALTERNATIVES = 64
"""Ways for one rule to hold: the engine's own `or` fires once for each branch, so every way is an engine rule."""
MOST_ENGINE_RULES = 1000
MOST_ANTECEDENTS = 16
MOST_SAME = 200
"""Antecedents with the same conditions; the 256th crashes the engine."""
MOST_BRANCHES = 400
"""Different conditions under one node; with the 513th the engine never returns."""
MOST_WAITING = 60
"""Conditions that one message can meet at once, waiting on the engine's stack of 64."""
MOST_RUNS = 10_000
"""Runs of events; where several events share a place in a sequence, every combination is a run of its own."""

Test = dict[str, Any]
"""One condition on a message, in the engine's words."""
Message = dict[str, Encoded]

_OPERATORS = {"not": "$neq", "lt": "$lt", "lte": "$lte", "gt": "$gt", "gte": "$gte"}
_MIRRORED = {"lt": "gt", "lte": "gte", "gt": "lt", "gte": "lte"}
_PRIMING = {"kind": "$prime"}
"""The first session of an engine can only be deleted safely once a rule fired in it."""


@dataclass(frozen=True)
class Scope:
    """The messages of one kind: what they are called in the engine, and their fields."""

    kind: str
    types: Mapping[str, FactType]
    fields: Mapping[str, str]
    """The engine's names of them."""

    @classmethod
    def of(cls, kind: str, types: Mapping[str, FactType]) -> "Scope":
        """Number the fields."""
        return cls(kind, types, {name: f"f{number}" for number, name in enumerate(types)})

    def message(self, values: Mapping[str, Encoded]) -> Message:
        """Values as a message."""
        return {"kind": self.kind, **{self.fields[name]: value for name, value in values.items()}}

    def tests(self, compare: Compare) -> list[tuple[Test, ...]]:
        """A comparison as alternatives, each of tests that all hold."""
        mine = self.fields[compare.fact]
        if compare.other is not None:
            return [self._between(compare, compare.other)]
        if compare.operator in ("eq", "in"):
            return [({mine: value},) for value in compare.values]
        return [({_OPERATORS[compare.operator]: {mine: value}},) for value in compare.values]

    def _between(self, compare: Compare, other: str) -> tuple[Test, ...]:
        """Two fields of one message compared, the coarser one scaled up: only the right side can be computed.

        The right side has to exist; where it does not, the engine compares with whatever is on its stack.
        """
        left, right, operator = compare.fact, other, str(compare.operator)
        finer = self.types[left].places - self.types[right].places
        if finer < 0:
            left, right, operator = right, left, _MIRRORED.get(operator, operator)
        value: Test = {"$m": self.fields[right]}
        if finer:
            value = {"$mul": {"$l": value, "$r": 10 ** abs(finer)}}
        test: Test = {self.fields[left]: value}
        return {"$ex": {self.fields[right]: 1}}, test if operator == "eq" else {_OPERATORS[operator]: test}


@dataclass
class Network:
    """A policy compiled: the engine's rules, and what each of them says when it fires."""

    facts: Scope
    events: Mapping[str, Scope]
    rules: dict[str, list[list[Test]]] = field(default_factory=dict)
    """The engine's rules by name: antecedents, each of tests on one message."""
    says: dict[str, str] = field(default_factory=dict)
    """The policy's rule behind a rule of the engine."""
    derives: dict[str, str] = field(default_factory=dict)
    """What is held once a rule of the engine has fired."""
    sequences: dict[Sequence, str] = field(default_factory=dict)

    @property
    def document(self) -> str:
        """The text durable-rules is given."""
        rules = {
            name: {"all": [{f"m{number}": {"$and": tests}} for number, tests in enumerate(antecedents)]}
            for name, antecedents in self.rules.items()
        }
        return json.dumps({**rules, "prime": {"all": [{"m0": {"$and": [_PRIMING]}}]}})

    def messages(self, encoded: EncodedFacts) -> list[Message]:
        """Facts as messages.

        Raises:
            FactError: where events combine to more runs than can be followed.
        """
        for sequence in self.sequences:
            _check_runs(sequence, encoded.events.get(sequence.of, []))
        events = ((self.events[kind], event) for kind, happened in encoded.events.items() for event in happened)
        return [self.facts.message(encoded.facts), *(scope.message(event) for scope, event in events)]

    def priming(self) -> Message:
        """The message on which a rule fires whatever the policy is."""
        return dict(_PRIMING)

    def held(self, name: str) -> Message:
        """The message that something derived is held."""
        return {"kind": "held", "name": name}


def compile_policy(policy: Policy) -> Network:
    """Compile a policy.

    Raises:
        Unfit: where the engine could not run it safely; with every limit that is passed.
    """
    network = Network(
        Scope.of("facts", policy.facts),
        {kind: Scope.of(f"event{n}", declared.fields) for n, (kind, declared) in enumerate(policy.events.items())},
    )
    faults = []
    for index, rule in enumerate(policy.rules):
        path = ("rules", index, "when")
        ways = _ways(rule.when)
        if ways > MOST_ALTERNATIVES:
            message = f"can hold in {ways} ways, and {MOST_ALTERNATIVES} is the limit"
            faults.append(policy.fault(path, f"{message}; split the rule or conclude a part of it"))
            continue
        for number, antecedents in enumerate(_alternatives(rule.when, network)):
            if len(antecedents) > MOST_ANTECEDENTS:
                message = f"rests on {len(antecedents)} things at once, and {MOST_ANTECEDENTS} is the limit"
                faults.append(policy.fault(path, f"{message}; ask for fewer conclusions and sequences"))
            name = f"{index}/{number}"
            network.rules[name] = antecedents
            network.says[name] = rule.id
            if rule.concludes:
                network.derives[name] = rule.concludes
    for sequence, held in network.sequences.items():
        for number, antecedents in enumerate(_runs(sequence, network.events[sequence.of])):
            name = f"{held}/{number}"
            network.rules[name] = antecedents
            network.derives[name] = held
    faults += [policy.fault(("rules",), message) for message in _passed_limits(network)]
    if faults:
        raise Unfit(sorted(set(faults)))
    return network


def _ways(condition: Condition) -> int:
    """In how many ways a condition can hold; a sequence's own ways count apart."""
    match condition:
        case AllOf(parts=parts):
            return prod(map(_ways, parts))
        case AnyOf(parts=parts):
            return sum(map(_ways, parts))
        case Compare(operator="in", values=values):
            return len(values)
        case Sequence(each=each, length=length):
            # Tested here and not where sequences are compiled, so that the fault names the rule.
            return 1 if _ways(each) ** length <= MOST_ALTERNATIVES else _ways(each) ** length
        case _:
            return 1


def _literals(condition: Condition, scope: Scope, network: Network) -> Iterator[tuple[Test | str, ...]]:
    """The ways a condition can hold: tests on the scope's messages, and names of what has to be held."""
    match condition:
        case AllOf(parts=parts):
            for combination in product(*(list(_literals(part, scope, network)) for part in parts)):
                yield tuple(chain.from_iterable(combination))
        case AnyOf(parts=parts):
            for part in parts:
                yield from _literals(part, scope, network)
        case Compare():
            yield from scope.tests(condition)
        case Concluded(flag=flag):
            yield (flag,)
        case Sequence():
            yield (network.sequences.setdefault(condition, f"sequence {len(network.sequences)}"),)


def _alternatives(condition: Condition, network: Network) -> list[list[list[Test]]]:
    """The ways a rule can hold, each as antecedents: one on the facts, one for everything that has to be held."""
    found = []
    for way in _literals(condition, network.facts, network):
        tests = [literal for literal in way if not isinstance(literal, str)]
        held = dict.fromkeys(literal for literal in way if isinstance(literal, str))
        antecedents = [[{"kind": network.facts.kind}, *_distinct(tests)]] if tests else []
        found.append(antecedents + [[{"kind": "held"}, {"name": name}] for name in held])
    return _distinct(found)


def _runs(sequence: Sequence, scope: Scope) -> list[list[list[Test]]]:
    """A sequence as antecedents, one for each event; all but the first come one after the one before."""
    by = scope.fields[sequence.by]
    each = [
        [test for test in way if not isinstance(test, str)]
        for way in _literals(sequence.each, scope, Network(scope, {}))
    ]
    ways = product(_distinct(each), repeat=sequence.length)
    return [
        [
            [{"kind": scope.kind}, *tests, *([{by: {"$add": {"$l": {f"m{n - 1}": by}, "$r": 1}}}] if n else [])]
            for n, tests in enumerate(way)
        ]
        for way in ways
    ]


def _distinct(items: list[Any]) -> list[Any]:
    return list({json.dumps(item): item for item in items}.values())


def _check_runs(sequence: Sequence, events: list[dict[str, Encoded]]) -> None:
    """Count the runs there could be without looking at `each`, and refuse more than the engine can follow."""
    places = Counter(int(event[sequence.by]) for event in events)
    ending, total = dict(places), 0
    for _ in range(1, sequence.length):
        ending = {place: count * ending.get(place - 1, 0) for place, count in places.items()}
        total += sum(ending.values())
        if total > MOST_RUNS:
            raise FactError(
                f"{sequence.of}: events that share a {sequence.by} make more than {MOST_RUNS} runs of"
                f" {sequence.length}; hand over fewer events for each {sequence.by}"
            )


def _passed_limits(network: Network) -> Iterator[str]:
    """What the engine could not run: told before it is tried, because trying crashes or hangs the process."""
    advice = "split the policy"
    if len(network.rules) > MOST_ENGINE_RULES:
        yield f"the rules hold in {len(network.rules)} ways, and {MOST_ENGINE_RULES} is the limit; {advice}"
    antecedents = [tests for rule in network.rules.values() for tests in rule]
    same = max(Counter(map(json.dumps, antecedents)).values(), default=0)
    if same > MOST_SAME:
        yield f"{same} conditions are the same, and {MOST_SAME} is the limit; {advice}"
    trie: _Trie = {}
    for number, tests in enumerate(antecedents):
        node = trie
        for test in tests:
            node = node.setdefault(_node(test, number), {})
    if _widest(trie) > MOST_BRANCHES:
        yield f"{_widest(trie)} different conditions stand side by side, and {MOST_BRANCHES} is the limit; {advice}"
    waiting = max(map(_waiting, trie.values()), default=0)
    if waiting > MOST_WAITING:
        yield f"{waiting} conditions can hold at once, and {MOST_WAITING} is the limit; {advice}"


_Trie = dict[tuple[str, str], Any]
"""The engine's tests below one another, each as what excludes it and itself."""


def _node(test: Test, antecedent: int) -> tuple[str, str]:
    """A test as a node of the engine; of nodes that share the first part, one message matches one at most.

    Antecedents share the nodes of equal tests, but not where the right side is computed. Of tests for equality of a
    field with values, only one can match.
    """
    text = json.dumps(test)
    ((name, right),) = test.items()
    operator = name.startswith("$")
    if isinstance(next(iter(right.values())) if operator else right, dict):
        text = f"{text} {antecedent}"
        return text, text
    return text if operator else name, text


def _widest(trie: _Trie) -> int:
    return max([len(trie), *map(_widest, trie.values())])


def _waiting(trie: _Trie) -> int:
    """The most tests that wait on the engine's stack while one message is matched.

    All that match below a node are put there, and the last is looked into first.
    """
    matching = len({excluding for excluding, _ in trie})
    return max([matching, *(matching - 1 + _waiting(below) for below in trie.values())])

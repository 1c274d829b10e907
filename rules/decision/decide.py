"""Decide: what a policy says of facts, found twice and compared.

Pure: no clock, no database, no network. The same policy and facts give the same ruling, on any thread.
"""

from collections.abc import Collection, Mapping
from typing import Any

from program.decision import Ruling
from rules.decision.outlook import Outlook, outlook_of
from rules.decision.undecided import Decider, Undecided
from rules.evaluators import interpreter
from rules.evaluators.engine import engine_for
from rules.language.facts import EncodedFacts
from rules.language.policy import Policy


class Disagreement(RuntimeError):
    """Those that find what a policy says of facts differ, so nothing is decided: one of them has a fault."""

    def __init__(self, policy: Policy, facts: Mapping[str, Any], answers: Mapping[str, frozenset[str]]) -> None:
        said = ", ".join(f"{who} says that {_listed(rules)} hold" for who, rules in answers.items())
        super().__init__(f"policy {policy.policy} version {policy.version}: {said}, of {dict(facts)!r}")
        self.policy = policy
        self.facts = facts
        self.answers = answers
        """The rules that hold, by who says so."""


def decide(policy: Policy, facts: Mapping[str, Any], *, settle: bool = False) -> Ruling:
    """What a policy says of facts by name; events are lists under their kind, None or absent is unknown.

    Where something is unknown, an outcome is final if all that the unknown facts could be, by their types and limits,
    gives the same one. Else there is none, and the ruling says which are possible and which facts it depends on; or,
    where it is to be settled, it is decided with what is known: a condition over something unknown does not hold.

    Raises:
        FactError: where facts do not fit their declarations.
        Unfit: where the engine could not run the policy safely.
        Disagreement: where engine and interpreter differ.
    """
    encoded = policy.encode(facts)
    holding = _holding(policy, facts, encoded)
    if not encoded.unknown:
        return rule_on(policy, holding)
    outlook = outlook_of(policy, encoded, holding)
    for decider, example in outlook.examples.items():
        _verify(policy, {**facts, **example}, decider)
    if len(outlook.outcomes) == 1:
        return _final(policy, outlook, holding, encoded.unknown)
    possible = tuple(outcome for outcome in policy.outcomes if outcome in outlook.outcomes)
    named = ", ".join(_named(policy, encoded, name) for name in outlook.missing)
    if settle:
        known = what_is_known(policy, facts)
        ruling = rule_on(policy, _holding(policy, known, policy.encode(known)), encoded.unknown)
        because = f"{ruling.because} Decided without knowing {named}."
        return ruling.model_copy(update={"because": because, "possible": possible, "missing": outlook.missing})
    return Ruling(
        outcome=None,
        also=_in_order(policy, holding),
        because=f"Not decided: {named} {'is' if len(outlook.missing) == 1 else 'are'} not known.",
        possible=possible,
        unknown=encoded.unknown,
        missing=outlook.missing,
    )


def what_is_known(policy: Policy, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What is settled with: facts of which nothing is known in part only.

    A fact that is (`{at_least: 2, at_most: 5}`) is taken to be the least it can be, where everything that the policy
    then finds of it is certain: that two deals were mutual is, that no more than two were is not. Else it is unknown.
    """
    encoded = policy.encode(facts)
    undecided = Undecided(policy, encoded, ())
    return {**facts, **{fact: undecided.least(fact) for fact in encoded.limits}}


def rule_on(policy: Policy, holding: frozenset[str], unknown: tuple[str, ...] = ()) -> Ruling:
    """The ruling where these rules hold: the first with an outcome decides, the others are reported."""
    deciding = next((rule for rule in policy.rules if rule.then and rule.id in holding), None)
    source = deciding or policy.otherwise
    if source is None:
        because = "None of the rules decides, and the policy does not say what holds otherwise."
        return Ruling(outcome=None, also=_in_order(policy, holding), because=because, unknown=unknown)
    return Ruling(
        outcome=source.then,
        rule=deciding.id if deciding else None,
        also=_in_order(policy, holding - {deciding.id} if deciding else holding),
        because=source.because,
        advice=source.advice or "",
        possible=(source.then,) if source.then else (),
        unknown=unknown,
    )


def _final(policy: Policy, outlook: Outlook, holding: frozenset[str], unknown: tuple[str, ...]) -> Ruling:
    """The ruling where all that the unknown facts could be gives the same outcome, by one rule or by several."""
    if len(outlook.deciders) == 1:
        (decider,) = outlook.deciders
        deciding = frozenset() if decider is None else {policy.rules[decider].id}
        return rule_on(policy, holding | deciding, unknown)
    sources = [policy.otherwise if decider is None else policy.rules[decider] for decider in outlook.deciders]
    reasons = dict.fromkeys(source.because for source in sources if source)
    advice = dict.fromkeys(source.advice for source in sources if source and source.advice)
    return Ruling(
        outcome=outlook.outcomes[0],
        also=_in_order(policy, holding),
        because=f"Whatever is not known yet, one of these holds: {' Or: '.join(reasons)}",
        advice=" ".join(advice),
        possible=tuple(outcome for outcome in outlook.outcomes if outcome),
        unknown=unknown,
    )


def _holding(policy: Policy, facts: Mapping[str, Any], encoded: EncodedFacts) -> frozenset[str]:
    """The rules that hold, by both evaluators."""
    engine = engine_for(policy).fired(encoded)
    interpreted = interpreter.fired(policy, encoded)
    if engine != interpreted:
        raise Disagreement(policy, facts, {"durable-rules": engine, "the interpreter": interpreted})
    return engine


def _verify(policy: Policy, facts: Mapping[str, Any], decider: Decider) -> None:
    """Really decide facts of which the outlook says who decides."""
    holding = _holding(policy, facts, policy.encode(facts))
    expected = None if decider is None else policy.rules[decider].id
    if next((rule.id for rule in policy.rules if rule.then and rule.id in holding), None) != expected:
        answers = {"durable-rules": holding, "the interpreter": holding}
        raise Disagreement(policy, facts, {**answers, "the outlook": frozenset({expected} if expected else ())})


def _named(policy: Policy, encoded: EncodedFacts, name: str) -> str:
    """Something unknown, with what is known of it in part."""
    if name not in encoded.limits:
        return policy.title_of(name)
    low, high = map(policy.facts[name].decode, encoded.limits[name])
    return f"{policy.title_of(name)} ({low} to {high})"


def _in_order(policy: Policy, holding: Collection[str]) -> tuple[str, ...]:
    return tuple(rule.id for rule in policy.rules if rule.id in holding)


def _listed(rules: Collection[str]) -> str:
    return ", ".join(sorted(rules)) or "none"

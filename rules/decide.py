"""Decide: what a policy says of facts, found twice and compared.

Pure: no clock, no database, no network. The same policy and facts give the same ruling, on any thread.
"""

from collections.abc import Mapping
from typing import Any

from program.decision import Ruling
from rules import interpreter
from rules.engine import engine_for
from rules.policy import Policy


class Disagreement(RuntimeError):
    """The engine and the interpreter differ, so nothing is decided: one of the two has a fault."""

    def __init__(
        self, policy: Policy, facts: Mapping[str, Any], engine: frozenset[str], interpreted: frozenset[str]
    ) -> None:
        super().__init__(
            f"policy {policy.policy} version {policy.version}: durable-rules says that {_listed(engine)} hold, the"
            f" interpreter that {_listed(interpreted)} hold, of {dict(facts)!r}"
        )
        self.policy = policy
        self.facts = facts
        self.engine = engine
        self.interpreted = interpreted


def decide(policy: Policy, facts: Mapping[str, Any], *, settle: bool = False) -> Ruling:
    """What a policy says of facts by name; events are lists under their kind, None or absent is unknown.

    While anything the policy declares is unknown there is no outcome, unless it is to be settled with what is known:
    then a condition over something unknown does not hold.

    Raises:
        FactError: where facts do not fit their declarations.
        Unfit: where the engine could not run the policy safely.
        Disagreement: where engine and interpreter differ.
    """
    encoded = policy.encode(facts)
    if encoded.unknown and not settle:
        titles = [policy.title_of(name) for name in encoded.unknown]
        verb = "is" if len(titles) == 1 else "are"
        because = f"Not decided: {', '.join(titles)} {verb} not known."
        return Ruling(outcome=None, because=because, unknown=encoded.unknown)
    engine = engine_for(policy).fired(encoded)
    interpreted = interpreter.fired(policy, encoded)
    if engine != interpreted:
        raise Disagreement(policy, facts, engine, interpreted)
    return rule_on(policy, engine, encoded.unknown)


def rule_on(policy: Policy, holding: frozenset[str], unknown: tuple[str, ...] = ()) -> Ruling:
    """The ruling where these rules hold: the first with an outcome decides, the others are reported."""
    ordered = [rule for rule in policy.rules if rule.id in holding]
    deciding = next((rule for rule in ordered if rule.then), None)
    source = deciding or policy.otherwise
    if source is None:
        because = "None of the rules decides, and the policy does not say what holds otherwise."
        return Ruling(outcome=None, also=tuple(rule.id for rule in ordered), because=because, unknown=unknown)
    return Ruling(
        outcome=source.then,
        rule=deciding.id if deciding else None,
        also=tuple(rule.id for rule in ordered if rule is not deciding),
        because=source.because,
        advice=source.advice or "",
        unknown=unknown,
    )


def _listed(rules: frozenset[str]) -> str:
    return ", ".join(sorted(rules)) or "none"

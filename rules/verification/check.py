"""What makes a policy that loads unfit to publish: rules that cannot matter, names nobody uses, limits passed."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from rules.evaluators.network import compile_policy
from rules.language.conditions import names
from rules.language.policy import Policy
from rules.language.source import Fault, Path, Unfit
from rules.verification.prove import prove


def check(
    policy: Policy,
    base: Mapping[str, Any] | None = None,
    meant: Collection[tuple[str, str]] = (),
    at_each: Callable[[], object] = lambda: None,
) -> list[Fault]:
    """Everything that makes a policy unfit to publish, and what to think about, in the order of its file.

    Found are outcomes that nothing gives, facts, events and conclusions that nothing uses, what the engine could not
    run safely, and what is wrong with the logic, by proof. `rules.verification.prove` says how, and what the
    arguments mean.
    """
    found = [policy.fault(path, message) for path, message in _idle(policy)]
    unfit: list[Fault] = []
    try:
        compile_policy(policy)
    except Unfit as refused:
        unfit = refused.faults
    proved = prove(policy, base, meant, runs=not unfit, at_each=at_each)
    return sorted({*found, *unfit, *proved})


def _idle(policy: Policy) -> Iterator[tuple[Path, str]]:
    """What is declared and never matters."""
    given = {rule.then for rule in policy.rules} | {policy.otherwise.then if policy.otherwise else None}
    for index, outcome in enumerate(policy.outcomes):
        if outcome not in given:
            yield ("outcomes", index), f"no rule gives {outcome}; add one or remove the outcome"
    used: set[str] = set().union(*(names(rule.when) for rule in policy.rules))
    for section, declared in (("facts", list(policy.facts)), ("events", list(policy.events))):
        for name in declared:
            if name not in used:
                yield (section, name), "no rule uses it; remove it, or write the rule that does"
    for index, rule in enumerate(policy.rules):
        if rule.concludes and rule.concludes not in used:
            yield ("rules", index, "concludes"), f"no later rule asks for {rule.concludes}; remove the rule"

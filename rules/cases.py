"""Cases: what a policy has to decide of given facts, written beside it as sentences.

A policy is proven by its cases only if every rule fires in at least one of them.
"""

from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, StrictBool, ValidationError

from program.decision import Ruling
from program.errors import Refused
from program.scorecard import Identifier
from rules.decide import decide
from rules.facts import Title
from rules.policy import Name, Policy
from rules.source import Document, Fault, Unfit, faults_of, read_yaml


class Case(BaseModel):
    """Facts, and what has to come of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Title
    facts: dict[str, Any] = {}
    """What differs from the file's base; null makes a fact unknown."""
    outcome: Name | None
    """None where nothing can be decided yet."""
    rule: Identifier | None = None
    """The rule that decides."""
    fires: tuple[Identifier, ...]
    """Every rule that holds, in the policy's order."""
    settle: StrictBool = False
    """Decide with what is known, as when a deadline has passed."""


class CaseFile(BaseModel):
    """The cases of one policy."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: Name
    base: dict[str, Any] = {}
    """Facts that hold in every case that does not say otherwise."""
    cases: tuple[Case, ...] = Field(min_length=1)
    _document: Document = PrivateAttr()

    def fault(self, index: int, message: str) -> Fault:
        """Something wrong with a case, at its place in the file."""
        return self._document.fault(("cases", index), message)


@dataclass(frozen=True)
class CaseReport:
    """How a policy did in its cases."""

    ran: int
    failures: tuple[Fault, ...]
    """At the case: what was expected, and what came."""
    never_fired: tuple[Fault, ...]
    """At the rule that no case fires."""

    @property
    def passed(self) -> bool:
        """Whether every case came out as written and every rule fired."""
        return not self.faults

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All there is to mend."""
        return self.failures + self.never_fired


def load_cases(text: str | bytes, file: str) -> CaseFile:
    """Read the cases of a policy.

    Raises:
        Unfit: with every fault found.
    """
    document = read_yaml(text, file)
    try:
        cases = CaseFile.model_validate(document.data)
    except ValidationError as error:
        raise Unfit(faults_of(error, document, CaseFile)) from error
    names = [case.name for case in cases.cases]
    faults = [
        document.fault(("cases", index, "name"), "another case is called so too; say what is different about it")
        for index, name in enumerate(names)
        if name in names[:index]
    ]
    stem = PurePath(file).stem
    if file.endswith(".yaml") and stem != cases.policy:
        faults.append(document.fault(("policy",), f"the file is called {stem}; give both the same name"))
    if faults:
        raise Unfit(sorted(faults))
    cases._document = document  # noqa: SLF001 (cases are read here and nowhere else)
    return cases


def run_cases(policy: Policy, cases: CaseFile) -> CaseReport:
    """Decide every case and compare.

    Raises:
        Refused: where the cases are another policy's.
    """
    if cases.policy != policy.policy:
        raise Refused(f"these are cases of {cases.policy}, not of {policy.policy}")
    failures: list[Fault] = []
    seen: set[str] = set()
    for index, case in enumerate(cases.cases):
        try:
            ruling = decide(policy, {**cases.base, **case.facts}, settle=case.settle)
        except Refused as refused:
            failures.append(cases.fault(index, str(refused)))
            continue
        fired = _fired(policy, ruling)
        seen.update(fired)
        differences = _differences(case, ruling, fired)
        if differences:
            failures.append(cases.fault(index, "; ".join(differences)))
    idle = tuple(
        policy.fault(("rules", index), "no case fires it; add a case in which it holds")
        for index, rule in enumerate(policy.rules)
        if rule.id not in seen
    )
    return CaseReport(len(cases.cases), tuple(failures), idle)


def _fired(policy: Policy, ruling: Ruling) -> tuple[str, ...]:
    holding = {ruling.rule, *ruling.also}
    return tuple(rule.id for rule in policy.rules if rule.id in holding)


def _differences(case: Case, ruling: Ruling, fired: tuple[str, ...]) -> list[str]:
    compared: list[tuple[str, Any, Any]] = [("outcome", case.outcome, ruling.outcome)]
    if case.rule is not None:
        compared.append(("rule", case.rule, ruling.rule))
    compared.append(("fires", ", ".join(case.fires), ", ".join(fired)))
    found = [f"{what}: expected {want or 'none'}, got {got or 'none'}" for what, want, got in compared if want != got]
    return [*found, ruling.because] if found and ruling.outcome is None else found

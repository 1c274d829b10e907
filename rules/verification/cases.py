"""Cases: what a policy has to decide of given facts, written beside it as sentences.

A policy is proven by its cases only if every rule fires in at least one of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, StrictBool, ValidationError

from program.decision import Ruling
from program.errors import Refused
from program.scorecard import Identifier
from rules.decision.decide import Disagreement, decide
from rules.language.facts import EncodedFacts, Title
from rules.language.policy import Name, Policy
from rules.language.source import Document, Fault, Unfit, faults_of, read_yaml


class Case(BaseModel):
    """Facts, and what has to come of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Title
    facts: dict[str, Any] = {}
    """What differs from the file's base; null makes a fact unknown."""
    outcome: Name | None
    """None where nothing can be decided yet."""
    rule: Identifier | None = None
    """The rule that decides; null where none does. Left out, any may."""
    fires: tuple[Identifier, ...]
    """Every rule that holds, in the policy's order."""
    possible: tuple[Name, ...] | None = None
    """The outcomes that what is unknown leaves possible; left out, any may be."""
    missing: tuple[Identifier, ...] | None = None
    """The facts on which it depends, first the one that would settle most; left out, any may be."""
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
class Tried:
    """A case that came out as written."""

    case: Case
    facts: Mapping[str, Any]
    encoded: EncodedFacts
    ruling: Ruling

    @property
    def holding(self) -> frozenset[str]:
        """The rules that hold."""
        return frozenset({*self.ruling.also, *([self.ruling.rule] if self.ruling.rule else [])})


@dataclass(frozen=True)
class CaseReport:
    """How a policy did in its cases."""

    ran: int
    failures: tuple[Fault, ...]
    """At the case: what was expected, and what came."""
    never_fired: tuple[Fault, ...]
    """At the rule that no case fires."""
    tried: tuple[Tried, ...] = ()
    """The cases that came out as written."""

    @property
    def passed(self) -> bool:
        """Whether every case came out as written and every rule fired."""
        return not self.faults

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All there is to mend."""
        return self.failures + self.never_fired

    @property
    def meant(self) -> frozenset[tuple[str, str]]:
        """Pairs of rules that both hold in some case, in which the first decides."""
        return frozenset(
            (tried.ruling.rule, other) for tried in self.tried for other in tried.ruling.also if tried.ruling.rule
        )


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
    tried: list[Tried] = []
    for index, case in enumerate(cases.cases):
        facts = {**cases.base, **case.facts}
        try:
            ruling = decide(policy, facts, settle=case.settle)
        except (Refused, Disagreement) as error:
            failures.append(cases.fault(index, str(error)))
            continue
        differences = _differences(policy, case, ruling)
        if differences:
            failures.append(cases.fault(index, "; ".join(differences)))
        else:
            tried.append(Tried(case, facts, policy.encode(facts), ruling))
    fired = {rule for one in tried for rule in one.holding}
    idle = tuple(
        policy.fault(("rules", index), "no case fires it; add a case in which it holds")
        for index, rule in enumerate(policy.rules)
        if rule.id not in fired
    )
    return CaseReport(len(cases.cases), tuple(failures), idle, tuple(tried))


def _differences(policy: Policy, case: Case, ruling: Ruling) -> list[str]:
    """What a ruling says otherwise than a case; of what the case leaves out, nothing."""
    holding = {ruling.rule, *ruling.also}
    fired = [rule.id for rule in policy.rules if rule.id in holding]
    compared: list[tuple[str, Any, Any]] = [
        ("outcome", case.outcome, ruling.outcome),
        ("rule", case.rule, ruling.rule if "rule" in case.model_fields_set else case.rule),
        ("fires", ", ".join(case.fires), ", ".join(fired)),
    ]
    if case.possible is not None:
        compared.append(("possible", ", ".join(case.possible), ", ".join(ruling.possible)))
    if case.missing is not None:
        compared.append(("missing", ", ".join(case.missing), ", ".join(ruling.missing)))
    found = [f"{what}: expected {want or 'none'}, got {got or 'none'}" for what, want, got in compared if want != got]
    return [*found, ruling.because] if found and ruling.outcome is None else found

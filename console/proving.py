"""Check programs and policies, and run their cases: what `gatehouse rules check` and `rules test` find."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from program.errors import Refused
from rules.cases import CaseReport, load_cases, run_cases
from rules.check import check
from rules.decide import Disagreement
from rules.folder import read_folder
from rules.policy import Policy, load_policy
from rules.source import LARGEST, Fault, Unfit


@dataclass(frozen=True)
class Proof:
    """A policy and how it did in its cases."""

    policy: Policy
    report: CaseReport

    @property
    def passed(self) -> bool:
        """Whether it is proven: there are cases, every one came out as written, and every rule fired."""
        return self.report.ran > 0 and self.report.passed


def findings(path: Path) -> list[Fault]:
    """Everything to mend in a program's folder or in one policy, in the order of its files.

    Raises:
        Refused: where there is no such thing to read.
    """
    found: set[Fault] = set()
    if path.is_dir():
        try:
            read_folder(path)
        except Unfit as unfit:
            found.update(unfit.faults)
        found.update(_orphans(path))
    for file in policies_of(path):
        found.update(_policy_findings(file, needs_cases=path.is_dir()))
    return sorted(found)


def _orphans(folder: Path) -> Iterator[Fault]:
    """Cases that prove nothing."""
    known = {file.name for file in policies_of(folder)}
    for cases in sorted((folder / "cases").glob("*.yaml")):
        if cases.name not in known:
            yield Fault(str(cases), 1, 1, "", f"there is no policy {cases.stem}; remove it, or give it a policy's name")


def _policy_findings(file: Path, *, needs_cases: bool) -> Iterator[Fault]:
    try:
        policy = load_policy(text_of(file), str(file))
    except Unfit as unfit:
        yield from unfit.faults
        return
    yield from check(policy)
    cases = cases_of(file)
    if not cases.is_file():
        if needs_cases:
            yield Fault(str(cases), 1, 1, "", f"missing; {policy.policy} is proven by cases that fire every rule")
        return
    try:
        yield from prove(policy, cases).report.faults
    except Unfit as unfit:
        yield from unfit.faults


def prove(policy: Policy, cases: Path) -> Proof:
    """Run a policy's cases on durable-rules and on the interpreter.

    Raises:
        Unfit: where the cases cannot be read as such.
    """
    try:
        return Proof(policy, run_cases(policy, load_cases(text_of(cases), str(cases))))
    except Disagreement as differ:
        return Proof(policy, CaseReport(0, (Fault(str(cases), 1, 1, "", str(differ)),), ()))


def proofs(folder: Path) -> list[Proof]:
    """How every policy of a program did in its cases; one without cases did in none.

    Raises:
        Refused: where the program or its cases cannot be read.
    """
    proven = []
    for policy in read_folder(folder).policies.values():
        cases = cases_of(folder / "policies" / f"{policy.policy}.yaml")
        proven.append(prove(policy, cases) if cases.is_file() else Proof(policy, CaseReport(0, (), ())))
    return proven


def policies_of(path: Path) -> list[Path]:
    """The policy files of a folder; the file itself where it is one."""
    return sorted((path / "policies").glob("*.yaml")) if path.is_dir() else [path]


def cases_of(policy: Path) -> Path:
    """Where the cases of a policy file are."""
    return policy.parent.parent / "cases" / policy.name


def text_of(path: Path) -> bytes:
    """The bytes of a file, no more of them than any of ours has.

    Raises:
        Refused: where it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise Refused(f"{path}: cannot be read: {error.strerror or error}; check the path") from error

"""What `gatehouse rules check` finds, and how policies do in their cases, which `rules test` runs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from program.decision import as_recorded
from program.errors import Refused
from rules.folder import bytes_of, read_folder
from rules.language.policy import Policy, load_policy
from rules.language.source import Fault, nearest
from rules.verification.cases import Case, CaseFile, CaseReport, load_cases, run_cases
from rules.verification.trial import cases_of


@dataclass(frozen=True)
class Proof:
    """A policy and how it did in its cases."""

    policy: Policy
    file: Path
    """Where its cases are, or would be."""
    cases: CaseFile | None
    report: CaseReport

    @property
    def passed(self) -> bool:
        """Whether it is proven: there are cases, every one came out as written, and every rule fired."""
        return self.report.ran > 0 and self.report.passed


def proofs(named: Sequence[str], program: Path) -> list[Proof]:
    """How policies do in their cases; one without cases does in none.

    Args:
        named: Folders of programs, files of policies, and names of policies in them; all policies if no name is given.
        program: The folder where none is named.

    Raises:
        Refused: where there is no such thing, or it cannot be read.
    """
    paths = [Path(name) for name in named if _is_path(name)]
    names = [name for name in named if not _is_path(name)]
    found = [proof for path in paths or [program] for proof in _proofs(path)]
    known = [proof.policy.policy for proof in found]
    for name in names:
        if name not in known:
            raise Refused(f"{name}: no such file and no such policy{nearest(name, known)}")
    return [proof for proof in found if proof.policy.policy in (names or known)]


def _is_path(name: str) -> bool:
    return Path(name).exists() or "/" in name or name.endswith(".yaml")


def _proofs(path: Path) -> Iterator[Proof]:
    if path.is_dir():
        for policy in read_folder(path).policies.values():
            yield _proof(policy, path / "policies" / f"{policy.policy}.yaml")
    else:
        yield _proof(load_policy(bytes_of(path), str(path)), path)


def _proof(policy: Policy, file: Path) -> Proof:
    cases = cases_of(file)
    if not cases.is_file():
        missing = Fault(
            str(cases), 1, 1, "", f"missing; `gatehouse rules test {file} --suggest` prints what to put there"
        )
        return Proof(policy, cases, None, CaseReport(0, (missing,), ()))
    loaded = load_cases(bytes_of(cases), str(cases))
    return Proof(policy, cases, loaded, run_cases(policy, loaded))


def as_data(case: Case) -> dict[str, Any]:
    """A case for scripts; numbers that JSON cannot hold exactly are text."""
    data = case.model_dump(exclude_defaults=True) | {"outcome": case.outcome, "rule": case.rule}
    try:
        return data | {"facts": as_recorded(case.facts)}
    except ValueError:
        return data

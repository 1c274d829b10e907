"""A program folder: `program.yaml`, `policies/`, and `cases/` that prove them; read as a whole or not at all."""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from program.definition import Program
from program.errors import Refused, Way
from program.notice import KINDS, LETTER_FORMS
from program.overrides import OVERRIDABLE, overridable, overridden
from rules.language.policy import Policy, load_policy
from rules.language.source import LARGEST, Document, Fault, Unfit, faults_of, nearest, read_yaml
from rules.lifecycle import ELIGIBILITY, OUTCOMES, SETTLED, supplied, unfit

DEFAULT_PROGRAM = Path(__file__).parent / "default"

POLICIES, CASES, TEMPLATES = "policies/", "cases/", "templates/"
"""The folder of a program's own templates for letters."""


@dataclass(frozen=True)
class LoadedProgram:
    """A program with its policies, as they were read, under the digest of their files."""

    program: Program
    policies: Mapping[str, Policy]
    files: Mapping[str, str] = field(repr=False)
    cases: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What proves it: the texts of its cases by file name. They decide nothing and are not part of the digest."""

    @cached_property
    def digest(self) -> str:
        """What it is known by."""
        return digest_of(self.files)

    @property
    def templates(self) -> dict[str, str]:
        """Its own templates for letters, by name."""
        return {name.removeprefix(TEMPLATES): text for name, text in self.files.items() if name.startswith(TEMPLATES)}


def digest_of(files: Mapping[str, str]) -> str:
    """SHA-256 over the names and texts of `program.yaml`, policies and templates, each after its length."""
    digest = hashlib.sha256()
    for name, text in sorted(files.items()):
        for part in (name, text):
            digest.update(len(part.encode()).to_bytes(8) + part.encode())
    return digest.hexdigest()


def read_folder(folder: Path) -> LoadedProgram:
    """Read a program from its folder.

    Raises:
        Refused: where there is no such folder or a file of it cannot be read.
        Unfit: naming every fault in it, with file, line and column.
    """
    texts = {str(path.relative_to(folder)): _text(path) for path in files_of(folder)}
    cases = {name: text for name, text in texts.items() if name.startswith(CASES)}
    return replace(load_program({n: t for n, t in texts.items() if n not in cases}, folder), cases=cases)


def files_of(folder: Path) -> list[Path]:
    """The files of a program in its folder, its cases included.

    Raises:
        Refused: where there is no such folder.
    """
    if not (folder / "program.yaml").is_file():
        raise Refused(
            f"{folder} holds no program.yaml; give the folder of a program, such as a copy of {DEFAULT_PROGRAM}"
        )
    templates = [path for path in sorted((folder / TEMPLATES).glob("*")) if not path.name.startswith(".")]
    policies, cases = (sorted((folder / part).glob("*.yaml")) for part in (POLICIES, CASES))
    return [folder / "program.yaml", *policies, *templates, *cases]


def bytes_of(path: Path) -> bytes:
    """The bytes of a file, no more of them than any of ours has.

    Raises:
        Refused: where it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise Refused(f"{path}: cannot be read: {error.strerror or error}; check the path") from error


def _text(path: Path) -> str:
    raw = bytes_of(path)
    if len(raw) > LARGEST:
        raise Refused(f"{path}: larger than {LARGEST // 1024} KiB; split it")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise Refused(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None


def load_program(files: Mapping[str, str], folder: Path = Path()) -> LoadedProgram:
    """Make a program from the texts of its files, by name.

    Raises:
        Unfit: naming every fault in them.
    """
    faults: list[Fault] = []
    program = None
    document = read_yaml(files["program.yaml"], str(folder / "program.yaml"))
    try:
        program = Program.model_validate(document.data)
        faults += _unfit_overrides(program, document)
    except ValidationError as error:
        faults += faults_of(error, document, Program)
    policies = {}
    for name, text in files.items():
        if name.startswith(TEMPLATES):
            faults += _misnamed(name.removeprefix(TEMPLATES), str(folder / name))
        elif name != "program.yaml":
            try:
                policy = load_policy(text, str(folder / name))
                policies[policy.policy] = policy
            except Unfit as unfit:
                faults += unfit.faults
    if program and not faults:
        faults += [*_mismatches(program, policies, folder), *_asked_in_vain(program, document)]
    if faults or program is None:
        raise Unfit(faults)
    return LoadedProgram(program, policies, dict(files))


def _misnamed(template: str, file: str) -> list[Fault]:
    """What is wrong with the name of a template that no letter is written by."""
    kind, _, form = template.rpartition(".")
    if form in LETTER_FORMS and (kind == "letter" or kind in KINDS):
        return []
    known = [f"{kind}.{form}" for kind in ("letter", *KINDS) for form in LETTER_FORMS]
    hint = nearest(template, known) if get_close_matches(template, known) else ", such as letter.html"
    return [Fault(file, 1, 1, "", f"no letter is written by a template of this name{hint}")]


def _unfit_overrides(program: Program, document: Document) -> Iterator[Fault]:
    """What types want to have otherwise and cannot: values that are not there, not theirs, or not possible."""
    data = program.model_dump()
    ways = overridable(data)
    for kind, rules in program.types.items():
        here = ("types", kind.value, "overrides")
        for name in rules.overrides.keys() - ways.keys():
            hint = nearest(name, [*ways]) if get_close_matches(name, ways) else f"; a type may override {OVERRIDABLE}"
            yield document.fault((*here, name), f"no value that a type may override{hint}")
        try:
            program.for_type(kind)
        except ValidationError as error:
            marks: dict[Way, tuple[int, int]] = {}
            for name in filter(ways.__contains__, rules.overrides):
                for length in range(len(ways[name]) + 1):
                    marks.setdefault(ways[name][:length], document.position((*here, name)))
            typed = Document(document.file, overridden(data, rules.overrides), marks)
            for fault in faults_of(error, typed):
                yield replace(fault, where=".".join([*here, fault.where]))


def _asked_in_vain(program: Program, document: Document) -> Iterator[Fault]:
    """Evidence that reviewers would give and no policy would see: Gatehouse itself supplies what is so called."""
    supply = supplied(program)
    for number, question in enumerate(program.evidence):
        told = [policy for policy, facts in supply.items() if question.id in facts]
        if told:
            said = f"{' and '.join(told)} {'is' if len(told) == 1 else 'are'} told {question.id} already"
            yield document.fault(("evidence", number, "id"), f"{said}; name it otherwise")


def _mismatches(program: Program, policies: Mapping[str, Policy], folder: Path) -> list[Fault]:
    """What fits in no policy by itself, but does not fit together."""
    faults = []
    for name, outcomes in OUTCOMES.items():
        file = str(folder / "policies" / f"{name}.yaml")
        if name not in policies:
            faults.append(
                Fault(file, 1, 1, "policy", f"a program has a policy {name}; copy the default one and change it")
            )
            continue
        faults += _mismatched(program, policies[name], outcomes)
    if ELIGIBILITY in policies:
        faults += _mismatched(program, policies[ELIGIBILITY], [tier.id for tier in program.tiers])
        faults += _unreachable(program, policies[ELIGIBILITY])
    faults += [
        policies[name].fault(("policy",), f"nothing asks the policy {name}; remove it")
        for name in policies.keys() - OUTCOMES.keys() - {ELIGIBILITY}
    ]
    return faults


def _unreachable(program: Program, policy: Policy) -> Iterator[Fault]:
    """The tiers above every one that the policy gives: nobody can be eligible for them."""
    for tier in program.tiers:
        if tier.id in policy.outcomes:
            return
        yield policy.fault(
            ("outcomes",), f"nobody can be eligible for {tier.id}; add a rule that gives it, or remove it"
        )


def _mismatched(program: Program, policy: Policy, outcomes: Collection[str]) -> Iterator[Fault]:
    """What a policy has that the lifecycle knows nothing of, or lacks."""
    for index, outcome in enumerate(policy.outcomes):
        if outcome not in outcomes:
            known = ", ".join(sorted(outcomes))
            yield policy.fault(("outcomes", index), f"{outcome} is no outcome of {policy.policy}; write {known}")
    yield from unfit(program, policy)
    if policy.otherwise is None and policy.policy in SETTLED:
        message = "is decided with what is known, and what is unknown meets no condition; add an `otherwise`"
        yield policy.fault(("policy",), message)

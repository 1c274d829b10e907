"""A program folder: `program.yaml`, `policies/`, and `cases/` that prove them; read as a whole or not at all."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from program.definition import Program
from program.errors import Refused
from program.notice import KINDS, LETTER_FORMS
from program.overrides import OVERRIDABLE, Way, overridable, overridden
from program.pilot import PILOT_FACTS
from rules.policy import Policy, load_policy
from rules.source import Document, Fault, Unfit, faults_of, nearest, read_yaml

DEFAULT_PROGRAM = Path(__file__).parent / "default"

QUALIFICATION, CHECKPOINT, VERDICT = "qualification", "pilot-checkpoint", "pilot-verdict"
MOVEMENT, STALL = "tier-movement", "stall"

OUTCOMES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        QUALIFICATION: frozenset({"sign", "defer", "decline"}),
        CHECKPOINT: frozenset({"on_track", "at_risk", "stalled"}),
        VERDICT: frozenset({"expand", "reset", "exit"}),
        MOVEMENT: frozenset({"up", "stay", "warn", "down", "low_touch", "exit"}),
        STALL: frozenset({"moving", "stalled"}),
    }
)
"""The policies a program has, and what the lifecycle knows to do after each."""

TEMPLATES = "templates/"
"""The folder of a program's own templates for letters."""

SETTLED = frozenset({CHECKPOINT, VERDICT})
"""The policies that are decided with what is known, at once or when time is up. What is unknown meets no condition."""

EVENTS: Mapping[str, frozenset[str]] = MappingProxyType({CHECKPOINT: frozenset({"checkpoint"})})
"""The kinds of events that are supplied to a policy."""


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
    if not (folder / "program.yaml").is_file():
        raise Refused(
            f"{folder} holds no program.yaml; give the folder of a program, such as a copy of {DEFAULT_PROGRAM}"
        )
    templates = [path for path in sorted((folder / "templates").glob("*")) if not path.name.startswith(".")]
    paths = [folder / "program.yaml", *sorted((folder / "policies").glob("*.yaml")), *templates]
    loaded = load_program({str(path.relative_to(folder)): _text(path) for path in paths}, folder)
    cases = sorted((folder / "cases").glob("*.yaml"))
    return replace(loaded, cases={str(path.relative_to(folder)): _text(path) for path in cases})


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise Refused(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from None


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
        faults += _mismatches(program, policies, folder)
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
        policy = policies[name]
        faults += [
            Fault(file, 1, 1, "outcomes", f"{outcome} is no outcome of {name}; write {', '.join(sorted(outcomes))}")
            for outcome in policy.outcomes
            if outcome not in outcomes
        ]
        known = supplied(program)[name] | {question.id for question in program.evidence}
        faults += [
            Fault(
                file,
                1,
                1,
                f"facts.{fact}",
                f"nothing supplies {fact}{nearest(fact, sorted(known))}; declare it under evidence",
            )
            for fact in policy.facts
            if fact not in known
        ]
        faults += [
            Fault(file, 1, 1, f"events.{kind}", f"nothing supplies events of the kind {kind}")
            for kind in policy.events
            if kind not in EVENTS.get(name, frozenset())
        ]
    faults += [
        Fault(str(folder / "policies" / f"{name}.yaml"), 1, 1, "policy", f"nothing asks the policy {name}; remove it")
        for name in policies.keys() - OUTCOMES.keys()
    ]
    return faults


def supplied(program: Program) -> dict[str, frozenset[str]]:
    """The facts that Gatehouse supplies to each policy of a program."""
    return {
        QUALIFICATION: program.scorecard.fact_names,
        CHECKPOINT: PILOT_FACTS | {"week", "mapped_accounts", "joint_plays", "next_action_open"},
        VERDICT: PILOT_FACTS | {"mapped_accounts", "joint_plays"},
        MOVEMENT: frozenset({"level", "cut_level", "quarters_below", "quarters_inactive"}),
        STALL: frozenset({"stage", "days_without_activity", "patience"}),
    }

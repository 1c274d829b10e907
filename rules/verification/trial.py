"""A program tried out in a process of its own, so that what crashes or hangs the engine is a finding and not our end.

`python -m rules.verification.trial` is that process: it reads what to try from standard input, and writes a line
at each step to a pipe of its own, since anything may be printed on the way.
"""

import json
import os
import resource
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Final

from pydantic import BaseModel, TypeAdapter

from program.errors import Refused
from rules.evaluators.engine import engine_for
from rules.folder import CASES, POLICIES, bytes_of, files_of, load_program
from rules.language.policy import Policy, load_policy
from rules.language.source import Fault, Unfit, read_yaml
from rules.verification.cases import CaseFile, load_cases, run_cases
from rules.verification.check import check

LIMIT: Final = 30.0
"""Seconds that one step may take."""

_FAULTS: Final = TypeAdapter(list[Fault])


class Candidate(BaseModel):
    """A policy to try, with its cases. Files are in bytes, one a character: what is wrong with them is found there."""

    file: str
    text: str
    cases_file: str
    cases: str | None


class Trial(BaseModel):
    """What to try: a program as a whole if there is one, then policies."""

    folder: str = ""
    program: dict[str, str] = {}
    """The files of a program, by their names in the folder; its cases aside."""
    policies: list[Candidate] = []
    found: list[Fault] = []
    """What is wrong before anything is tried."""
    begin: int = 0
    """How many of these are left out, for they were tried already."""

    @property
    def files(self) -> list[str]:
        """The file of everything that is tried, in order."""
        whole = [str(Path(self.folder) / "program.yaml")] if self.program else []
        return [*whole, *(policy.file for policy in self.policies)]


def try_out(program: Path | Mapping[str, str], *, limit: float = LIMIT) -> list[Fault]:
    """Load, compile and prove what is there, and run its cases, in a process of its own.

    Args:
        program: A program's folder, the file of one policy, or the texts of a program's files by their names:
            `program.yaml`, `policies/...` and `cases/...`.
        limit: Seconds that one step may take; what takes longer is taken to hang.

    Raises:
        Refused: where there is no such thing to read.
    """
    trial = trial_of(program)
    found = list(trial.found)
    while trial.begin < len(trial.files):
        trial.begin = _tried(trial, found, limit)
    return sorted(set(found))


def trial_of(program: Path | Mapping[str, str]) -> Trial:
    """What there is to try in a folder, a policy's file or texts.

    Raises:
        Refused: where there is no such thing to read.
    """
    if isinstance(program, Mapping):
        return _of_program({name: text.encode().decode("latin-1") for name, text in program.items()}, Path())
    if program.is_dir():
        return _of_program({str(path.relative_to(program)): _text(path) for path in files_of(program)}, program)
    cases = cases_of(program)
    read = _text(cases) if cases.is_file() else None
    candidate = Candidate(file=str(program), text=_text(program), cases_file=str(cases), cases=read)
    return Trial(policies=[candidate])


# What there is to try


def _of_program(files: Mapping[str, str], folder: Path) -> Trial:
    policies = [
        Candidate(
            file=str(folder / name),
            text=text,
            cases_file=str(folder / _cases_named(name)),
            cases=files.get(_cases_named(name)),
        )
        for name, text in sorted(files.items())
        if name.startswith(POLICIES)
    ]
    whole = {name: text for name, text in files.items() if not name.startswith(CASES)}
    return Trial(
        folder=str(folder),
        program=whole if "program.yaml" in files else {},
        policies=policies,
        found=list(_orphans(files, folder)),
    )


def _cases_named(policy: str) -> str:
    return policy.replace(POLICIES, CASES, 1)


def _orphans(files: Mapping[str, str], folder: Path) -> Iterator[Fault]:
    """Cases that prove nothing."""
    known = {_cases_named(name) for name in files if name.startswith(POLICIES)}
    for name in files:
        if name.startswith(CASES) and name not in known:
            message = f"there is no policy {Path(name).stem}; remove it, or give it a policy's name"
            yield Fault(str(folder / name), 1, 1, "", message)


def cases_of(policy: Path) -> Path:
    """Where the cases of a policy's file are: in a folder `cases` beside its own, which is called `policies`.

    Those of a policy in another folder are in a folder `cases` in it.
    """
    folder = policy.parent
    if folder.resolve().name == "policies":
        folder = folder.parent if folder.name == "policies" else folder / ".."
    return folder / "cases" / policy.name


def _text(path: Path) -> str:
    """The bytes of a file as characters."""
    return bytes_of(path).decode("latin-1")


# Here: the process is started and watched


def _tried(trial: Trial, found: list[Fault], limit: float) -> int:
    """Try in a process what is left, adding to what is found; how far it came."""
    at, doing, hung = trial.begin, "starting", False
    reading, writing = os.pipe()
    with TemporaryFile() as given, TemporaryFile() as said, os.fdopen(reading, "rb") as steps:
        given.write(trial.model_dump_json().encode())
        given.seek(0)
        command = [sys.executable, "-P", "-m", "rules.verification.trial", str(writing), str(limit)]
        try:
            process = subprocess.Popen(command, stdin=given, stdout=said, stderr=said, pass_fds=[writing])  # noqa: S603
        finally:
            os.close(writing)
        with process:
            try:
                for line in _lines(steps, limit):
                    step = json.loads(line)
                    at, doing = step.get("at", at), step.get("doing", doing)
                    found += _FAULTS.validate_python(step.get("faults", []))
            except TimeoutError:
                hung = True
                process.kill()
        if at == len(trial.files) and not hung:
            return at
        said.seek(0)
        found.append(Fault(trial.files[at], 1, 1, "", _ending(doing, process.returncode, hung, limit, said)))
        return at + 1


def _ending(doing: str, code: int, hung: bool, limit: float, said: IO[bytes]) -> str:
    advice = "simplify the policy"
    if hung:
        return f"{doing} did not end within {limit:g} s; {advice}"
    if code < 0:
        return f"{doing} crashed the process ({signal.Signals(-code).name}); {advice}"
    last = said.read().decode(errors="replace").strip().splitlines() or [f"it ended with {code}"]
    return f"{doing} failed by a fault that is not the file's: {last[-1]}"


def _lines(output: IO[bytes], limit: float) -> Iterator[bytes]:
    """The lines that a process writes, until it ends.

    Raises:
        TimeoutError: where none comes in time.
    """
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        rest = b""
        while True:
            if not selector.select(limit):
                raise TimeoutError
            read = os.read(output.fileno(), 65536)
            if not read:
                return
            *lines, rest = (rest + read).split(b"\n")
            yield from lines


# There: the process


def main() -> None:
    """Try what standard input says, and write what is said of it to the pipe whose number the first argument is."""
    trial = Trial.model_validate_json(sys.stdin.buffer.read())
    # Whoever waits for us ends us when time is up. This is for when nobody waits any more.
    seconds = int(float(sys.argv[2]) * 10 * len(trial.files)) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))

    with os.fdopen(int(sys.argv[1]), "w") as pipe:

        def say(**said: Any) -> None:
            if "faults" in said:
                said["faults"] = _FAULTS.dump_python(said["faults"], mode="json")
            print(json.dumps(said), file=pipe, flush=True)

        examine(trial, say)


def examine(trial: Trial, say: Callable[..., object]) -> None:
    """Try everything, the program as a whole first.

    `say` is told `at` which number it is, what it is `doing`, the `faults` that it found, and nothing where it goes on.
    """
    steps: list[Callable[[], None]] = [partial(_try_program, trial, say)] if trial.program else []
    steps += [partial(_try_policy, candidate, say) for candidate in trial.policies]
    for number, step in list(enumerate(steps))[trial.begin :]:
        say(at=number)
        try:
            step()
        except Unfit as unfit:
            say(faults=unfit.faults)
    say(at=len(steps))


def _try_program(trial: Trial, say: Callable[..., object]) -> None:
    say(doing="reading the program")
    raw = {name: text.encode("latin-1") for name, text in trial.program.items()}
    for name, text in raw.items():
        if not _is_utf_8(text):
            read_yaml(text, str(Path(trial.folder) / name))
    load_program({name: text.decode() for name, text in raw.items()}, Path(trial.folder))


def _is_utf_8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _try_policy(candidate: Candidate, say: Callable[..., object]) -> None:
    say(doing="reading the policy")
    policy = load_policy(candidate.text.encode("latin-1"), candidate.file)
    cases, report = None, None
    try:
        say(doing="reading the cases")
        cases = _read_cases(candidate, policy)
        say(doing="compiling the policy")
        engine_for(policy)
        say(doing="running the cases")
        report = run_cases(policy, cases)
        say(faults=list(report.faults))
    except Unfit as unfit:
        say(faults=unfit.faults)
    except Refused as refused:
        say(faults=[Fault(candidate.cases_file, 1, 1, "", str(refused))])
    say(doing="proving the policy")
    base = cases.base if cases else None
    say(faults=check(policy, base, report.meant if report else (), at_each=say))


def _read_cases(candidate: Candidate, policy: Policy) -> CaseFile:
    if candidate.cases is None:
        hint = f"`gatehouse rules test {candidate.file} --suggest` prints what to put there"
        message = f"missing; {policy.policy} is proven by cases in which every rule holds; {hint}"
        raise Unfit([Fault(candidate.cases_file, 1, 1, "", message)])
    return load_cases(candidate.cases.encode("latin-1"), candidate.cases_file)


if __name__ == "__main__":
    main()

"""A program tried out in a process of its own: what would end or hang us is a finding."""

import time
from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pytest

from rules.folder import DEFAULT_PROGRAM
from rules.language.source import Fault
from rules.verification.trial import cases_of, try_out

HEAD = """\
policy: {name}
version: 1
owner: team
title: Small
facts:
  open: {{type: flag}}
  deals: {{type: count}}
outcomes: [up, down]
otherwise: down
rules:
"""


def errors(found: list[Fault]) -> list[str]:
    return [str(fault) for fault in found if fault.severity == "error"]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return copytree(DEFAULT_PROGRAM, tmp_path / "program")


@pytest.fixture
def in_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Have the processes we start run this first."""

    def first(code: str) -> None:
        site = tmp_path / "site"
        site.mkdir()
        (site / "sitecustomize.py").write_text(code)
        monkeypatch.setenv("PYTHONPATH", str(site))

    return first


CRASHING = """\
import ctypes
import durable_rules_engine as core

print("An engine that talks")
sound = core.create_ruleset
core.create_ruleset = lambda name, rules: ctypes.string_at(0) if '"$gt"' in rules else sound(name, rules)
"""
"""An engine that reads where nothing is when it is given a `gt`."""

UNLIMITED = "import rules.evaluators.network\nrules.evaluators.network.MOST_BRANCHES = 10**9\n"
"""Without our limit, which keeps from the engine what hangs it."""


def policy(folder: Path, name: str, rules: str) -> str:
    """A policy with a case that runs it; its file."""
    for part in ("policies", "cases"):
        (folder / part).mkdir(exist_ok=True)
    file = folder / "policies" / f"{name}.yaml"
    file.write_text(HEAD.format(name=name) + rules)
    case = "  - {name: Nothing, facts: {open: false, deals: 0}, outcome: down, fires: []}\n"
    (folder / "cases" / f"{name}.yaml").write_text(f"policy: {name}\ncases:\n{case}")
    return str(file)


def hanging() -> str:
    """More than 512 different conditions side by side."""
    text = ""
    for n in range(9):
        values = ", ".join(map(str, range(64 * n, 64 * n + 64)))
        text += f"  - {{id: r{n}, when: {{deals: {{in: [{values}]}}}}, then: up, because: So.}}\n"
    return text


def test_the_default_program_passes() -> None:
    assert errors(try_out(DEFAULT_PROGRAM)) == []


def test_texts_are_tried_as_a_folder_is(program: Path) -> None:
    files = {str(path.relative_to(program)): path.read_text() for path in program.rglob("*.yaml")}
    assert errors(try_out(files)) == []
    files["program.yaml"] = files["program.yaml"].replace("entry_tier: growth", "entry_tier: gold")
    del files["cases/stall.yaml"]
    first, second = errors(try_out(files))
    assert first.startswith("cases/stall.yaml:1:1: missing; stall is proven by cases")
    assert second.startswith("program.yaml:")


def test_a_policy_that_crashes_the_engine_is_a_finding_and_the_others_are_tried(
    tmp_path: Path, in_the_process: Callable[[str], None]
) -> None:
    policy(tmp_path, "crash", "  - {id: a, when: {deals: {gt: 1}}, then: up, because: So.}\n")
    policy(tmp_path, "sound", "  - {id: a, when: {deals: {gte: 1}}, then: up, because: So.}\n")
    in_the_process(CRASHING)
    texts = {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.glob("*/*.yaml")}

    crashed, *others = errors(try_out(texts))

    assert crashed == (
        "policies/crash.yaml:1:1: compiling the policy crashed the process (SIGSEGV); simplify the policy"
    )
    assert {line.split(":")[0] for line in others} == {"policies/sound.yaml"}


def test_a_policy_that_hangs_the_engine_is_a_finding_in_time(
    tmp_path: Path, in_the_process: Callable[[str], None]
) -> None:
    file = policy(tmp_path, "hang", hanging())
    refused = errors(try_out(Path(file)))
    assert any("576 different conditions stand side by side, and 400 is the limit" in line for line in refused)
    in_the_process(UNLIMITED)
    started = time.perf_counter()

    (line,) = errors(try_out(Path(file), limit=4))

    assert time.perf_counter() - started < 20
    assert line == f"{file}:1:1: compiling the policy did not end within 4 s; simplify the policy"


def test_a_process_that_fails_by_itself_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "durable_rules_engine.py").write_text("raise ImportError('no engine on this machine')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (line,) = errors(try_out(DEFAULT_PROGRAM / "policies" / "stall.yaml"))
    assert line.endswith(
        "stall.yaml:1:1: starting failed by a fault that is not the file's: ImportError: no engine on this machine"
    )


def test_files_that_are_no_text_are_found_beside_everything_else(program: Path) -> None:
    (program / "policies" / "stall.yaml").write_bytes(b"policy: stall\ntitle: \xff\n")
    (program / "cases" / "stall.yaml").write_bytes(b"\xff")
    (program / "cases" / "pilot-verdict.yaml").write_bytes(b"#" * 10_000_000)
    (program / "cases" / "other.yaml").write_text("policy: other\ncases: []\n")
    found = errors(try_out(program))
    assert [line.removeprefix(f"{program}/") for line in found] == [
        "cases/other.yaml:1:1: there is no policy other; remove it, or give it a policy's name",
        "cases/pilot-verdict.yaml:1:1: larger than 1024 KiB; split it",
        "policies/stall.yaml:2:1: not UTF-8; save the file as UTF-8",
    ]


@pytest.mark.parametrize(
    ("policy", "cases"),
    [
        ("program/policies/stall.yaml", "program/cases/stall.yaml"),
        ("policies/stall.yaml", "cases/stall.yaml"),
        ("elsewhere/stall.yaml", "elsewhere/cases/stall.yaml"),
        ("stall.yaml", "cases/stall.yaml"),
    ],
)
def test_the_cases_of_a_policy_are_beside_it(
    policy: str, cases: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cases_of(Path(policy)) == Path(cases)


def test_the_cases_of_a_policy_are_found_from_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "policies").mkdir()
    monkeypatch.chdir(tmp_path / "policies")
    assert cases_of(Path("stall.yaml")) == Path("../cases/stall.yaml")

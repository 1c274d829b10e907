"""Hostile policies and facts: texts that were damaged at random, and facts of every kind but the right one.

Whatever comes, a policy is refused with its faults or decides, and facts are refused or decided on: no other
exception, no crash, and no call that takes longer than LONGEST. All follows from a number, to be tried again:

    python -m measure.fuzz 4711
"""

import copy
import json
import random
import sys
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache, partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import yaml

from measure.memory import CONCLUDING
from program.errors import Refused
from rules.decision.decide import decide
from rules.evaluators.engine import Engine
from rules.folder import DEFAULT_PROGRAM, load_program, read_folder
from rules.language.policy import Policy, load_policy
from rules.verification.check import check

LONGEST = 10.0
"""Seconds of the processor that any one call may take."""
SILENT = 120.0
"""Seconds after which a process hangs that does not say anything; a busy machine gives it a share only."""
CRASHED = "the process died"
Choose = random.Random
EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"


@cache
def texts() -> dict[str, bytes]:
    """What is damaged: files of programs, by name."""
    found = {f"default/{name}": text.encode() for name, text in read_folder(DEFAULT_PROGRAM).files.items()}
    others = {str(path.relative_to(EXAMPLES)): path.read_bytes() for path in sorted(EXAMPLES.rglob("policies/*.yaml"))}
    return {**found, **others, "concluding.yaml": CONCLUDING.encode()}


def flip(choose: Choose, text: bytes) -> bytes:
    """Other bits in a few places."""
    damaged = bytearray(text)
    for _ in range(choose.randint(1, 8)):
        damaged[choose.randrange(len(damaged))] ^= 1 << choose.randrange(8)
    return bytes(damaged)


def cut(choose: Choose, text: bytes) -> bytes:
    """Only the beginning, or without a piece."""
    first, last = sorted(choose.randrange(len(text)) for _ in range(2))
    return text[:first] if choose.random() < 0.3 else text[:first] + text[last:]


def lines(choose: Choose, text: bytes) -> bytes:
    """Lines twice, gone, elsewhere, or further in."""
    found = text.splitlines(keepends=True)
    for _ in range(choose.randint(1, 4)):
        here, there = choose.randrange(len(found)), choose.randrange(len(found))
        match choose.randrange(4):
            case 0:
                found.insert(there, found[here])
            case 1 if len(found) > 1:
                del found[here]
            case 2:
                found[here], found[there] = found[there], found[here]
            case _:
                found[here] = b" " * choose.randint(1, 6) + found[here]
    return b"".join(found)


def insert(choose: Choose, text: bytes) -> bytes:
    """Characters that mean something, or that nobody expects."""
    wild = [chr(choose.randrange(0x110000)).encode(errors="surrogatepass") for _ in range(choose.randint(1, 5))]
    meant = [b"&a ", b"*a", b"<<: ", b"!!python/object ", b"\t", b"\r", b"---\n", b"%YAML 1.1\n", b"? ", b"| ", b"\0"]
    words = [b": ", b"{", b"}", b"[", b"]", b"#", b"'", b'"', b"-", b"\xff", b"\xef\xbb\xbf", "\u2028".encode()]
    here = choose.randrange(len(text) + 1)
    return text[:here] + choose.choice([b"".join(wild), choose.choice(meant), choose.choice(words)]) + text[here:]


def structure(choose: Choose, depth: int = 3) -> str:
    """YAML of any shape."""
    names = ["fact", "in", "any", "all", "sequence", "gte", "not", "deals", "of", "by", "each", "when", "", "null"]
    if depth and choose.random() < 0.6:
        inner = [structure(choose, depth - 1) for _ in range(choose.randint(0, 4))]
        if choose.random() < 0.5:
            return f"[{', '.join(inner)}]"
        return "{" + ", ".join(f"{choose.choice(names)}: {value}" for value in inner) + "}"
    numbers = [
        "0",
        "-1",
        "9" * 12,
        "9" * 19,
        "9" * 40,
        "9" * 5000,
        "0.1",
        "1e400",
        ".inf",
        ".nan",
        "0x10",
        "1_0",
        "007",
    ]
    return choose.choice(
        [*names, *numbers, "true", "no", "2026-02-30", "2026-01-01", "25%", "~", "'5'", "[]", "{}", "é"]
    )


def replace(choose: Choose, text: bytes) -> bytes:
    """What stands after a colon is something else, or very deep, or very long."""
    found = text.split(b": ")
    here = choose.randrange(len(found))
    deep = choose.choice(["[" * 5000, "{a: " * 40, "- " * 3000, "[" * 20 + "]" * 20])
    long = choose.choice(["x" * 100_000, f"[{'1, ' * 5000}1]", f"{{{', '.join(f'a{n}: {n}' for n in range(3000))}}}"])
    new = choose.choice([structure(choose)] * 8 + [deep, long])
    rest = found[here].partition(b"\n")[2]
    found[here] = new.encode() + b"\n" + rest
    return b": ".join(found)


def many(choose: Choose, text: bytes) -> bytes:
    """A rule or a condition many times over."""
    pieces = text.split(b"  - id: ")
    if len(pieces) < 2:
        return text * choose.randint(2, 4)
    body = pieces[choose.randrange(1, len(pieces))]
    count = choose.choice([20, 70, 150, 201, 300, 600])
    copies = [b"again_%d" % number + body[body.find(b"\n") :] for number in range(count)]
    return b"  - id: ".join([*pieces[:-1], *copies, pieces[-1]])


def splice(choose: Choose, text: bytes) -> bytes:
    """The beginning of one file and the end of another."""
    other = choose.choice(list(texts().values()))
    return text[: choose.randrange(len(text))] + other[choose.randrange(len(other)) :]


def places(data: Any) -> list[tuple[Any, Any]]:
    """Every map or list in some data, with each of its keys or positions."""
    keys = list(data) if isinstance(data, dict) else list(range(len(data))) if isinstance(data, list) else []
    return [(data, key) for key in keys] + [place for key in keys for place in places(data[key])]


def reshape(choose: Choose, text: bytes) -> bytes:
    """The same data with a few parts swapped, doubled, removed, renamed or changed a little; JSON is YAML."""
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return text
    for _ in range(choose.choice([1, 1, 2, 4])):
        found = places(data)
        if not found:
            break
        (here, key), (there, other) = choose.choice(found), choose.choice(found)
        match choose.randrange(6):
            case 0:
                here[key] = copy.deepcopy(there[other])
            case 1 if isinstance(here, list):
                here.insert(key, copy.deepcopy(here[key]))
            case 2 if isinstance(here, dict) and isinstance(there, dict):
                here[other] = here.pop(key)
            case 3:
                here[key] = choose.choice([0, 1, -1, 5, 0.25, 60, True, False, None, "a", "", [], {}, 10**13, [1, 2]])
            case 4 if isinstance(here[key], int | float):
                here[key] += choose.choice([-1, 1, 0.5, 10**6])
            case _:
                del here[key]
    return json.dumps(data, default=str).encode()


DAMAGES: tuple[Callable[[Choose, bytes], bytes], ...] = (
    flip,
    cut,
    lines,
    insert,
    replace,
    many,
    splice,
    *[reshape] * 7,
)


def damaged(number: int) -> tuple[str, bytes]:
    """The name and the text of a file that was damaged once or more."""
    choose = random.Random(number)  # noqa: S311 (not a secret)
    name = choose.choice(list(texts()))
    text = texts()[name]
    for _ in range(choose.choice([1, 1, 1, 2, 3])):
        text = choose.choice(DAMAGES)(choose, text) or b" "
    return name, text


ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    5,
    0.1,
    -0.0,
    1e308,
    5e-324,
    float("nan"),
    float("-inf"),
    9 * 10**12,
    9 * 10**12 + 1,
    -(2**63),
    10**5000,
    Decimal("sNaN"),
    Decimal("Infinity"),
    Decimal("1E+999999"),
    Decimal("1E-999999"),
    Decimal("0E-999999"),
    Decimal("1." + "0" * 70),
    "",
    "5",
    "25%",
    "1E999999%",
    "nan%",
    "x" * 1_000_000,
    "\ud800",
    "\0",
    '", "kind": "held',
    b"bytes",
    [],
    [[]],
    {},
    {"fact": "deals"},
    [{}],
    [None],
    [{"week": 1}] * 501,
    (1, 2),
    {1, 2},
    1j,
    object(),
    range(3),
)


def odd_facts(choose: Choose, policy: Policy) -> dict[Any, Any]:
    """Facts of which some are what they should not be."""
    facts: dict[Any, Any] = {}
    for name, declared in policy.facts.items():
        right = [True, False] if declared.type == "flag" else list(declared.of or (1, 2, 0, 5))
        facts[name] = choose.choice(ODD) if choose.random() < 0.1 else choose.choice(right)
    for kind, event in policy.events.items():
        fields = [{name: choose.choice([0, 1, 2, True, choose.choice(ODD)]) for name in event.fields} for _ in range(4)]
        facts[kind] = choose.choice([fields, [], None, choose.choice(ODD), fields * 50])
    if choose.random() < 0.1:
        facts[choose.choice(["deal", "", 5, None, ("a",), "x" * 10_000, "$s", "id", "sid", "kind"])] = choose.choice(
            ODD
        )
    return facts


def attempt(said: dict[str, float], what: str, call: Callable[[], Any]) -> Any:
    """What a call returns, or None where it refuses; how long the slowest of its kind took is noted."""
    began = time.process_time()  # a busy machine is no failure
    try:
        return call()
    except Refused:
        return None
    finally:
        said[what] = max(said.get(what, 0.0), time.process_time() - began)


def try_out(number: int) -> dict[str, float]:
    """Read one damaged file, and decide by it if it can be read; the seconds that each call took.

    Raises:
        Exception: whatever is raised that does not say what is wrong and where.
    """
    choose = random.Random(-number)  # noqa: S311 (not a secret)
    name, text = damaged(number)
    said: dict[str, float] = {}
    if name.endswith("program.yaml"):
        files: Mapping[str, str] = read_folder(DEFAULT_PROGRAM).files
        attempt(said, "load_program", lambda: load_program({**files, "program.yaml": text.decode(errors="replace")}))
        return said
    policy = attempt(said, "load_policy", lambda: load_policy(text, "p"))
    if policy is None:
        return said
    attempt(said, "check", lambda: check(policy))
    if attempt(said, "compile", lambda: Engine(policy)):
        for facts in [odd_facts(choose, policy) for _ in range(4)]:
            attempt(said, "decide", partial(decide, policy, facts))
    return said


def serve(asked: Connection, numbers: range) -> None:
    """Try one after the other, saying first which, and then how it went."""
    for number in numbers:
        asked.send((number, None))
        try:
            asked.send((number, try_out(number)))
        except Exception as error:  # noqa: BLE001 (whatever it is, it is what is looked for)
            asked.send((number, f"{type(error).__name__}: {str(error)[:300]}"))
    asked.send(None)


def run(numbers: range) -> tuple[dict[str, float], list[str]]:
    """Try them in a process of their own; the slowest call of each kind, and all that went wrong."""
    slowest: dict[str, float] = {}
    wrong: list[str] = []
    context = get_context("spawn")
    while numbers:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=serve, args=(theirs, numbers), daemon=True)
        process.start()
        theirs.close()
        number = _watch(ours, slowest, wrong)
        process.kill()
        process.join()
        numbers = range(number + 1, numbers.stop) if number is not None else range(0)
    return slowest, wrong


def _watch(ours: Connection, slowest: dict[str, float], wrong: list[str]) -> int | None:
    """Listen to a process until it is through, or the number on which it died or hung."""
    number = -1
    while True:
        if not ours.poll(SILENT):
            wrong.append(f"{number}: no answer within {SILENT:.0f} s")
            return number
        try:
            said = ours.recv()
        except EOFError:
            wrong.append(f"{number}: {CRASHED}")
            return number
        if said is None:
            return None
        number, found = said
        if isinstance(found, str):
            wrong.append(f"{number}: {found}")
        for what, seconds in (found or {}).items() if isinstance(found, dict) else ():
            slowest[what] = max(slowest.get(what, 0.0), seconds)
            if seconds > LONGEST:
                wrong.append(f"{number}: {what} took {seconds:.0f} s")


if __name__ == "__main__":
    for given in sys.argv[1:]:
        print(*damaged(int(given)), try_out(int(given)), sep="\n")

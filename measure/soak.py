"""The long runs: what tests try for a moment, tried long enough to be relied on. About 20 minutes on two cores.

    python -m measure.soak [PART...] [--share 0.1]

Each part runs in a process of its own, so that a crash is a finding too.
"""

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

from measure import agreement, decisions, fuzz, memory

MOST_GROWTH = 2 * 1024 * 1024
"""Bytes."""
LONGEST = 1800
"""Seconds for one part."""
PROCESSES = min(2, os.cpu_count() or 1)


def agree(share: float) -> str:
    """durable-rules and the interpreter over 200,000 random pairs of policy and facts."""
    count = int(200_000 * share / PROCESSES)
    with ProcessPoolExecutor(PROCESSES) as pool:
        seen = sum(pool.map(agreement.pairs, [count] * PROCESSES, range(1, 10**6, 10**5)), Counter[str]())
    return ", ".join(f"{number:,} {what}" for what, number in seen.items()) + "; none decided otherwise"


def threads(share: float) -> str:
    """Eight threads for a minute."""
    made = agreement.threads(60 * share, seed=1)
    return f"{made:,} decisions by 8 threads, none wrong"


def decided(share: float) -> str:
    """Memory over 300,000 decisions by three policies."""
    count = int(300_000 * share)
    return _within(memory.decided(count), f"{count:,} decisions by three policies")


def reloaded(share: float) -> str:
    """Memory over 1,000 programs that are read, decided by and dropped."""
    count = int(1000 * share)
    return _within(memory.reloaded(count), f"{count:,} programs read, decided by and dropped")


def _within(growth: int, over: str) -> str:
    assert growth < MOST_GROWTH, f"{growth / 1024:,.0f} KiB more after {over}"
    return f"{growth / 1024:,.0f} KiB more after {over}"


def hostile(share: float) -> str:
    """10,000 damaged files, and odd facts for those that can still be read."""
    count = int(10_000 * share / PROCESSES)
    numbers = [range(first * count, (first + 1) * count) for first in range(PROCESSES)]
    with ProcessPoolExecutor(PROCESSES) as pool:
        found = list(pool.map(fuzz.run, numbers))
    wrong = [message for _, messages in found for message in messages]
    assert not wrong, "; ".join(wrong[:20])
    slowest = {what: max(times.get(what, 0.0) for times, _ in found) for what in found[0][0]}
    return f"{count * PROCESSES:,} files; slowest: " + ", ".join(f"{what} {s:.1f} s" for what, s in slowest.items())


def rates(share: float) -> str:
    """Decisions a second, beside zen-engine."""
    missed = decisions.report(max(3, int(21 * share)))
    assert not missed, "; ".join(missed)
    return "as promised"


PARTS: dict[str, Callable[[float], str]] = {
    part.__name__: part for part in (rates, agree, threads, decided, reloaded, hostile)
}


def run(name: str, share: float) -> bool:
    """Run one part and say how it went."""
    began = time.monotonic()
    try:
        said, kept = PARTS[name](share), True
    except AssertionError as error:
        said, kept = f"FAILED: {error}", False
    print(f"{name}: {said} ({time.monotonic() - began:.0f} s)", flush=True)
    return kept


def main() -> None:
    """Run the parts that are asked for, each in a process of its own; exit with 1 where one failed or crashed."""
    parts = "\n".join(f"  {name:10}{part.__doc__}" for name, part in PARTS.items())
    parser = argparse.ArgumentParser(
        description=f"{__doc__}\n{parts}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="PART")
    parser.add_argument("--share", type=float, default=1.0, help="how much of the whole length")
    asked = parser.parse_args()
    if len(asked.parts) == 1:
        sys.exit(0 if run(asked.parts[0], asked.share) else 1)
    failed = []
    for name in asked.parts or PARTS:
        command = [sys.executable, "-m", "measure.soak", name, "--share", str(asked.share)]
        try:
            subprocess.run(command, timeout=LONGEST, check=True)  # noqa: S603 (ourselves)
        except subprocess.SubprocessError as error:
            failed.append(f"{name}: {error}")
    print("\n".join(["FAILED:", *failed]) if failed else "all as it should be")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

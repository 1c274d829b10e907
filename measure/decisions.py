"""Decisions a second through the full path, in one process and in two, beside zen-engine on the same table.

    python -m measure.decisions [--rounds 11]

The full path is `rules.decide.decide`: facts validated, durable-rules, the interpreter, the two compared. Everything
is measured in turn, round after round of one run, so that what else the machine does is shared by all; medians count.

zen-engine is measured in two ways, one call for one set of facts in both: a decision made once and then evaluated,
as its documentation shows, and a table evaluated by its key, which it keeps compiled.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import zen

from measure.table import random_facts, table, zen_table
from rules import engine, interpreter
from rules.decide import decide

DECISIONS = 2000
"""In a turn."""
ONE_PROCESS = 5000
"""Decisions a second."""
TWO_PROCESSES = 1.7
"""Times the rate of one."""
BESIDE_ZEN = 2.0
"""Times the rate of a zen-engine decision."""

Evaluate = Callable[[Any], object]


def seconds(evaluate: Evaluate, inputs: list[Any]) -> float:
    """How long all of them take."""
    began = time.perf_counter()
    for facts in inputs:
        evaluate(facts)
    return time.perf_counter() - began


def serve(asked: Connection) -> None:
    """A process that decides whenever it is asked to, and says how long it took."""
    policy, inputs = table(), [random_facts(seed) for seed in range(DECISIONS)]
    seconds(lambda facts: decide(policy, facts), inputs)
    while asked.recv():
        asked.send(seconds(lambda facts: decide(policy, facts), inputs))


@contextmanager
def processes(count: int) -> Iterator[list[Connection]]:
    """So many of them, until they are not needed any more."""
    context = multiprocessing.get_context("spawn")
    pipes = [context.Pipe() for _ in range(count)]
    started = [context.Process(target=serve, args=(theirs,), daemon=True) for _, theirs in pipes]
    for process in started:
        process.start()
    yield [ours for ours, _ in pipes]
    for ours, _ in pipes:
        ours.send(False)
    for process in started:
        process.join()


def together(asked: list[Connection]) -> float:
    """What they decide a second, all at once."""
    for process in asked:
        process.send(True)
    longest: float = max(process.recv() for process in asked)
    return len(asked) * DECISIONS / longest


def contenders(inputs: list[dict[str, Any]]) -> dict[str, tuple[Evaluate, list[Any]]]:
    """What is measured in this process: the full path, its parts, and both ways of zen-engine.

    Raises:
        SystemExit: where zen-engine decides anything otherwise than we do.
    """
    policy, content = table(), zen_table()
    made = zen.ZenEngine().create_decision(zen.ZenDecisionContent(json.dumps(content)))
    kept = zen.ZenEngine({"loader": {"type": "static", "content": {"table": content}}})
    for facts in inputs:
        ruling = decide(policy, facts)
        for result in (made.evaluate(facts)["result"], kept.evaluate("table", facts)["result"]):
            found = [row["rule"] for row in result]
            outcome = result[0]["outcome"] if result else "defer"
            if found != [rule for rule in (ruling.rule, *ruling.also) if rule] or outcome != ruling.outcome:
                raise SystemExit(f"not the same table: zen-engine says {result}, and we {ruling}, of {facts}")
    encoded = [policy.encode(facts) for facts in inputs]
    ours = engine.engine_for(policy)
    return {
        "full path": (lambda facts: decide(policy, facts), inputs),
        "zen-engine, decision": (made.evaluate, inputs),
        "zen-engine, by key": (lambda facts: kept.evaluate("table", facts), inputs),
        "validation alone": (policy.encode, inputs),
        "interpreter alone": (lambda facts: interpreter.fired(policy, facts), encoded),
        "durable-rules, retracting": (ours.fired, encoded),
        "durable-rules, deleting": (lambda facts: deleting(ours, facts), encoded),
    }


def deleting(ours: engine.Engine, facts: Any) -> None:
    """Evaluate in a session that is deleted afterwards."""
    kept, engine.MOST_RETRACTED = engine.MOST_RETRACTED, 0
    ours.fired(facts)
    engine.MOST_RETRACTED = kept


def measure(rounds: int) -> dict[str, float]:
    """The median rate of each."""
    inputs = [random_facts(seed) for seed in range(DECISIONS)]
    rates = defaultdict(list)
    with processes(2) as (first, second):
        beside = contenders(inputs)
        for _ in range(rounds):
            rates["one process of two"].append(together([first]))
            for name, (evaluate, given) in beside.items():
                rates[name].append(DECISIONS / seconds(evaluate, given))
            rates["two processes of two"].append(together([first, second]))
    return {name: statistics.median(found) for name, found in rates.items()}


def report(rounds: int) -> list[str]:
    """Print rates and ratios; what is less than was promised."""
    rates = measure(rounds)
    one = rates["full path"]
    print(f"12 rules over 20 facts, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {rounds} rounds")
    for name, rate in rates.items():
        print(f"  {name:28}{rate:9,.0f} a second{rate / one:8.2f} times the full path")
    missed = []
    for name, found, promised in (
        ("decisions a second in one process", one, ONE_PROCESS),
        ("two processes beside one", rates["two processes of two"] / rates["one process of two"], TWO_PROCESSES),
        ("beside a zen-engine decision", one / rates["zen-engine, decision"], BESIDE_ZEN),
    ):
        said = f"{name}: {found:,.2f}, promised {promised:,}"
        print(said)
        if found < promised:
            missed.append(said)
    return missed


def main() -> None:
    """Print rates and ratios; exit with 1 where one is less than was promised."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11)
    missed = report(parser.parse_args().rounds)
    for said in missed:
        print(f"MISSED: {said}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()

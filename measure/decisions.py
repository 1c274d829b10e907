"""Decisions a second through the full path, in one process and in two, beside zen-engine on the same table.

    python -m measure.decisions [--rounds 21]

The full path is `rules.decision.decide.decide`: facts validated, durable-rules, the interpreter, the two compared.
Everything is measured in turn, round after round of one run, so that what else the machine does is shared by all;
medians count.

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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import zen

from measure.table import random_facts, table, zen_table
from rules.decision.decide import decide
from rules.evaluators import engine, interpreter

DECISIONS = 2000
"""In a turn."""
ONE_PROCESS = 5000
"""Decisions a second."""
TWO_PROCESSES = 1.7
"""Times the rate of one; or what two processes gain that only count, where the cores are shared with other machines."""
BESIDE_ZEN = 2.0
"""Times the rate of a zen-engine decision."""

Evaluate = Callable[[Any], object]


def seconds(evaluate: Evaluate, inputs: list[Any]) -> float:
    """How long all of them take."""
    began = time.perf_counter()
    for facts in inputs:
        evaluate(facts)
    return time.perf_counter() - began


def count_up(_: Any) -> None:
    """Work that shares nothing with anybody: about as long as a decision."""
    total = 0
    for number in range(1000):
        total += number * number % 7


def serve(asked: Connection) -> None:
    """A process that decides, or only counts, whenever it is asked to, and says how long it took."""
    policy, inputs = table(), [random_facts(seed) for seed in range(DECISIONS)]
    work: dict[str, Evaluate] = {"decide": lambda facts: decide(policy, facts), "count": count_up}
    seconds(work["decide"], inputs)
    while what := asked.recv():
        asked.send(seconds(work[what], inputs))


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
        ours.send(None)
    for process in started:
        process.join()


def together(asked: list[Connection], what: str) -> float:
    """How often they do it a second, all at once."""
    for process in asked:
        process.send(what)
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


Round = dict[str, float]
"""What was done a second, by what it was."""


def measure(rounds: int) -> list[Round]:
    """Everything in turn, round after round."""
    inputs = [random_facts(seed) for seed in range(DECISIONS)]
    found = []
    with processes(2) as both:
        beside = contenders(inputs)
        for _ in range(rounds):
            rates = {name: DECISIONS / seconds(evaluate, given) for name, (evaluate, given) in beside.items()}
            for what in ("decide", "count"):
                rates[f"{what} in one of two"] = together(both[:1], what)
                rates[f"{what} in both of two"] = together(both, what)
            found.append(rates)
    return found


def times(found: list[Round], name: str, other: str) -> float:
    """How many times as often one is done as the other: within a round, since the machine's pace changes."""
    return statistics.median(rates[name] / rates[other] for rates in found)


def report(rounds: int) -> list[str]:
    """Print rates and ratios; what is less than was promised."""
    found = measure(rounds)
    print(f"12 rules over 20 facts, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {rounds} rounds")
    medians = {name: statistics.median(rates[name] for rates in found) for name in found[0]}
    for name, rate in medians.items():
        print(f"  {name:28}{rate:9,.0f} a second{times(found, name, 'full path'):8.2f} times the full path")
    possible = times(found, "count in both of two", "count in one of two")
    print(f"two processes that only count do {possible:.2f} times what one does here")
    missed = []
    for name, is_now, promised in (
        ("decisions a second in one process", medians["full path"], ONE_PROCESS),
        (
            "two processes beside one",
            times(found, "decide in both of two", "decide in one of two"),
            min(TWO_PROCESSES, possible),
        ),
        ("beside a zen-engine decision", times(found, "full path", "zen-engine, decision"), BESIDE_ZEN),
    ):
        said = f"{name}: {is_now:,.2f}, to be {promised:,.2f} or more"
        print(said)
        if is_now < promised:
            missed.append(said)
    return missed


def main() -> None:
    """Print rates and ratios; exit with 1 where one is less than was promised."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=21)
    missed = report(parser.parse_args().rounds)
    for said in missed:
        print(f"MISSED: {said}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()

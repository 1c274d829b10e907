"""How much memory stays behind after many decisions, and after many policies were loaded, decided by and dropped."""

import gc
import os
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from measure.agreement import known_facts
from measure.table import random_facts, table
from rules.decision.decide import decide
from rules.folder import DEFAULT_PROGRAM, load_program, read_folder
from rules.language.policy import Policy, load_policy

CONCLUDING = """\
policy: concluding
version: 1
owner: measure
title: Conclusions that rest on conclusions, and on events
facts:
  deals: {type: count}
  share: {type: ratio}
events:
  visit: {week: {type: count}, moved: {type: flag}}
outcomes: [up, stay]
rules:
  - {id: active, when: {deals: {gte: 1}}, concludes: is_active, because: It has a deal.}
  - {id: seen, when: {sequence: {of: visit, by: week, length: 2}}, concludes: is_active, because: It was visited.}
  - {id: ready, when: {is_active: true, share: {gte: 10%}}, concludes: is_ready, because: It is large enough.}
  - {id: rises, when: {is_ready: true, any: [{deals: {gt: 3}}, {share: 50%}]}, then: up, because: It is ready.}
otherwise: stay
"""
WARM_UP, WARM_UP_PROGRAMS = 3000, 250
"""Decisions, and programs: what is kept on purpose is kept after them, and everything is as large as it becomes."""


def resident() -> int:
    """Bytes of this process that are in memory."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def three_policies() -> list[tuple[Policy, list[dict[str, Any]]]]:
    """One of 12 rules over 20 facts, one with events in a row, one with conclusions; each with facts."""
    checkpoint = DEFAULT_PROGRAM / "policies" / "pilot-checkpoint.yaml"
    others = [load_policy(checkpoint.read_text(), checkpoint.name), load_policy(CONCLUDING, "concluding.yaml")]
    return [
        (table(), [random_facts(seed) for seed in range(30)]),
        *((policy, known_facts(policy, 30, seed=1)) for policy in others),
    ]


def decided(count: int) -> int:
    """Bytes by which the process has grown over so many decisions by three policies, taken in turn."""
    work = [(policy, cycle(facts)) for policy, facts in three_policies()]
    before = 0
    for number, (policy, facts) in enumerate(islice(cycle(work), WARM_UP + count)):
        if number == WARM_UP:
            before = resident()
        decide(policy, next(facts))
    return resident() - before


def reloaded(count: int) -> int:
    """Bytes by which the process has grown after so many programs were read, decided by and dropped.

    Each is the default one with other versions of its policies; each policy decides once with everything known, and
    once with a fact unknown.
    """
    files = read_folder(DEFAULT_PROGRAM).files
    facts: dict[str, dict[str, Any]] = {}
    before = 0
    for number in range(WARM_UP_PROGRAMS + count):
        if number == WARM_UP_PROGRAMS:
            before = resident()
        version = f"version: {number + 2}\n"
        program = load_program({name: text.replace("version: 1\n", version) for name, text in files.items()})
        for name, policy in program.policies.items():
            known = facts.setdefault(name, known_facts(policy, 1, seed=1)[0])
            decide(policy, known)
            decide(policy, {**known, next(iter(policy.facts)): None})
    return resident() - before

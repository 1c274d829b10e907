"""durable-rules, driven so that it is exact: one session for each engine, one evaluation at a time, on the C core.

The documented interface of durable-rules hands rules to background threads and is not safe in a service. This driver
asserts everything, asks for what fires until nothing does, and retracts what it asserted.

Deleting the session after every evaluation gives the same answers and takes longer, by a third with 12 rules and twice
as long with 50: every node's pools are allocated anew. It is still deleted after an evaluation
- in which a rule fired that joins messages: what fired is freed but not forgotten by its messages, and retracting the
  second of them reads and writes past the end of it;
- that was broken off, since its action would keep the next from firing;
- that was large, since the session would keep its memory.
"""

import contextlib
import json
import threading
import weakref
from collections.abc import Iterable
from functools import lru_cache

import durable_rules_engine as core

from rules.evaluators.network import Message, compile_policy
from rules.language.facts import EncodedFacts
from rules.language.policy import Policy

MOST_ENGINES = 64
"""Policies whose engines are kept; building one takes milliseconds."""
MOST_RETRACTED = 64
"""Messages of an evaluation whose session is kept: 9 KiB for each, and what their runs take."""

_SESSION = "e"
"""Sessions are told apart by a 32-bit hash of their id, so there is one id only, and one session at a time."""
_text_of = json.JSONEncoder(separators=(",", ":")).encode


class Engine:
    """One policy in durable-rules. Safe to share between threads."""

    def __init__(self, policy: Policy) -> None:
        """Compile the policy.

        Raises:
            Unfit: where the engine could not run it safely.
        """
        self._network = compile_policy(policy)
        self._lock = threading.Lock()
        self._handle = core.create_ruleset(policy.digest, self._network.document)
        self._joins = {name for name, antecedents in self._network.rules.items() if len(antecedents) > 1}
        self._used = False
        # A session slot that never ran an action cannot be deleted without freeing memory that was never set.
        self._evaluate([self._network.priming()])
        # Closed when nobody uses it any more: an engine that fell out of the cache may still be deciding elsewhere.
        weakref.finalize(self, _close, self._handle).atexit = False

    def fired(self, encoded: EncodedFacts) -> frozenset[str]:
        """The ids of the rules that hold, in whatever order the engine found them.

        Raises:
            FactError: where events combine to more runs than can be followed.
        """
        says = self._network.says
        return frozenset(says[name] for name in self._evaluate(self._network.messages(encoded)) if name in says)

    def _evaluate(self, messages: list[Message]) -> set[str]:
        with self._lock:
            if self._used:
                _delete_session(self._handle)
            self._used = True  # until it is known to be empty, whatever happens and wherever
            fired, asserted = self._run(messages)
            if asserted > MOST_RETRACTED or not self._joins.isdisjoint(fired):
                _delete_session(self._handle)
            else:
                for number in range(asserted):
                    core.retract_fact(self._handle, _ASSERTED[number])
            self._used = False
            return fired

    def _run(self, messages: Iterable[Message]) -> tuple[set[str], int]:
        """The names of the engine's rules that fire, and how many messages were asserted for it."""
        asserted = state = 0
        for message in messages:
            state = self._assert(message, asserted)
            asserted += 1
        fired: set[str] = set()
        held: set[str] = set()
        result = core.start_action_for_state(self._handle, state)
        firing = result and result[1]
        while firing:
            name = firing[2 : firing.index('"', 2)]  # {"name":{...what matched...}}
            fired.add(name)
            derived = self._network.derives.get(name)
            if derived and derived not in held:
                held.add(derived)
                self._assert(self._network.held(derived), asserted)
                asserted += 1
            firing = core.complete_and_start_action(self._handle, state)
        return fired, asserted

    def _assert(self, message: Message, number: int) -> int:
        text = _text_of({**message, "id": f"f{number}", "sid": _SESSION})
        code, state = core.assert_fact(self._handle, text)
        if code not in (0, 1):  # 1: no rule looks at it
            raise RuntimeError(f"durable-rules refused a fact with code {code}: {text}")
        return int(state)


_ASSERTED = [_text_of({"id": f"f{number}", "sid": _SESSION}) for number in range(MOST_RETRACTED)]


def _delete_session(handle: int) -> None:
    with contextlib.suppress(core.error):  # there is no session where nothing could be asserted
        core.delete_state(handle, _SESSION)


def _close(handle: int) -> None:
    _delete_session(handle)  # a ruleset that is deleted does not free its sessions
    core.delete_ruleset(handle)


@lru_cache(maxsize=MOST_ENGINES)
def engine_for(policy: Policy) -> Engine:
    """The engine of a policy, built once for each text."""
    return Engine(policy)

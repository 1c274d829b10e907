"""durable-rules, driven so that it is exact: a session for each evaluation, on the C core, one at a time.

The documented interface of durable-rules hands rules to background threads and is not safe in a service. This driver
asserts everything, then asks for what fires until nothing does, and deletes the session.
"""

import contextlib
import json
import threading
import weakref
from functools import lru_cache

import durable_rules_engine as core

from rules.facts import EncodedFacts
from rules.network import Message, compile_policy
from rules.policy import Policy

MOST_ENGINES = 64
"""Policies whose engines are kept; building one takes milliseconds."""

_SESSION = "e"
"""Sessions are told apart by a 32-bit hash of their id, so there is one id only, and one session at a time."""


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
        # Closed when nobody uses it any more: an engine that fell out of the cache may still be deciding elsewhere.
        weakref.finalize(self, core.delete_ruleset, self._handle).atexit = False
        # A session slot that never ran an action cannot be deleted without freeing memory that was never set.
        self._evaluate([])

    def fired(self, encoded: EncodedFacts) -> frozenset[str]:
        """The ids of the rules that hold, in whatever order the engine found them.

        Raises:
            FactError: where events combine to more runs than can be followed.
        """
        says = self._network.says
        return frozenset(says[name] for name in self._evaluate(self._network.messages(encoded)) if name in says)

    def _evaluate(self, messages: list[Message]) -> set[str]:
        with self._lock:
            try:
                return self._run(messages)
            finally:
                with contextlib.suppress(core.error):  # there is no session where nothing could be asserted
                    core.delete_state(self._handle, _SESSION)

    def _run(self, messages: list[Message]) -> set[str]:
        network = self._network
        for number, message in enumerate([*messages, network.closing()]):
            state = self._assert(message, number)
        fired: set[str] = set()
        held: list[Message] = []
        result = core.start_action_for_state(self._handle, state)
        firing = result and result[1]
        while firing:
            (name,) = json.loads(firing)
            fired.add(name)
            derived = network.held(name)
            if derived and derived not in held:
                held.append(derived)
                self._assert(derived, len(messages) + len(held))
            firing = core.complete_and_start_action(self._handle, state)
        return fired

    def _assert(self, message: Message, number: int) -> int:
        text = json.dumps({**message, "id": f"f{number}", "sid": _SESSION})
        code, state = core.assert_fact(self._handle, text)
        if code not in (0, 1):  # 1: no rule looks at it
            raise RuntimeError(f"durable-rules refused a fact with code {code}: {text}")
        return int(state)


@lru_cache(maxsize=MOST_ENGINES)
def engine_for(policy: Policy) -> Engine:
    """The engine of a policy, built once for each text."""
    return Engine(policy)

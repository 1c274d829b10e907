"""Alerts to the operators: where the evaluators disagree nothing is decided, and somebody has to mend Gatehouse itself.

The activity fails and is tried again, by a release in which it is mended too; nothing is lost meanwhile.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities import letters
from activities.deciding import Undecidable
from program.partner import PartnerId
from rules.decision.decide import Disagreement
from store.database import Store

log = structlog.get_logger("gatehouse.decisions")

DIGITS: Final = 16
"""Of a digest in the key of an alert."""


class Alarm(Interceptor):
    """Watches the activities of a worker for evaluators that disagree."""

    def __init__(self, store: Store, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._now = now

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 -- the SDK's name
        return _Watched(next, self)

    def sound(self, differ: Disagreement, partner: PartnerId | None, about: str) -> None:
        """Say it in the log every time, and tell the operators once, however often the activity is tried.

        The alert has a transaction of its own, since that of the activity is undone. It is one for each policy and
        inputs, whoever else has the same facts.
        """
        policy = differ.policy
        answers = {who: sorted(rules) for who, rules in differ.answers.items()}
        inputs = json.dumps(dict(differ.facts), sort_keys=True, ensure_ascii=False, default=str)
        digest = hashlib.sha256(f"{policy.digest}\n{inputs}".encode()).hexdigest()[:DIGITS]
        log.critical(
            "decision.disagreement",
            policy=policy.policy,
            version=policy.version,
            digest=policy.digest,
            partner=partner,
            about=about,
            facts=inputs,
            answers=answers,
        )
        if partner:
            alert = letters.alert(partner, about, policy, f"operators/{policy.policy}/{digest}", answers, inputs)
            with self._store.write() as tx:
                tx.notices.write(alert, self._now())


class _Watched(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, alarm: Alarm) -> None:
        super().__init__(following)
        self._alarm = alarm

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 -- the SDK's name
        try:
            return await super().execute_activity(input)
        except Undecidable as error:
            occasion = error.occasion
            await asyncio.to_thread(self._alarm.sound, error.differ, occasion.partner, occasion.purpose)
            raise
        except Disagreement as differ:  # not about a decision, but about what a letter says of one
            asked = input.args[0] if input.args else None
            partner, about = getattr(asked, "partner", None), getattr(asked, "purpose", input.fn.__name__)
            await asyncio.to_thread(self._alarm.sound, differ, partner, about)
            raise

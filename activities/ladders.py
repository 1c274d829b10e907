"""The workflows that carry escalations up their ladders: started and ended from what is on record."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from pydantic import BaseModel, ConfigDict
from temporalio import activity
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.ending import Ended
from program.calendar import Clock

ESCALATION_ID: Final = "escalation/{}"
"""The workflow ID of an escalation."""

ESCALATION: Final = "Escalation"
"""The workflow's name."""

END: Final = "end"
"""The signal by which it hears that it is over."""

AT_ONCE: Final = 20
"""Workflows that are started at the same time."""


class Opened(BaseModel):
    """An escalation that begins to climb, and the clock that it goes by."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    clock: Clock


class Openings(BaseModel):
    """Escalations that begin to climb, by their keys: of a thousand of them all else would be too much to carry."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: tuple[str, ...]
    clock: Clock
    over: tuple[Ended, ...] = ()
    """Those whose workflows have to hear that they are over."""


class Ladders:
    """Keeps the workflows of escalations in step with the record."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @activity.defn
    async def start_and_end_ladders(self, openings: Openings) -> int:
        """Start the workflows of some escalations, and end those of others; how many were not started before.

        Not as children of whoever found the stall: they outlive it, and a lifecycle's history need not carry them. Nor
        does that of a sweep, in which all stalls of a quarter may end.
        """
        turns = asyncio.Semaphore(AT_ONCE)

        async def in_turn(key: str, act: Callable[[], Awaitable[bool]]) -> bool:
            async with turns:
                if not activity.info().is_local:
                    activity.heartbeat(key)
                return await act()

        opened = (Opened(key=key, clock=openings.clock) for key in openings.keys)
        started = (in_turn(one.key, partial(self._start, one)) for one in opened)
        ended = (in_turn(one.key, partial(self._end, one)) for one in openings.over)
        return sum(await asyncio.gather(*started, *ended))

    async def _start(self, opened: Opened) -> bool:
        partner, _, condition, *_ = opened.key.split("/")
        try:
            await self._client.start_workflow(
                ESCALATION,
                opened,
                id=ESCALATION_ID.format(opened.key),
                task_queue=activity.info().task_queue,
                # One that was broken off is gone on with; one that came to its end has nothing left to do.
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
                static_summary=f"{partner}: {condition}",
            )
        except WorkflowAlreadyStartedError:
            return False  # by an earlier try, for the same stall, or by somebody who was quick to answer
        return True

    async def _end(self, ended: Ended) -> bool:
        try:
            await self._client.get_workflow_handle(ESCALATION_ID.format(ended.key)).signal(END, ended.note)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
        return False

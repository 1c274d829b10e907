"""Tells escalations that something came in about their partner, for as long as a worker runs."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.ladders import ESCALATION_ID
from store.database import Store

log = structlog.get_logger("gatehouse.escalations")

LOOK_SECONDS: Final = 1.0
"""Between two looks."""

AGAIN_SECONDS: Final = 60.0
"""After which an escalation is told again that has not looked: its worker may have died."""

_AT_A_TIME: Final = 100

LOOK_AGAIN: Final = "look_again"
"""The signal by which an escalation hears of it."""


class Doubts:
    """Whoever records evidence puts escalations in doubt in the same transaction; here their workflows hear of it."""

    def __init__(self, store: Store, client: Client) -> None:
        self._store = store
        self._client = client
        self._told: dict[tuple[str, int], float] = {}
        """When an escalation was told of something that came in."""

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Go on telling until the end."""
        telling = asyncio.create_task(self._go_on())
        try:
            yield
        finally:
            telling.cancel()
            with suppress(asyncio.CancelledError):
                await telling

    async def _go_on(self) -> None:
        while True:
            try:
                await self._tell()
            except Exception as error:  # noqa: BLE001 -- whatever it is, the next look may find it mended
                log.error("escalations.not-told", error=type(error).__name__)  # noqa: TRY400 -- it may be personal
            await asyncio.sleep(LOOK_SECONDS)

    async def _tell(self) -> None:
        doubted = await asyncio.to_thread(self._doubted)
        now = time.monotonic()
        there = doubted.items()
        self._told = {doubt: at for doubt, at in self._told.items() if doubt in there and now - at < AGAIN_SECONDS}
        for doubt in there:
            if doubt not in self._told:
                await self._signal(doubt[0])
                self._told[doubt] = now

    def _doubted(self) -> dict[str, int]:
        with self._store.read() as tx:
            return tx.escalations.doubted(_AT_A_TIME + len(self._told))

    async def _signal(self, key: str) -> None:
        try:
            await self._client.get_workflow_handle(ESCALATION_ID.format(key)).signal(LOOK_AGAIN)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            log.warning("escalation.not-there", key=key)  # the sweep starts it again, if it is still so

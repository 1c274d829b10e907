"""How a workflow has notices delivered."""

import asyncio

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from activities.delivery import Delivery
    from workflows import options


async def deliver(notices: tuple[str, ...]) -> None:
    """Have notices sent at once where that works quickly, which is one event in the history.

    Where it does not, nothing is lost and nothing is waited for: they are in the outbox, and the postman of every
    worker goes on until they are delivered or somebody has to look at them.
    """
    try:
        await workflow.execute_local_activity_method(
            Delivery.deliver,
            notices,
            schedule_to_close_timeout=options.AT_ONCE,
            retry_policy=RetryPolicy(maximum_attempts=1),
            summary=f"{len(notices)} notices",
        )
    except FailureError:  # of a local activity: as it is, not as the cause of an ActivityError
        workflow.logger.info("notices.left-to-the-postman", extra={"notices": len(notices)})


class Deliveries:
    """Notices that are being delivered, however long that takes, while a workflow goes on."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, notices: tuple[str, ...]) -> None:
        """Have some notices delivered."""
        if notices:
            delivery = asyncio.create_task(deliver(notices))
            self._tasks.add(delivery)
            delivery.add_done_callback(self._tasks.discard)

    @property
    def pending(self) -> bool:
        """Whether any are under way: a run must not close before they are through."""
        return bool(self._tasks)

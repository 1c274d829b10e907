"""How a workflow has notices delivered."""

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

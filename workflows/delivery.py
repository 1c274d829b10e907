"""How a workflow has notices delivered."""

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from activities.delivery import Delivery
    from workflows import options


async def deliver(notices: tuple[str, ...]) -> None:
    """Have notices sent: at once where that works quickly, else for as long as it takes.

    Nearly always the first, which is one event in the history, does it. Where it fails, nothing is lost: a notice that
    is not noted as sent is sent by the second.
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
        await workflow.execute_activity_method(
            Delivery.deliver,
            notices,
            start_to_close_timeout=options.THE_ROSTER,
            heartbeat_timeout=options.SIGN_OF_LIFE,
            retry_policy=options.PERSISTENTLY,
            summary=f"{len(notices)} notices, until they are sent",
        )

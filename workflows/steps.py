"""How a workflow has something done about one partner: because it is due, or because somebody asks for it."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast, overload

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

from workflows import options

Given = TypeVar("Given")
Result = TypeVar("Result")


@overload
async def when_due(act: Callable[[Any, Given], Awaitable[Result]], given: Given, summary: str) -> Result: ...
@overload
async def when_due(act: Callable[[Any, Given], Result], given: Given, summary: str) -> Result: ...
async def when_due(act: Callable[[Any, Given], Result | Awaitable[Result]], given: Given, summary: str) -> Result:
    """Have done what the calendar asks for, and try until it works.

    By a local activity, which is one event in the history instead of six: what makes it due, a timer, a signal or the
    start, is in the history already.
    """
    done: Result = await workflow.execute_local_activity_method(
        cast("Callable[[Any, Given], Awaitable[Result]]", act),
        given,
        start_to_close_timeout=options.QUICKLY,
        retry_policy=options.PERSISTENTLY,
        summary=summary,
    )
    return done


@overload
async def when_asked(act: Callable[[Any, Given], Awaitable[Result]], given: Given, summary: str) -> Result: ...
@overload
async def when_asked(act: Callable[[Any, Given], Result], given: Given, summary: str) -> Result: ...
async def when_asked(act: Callable[[Any, Given], Result | Awaitable[Result]], given: Given, summary: str) -> Result:
    """Have done what a person asks for; what is wrong with it is their answer.

    By a regular activity, which starts once the request is in the history: nothing is done for a request that a crash
    makes everybody forget.
    """
    try:
        answer: Result = await workflow.execute_activity_method(
            cast("Callable[[Any, Given], Awaitable[Result]]", act),
            given,
            start_to_close_timeout=options.WHILE_SOMEBODY_WAITS,
            retry_policy=options.FOR_AN_ANSWER,
            summary=summary,
        )
    except ActivityError as error:
        raise refused(reason(error)) from error
    return answer


def refused(message: str) -> ApplicationError:
    """The answer to somebody who asked for what cannot be done."""
    return ApplicationError(message, type="Refused", non_retryable=True)


def reason(error: FailureError) -> str:
    """Why an activity failed. A local one fails with the error itself, a regular one with an error that has a cause."""
    cause = error.cause if isinstance(error, ActivityError) and error.cause else error
    return cause.message if isinstance(cause, FailureError) else str(cause)

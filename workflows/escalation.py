"""An escalation: open until somebody answers, or until what it is about is over."""

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.escalating import ESCALATION, ESCALATION_ID, Acknowledgement, Escalating
    from program.escalation import Escalation, EscalationState
    from workflows import options
    from workflows.messages import Answer
    from workflows.steps import when_asked


@workflow.defn(name=ESCALATION)
class EscalationLadder:
    """One per partner, stage, condition and cycle. The ladder itself comes later: it waits for one answer."""

    @workflow.init
    def __init__(self, escalation: Escalation) -> None:
        self._escalation = escalation

    @workflow.run
    async def run(self, escalation: Escalation) -> Escalation:
        """Wait for an answer or for the end of the stall."""
        workflow.set_current_details(f"Waiting for {escalation.owner}: {escalation.because}")
        await workflow.wait_condition(lambda: self._escalation.state != EscalationState.OPEN)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._escalation

    @workflow.update
    async def acknowledge(self, answer: Answer) -> Escalation:
        """Somebody answers for it; the first answer stays."""
        given = Acknowledgement(key=self._escalation.key, who=answer.who, note=answer.note)
        recorded = await when_asked(Escalating.acknowledge, given, f"{answer.who} answers")
        self._escalation = recorded
        return recorded

    @acknowledge.validator
    def _has_a_name_and_a_note(self, answer: Answer) -> None:
        if not answer.who.strip() or not answer.note.strip():
            raise ValueError("an answer names who gives it and what will be done; pass both")

    @workflow.signal
    def end(self, note: str) -> None:
        """What it was about is over."""
        self._escalation = self._escalation.model_copy(update={"state": EscalationState.ENDED, "note": note})

    @workflow.query
    def state(self) -> Escalation:
        """How it stands."""
        return self._escalation


async def start(found: tuple[Escalation, ...]) -> None:
    """Start the escalations of stalls that were found; one that was started before stays the only one."""
    if found:
        await workflow.execute_activity_method(
            Escalating.start_escalations,
            found,
            start_to_close_timeout=options.A_PAGE,
            heartbeat_timeout=options.SIGN_OF_LIFE,
            retry_policy=options.PERSISTENTLY,
            summary=f"{len(found)} escalations",
        )


async def end(key: str, note: str) -> None:
    """Let an escalation know that what it is about is over; one that is answered needs no telling."""
    try:
        await workflow.get_external_workflow_handle_for(EscalationLadder.run, ESCALATION_ID.format(key)).signal(
            EscalationLadder.end, note
        )
    except ApplicationError:
        workflow.logger.info("escalation.end.already", extra={"escalation": key})

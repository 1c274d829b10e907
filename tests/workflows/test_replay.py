"""Lives that were recorded are replayed: a changed workflow does what those that run were promised, or this fails."""

from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from worker import WORKFLOWS, sandbox
from workflows.messages import Lifecycle, State
from workflows.partner import PartnerLifecycle

HISTORIES = sorted((Path(__file__).parents[1] / "histories").glob("*.json"))


def recorded(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(file.stem, file.read_text())


def kind(file: Path) -> str:
    return recorded(file).events[0].workflow_execution_started_event_attributes.workflow_type.name


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
async def test_a_recorded_life_is_lived_again(file: Path) -> None:
    replayer = Replayer(workflows=WORKFLOWS, workflow_runner=sandbox(), data_converter=pydantic_data_converter)
    await replayer.replay_workflow(recorded(file))


def test_every_workflow_is_among_them_and_they_name_no_machine() -> None:
    names = {workflow._Definition.must_from_class(each).name for each in WORKFLOWS}
    assert {kind(file) for file in HISTORIES} == names
    assert sum(file.stat().st_size for file in HISTORIES) < 600_000
    for file in HISTORIES:
        text = file.read_text()
        assert '"identity":"gatehouse"' in text
        assert '"stackTrace"' not in text


@workflow.defn(name="PartnerLifecycle")
class Hasty(PartnerLifecycle):
    """A lifecycle of another course: it waits before anything else."""

    @workflow.init
    def __init__(self, state: Lifecycle) -> None:
        super().__init__(state)

    @workflow.run
    async def run(self, state: Lifecycle) -> State:
        await workflow.sleep(1)
        return await super().run(state)


async def test_a_changed_lifecycle_does_not_pass() -> None:
    changed = [Hasty if each is PartnerLifecycle else each for each in WORKFLOWS]
    replayer = Replayer(
        workflows=changed, workflow_runner=UnsandboxedWorkflowRunner(), data_converter=pydantic_data_converter
    )
    lives = [file for file in HISTORIES if kind(file) == "PartnerLifecycle"]
    assert lives
    for file in lives:
        with pytest.raises(workflow.NondeterminismError):
            await replayer.replay_workflow(recorded(file))

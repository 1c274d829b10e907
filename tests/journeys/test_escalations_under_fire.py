"""Workers are killed and mail fails while escalations are under way: nobody is forgotten, and nothing told is lost."""

from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.postman import SENDERS
from measure.escalation_faults import weathered
from measure.storm import Plan
from store.database import Store


@pytest.mark.usefixtures("nobodys_temporal")
async def test_every_escalation_is_settled_though_workers_are_killed_and_mail_fails(
    virtual_time: WorkflowEnvironment, store: Store, tmp_path: Path
) -> None:
    plan = Plan(escalations=12, kills=2, lives=(0.5, 2.5), waits=False, patience=120)

    outcome = await weathered(plan, store, virtual_time, tmp_path)

    assert outcome.faults == []
    assert outcome.ended_as.total() == plan.escalations
    assert outcome.tries["failed"], "half of the connections should have failed"
    assert outcome.duplicates <= plan.kills * SENDERS, "what a worker had in hand when it died, at most"

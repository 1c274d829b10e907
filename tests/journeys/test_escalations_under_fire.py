"""Workers are killed and mail fails while escalations are under way: nobody is forgotten, and nothing told is lost."""

from pathlib import Path

from activities.postman import SENDERS
from measure.escalation_faults import a_temporal, weathered
from measure.storm import Plan
from store.database import Store


async def test_every_escalation_is_settled_though_workers_are_killed_and_mail_fails(
    store: Store, tmp_path: Path
) -> None:
    plan = Plan(escalations=12, kills=3, lives=(0.5, 2.5), waits=False, patience=40)

    async with a_temporal() as env:  # of its own: how much a server has to do with what others left is not ours to try
        outcome = await weathered(plan, store, env, tmp_path)

    assert outcome.faults == []
    assert outcome.ended_as.total() == plan.escalations
    assert outcome.tries["failed"], "half of the connections should have failed"
    assert outcome.duplicates <= plan.kills * SENDERS, "what a worker had in hand when it died, at most"

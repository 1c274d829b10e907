"""Real processes, killed at the worst moments: every lifecycle goes on, nothing is lost, nothing is done twice."""

import asyncio
import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from temporalio.client import WorkflowExecutionStatus

from console import sample
from program.notice import NoticeState
from program.partner import Stage
from rules.folder import LoadedProgram
from tests.service import PATIENCE, Service, a_service


async def test_a_roster_survives_kills_of_worker_server_and_service(
    tmp_path: Path, default_program: LoadedProgram
) -> None:
    with a_service(tmp_path) as service:
        service.until(lambda: service.decided >= 1)
        service.kill("worker")
        service.until(lambda: service.decided >= 8)
        service.kill("worker", "Temporal")
        service.until(lambda: service.decided >= 14)
        service.kill("up", "worker", "Temporal")
        service.start()
        service.until(lambda: service.loaded)
        partners = sample.make(default_program.program, _day(tmp_path))
        service.until(lambda: _verdicts_due(service, partners) == _verdicts_given(service))
        service.until(lambda: not _undelivered(service))

        _each_decision_is_there_once(service, partners)
        await _each_lifecycle_goes_on(service)


def _day(home: Path) -> date:
    return date.fromisoformat(json.loads((home / "sample.json").read_text())["day"])


def _verdicts_due(service: Service, partners: list[sample.Sample]) -> set[str]:
    due = _day(service.home) - timedelta(days=60)
    return {s.partner.id for s in partners if s.pilot_since and s.pilot_since <= due}


def _verdicts_given(service: Service) -> set[str]:
    with service.store.read() as tx:
        return {decision.partner for _, decision in tx.decisions.listed(policy="pilot-verdict")}


def _undelivered(service: Service) -> int:
    """How many notices are due still, but for those that the team's quiet hours hold."""
    now = datetime.now(UTC)
    with service.store.read() as tx:
        due = tx.notices.listed([NoticeState.DUE])
    return sum(posting.due_at is None or posting.tries > 0 or posting.due_at <= now for posting in due)


def _each_decision_is_there_once(service: Service, partners: list[sample.Sample]) -> None:
    with service.store.read() as tx:
        decisions = [decision for _, decision in tx.decisions.listed()]
        moves = {s.partner.id: tx.partners.moves(s.partner.id) for s in partners}
        stages = {s.partner.id: tx.partners.get(s.partner.id).stage for s in partners}
    by_policy = Counter((d.partner, d.policy) for d in decisions)
    assert set(by_policy.values()) == {1}, "each partner of the sample is decided on once"
    scored = {s.partner.id for s in partners if s.scorecard}
    assert {d.partner for d in decisions if d.policy == "qualification"} == scored
    for sampled in partners:
        partner = sampled.partner.id
        if not sampled.applies:
            assert stages[partner] == Stage.PROSPECT
            assert not moves[partner]
        else:
            assert stages[partner] != Stage.PROSPECT
            assert len(moves[partner]) == len(set(moves[partner]))


async def _each_lifecycle_goes_on(service: Service) -> None:
    client = await service.client()
    with service.store.read() as tx:
        roster = tx.partners.roster()
    for standing in roster:
        handle = client.get_workflow_handle(f"partner/{standing.partner.id}")
        if standing.stage == Stage.PROSPECT:
            continue
        ended = standing.stage in {Stage.DECLINED, Stage.EXITED}
        if ended:  # it notes that its letter is delivered, and ends
            await asyncio.wait_for(handle.result(), PATIENCE)
        wanted = WorkflowExecutionStatus.COMPLETED if ended else WorkflowExecutionStatus.RUNNING
        status = (await handle.describe()).status
        assert status == wanted, f"{standing.partner.id} is {standing.stage}, its lifecycle {status}"

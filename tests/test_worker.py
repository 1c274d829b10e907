"""The worker as a process: how it starts, stops and speaks."""

import asyncio
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from activities.roster import LIFECYCLE_ID
from operations.acts import Operations
from program.errors import Refused
from program.partner import Stage
from rules.folder import DEFAULT_PROGRAM, LoadedProgram
from settings import Settings, TemporalSettings
from store.database import Store
from tests.world import a_partner, a_scorecard, changed_program, eventually, unhurried
from worker import _tls, first_program, run

TASK_QUEUE = "a-worker-of-its-own"


def environment(address: str, store: Store) -> dict[str, str]:
    return {
        "GATEHOUSE_TEMPORAL_ADDRESS": address,
        "GATEHOUSE_TEMPORAL_TASK_QUEUE": TASK_QUEUE,
        "GATEHOUSE_DATABASE_URL": str(store),
        "GATEHOUSE_LOG_FORMAT": "json",
    }


@contextmanager
def a_worker(address: str, store: Store, log: Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "worker"], env={**os.environ, **environment(address, store), **more}, stderr=file
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def events(log: Path) -> list[str]:
    return [str(json.loads(line)["event"]) for line in log.read_text().splitlines()]


async def until_said(log: Path, event: str) -> None:
    deadline = time.monotonic() + 30
    while event not in (said := events(log)):
        assert time.monotonic() < deadline, said
        await asyncio.sleep(0.05)


async def test_a_worker_told_to_stop_finishes_what_it_has_begun(
    virtual_time: WorkflowEnvironment,
    nobodys_temporal: Client,
    store: Store,
    default_program: LoadedProgram,
    tmp_path: Path,
) -> None:
    log = tmp_path / "worker.log"
    operations = Operations(store, unhurried(virtual_time), TASK_QUEUE, default_program.program.clock)
    partner = a_partner("Stopped Midway")
    operations.record_partners([partner])

    async def it_has_begun() -> bool:
        lifecycle = virtual_time.client.get_workflow_handle(LIFECYCLE_ID.format(partner.id))
        under_way = (await lifecycle.describe()).raw_description.pending_activities
        return any(one.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED for one in under_way)

    with a_worker(nobodys_temporal.service_client.config.target_host, store, log) as worker:
        await until_said(log, "worker.ready")
        await operations.apply(partner.id)
        with closing(sqlite3.connect(str(store).removeprefix("sqlite:///"), isolation_level=None)) as in_the_way:
            in_the_way.execute("BEGIN IMMEDIATE")
            deciding = asyncio.create_task(operations.submit_scorecard(partner.id, a_scorecard()))
            await eventually(it_has_begun)
            worker.send_signal(signal.SIGTERM)
            await until_said(log, "worker.stopping")
            await asyncio.sleep(0.3)
            assert worker.poll() is None, "the worker went away from what it had begun"
            in_the_way.execute("ROLLBACK")
        assert await asyncio.to_thread(worker.wait, 30) == 0
        deciding.cancel()
    with store.read() as tx:
        assert [d.ruling.outcome for _, d in tx.decisions.listed(partner=partner.id)] == ["sign"]
        assert tx.partners.get(partner.id).stage == Stage.PILOT
    assert events(log)[-1] == "worker.stopped"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"GATEHOUSE_TEMPORAL_ADDRESS": "127.0.0.1:1"}, "Temporal does not answer at 127.0.0.1:1"),
        ({"GATEHOUSE_DATABASE_URL": "sqlite:////nowhere/gatehouse.db"}, "there is no database"),
        ({"GATEHOUSE_PROGRAM": "/nowhere"}, "/nowhere holds no program.yaml"),
        ({"GATEHOUSE_SMTP_URL": "smtp://me:s3cret@host"}, "GATEHOUSE_SMTP_URL is set and GATEHOUSE_MAIL_FROM is not"),
        ({"GATEHOUSE_SLACK_URL": "http://hooks.example.com/s3cret"}, "GATEHOUSE_SLACK_URL: http would show hooks."),
    ],
)
async def test_a_worker_that_cannot_work_says_why(
    store: Store, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], said: str
) -> None:
    for name, value in {**environment("127.0.0.1:1", store), **settings}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Refused, match=re.escape(said)) as refused:
        await run(Settings(), asyncio.Event())
    assert "s3cret" not in str(refused.value)


def test_a_worker_that_cannot_work_says_so_in_one_line_and_ends(store: Store, tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    with a_worker("127.0.0.1:1", store, log, GATEHOUSE_SLACK_URL="http://hooks.example.com/s3cret") as worker:
        assert worker.wait(60) == 1
    (line,) = log.read_text().splitlines()
    assert json.loads(line)["reason"].startswith("GATEHOUSE_SLACK_URL: http would show hooks.")
    assert "s3cret" not in line


async def test_a_worker_begins_with_its_program_once_and_from_then_on_with_what_is_published(
    nobodys_temporal: Client, store: Store, default_program: LoadedProgram, tmp_path: Path
) -> None:
    log, other = tmp_path / "worker.log", tmp_path / "other"
    for name, text in changed_program(default_program).files.items():
        (other / name).parent.mkdir(parents=True, exist_ok=True)
        (other / name).write_text(text)
    with a_worker(nobodys_temporal.service_client.config.target_host, store, log):
        await until_said(log, "worker.ready")

    (ready,) = map(json.loads, log.read_text().splitlines())
    assert (ready["event"], ready["program"]) == ("worker.ready", 1)
    with store.read() as tx:
        (published,) = tx.programs.listed()
        assert tx.programs.cases(published.digest).keys() == {f"cases/{n}.yaml" for n in default_program.policies}
    assert (published.version, published.digest) == (1, default_program.digest)
    assert (published.published_by, published.note) == ("worker", "first start")
    with capture_logs() as logged:
        assert [first_program(store, folder) for folder in (DEFAULT_PROGRAM, other, tmp_path / "nowhere")] == [None] * 3
    changed, missing = logged
    assert changed["event"] == "program.not-published"
    assert changed["advice"].startswith(f"gatehouse program publish {other} --effective")
    assert missing["event"] == "program.not-read"
    assert "holds no program.yaml" in missing["reason"]


def test_temporal_is_spoken_to_with_tls_where_the_settings_say_so(tmp_path: Path) -> None:
    assert _tls(TemporalSettings()) is False
    assert _tls(TemporalSettings(tls=True)) is True
    assert _tls(TemporalSettings(api_key=SecretStr("key"))) is True
    certificate = tmp_path / "ca.pem"
    certificate.write_bytes(b"a certificate")
    tls = _tls(TemporalSettings(tls_server_ca=certificate))
    assert not isinstance(tls, bool)
    assert tls.server_root_ca_cert == b"a certificate"

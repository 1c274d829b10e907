"""Letters on their way: by a real mail server that is not always in the mood, and a worker that is killed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.sending import LEASE
from notifications.configuration import Addresses, channels
from operations.acts import Operations
from program.notice import NoticeState
from program.partner import Partner, Stage
from program.person import Person
from rules.folder import LoadedProgram
from store.database import Store
from tests.mail_server import MailServer, Receiver, until
from tests.service import a_service
from tests.world import World, a_partner, a_scorecard
from workflows.messages import Sweep
from workflows.sweep import StallSweep

SENDER = "Partner team <partners@ours.example>"


@asynccontextmanager
async def at_work(
    env: WorkflowEnvironment, store: Store, program: LoadedProgram, given: Addresses
) -> AsyncIterator[World]:
    world = World(env, store, program, date(2017, 3, 1))
    world.ways = channels(given)
    async with world.at_work():
        yield world


async def arrived(server: MailServer, count: int) -> None:
    await asyncio.to_thread(until, lambda: len(server.mails) >= count)


@pytest.mark.usefixtures("promptly")
async def test_a_declined_applicant_reads_why_though_the_mail_server_refused_twice(
    virtual_time: WorkflowEnvironment, store: Store, default_program: LoadedProgram
) -> None:
    with MailServer().serving() as server:
        given = Addresses(smtp=f"smtp://127.0.0.1:{server.port}", mail_from=SENDER)
        async with at_work(virtual_time, store, default_program, given) as world:
            server.moods = ["rcpt 451 4.7.1 come back later", "drop"]
            partner = await world.applied("Acme")
            world.operations.record_partners([with_email(world, partner)])
            ruled = await world.operations.submit_scorecard(partner, a_scorecard(market=2))
            assert ruled.stage == Stage.DECLINED
            await arrived(server, 1)

            def is_noted() -> bool:
                with store.read() as tx:
                    return [p.state for p in tx.notices.listed()] == [NoticeState.DELIVERED]

            await asyncio.to_thread(until, is_noted)
            [mail] = server.mails
            assert mail["To"].addresses[0].addr_spec == "post@acme.example"
            assert mail["Subject"] == "Your application to our partner program"
            text, html = (part.get_content() for part in mail.iter_parts())
            assert ruled.ruling.because in text
            assert ruled.ruling.because in html
            with store.read() as tx:
                [posting] = tx.notices.listed()
                tries = [(a.address, a.outcome, a.reason) for a in tx.notices.attempts(posting.notice.key)]
            assert [outcome for _, outcome, _ in tries] == ["failed", "failed", "sent"]
            assert "451 4.7.1 come back later" in tries[0][2]
            assert posting.tries == 3


def with_email(world: World, partner: str) -> Partner:
    return world.standing(partner).partner.model_copy(update={"email": "post@acme.example"})


async def test_an_owner_reads_of_a_stall_in_slack_when_there_is_no_mail_for_them(
    virtual_time: WorkflowEnvironment, store: Store, default_program: LoadedProgram
) -> None:
    with MailServer().serving() as server, Receiver().serving() as slack:
        given = Addresses(
            smtp=f"smtp://127.0.0.1:{server.port}",
            mail_from=SENDER,
            slack=f"http://127.0.0.1:{slack.port}/services/x",
            allowed=["127.0.0.1"],
        )
        async with at_work(virtual_time, store, default_program, given) as world:
            partner = await world.stalled("Acme")
            await world.until(partner, date(2017, 3, 2))
            [stall] = world.escalations(partner)
            await asyncio.to_thread(until, lambda: len(slack.posts) == 1)
            assert b"For Ada Owner" in slack.posts[0][2]
            assert stall.key.encode() in slack.posts[0][2]
            assert server.mails == []

            world.operations.record_people([Person(name="Ada Owner", email="ada@ours.example")])
            partner = await world.stalled("Bolt")
            await world.until(partner, date(2017, 3, 2))
            await arrived(server, 1)
            assert server.mails[0]["To"].addresses[0].addr_spec == "ada@ours.example"
            assert len(slack.posts) == 1, "one channel that takes it is enough"


async def test_a_worker_killed_between_sending_and_noting_it_sends_again_under_the_same_id(
    tmp_path: Path, default_program: LoadedProgram
) -> None:
    with MailServer().serving() as server:
        server.hold = 300
        settings = {"GATEHOUSE_SMTP_URL": f"smtp://127.0.0.1:{server.port}", "GATEHOUSE_MAIL_FROM": SENDER}
        with a_service(tmp_path, "--no-sample", **settings) as service:
            service.until(lambda: service.says("The worker is ready"))
            client = await service.client()
            operations = Operations(service.store, client, "gatehouse", default_program.program.clock)
            acme = a_partner("Acme").model_copy(update={"email": "post@acme.example"})
            operations.record_partners([acme])
            await operations.apply(acme.id)
            submitted = asyncio.create_task(operations.submit_scorecard(acme.id, a_scorecard(market=2)))
            assert await asyncio.to_thread(server.held.wait, 30), "the letter never came"

            service.kill("worker")  # the mail server has it, and nobody has heard so
            server.hold = 0
            assert (await submitted).stage == Stage.DECLINED
            with service.store.write() as tx:
                [left_behind] = tx.notices.listed()
                assert left_behind.due_at
                assert left_behind.due_at - datetime.now(UTC) <= LEASE, "it belongs to the dead for a while"
                tx.notices.postpone(left_behind.notice.key, datetime.now(UTC))  # which is over
            await asyncio.to_thread(until, lambda: len(server.mails) == 2)

            def is_noted() -> bool:
                with service.store.read() as tx:
                    return [p.state for p in tx.notices.listed()] == [NoticeState.DELIVERED]

            service.until(is_noted)
            first, second = server.mails
            assert first["Message-ID"] == second["Message-ID"]
            assert first["To"] == second["To"]
            with service.store.read() as tx:
                [posting] = tx.notices.listed()
                assert posting.delivered_at is not None
                assert posting.delivered_at < datetime.now(UTC)
                assert len(tx.notices.attempts(posting.notice.key)) == 1


async def test_partners_that_stall_at_once_come_in_one_letter(
    virtual_time: WorkflowEnvironment, store: Store, default_program: LoadedProgram
) -> None:
    with MailServer().serving() as server:
        given = Addresses(smtp=f"smtp://127.0.0.1:{server.port}", mail_from=SENDER)
        async with at_work(virtual_time, store, default_program, given) as world:
            world.operations.record_people([Person(name="Ada Owner", email="ada@ours.example")])
            partners = [world.knows(f"P{number}") for number in range(6)]
            with store.write() as tx:
                for partner in partners:
                    tx.partners.applies(partner, 1)
                    tx.partners.move(partner, "applied", Stage.APPLIED, world.first_day, "Applied.", datetime.now(UTC))
            clock = world.on(date(2017, 4, 3)).clock
            swept = await world.client.execute_workflow(
                StallSweep.run, Sweep(clock=clock), id=f"sweep-{partners[0]}", task_queue=world.task_queue
            )
            assert swept.stalled == 6
            await arrived(server, 1)

            [mail] = server.mails
            text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
            stalls = [world.escalations(partner)[0].key for partner in partners]
            assert all(f"gatehouse escalations show {key}" in text for key in stalls)
            assert mail["Subject"] == "6 escalations wait for you"

            def are_noted() -> bool:
                with store.read() as tx:
                    return all(tx.notices.get(f"{key}/opened").delivered_at for key in stalls)

            await asyncio.to_thread(until, are_noted)

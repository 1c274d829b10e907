"""How long it takes until everybody has heard of 1,000 stalls that one sweep finds.

    python -m measure.stalls [--partners 1000] [--owners 20] [--postgres]

A Temporal server that keeps its state in a file, a worker with its postman, SQLite (or a PostgreSQL of its own), and a
mail server on loopback that keeps what it gets. Quiet hours are left out, or it would take until the morning. The clock
runs from the start of the sweep until every notice is delivered, by itself or in a digest.
"""

import argparse
import asyncio
import re
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from temporalio.client import Client

from embedded import free_port, start_temporal
from measure.database import a_database
from notifications.configuration import Addresses, channels
from operations.publishing import publish_first
from program.escalation import EscalationState
from program.notice import DIGEST, NoticeState, Posting
from program.partner import Partner, PartnerType, Stage
from program.person import Person
from rules.folder import DEFAULT_PROGRAM, read_folder
from settings import TemporalSettings
from store.database import Store
from tests.world import at_any_hour
from worker import assemble, connect, declare_search_attributes
from workflows.messages import Sweep
from workflows.sweep import StallSweep

TARGET_SECONDS: Final = 120
GIVE_UP_SECONDS: Final = 600
TASK_QUEUE: Final = "measure"

_OPENS: Final = re.compile(r"gatehouse escalations (?:show|ack) (\S+?)[`\s]")


class Mailbox:
    """Takes every mail."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802 -- as aiosmtpd calls it
        assert isinstance(envelope.original_content, bytes)
        mail = message_from_bytes(envelope.original_content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"

    @contextmanager
    def serving(self) -> Iterator[int]:
        """Serve on loopback; the port."""
        port = free_port()
        controller = Controller(self, hostname="127.0.0.1", port=port)
        controller.start()
        try:
            yield port
        finally:
            controller.stop()

    def named(self) -> Counter[str]:
        """In how many mails each escalation is named."""
        bodies = [mail.get_body(("plain",)) for mail in self.mails]
        return Counter(key for body in bodies if body for key in set(_OPENS.findall(body.get_content())))


@contextmanager
def a_store(*, on_postgres: bool) -> Iterator[Store]:
    """An empty database."""
    with a_database(on_postgres=on_postgres) as url:
        store = Store(url)
        store.migrate()
        yield store
        store.close()


def fill(store: Store, partners: int, owners: int) -> None:
    """Partners that were active in the entry tier for a year, and brought nothing; their owners have addresses."""
    now = datetime.now(UTC)
    program = at_any_hour(read_folder(DEFAULT_PROGRAM))
    publish_first(store, program, now.date() - timedelta(days=400), now)
    roster = [
        Partner(
            id=f"partner-{number}",
            name=f"Partner {number}",
            type=PartnerType.RESELL,
            region="North",
            owner=f"Owner {number % owners}",
            owner_manager="Max Lead",
        )
        for number in range(partners)
    ]
    since = now.date() - timedelta(days=365)
    with store.write() as tx:
        tx.partners.add(roster, now)
        tx.people.record(Person(name=f"Owner {n}", email=f"owner-{n}@example.com") for n in range(owners))
        for partner in roster:
            tx.partners.applies(partner.id, 1)
            tx.partners.move(partner.id, "pilot", Stage.PILOT, since, "Taken over.", now)
            tx.partners.move(partner.id, "active", Stage.ACTIVE, since, "Expanded.", now, tier="growth")


@asynccontextmanager
async def at_work(store: Store, port: int) -> AsyncIterator[Client]:
    """A worker, with a Temporal server of its own."""
    given = Addresses(
        smtp=f"smtp://127.0.0.1:{port}", mail_from="Partner team <partners@example.com>", allowed=("127.0.0.1",)
    )
    with tempfile.TemporaryDirectory() as folder:
        server = await start_temporal(database=Path(folder) / "temporal.db", log=asyncio.subprocess.DEVNULL)
        try:
            client = await connect(TemporalSettings(), server.address, server.namespace)
            await declare_search_attributes(client)
            async with assemble(client, store, TASK_QUEUE, ways=channels(given)):
                yield client
        finally:
            await server.process.stop()


def outbox(store: Store) -> list[Posting]:
    with store.read() as tx:
        return tx.notices.listed()


async def everything_is_delivered(store: Store) -> None:
    """Wait until all that was written is delivered."""
    async with asyncio.timeout(GIVE_UP_SECONDS):
        while not all(posting.delivered_at for posting in await asyncio.to_thread(outbox, store)):  # noqa: ASYNC110 -- nobody tells
            await asyncio.sleep(0.5)


async def main() -> None:
    """Have a roster stall in one sweep, and print what came of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--partners", type=int, default=1000)
    parser.add_argument("--owners", type=int, default=20)
    parser.add_argument("--postgres", action="store_true")
    asked = parser.parse_args()
    mailbox = Mailbox()
    with a_store(on_postgres=asked.postgres) as store, mailbox.serving() as port:
        fill(store, asked.partners, asked.owners)
        clock = read_folder(DEFAULT_PROGRAM).program.clock
        async with at_work(store, port) as client:
            began = datetime.now(UTC)
            await client.execute_workflow(StallSweep.run, Sweep(clock=clock), id="stall-sweep", task_queue=TASK_QUEUE)
            swept = datetime.now(UTC)
            await everything_is_delivered(store)
        tell(store, mailbox, began, swept)


def tell(store: Store, mailbox: Mailbox, began: datetime, swept: datetime) -> None:
    """Print how long it took and what arrived."""
    postings = outbox(store)
    delivered = max(posting.delivered_at for posting in postings if posting.delivered_at) - began
    told = [posting for posting in postings if posting.notice.kind != DIGEST]
    with store.read() as tx:
        opened = tx.escalations.listed(states=EscalationState)
    by = Counter(posting.state for posting in told)
    mails = Counter(str(mail["Message-ID"]) for mail in mailbox.mails)
    people = {str(mail["To"]) for mail in mailbox.mails}
    named = mailbox.named()
    for took, until in (
        (delivered, f"every notice was delivered (at most {TARGET_SECONDS} s)"),
        (swept - began, "the sweep was over: decided, recorded, and a workflow started for each"),
    ):
        print(f"{took.total_seconds():>7.1f} s until {until}")
    for count, what in (
        (len(opened), f"escalations opened, {sum(one.delivered_at is not None for one in told)} notices delivered"),
        (by[NoticeState.BUNDLED], f"in {len(postings) - len(told)} digests, {by[NoticeState.DELIVERED]} by themselves"),
        (len(mailbox.mails), f"mails to {len(people)} people"),
        (sum(mails.values()) - len(mails), "mails that came twice"),
        (sum(times > 1 for times in named.values()), "escalations in more than one mail"),
        (sum(one.key not in named for one in opened), "escalations in no mail by name"),
    ):
        print(f"{count:>9} {what}")


if __name__ == "__main__":
    asyncio.run(main())

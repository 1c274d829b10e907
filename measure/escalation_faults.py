"""Whether anything of 200 escalations is lost while the worker is killed 20 times and every other mail fails.

    python -m measure.escalation_faults [--escalations 200] [--kills 20] [--digest-from 999] [--seed 1] [--postgres]

A Temporal server that skips time, so that ladders climb through their business days in seconds; a worker process that
is killed with -9 at random moments and started anew; SQLite or PostgreSQL; a mail server that refuses, drops or stalls
half of the connections. Meanwhile a third of the escalations is answered, mostly with promises that nothing follows, a
few are delegated, and some end. Then the mail server recovers and one last worker goes on. At the end every escalation
has to be answered, over, or on the program lead's list, and every message that was due has to have arrived.

What fails has not been taken by the mail server: of a message that it took and did not confirm nobody can know, and it
would be sent again whatever a sender does. So what comes twice here is what kills bring about.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from temporalio.client import WorkflowExecutionStatus
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from embedded import TEMPORAL
from measure.database import a_database
from measure.storm import DOMAIN, ENDS, Fate, Plan, Storm, drawn, open_stalls, the_program
from notifications.mail import message_id
from program.escalation import Escalation, EscalationState
from program.notice import NoticeState, Posting
from store.database import Store
from tests.mail_server import MailServer
from workflows.escalation import EscalationLadder
from workflows.messages import SEARCH_ATTRIBUTES

MOST_DUPLICATES: Final = 0.05
MOST_LOOKS: Final = 40


@dataclass
class Outcome:
    """What came of it, and what should not have."""

    ended_as: Counter[str]
    notices: Counter[str]
    tries: Counter[str]
    mails: int
    duplicates: int
    refused: int
    """Acts that did not apply any more, or were done already when they were repeated."""
    faults: list[str]

    @property
    def share(self) -> float:
        """Of mails that had come before."""
        return self.duplicates / self.mails if self.mails else 0.0


async def outcome(storm: Storm, fates: dict[str, Fate]) -> Outcome:
    """How each escalation ended, and what arrived."""
    with storm.store.read() as tx:
        escalations = tx.escalations.listed(states=EscalationState)
        postings = tx.notices.listed()
        tries = Counter(a.outcome.value for p in postings for a in tx.notices.attempts(p.notice.key))
    ids = Counter(storm.mail.ids)
    return Outcome(
        ended_as=Counter(f"{fates[e.key]}: {e.state}" for e in escalations),
        notices=Counter(posting.state.value for posting in postings),
        tries=tries,
        mails=ids.total(),
        duplicates=ids.total() - len(ids),
        refused=storm.refused,
        faults=[fault for e in escalations for fault in await _faults_of(storm, e, fates[e.key])]
        + _lost(postings, ids),
    )


async def _faults_of(storm: Storm, escalation: Escalation, fate: Fate) -> list[str]:
    """What is wrong with how an escalation ended, and stays so: what is on record is a moment ahead of its workflow."""
    for _ in range(MOST_LOOKS):
        faults = await _differs(storm, escalation, fate)
        if not faults:
            break
        await asyncio.sleep(0.5)
    return faults


async def _differs(storm: Storm, escalation: Escalation, fate: Fate) -> list[str]:
    """What is wrong with how an escalation ended: on record, in its workflow, or between the two."""
    ladder = storm.ladder(escalation)
    status, state = (await ladder.describe()).status, await ladder.query(EscalationLadder.state)
    over = escalation.state == EscalationState.ENDED
    wanted = WorkflowExecutionStatus.COMPLETED if over else WorkflowExecutionStatus.RUNNING
    faults = []
    if escalation.state != ENDS.get(fate, EscalationState.UNANSWERED):
        faults.append(f"is {escalation.state}: {fate}")
    if status != wanted:
        faults.append(f"is {escalation.state} while its workflow is {status.name if status else 'nowhere'}")
    if state is None or state.state != escalation.state or (not over and state != escalation):
        faults.append(f"is otherwise in its workflow: {state!r}")
    return [f"{escalation.key} {fault}" for fault in faults]


def _lost(postings: Sequence[Posting], ids: Counter[str]) -> list[str]:
    """What did not arrive although it was due, and what arrived although something else tells it."""
    told = {message_id(p.notice.key, DOMAIN) for p in postings if p.state == NoticeState.DELIVERED}
    # What was over before it could be sent is not missed; a try that failed may have reached somebody all the same.
    past = [p for p in postings if p.state == NoticeState.SUPERSEDED]
    lost = [f"{p.notice.key} is {p.state}: {p.reason}" for p in postings if not (p.delivered_at or p in past)]
    if told - ids.keys():
        lost.append(f"{len(told - ids.keys())} notices were delivered and did not arrive")
    others = ids.keys() - told - {message_id(p.notice.key, DOMAIN) for p in past}
    if others:
        lost.append(f"{len(others)} mails tell what others tell")
    return lost


@asynccontextmanager
async def a_temporal() -> AsyncIterator[WorkflowEnvironment]:
    """A Temporal server that skips time."""
    async with await WorkflowEnvironment.start_time_skipping_v2(
        dev_server_existing_path=str(TEMPORAL),
        data_converter=pydantic_data_converter,
        search_attributes=list(SEARCH_ATTRIBUTES),
        dev_server_log_level="error",
        dev_server_extra_args=[
            *("--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true"),
            *("--dynamic-config-value", 'history.timerProcessorMaxTimeShift="100ms"'),
        ],
    ) as env:
        yield env


async def weathered(plan: Plan, store: Store, env: WorkflowEnvironment, folder: Path) -> Outcome:
    """Have a storm go over some escalations, let it clear up, and look at what came of them."""
    program, dice = the_program(plan.digest_from), random.Random(plan.seed)  # noqa: S311 -- to try, not to keep a secret
    escalations = open_stalls(store, program, plan.escalations)
    fates = drawn(escalations, dice)
    with MailServer().serving() as mail:
        storm = Storm(env, store, program, mail, folder, plan, dice)
        mail.weather = storm.weather
        happening = asyncio.gather(*(storm.befalls(e, fates[e.key]) for e in escalations))
        await storm.kill_workers()
        mail.clears_up()
        if not plan.waits:
            storm.hand_on()
        async with storm.a_worker():
            await happening
            await storm.settles(fates)
            return await outcome(storm, fates)


async def main() -> None:
    """Have the storm, and print what came of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--escalations", type=int, default=Plan.escalations)
    parser.add_argument("--kills", type=int, default=Plan.kills)
    parser.add_argument("--digest-from", type=int, default=Plan.digest_from)
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--postgres", action="store_true")
    asked = vars(parser.parse_args())
    on_postgres = asked.pop("postgres")
    plan, began = Plan(**asked), time.monotonic()
    with a_database(on_postgres=on_postgres) as url, tempfile.TemporaryDirectory(prefix="gatehouse-") as name:
        folder, store = Path(name), Store(url)
        store.migrate()
        async with a_temporal() as env:
            outcome = await weathered(plan, store, env, folder)
        store.close()
    tell(plan, outcome, time.monotonic() - began)


def tell(plan: Plan, outcome: Outcome, seconds: float) -> None:
    """Print what came of it.

    Raises:
        SystemExit: where something should not have come of it.
    """
    print(f"{plan.escalations} escalations, {plan.kills} workers killed, seed {plan.seed}, {seconds:.0f} s")
    for what, count in sorted(outcome.ended_as.items()):
        print(f"{count:>7} {what}")
    for what, counted in (("notices", outcome.notices), ("tries", outcome.tries)):
        print(f"{counted.total():>7} {what}: " + ", ".join(f"{n} {name}" for name, n in counted.most_common()))
    print(f"{outcome.mails:>7} mails arrived, {outcome.duplicates} of them again ({outcome.share:.1%}), by the same ID")
    print(f"{outcome.refused:>7} acts came too late, or were done when they were repeated")
    for fault in outcome.faults:
        print(f"  FAULT {fault}")
    if outcome.faults or outcome.share > MOST_DUPLICATES:
        raise SystemExit(1)


if __name__ == "__main__":
    asyncio.run(main())

"""Sending one notice: it is taken up, tried by one channel after the other, and what came of it is noted."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from activities.deciding import Shelf
from activities.digest import gathered
from activities.letters import channel_down
from activities.meanwhile import as_it_stands
from notifications import patience
from notifications.channel import Channel, Message, NotSent, Permanent, Recipient, Temporary
from notifications.deadline import SEND_SECONDS
from notifications.letters import Letters
from notifications.line import Line
from program.definition import Program
from program.notice import Attempt, Audience, ChannelName, Notice, NoticeRules, Outcome
from program.partner import Partner
from program.person import Person, in_shell
from rules.folder import LoadedProgram
from store.database import Store, Transaction
from store.notices import Claimed

log = structlog.get_logger("gatehouse.notices")

LEASE: Final = timedelta(seconds=SEND_SECONDS + 15)
"""For how long a notice belongs to who took it up. If that one dies, another takes it up after this."""


SEVERAL: Final = "partners"
"""What stands for a partner's name in what is about several."""


class Sender:
    """Sends notices by the channels that the program wants for them."""

    def __init__(
        self,
        store: Store,
        shelf: Shelf,
        channels: Mapping[ChannelName, Channel],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.now = now
        self._store = store
        self._shelf = shelf
        self._lines = {name: Line(name, channel, now) for name, channel in channels.items()}
        self._letters: tuple[str, Letters] = ("", Letters())

    def send(self, key: str) -> bool:
        """Send a notice if it is due and nobody else is sending it; whether it was delivered.

        It goes out at least once, always under the same key: whoever dies between sending it and noting so leaves it
        to be sent again. It is noted as delivered once.
        """
        program = self._shelf.at(self.now())
        if program is None:
            raise RuntimeError("no program was published yet; a worker publishes the first when it starts")
        rules = program.program.notices
        with self._store.write() as tx:
            now = self.now()
            claimed = _taken_up(tx, gathered(tx, key, rules, now), rules, now)
            if claimed is None:
                return False
            notice = as_it_stands(tx, threaded(tx, claimed.posting.notice))
            recipient, partner = reached(tx, notice)
        route = rules.route(notice.audience, self._lines, notice.channels)
        if not route:
            self._give_up(notice, _nowhere(rules, notice))
            return False
        message = ready(notice, recipient, partner, program, claimed.posting.written_at, now, self._letters_of(program))
        return self._try_each(message, route, _Course(claimed), program.program)

    def _letters_of(self, program: LoadedProgram) -> Letters:
        digest, letters = self._letters
        if digest != program.digest:
            letters = Letters(program.templates)
            self._letters = (program.digest, letters)
        return letters

    def _try_each(self, message: Message, route: tuple[ChannelName, ...], course: "_Course", program: Program) -> bool:
        key = message.notice.key
        for name in route:
            if course.refused(name):
                continue
            line = self._lines[name]
            attempt = self._try(line, message, course)
            if attempt and attempt.outcome == Outcome.SENT:
                with self._store.write() as tx:
                    tx.notices.tried(key, attempt)
                    tx.notices.delivered(key, attempt.at)
                return True
            if attempt:
                course.attempts.append(attempt)
                with self._store.write() as tx:
                    tx.notices.tried(key, attempt)
                    tx.notices.hold(key, self.now() + LEASE)
            if not course.refused(name):
                failing = max(line.down_for(), course.failing_for(name, self.now()))
                if failing < patience.FALL_BACK_AFTER or name == route[-1]:
                    break  # it will have another turn before the next one, where there is one, is troubled
                log.warning("notice.passed-on", key=key, channel=name.value, failing_for=str(failing).split(".")[0])
                self._alert(line)
        if all(course.refused(name) for name in route):
            self._give_up(message.notice, course.reason)
        elif course.tried and self.now() - course.claimed.trying_since > patience.GIVE_UP_AFTER:
            self._give_up(message.notice, f"given up after {patience.GIVE_UP_AFTER.days} days: {course.reason}")
        else:
            again = self.now() + min(course.waits)
            morning = program.held_until(message.notice, again, program.clock)
            with self._store.write() as tx:
                if morning:  # the hours between do not count as trying
                    tx.notices.put_off(key, morning, course.claimed.trying_since + (morning - again))
                else:
                    tx.notices.postpone(key, again)
        return False

    def _try(self, line: Line, message: Message, course: "_Course") -> Attempt | None:
        """Try a channel; None where it is left alone for now."""
        address = ""
        try:
            address = line.address(message.recipient)
            resting = line.resting()
            if resting:
                course.waits.append(resting + timedelta(seconds=_dice() * 5))
                return None
            line.send(message)
        except Permanent as refusal:
            return Attempt(
                channel=line.name, address=address, at=self.now(), outcome=Outcome.REFUSED, reason=refusal.reason
            )
        except Exception as error:  # noqa: BLE001 -- a bug in one letter must not keep the others from being sent
            course.tried = True
            reason = error.reason if isinstance(error, NotSent) else _unforeseen(error)
            after = error.after if isinstance(error, Temporary) and error.after else timedelta(0)
            course.waits.append(max(patience.wait(course.failures + 1, _dice()), after))
            return Attempt(channel=line.name, address=address, at=self.now(), outcome=Outcome.FAILED, reason=reason)
        return Attempt(channel=line.name, address=address, at=self.now(), outcome=Outcome.SENT)

    def _alert(self, line: Line) -> None:
        """Tell the operators of a channel that is down; by another one, since that is down."""
        if outage := line.outage():
            now = self.now()
            with self._store.write() as tx:
                tx.notices.write(channel_down(line.name, *outage, now), now)

    def _give_up(self, notice: Notice, reason: str) -> None:
        with self._store.write() as tx:
            tx.notices.give_up(notice.key, reason)
        log.error("notice.dead", kind=notice.kind, partner=notice.partner, key=notice.key)


@dataclass
class _Course:
    """How it goes with one notice: what was tried of late, and how long it has to wait."""

    claimed: Claimed
    attempts: list[Attempt] = field(init=False)
    waits: list[timedelta] = field(default_factory=list)
    tried: bool = False

    def __post_init__(self) -> None:
        self.attempts = list(self.claimed.attempts)

    def refused(self, channel: ChannelName) -> bool:
        return any(a.channel == channel and a.outcome == Outcome.REFUSED for a in self.attempts)

    @property
    def failures(self) -> int:
        return sum(1 for attempt in self.attempts if attempt.outcome == Outcome.FAILED)

    def failing_for(self, channel: ChannelName, now: datetime) -> timedelta:
        failed = [a.at for a in self.attempts if a.channel == channel and a.outcome == Outcome.FAILED]
        return now - min(failed, default=now)

    @property
    def reason(self) -> str:
        """What each channel said last."""
        last = {attempt.channel: attempt.reason for attempt in self.attempts}
        return "; ".join(f"{channel}: {reason}" for channel, reason in last.items())


def _taken_up(tx: Transaction, key: str, rules: NoticeRules, now: datetime) -> Claimed | None:
    """Take up a notice; None where somebody else has, or where nobody wants its kind."""
    claimed = tx.notices.claim(key, now, now + LEASE)
    if claimed is None or claimed.posting.notice.kind not in rules.off:
        return claimed
    tx.notices.switch_off(key)
    tx.notices.unbundle(key)
    return None


def threaded(tx: Transaction, notice: Notice) -> Notice:
    """A notice that follows up on one that went out in a digest follows up on the digest."""
    return notice.model_copy(update={"thread": tx.notices.told_as(notice.thread)}) if notice.thread else notice


def ready(
    notice: Notice,
    recipient: Recipient,
    partner: str,
    program: LoadedProgram,
    written_at: datetime,
    now: datetime,
    letters: Letters | None = None,
) -> Message:
    """A notice as a message that a channel can send, laid out by a program's templates."""
    title = program.program.title
    return Message(
        notice=notice,
        recipient=recipient,
        letter=(letters or Letters(program.templates)).write(notice, recipient, partner, title),
        program=title,
        source=program.program.program,
        partner=partner,
        written_at=written_at,
        now=now,
    )


def reached(tx: Transaction, notice: Notice) -> tuple[Recipient, str]:
    """How the recipient of a notice is reached, and the name of the partner it is about."""
    partner = tx.partners.get(notice.partner).partner if notice.partner else None
    if partner and notice.audience == Audience.PARTNER:
        return partner_reached(partner, notice.recipient), partner.name
    return person_reached(tx.people.find(notice.recipient)), partner.name if partner else SEVERAL


def partner_reached(partner: Partner, name: str) -> Recipient:
    """How a partner is reached, under the name it is called by."""
    return Recipient(
        name, email=partner.email, advice=f"; `gatehouse partner set {partner.id} --email ADDRESS` adds one"
    )


def person_reached(person: Person) -> Recipient:
    """How somebody in the team is reached."""
    return Recipient(**person.model_dump(), advice=f"; see `gatehouse people set {in_shell(person.name)} --help`")


def _nowhere(rules: NoticeRules, notice: Notice) -> str:
    wanted = ", ".join(rules.route(notice.audience, [*ChannelName], notice.channels))
    return f"none of the channels for the {notice.audience} is configured: {wanted}"


def _unforeseen(error: Exception) -> str:
    """What a bug is called. Its words may hold anything, so they are neither kept nor logged."""
    log.error("channel.broke", error=type(error).__name__, at=place_of(error))
    return f"an error that nobody foresaw ({type(error).__name__} at {place_of(error)})"


def place_of(error: Exception) -> str:
    """The file and line that an error comes from."""
    last = error.__traceback__
    while last and last.tb_next:
        last = last.tb_next
    return f"{Path(last.tb_frame.f_code.co_filename).name}:{last.tb_lineno}" if last else "nowhere"


def _dice() -> float:
    return random.random()  # noqa: S311 -- to spread waits, not to keep a secret

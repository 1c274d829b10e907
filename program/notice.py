"""A notice: what somebody has to be told, of which kind, by which channel, and what has become of it."""

from collections.abc import Collection
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from program.calendar import BusinessDays, Clock, QuietHours
from program.partner import PartnerId


class Audience(StrEnum):
    """Whom a kind of notice is for."""

    PARTNER = "partner"
    """The partner itself, outside of our house."""
    TEAM = "team"
    """Those who look after partners: owners, and whom they report to."""
    OPERATOR = "operator"
    """Those who run Gatehouse."""


class ChannelName(StrEnum):
    """The ways to reach people."""

    EMAIL = "email"
    SLACK = "slack"
    WEBHOOK = "webhook"
    LOG = "log"
    """Says in the log that there was something to tell, and reaches nobody."""


class Kind(BaseModel):
    """What a kind of notice is for, and what it means."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    audience: Audience
    meaning: str


_MEANINGS: Final[dict[Audience, dict[str, str]]] = {
    Audience.PARTNER: {
        "application.declined": "The application was declined: why, and what would change it",
        "application.deferred": "The application waits for evidence: what is missing, and until when it can come",
        "application.expired": "The evidence that an application waited for did not come in time; it is closed",
        "pilot.started": "The pilot starts, or somebody has it start again: what it has to show, and by when",
        "pilot.expand": "The pilot succeeded",
        "pilot.reset": "The pilot missed its targets and is reset, once: the fixes, what it has to show, and by when",
        "pilot.exit": "The pilot ended without success",
        "tier.up": "The tier was raised: the service level that comes with it",
        "tier.down": "The tier was lowered: the service level that comes with it",
        "tier.warn": "The tier will be lowered at the next re-score unless something changes",
        "tier.low_touch": "The partner is moved to the last tier: the service level that comes with it",
        "partner.leaves": "The partnership or the application ends: on which day, and why",
        "test.partner": "Somebody tries how a partner is reached; nothing has happened",
    },
    Audience.TEAM: {
        "escalation.opened": "A partner has stalled, or its verdict waits for facts: what can be done",
        "escalation.reminded": "An escalation was not answered in time, has come back, or was handed on",
        "escalation.unanswered": "Everybody on the ladder was told and nobody answered",
        "escalation.over": "An escalation that they were told of, or answered for, is over: what ended it",
        "escalation.digest": "Several escalations at once: what has stalled, since when, and how to open each",
        "team.weekly": "The week: what is open, was answered or ended by itself, and which pilots are due",
        "team.gate": "The gate has stopped declining: how many were signed in a row, and since when",
        "test.team": "Somebody tries how the team is reached; nothing has happened",
    },
    Audience.OPERATOR: {
        "operator.alert": "The evaluators disagree: nothing is decided until somebody mends it",
        "operator.channel": "A channel does not work: what it says, since when, and what becomes of its messages",
    },
}

DIGEST: Final = "escalation.digest"
OVER: Final = "escalation.over"

KINDS: Final = {
    name: Kind(audience=audience, meaning=meaning)
    for audience, meanings in _MEANINGS.items()
    for name, meaning in meanings.items()
}
"""Every kind of notice there is. What is not listed here cannot be written."""


LETTER_FORMS: Final = ("subject", "txt", "html", "slack")
"""What a letter is written in: a template is named by a kind, or `letter` for all of them, and one of these."""


def _known(kind: str) -> str:
    if kind not in KINDS:
        near = get_close_matches(kind, KINDS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(KINDS)}"
        raise ValueError(f"there is no kind of notice {kind!r}; {hint}")
    return kind


KindName = Annotated[str, AfterValidator(_known)]


class Notice(BaseModel):
    """A message to one recipient, written together with what it reports."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    """Made from what it reports, so that writing it again finds it there; the receiver sees it."""
    kind: KindName
    partner: PartnerId | None = None
    """Whom it is about; None where it is about several."""
    recipient: str
    """A name: of the partner itself, or of somebody in the team."""
    subject: str
    body: str
    """Plain text, a paragraph a line; lines after "- " are a list, and `...` in backticks is to be typed."""
    thread: str = ""
    """The key of the notice that it follows up on: both are shown as one conversation."""
    channels: tuple[ChannelName, ...] = ()
    """The channels it is to be tried by, in this order; those of its audience where none is named."""
    expected: str = ""
    """The line of its body that says what comes of it if nothing changes; empty where there is none."""
    answer_by: str = ""
    """The line that says by when its reader has to answer, and who is told then; empty where nobody has to."""

    @property
    def at_stake(self) -> list[str]:
        """What it says of what comes of it, and of how long its reader has."""
        return [line for line in (self.expected, self.answer_by) if line]

    @property
    def audience(self) -> Audience:
        return KINDS[self.kind].audience


class NoticeRules(BaseModel):
    """What a program says about notices: which channels they take, and which kinds nobody is told of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: dict[Audience, Annotated[tuple[ChannelName, ...], Field(min_length=1)]] = {}
    """For an audience, the channels to be tried in this order; one that takes the notice is enough."""
    off: tuple[KindName, ...] = ()
    quiet: QuietHours | None = None
    """When the team is told nothing; it is held until then."""
    digest_from: int = Field(default=5, ge=2)
    """How many escalations somebody has to be told of at once to be told of them in one message."""

    @model_validator(mode="after")
    def _reaches_whom_it_means(self) -> Self:
        for audience, names in self.channels.items():
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"channels.{audience}: {twice[0]} is listed twice; keep the place it is tried at")
        if ChannelName.SLACK in self.channels.get(Audience.PARTNER, ()):
            raise ValueError("channels.partner: slack reaches our own people; a partner has email, webhook or log")
        return self

    def route(
        self, audience: Audience, configured: Collection[ChannelName], wanted: tuple[ChannelName, ...] = ()
    ) -> tuple[ChannelName, ...]:
        """The channels that a notice is to be tried by, in order; none where no wanted one is configured.

        An installation in which nothing but the log is configured says everything there.
        """
        if not set(configured) - {ChannelName.LOG}:
            return (ChannelName.LOG,)
        return tuple(name for name in wanted or self.channels.get(audience, _USUAL[audience]) if name in configured)

    def held_until(self, notice: Notice, at: datetime, clock: Clock, days: BusinessDays) -> datetime | None:
        """When the quiet hours are over in which a notice was written; None where it may be sent at once.

        They are the team's: what a partner is told, and an operator's alert, is never held.
        """
        if self.quiet is None or notice.audience != Audience.TEAM:
            return None
        over = self.quiet.over(at, clock, days)
        return over if over > at else None


ESCALATIONS: Final = tuple(sorted(name for name in KINDS if name.startswith("escalation.") and name != DIGEST))
"""The kinds that may be told together, in a digest."""

URGES: Final = tuple(name for name in ESCALATIONS if name != OVER)
"""Those of them that ask for an answer."""

_USUAL: Final = {
    Audience.PARTNER: (ChannelName.EMAIL, ChannelName.WEBHOOK),
    Audience.TEAM: (ChannelName.EMAIL, ChannelName.SLACK, ChannelName.WEBHOOK),
    Audience.OPERATOR: (ChannelName.EMAIL, ChannelName.SLACK, ChannelName.WEBHOOK),
}


class NoticeState(StrEnum):
    """What has become of a notice."""

    DUE = "due"
    """To be sent, or being sent, or to be sent again."""
    DELIVERED = "delivered"
    """A channel took it: it was sent at least once, and is noted so once."""
    BUNDLED = "bundled"
    """It is told in a digest, and was delivered with that."""
    DEAD = "dead"
    """Nobody takes it as things are; somebody has to look at it."""
    OFF = "off"
    """The program does not want its kind to be sent."""
    SUPERSEDED = "superseded"
    """What it reports was over, or somebody else's, before it was sent: it is not sent."""


class Outcome(StrEnum):
    """How a try to send a notice ended."""

    SENT = "sent"
    FAILED = "failed"
    """It is worth another try."""
    REFUSED = "refused"
    """It is not: the channel will not take it."""


class Attempt(BaseModel):
    """One try to send a notice by one channel."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: ChannelName
    address: str
    """Where it went; of a channel whose addresses are secrets, the name they have in the settings."""
    at: datetime
    outcome: Outcome
    reason: str = ""
    """Why it failed or was refused."""


class Posting(BaseModel):
    """A notice in the outbox, and what has become of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    notice: Notice
    state: NoticeState
    written_at: datetime
    due_at: datetime | None
    """The earliest time for the next try, or until when it is held; None for at once."""
    delivered_at: datetime | None
    tries: int
    """How often it was taken up to be sent since it was written, or last put back by an operator."""
    reason: str = ""
    """Why nobody takes it, of one that is dead; why it is not sent, of one that is superseded."""
    digest: str | None = None
    """The key of the digest that it is told in."""

    @property
    def may_have_arrived(self) -> bool:
        """Whether its recipient may have read it: it was delivered, or somebody has tried."""
        return self.state in {NoticeState.DELIVERED, NoticeState.BUNDLED} or (
            self.state == NoticeState.DUE and self.tries > 0
        )

"""A person on our side: an owner of partners, or whom one reports to."""

import re
import shlex
from datetime import date
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, model_validator

from program.address import EmailAddress
from program.partner import Name


def _member(text: str) -> str:
    if not re.fullmatch(r"[UW][A-Z0-9]{5,20}", text):
        raise ValueError("has to be a member ID, such as U012AB3CD; Slack shows it in a member's profile, under More")
    return text


def _channel(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,79}", text):
        raise ValueError("has to be the name of a webhook in GATEHOUSE_SLACK_URL: lower-case letters, digits, - and _")
    return text


SlackMember = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_member)]
"""A member's ID in Slack."""

SlackChannel = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_channel)]
"""The name under which the settings know an incoming webhook."""


def in_shell(name: str) -> str:
    """A name in a command that is to be typed: one word to a shell, whatever is in it.

    A backtick is written as bash and zsh read it, since in letters it would end the command.
    """
    quoted = shlex.quote(name).replace("`", r"'$'\x60''")
    return quoted if re.search(r'["$`\\!]', name) else f'"{name}"'


OPERATORS: Final = "operators"
"""The name under which those who run Gatehouse are reached."""


class Person(BaseModel):
    """Somebody who hears of partners, and how. Partners name their people by the name that stands here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    email: EmailAddress | None = None
    slack_member: SlackMember | None = None
    """Who is mentioned in Slack, so that it rings."""
    slack_channel: SlackChannel | None = None
    """Where their messages are posted, if not to the channel for all."""


class Absence(BaseModel):
    """A time in which somebody is away, from its first day to its last, and who stands in for them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: Name
    first: date
    last: date
    stand_in: Name

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"{self.last} is before {self.first}; the last day comes after the first")
        if self.stand_in == self.person:
            raise ValueError(f"{self.person} cannot stand in for themselves; name somebody else")
        return self

    def covers(self, day: date) -> bool:
        return self.first <= day <= self.last

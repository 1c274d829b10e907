"""Slack, by its incoming webhooks: one posts to one channel of a workspace."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from notifications.channel import Down, Message, Permanent, Recipient, Temporary
from notifications.letters import slack_text
from notifications.outside import Answer, Target, post, target
from program.errors import Refused

FOR_ALL: Final = "all"
"""The name of the webhook for everybody who has no other."""

MOST_BLOCKS, LONGEST_TEXT, LONGEST_HEADER = 50, 3000, 150
"""What Slack takes of a message: blocks, characters of a block's text, and of a header's."""

_MORE: Final = "_There is more: `gatehouse notices show` has all of it._"
_NAMED: Final = re.compile(r"([a-z0-9][a-z0-9_-]{0,79})=(.*)", re.DOTALL)


def webhooks(text: str, setting: str, allowed: Collection[str] = ()) -> dict[str, Target]:
    """Read the addresses of incoming webhooks: one for everybody, and others as NAME=ADDRESS, with blanks between.

    Raises:
        Refused: where one is no address, or has a name that another has.
    """
    found: dict[str, Target] = {}
    for word in text.split():
        named = _NAMED.fullmatch(word)
        name, url = named.groups() if named else (FOR_ALL, word)
        if name in found:
            raise Refused(f"{setting} has two webhooks by the name {name}; name each by what it is for: NAME=ADDRESS")
        found[name] = target(url, setting, allowed)
    if not found:
        raise Refused(f"{setting} is empty; give the address of an incoming webhook")
    return found


def blocks(message: Message) -> list[dict[str, Any]]:
    """A message in Slack's blocks, within its limits."""
    most = MOST_BLOCKS - 3  # header, what says that there is more, and what it is about
    texts = list(chunks(message.letter.slack, LONGEST_TEXT))
    about = slack_text(f"{message.program} · {message.partner}")[: LONGEST_TEXT // 2]
    return [
        {"type": "header", "text": {"type": "plain_text", "text": _short(message.letter.subject), "emoji": False}},
        *(_section(text) for text in texts[:most]),
        *([_section(_MORE)] if len(texts) > most else []),
        {"type": "context", "elements": [_markup(f"{about} · `{slack_text(message.notice.key)[:500]}`")]},
    ]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_HEADER else f"{text[: LONGEST_HEADER - 1]}…"


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _markup(text)}


def _markup(text: str) -> dict[str, Any]:
    # Verbatim, so that a name that looks like a link or a mention does not become one.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def chunks(text: str, longest: int) -> Iterator[str]:
    """Cut a text in Slack's markup into pieces that are short enough: between paragraphs, lines or words if possible.

    An escaped character or a mention is never cut in two.
    """
    rest = text.strip()
    while len(rest) > longest:
        cut = _cut(rest, longest)
        yield rest[:cut].rstrip()
        rest = rest[cut:].lstrip()
    if rest:
        yield rest


def _cut(text: str, longest: int) -> int:
    for gap in ("\n\n", "\n", " "):
        found = text.rfind(gap, longest // 2, longest)
        if found > 0:
            return found
    begun = max(text.rfind(mark, longest // 2, longest) for mark in "&<")
    return begun if begun > 0 and _ENDS[text[begun]] not in text[begun:longest] else longest


_ENDS: Final = {"&": ";", "<": ">"}


class SlackChannel:
    """Posts to the webhook of the recipient, or to the one for all."""

    def __init__(self, targets: Mapping[str, Target]) -> None:
        self._targets = targets

    def address(self, recipient: Recipient) -> str:
        name = recipient.slack_channel or FOR_ALL
        if name not in self._targets:
            raise Permanent(f"there is no Slack webhook by the name {name} in GATEHOUSE_SLACK_URL{recipient.advice}")
        return name

    def send(self, message: Message) -> None:
        """Post a message; what Slack says of the message is told apart from what it says of the webhook."""
        name = self.address(message.recipient)
        body = {"text": slack_text(message.letter.subject), "blocks": blocks(message)}
        headers = {"Content-Type": "application/json; charset=utf-8"}
        answer = post(self._targets[name], json.dumps(body, ensure_ascii=False).encode(), headers)
        if answer.status != 200:
            raise _failure(answer, name)


def _failure(answer: Answer, name: str) -> Temporary | Permanent:
    said = f"Slack answered {answer.status} at the webhook {name}"
    if answer.status == 429:
        return Temporary(f"{said}: too much at once", answer.after)
    if answer.status == 400:
        return Permanent(f"{said}: it does not take this message")
    if answer.status == 410:
        return Permanent(f"{said}: its channel is archived; make another webhook and set GATEHOUSE_SLACK_URL")
    if answer.status in {403, 404}:
        return Down(f"{said}: it does not exist any more; make another and set GATEHOUSE_SLACK_URL")
    return Down(said, answer.after)

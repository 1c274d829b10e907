"""Webhooks: notices as CloudEvents 1.0, signed by the Standard Webhooks scheme, posted to one address."""

import json
from base64 import b64decode
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from standardwebhooks import Webhook

from notifications.channel import Down, Message, Permanent, Recipient, Temporary
from notifications.outside import Target, post
from program.errors import Refused

TYPE: Final = "gatehouse.notice.{}"
"""The type of an event, by the notice's kind."""

SHORTEST_KEY: Final = 24
"""Bytes of a secret; the scheme asks for no fewer."""

_WILL_NOT: Final = frozenset({400, 410, 413, 422})
"""Answers that say that this event is not wanted, now or later."""


def signers(text: str, setting: str) -> list[Webhook]:
    """Read the secrets that are signed with: one, or, while one replaces another, several with blanks between.

    Raises:
        Refused: where one is none. It is not repeated.
    """
    try:
        keys = [b64decode(secret.removeprefix("whsec_"), validate=True) for secret in text.split()]
    except ValueError:
        keys = []
    if not keys or any(len(key) < SHORTEST_KEY for key in keys):
        raise Refused(
            f"{setting} is no secret to sign with; write whsec_ and 24 random bytes or more in Base64: "
            'echo "whsec_$(openssl rand -base64 32)"'
        )
    return [Webhook(key) for key in keys]


def webhook_id(key: str) -> str:
    """A notice's key as an ID of a webhook, which has no full stops."""
    return quote(key, safe="/").replace(".", "%2E")


def event(message: Message) -> dict[str, Any]:
    """A message as a CloudEvent: what happened, to which partner if it is one, and the words that tell of it."""
    notice = message.notice
    about = {"subject": notice.partner} if notice.partner else {}
    return {
        "specversion": "1.0",
        "id": notice.key,
        "source": f"/gatehouse/{message.source}",
        "type": TYPE.format(notice.kind),
        **about,
        "time": message.written_at.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {
            "kind": notice.kind,
            "audience": notice.audience.value,
            "partner": {"id": notice.partner, "name": message.partner} if notice.partner else None,
            "recipient": message.recipient.name,
            "subject": message.letter.subject,
            "text": notice.body,
            "thread": notice.thread or notice.key,
        },
    }


class WebhookChannel:
    """Posts every notice to one address, whomever it is for."""

    def __init__(self, target: Target, signed_by: Sequence[Webhook]) -> None:
        self._target = target
        self._signers = signed_by

    def address(self, recipient: Recipient) -> str:  # noqa: ARG002 -- the receiver tells them apart
        return self._target.host

    def send(self, message: Message) -> None:
        """Post an event. The same notice has the same ID however often it is posted; the signature is of the moment."""
        body = json.dumps(event(message), ensure_ascii=False)
        name = webhook_id(message.notice.key)
        headers = {
            "Content-Type": "application/cloudevents+json; charset=utf-8",
            "User-Agent": "gatehouse",
            "webhook-id": name,
            "webhook-timestamp": str(int(message.now.timestamp())),
            "webhook-signature": " ".join(signer.sign(name, message.now, body) for signer in self._signers),
        }
        answer = post(self._target, body.encode(), headers)
        said = f"{self._target.host} answered {answer.status}"
        if answer.status in _WILL_NOT:
            raise Permanent(f"{said}: it does not want this event")
        if answer.status == 429:
            raise Temporary(f"{said}: too much at once", answer.after)
        if 300 <= answer.status < 400:
            raise Down(f"{said}: redirects are not followed; set GATEHOUSE_WEBHOOK_URL to where it is now")
        if not 200 <= answer.status < 300:
            raise Down(said, answer.after)

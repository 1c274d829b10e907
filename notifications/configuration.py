"""Which channels an installation has, read from its settings."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from notifications.channel import Channel
from notifications.log import LogChannel
from notifications.mail import MailChannel, mail_server, sender
from notifications.outside import target
from notifications.slack import SlackChannel, webhooks
from notifications.webhook import WebhookChannel, signers
from program.errors import Refused
from program.notice import ChannelName


@dataclass(frozen=True)
class Addresses:
    """What the settings say about channels. Nearly all of it is secret, so none of it is shown."""

    smtp: str | None = None
    mail_from: str | None = None
    slack: str | None = None
    webhook: str | None = None
    webhook_secret: str | None = None
    allowed: Collection[str] = ()
    """Hosts that may be in our own network and speak without TLS."""

    def __repr__(self) -> str:
        return "Addresses()"


def channels(given: Addresses) -> Mapping[ChannelName, Channel]:
    """The channels of an installation; the log is always one.

    Raises:
        Refused: naming the setting that is missing or wrong, without what it says.
    """
    found: dict[ChannelName, Channel] = {ChannelName.LOG: LogChannel()}
    if given.smtp is not None:
        if given.mail_from is None:
            raise Refused("GATEHOUSE_SMTP_URL is set and GATEHOUSE_MAIL_FROM is not; say who the mail comes from")
        server = mail_server(given.smtp, "GATEHOUSE_SMTP_URL", given.allowed)
        found[ChannelName.EMAIL] = MailChannel(server, sender(given.mail_from, "GATEHOUSE_MAIL_FROM"))
    if given.slack is not None:
        found[ChannelName.SLACK] = SlackChannel(webhooks(given.slack, "GATEHOUSE_SLACK_URL", given.allowed))
    if given.webhook is not None:
        if given.webhook_secret is None:
            raise Refused("GATEHOUSE_WEBHOOK_URL is set and GATEHOUSE_WEBHOOK_SECRET is not; webhooks are signed")
        where = target(given.webhook, "GATEHOUSE_WEBHOOK_URL", given.allowed)
        found[ChannelName.WEBHOOK] = WebhookChannel(where, signers(given.webhook_secret, "GATEHOUSE_WEBHOOK_SECRET"))
    return found

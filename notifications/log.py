"""The channel of an installation that has no other: the log."""

import structlog

from notifications.channel import Message, Recipient

log = structlog.get_logger("gatehouse.notices")


class LogChannel:
    """Writes that there was something to tell, without its text, which may be personal."""

    def address(self, recipient: Recipient) -> str:  # noqa: ARG002 -- everybody's is the same
        return "log"

    def send(self, message: Message) -> None:
        notice = message.notice
        log.info("notice.sent", kind=notice.kind, partner=notice.partner, key=notice.key)

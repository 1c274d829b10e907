"""A notice: what somebody has to be told."""

from pydantic import BaseModel, ConfigDict

from program.partner import PartnerId


class Notice(BaseModel):
    """A message to one recipient, written together with what it reports."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    """Made from what it reports, so that writing it again finds it there; the receiver sees it."""
    kind: str
    partner: PartnerId
    recipient: str
    subject: str
    body: str

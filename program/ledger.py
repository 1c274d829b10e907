r"""The ledger's text: how a decision is written down, and how each record is chained to the one before.

A record is one canonical JSON text: all fields, keys sorted by code point, no spaces, UTF-8, characters as they are.
Its hash covers the hash before it, its number and its own bytes. Anybody can work it out without Gatehouse:

    printf '%s\n%s\n%s' "$previous" "$number" "$record" | sha256sum

The first two parts hold no line break, so no other three parts give the same bytes. The first record follows 64 zeros.
"""

import hashlib
import json
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from program.decision import Decision

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

BEGINNING: Final = "0" * 64
"""What the first record follows."""


class Entry(BaseModel):
    """A record at its place in the ledger."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int = Field(ge=1)
    """Counts from 1, without gaps."""
    previous: Hash
    """The hash of the record before."""
    hash: Hash
    record: str


def chained(previous: str, number: int, record: bytes) -> str:
    """The hash of a record at its place."""
    return hashlib.sha256(f"{previous}\n{number}\n".encode() + record).hexdigest()


def written(decision: Decision) -> str:
    """The record of a decision.

    Raises:
        TypeError: for a fact that JSON does not hold, such as a `Decimal`; `as_recorded` makes numbers of them.
        ValueError: for a number that is none, or infinite.
    """
    return _canonical(decision)


def read(record: str | bytes) -> Decision:
    """The decision of a record.

    Raises:
        ValueError: where it is not the record of a decision, or not written as `written` writes.
    """
    text = record.decode() if isinstance(record, bytes) else record
    decision = Decision.model_validate_json(text)
    # Only what it says, not what it could say today: a field that is added one day is no fault of the older records.
    if _canonical(decision, exclude_unset=True) != text:
        raise ValueError("not written as a record is: one line of JSON with sorted keys and no spaces")
    return decision


def _canonical(decision: Decision, *, exclude_unset: bool = False) -> str:
    # The facts are JSON already, or there would be something in them that comes back as something else.
    data = decision.model_dump(mode="json", exclude={"facts"}, exclude_unset=exclude_unset) | {"facts": decision.facts}
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)

"""Receipts: a decision with the rules that it was made by, in one file that can be run again with nothing else.

What a receipt says is checked from the outside in: its record against its hash, its files against the digest in the
record, and the ruling against what the rules say of the facts, found anew. The hash shows that nothing in it was
changed; that it is the ledger's own, whoever keeps the ledger's hashes can tell.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from types import MappingProxyType
from typing import Any, Final

from pydantic import ValidationError

from program.decision import Decision
from program.errors import Refused
from program.ledger import Entry, chained, read
from rules.decision.decide import decide
from rules.folder import LoadedProgram, digest_of, load_program
from rules.language.source import Unfit

ENGINES: Final = MappingProxyType(
    {
        "durable-rules": version("durable-rules"),
        "interpreter": version("gatehouse"),
        "z3-solver": version("z3-solver"),
    }
)
"""What decides, and its version: the last one where something is unknown."""

LARGEST: Final = 1024 * 1024
"""Bytes in a receipt; one of the default program has 30,000. Reading a file of this size takes seconds."""
LONGEST: Final = 300
"""Characters in what is said of a receipt that somebody may have written to be a nuisance."""


class Receipt(Entry):
    """One decision, with the files of its program by name."""

    program: dict[str, str]


def read_receipt(raw: bytes) -> Receipt:
    """Read a receipt.

    Raises:
        Refused: where it is none.
    """
    if len(raw) > LARGEST:
        raise Refused(f"it is larger than {LARGEST // 1024} KiB, and no receipt is")
    try:
        receipt = Receipt.model_validate_json(raw, strict=True)
        json.loads(raw, object_pairs_hook=_once)  # which of two a reader takes, the standard leaves to it
    except ValidationError as error:
        raise Refused(f"it is no receipt: {_first(error)}") from None
    return receipt


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Refused(f"it is no receipt: {name[:60]!r} is given twice")
        found[name] = value
    return found


def _first(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(step)[:60] for step in fault["loc"])
    return f"{where}{': ' if where else ''}{fault['msg'][:1].lower()}{fault['msg'][1:]}"


def replay(receipt: Receipt) -> Decision:
    """Decide again what a receipt says was decided, and return it.

    Raises:
        Refused: where anything in it was changed, or the rules in it say something else.
    """
    decision = intact(receipt)
    for difference in differences(decision, load_files(receipt.program)):
        raise Refused(difference)
    return decision


def intact(receipt: Receipt) -> Decision:
    """The decision of a receipt in which nothing was changed.

    Raises:
        Refused: saying what was.
    """
    if chained(receipt.previous, receipt.number, receipt.record.encode()) != receipt.hash:
        raise Refused("it was changed: its number, record and previous hash do not give its hash")
    try:
        decision = read(receipt.record)
    except ValidationError as error:
        raise Refused(f"its record is no decision: {_first(error)}") from None
    except ValueError as error:
        raise Refused(f"its record is no decision: {error}") from None
    if digest_of(receipt.program) != decision.program:
        raise Refused("it was changed: the files of its program are not those that the decision was made by")
    return decision


def load_files(files: dict[str, str]) -> LoadedProgram:
    """The program of some files that nobody vouches for.

    Raises:
        Refused: where they are no program.
    """
    if "program.yaml" not in files:
        raise Refused("its program cannot be used: it has no program.yaml")
    try:
        return load_program(files)
    except Unfit as unfit:
        more = f", and {len(unfit.faults) - 1} more" if len(unfit.faults) > 1 else ""
        raise Refused(f"its program cannot be used: {_briefly(str(unfit.faults[0]))}{more}") from None


def differences(decision: Decision, program: LoadedProgram) -> Iterator[str]:
    """Where a decision on record is not what its program says of its facts, found anew."""
    policy = program.policies.get(decision.policy)
    if policy is None:
        yield f"its program has no policy {_briefly(decision.policy)}"
        return
    for name, recorded, found in (
        ("program", decision.program_version, program.program.version),
        (f"policy {decision.policy}", decision.policy_version, policy.version),
    ):
        if recorded != found:
            yield f"its record says version {recorded} of the {name}, which is version {found}"
    try:
        ruling = decide(policy, decision.facts, settle=decision.settle)
    except (Refused, RuntimeError) as error:  # a disagreement, or an engine that gives up
        yield f"it cannot be decided again: {_briefly(str(error))}"
        return
    others = f"; {_listed(decision.engines)} decided, {_listed(ENGINES)} decided again"
    by = "" if decision.engines == ENGINES else others
    for name in type(ruling).model_fields:
        recorded, found = getattr(decision.ruling, name), getattr(ruling, name)
        if recorded != found:
            yield f"its record says {name} {_shown(recorded)}, the rules say {_shown(found)} of the same facts{by}"


def _briefly(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."


def _listed(engines: Mapping[str, str]) -> str:
    return _briefly(" and ".join(f"{name} {number}" for name, number in engines.items()) or "nobody")


def _shown(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value or "")
    return repr(_briefly(text)) if text else "nothing"

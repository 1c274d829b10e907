"""Verify the ledger: its chain, its index, and every decision by having it made again from its record."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Final

from pydantic import TypeAdapter, ValidationError

from program.errors import Refused
from program.ledger import BEGINNING, chained, read
from rules.folder import LoadedProgram, digest_of
from rules.receipt import Receipt, differences, intact, load_files
from store.database import Store, Transaction
from store.ledger import Line

AT_ONCE: Final = 500
"""Rows that are held in memory."""

KEPT: Final = 16
"""Programs that are."""

_FILES: Final = TypeAdapter(dict[str, str])


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was recorded."""

    number: int | None
    """The decision's; none where it is about the ledger as a whole."""
    partner: str | None
    what: str

    def __str__(self) -> str:
        about = f" ({self.partner})" if self.partner else ""
        return f"{'the ledger' if self.number is None else f'decision {self.number}'}{about}: {self.what}"


@dataclass(frozen=True)
class Verified:
    """How far a verification came."""

    checked: int
    findings: int
    last: int
    """The number of the last record; 0 where there is none."""
    head: str
    """Its hash. Written down elsewhere, it shows one day that nothing was cut off."""


def verify(
    store: Store, tell: Callable[[Finding], None], *, since: date | int | None = None, head: str | None = None
) -> Verified:
    """Check the ledger from its beginning to its end, a few hundred rows at a time.

    Args:
        store: Where the ledger is.
        tell: Is told of every finding.
        since: Begin with this number, or with the first decision as of this day or later. What lies before is taken
            as it is.
        head: The hash of a record that has to be there: the head at an earlier time.

    Raises:
        Refused: where there is no decision of the number to begin with.
    """
    with store.read() as tx:
        first, missing = _beginning(tx, since, head)
        walk = _Walk(tx, first)
        found = 0
        for finding in chain(missing, walk.findings()):
            found += 1
            tell(finding)
        return Verified(walk.checked, found, walk.last, walk.head)


def _beginning(tx: Transaction, since: date | int | None, head: str | None) -> tuple[int, list[Finding]]:
    """The number to begin with, and what is to be said of a head that is not there."""
    last = tx.ledger.last()
    if isinstance(since, int) and since > last:
        raise Refused(f"there is no decision {since}; the last one is {last}")
    first = since if isinstance(since, int) else tx.ledger.first_since(since) if since else 1
    first = last + 1 if first is None else first
    at = head and tx.ledger.number_of(head)
    if head and at is None:
        what = f"no record has the hash {head}; it was changed, or cut off with all that followed it"
        return first, [Finding(None, None, what)]
    return min(first, at or first), []  # a head that nobody checks would prove nothing


def receipt_of(store: Store, number: int) -> Receipt:
    """A decision's record, its place in the ledger, and the program that it was made by.

    Raises:
        Refused: where there is no such decision, or it is not as it was recorded.
    """
    with store.read() as tx:
        entry = tx.decisions.entry(number)
        raw = tx.ledger.files(tx.decisions.get(number).program)
    try:
        receipt = Receipt(**entry.model_dump(), program=_FILES.validate_json(raw or b"{}"))
        intact(receipt)
    except (ValidationError, Refused):
        raise Refused(
            f"decision {number} is not as it was recorded; `gatehouse decisions verify --since {number}` says what "
            "was changed"
        ) from None
    return receipt


class _Walk:
    """A walk along the chain, and what it has seen last."""

    def __init__(self, tx: Transaction, first: int) -> None:
        self._tx = tx
        self._first = first
        self._programs = _Programs(tx)
        # The row before the first is looked at for its hash alone.
        self._expected = max(first - 1, 1)
        self._follows = {BEGINNING} if first <= 2 else None
        self.checked = 0
        self.last, self.head = 0, BEGINNING

    def findings(self) -> Iterator[Finding]:
        """Everything that is wrong from the first row on."""
        after = self._expected - 1 if self._expected > 1 else None
        while lines := self._tx.ledger.lines(after, AT_ONCE):
            for line in lines:
                yield from self._place(line)
                if line.number >= self._first or self._first == 1:
                    self.checked += 1
                    for what in self._content(line):
                        yield Finding(line.number, line.text_of("partner"), what)
            after = lines[-1].number

    def _place(self, line: Line) -> Iterator[Finding]:
        """Its number, what it follows, and its hash."""
        number, partner, said = line.number, line.text_of("partner"), line.text_of("hash")
        if number > self._expected:
            more = f", with all up to {number - 1}" if number > self._expected + 1 else ""
            yield Finding(self._expected, None, f"missing{more}")
        elif number < self._expected:
            yield Finding(number, partner, "numbers count from 1")
        elif self._follows is not None and line.text_of("previous") not in self._follows:
            yield Finding(number, partner, "its previous hash is not the hash of the decision before")
        own = chained(line.text_of("previous"), number, line.bytes_of("record"))
        if own != said:
            yield Finding(number, partner, "its hash is not the hash of its number, its record and its previous hash")
        self._follows = {own, said}  # where the hash alone was changed, the next one follows what it was
        self._expected = max(self._expected, number + 1)
        self.last, self.head = number, said

    def _content(self, line: Line) -> Iterator[str]:
        """Its record, the columns beside it, and the rules."""
        try:
            decision = read(line.bytes_of("record"))
        except ValueError as error:
            yield f"its record cannot be read: {_briefly(error)}"
            return
        for column, wanted in line.unlike(decision):
            yield f"its column {column} says {line.text_of(column)!r}, its record {wanted}"
        program = self._programs.get(decision.program)
        if isinstance(program, str):
            yield program
        else:
            yield from differences(decision, program)


def _briefly(error: ValueError) -> str:
    return "it is no decision" if isinstance(error, ValidationError) else str(error)


class _Programs:
    """Programs as they are on file, or what is wrong with them; each is read once in a while."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._read: dict[str, LoadedProgram | str] = {}

    def get(self, digest: str) -> LoadedProgram | str:
        found = self._read.get(digest)
        if found is None:
            found = self._load(digest)
            if len(self._read) >= KEPT:
                self._read.pop(next(iter(self._read)))
            self._read[digest] = found
        return found

    def _load(self, digest: str) -> LoadedProgram | str:
        raw = self._tx.ledger.files(digest)
        if raw is None:
            return f"its program {digest[:12]} is not on file"
        try:
            files = _FILES.validate_json(raw)
            if digest_of(files) != digest:
                return f"the files of its program {digest[:12]} were changed: they do not give its digest"
            return load_files(files)
        except Refused as refused:
            return str(refused)
        except ValueError:
            return f"the files of its program {digest[:12]} were changed: they cannot be read"

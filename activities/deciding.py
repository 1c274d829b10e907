"""How a decision is made: facts are gathered, the policy rules, and the ledger keeps the first ruling."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from program.decision import Decision, as_recorded
from program.partner import PartnerId
from rules.decide import decide
from rules.folder import LoadedProgram, load_program
from rules.receipt import ENGINES
from store.database import Store, Transaction

KEPT = 16
"""Programs kept in memory: the one in force and those that running pilots were agreed under."""


class Shelf:
    """The programs by digest, read from the store once each."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._programs: dict[str, LoadedProgram] = {}

    def get(self, digest: str) -> LoadedProgram:
        """The program of a digest.

        Raises:
            Refused: where it was never in force.
        """
        program = self._programs.get(digest)
        if program is None:
            with self._store.read() as tx:
                program = load_program(tx.programs.files(digest))
            if len(self._programs) >= KEPT:
                self._programs.pop(next(iter(self._programs)), None)
            self._programs[digest] = program
        return program

    def in_force(self) -> LoadedProgram:
        """The program that new decisions are made under."""
        with self._store.read() as tx:
            digest = tx.programs.in_force()
        if digest is None:
            raise RuntimeError("no program is in force yet; the worker puts one in force when it starts")
        return self.get(digest)


@dataclass(frozen=True)
class Occasion:
    """What is decided about whom, and when."""

    partner: PartnerId
    purpose: str
    as_of: date
    known_at: datetime


def made(tx: Transaction, policy: str, occasion: Occasion) -> tuple[int, Decision] | None:
    """The decision that was made on an occasion already, with its number."""
    return tx.decisions.find(occasion.partner, policy, occasion.as_of, occasion.purpose)


def make(
    tx: Transaction,
    program: LoadedProgram,
    policy: str,
    occasion: Occasion,
    facts: Mapping[str, Mapping[str, Any]],
    *,
    settle: bool = False,
) -> tuple[int, Decision]:
    """Decide, record, and return what was recorded, with its number.

    A retry may run after new rules were put in force. The ledger keeps the first decision of an occasion, so history
    and ledger never disagree.

    Args:
        tx: The transaction that the decision is recorded in.
        program: The program whose policy decides.
        policy: The policy's name.
        occasion: Whom and what it is about, as of which day, by what was known when.
        facts: What Gatehouse itself supplies, by where it comes from; of two sources of one fact the later counts.
            Facts recorded about the partner fill in what the policy asks beyond.
        settle: Whether to decide with what is known where something is not.
    """
    found = made(tx, policy, occasion)
    if found:
        return found
    chosen = program.policies[policy]
    asked = {*chosen.facts, *chosen.events}
    supplied = {name: (value, source) for source, group in facts.items() for name, value in group.items()}
    recorded = {} if asked <= supplied.keys() else tx.facts.of(occasion.partner, occasion.as_of, occasion.known_at)
    known = {name: (fact.value, fact.origin) for name, fact in recorded.items()} | supplied
    used = {name: of for name, of in known.items() if name in asked and of[0] is not None}
    values = as_recorded({name: value for name, (value, _) in used.items()})
    return tx.decisions.record(
        Decision(
            partner=occasion.partner,
            policy=policy,
            policy_version=chosen.version,
            program=program.digest,
            program_version=program.program.version,
            purpose=occasion.purpose,
            as_of=occasion.as_of,
            known_at=occasion.known_at,
            settle=settle,
            ruling=decide(chosen, values, settle=settle),
            facts=values,
            sources={name: source for name, (_, source) in used.items()},
            engines=dict(ENGINES),
        )
    )


def rules_of(program: LoadedProgram) -> str:
    """The program as the source of a fact."""
    return f"program version {program.program.version}"

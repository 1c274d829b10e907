"""How a decision is made: facts are gathered, the policy rules, and the ledger keeps the first ruling."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from program.decision import Decision, as_recorded
from program.partner import PartnerId
from rules.decision.decide import Disagreement, decide
from rules.folder import LoadedProgram, load_program
from rules.language.policy import Policy
from rules.receipt import ENGINES
from store.database import Store, Transaction

KEPT = 16
"""Programs kept in memory: those in force and those that running pilots were agreed under."""


class Shelf:
    """The programs by digest, read from the store once each."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._programs: dict[str, LoadedProgram] = {}

    def get(self, digest: str) -> LoadedProgram:
        """The program of a digest.

        Raises:
            Refused: where it was never published.
        """
        program = self._programs.get(digest)
        if program is None:
            with self._store.read() as tx:
                program = load_program(tx.programs.files(digest))
            if len(self._programs) >= KEPT:
                self._programs.pop(next(iter(self._programs)), None)
            self._programs[digest] = program
        return program

    def in_force(self, on: date) -> LoadedProgram:
        """The program that decides what is new on a day."""
        program = self.was_in_force(on)
        if program is None:
            raise RuntimeError("no program was published yet; a worker publishes the first when it starts")
        return program

    def at(self, now: datetime, lag: timedelta = timedelta(0)) -> LoadedProgram | None:
        """The program in force at an instant; None before any was published.

        A version comes into force when its day begins by the clock of the one before.
        """
        before = self.was_in_force((now - lag).astimezone(UTC).date() - timedelta(days=1))
        if before is None:
            return None
        return self.in_force(before.program.clock.model_copy(update={"lag": lag}).today(now))

    def was_in_force(self, on: date) -> LoadedProgram | None:
        """The same; None on a day before any was published."""
        with self._store.read() as tx:
            publication = tx.programs.in_force(on)
        return self.get(publication.digest) if publication else None


@dataclass(frozen=True)
class Occasion:
    """What is decided about whom, and when."""

    partner: PartnerId
    purpose: str
    as_of: date
    known_at: datetime


class Undecidable(RuntimeError):
    """The evaluators disagree about what is decided on an occasion, so nothing is."""

    def __init__(self, occasion: Occasion, differ: Disagreement) -> None:
        super().__init__(f"{occasion.partner}, {occasion.purpose}: {differ}")
        self.occasion = occasion
        self.differ = differ


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
    and ledger never disagree. The arguments are those of `decided`.

    Raises:
        Undecidable: where the evaluators disagree; nothing is recorded.
    """
    found = made(tx, policy, occasion)
    return found or tx.decisions.record(decided(tx, program, policy, occasion, facts, settle=settle))


def decided(
    tx: Transaction,
    program: LoadedProgram,
    policy: str,
    occasion: Occasion,
    facts: Mapping[str, Mapping[str, Any]],
    *,
    settle: bool = False,
) -> Decision:
    """Decide, and leave it to others to record it.

    Args:
        tx: The transaction that the decision is to be recorded in.
        program: The program whose policy decides.
        policy: The policy's name.
        occasion: Whom and what it is about, as of which day, by what was known when.
        facts: What Gatehouse itself supplies, by where it comes from; of two sources of one fact the later counts.
            Facts recorded about the partner fill in what the policy asks beyond.
        settle: Whether to decide with what is known where something is not.

    Raises:
        Undecidable: where the evaluators disagree.
    """
    chosen = program.policies[policy]
    values, sources = known(tx, chosen, occasion, facts)
    try:
        ruling = decide(chosen, values, settle=settle)
    except Disagreement as differ:
        raise Undecidable(occasion, differ) from differ
    return Decision(
        partner=occasion.partner,
        policy=policy,
        policy_version=chosen.version,
        program=program.digest,
        program_version=program.program.version,
        purpose=occasion.purpose,
        as_of=occasion.as_of,
        known_at=occasion.known_at,
        settle=settle,
        ruling=ruling,
        facts=values,
        sources=sources,
        engines=dict(ENGINES),
    )


def known(
    tx: Transaction, policy: Policy, occasion: Occasion, facts: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, Any], dict[str, str]]:
    """What is known of the facts that a policy asks for, as a record holds them, and where each comes from."""
    asked = {*policy.facts, *policy.events}
    supplied = {name: (value, source) for source, group in facts.items() for name, value in group.items()}
    recorded = {} if asked <= supplied.keys() else tx.facts.of(occasion.partner, occasion.as_of, occasion.known_at)
    there = {name: (fact.value, fact.origin) for name, fact in recorded.items()} | supplied
    used = {name: of for name, of in there.items() if name in asked and of[0] is not None}
    values = as_recorded({name: value for name, (value, _) in used.items()})
    return values, {name: source for name, (_, source) in used.items()}


def rules_of(program: LoadedProgram) -> str:
    """The program as the source of a fact."""
    return f"program version {program.program.version}"

"""Publishing a program: a version that decides from a day on, and is never changed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from operations.drafts import try_draft
from program.errors import Refused
from program.partner import Stage
from program.publication import Publication, in_force
from rules.comparison import compare
from rules.folder import LoadedProgram, bytes_of, files_of, load_program, read_folder
from rules.language.source import Fault, Unfit, read_yaml
from store.database import Store, Transaction


@dataclass(frozen=True)
class Intent:
    """From when on a program is to be in force, who wants it, and why."""

    effective_on: date
    who: str
    note: str


def publish_first(store: Store, program: LoadedProgram, today: date, now: datetime) -> None:
    """Publish the program of a first start, from today on. Where any was published, nothing changes."""
    with store.write() as tx:
        tx.programs.alone()
        if not tx.programs.listed():
            _keep(tx, program, Intent(today, "worker", "first start"), now)


def publish(
    store: Store,
    folder: Path,
    intent: Intent,
    today: date,
    now: datetime,
    *,
    findings: Callable[[Path], Sequence[Fault]] = try_draft,
) -> tuple[Publication, bool]:
    """Publish the program of a folder. The same one again, from the same day on, changes nothing.

    Args:
        store: Where it is published.
        folder: What is published.
        intent: From when on, by whom, and why.
        today: The program's date.
        now: When it is published.
        findings: What is wrong with a folder; warnings keep nothing from being published.

    Returns:
        The version as it was published, and whether it was now.

    Raises:
        Unfit: naming what is wrong with it as `rules check` does, or every version that has to be raised.
        Refused: where it would be in force before today, or changes nothing.
    """
    program = read_checked(folder, findings)
    with store.write() as tx:
        tx.programs.alone()
        published = tx.programs.listed()
        there = next((publication for publication in published if publication.digest == program.digest), None)
        if there:
            return _as_it_is(there, intent), False
        if intent.effective_on < today:
            raise Refused(f"what was decided stays decided; {intent.effective_on} is over, and today is {today}")
        faults = [
            *_numbered(program, folder, published),
            *_unraised(program, _loaded(tx, published[-1] if published else None)),
            *_deserted_tiers(tx, program, folder, _loaded(tx, in_force(published, today))),
        ]
        if faults:
            raise Unfit(faults)
        before = in_force(published, intent.effective_on)
        beside = _loaded(tx, before)
        if before and beside and compare(beside, program).nothing:
            raise Refused(f"it says what version {before.version} says, which is in force by then; nothing has changed")
        return _keep(tx, program, intent, now), True


def read_checked(folder: Path, findings: Callable[[Path], Sequence[Fault]] = try_draft) -> LoadedProgram:
    """Read a program in which nothing is wrong.

    Raises:
        Unfit: naming what is wrong with it, as `gatehouse rules check` does.
        Refused: where it was changed in the meantime, or there is none.
    """
    checked = _bytes(folder)
    errors = [fault for fault in findings(folder) if fault.severity == "error"]
    if errors:
        raise Unfit(errors)
    program = read_folder(folder)
    if _bytes(folder) != checked:
        raise Refused(f"{folder} was changed while it was checked; publish it again")
    return program


def withdraw(store: Store, version: int, who: str, because: str, today: date, now: datetime) -> Publication:
    """Withdraw a version that is not in force yet. Who did so first is noted.

    Raises:
        Refused: where it is in force or was, or there is no such version.
    """
    with store.write() as tx:
        tx.programs.alone()
        publication = tx.programs.get(version)
        begun = publication.effective_on <= today or tx.programs.in_force(today) == publication
        if begun and publication.withdrawn_at is None:
            raise Refused(
                f"version {version} is in force since {publication.effective_on}, and what it decided stays decided; "
                "publish another version"
            )
        return tx.programs.withdraw(version, who, because, now)


def _bytes(folder: Path) -> dict[Path, bytes]:
    return {path: bytes_of(path) for path in files_of(folder)}


def _keep(tx: Transaction, program: LoadedProgram, intent: Intent, now: datetime) -> Publication:
    publication = Publication(
        version=program.program.version,
        digest=program.digest,
        name=program.program.program,
        effective_on=intent.effective_on,
        published_by=intent.who,
        note=intent.note,
        published_at=now,
    )
    tx.programs.publish(publication, program.files, program.cases)
    return publication


def _as_it_is(there: Publication, intent: Intent) -> Publication:
    """What was published before, if that is what is wanted."""
    if there.withdrawn_at is not None:
        raise Refused(f"these files were version {there.version}, which was withdrawn; raise the version")
    if there.effective_on != intent.effective_on:
        raise Refused(
            f"version {there.version} is published already, in force from {there.effective_on} on, and a version is "
            "never changed; raise the version, and withdraw that one if it is not in force yet"
        )
    return there


def _numbered(program: LoadedProgram, folder: Path, published: Sequence[Publication]) -> Iterator[Fault]:
    """The program's own version, where it is not above all others."""
    last = max((publication.version for publication in published), default=0)
    if program.program.version <= last:
        yield _program_fault(program, folder, "version", f"version {last} was published before; write {last + 1}")


def _unraised(program: LoadedProgram, latest: LoadedProgram | None) -> Iterator[Fault]:
    """The policies whose text is another than in the latest version, and whose own version is not above that one's.

    Since no version is published otherwise, a policy's version stands for one text, whenever it was published.
    """
    for name, policy in program.policies.items():
        known = latest.policies.get(name) if latest else None
        before = known.version if known and policy != known else 0
        if policy.version <= before:
            message = f"its text is another than when version {before} was published; write {before + 1}"
            yield policy.fault(("version",), message)


def _deserted_tiers(
    tx: Transaction, program: LoadedProgram, folder: Path, current: LoadedProgram | None
) -> Iterator[Fault]:
    """Tiers that a program no longer has, and in which partners stand or are put until it is in force."""
    needed = {standing.tier: "partners stand in it" for standing in tx.partners.roster(Stage.ACTIVE) if standing.tier}
    if current:
        needed.setdefault(current.program.entry_tier, "partners enter it until then")
    for tier in sorted(needed.keys() - {tier.id for tier in program.program.tiers}):
        message = f"there is no tier {tier} any more, and {needed[tier]}; keep it, with a score that nobody reaches"
        yield _program_fault(program, folder, "tiers", message)


def _loaded(tx: Transaction, publication: Publication | None) -> LoadedProgram | None:
    return load_program(tx.programs.files(publication.digest)) if publication else None


def _program_fault(program: LoadedProgram, folder: Path, key: str, message: str) -> Fault:
    return read_yaml(program.files["program.yaml"], str(folder / "program.yaml")).fault((key,), message)

"""Evidence of many partners at once: what the coming re-score is without, and what a sheet says of it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from activities.scoring import gather
from intake.evidence import Answer, Asked
from intake.faults import Faults
from intake.reading import Intake
from operations.acts import Imported
from operations.rating import Unrateable, rate
from operations.rescoring import Programs, pages
from program.calendar import Quarter
from program.definition import Program
from program.measures import MEASURES
from program.partner import PartnerId, Standing
from program.scorecard import Scorecard
from store.database import Store, Transaction

# What a sheet says


def record_evidence(
    tx: Transaction, asked: Asked, file: Path, sheet: Intake[Answer], today: date, now: datetime
) -> Imported:
    """Rate everybody anew of whom a sheet says something.

    Raises:
        Refused: listing the rows of partners that cannot be rated so; then the transaction is to be undone.
    """
    faults = Faults(file)
    by_partner: dict[PartnerId, list[tuple[int, Answer]]] = {}
    for line, answer in zip(sheet.lines, sheet.models, strict=True):
        by_partner.setdefault(answer.partner, []).append((line, answer))
    by_day: dict[date, dict[PartnerId, Scorecard]] = {}
    for partner, ((line, first), *others) in by_partner.items():
        for other, answer in others:
            if odds := list(_at_odds(line, first, answer)):
                faults.add(other, odds)
        newer = asked.scorecard(first.reviewer or "", [first, *(answer for _, answer in others)])
        by_day.setdefault(first.rated_on or today, {})[partner] = newer
    tx.partners.all_held(by_partner)  # at once and by ID, whatever their days
    last = tx.scorecards.latest(by_partner, today, now)
    said = Counter[str]()
    for day, rated in by_day.items():
        try:
            news = rate(tx, asked.program.program, rated, day, today, now)
        except Unrateable as refused:
            for partner, reason in refused.reasons.items():
                faults.add(by_partner[partner][0][0], [reason])
            continue
        for partner, newer in rated.items():
            _, known = last.get(partner, (day, None)) if partner in news else (day, newer)
            said.update(_news(known, newer))
    faults.refuse_if_any(sheet.read)
    return Imported(said["added"], said["changed"], said["known"])


def _at_odds(line: int, first: Answer, other: Answer) -> Iterator[str]:
    """What two rows about a partner do not agree on."""
    for column in ("reviewer", "rated_on"):
        then, now = getattr(first, column), getattr(other, column)
        if then != now:
            said = f"{column}: {now}, and line {line} says {then} of the same partner"
            yield f"{said}; make both the same, or import one of them from a file of its own"


def _news(known: Scorecard | None, newer: Scorecard) -> Iterator[str]:
    """Of each answer of a scorecard whether it is added to what is known, changes it, or was known."""
    for part in ("ratings", "screening", "facts"):
        before = getattr(known, part) if known else {}
        for name, answer in getattr(newer, part).items():
            yield "added" if name not in before else "known" if before[name] == answer else "changed"


# What is missing


@dataclass(frozen=True)
class MissingEvidence:
    """What a quarter's re-score would be without."""

    sheet: tuple[Answer, ...]
    """What somebody could rate or say, by partner: to be filled in."""
    late: int
    """Partners of whom something is missing that counts in a later quarter only: they were rated on a later day."""
    measured: Mapping[str, int]
    """Of how many partners nobody knows what is measured. No sheet asks for it, since opportunities show it."""


def missing_evidence(
    store: Store, programs: Programs, quarter: Quarter, as_of: date, today: date, now: datetime
) -> MissingEvidence:
    """What a quarter's re-score would be without as of a day, by what is known now."""
    program, model = programs.program.program, programs.weighs.program.score
    sheet, late, measured = list[Answer](), 0, Counter[str]()
    with store.read() as tx:
        for standings in pages(tx):
            gathered = gather(tx, program, [model], quarter, as_of, now, standings)
            scored = model.scores({partner: one.measured for partner, one in gathered.items()})
            without = {partner: score.missing for partner, score in scored.items() if score.missing}
            rated = tx.scorecards.latest(without, today, now)
            for standing in standings:
                facts = without.get(standing.partner.id, ())
                measured.update(fact for fact in facts if fact in MEASURES)
                if any(fact not in MEASURES for fact in facts):
                    last_on, last = rated.get(standing.partner.id, (as_of, None))
                    late += last_on > as_of
                    sheet += _questions(program, standing, facts, last, max(as_of, last_on))
    return MissingEvidence(sheet=tuple(sheet), late=late, measured=dict(measured.most_common()))


def _questions(
    program: Program, standing: Standing, facts: Sequence[str], last: Scorecard | None, on: date
) -> Iterator[Answer]:
    """What is to be asked of a partner for facts that nobody knows."""
    asked = {one.id: one.title for fact in facts for one in program.scorecard.rated_for(fact)}
    asked |= {question.id: question.title for question in program.evidence if question.id in facts}
    for name, title in asked.items():
        if last is None or name not in last.ratings:
            yield Answer(
                partner=standing.partner.id, owner=standing.partner.owner, asked=name, title=title, rated_on=on
            )

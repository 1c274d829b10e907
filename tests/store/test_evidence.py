"""Evidence of many partners on both databases: asked for, filled in, recorded once."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from intake.evidence import Answer, Asked
from intake.reading import Intake
from operations.acts import Imported
from operations.evidence import missing_evidence, record_evidence
from operations.rescoring import Programs
from program.calendar import Quarter
from program.errors import Refused
from program.partner import Stage
from rules.folder import LoadedProgram
from store.database import Store
from tests.store.conftest import AT
from tests.store.contents import contents

Q1 = Quarter(year=2017, number=1)
TODAY = date(2017, 4, 3)
NOW = datetime(2017, 4, 3, 12, tzinfo=UTC)
SHEET = Path("sheet.csv")


def asked_for(store: Store, program: LoadedProgram) -> list[Answer]:
    programs = Programs(program=program, weighs=program, weighed_before=program)
    return list(missing_evidence(store, programs, Q1, Q1.last_day, TODAY, NOW).sheet)


def imports(store: Store, program: LoadedProgram, answers: list[Answer]) -> Imported:
    sheet = Intake(answers, [*range(2, len(answers) + 2)], len(answers))
    with store.write() as tx:
        return record_evidence(tx, Asked(program), SHEET, sheet, TODAY, NOW)


def test_what_a_re_score_would_be_without_is_recorded_whole_and_once(
    any_store: Store, default_program: LoadedProgram
) -> None:
    with any_store.write() as tx:
        for partner in ("acme", "bolt"):
            tx.partners.move(partner, "pilot", Stage.PILOT, date(2017, 1, 1), "Taken over.", AT)
            tx.partners.move(partner, "active", Stage.ACTIVE, date(2017, 1, 1), "Expanded.", AT, tier="growth")
    asked = asked_for(any_store, default_program)
    assert [(one.partner, one.asked) for one in asked] == [
        (partner, criterion) for partner in ("acme", "bolt") for criterion in ("market", "motion")
    ]
    filled = [one.model_copy(update={"rating": 4, "evidence": "Seen", "reviewer": "Rita"}) for one in asked]

    before = contents(any_store)
    late = [*filled[:2], *(one.model_copy(update={"rated_on": date(2017, 4, 4)}) for one in filled[2:])]
    with pytest.raises(Refused, match=r"sheet.csv:4: 2017-04-04 has not come"):
        imports(any_store, default_program, late)
    assert contents(any_store) == before, "of the first partner nothing was kept either"

    assert imports(any_store, default_program, filled[:3]) == Imported(3, 0, 0)
    assert asked_for(any_store, default_program) == [asked[3]]
    assert imports(any_store, default_program, filled) == Imported(1, 0, 3)
    assert asked_for(any_store, default_program) == []
    after = contents(any_store)
    assert imports(any_store, default_program, filled) == Imported(0, 0, 4)
    assert contents(any_store) == after

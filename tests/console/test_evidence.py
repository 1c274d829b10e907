"""Evidence of many partners at once: the sheet of what the coming re-score is without, filled in and imported."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from activities.watching import over
from program.calendar import Quarter
from rules.folder import LoadedProgram
from store.database import Store
from tests.activities.conftest import START, Office, at
from tests.activities.test_roster import rated, rescores, wins, works
from tests.activities.test_watching import swept
from tests.console.conftest import Operator
from tests.store.contents import contents
from tests.world import a_scorecard, changed_program, publish

Q2, Q3 = (Quarter(year=2017, number=number) for number in (2, 3))
HEADER = "partner,asked,rating,evidence\n"
ASKED = """evidence:
  - {id: trained, title: How many of its people were trained}
  - {id: overlap, title: How much of its market is ours}
  - {id: certified, title: Two of its people are certified}
  - {id: specialty, title: What it is best at}
"""
MORE = ("deferral_days: 90", f"{ASKED}deferral_days: 90")
WEIGHED = (
    "{id: conversion, title: Win rate, weight: 10, fact: win_rate, target: 0.6}",
    "{id: training, title: Training, weight: 10, fact: trained, target: 6}",
)
DECLARED = ("  total_score:", "  overlap: {type: ratio}\n  certified: {type: flag}\n  total_score:")


@pytest.fixture
def office(store: Store, default_program: LoadedProgram) -> Office:
    """Acme and Globex were taken over in their pilots and never rated; Initech was, but for its motion."""
    office = Office(store, default_program)
    for partner in (office.active("Acme"), office.active("Globex"), rated(office, "Initech", without=("motion",))):
        wins(office, partner, Q2)
    return office


@pytest.fixture
def operator(operator: Operator) -> Operator:
    """On the fourth day after the second quarter of 2017."""
    operator.installation.lag = datetime.now(UTC) - at(date(2017, 7, 4))
    return operator


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    return tmp_path / "sheet.csv"


def rows(sheet: Path) -> list[dict[str, str]]:
    with sheet.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


def fill_in(sheet: Path, *partners: str, **said: str) -> None:
    """Fill in the rows of some partners, as a spreadsheet would."""
    filled = [{**row, **(said if row["partner"] in partners else {})} for row in rows(sheet)]
    with sheet.open("w", encoding="utf-8-sig", newline="") as opened:
        writer = csv.DictWriter(opened, list(filled[0]))
        writer.writeheader()
        writer.writerows(filled)


def missing(operator: Operator) -> Any:
    return operator.gets("rescore", "--preview")["missing"]


def test_the_sheet_of_what_is_missing_is_filled_in_imported_and_nothing_is_missing(
    operator: Operator, office: Office, sheet: Path
) -> None:
    assert missing(operator) == {"fit_score": 3}
    before = contents(office.store)
    said = operator.sees("rescore", "--missing", str(sheet))
    assert contents(office.store) == before
    assert said == (
        f"{sheet}: 5 rows to fill in, of 3 partners, for 2017Q2 as of 2017-06-30.\n"
        f"Then: gatehouse import evidence {sheet} --by WHO\n"
    )
    assert [(row["partner"], row["asked"], row["rated_on"]) for row in rows(sheet)] == [
        ("acme", "market", "2017-06-30"),
        ("acme", "motion", "2017-06-30"),
        ("globex", "market", "2017-06-30"),
        ("globex", "motion", "2017-06-30"),
        ("initech", "motion", "2017-06-30"),
    ]
    assert rows(sheet)[0]["title"] == "Reaches our buyers"
    assert rows(sheet)[0]["owner"] == "Ada Owner"

    fill_in(sheet, "acme", "initech", rating="4", evidence="Seen in the mapping, Köln")
    assert operator.sees("import", "evidence", str(sheet), "--by", "Rita") == (
        "5 rows read, 3 used, 2 empty and left out.\nEvidence: 3 added, 0 changed, 0 known already.\n"
    )
    assert missing(operator) == {"fit_score": 1}
    fill_in(sheet, "globex", rating="2", evidence="They sell to others")
    assert operator.sees("import", "evidence", str(sheet), "--by", "Rita").splitlines()[1] == (
        "Evidence: 2 added, 0 changed, 3 known already."
    )
    assert missing(operator) == {}
    with office.store.read() as tx:
        on, card = tx.scorecards.latest(["initech"], date(2017, 7, 4), datetime.now(UTC))["initech"]
    assert (on, card.reviewer, len(card.ratings)) == (date(2017, 6, 30), "Rita", 5)


def test_a_sheet_with_nothing_to_fill_in_is_not_written(operator: Operator, office: Office, sheet: Path) -> None:
    fill = ("import", "evidence", str(sheet), "--by", "Rita", "--on", "2017-06-30")
    everybody = [f"{partner},{asked},4,Seen\n" for partner in ("acme", "globex") for asked in ("market", "motion")]
    sheet.write_text(HEADER + "".join(everybody) + "initech,motion,4,Seen\n")
    operator.sees(*fill)
    works(office, office.active("Hooli"), Q2)  # and closed nothing
    operator.sees("scorecard", "renew", "hooli", str(form(sheet.parent)), "--on", "2017-06-30")
    none = sheet.parent / "none.csv"
    said = operator.sees("rescore", "--missing", str(none))
    assert "Nothing is missing for 2017Q2 as of 2017-06-30 that somebody could rate or say" in said
    assert "win_rate is measured, so no sheet asks for it; it is not known of so many partners: 1." in said
    assert operator.gets("rescore", "--missing", str(none))["measured"] == {"win_rate": 1}
    assert not none.exists()


def form(folder: Path) -> Path:
    """A scorecard of nothing but what fits."""
    card = folder / "card.yaml"
    rates = "".join(f"  {name}: {{rating: 4, evidence: Seen}}\n" for name in ("market", "motion"))
    card.write_text(f"reviewer: Rita\nratings:\n{rates}")
    return card


def test_a_sheet_that_is_there_is_not_written_over(operator: Operator, office: Office, sheet: Path) -> None:
    assert office.store
    sheet.write_text("filled in")
    assert "is there already, and may be filled in" in operator.is_refused("rescore", "--missing", str(sheet))
    assert sheet.read_text() == "filled in"
    assert "cannot be written" in operator.is_refused("rescore", "--missing", str(sheet.parent / "no" / "sheet.csv"))
    assert "one of the two" in operator.is_corrected("rescore", "--preview", "--missing", str(sheet))


def test_what_is_rated_too_late_for_the_quarter_is_said_to_be(operator: Operator, office: Office, sheet: Path) -> None:
    with office.store.write() as tx:
        tx.scorecards.add("acme", 1, 1, a_scorecard(without=("market",)), date(2017, 7, 2), at(date(2017, 7, 2)))
    said = operator.sees("rescore", "--missing", str(sheet))
    assert "Partners rated after 2017-06-30: 1. What is missing of them counts in a later re-score." in said
    assert next((row["asked"], row["rated_on"]) for row in rows(sheet)) == ("market", "2017-07-02")
    fill_in(sheet, "acme", rating="4", evidence="Seen")
    assert "1 added" in operator.sees("import", "evidence", str(sheet), "--by", "Rita")


def test_a_stall_for_missing_evidence_ends_with_the_import(operator: Operator, office: Office, sheet: Path) -> None:
    works(office, office.active("Hooli"), Q2)
    rescores(office)
    operator.installation.lag = datetime.now(UTC) - at(Q3.last_day)
    stall = swept(office, Q3.first_day)["evidence_missing_in_rescore"]
    sheet.write_text(HEADER + "hooli,market,4,Seen\nhooli,motion,4,Seen\n")
    operator.sees("import", "evidence", str(sheet), "--by", "Rita", "--on", "2017-07-01")
    with office.store.read() as tx:
        assert stall.key in tx.escalations.doubted(100)
        why = over(tx, office.shelf.get(stall.program), stall, Q3.last_day, datetime.now(UTC))
    assert why == "Factors that its last re-score was without: 1 instead of 2."


def test_what_is_not_rated_is_a_value_and_is_checked_against_what_it_is_declared_to_be(
    operator: Operator, office: Office, sheet: Path
) -> None:
    program = changed_program(office.program, MORE, WEIGHED)
    program = changed_program(program, DECLARED, file="policies/qualification.yaml")
    publish(office.store, program, date(2017, 3, 15))
    operator.sees("rescore", "--missing", str(sheet))
    fill_in(sheet, "acme", rating="4", evidence="Seen")
    bring = ("import", "evidence", str(sheet), "--by", "Rita")
    assert f"{sheet}:4: rating: trained is not rated; leave this empty" in operator.is_refused(*bring)

    header = "partner,asked,rating,evidence,value\n"
    bad = [
        ("trained", "", "", "12,5", "value: '12,5' is not a number with at most 6 decimal places; correct it"),
        ("overlap", "", "", "much", "value: 'much' is not a ratio with at most 4 decimal places, such as 0.25 or 25%"),
        ("certified", "", "", "two", "value: 'two' is not true or false; correct it"),
        ("unsound", "", "", "perhaps", "value: 'perhaps' is not true or false; correct it"),
        ("unsound", "", "Heard so", "", "evidence: unsound is not rated; leave this empty"),
        ("market", "", "", "4", "value: market is rated; give a whole number from 1 to 5 under `rating`"),
    ]
    for asked, rating, evidence, value, said in bad:
        sheet.write_text(f'{header}acme,{asked},{rating},{evidence},"{value}"\n')
        assert f"{sheet}:2: {said}" in operator.is_refused(*bring)

    good = ("trained,,,3.5", "overlap,,,25%", "certified,,,TRUE", "specialty,,,Retail", "unsound,,,no")
    sheet.write_text(header + "".join(f"acme,{one}\n" for one in good))
    assert "5 added" in operator.sees(*bring)
    assert "0 added, 0 changed, 5 known" in operator.sees(*bring)
    with office.store.read() as tx:
        known = tx.facts.of("acme", date(2017, 7, 4), datetime.now(UTC))
        [(_, card)] = tx.scorecards.latest(["acme"], date(2017, 7, 4), datetime.now(UTC)).values()
    assert {name: one.value for name, one in known.items()} == {
        "trained": 3.5,
        "overlap": 0.25,
        "certified": True,
        "specialty": "Retail",
    }
    assert card.screening == {"unsound": False}


WRONG = [
    ("acme,market,6,Seen", "rating: '6' is above 5; correct it"),
    ("acme,motion,0,Seen", "rating: '0' is below 1; correct it"),
    ('acme,people,"4,5",Seen', "rating: '4,5' is no whole number; correct it"),
    ("acme,intent,4,", "evidence: a rating that rests on nothing; say what was seen"),
    ("acme,operations,,Seen", "rating: evidence without a rating; give a whole number from 1 to 5"),
    ("acme,markt,4,Seen", "asked: 'markt' is not asked for; did you mean market?"),
    ("acme,,4,Seen", "asked: nothing stands here, and it is needed; fill it in"),
    ("umbrella,market,4,Seen", "partner: 'umbrella' is not a partner we know; import the partners first"),
    ("globex,market,3,Seen", "partner, asked: 'globex', 'market' stands in line 2 already; remove one of the two"),
]
UNTIMELY = [
    ("vandelay,market,3,Seen", "vandelay is prospect; partners are rated anew in a pilot or while active"),
    ("initech,motion,3,Seen", "initech was rated on 2017-07-03; what was so before is known. Say that day"),
]


def test_rows_that_cannot_be_so_keep_the_whole_sheet_out_and_each_is_named(
    operator: Operator, office: Office, sheet: Path
) -> None:
    office.knows("Vandelay")
    with office.store.write() as tx:
        tx.scorecards.add("initech", 1, 2, a_scorecard(), date(2017, 7, 3), at(START))
    before = contents(office.store)
    bring = ("import", "evidence", str(sheet), "--by", "Rita", "--on", "2017-07-01")
    for wrong in (WRONG, UNTIMELY):
        sheet.write_text(f"{HEADER}globex,market,4,Seen\n" + "".join(f"{row}\n" for row, _ in wrong))
        first, *others = operator.is_refused(*bring).splitlines()
        assert first == f"error: {sheet}: {len(wrong)} of {len(wrong) + 1} rows cannot be imported, so nothing was"
        for line, (said, (_, expected)) in enumerate(zip(others, wrong, strict=True), start=3):
            assert said.startswith(f"{sheet}:{line}: {expected}")
    assert contents(office.store) == before


def test_every_row_says_who_rated_and_when_or_the_command_does(operator: Operator, office: Office, sheet: Path) -> None:
    assert office.store
    header = "partner,asked,rating,evidence,reviewer,rated_on\n"
    sheet.write_text(f"{header}acme,market,4,Seen,,\nacme,motion,4,Seen,Bo,2017-06-29\n")
    assert f"{sheet}:2: reviewer: nothing stands here; say who rates it, or give --by" in operator.is_refused(
        "import", "evidence", str(sheet)
    )
    refused = operator.is_refused("import", "evidence", str(sheet), "--by", "Rita")
    assert f"{sheet}:3: reviewer: Bo, and line 2 says Rita of the same partner; make both the same" in refused
    assert f"{sheet}:3: rated_on: 2017-06-29, and line 2 says 2017-07-04 of the same partner" in refused
    sheet.write_text(f"{header}acme,market,4,Seen,,2017-07-05\n")
    refused = operator.is_refused("import", "evidence", str(sheet), "--by", "Rita")
    assert f"{sheet}:2: 2017-07-05 has not come; say on which day it was so" in refused


def test_a_dry_run_and_a_script_hear_what_would_come_of_it(operator: Operator, office: Office, sheet: Path) -> None:
    sheet.write_text(HEADER + "acme,market,4,Seen\nacme,motion,,\ninitech,market,5,Seen again\n")
    bring = ("import", "evidence", str(sheet), "--by", "Rita")
    before = contents(office.store)
    assert "1 would be added, 1 would be changed, 0 known already" in operator.sees(*bring, "--dry-run")
    assert contents(office.store) == before
    assert operator.gets(*bring) == {
        "kind": "evidence",
        "file": str(sheet),
        "dry_run": False,
        "read": 3,
        "used": 2,
        "empty": 1,
        "direct": 0,
        "rejected": 0,
        "added": 1,
        "changed": 1,
        "moved": 0,
        "known": 0,
    }


def test_a_sheet_imported_again_after_another_rating_says_nothing_new(
    operator: Operator, office: Office, sheet: Path
) -> None:
    sheet.write_text(HEADER + "acme,market,4,Seen\n")
    bring = ("import", "evidence", str(sheet), "--by", "Rita", "--on", "2017-06-30")
    operator.sees(*bring)
    operator.sees("scorecard", "renew", "acme", str(form(sheet.parent)), "--on", "2017-07-01")
    before = contents(office.store)
    assert "0 added, 0 changed, 1 known already" in operator.sees(*bring)
    assert contents(office.store) == before


def test_a_sheet_of_ones_own_is_read_by_a_map(operator: Operator, office: Office, sheet: Path) -> None:
    assert office.store
    mapping = sheet.parent / "map.yaml"
    mapping.write_text(
        "dates: '%d.%m.%Y'\n"
        "evidence:\n"
        "  partner: {slug: Company}\n"
        "  asked: {constant: market}\n"
        "  rating: Stars\n"
        "  evidence: Why\n"
        "  rated_on: Day\n"
        "  reviewer: Who\n"
    )
    bring = ("import", "evidence", str(sheet), "--map", str(mapping))
    sheet.write_text("Company,Stars,Why,Day,Who\nAcme,nine,Seen,30.06.2017,Bo\nGlobex,4,Seen,June,Bo\n")
    refused = operator.is_refused(*bring)
    assert f"{sheet}:2: Stars: 'nine' is no whole number; correct it" in refused
    assert f"{sheet}:3: Day: 'June' is not a day written as %d.%m.%Y" in refused
    sheet.write_text("Company,Stars,Why,Day,Who\nAcme,4,Seen,30.06.2017,Bo\n")
    assert "1 added" in operator.sees(*bring)

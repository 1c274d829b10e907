"""Every row of a file becomes a model, or the file is refused with what is wrong in each row."""

import csv
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake.mapping import ImportMap, load_map
from intake.reading import MappedAccount, read_accounts, read_opportunities, read_partners
from program.errors import Refused
from program.opportunity import DirectDeal, Opportunity
from program.partner import Partner, PartnerType

DATA = Path(__file__).parent / "data"
EXAMPLE = Path(__file__).parents[2] / "docs/examples/maven-crm.yaml"

PARTNERS = "id,name,type,region,owner,owner_manager\n"
DEALS = "id,partner,account,created_on,qualified_on,progressed_on,closed_on,won,value,mutual\n"
KNOWN = {"acme"}


@pytest.fixture
def mapping() -> ImportMap:
    return load_map(EXAMPLE)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file.csv"


def partners(file: Path, content: str, mapping: ImportMap | None = None) -> list[Partner]:
    file.write_text(content, encoding="utf-8")
    return read_partners(file, mapping).models


def deals(file: Path, content: str, mapping: ImportMap | None = None) -> list[Opportunity]:
    file.write_text(content, encoding="utf-8")
    found = read_opportunities(file, mapping, known=KNOWN).models
    return [deal for deal in found if isinstance(deal, Opportunity)]


def faults_of_partners(file: Path, content: str, mapping: ImportMap | None = None) -> list[str]:
    with pytest.raises(Refused) as refused:
        partners(file, content, mapping)
    return str(refused.value).replace(str(file), file.name).splitlines()


def faults_of_deals(file: Path, content: str, mapping: ImportMap | None = None) -> list[str]:
    with pytest.raises(Refused) as refused:
        deals(file, content, mapping)
    return str(refused.value).replace(str(file), file.name).splitlines()


def test_a_deal_that_a_partner_registered_says_when_and_when_it_was_answered(file: Path) -> None:
    header = "id,partner,created_on,submitted_on,answered_on\n"
    waiting, answered = deals(file, header + "1,acme,2017-03-01,2017-03-02,\n2,acme,2017-03-01,2017-03-02,2017-03-03\n")
    assert (waiting.submitted_on, waiting.answered_on) == (date(2017, 3, 2), None)
    assert answered.answered_on == date(2017, 3, 3)
    assert faults_of_deals(file, header + "1,acme,2017-03-01,,2017-03-03\n")[1] == (
        "file.csv:2: it was answered on 2017-03-03, and nothing says when it was submitted; correct the row"
    )


def test_an_export_becomes_partners_by_its_map(mapping: ImportMap) -> None:
    intake = read_partners(DATA / "teams.csv", mapping)
    assert (intake.read, intake.used, intake.left_out, intake.rejected) == (6, 6, 0, 0)
    assert intake.models[1] == Partner(
        id="casa-orbita",
        name="Casa Órbita",
        type=PartnerType.RESELL,
        region="South",
        owner="Ines Okafor",
        owner_manager="Head of partnerships",
    )


def test_an_export_becomes_opportunities_by_its_map(mapping: ImportMap) -> None:
    known = {partner.id for partner in read_partners(DATA / "teams.csv", mapping).models}
    intake = read_opportunities(DATA / "pipeline.csv", mapping, known=known)
    assert (intake.read, intake.used, intake.left_out, intake.rejected) == (60, 55, 5, 0)
    assert Counter(deal.won for deal in intake.models) == {True: 35, False: 10, None: 10}
    assert sum(deal.value or 0 for deal in intake.models if deal.won) == 91_590
    assert intake.models[0] == Opportunity(
        id="U0GPMLF2",
        partner="tamsin-vale",
        account="Pemberton Rail",
        created_on=date(2023, 1, 9),
        qualified_on=date(2023, 1, 9),
        progressed_on=date(2023, 1, 24),
        closed_on=date(2023, 1, 24),
        won=True,
        value=Decimal(5414),
    )


def test_only_a_won_deal_has_progressed_and_only_a_closed_one_has_a_value(mapping: ImportMap) -> None:
    known = {partner.id for partner in read_partners(DATA / "teams.csv", mapping).models}
    for deal in read_opportunities(DATA / "pipeline.csv", mapping, known=known).models:
        assert (deal.progressed_on is not None) is (deal.won is True)
        assert (deal.value is not None) is (deal.closed_on is not None)


def test_without_a_map_columns_are_named_as_the_fields(file: Path) -> None:
    assert partners(file, PARTNERS + "acme,Acme,services,North,Ines,Leo\n") == [
        Partner(id="acme", name="Acme", type=PartnerType.SERVICES, region="North", owner="Ines", owner_manager="Leo")
    ]
    assert deals(file, "won,id,partner,created_on,closed_on\ntrue,1,acme,2023-01-09,2023-02-01\n") == [
        Opportunity(id="1", partner="acme", created_on=date(2023, 1, 9), closed_on=date(2023, 2, 1), won=True)
    ]


def test_mapped_accounts_are_read_with_and_without_a_map(file: Path) -> None:
    accounts = ImportMap.model_validate({"accounts": {"partner": {"slug": "who"}, "name": "customer"}})
    file.write_text("who,customer\nAcme,Harrow Foods\nAcme,Lumen Textiles\n", encoding="utf-8")
    assert read_accounts(file, accounts, known=KNOWN).models == [
        MappedAccount(partner="acme", name="Harrow Foods"),
        MappedAccount(partner="acme", name="Lumen Textiles"),
    ]
    file.write_text("partner,name\nacme,Harrow Foods\n", encoding="utf-8")
    assert read_accounts(file, known=KNOWN).used == 1


def test_an_account_mapped_to_one_partner_twice_names_both_lines(file: Path) -> None:
    file.write_text("partner,name\nacme,Harrow Foods\nacme,Lumen\nacme,Harrow Foods\n", encoding="utf-8")
    with pytest.raises(Refused, match=r":4: partner, name: 'acme', 'Harrow Foods' stands in line 2 already"):
        read_accounts(file, known=KNOWN)


def test_a_header_alone_is_an_import_of_nothing(file: Path) -> None:
    assert partners(file, PARTNERS) == []


def test_an_undated_opportunity_is_counted_whatever_else_it_says(file: Path) -> None:
    file.write_text(DEALS + "1,acme,,2023-01-09,,,,,,\n2,nobody,,,,,,perhaps,,\n", encoding="utf-8")
    intake = read_opportunities(file, known=KNOWN)
    assert (intake.read, intake.used, intake.left_out, intake.rejected) == (2, 1, 1, 0)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("acme,Acme,resell,North", "file.csv:2: it has 4 cells and the header has 6; complete the row"),
        (
            "acme,Acme,resell,North,Ines,Leo,x",
            "file.csv:2: it has 7 cells and the header has 6; complete the row",
        ),
        (",Acme,resell,North,Ines,Leo", "file.csv:2: id: nothing stands here, and it is needed; fill it in"),
        ("acme,Acme,resell,,Ines,Leo", "file.csv:2: region: nothing stands here, and it is needed; fill it in"),
        ("Acme Ltd,Acme,resell,North,Ines,Leo", "file.csv:2: id: 'Acme Ltd' is no id: at most 64 lower-case letters"),
        ("acme,Acme,broker,North,Ines,Leo", "file.csv:2: type: 'broker' is not 'referral', 'services' or 'resell'; tr"),
        (f"acme,{'A' * 201},resell,North,Ines,Leo", "file.csv:2: name: longer than 200 characters; shorten it"),
    ],
)
def test_a_row_that_is_no_partner_is_told_by_line_and_column(file: Path, row: str, said: str) -> None:
    summary, fault = faults_of_partners(file, f"{PARTNERS}{row}\n")
    assert summary == "file.csv: 1 of 1 rows cannot be imported, so nothing was"
    assert fault.startswith(said)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1,acme,,soon,,,,,,", "created_on: 'soon' is not a day written as %Y-%m-%d (like 2017-03-01); correct it"),
        ("1,acme,,2023-01-09,,,2023-02-30,true,,", "closed_on: '2023-02-30' is not a day"),
        ("1,acme,,2023-01-09,,,2023-02-01,Won,,", "won: 'Won' is neither true nor false; translate it under `values`"),
        ('1,acme,,2023-01-09,,,2023-02-01,true,"1,054",', "value: '1,054' is not an amount; write digits and a point"),
        ("1,acme,,2023-01-09,,,2023-02-01,true,NaN,", "value: 'NaN' is not an amount"),
        ("1,acme,,2023-01-09,,,2023-02-01,true,-5,", "value: '-5' is below 0; correct it"),
        ("1,acme,,2023-01-09,,,2023-02-01,true,1.005,", "value: '1.005' has more than 2 places after the point; round"),
        ("1,acme,,2023-01-09,,,2023-02-01,true,1e30,", "value: '1e30' is too large an amount"),
        ("1,nobody,,2023-01-09,,,,,,", "partner: 'nobody' is not a partner we know; import the partners first, or"),
        ("1,acme,,2023-01-09,,,,true,,", "a closed opportunity is won or lost and has a closing date, an open one ha"),
        ("1,acme,,2023-01-09,,,2023-01-08,true,,", "it was closed on 2023-01-08, before it was created on 2023-01-09;"),
    ],
)
def test_a_row_that_is_no_opportunity_is_told_by_line_and_column(file: Path, row: str, said: str) -> None:
    faults = faults_of_deals(file, f"{DEALS}{row}\n")
    assert len(faults) == 2
    assert faults[1].startswith(f"file.csv:2: {said}")


def test_faults_are_told_by_the_columns_of_the_export(file: Path, mapping: ImportMap) -> None:
    header = (DATA / "pipeline.csv").read_text(encoding="utf-8").splitlines()[0]
    faults = faults_of_deals(file, f"{header}\n1,Acme,Atlas,,Stuck,9 Jan,,\n2,,Atlas,,Engaging,2023-01-09,,\n", mapping)
    day, stage, partner = faults[1:]
    assert day.startswith("file.csv:2: engage_date: '9 Jan' is not a day written as %Y-%m-%d (like 2017-03-01);")
    assert stage.startswith(
        "file.csv:2: deal_stage: 'Stuck' is not listed under `values` in the map, which has Won, Lo"
    )
    assert partner.startswith("file.csv:3: sales_agent: nothing stands here, and it is needed; fill it in")


def test_an_id_that_stands_twice_names_both_lines(file: Path) -> None:
    row = "acme,Acme,resell,North,Ines,Leo\n"
    assert faults_of_partners(file, PARTNERS + row + row.replace("acme", "other") + row)[1:] == [
        "file.csv:4: id: 'acme' stands in line 2 already; remove one of the two"
    ]


def test_two_names_that_make_one_id_are_told(file: Path, mapping: ImportMap) -> None:
    content = "sales_agent,manager,regional_office\nTamsin & Vale,Ines,North\nTamsin-Vale,Ines,North\n"
    assert faults_of_partners(file, content, mapping)[1:] == [
        "file.csv:3: sales_agent: 'tamsin-vale' stands in line 2 already; remove one of the two"
    ]


def test_every_fault_of_every_row_is_listed(file: Path) -> None:
    good = "acme,Acme,resell,North,Ines,Leo\n"
    bad = "B,,broker,North,Ines,Leo\n"
    summary, *faults = faults_of_partners(file, PARTNERS + good + bad + bad.replace("B", "C"))
    assert summary == "file.csv: 2 of 3 rows cannot be imported, so nothing was"
    assert [fault.split(": ")[:2] for fault in faults] == [
        ["file.csv:3", "id"],
        ["file.csv:3", "name"],
        ["file.csv:3", "type"],
        ["file.csv:4", "id"],
        ["file.csv:4", "name"],
        ["file.csv:4", "type"],
    ]


def test_fifty_faults_are_listed_and_the_others_counted(file: Path) -> None:
    rows = "".join(f"p{n},Partner,broker,North,Ines,Leo\n" for n in range(73))
    summary, *faults, rest = faults_of_partners(file, PARTNERS + rows)
    assert summary == "file.csv: 73 of 73 rows cannot be imported, so nothing was"
    assert len(faults) == 50
    assert rest == "and 23 more faults"


def test_a_cell_that_holds_a_letter_is_not_repeated_whole(file: Path) -> None:
    _, fault = faults_of_deals(file, f"{DEALS}1,acme,,{'x' * 5000},,,,,,\n")
    assert len(fault) < 250


def test_a_column_that_the_map_needs_and_the_file_lacks_is_named(file: Path, mapping: ImportMap) -> None:
    faults = faults_of_partners(file, "sales_agnt,manager,regional_office\n", mapping)
    assert faults == [
        "file.csv:1: the map takes partners.id from a column 'sales_agent', which is not there (nearest: 'sales_agnt')",
        faults[0].replace(".id", ".name"),
        "The file has sales_agnt, manager, regional_office; correct the map or the file",
    ]


def test_a_column_that_a_condition_needs_is_missed_too(file: Path) -> None:
    mapping = ImportMap.model_validate(
        {"accounts": {"partner": "partner", "name": {"column": "name", "when": {"state": "mapped"}}}}
    )
    file.write_text("partner,name\n", encoding="utf-8")
    with pytest.raises(Refused, match=r"accounts.name from a column 'state', which is not there"):
        read_accounts(file, mapping, known=KNOWN)


def test_without_a_map_a_misspelt_column_is_not_passed_over(file: Path) -> None:
    fault, advice = faults_of_deals(file, "id,partner,created_on,closd_on,won\n")
    assert fault.startswith("file.csv:1: column 'closd_on' is none of id, account, created_on, ")
    assert fault.endswith("(nearest: 'closed_on')")
    assert advice == (
        "The file has id, partner, created_on, closd_on, won; rename or remove columns, or import with a map"
    )
    assert faults_of_deals(file, "id,partner,created\n")[0] == (
        "file.csv:1: there is no column 'created_on', which is needed (nearest: 'created')"
    )


def test_a_map_without_the_section_is_refused(file: Path) -> None:
    assert faults_of_partners(file, PARTNERS, ImportMap()) == [
        "file.csv: the map has no section partners; add one that says where its fields come from"
    ]


WITH_DIRECT = """
opportunities:
  id: id
  partner: {slug: partner}
  without_partner: direct
  created_on: created
  closed_on: closed
  won: {column: stage, values: {Won: true, Lost: false, Open: null}}
  submitted_on: registered
  mutual: {constant: true}
"""
EXPORT = "id,partner,created,closed,stage,registered\n"


@pytest.fixture
def with_direct(tmp_path: Path) -> ImportMap:
    path = tmp_path / "map.yaml"
    path.write_text(WITH_DIRECT)
    return load_map(path)


def test_a_row_without_a_partner_is_a_direct_deal_where_the_map_says_so(file: Path, with_direct: ImportMap) -> None:
    file.write_text(
        EXPORT
        + "1,,2023-01-09,2023-02-01,Won,soon\n2,Acme,2023-01-10,,Open,2023-01-11\n3,,,,Open,\n4,,2023-01-12,,Open,\n"
    )
    intake = read_opportunities(file, with_direct, known=KNOWN)
    assert (intake.read, intake.used, intake.direct, intake.left_out, intake.rejected) == (4, 3, 2, 1, 0)
    assert intake.models == [
        DirectDeal(id="1", created_on=date(2023, 1, 9), closed_on=date(2023, 2, 1), won=True),
        Opportunity(id="2", partner="acme", created_on=date(2023, 1, 10), submitted_on=date(2023, 1, 11), mutual=True),
        DirectDeal(id="4", created_on=date(2023, 1, 12)),
    ]


def test_a_row_without_a_partner_is_refused_unless_the_map_says_it_is_direct(
    file: Path, with_direct: ImportMap
) -> None:
    section = with_direct.opportunities
    assert section
    silent = section.model_copy(update={"without_partner": "refused"})
    said = faults_of_deals(
        file, EXPORT + "1,,2023-01-09,,Open,\n", with_direct.model_copy(update={"opportunities": silent})
    )
    assert said[1] == (
        "file.csv:2: partner: nothing stands here, and it is needed; fill it in, or map a constant; or, for a deal of "
        "your own, let the map say `without_partner: direct`"
    )
    assert faults_of_deals(file, "id,partner,created_on\n1,,2023-01-09\n")[1].startswith("file.csv:2: partner: noth")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1,,9 Jan,,Open,", "created: '9 Jan' is not a day written as %Y-%m-%d (like 2017-03-01);"),
        ("1,,2023-01-09,,Stuck,", "stage: 'Stuck' is not listed under `values` in the map"),
        ("1,,2023-01-09,2023-01-08,Won,", "it was closed on 2023-01-08, before it was created on 2023-01-09;"),
        ("1,,2023-01-09,2023-02-01,Open,", "a closed opportunity is won or lost and has a closing date"),
        ("1,---,2023-01-09,,Open,", "partner: '---' has no letter from a to z and no digit"),
        ("1,Nobody,2023-01-09,,Open,", "partner: 'nobody' is not a partner we know; import the partners first"),
    ],
)
def test_what_is_wrong_with_a_direct_deal_is_told_by_line_and_column(
    file: Path, with_direct: ImportMap, row: str, said: str
) -> None:
    faults = faults_of_deals(file, f"{EXPORT}{row}\n", with_direct)
    assert len(faults) == 2
    assert faults[1].startswith(f"file.csv:2: {said}")


def test_an_id_stands_once_whether_direct_or_a_partners(file: Path, with_direct: ImportMap) -> None:
    rows = "1,Acme,2023-01-09,,Open,\n1,,2023-01-09,,Open,\n"
    assert faults_of_deals(file, EXPORT + rows, with_direct)[1:] == [
        "file.csv:3: id: '1' stands in line 2 already; remove one of the two"
    ]


CELLS = st.one_of(
    st.sampled_from(["", "acme", "1", "2023-01-09", "2023-02-30", "true", "Won", "-1", "1.5", "NaN", "1e400"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=st.lists(st.lists(CELLS, min_size=10, max_size=10), max_size=3))
def test_whatever_a_row_holds_it_is_used_undated_or_refused(file: Path, rows: list[list[str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened:
        opened.write(DEALS)
        csv.writer(opened, quoting=csv.QUOTE_ALL).writerows(rows)
    try:
        intake = read_opportunities(file, known=KNOWN)
    except Refused as refused:
        assert "rows cannot be imported, so nothing was" in str(refused)  # noqa: PT017 -- a crash is what is wrong
    else:
        assert intake.rejected == 0

"""A map says where each field comes from, and says so without room for a guess."""

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.mapping import ImportMap, Source, load_map, slug
from program.errors import Refused

EXAMPLE = Path(__file__).parents[2] / "docs/examples/maven-crm.yaml"


def load(tmp_path: Path, text: str) -> ImportMap:
    path = tmp_path / "map.yaml"
    path.write_text(text, encoding="utf-8")
    return load_map(path)


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(Refused) as refused:
        load(tmp_path, text)
    return str(refused.value).replace(f"{tmp_path}/", "")


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("Anna Snelling", "anna-snelling"),
        ("  Tamsin & Vale, Ltd. ", "tamsin-vale-ltd"),
        ("Casa Órbita", "casa-orbita"),
        ("Østfold Straße Łódź", "ostfold-strasse-lodz"),
        ("3M", "3m"),
        ("株式会社", ""),
    ],
)
def test_an_id_made_from_a_name_holds_ascii_letters_digits_and_hyphens(name: str, made: str) -> None:
    assert slug(name) == made


@given(name=st.text(max_size=40))
def test_an_id_made_from_any_name_is_one_or_is_empty(name: str) -> None:
    assert re.fullmatch(r"([a-z0-9]+(-[a-z0-9]+)*)?", slug(name))


def test_a_bare_word_is_a_column() -> None:
    assert Source.model_validate("region").of({"region": "North"}) == "North"


def test_an_empty_cell_is_not_known() -> None:
    assert Source(column="region").of({"region": ""}) is None
    assert Source(slug="name").of({"name": ""}) is None


def test_a_constant_reads_no_column() -> None:
    source = Source(constant="resell")
    assert source.of({}) == "resell"
    assert source.columns == ()


def test_a_constant_may_be_false() -> None:
    assert Source(constant=False).of({}) is False


def test_a_column_counts_only_where_its_conditions_hold() -> None:
    source = Source(column="closed", when={"stage": ["Won", "Renewed"], "kind": "new"})
    assert source.columns == ("closed", "stage", "kind")
    assert source.of({"closed": "2023-01-09", "stage": "Renewed", "kind": "new"}) == "2023-01-09"
    assert source.of({"closed": "2023-01-09", "stage": "Lost", "kind": "new"}) is None
    assert source.of({"closed": "2023-01-09", "stage": "Won", "kind": "renewal"}) is None


def test_values_are_translated_and_null_is_not_known() -> None:
    source = Source(column="stage", values={"Won": True, "Lost": False, "Open": None})
    assert [source.of({"stage": stage}) for stage in ("Won", "Lost", "Open", "")] == [True, False, None, None]


def test_an_empty_cell_means_something_where_it_is_listed() -> None:
    assert Source(column="stage", values={"": False}).of({"stage": ""}) is False


def test_a_value_that_is_not_listed_is_refused_with_those_that_are() -> None:
    with pytest.raises(ValueError, match=r"'Stuck' is not listed under `values` in the map, which has Won, Lost"):
        Source(column="stage", values={"Won": True, "Lost": False}).of({"stage": "Stuck"})


def test_a_name_without_a_letter_to_make_an_id_from_is_refused() -> None:
    with pytest.raises(ValueError, match="map a column of ids"):
        Source(slug="name").of({"name": "株式会社"})


def test_the_example_is_a_map() -> None:
    mapping = load_map(EXAMPLE)
    assert mapping.partners
    assert mapping.opportunities
    assert mapping.assume.accounts == 25
    assert mapping.assume.scorecard
    assert [rated.rating for rated in mapping.assume.scorecard.ratings.values()] == [4, 4, 4, 3, 4]
    assert not any(mapping.assume.scorecard.screening.values())


def test_a_map_needs_no_more_than_the_sections_it_is_used_for(tmp_path: Path) -> None:
    mapping = load(tmp_path, "accounts: {partner: {slug: partner}, name: account}")
    assert mapping.partners is None
    assert mapping.assume.scorecard is None
    assert mapping.day("2023-01-09") == date(2023, 1, 9)


@pytest.mark.parametrize(
    ("text", "day"),
    [("dates: '%d/%m/%Y'", "09/01/2023"), ("dates: '%Y-%m-%d %H:%M:%S'", "2023-01-09 17:30:00")],
)
def test_dates_are_read_as_the_export_writes_them(tmp_path: Path, text: str, day: str) -> None:
    assert load(tmp_path, text).day(day) == date(2023, 1, 9)


@pytest.mark.parametrize("dates", ["%d", "%Y-%m", "day", "%H:%M", "%Q", "%"])
def test_a_way_of_writing_dates_that_tells_no_day_is_refused(tmp_path: Path, dates: str) -> None:
    assert f"map.yaml:1:1: dates: '{dates}' does not tell year, month and day" in refusal(tmp_path, f"dates: '{dates}'")


@pytest.mark.parametrize("text", ["2023-02-30", "09/01/2023", "soon"])
def test_a_day_written_otherwise_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=rf"'{text}' is not a day written as %Y-%m-%d \(like 2017-03-01\)"):
        ImportMap().day(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("partner: {id: x}", "map.yaml:1:1: partner: unknown key; did you mean partners?"),
        ("accounts: {partner: a, name: {colum: b}}", "accounts.name.colum: unknown key; did you mean column?"),
        ("accounts: {partner: a}", "accounts.name: missing; add it"),
        ("accounts: {partner: a, name: {column: b, slug: c}}", "accounts.name: it has column and slug; give"),
        ("accounts: {partner: a, name: {}}", "accounts.name: it has no source; give a column's name"),
        ("accounts: {partner: a, name: ''}", "accounts.name"),
        (
            "accounts: {partner: a, name: {slug: b, values: {c: true}}}",
            "when and values belong to a column, not to a slug",
        ),
        ("assume: {accounts: -1}", "assume.accounts"),
        ("assume: {mutual: 'yes'}", "assume.mutual: has to be true or false"),
        ("assume: {scorecard: {reviewer: a, ratings: {market: {rating: 9, evidence: b}}}}", "market.rating"),
        (
            "assume: {scorecard: {reviewer: a, ratings: {market: {rating: 4, evidence: ''}}}}",
            "market.evidence: is empty",
        ),
        (
            "opportunities: {id: a, partner: b, created_on: c, without_partner: ours}",
            "opportunities.without_partner: has to be 'refused' or 'direct'",
        ),
        ("dates: [", "map.yaml:1"),
    ],
)
def test_what_no_map_says_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    assert said in refusal(tmp_path, text)


def test_a_misspelt_condition_does_not_pass_for_one_that_never_holds(tmp_path: Path) -> None:
    text = """
    opportunities:
      id: id
      partner: partner
      created_on: created
      progressed_on: {column: closed, when: {stage: won}}
      won: {column: stage, values: {Won: true, Lost: false}}
    """
    assert "progressed_on waits for stage to be won, and its values are listed as Won, Lost" in refusal(tmp_path, text)


def test_a_map_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"nowhere.yaml: cannot be read: No such file"):
        load_map(tmp_path / "nowhere.yaml")

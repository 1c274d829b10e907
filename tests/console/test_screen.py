"""Tables in narrow terminals."""

from datetime import date

import pytest
from rich.table import Table

from console import screen
from console.screen import details, show, table

COLUMNS = ["partner", "name", "type", "stage", "tier", "next date", "owner"]
ROW = [
    "acme-bavaria",
    "Dampfschiffe AG AG",
    "resell",
    "active",
    "strategic, at risk",
    "2026-07-01",
    "Ada Lovelace",
]


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 80 columns."""
    monkeypatch.setattr(screen, "WIDTH", 80)


def shown(capsys: pytest.CaptureFixture[str], made: Table) -> list[str]:
    show(made)
    return capsys.readouterr().out.splitlines()


def test_no_word_is_broken_while_all_words_have_room(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, table(COLUMNS, [ROW]))
    assert max(map(len, lines)) <= 80
    words = " ".join(lines).split()
    assert {"Dampfschiffe", "strategic,", "acme-bavaria", "Lovelace"} <= {*words}


def test_a_table_that_has_room_is_as_wide_as_what_it_shows(capsys: pytest.CaptureFixture[str]) -> None:
    [_, line] = shown(capsys, table(COLUMNS[:5], [ROW[:5]]))
    assert line == "  ".join(ROW[:5])


def test_a_percentage_keeps_its_sign_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    columns = [f"some share of all the deals {number}" for number in range(10)]
    [*_, line] = shown(capsys, table(columns, [["96.0 %"] * 10], whole=0))
    assert line == "  ".join(["96.0 %"] * 10)


def test_words_that_have_no_room_are_broken_the_longest_first(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, table(["partner", "tier", "name"], [["acme", "strategic, at risk", "x" * 300]]))
    assert max(map(len, lines)) <= 80
    assert lines[1].startswith("acme  ")
    assert "strategic," in " ".join(lines).split()
    assert "".join(lines).count("x") == 300


def test_all_that_is_known_of_one_thing_is_shown_whatever_is_a_date(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, details([("opened", date(2026, 7, 1)), ("answered by", "word " * 30), ("closed", None)]))
    assert max(map(len, lines)) <= 80
    assert lines[0] == "opened       2026-07-01"
    assert lines[1].startswith("answered by  word")
    assert " ".join(lines).count("word") == 30


def test_numbers_that_are_compared_stand_below_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [["growth", "9", "Ada"], ["all", "1,009", "Bo"]]
    lines = shown(capsys, table(["tier", "revenue", "who"], rows, figures=[1]))
    assert lines == ["tier    revenue  who", "growth        9  Ada", "all       1,009  Bo"]

"""A CSV file is read row by row, and what is wrong with it is said by line."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake import csv_file
from intake.csv_file import Row, open_table
from program.errors import Refused


def read(path: Path, content: bytes | str) -> tuple[list[str], list[Row]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with open_table(path) as table:
        return table.header, list(table.rows)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deals.csv"


def refusal(path: Path, content: bytes | str) -> str:
    with pytest.raises(Refused) as refused:
        read(path, content)
    return str(refused.value).replace(str(path), path.name)


def test_rows_come_with_the_line_they_begin_in(file: Path) -> None:
    header, rows = read(file, 'id,note\n1,"two\nlines"\n2,one\n')
    assert header == ["id", "note"]
    assert rows == [Row(2, ["1", "two\nlines"]), Row(4, ["2", "one"])]


def test_a_byte_order_mark_is_no_part_of_the_first_column(file: Path) -> None:
    assert read(file, b"\xef\xbb\xbfid,name\n1,Zo\xc3\xab\n") == (["id", "name"], [Row(2, ["1", "Zoë"])])


def test_line_ends_of_windows_and_spaces_around_cells_do_not_matter(file: Path) -> None:
    assert read(file, " id , name \r\n 1 , a\r\n") == (["id", "name"], [Row(2, ["1", "a"])])


def test_rows_in_which_nothing_stands_are_left_out(file: Path) -> None:
    assert read(file, "id,name\n\n,\n1,a\n\n")[1] == [Row(4, ["1", "a"])]


def test_a_header_alone_is_a_file_without_rows(file: Path) -> None:
    assert read(file, "id,name") == (["id", "name"], [])


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
def test_a_file_in_which_nothing_stands_is_refused(file: Path, content: str) -> None:
    assert refusal(file, content) == "deals.csv: the file is empty; export it again, with a header"


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(Refused, match=r"nowhere.csv: cannot be read: No such file"),
        open_table(tmp_path / "nowhere.csv"),
    ):
        pass


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be read: Is a directory"), open_table(tmp_path):
        pass


def test_a_file_over_the_limit_is_refused_before_it_is_read(file: Path) -> None:
    with file.open("wb") as sparse:
        sparse.truncate(csv_file.LARGEST + 1)
    with pytest.raises(Refused, match=r"64 MiB, and at most 64 MiB are read at once; split it"), open_table(file):
        pass


def test_a_file_at_the_limit_is_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file, "LARGEST", 12)
    assert read(file, "id,name\n1,a\n")[1] == [Row(2, ["1", "a"])]


def test_a_column_that_is_there_twice_is_refused(file: Path) -> None:
    assert refusal(file, "id,name,id\n") == (
        "deals.csv:1: two columns are called 'id', the 1. and the 3.; rename one, or leave it out of the export"
    )


def test_columns_without_a_name_may_be_several(file: Path) -> None:
    assert read(file, ",id,\n0,1,\n")[0] == ["", "id", ""]


@pytest.mark.parametrize(("header", "name"), [("id;name", "semicolons"), ("id\tname", "tabs")])
def test_another_separator_is_named(file: Path, header: str, name: str) -> None:
    assert f"deals.csv:1: the columns are separated by {name}" in refusal(file, header)


def test_a_byte_that_is_not_utf_8_is_told_by_its_line(file: Path) -> None:
    message = refusal(file, b"id,name\n1,a\n2,Zo\xeb\n")
    assert message == ("deals.csv:3: byte 0xEB at position 5 is not UTF-8; export it again as CSV in UTF-8")


def test_a_file_in_utf_16_is_refused(file: Path) -> None:
    assert "deals.csv:1:" in refusal(file, "id,name\n1,a\n".encode("utf-16"))


def test_a_nul_byte_is_told_by_its_line(file: Path) -> None:
    assert refusal(file, b"id,name\n1,a\0b\n").startswith("deals.csv:2: there is a NUL byte")


def test_a_quote_that_is_never_closed_is_told_by_where_its_row_begins(file: Path) -> None:
    assert refusal(file, 'id,name\n1,a\n2,"b\n3,c\n').startswith(
        "deals.csv:3: the row that begins here has a quote that is never closed"
    )


def test_a_quote_that_swallows_the_file_is_found_before_memory_is(file: Path) -> None:
    message = refusal(file, 'id,name\n1,"a\n' + "2,b\n" * 40_000)
    assert message.startswith("deals.csv:2: the row that begins here has a cell of more than 131,072 characters")


def test_text_after_a_closing_quote_is_refused(file: Path) -> None:
    assert refusal(file, 'id,name\n1,"a"b\n').startswith(
        "deals.csv:2: the row that begins here goes on after a closing"
    )


def test_line_ends_of_cr_alone_are_refused(file: Path) -> None:
    assert "ends in CR alone" in refusal(file, "id,name\r1,a\r")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.binary(max_size=200))
def test_whatever_a_file_holds_it_is_read_or_refused(file: Path, content: bytes) -> None:
    try:
        read(file, content)
    except Refused as refused:
        assert str(file) in str(refused)  # noqa: PT017 -- either way out is right; a crash is not

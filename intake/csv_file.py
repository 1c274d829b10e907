"""Read a CSV file row by row, within bounds, and say by line what is wrong with it."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from program.errors import Refused

LARGEST: Final = 64 * 1024 * 1024
"""Bytes. More than a million opportunities; whatever is larger is most likely not the file that was meant."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class Row(NamedTuple):
    """One row and the line it begins in. It has as many cells as were written, maybe not as many as the header."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class Table:
    """An open file: its header, and its rows as they are read. Rows in which nothing stands are left out."""

    header: list[str]
    rows: Iterator[Row]


@contextmanager
def open_table(path: Path) -> Iterator[Table]:
    """Open a CSV file in UTF-8, with a header, separated by commas.

    Raises:
        Refused: it cannot be read to its end; also while the rows are read.
    """
    try:
        with path.open("rb") as file:
            _check_size(path, file)
            rows = _rows(path, file)
            header = next(rows, None)
            if header is None:
                raise Refused(f"{path}: the file is empty; export it again, with a header")
            _check_header(path, header.cells)
            yield Table(header.cells, rows)
    except OSError as error:
        raise Refused(
            f"{path}: cannot be read: {error.strerror or error}; check the path and its permissions"
        ) from error


def _check_size(path: Path, file: BinaryIO) -> None:
    size = file.seek(0, 2)
    file.seek(0)
    if size > LARGEST:
        raise Refused(
            f"{path}: {size / 2**20:.0f} MiB, and at most {LARGEST // 2**20} MiB are read at once; "
            "split it, each part with the header, and import the parts one after the other"
        )


def _check_header(path: Path, header: list[str]) -> None:
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and separator in header[0]:
            raise Refused(f"{path}:1: the columns are separated by {name}; export it again, separated by commas")
    for position, column in enumerate(header):
        # Columns without a name cannot be mapped, so there may be any number of them.
        if column and column in header[:position]:
            raise Refused(
                f"{path}:1: two columns are called {column!r}, the {header.index(column) + 1}. and the "
                f"{position + 1}.; rename one, or leave it out of the export"
            )


def _rows(path: Path, file: BinaryIO) -> Iterator[Row]:
    """The rows that say something. `strict` makes an error of a quote that is never closed."""
    reader = csv.reader(_lines(path, file), strict=True)
    while True:
        first = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            raise Refused(f"{path}:{first}: {_explained(str(error))}") from error
        if any(cells):
            yield Row(first, cells)


def _lines(path: Path, file: BinaryIO) -> Iterator[str]:
    """The file's lines as text, decoded one by one so that a bad byte can be told by its line."""
    for number, line in enumerate(file, start=1):
        data = line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line
        if b"\0" in data:
            raise Refused(f"{path}:{number}: there is a NUL byte, so this is no text; export it again as CSV in UTF-8")
        try:
            yield data.decode()
        except UnicodeDecodeError as error:
            raise Refused(
                f"{path}:{number}: byte 0x{data[error.start]:02X} at position {error.start + 1} is not UTF-8; "
                "export it again as CSV in UTF-8"
            ) from error


def _explained(error: str) -> str:
    """What the csv module says, in words for whoever has the file open."""
    if "unexpected end of data" in error:
        return "the row that begins here has a quote that is never closed; close it, or double it where it is meant"
    if "expected after" in error:
        return "the row that begins here goes on after a closing quote; double a quote where one is meant"
    if "field larger than field limit" in error:
        return (
            f"the row that begins here has a cell of more than {csv.field_size_limit():,} characters; "
            "most often a quote before it is never closed"
        )
    if "new-line character" in error:
        return "a line ends in CR alone; save the file with line ends LF or CR LF"
    return f"this is not CSV ({error}); export it again"

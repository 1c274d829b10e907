"""Which column of a file feeds which field, settled by the header before any row is read."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from pydantic import BaseModel

from intake.mapping import ImportMap, Source
from intake.wording import MOST_SHOWN
from program.errors import Refused


def sources_for(
    path: Path, header: list[str], model: type[BaseModel], section: str, mapping: ImportMap | None
) -> dict[str, Source]:
    """Where each of a model's fields comes from.

    Raises:
        Refused: naming the columns that the file and the map disagree about.
    """
    return _own_names(path, header, model) if mapping is None else _mapped(path, header, section, mapping)


def _mapped(path: Path, header: list[str], section: str, mapping: ImportMap) -> dict[str, Source]:
    found = getattr(mapping, section)
    if found is None:
        raise Refused(f"{path}: the map has no section {section}; add one that says where its fields come from")
    sources: dict[str, Source] = found.sources
    _refuse_any(
        path,
        header,
        [
            f"the map takes {section}.{field} from a column {column!r}, which is not there{_nearest(column, header)}"
            for field, source in sources.items()
            for column in source.columns
            if column not in header
        ],
    )
    return sources


def _own_names(path: Path, header: list[str], model: type[BaseModel]) -> dict[str, Source]:
    """Without a map every column is a field. One that is none may be misspelt, so it is not passed over."""
    fields = model.model_fields
    needed = [name for name, field in fields.items() if field.is_required() and name not in header]
    unknown = [column for column in header if column not in fields]
    _refuse_any(
        path,
        header,
        [f"there is no column {name!r}, which is needed{_nearest(name, unknown)}" for name in needed]
        + [f"column {column!r} is none of {', '.join(fields)}{_nearest(column, fields)}" for column in unknown],
        advice="rename or remove columns, or import with a map",
    )
    return {column: Source(column=column) for column in header}


def _nearest(name: str, among: Iterable[str]) -> str:
    near = get_close_matches(name, list(among), n=1)
    return f" (nearest: {near[0]!r})" if near else ""


def _refuse_any(path: Path, header: list[str], faults: list[str], advice: str = "correct the map or the file") -> None:
    if faults:
        lines = [f"{path}:1: {fault}" for fault in faults[:MOST_SHOWN]]
        raise Refused("\n".join([*lines, f"The file has {', '.join(header[:MOST_SHOWN])}; {advice}"]))

"""Import a file: every row becomes a model, or the file is refused with what is wrong in each row."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from intake.columns import sources_for
from intake.csv_file import Row, open_table
from intake.evidence import Answer
from intake.faults import Faults
from intake.mapping import ImportMap, Source
from intake.wording import quoted, sentence
from program.opportunity import Deal, DirectDeal, Opportunity
from program.partner import Partner, PartnerId
from program.person import Person

_DAYS: Final = frozenset(name for one in (Opportunity, Answer) for name in one.model_fields if name.endswith("_on"))

Model = TypeVar("Model", bound=BaseModel)
Unfit = Callable[[Mapping[str, object]], Iterator[tuple[str, str]]]
"""What is wrong with the values of a row, each with its field."""


class MappedAccount(BaseModel):
    """A customer on which a partner has agreed to work with us; a pilot needs a number of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: PartnerId
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


@dataclass(frozen=True)
class Intake(Generic[Model]):
    """What one file held. There is one only where no row was at fault; otherwise the file was refused."""

    models: list[Model]
    lines: list[int]
    """The line in which the row of each begins."""
    read: int
    """Rows in the file."""
    left_out: int = 0
    """Rows left out because they say nothing to go by: nobody knows when they began, or nobody filled them in."""
    direct: int = 0
    """Rows used for direct deals."""

    @property
    def used(self) -> int:
        return len(self.models)

    @property
    def rejected(self) -> int:
        """Rows neither used nor left out: none, ever. Reports show it beside the others."""
        return self.read - self.used - self.left_out


def read_partners(path: Path, mapping: ImportMap | None = None) -> Intake[Partner]:
    """The partners in a file.

    Raises:
        Refused: listing every row that is not a partner.
    """
    return _read(path, mapping, _Kind(Partner, "partners", key=("id",)))


def read_people(path: Path, mapping: ImportMap | None = None) -> Intake[Person]:
    """The people in a file.

    Raises:
        Refused: listing every row that is nobody.
    """
    return _read(path, mapping, _Kind(Person, "people", key=("name",)))


def read_opportunities(path: Path, mapping: ImportMap | None = None, *, known: Collection[str]) -> Intake[Deal]:
    """The opportunities in a file, all of them of partners whose ids are known; and direct deals, if the map has any.

    Raises:
        Refused: listing every row that is not an opportunity, or is nobody's.
    """
    section = mapping.opportunities if mapping else None
    direct = DirectDeal if section and section.without_partner == "direct" else None
    own = {"partner": "or, for a deal of your own, let the map say `without_partner: direct`"}
    kind = _Kind[Deal](Opportunity, "opportunities", key=("id",), told_by=("created_on",), direct=direct, missing=own)
    return _read(path, mapping, kind, known)


def read_accounts(path: Path, mapping: ImportMap | None = None, *, known: Collection[str]) -> Intake[MappedAccount]:
    """The mapped accounts in a file, all of them of partners whose ids are known.

    Raises:
        Refused: listing every row that is not a mapped account, or is nobody's.
    """
    return _read(path, mapping, _Kind(MappedAccount, "accounts", key=("partner", "name")), known)


def read_evidence(
    path: Path,
    mapping: ImportMap | None = None,
    *,
    known: Collection[str],
    unfit: Unfit,
    otherwise: Mapping[str, object],
) -> Intake[Answer]:
    """The rows of a sheet that were filled in, all of them about partners whose ids are known.

    Args:
        path: The sheet.
        mapping: Which columns mean what.
        known: The ids.
        unfit: What is wrong with an answer beside what was asked for.
        otherwise: What holds where a row says nothing: its day, its reviewer.

    Raises:
        Refused: listing every row that is no answer, or is nobody's.
    """
    told_by = ("rating", "evidence", "value")
    kind = _Kind(Answer, "evidence", key=("partner", "asked"), told_by=told_by, unfit=unfit, otherwise=otherwise)
    return _read(path, mapping, kind, known)


def _fits(_: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    return iter(())


@dataclass(frozen=True)
class _Kind(Generic[Model]):
    """What a row is to become."""

    model: type[Model]
    section: str
    """The map's section for it."""
    key: tuple[str, ...]
    """The fields in which no two rows agree."""
    told_by: tuple[str, ...] = ()
    """The fields of which one at least has to say something, or the row is left out."""
    direct: type[Model] | None = None
    """What a row is to become that names no partner, where that is no fault."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """What else may be done where nothing stands in a field."""
    otherwise: Mapping[str, object] = field(default_factory=dict)
    """What a field is in which nothing stands."""
    unfit: Unfit = _fits
    """What is wrong with a row's values that the model cannot know of."""


def _read(
    path: Path, mapping: ImportMap | None, kind: _Kind[Model], known: Collection[str] | None = None
) -> Intake[Model]:
    models: list[Model] = []
    lines: list[int] = []
    faults = Faults(path)
    read = left_out = direct = 0
    with open_table(path) as table:
        sources = sources_for(path, table.header, kind.model, kind.section, mapping)
        rows = _Rows(kind, table.header, sources, mapping or ImportMap(), known)
        for row in table.rows:
            read += 1
            try:
                made = rows.make(row)
            except _RowError as error:
                faults.add(row.line, error.faults)
                continue
            if made is None:
                left_out += 1
            else:
                models.append(made)
                lines.append(row.line)
                direct += type(made) is kind.direct
    faults.refuse_if_any(read)
    return Intake(models, lines, read, left_out, direct)


class _RowError(Exception):
    """Everything that is wrong with one row, each as `column: what, what to do`."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(faults)
        self.faults = faults


class _Rows(Generic[Model]):
    """Makes models of rows, and remembers which keys it has met and where."""

    def __init__(
        self,
        kind: _Kind[Model],
        header: list[str],
        sources: dict[str, Source],
        mapping: ImportMap,
        known: Collection[str] | None,
    ) -> None:
        self._kind = kind
        self._header = header
        self._sources = sources
        # The same few hundred days come up over and over, and reading one is the dearest part of a row.
        self._day = lru_cache(maxsize=4096)(mapping.day)
        self._known = known
        self._met: dict[tuple[object, ...], int] = {}

    def make(self, row: Row) -> Model | None:
        """The model of a row; None where the row is left out, and then nothing else in it matters.

        Raises:
            _RowError: it makes none.
        """
        if len(row.cells) != len(self._header):
            counts = f"it has {len(row.cells)} cells and the header has {len(self._header)}"
            raise _RowError([f"{counts}; complete the row, or quote a cell with a comma in it"])
        cells = dict(zip(self._header, row.cells, strict=True))
        model = self._model_of(cells)
        values, unreadable = self._values(cells, model)
        told_by = self._kind.told_by
        if told_by and not any(name in values or name in unreadable for name in told_by):
            return None
        values = {**self._kind.otherwise, **values}
        faults = [*self._named(unreadable), *self._misplaced(row.line, values)]
        faults += self._named({name: text for name, text in self._kind.unfit(values) if name not in unreadable})
        try:
            made = model.model_validate(values)
        except ValidationError as error:
            found = [self._told(detail) for detail in error.errors()]
            # A field that could not be read is missing now, and what its absence breaks is no fault of its own.
            faults += self._named({name: text for name, text in found if name not in {"", *unreadable}})
            faults += [text for name, text in found if not name and not unreadable]
        if faults:
            raise _RowError(faults)
        return made

    def _told(self, error: ErrorDetails) -> tuple[str, str]:
        """The field of one of pydantic's errors, or nothing, and what is wrong."""
        name = str(next(iter(error["loc"]), ""))
        more = self._kind.missing.get(name) if error["type"] == "missing" else None
        return name, f"{sentence(error)}; {more}" if more else sentence(error)

    def _model_of(self, cells: dict[str, str]) -> type[Model]:
        """What the row is to become."""
        if self._kind.direct is None:
            return self._kind.model
        try:
            partner = self._sources["partner"].of(cells)
        except ValueError:
            return self._kind.model
        return self._kind.direct if partner is None else self._kind.model

    def _values(self, cells: dict[str, str], model: type[Model]) -> tuple[dict[str, object], dict[str, str]]:
        """What is known of each of a model's fields, and what is wrong with those that cannot be read."""
        values: dict[str, object] = {}
        unreadable: dict[str, str] = {}
        fields = model.model_fields
        for name, source in self._sources.items():
            if name not in fields:
                continue
            try:
                value = source.of(cells)
                if value is not None:
                    values[name] = self._day(value) if name in _DAYS and isinstance(value, str) else value
            except ValueError as error:
                unreadable[name] = str(error)
        return values, unreadable

    def _named(self, faults: dict[str, str]) -> list[str]:
        """Faults by the column they came from; one that feeds two fields is at fault once."""
        return list(dict.fromkeys(f"{self._column(name)}: {text}" for name, text in faults.items()))

    def _misplaced(self, line: int, values: dict[str, object]) -> list[str]:
        """What is wrong with a row only beside other rows and other files."""
        found = []
        partner = values.get("partner")
        if self._known is not None and partner is not None and partner not in self._known:
            found.append(
                f"{self._column('partner')}: {quoted(partner)} is not a partner we know; import the partners first, "
                "or correct the row"
            )
        key = tuple(values.get(name) for name in self._kind.key)
        first = line if None in key else self._met.setdefault(key, line)
        if first != line:
            columns = ", ".join(self._column(name) for name in self._kind.key)
            found.append(
                f"{columns}: {', '.join(map(quoted, key))} stands in line {first} already; remove one of the two"
            )
        return found

    def _column(self, name: str) -> str:
        """The column a field is read from; its own name where that is none."""
        columns = self._sources[name].columns if name in self._sources else ()
        return columns[0] if columns else name

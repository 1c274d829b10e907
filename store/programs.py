"""The published programs, by version and by the digest of their files."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from program import publication
from program.errors import Refused
from program.publication import Publication
from store.tables import ProgramRow
from store.writing import add_new, on_postgresql

_FIELDS = tuple(Publication.model_fields)


class Programs:
    """Programs as they were published. Rows are added and never changed, but that a version may be withdrawn."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def alone(self) -> None:
        """Have everybody else who wants to publish wait until this transaction has ended; readers do not."""
        if on_postgresql(self._session):  # SQLite has one writer as it is
            self._session.execute(text("LOCK TABLE programs IN SHARE ROW EXCLUSIVE MODE"))

    def publish(self, publication: Publication, files: Mapping[str, str], cases: Mapping[str, str]) -> None:
        """Keep a version with its files, and the cases that prove it. What is there already stays as it is.

        Raises:
            Refused: where its number was given to other files, or its files have another number.
        """
        values = {**publication.model_dump(), "files": dict(files), "cases": dict(cases)}
        if not add_new(self._session, ProgramRow, values):
            row = self._session.get(ProgramRow, publication.digest)
            if row is None or row.version != publication.version:
                raise Refused(f"version {publication.version} was published with other files; raise the version")

    def withdraw(self, version: int, who: str, because: str, at: datetime) -> Publication:
        """Note that a version will not come into force; once.

        Raises:
            Refused: where it was not published.
        """
        row = self._row(version)
        if row.withdrawn_at is None:
            row.withdrawn_at, row.withdrawn_by, row.withdrawn_because = at, who, because
        return _publication(row)

    def listed(self) -> list[Publication]:
        """Every version, the first one first."""
        query = select(*(getattr(ProgramRow, name) for name in _FIELDS)).order_by(ProgramRow.version)
        return [Publication.model_validate(row._asdict()) for row in self._session.execute(query)]

    def in_force(self, on: date) -> Publication | None:
        """The version in force on a day; None before any was published."""
        return publication.in_force(self.listed(), on)

    def _row(self, version: int) -> ProgramRow:
        row = self._session.scalar(select(ProgramRow).where(ProgramRow.version == version))
        if row is None:
            raise Refused(f"there is no version {version}; `gatehouse program list` shows those there are")
        return row

    def get(self, version: int) -> Publication:
        """A version.

        Raises:
            Refused: where it was not published.
        """
        return _publication(self._row(version))

    def files(self, digest: str) -> dict[str, str]:
        """The files of a program.

        Raises:
            Refused: where no program of this digest was ever published.
        """
        return self._of_digest(digest).files

    def cases(self, digest: str) -> dict[str, str]:
        """The cases that a program was published with.

        Raises:
            Refused: where no program of this digest was ever published.
        """
        return self._of_digest(digest).cases

    def _of_digest(self, digest: str) -> ProgramRow:
        row = self._session.get(ProgramRow, digest)
        if row is None:
            raise Refused(f"no program with the digest {digest} was ever published in this database")
        return row


def _publication(row: ProgramRow) -> Publication:
    return Publication.model_validate({name: getattr(row, name) for name in _FIELDS})

"""The programs that were in force, each under the digest of its files."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from program.errors import Refused
from store.tables import ProgramRow
from store.writing import add_new


class Programs:
    """Programs by digest."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put_in_force(self, digest: str, name: str, version: int, files: Mapping[str, str], at: datetime) -> None:
        """Make a program the one that new decisions are made under. The one in force stays as it is."""
        if self.in_force() == digest:
            return
        values = {"digest": digest, "name": name, "version": version, "files": dict(files), "in_force_since": at}
        if not add_new(self._session, ProgramRow, values):
            self._session.get_one(ProgramRow, digest).in_force_since = at

    def in_force(self) -> str | None:
        """The digest of the program in force; None before there is any."""
        return self._session.scalar(select(ProgramRow.digest).order_by(ProgramRow.in_force_since.desc()).limit(1))

    def files(self, digest: str) -> dict[str, str]:
        """The files of a program.

        Raises:
            Refused: where no program of this digest was ever in force.
        """
        row = self._session.get(ProgramRow, digest)
        if row is None:
            raise Refused(f"no program with the digest {digest} was ever in force in this database")
        return row.files

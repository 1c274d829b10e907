"""Which installation this is."""

from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.tables import InstallationRow
from store.writing import add_new


class Identity:
    """What tells this installation from every other: a number drawn once, which goes wherever its database goes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self) -> str | None:
        """The number; None where none was drawn yet."""
        return self._session.scalar(select(InstallationRow.id))

    def draw(self) -> None:
        """Draw it, unless somebody has."""
        add_new(self._session, InstallationRow, {"only": 1, "id": uuid4().hex})

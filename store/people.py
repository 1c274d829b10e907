"""The people on our side, and how they are reached."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from program.person import OPERATORS, Person
from store.tables import PartnerRow, PersonRow

_FIELDS = tuple(Person.model_fields)


def _person(row: PersonRow) -> Person:
    return Person(**{name: getattr(row, name) for name in _FIELDS})


class People:
    """People by name."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def record(self, people: Iterable[Person]) -> tuple[int, int]:
        """Add people, and what is said of those that are there; how many were added and changed.

        Whoever does not say how somebody is reached does not say that they are not.
        """
        added = changed = 0
        for person in people:
            known = self.find(person.name)
            now = known.model_copy(update=person.model_dump(exclude_none=True))
            if self.put(now):
                added += 1
            elif now != known:
                changed += 1
        return added, changed

    def put(self, person: Person) -> bool:
        """Keep what is known of a person in place of what was; whether they are new."""
        row = self._session.get(PersonRow, person.name)
        if row is None:
            self._session.add(PersonRow(**person.model_dump()))
            return True
        for name, value in person.model_dump().items():
            setattr(row, name, value)
        return False

    def find(self, name: str) -> Person:
        """What is known of somebody: of a stranger, the name."""
        row = self._session.get(PersonRow, name)
        return Person(name=name) if row is None else _person(row)

    def listed(self) -> list[Person]:
        """Everybody who is named and everybody else who was recorded, by name."""
        rows = {row.name: _person(row) for row in self._session.scalars(select(PersonRow))}
        return [rows.get(name) or Person(name=name) for name in sorted({*rows, *self.named()})]

    def named(self) -> frozenset[str]:
        """Those whom partners name as their owner or as whom that one reports to, and the operators."""
        owners = select(PartnerRow.owner).union(select(PartnerRow.owner_manager))
        return frozenset({OPERATORS, *(name for name in self._session.scalars(owners) if name)})

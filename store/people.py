"""The people on our side, and how they are reached."""

from collections.abc import Iterable
from datetime import date, timedelta
from difflib import get_close_matches

from sqlalchemy import select
from sqlalchemy.orm import Session

from program.errors import Refused
from program.person import OPERATORS, Absence, Person, in_shell
from store.tables import AbsenceRow, PartnerRow, PersonRow
from store.writing import add_new

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
            if add_new(self._session, PersonRow, person.model_dump()):
                added += 1
                continue
            known = self.find(person.name)
            now = known.model_copy(update=person.model_dump(exclude_none=True))
            if now != known:
                self.put(now)
                changed += 1
        return added, changed

    def put(self, person: Person) -> None:
        """Keep what is known of a person in place of what was."""
        add_new(self._session, PersonRow, person.model_dump())
        row = self._session.get_one(PersonRow, person.name)
        for name, value in person.model_dump().items():
            setattr(row, name, value)

    def find(self, name: str) -> Person:
        """What is known of somebody: of a stranger, the name."""
        row = self._session.get(PersonRow, name)
        return Person(name=name) if row is None else _person(row)

    # Absences

    def away(self, absence: Absence) -> None:
        """Note that somebody is away, and who stands in; saying it again changes nothing.

        Raises:
            Refused: where they are away at that time already.
        """
        for known in self.absences(absence.person):
            if known == absence:
                return
            if known.first <= absence.last and absence.first <= known.last:
                raise Refused(
                    f"{known.person} is away from {known.first} to {known.last} already, and {known.stand_in} stands "
                    f'in; say other days, or withdraw that by `gatehouse people back "{known.person}"`'
                )
        self._session.add(AbsenceRow(**absence.model_dump()))

    def back(self, name: str, day: date) -> Absence:
        """End the absence in which somebody is on a day, or else withdraw the next one; which it was.

        Raises:
            Refused: where they are not away, and will not be.
        """
        for absence in self.absences(name):
            if absence.last < day:
                continue
            row = self._session.get_one(AbsenceRow, (name, absence.first))
            if absence.first < day:
                row.last = day - timedelta(days=1)
            else:
                self._session.delete(row)
            return absence
        raise Refused(f"{name} is not away; `gatehouse people list` shows who is")

    def absences(self, name: str | None = None) -> list[Absence]:
        """The absences of everybody, or of somebody, the earliest first."""
        query = select(AbsenceRow).order_by(AbsenceRow.first, AbsenceRow.person)
        if name is not None:
            query = query.where(AbsenceRow.person == name)
        return [
            Absence(person=row.person, first=row.first, last=row.last, stand_in=row.stand_in)
            for row in self._session.scalars(query)
        ]

    def standing_in(self, name: str, day: date) -> str:
        """Who stands in for somebody on a day: the person themselves while they are there.

        Whoever stands in may be away too, and has a stand-in then. If that leads round in a circle, or to somebody whom
        nobody knows, the person themselves are told: better late than nobody.
        """
        seen = [name]
        while (stand_in := self._stand_in(seen[-1], day)) is not None:
            if stand_in in seen:
                return name
            seen.append(stand_in)
        return seen[-1] if len(seen) == 1 or self.knows(seen[-1]) else name

    def _stand_in(self, name: str, day: date) -> str | None:
        return next((absence.stand_in for absence in self.absences(name) if absence.covers(day)), None)

    def knows(self, name: str) -> bool:
        """Whether somebody was recorded, or is named by a partner."""
        return self._session.get(PersonRow, name) is not None or name in self.named()

    def refuse_unknown(self, name: str, others: Iterable[str] = ()) -> None:
        """Refuse the name of somebody who is neither known nor one of some others.

        Raises:
            Refused: saying who may be meant, or how to make them known.
        """
        if self.knows(name) or name in (others := list(others)):
            return
        near = get_close_matches(name, [*others, *(person.name for person in self.listed())], n=1)
        hint = (
            f"did you mean {near[0]}?" if near else f"say how they are reached: gatehouse people set {in_shell(name)}"
        )
        raise Refused(f"nobody is known by the name {name}; {hint}")

    def listed(self, others: Iterable[str] = ()) -> list[Person]:
        """Everybody who is named, everybody else who was recorded, and some others, by name."""
        rows = {row.name: _person(row) for row in self._session.scalars(select(PersonRow))}
        return [rows.get(name) or Person(name=name) for name in sorted({*rows, *self.named(), *others})]

    def named(self) -> frozenset[str]:
        """Those whom partners name as their owner or as whom that one reports to, and the operators."""
        owners = select(PartnerRow.owner).union(select(PartnerRow.owner_manager))
        return frozenset({OPERATORS, *(name for name in self._session.scalars(owners) if name)})

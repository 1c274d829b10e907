"""Partners, where they stand, and how they came there."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from program.errors import Refused
from program.partner import Partner, PartnerType, Stage, Standing, check_move
from store.among import among
from store.tables import PartnerRow, StageMoveRow
from store.writing import add_new

_DETAILS = ("name", "type", "region", "owner", "owner_manager", "email")


def _standing(row: PartnerRow) -> Standing:
    return Standing(
        partner=Partner(
            id=row.id,
            name=row.name,
            type=PartnerType(row.type),
            region=row.region,
            owner=row.owner,
            owner_manager=row.owner_manager,
            email=row.email,
        ),
        stage=Stage(row.stage),
        since=row.since,
        tier=row.tier,
        at_risk=row.at_risk,
        next_date=row.next_date,
        application=row.application,
    )


def _details(partner: Partner) -> dict[str, Any]:
    return {name: getattr(partner, name) for name in _DETAILS}


def _prospect(partner: Partner, at: datetime) -> dict[str, Any]:
    """The row of a partner of which nothing is known but its details."""
    nowhere_yet = {"since": None, "application": 0, "tier": None, "at_risk": False, "next_date": None}
    return {"id": partner.id, **_details(partner), "stage": Stage.PROSPECT, **nowhere_yet, "added_at": at}


@dataclass(frozen=True)
class Stood:
    """Where a partner stood once."""

    stage: Stage
    since: date
    tier: str | None
    because: str


@dataclass(frozen=True)
class Moved:
    """A move of a partner into a stage."""

    partner: str
    stage: Stage
    day: date
    tier: str | None
    because: str


class Partners:
    """The roster."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, partners: Iterable[Partner], at: datetime) -> tuple[int, int]:
        """Add new partners as prospects and bring the details of known ones up to date; how many of each."""
        named, there = list(partners), self.ids()
        added = add_new(self._session, PartnerRow, [_prospect(one, at) for one in named if one.id not in there])
        rows = {row.id: row for row in self._session.scalars(select(PartnerRow))}
        changed = 0
        for partner in named:
            details, row = _details(partner), rows[partner.id]
            # Whoever does not say where a partner is written to does not say that it is nowhere.
            details["email"] = details["email"] or row.email
            if any(getattr(row, name) != value for name, value in details.items()):
                for name, value in details.items():
                    setattr(row, name, value)
                changed += 1
        return added, changed

    def look_after(self, partner: str, owner: str) -> None:
        """Give a partner another owner, and with it the manager that most of this one's other partners name."""
        row = self._row(partner)
        query = (
            select(PartnerRow.owner_manager)
            .where(PartnerRow.owner == owner, PartnerRow.id != partner)
            .group_by(PartnerRow.owner_manager)
            .order_by(func.count().desc(), PartnerRow.owner_manager)
            .limit(1)
        )
        row.owner, row.owner_manager = owner, self._session.scalar(query) or row.owner_manager

    def write_to(self, partner: str, email: str | None) -> None:
        """Note where a partner is written to."""
        self._row(partner).email = email

    def _row(self, partner: str) -> PartnerRow:
        row = self._session.get(PartnerRow, partner)
        if row is None:
            raise Refused(f"there is no partner {partner}; `gatehouse partner list` shows those there are")
        return row

    def get(self, partner: str) -> Standing:
        """Where a partner stands.

        Raises:
            Refused: where there is no such partner.
        """
        return _standing(self._row(partner))

    def held(self, partner: str) -> Standing:
        """The same, for whoever adds to what is known of it: nobody else does before the transaction ends.

        Whoever holds its escalations too holds it before them. What merely names it, such as a notice, is not held up.
        """
        self._session.get(PartnerRow, partner, with_for_update={"key_share": True}, populate_existing=True)
        return self.get(partner)

    def all_held(self, partners: Collection[str]) -> dict[str, Standing]:
        """The same of several, held by ID.

        Raises:
            Refused: where there is no such partner.
        """
        query = select(PartnerRow).where(among(self._session, PartnerRow.id, partners)).order_by(PartnerRow.id)
        held = query.with_for_update(key_share=True).execution_options(populate_existing=True)
        found = {row.id: _standing(row) for row in self._session.scalars(held)}
        return {partner: found.get(partner) or self.get(partner) for partner in partners}

    def roster(self, *stages: Stage) -> list[Standing]:
        """The partners in some stages, or all of them, by name."""
        query = select(PartnerRow).order_by(PartnerRow.name, PartnerRow.id)
        return [
            _standing(row)
            for row in self._session.scalars(query.where(PartnerRow.stage.in_(stages)) if stages else query)
        ]

    def page(self, stages: Sequence[Stage], after: str, size: int) -> list[Standing]:
        """The next partners in some stages by ID: a page of a walk over the roster."""
        query = select(PartnerRow).where(PartnerRow.stage.in_(stages), PartnerRow.id > after)
        return [_standing(row) for row in self._session.scalars(query.order_by(PartnerRow.id).limit(size))]

    def ids(self) -> frozenset[str]:
        return frozenset(self._session.scalars(select(PartnerRow.id)))

    def count(self, *stages: Stage) -> int:
        """How many partners there are, in some stages or altogether."""
        query = select(func.count()).select_from(PartnerRow)
        return self._session.scalar(query.where(PartnerRow.stage.in_(stages)) if stages else query) or 0

    def move(
        self,
        partner: str,
        key: str,
        wanted: Stage,
        day: date,
        because: str,
        at: datetime,
        *,
        tier: str | None = None,
        next_date: date | None = None,
    ) -> bool:
        """Move a partner to a stage, once for each key; whether it was moved now.

        Raises:
            Refused: where the program knows no such move.
        """
        row = self._row(partner)
        move = {"partner": partner, "key": key, "came_from": row.stage, "went_to": wanted, "tier": tier, "day": day}
        if not add_new(self._session, StageMoveRow, {**move, "because": because, "recorded_at": at}):
            return False
        check_move(partner, Stage(row.stage), wanted)
        row.stage, row.since, row.tier, row.at_risk, row.next_date = wanted, day, tier, False, next_date
        return True

    def applies(self, partner: str, application: int) -> None:
        """Note which application a partner is in."""
        self._row(partner).application = application

    def expects(self, partner: str, day: date | None) -> None:
        """Note the next day on which something happens by itself."""
        self._session.execute(update(PartnerRow).where(PartnerRow.id == partner).values(next_date=day))

    def several(self, partners: Iterable[str]) -> dict[str, Standing]:
        """Where some partners stand."""
        query = select(PartnerRow).where(among(self._session, PartnerRow.id, partners))
        return {row.id: _standing(row) for row in self._session.scalars(query)}

    def entered(self, stage: Stage) -> dict[str, list[date]]:
        """The days on which each partner entered a stage, in order."""
        days: dict[str, list[date]] = {}
        query = select(StageMoveRow.partner, StageMoveRow.day).where(StageMoveRow.went_to == stage)
        for partner, day in self._session.execute(query.order_by(StageMoveRow.id)):
            days.setdefault(partner, []).append(day)
        return days

    def known_since(self, partner: str) -> datetime:
        """The instant from which there is anything to know about a partner.

        Raises:
            Refused: where there is no such partner.
        """
        return self._row(partner).added_at

    def stood(self, partner: str, as_of: date, known_at: datetime) -> Stood | None:
        """The last move of a day or before, as far as was known at an instant; None where there was none."""
        query = (
            select(StageMoveRow)
            .where(StageMoveRow.partner == partner, StageMoveRow.day <= as_of, StageMoveRow.recorded_at <= known_at)
            .order_by(StageMoveRow.id.desc())
            .limit(1)
        )
        row = self._session.scalar(query)
        return Stood(stage=Stage(row.went_to), since=row.day, tier=row.tier, because=row.because) if row else None

    def moves(self, partner: str) -> list[tuple[date, Stage, Stage, str]]:
        """How a partner came where it is: day, from, to, because; in order."""
        query = select(StageMoveRow).where(StageMoveRow.partner == partner).order_by(StageMoveRow.id)
        return [(m.day, Stage(m.came_from), Stage(m.went_to), m.because) for m in self._session.scalars(query)]

    def every_move(self, as_of: date) -> list[Moved]:
        """How everybody came where it was on a day, each partner's moves in order."""
        query = select(StageMoveRow).where(StageMoveRow.day <= as_of).order_by(StageMoveRow.partner, StageMoveRow.id)
        return [
            Moved(partner=m.partner, stage=Stage(m.went_to), day=m.day, tier=m.tier, because=m.because)
            for m in self._session.scalars(query)
        ]

    def span(self) -> tuple[date, date] | None:
        """The days of the first and the last move; None before anybody applied."""
        first, last = self._session.execute(select(func.min(StageMoveRow.day), func.max(StageMoveRow.day))).one()
        return (first, last) if first and last else None

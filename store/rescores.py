"""Re-scores: each partner's quarter, its place in the cut and its move, published as a whole."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, cast

from sqlalchemy import Float, Select, Table, bindparam, func, or_, select, text, update
from sqlalchemy.orm import Session, aliased

from program.calendar import Quarter
from program.decision import as_known, as_recorded
from program.movement import TierRecord
from program.partner import Stage
from program.person import Absence
from program.rescore import Candidate, Entrant, Gathered, Move, Placed, Terms, Weighed
from program.score import Measured, Score
from program.tiers import Placement
from store.among import among
from store.coming_in import let_in
from store.tables import PartnerRow, RescoreRow, ScoreRow
from store.writing import add_many, add_new, on_postgresql

EVERYONE: Final = 1_000_000
"""Partners in one page: more than any re-score has."""


AT_THE_LIMIT: Final = 0.0001
"""Points: the last place of a score."""

# Columns, not rows of the session: nothing is changed through them, and there are many.
_GATHERED: Final = (ScoreRow.partner, ScoreRow.segment, ScoreRow.facts, ScoreRow.quarters_active)
_RANKED: Final = (
    *(ScoreRow.rank, ScoreRow.best_rank, ScoreRow.worst_rank),
    *(ScoreRow.turn, ScoreRow.cut_tier, ScoreRow.tier_at_best),
)
_PLACED: Final = (*_GATHERED, *_RANKED, ScoreRow.short, ScoreRow.score)
_RECORD: Final = (ScoreRow.tier, ScoreRow.quarters_below, ScoreRow.quarters_inactive)
_MOVED: Final = (ScoreRow.partner, ScoreRow.move, ScoreRow.came_from, ScoreRow.decision, *_RECORD)


_SCORES: Final = cast("Table", ScoreRow.__table__)


def _move(row: Any) -> Move:
    record = TierRecord(
        tier=row.tier or "", quarters_below=row.quarters_below or 0, quarters_inactive=row.quarters_inactive or 0
    )
    return Move(partner=row.partner, move=row.move, came_from=row.came_from or "", record=record, decision=row.decision)


def _gathered(row: Any) -> Gathered:
    measured = Measured.model_construct(segment=tuple(row.segment), facts=as_known(row.facts))
    return Gathered.model_construct(measured=measured, quarters_active=row.quarters_active)


def _entrant(row: Any) -> Entrant:
    return Entrant.model_construct(name=row.name, tier=row.tier, gathered=_gathered(row))


def _placed(row: Any) -> Placed:
    placement = Placement(
        partner=row.partner,
        rank=row.rank or 0,
        turn=row.turn or 0,
        tier=row.cut_tier or "",
        best_rank=row.best_rank or 0,
        worst_rank=row.worst_rank or 0,
        tier_at_best=row.tier_at_best or "",
        short=row.short,
    )
    return Placed.model_construct(placement=placement, recorded=row.score or {}, gathered=_gathered(row))


class Rescores:
    """Re-scores by quarter."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def let_in(self) -> None:
        """Wait for the evidence that is coming in: some pages would be scored without it, and some with it."""
        let_in(self._session)

    def begin(self, terms: Terms, weighed: Weighed | None = None) -> Terms:
        """Begin a quarter's re-score, or find the one that was begun. Its own program weighs where none is given."""
        weighed = weighed or Weighed(by=terms.program, before=terms.program)
        values = {
            "quarter": str(terms.quarter),
            "as_of": terms.as_of,
            "known_at": terms.known_at,
            "program": terms.program,
            "away": [absence.model_dump(mode="json") for absence in terms.away],
            "scored_by": weighed.by,
            "scored_before": weighed.before,
            "published_at": None,
        }
        add_new(self._session, RescoreRow, values)
        return self.get(terms.quarter)

    def weighed(self, quarter: Quarter) -> Weighed:
        """The programs whose weights hold."""
        row = self._session.get_one(RescoreRow, str(quarter))
        return Weighed(by=row.scored_by, before=row.scored_before)

    def get(self, quarter: Quarter) -> Terms:
        row = self._session.get_one(RescoreRow, str(quarter))
        return Terms(
            quarter=quarter,
            as_of=row.as_of,
            known_at=row.known_at,
            program=row.program,
            away=tuple(Absence.model_validate(absence) for absence in row.away),
            published=row.published_at is not None,
        )

    def begun(self) -> list[tuple[str, datetime | None]]:
        """The quarters that a re-score was begun for, and when it was published."""
        query = select(RescoreRow).order_by(RescoreRow.quarter)
        return [(row.quarter, row.published_at) for row in self._session.scalars(query)]

    def published(self) -> list[Quarter]:
        """The quarters whose re-score is published, the first one first."""
        return [Quarter.parse(name) for name, at in self.begun() if at]

    def later(self, quarter: Quarter) -> Quarter | None:
        """The last quarter that a re-score was begun for, if it lies after another one."""
        last = self._session.scalar(select(func.max(RescoreRow.quarter)))
        return Quarter.parse(last) if last and last > str(quarter) else None

    def gather(self, quarter: Quarter, gathered: Mapping[str, Gathered]) -> None:
        """Keep what some partners are scored on. What was kept of a partner stays."""
        add_many(
            self._session,
            ScoreRow,
            [
                {
                    "quarter": str(quarter),
                    "partner": partner,
                    "segment": list(one.measured.segment),
                    "facts": as_recorded(one.measured.facts),
                    "quarters_active": one.quarters_active,
                }
                for partner, one in gathered.items()
            ],
        )

    def entrants(self, quarter: Quarter, after: str = "", size: int = EVERYONE) -> dict[str, Entrant]:
        """The roster as it is ranked, by ID: all of it, or the next ones."""
        return {row.partner: _entrant(row) for row in self._session.execute(self._ranked(quarter, after, size))}

    def _ranked(self, quarter: Quarter, after: str, size: int) -> Select[*tuple[Any, ...]]:
        return (
            select(*_GATHERED, PartnerRow.name, PartnerRow.tier)
            .join(PartnerRow, PartnerRow.id == ScoreRow.partner)
            .where(ScoreRow.quarter == str(quarter), ScoreRow.partner > after)
            .order_by(ScoreRow.partner)
            .limit(size)
        )

    def contenders(
        self, quarter: Quarter, least: Decimal, partner: str | None, after: str, size: int
    ) -> tuple[dict[str, Entrant], dict[str, Score]]:
        """The next ones, by ID, that scored so much at least, or are the partner; and their scores."""
        low = ScoreRow.score["low"].as_string().cast(Float)
        # What lies at the limit is there whichever way it is rounded.
        enough = or_(low >= float(least) - AT_THE_LIMIT, ScoreRow.partner == partner)
        query = self._ranked(quarter, after, size).add_columns(ScoreRow.score).where(enough)
        found = self._session.execute(query).all()
        scores = {row.partner: Score.model_validate(row.score) for row in found}
        return {row.partner: _entrant(row) for row in found}, scores

    def score(self, quarter: Quarter, scores: Mapping[str, Score]) -> None:
        """Keep the scores of some partners."""
        rows = ((partner, {"score": score.model_dump(mode="json")}) for partner, score in scores.items())
        self._set(quarter, dict(rows))

    def place(self, quarter: Quarter, placements: Iterable[Placement]) -> None:
        """Keep where the cut puts some partners."""
        ranked = (
            (
                placement.partner,
                {
                    "rank": placement.rank,
                    "turn": placement.turn,
                    "best_rank": placement.best_rank,
                    "worst_rank": placement.worst_rank,
                    "cut_tier": placement.tier,
                    "tier_at_best": placement.tier_at_best,
                    "short": placement.short,
                },
            )
            for placement in placements
        )
        self._set(quarter, dict(ranked))

    def refresh_statistics(self) -> None:
        """Have PostgreSQL look at the tables that a re-score goes through page by page.

        It plans by what it knows of them, and knows nothing of what has just come in: a bulk import, or this quarter.
        It would read all of it for every page then. SQLite goes by its indexes.
        """
        if on_postgresql(self._session):
            self._session.execute(text("ANALYZE partners, opportunities, scores"))

    def _set(self, quarter: Quarter, values: Mapping[str, Mapping[str, Any]]) -> None:
        """Set the same columns of some partners' rows."""
        if not values:
            return
        columns = next(iter(values.values()))
        of = (_SCORES.c.quarter == str(quarter), _SCORES.c.partner == bindparam("_partner"))
        statement = update(_SCORES).where(*of).values({name: bindparam(name) for name in columns})
        self._session.execute(statement, [{"_partner": partner, **row} for partner, row in values.items()])

    def placed(self, quarter: Quarter, after: str, size: int) -> list[Placed]:
        """The next partners of the cut by ID."""
        query = select(*_PLACED).where(
            ScoreRow.quarter == str(quarter), ScoreRow.partner > after, ScoreRow.rank.is_not(None)
        )
        return [_placed(row) for row in self._session.execute(query.order_by(ScoreRow.partner).limit(size))]

    def placed_of(self, quarter: Quarter, partners: Iterable[str]) -> dict[str, Placed]:
        """The same of some partners."""
        query = select(*_PLACED).where(
            ScoreRow.quarter == str(quarter), among(self._session, ScoreRow.partner, partners)
        )
        return {row.partner: _placed(row) for row in self._session.execute(query)}

    def count(self, quarter: Quarter) -> int:
        """How many partners are in the cut."""
        query = select(func.count()).where(ScoreRow.quarter == str(quarter), ScoreRow.rank.is_not(None))
        return self._session.scalar(query) or 0

    def undecided(self, quarter: Quarter, after: str, size: int) -> list[Candidate]:
        """The partners whose move is to be decided next, in turn; before the turn of the last one all is decided."""
        before = aliased(ScoreRow)
        seen = select(before.turn).where(before.quarter == str(quarter), before.partner == after).scalar_subquery()
        query = (
            select(*_GATHERED, ScoreRow.cut_tier, PartnerRow.tier)
            .join(PartnerRow, PartnerRow.id == ScoreRow.partner)
            .where(ScoreRow.quarter == str(quarter), ScoreRow.turn > func.coalesce(seen, 0), ScoreRow.move.is_(None))
            .order_by(ScoreRow.turn)
            .limit(size)
        )
        return [
            Candidate.model_construct(
                partner=row.partner, tier=row.tier, cut_tier=row.cut_tier or "", gathered=_gathered(row)
            )
            for row in self._session.execute(query)
        ]

    def holders(self, quarter: Quarter, entry_tier: str) -> Counter[str]:
        """How many partners have each tier while moves are decided: as it was decided, or as it was before."""
        tier = func.coalesce(ScoreRow.tier, PartnerRow.tier, entry_tier)
        query = (
            select(tier, func.count())
            .join(PartnerRow, PartnerRow.id == ScoreRow.partner)
            .where(ScoreRow.quarter == str(quarter), ScoreRow.turn.is_not(None))
            .where(or_(ScoreRow.move.is_(None), ScoreRow.move != "exit"))
            .group_by(tier)
        )
        return Counter({str(row[0]): int(row[1]) for row in self._session.execute(query)})

    def move(self, quarter: Quarter, moves: Iterable[Move]) -> None:
        """Keep what was decided about some partners."""
        decided = (
            (move.partner, {**move.model_dump(include={"move", "came_from", "decision"}), **move.record.model_dump()})
            for move in moves
        )
        self._set(quarter, dict(decided))

    def moves(self, quarter: Quarter, partners: Iterable[str] | None = None) -> list[Move]:
        """What was decided about everyone, or about some, by ID."""
        query = select(*_MOVED).where(ScoreRow.quarter == str(quarter), ScoreRow.move.is_not(None))
        if partners is not None:
            query = query.where(among(self._session, ScoreRow.partner, partners))
        return [_move(row) for row in self._session.execute(query.order_by(ScoreRow.partner))]

    def moves_to_tell(self, quarter: Quarter, after: str, size: int) -> list[Move]:
        """The next moves, by ID, that partners hear of: not those who stay, leave already, or are given notice."""
        query = self._moves_of_the_active(quarter, after, size)
        return [_move(row) for row in self._session.execute(query.where(ScoreRow.move.not_in(["stay", "exit"])))]

    def changes(self, quarter: Quarter, as_of: date, after: str, size: int) -> list[Move]:
        """The next moves, by ID, that lifecycles hear of.

        An old re-score may be told of again: it concerns neither who has come back since nor who was moved on.
        """
        changed = or_(ScoreRow.tier != ScoreRow.came_from, ScoreRow.move == "exit")
        query = self._moves_of_the_active(quarter, after, size).where(changed)
        query = query.where(PartnerRow.since <= as_of, PartnerRow.tier == ScoreRow.tier)
        return [_move(row) for row in self._session.execute(query)]

    def _moves_of_the_active(self, quarter: Quarter, after: str, size: int) -> Select[*tuple[Any, ...]]:
        return (
            select(*_MOVED)
            .join(PartnerRow, PartnerRow.id == ScoreRow.partner)
            .where(ScoreRow.quarter == str(quarter), ScoreRow.move.is_not(None), PartnerRow.stage == Stage.ACTIVE)
            .where(ScoreRow.partner > after)
            .order_by(ScoreRow.partner)
            .limit(size)
        )

    def last_records(self, partners: Iterable[str], before: Quarter) -> dict[str, TierRecord]:
        """What the last published re-score before a quarter left of each partner.

        None for those it did not see, and for those that have left and come back since: they start anew.
        """
        last = (
            select(func.max(RescoreRow.quarter))
            .where(RescoreRow.quarter < str(before), RescoreRow.published_at.is_not(None))
            .scalar_subquery()
        )
        query = (
            select(*_MOVED)
            .join(RescoreRow, RescoreRow.quarter == ScoreRow.quarter)
            .join(PartnerRow, PartnerRow.id == ScoreRow.partner)
            .where(
                ScoreRow.quarter == last, among(self._session, ScoreRow.partner, partners), ScoreRow.move.is_not(None)
            )
            .where(PartnerRow.since <= RescoreRow.as_of)
        )
        return {row.partner: _move(row).record for row in self._session.execute(query)}

    def missing(self, partners: Iterable[str], known_at: datetime) -> dict[str, tuple[str, ...]]:
        """The facts that the last re-score was without that was published by an instant, by partner."""
        last = select(func.max(RescoreRow.quarter)).where(RescoreRow.published_at <= known_at).scalar_subquery()
        query = (
            select(ScoreRow.partner, ScoreRow.score)
            .join(RescoreRow, RescoreRow.quarter == ScoreRow.quarter)
            .join(PartnerRow, PartnerRow.id == ScoreRow.partner)
            .where(ScoreRow.quarter == last, among(self._session, ScoreRow.partner, partners))
            .where(PartnerRow.since <= RescoreRow.as_of)  # who has left and come back since starts anew
        )
        return {partner: tuple((score or {}).get("missing", ())) for partner, score in self._session.execute(query)}

    def last_moved(self, partners: Iterable[str], known_at: datetime) -> dict[str, date]:
        """As of when partners last came into another tier, by what was published by an instant; of those that did."""
        query = (
            select(ScoreRow.partner, func.max(RescoreRow.as_of))
            .join(RescoreRow, RescoreRow.quarter == ScoreRow.quarter)
            .where(among(self._session, ScoreRow.partner, partners), RescoreRow.published_at <= known_at)
            .where(ScoreRow.tier != ScoreRow.came_from)
            .group_by(ScoreRow.partner)
        )
        return {partner: day for partner, day in self._session.execute(query)}  # noqa: C416 -- rows are no pairs to mypy

    def published_of(self, partner: str, since: date, known_at: datetime) -> list[tuple[Quarter, datetime, Move]]:
        """What re-scores as of a day or later decided about a partner, with when they were published, in order."""
        query = (
            select(ScoreRow, RescoreRow.published_at)
            .join(RescoreRow, RescoreRow.quarter == ScoreRow.quarter)
            .where(ScoreRow.partner == partner, ScoreRow.move.is_not(None), RescoreRow.as_of >= since)
            .where(RescoreRow.published_at <= known_at)
            .order_by(RescoreRow.published_at, ScoreRow.quarter)
        )
        return [(Quarter.parse(row.quarter), at, _move(row)) for row, at in self._session.execute(query) if at]

    def publish(self, quarter: Quarter, at: datetime) -> bool:
        """Make the moves count, for everyone active still, until the next. Twice is once; whether it was now."""
        rescore = self._session.get_one(RescoreRow, str(quarter), with_for_update=True, populate_existing=True)
        if rescore.published_at is not None:
            return False
        rescore.published_at = at
        moved = ScoreRow.quarter == str(quarter), ScoreRow.move.is_not(None), PartnerRow.id == ScoreRow.partner
        warned, next_one = ScoreRow.move == "warn", quarter.next.next.first_day
        changes = or_(
            PartnerRow.tier.is_distinct_from(ScoreRow.tier),
            PartnerRow.at_risk != warned,
            PartnerRow.next_date.is_distinct_from(next_one),
        )
        self._session.execute(
            update(PartnerRow)
            .where(*moved, PartnerRow.stage == Stage.ACTIVE, changes)
            .values(tier=ScoreRow.tier, at_risk=warned, next_date=next_one)
            .execution_options(synchronize_session=False)
        )
        self._session.expire_all()  # what was read of partners before says their old tiers
        return True

    def summary(self, quarter: Quarter) -> tuple[dict[str, int], dict[str, int]]:
        """How many partners each tier has after a re-score, and how often each move was decided."""
        counted = self._session.execute(
            select(ScoreRow.tier, ScoreRow.move, func.count())
            .where(ScoreRow.quarter == str(quarter), ScoreRow.move.is_not(None))
            .group_by(ScoreRow.tier, ScoreRow.move)
            .order_by(ScoreRow.tier, ScoreRow.move)
        )
        tiers, moves = Counter[str](), Counter[str]()
        for tier, move, count in counted:
            moves[move or ""] += count
            tiers[tier or ""] += count if move != "exit" else 0
        return dict(+tiers), dict(moves)

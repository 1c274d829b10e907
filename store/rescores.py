"""Re-scores: each partner's quarter, its place in the cut and its move, published as a whole."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from program.calendar import Quarter
from program.partner import PartnerId, Stage
from program.tiers import Placement, Score, Scored, TierRecord
from store.partners import Partners
from store.tables import PartnerRow, RescoreRow, ScoreRow
from store.writing import add_new


class Terms(BaseModel):
    """What a re-score was begun on. It keeps to it when it goes on after an interruption."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quarter: Quarter
    as_of: date
    known_at: datetime
    program: str
    published: bool


class Placed(BaseModel):
    """A partner in the cut: what its move is decided on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: PartnerId
    cut_tier: str
    facts: dict[str, Any]
    decided: bool
    """Whether its move was decided already."""


class Move(BaseModel):
    """What a re-score decided about a partner."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: PartnerId
    move: str
    came_from: str
    record: TierRecord
    decision: int

    @property
    def changed(self) -> bool:
        """Whether its lifecycle has to hear of it."""
        return self.record.tier != self.came_from or self.move == "exit"


def _move(row: ScoreRow) -> Move:
    assert row.move is not None
    assert row.decision is not None
    record = TierRecord(
        tier=row.tier or "", quarters_below=row.quarters_below or 0, quarters_inactive=row.quarters_inactive or 0
    )
    return Move(partner=row.partner, move=row.move, came_from=row.came_from or "", record=record, decision=row.decision)


class Rescores:
    """Re-scores by quarter."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def begin(self, quarter: Quarter, as_of: date, known_at: datetime, program: str) -> Terms:
        """Begin a quarter's re-score, or find the one that was begun."""
        values = {"as_of": as_of, "known_at": known_at, "program": program, "published_at": None}
        add_new(self._session, RescoreRow, {"quarter": str(quarter), **values})
        return self.get(quarter)

    def get(self, quarter: Quarter) -> Terms:
        row = self._session.get_one(RescoreRow, str(quarter))
        return Terms(
            quarter=quarter,
            as_of=row.as_of,
            known_at=row.known_at,
            program=row.program,
            published=row.published_at is not None,
        )

    def begun(self) -> list[tuple[str, datetime | None]]:
        """The quarters that a re-score was begun for, and when it was published."""
        query = select(RescoreRow).order_by(RescoreRow.quarter)
        return [(row.quarter, row.published_at) for row in self._session.scalars(query)]

    def score(self, quarter: Quarter, scores: Mapping[str, tuple[Score, Mapping[str, Any]]]) -> None:
        """Keep the scores of some partners with the facts they rest on. A partner is scored once."""
        add_new(
            self._session,
            ScoreRow,
            [
                {
                    "quarter": str(quarter),
                    "partner": partner,
                    "low": score.low,
                    "high": score.high,
                    "facts": dict(facts),
                }
                for partner, (score, facts) in scores.items()
            ],
        )

    def scored(self, quarter: Quarter) -> list[Scored]:
        """The whole roster as it was scored."""
        query = select(ScoreRow, PartnerRow.name).join(PartnerRow, PartnerRow.id == ScoreRow.partner)
        return [
            Scored(
                partner=row.partner,
                name=name,
                score=Score(low=row.low, high=row.high),
                pipeline=Decimal(str(row.facts["sourced_pipeline"])),
            )
            for row, name in self._session.execute(query.where(ScoreRow.quarter == str(quarter)))
        ]

    def place(self, quarter: Quarter, placements: Iterable[Placement]) -> None:
        """Keep where the cut puts everyone."""
        self._session.execute(
            update(ScoreRow),
            [{"quarter": str(quarter), "partner": p.partner, "rank": p.rank, "cut_tier": p.tier} for p in placements],
        )

    def placed(self, quarter: Quarter, after: str, size: int) -> list[Placed]:
        """The next partners of the cut by ID."""
        query = select(ScoreRow).where(ScoreRow.quarter == str(quarter), ScoreRow.partner > after)
        return [
            Placed(partner=row.partner, cut_tier=row.cut_tier or "", facts=row.facts, decided=row.move is not None)
            for row in self._session.scalars(query.order_by(ScoreRow.partner).limit(size))
        ]

    def move(self, quarter: Quarter, moves: Iterable[Move]) -> None:
        """Keep what was decided about some partners."""
        self._session.execute(
            update(ScoreRow),
            [
                {
                    "quarter": str(quarter),
                    **move.model_dump(include={"partner", "move", "came_from", "decision"}),
                    **move.record.model_dump(),
                }
                for move in moves
            ],
        )

    def moves(self, quarter: Quarter) -> list[Move]:
        """What was decided about everyone, by ID."""
        query = select(ScoreRow).where(ScoreRow.quarter == str(quarter), ScoreRow.move.is_not(None))
        return [_move(row) for row in self._session.scalars(query.order_by(ScoreRow.partner))]

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
            select(ScoreRow)
            .join(RescoreRow, RescoreRow.quarter == ScoreRow.quarter)
            .join(PartnerRow, PartnerRow.id == ScoreRow.partner)
            .where(ScoreRow.quarter == last, ScoreRow.partner.in_(list(partners)), ScoreRow.move.is_not(None))
            .where(PartnerRow.since <= RescoreRow.as_of)
        )
        return {row.partner: _move(row).record for row in self._session.scalars(query)}

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

    def publish(self, quarter: Quarter, at: datetime) -> None:
        """Make the moves count, for everyone who is active still. Twice is once."""
        rescore = self._session.get_one(RescoreRow, str(quarter))
        if rescore.published_at is not None:
            return
        rescore.published_at = at
        moves = {move.partner: move for move in self.moves(quarter)}
        partners = Partners(self._session)
        for standing in partners.roster(Stage.ACTIVE):
            move = moves.get(standing.partner.id)
            if move:
                partners.set_tier(move.partner, move.record.tier, at_risk=move.move == "warn")

    def summary(self, quarter: Quarter) -> tuple[dict[str, int], dict[str, int]]:
        """How many partners each tier has after a re-score, and how often each move was decided."""
        moves = self.moves(quarter)
        tiers = Counter(move.record.tier for move in moves if move.move != "exit")
        return dict(tiers), dict(Counter(move.move for move in moves))

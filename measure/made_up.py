"""A made-up roster of any size, written straight into the tables: how it comes there is not what is measured."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from decimal import Decimal
from typing import Any

from sqlalchemy import create_engine, insert, update

from operations.publishing import publish_first
from program.calendar import Quarter
from program.notice import NoticeState
from program.partner import PartnerType, Stage
from program.scorecard import Rated, Scorecard
from rules.folder import LoadedProgram
from store.columns import Row
from store.database import Store
from store.tables import NoticeRow, OpportunityRow, PartnerRow, ScorecardRow, StageMoveRow

LAST = Quarter(year=2026, number=3)
SEED = 2
_AT_ONCE = 1000

Rows = dict[type[Row], list[dict[str, Any]]]


def at(day: date) -> datetime:
    """The morning of a day."""
    return datetime.combine(day, time_of_day(6), tzinfo=UTC)


def quarters_back(count: int) -> list[Quarter]:
    """The last quarters there are, the first one first."""
    quarters = [LAST]
    while len(quarters) < count:
        quarters.append(quarters[-1].previous)
    return quarters[::-1]


def fill(url: str, program: LoadedProgram, partners: int, quarters: list[Quarter], deals: int = 3) -> Store:
    """An empty database filled with a roster that has been active throughout; most of it sells little, some of it much.

    Args:
        url: The database.
        program: In force from the first of the quarters on.
        partners: How many there are.
        quarters: In which they brought opportunities.
        deals: Of a middling partner, in a quarter.
    """
    store, first = Store(url), quarters[0].first_day
    store.migrate()
    publish_first(store, program, first, at(first))
    dice = random.Random(SEED)  # noqa: S311 -- a sample, not a secret
    engine = create_engine(url)
    for start in range(0, partners, _AT_ONCE):
        rows: Rows = {PartnerRow: [], StageMoveRow: [], ScorecardRow: [], OpportunityRow: []}
        for number in range(start, min(start + _AT_ONCE, partners)):
            _partner(rows, dice, f"partner-{number:06}", program, first)
            rows[OpportunityRow] += _deals(dice, f"partner-{number:06}", quarters, deals)
        with engine.begin() as connection:
            for table, values in rows.items():
                connection.execute(insert(table), values)
    engine.dispose()
    return store


def deliver_everything(url: str) -> None:
    """Take all that was written to be delivered, as it is long before the next quarter ends."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            update(NoticeRow).values(state=NoticeState.DELIVERED, due_at=None, delivered_at=at(LAST.last_day))
        )
    engine.dispose()


def _partner(rows: Rows, dice: random.Random, name: str, program: LoadedProgram, since: date) -> None:
    """A partner, how it became active, and with nine of ten the scorecard it was signed by."""
    tiers = [tier.id for tier in program.program.tiers]
    tier = dice.choices(tiers, [2, 8, 90])[0] if len(tiers) == 3 else tiers[-1]
    known = {"partner": name, "day": since, "recorded_at": at(since)}
    who = {"id": name, "name": name, "type": dice.choice([*PartnerType]), "region": "North", "owner": "Ada"}
    stands = {"stage": Stage.ACTIVE, "since": since, "application": 1, "tier": tier, "at_risk": False}
    nobody = {"owner_manager": "", "email": None, "next_date": None, "added_at": at(since)}
    rows[PartnerRow].append({**who, **stands, **nobody})
    for came_from, went_to, tier_then, because in (
        (Stage.PROSPECT, Stage.PILOT, None, "Taken over."),
        (Stage.PILOT, Stage.ACTIVE, tier, "Expanded."),
    ):
        move = {"key": went_to.value, "came_from": came_from, "went_to": went_to, "tier": tier_then, "because": because}
        rows[StageMoveRow].append({**known, **move})
    if dice.random() < 0.9:
        criteria = program.program.scorecard.criteria
        ratings = {criterion.id: Rated(rating=dice.randint(1, 5), evidence="Seen") for criterion in criteria}
        content = Scorecard(reviewer="Rita", ratings=ratings).model_dump(mode="json")
        submitted = {"reviewer": "Rita", "submitted_on": since, "content": content, "learned_at": at(since)}
        rows[ScorecardRow].append({"partner": name, "application": 1, "number": 1, **submitted})


def _deals(dice: random.Random, partner: str, quarters: list[Quarter], deals: int) -> Iterator[dict[str, Any]]:
    strength = dice.paretovariate(0.9)
    source = {"source": "crm", "learned_at": at(quarters[0].first_day), "superseded_at": None, "handed_over_to": None}
    unsaid = {"account": "", "submitted_on": None, "answered_on": None, "mutual": None}
    for quarter in quarters:
        for number in range(min(int(dice.random() * 2 * deals * min(strength, 8) / 3), 40)):
            created = quarter.first_day + timedelta(days=dice.randrange(60))
            closed = created + timedelta(days=dice.randrange(30)) if dice.random() < 0.6 else None
            won = dice.random() < 0.5
            yield {
                **source,
                **unsaid,
                "id": f"{partner}/{quarter}/{number}",
                "partner": partner,
                "created_on": created,
                "qualified_on": created if dice.random() < 0.8 else None,
                "progressed_on": closed if won else None,
                "closed_on": closed,
                "won": won if closed else None,
                "value": Decimal(dice.randrange(100, 30_000)) if closed else None,
            }

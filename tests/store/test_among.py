"""A roster may have more partners than a statement takes values, on both databases."""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from program.calendar import Quarter
from program.opportunity import Opportunity
from program.touch import Touch
from store.database import Store, Transaction
from store.doubt import doubt
from tests.store.conftest import AT

TODAY = AT.date()
NOW = AT + timedelta(days=1)
QUARTER = Quarter.of(TODAY)
EVERYBODY = ["acme", *(f"partner-{number:05}" for number in range(70_000))]
"""PostgreSQL takes 65,535 values, and SQLite 32,766 unless it was built to take more."""

READS: dict[str, Callable[[Transaction, Sequence[str]], Any]] = {
    "where they stand": lambda tx, names: tx.partners.several(names),
    "scorecards": lambda tx, names: tx.scorecards.latest(names, TODAY, NOW),
    "facts": lambda tx, names: tx.facts.by_partner(names, TODAY, NOW),
    "opportunities": lambda tx, names: tx.opportunities.by_partner(names, TODAY, NOW),
    "origins of deals": lambda tx, names: tx.opportunities.origins(["deal", *names]),
    "next actions": lambda tx, names: tx.preparation.actions(names),
    "how many scorecards": lambda tx, names: dict(tx.scorecards.counts(names)),
    "touches": lambda tx, names: tx.touches.last(names, TODAY, NOW),
    "touches of a quarter": lambda tx, names: tx.touches.of(names, TODAY, TODAY),
    "overrides": lambda tx, names: tx.serving.of(names),
    "moves": lambda tx, names: tx.rescores.moves(QUARTER, names),
    "places in the cut": lambda tx, names: tx.rescores.placed_of(QUARTER, names),
    "what a re-score left": lambda tx, names: tx.rescores.last_records(names, QUARTER),
    "what a re-score was without": lambda tx, names: tx.rescores.missing(names, NOW),
    "last moves": lambda tx, names: tx.rescores.last_moved(names, NOW),
    "escalations": lambda tx, names: tx.escalations.watched("stall", TODAY, names),
    "what notices tell of": lambda tx, names: tx.escalations.told_of(names),
    "notices": lambda tx, names: tx.notices.undelivered(names),
    "decisions": lambda tx, names: tx.decisions.several(range(len(names))),
    "what was decided": lambda tx, names: tx.decisions.made("stall", TODAY, "sweep", names),
}


@pytest.fixture
def strict_store(any_store: Store) -> Store:
    """A database that takes no more values than any build of it does."""

    def restrict(connection: Any, _record: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 32_766)

    any_store.close()
    event.listen(any_store._engine, "connect", restrict)
    return any_store


def test_the_whole_roster_can_be_asked_for_at_once(strict_store: Store) -> None:
    with strict_store.write() as tx:
        tx.facts.record("acme", {"joint_revenue": 900}, TODAY, "audit", AT)
        tx.opportunities.record([Opportunity(id="deal", partner="acme", created_on=TODAY)], "crm", AT)
        tx.touches.record(Touch(partner="acme", delivered_on=TODAY, kind="Session", who="Ada"), AT)
    with strict_store.read() as tx:
        for what, read in READS.items():
            one, all_of_them = read(tx, EVERYBODY[:1]), read(tx, EVERYBODY)
            assert len(all_of_them) in {len(one), len(EVERYBODY)}, what
            if isinstance(one, dict):
                assert all_of_them | one == all_of_them, what


def test_the_whole_roster_can_be_written_about_at_once(strict_store: Store) -> None:
    with strict_store.write() as tx:
        doubt(tx.partners._session, EVERYBODY)
        tx.notices.supersede(EVERYBODY, "It is over.")

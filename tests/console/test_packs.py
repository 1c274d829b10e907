"""Actions and reviews from the command line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from store.database import Store
from tests.console.conftest import Operator
from tests.world import a_partner


@pytest.fixture
def lead(operator: Operator, store: Store) -> Operator:
    """An operator who agreed with Acme that somebody calls Initech within a week."""
    today = operator.installation.today()
    with store.write() as tx:
        tx.partners.add([a_partner("Acme")], datetime.now(UTC))
        tx.preparation.record_next_action("acme", "Call Initech", "Ada", today + timedelta(days=7), today)
    return operator


def test_an_agreed_action_is_done_once(lead: Operator) -> None:
    today = lead.installation.today()
    assert f"Call Initech was done on {today}" in lead.sees("partner", "done", "acme", "Call Initech")
    assert "no open action 'Call Initech'; open are: none" in lead.is_refused("partner", "done", "acme", "Call Initech")


def test_what_was_not_agreed_or_is_still_ahead_cannot_be_done(lead: Operator) -> None:
    assert "open are: Call Initech" in lead.is_refused("partner", "done", "acme", "Call Hooli")
    tomorrow = str(lead.installation.today() + timedelta(days=1))
    assert "has not come" in lead.is_refused("partner", "done", "acme", "Call Initech", "--on", tomorrow)
    assert "there is no partner" in lead.is_refused("partner", "done", "nobody", "Call Initech")


def test_a_review_takes_a_partner_or_all_and_a_place_to_be_written_to(lead: Operator, tmp_path: Path) -> None:
    assert "name a partner, or give --all" in lead.is_corrected("roster", "pack", "--out", str(tmp_path))
    assert "give --out for pages, or --json" in lead.is_corrected("roster", "pack", "acme")
    assert "no quarter was re-scored" in lead.is_refused("roster", "pack", "--all", "--out", str(tmp_path))

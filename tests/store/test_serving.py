"""Overrides of a service and actions that are done, on both databases."""

from datetime import date, timedelta

import pytest

from program.errors import Refused
from program.serving import ServiceOverride
from store.database import Store
from tests.store.conftest import AT

TODAY = AT.date()


def override(first: int, until: int, partner: str = "acme", tier: str = "strategic") -> ServiceOverride:
    """From a day to another, counted from today."""
    return ServiceOverride(
        partner=partner, tier=tier, first=day(first), until=day(until), reason="A deal", granted_by="Ada"
    )


def day(number: int) -> date:
    return TODAY + timedelta(days=number)


def test_of_one_partner_no_two_overrides_hold_on_one_day(any_store: Store) -> None:
    with any_store.write() as tx:
        tx.serving.grant(override(0, 10), AT)
        tx.serving.grant(override(0, 10, "bolt"), AT)
    with any_store.write() as tx, pytest.raises(Refused, match=f"what strategic does until {day(10)} already"):
        tx.serving.grant(override(10, 20), AT)
    with any_store.write() as tx:
        tx.serving.end(override(0, 10), day(4))
        tx.serving.grant(override(5, 20, tier="growth"), AT)
    with any_store.read() as tx:
        assert tx.serving.of(["acme", "bolt"]) == {
            "acme": [override(0, 4), override(5, 20, tier="growth")],
            "bolt": [override(0, 10, "bolt")],
        }
        held = [tx.serving.running("acme", day(number)) for number in (4, 5, 20, 21)]
    assert [one and one.tier for one in held] == ["strategic", "growth", "growth", None]


def test_an_override_counts_from_when_it_was_known_and_had_begun(any_store: Store) -> None:
    with any_store.write() as tx:
        tx.serving.grant(override(1, 10), AT)
    with any_store.read() as tx:
        known = AT, AT, AT - timedelta(seconds=1)
        begun = [tx.serving.begun(["acme"], day(n), at)["acme"] for n, at in zip((1, 0, 1), known, strict=True)]
    assert begun == [[override(1, 10)], [], []]


def test_an_override_ends_after_it_begins() -> None:
    with pytest.raises(ValueError, match="before it begins"):
        override(1, 0)


def test_an_action_that_is_done_is_no_next_action(any_store: Store) -> None:
    with any_store.write() as tx:
        for due in (7, 14):
            tx.preparation.record_next_action("acme", "Call", "Ada", day(due), TODAY)
        assert tx.preparation.finish("acme", "Call", day(2))
    with any_store.write() as tx:
        assert [action.done_on for action in tx.preparation.actions(["acme"])["acme"]] == [day(2), None]
        assert tx.preparation.finish("acme", "Call", day(3))
        assert not tx.preparation.finish("acme", "Call", day(4))
        assert not tx.preparation.finish("bolt", "Call", day(4))
    with any_store.read() as tx:
        assert [tx.preparation.counts("acme", day(number))[2] for number in (2, 3)] == [True, False]

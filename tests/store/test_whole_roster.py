"""What is read of the whole roster at once, on both databases."""

from datetime import date, timedelta
from decimal import Decimal

from program.opportunity import Opportunity
from program.partner import Stage
from program.pilot import PilotPlan, PilotTerms, Targets
from program.touch import Touch
from store.database import Store
from store.partners import Moved
from tests.store.conftest import AT, PROGRAM

TODAY = AT.date()


def on(number: int) -> date:
    return TODAY + timedelta(days=number)


def test_every_move_up_to_a_day_is_told_in_order(any_store: Store) -> None:
    with any_store.write() as tx:
        assert tx.partners.span() is None
        tx.partners.move("bolt", "first", Stage.APPLIED, on(1), "It applied.", AT)
        tx.partners.move("acme", "first", Stage.PILOT, on(2), "Taken over.", AT)
        tx.partners.move("acme", "second", Stage.ACTIVE, on(60), "It proved itself.", AT, tier="growth")
        assert tx.partners.every_move(on(59)) == [
            Moved("acme", Stage.PILOT, on(2), None, "Taken over."),
            Moved("bolt", Stage.APPLIED, on(1), None, "It applied."),
        ]
        assert tx.partners.every_move(on(60))[1] == Moved("acme", Stage.ACTIVE, on(60), "growth", "It proved itself.")
        assert tx.partners.span() == (on(1), on(60))


def test_every_deal_is_as_it_stood_on_a_day_by_what_is_known_now(any_store: Store) -> None:
    first = Opportunity(id="O-1", partner="acme", created_on=on(0))
    won = first.model_copy(update={"closed_on": on(5), "won": True, "value": Decimal(900)})
    with any_store.write() as tx:
        assert tx.opportunities.span() is None
        tx.opportunities.record([first, Opportunity(id="O-2", partner="bolt", created_on=on(3))], "crm", AT)
        tx.opportunities.record([won], "crm", AT + timedelta(days=9))
        assert tx.opportunities.every(on(2)) == [first]
        assert [deal.won for deal in tx.opportunities.every(on(5))] == [True, None]
        assert tx.opportunities.span() == (on(0), on(3))
        assert tx.opportunities.origins(["O-1", "O-2", "O-3"]) == {
            "O-1": ("crm", AT + timedelta(days=9)),
            "O-2": ("crm", AT),
        }


def test_every_pilot_is_told_with_its_verdict(any_store: Store) -> None:
    targets = Targets(qualified=1, progressed=1)
    terms = PilotTerms(number=1, started_on=on(0), plan=PilotPlan(), targets=targets, program=PROGRAM)
    again = terms.model_copy(update={"number": 2, "started_on": on(60)})
    with any_store.write() as tx:
        tx.pilots.begin("acme", 1, terms)
        tx.pilots.end("acme", 1, 1, on(60), "reset")
        tx.pilots.begin("acme", 1, again)
        assert tx.pilots.verdicts() == {("acme", 1, 1): (terms, "reset"), ("acme", 1, 2): (again, None)}


def test_every_touch_up_to_a_day_is_told(any_store: Store) -> None:
    touches = [
        Touch(partner=who, delivered_on=on(number), kind="Session", who="Ada")
        for who, number in (("bolt", 1), ("acme", 2))
    ]
    with any_store.write() as tx:
        for touch in touches:
            tx.touches.record(touch, AT)
        assert tx.touches.delivered(on(1)) == touches[:1]
        assert tx.touches.delivered(on(2)) == touches

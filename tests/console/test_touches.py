"""Recording at the command line what a partner received."""

from datetime import UTC, date, datetime, timedelta

import pytest

from program.partner import Stage
from program.serving import ServiceOverride
from program.touch import Touch
from store.database import Store
from tests.console.conftest import Operator
from tests.store.contents import contents
from tests.world import a_partner


@pytest.fixture
def acme(operator: Operator) -> str:
    """Active since the second day of 2017, as a clock noted that runs ahead."""
    with operator.installation.store.write() as tx:
        tx.partners.add([a_partner("Acme")], datetime.now(UTC))
        now = datetime.now(UTC) + timedelta(days=60)
        tx.partners.move("acme", "pilot", Stage.PILOT, date(2017, 1, 1), "Taken over.", now)
        tx.partners.move("acme", "active", Stage.ACTIVE, date(2017, 1, 2), "Expanded.", now, tier="growth")
    return "acme"


def test_a_touch_is_recorded_once(operator: Operator, store: Store, acme: str) -> None:
    today = operator.installation.today()
    assert f"acme: Monthly group session by Ada on {today} is recorded." in operator.sees("touch", acme, "--by", "Ada")
    before = contents(store)
    assert "was recorded already; nothing has changed" in operator.sees("touch", acme, "--by", "Ada", "--note", "Again")
    assert contents(store) == before


def test_a_touch_of_an_earlier_day_says_which(operator: Operator, store: Store, acme: str) -> None:
    operator.sees("touch", acme, "--on", "2017-03-15", "--by", "Ada", "--kind", "pipeline review")
    with store.read() as tx:
        now = datetime.now(UTC) + timedelta(days=1)
        last = tx.touches.last([acme], operator.installation.today(), now)
    assert last == {"acme": {"Pipeline review": date(2017, 3, 15)}}


def test_a_touch_of_a_service_of_several_kinds_says_which_it_was(operator: Operator, store: Store, acme: str) -> None:
    today = operator.installation.today()
    deal = ServiceOverride(partner=acme, tier="strategic", first=today, until=today, reason="A deal", granted_by="Ada")
    with store.write() as tx:
        tx.serving.grant(deal, datetime.now(UTC))
    assert (
        "acme receives Co-sell session, Pipeline review, Business review; say by --kind which of them it was"
        in operator.is_refused("touch", acme, "--by", "Ada")
    )
    assert "is recorded" in operator.sees("touch", acme, "--by", "Ada", "--kind", "Business review")
    assert "is recorded" in operator.sees("touch", acme, "--by", "Ada", "--kind", "Co-sell session")
    assert (
        "there is no kind of touch 'Phone call'; there are Co-sell session, Pipeline review, Business review, Monthly"
        in operator.is_refused("touch", acme, "--by", "Ada", "--kind", "Phone call")
    )


def test_a_touch_of_a_partner_that_has_left_since_is_recorded(operator: Operator, store: Store, acme: str) -> None:
    with store.write() as tx:
        tx.partners.move(acme, "out", Stage.LEAVING, date(2017, 4, 1), "It leaves.", datetime.now(UTC))
    assert "is recorded" in operator.sees("touch", acme, "--on", "2017-03-15", "--by", "Ada")
    assert "acme was leaving on 2017-04-02" in operator.is_refused("touch", acme, "--on", "2017-04-02", "--by", "Ada")


def test_a_touch_that_nobody_received_is_refused(operator: Operator, store: Store, acme: str) -> None:
    before = contents(store)
    tomorrow = str(operator.installation.today() + timedelta(days=1))
    assert "has not come; record the touch once it was delivered" in operator.is_refused(
        "touch", acme, "--on", tomorrow, "--by", "Ada"
    )
    with store.write() as tx:
        tx.partners.add([a_partner("Initech")], datetime.now(UTC))
    before = contents(store)
    assert "initech was prospect on" in operator.is_refused("touch", "initech", "--by", "Ada")
    assert "acme was pilot on 2017-01-01; only active partners are promised touches" in operator.is_refused(
        "touch", acme, "--on", "2017-01-01", "--by", "Ada"
    )
    assert "there is no partner nobody" in operator.is_refused("touch", "nobody", "--by", "Ada")
    assert "write" in operator.is_corrected("touch", acme, "--by", " ")
    assert contents(store) == before


def test_the_last_touches_are_shown_with_the_partner(operator: Operator, acme: str) -> None:
    assert "Touches" not in operator.sees("partner", "show", acme)
    for day in range(1, 9):
        operator.sees("touch", acme, "--on", f"2017-03-0{day}", "--by", "Ada", "--note", f"The {day}th")
    page = operator.sees("partner", "show", acme)
    assert "2017-03-08  Monthly group session  Ada  The 8th" in page
    assert "2017-03-02" not in page
    assert operator.gets("partner", "show", acme)["touches"][-1] == {
        "day": "2017-03-08",
        "kind": "Monthly group session",
        "by": "Ada",
        "note": "The 8th",
    }


def test_the_touches_of_a_day_are_those_that_were_held_and_known_by_then(operator: Operator, acme: str) -> None:
    for day in (3, 5):
        operator.sees("touch", acme, "--on", f"2017-03-0{day}", "--by", "Ada")
    show = ("partner", "show", acme, "--as-of", "2017-03-04")
    assert [touch["day"] for touch in operator.gets(*show)["touches"]] == ["2017-03-03"]
    assert "2017-03-03  Monthly group session  Ada" in operator.sees(*show)
    later = datetime.now(UTC) + timedelta(days=2)
    with operator.installation.store.write() as tx:
        tx.touches.record(Touch(partner=acme, delivered_on=date(2017, 3, 4), kind="Call", who="Bo"), later)
    assert [touch["by"] for touch in operator.gets(*show)["touches"]] == ["Ada", "Bo"]
    known = operator.gets(*show, "--known-at", str(operator.installation.today()))
    assert [touch["by"] for touch in known["touches"]] == ["Ada"]

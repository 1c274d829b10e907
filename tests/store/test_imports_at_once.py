"""What comes in while something else does: nobody's is lost, and nobody sees half of it. On PostgreSQL."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from activities.departure import Closing
from activities.roster import Page, RescoreBegin
from program.calendar import Clock, Quarter
from program.opportunity import Opportunity
from program.partner import Stage
from program.person import Person
from program.rescore import Terms
from rules.folder import LoadedProgram
from store.database import Store, Transaction
from tests.activities.conftest import START, Office, at, day
from tests.store.at_once import meanwhile
from tests.store.test_opportunities import handed_over
from tests.world import a_partner

Q1 = Quarter(year=2017, number=1)

pytestmark = pytest.mark.parametrize("any_url", ["postgresql"], indirect=True)


@pytest.fixture
def office(any_url: str, default_program: LoadedProgram) -> Iterator[Office]:
    store = Store(any_url)
    store.migrate()
    office = Office(store, default_program)
    office.active("Acme", since=date(2016, 1, 1))
    yield office
    store.close()


def a_deal(**changes: Any) -> Opportunity:
    values = {"id": "O-1", "partner": "acme", "created_on": START}
    return Opportunity.model_validate(values | changes)


def deals(*brought: Opportunity) -> Callable[[Transaction], object]:
    return lambda tx: tx.opportunities.record(brought, "crm", at(day(30)))


IMPORTS: dict[str, Callable[[Transaction], object]] = {
    "deals": deals(a_deal()),
    "partners": lambda tx: tx.partners.add([a_partner("Bolt")], at(START)),
    "people": lambda tx: tx.people.record([Person(name="Ada", email="ada@example.com")]),
}


@pytest.mark.parametrize("what", IMPORTS)
def test_the_same_file_is_imported_twice_at_once(office: Office, what: str) -> None:
    def imports() -> object:
        with office.store.write() as tx:
            return IMPORTS[what](tx)

    assert meanwhile(office.store, IMPORTS[what], imports) in [(0, 0), (0, 0, 0)]


def test_two_files_that_say_different_things_of_a_person_are_both_heard(office: Office) -> None:
    def imports() -> object:
        with office.store.write() as tx:
            return tx.people.record([Person(name="Ada", slack_member="U012AB3CD")])

    assert meanwhile(office.store, IMPORTS["people"], imports) == (0, 1)
    with office.store.read() as tx:
        assert tx.people.find("Ada") == Person(name="Ada", email="ada@example.com", slack_member="U012AB3CD")


def test_a_deal_that_the_crm_says_more_of_is_handed_over_when_its_partner_leaves(office: Office) -> None:
    with office.store.write() as tx:
        deals(a_deal())(tx)
        tx.partners.move("acme", "sold", Stage.LEAVING, START, "Sold.", at(START))
    closing = Closing(
        partner="acme", application=1, because="Sold.", as_of=day(30), known_at=at(day(30)), clock=Clock()
    )
    more = deals(a_deal(qualified_on=START))
    meanwhile(office.store, more, lambda: office.run(office.departures.close_record, closing))
    assert handed_over(office.store) == {"O-1": "Ada Owner"}


def test_a_rescore_sees_all_of_an_import_that_was_under_way_or_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.roster.PAGE", 1)
    monkeypatch.setattr("activities.roster.STINT_SECONDS", 0.0)
    office.active("Bolt", since=date(2016, 1, 1))
    brought = deals(a_deal(), a_deal(id="O-2", partner="bolt"))

    def begins() -> tuple[Terms, Page | None]:
        begin = RescoreBegin(quarter=Q1, as_of=Q1.last_day, known_at=at(day(30)) + timedelta(seconds=1))
        terms = office.run(office.roster.begin_rescore, begin)
        return terms, office.run(office.roster.score_page, Page(terms=terms))

    _, page = meanwhile(office.store, brought, begins)
    while page:
        page = office.run(office.roster.score_page, page)
    with office.store.read() as tx:
        seen = [one.gathered.measured.facts["moved_opportunities"] for one in tx.rescores.entrants(Q1).values()]
    assert seen == [1, 1]

"""What is learned of partners after they were signed: rated anew, or for the first time."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from activities.watching import over
from operations.rating import Changes, rate
from operations.requalifying import requalify
from program.calendar import Quarter
from program.errors import Refused
from program.scorecard import Rated, Scorecard
from rules.folder import LoadedProgram
from store.database import Store
from tests.activities.conftest import START, Office, at
from tests.activities.test_roster import placed, rescores, works
from tests.activities.test_watching import swept
from tests.store.contents import contents
from tests.world import a_scorecard

TODAY = START + timedelta(days=100)
Q1, Q2 = (Quarter(year=2017, number=number) for number in (1, 2))
TRAINED = ("deferral_days: 90", "deferral_days: 90\nevidence: [{id: trained, title: How many were trained}]")


@pytest.fixture
def office(store: Store, default_program: LoadedProgram) -> Office:
    """Acme's running pilot was taken over, so nobody ever rated it; it is active."""
    office = Office(store, default_program)
    office.active("Acme")
    return office


def rates(office: Office, scorecard: Scorecard, on: date = TODAY, today: date = TODAY) -> Changes | None:
    with office.store.write() as tx:
        return rate(tx, office.shelf.in_force(today).program, {"acme": scorecard}, on, today, at(today)).get("acme")


def only(**ratings: int) -> Scorecard:
    """A form of which little was filled in."""
    rated = {name: Rated(rating=rating, evidence="Seen in the account mapping") for name, rating in ratings.items()}
    return Scorecard(reviewer="Rita Reviewer", ratings=rated)


def outcome(office: Office, day: date) -> str | None:
    [found] = requalify(office.store, office.shelf.in_force(day), day, at(day), record=False)
    return found.outcome


def test_who_was_never_rated_is_rated_once_it_is_active(office: Office) -> None:
    assert outcome(office, TODAY) is None
    changes = rates(office, a_scorecard())
    assert changes
    assert changes["market"] == (None, 4)
    assert not [name for name in changes if name.startswith("minimum")]
    assert outcome(office, TODAY) == "sign"
    assert office.decisions("acme") == [], "nothing is decided by it"


def test_what_a_form_leaves_out_stays_as_it_was(office: Office) -> None:
    rates(office, a_scorecard())
    assert outcome(office, TODAY) == "sign"
    changes = rates(office, only(market=2))
    assert changes
    assert set(changes) == {"market", "fit_score", "total_score"}
    assert changes["market"] == (4, 2)
    assert outcome(office, TODAY) == "decline"


def test_the_same_again_is_nothing_new(office: Office) -> None:
    rates(office, a_scorecard())
    before = contents(office.store)
    assert rates(office, a_scorecard()) is None
    assert rates(office, only(market=4)) is None
    assert contents(office.store) == before


def test_late_evidence_of_a_quarter_counts_in_its_rescore(office: Office) -> None:
    office.puts_in_force(office.changed(TRAINED), START + timedelta(days=1))
    late = Q1.next.first_day + timedelta(days=3)
    rates(office, only(market=5).model_copy(update={"facts": {"trained": Decimal(3)}}), Q1.last_day, late)
    rates(office, a_scorecard(), late, late)
    with office.store.read() as tx:
        [(known_on, card)] = tx.scorecards.latest(["acme"], Q1.last_day, at(late)).values()
        [trained] = tx.facts.of("acme", Q1.last_day, at(late)).values()
    assert (known_on, list(card.ratings), card.facts) == (Q1.last_day, ["market"], {"trained": 3})
    assert (trained.value, trained.origin) == (3, "scorecard 1 of application 1, true of 2017-03-31")


def test_evidence_that_a_rescore_was_without_ends_the_stall(office: Office) -> None:
    works(office, "acme", Q2)  # and closed nothing, so that its win rate is not known either
    rescores(office, Q2)
    assert placed(office, Q2)["acme"].score.missing == ("win_rate", "fit_score")
    on = Q2.last_day + timedelta(days=1)
    stall = swept(office, on)["evidence_missing_in_rescore"]
    why: list[str | None] = []
    for _ in range(2):
        with office.store.read() as tx:
            why.append(over(tx, office.shelf.get(stall.program), stall, on, at(on)))
        rates(office, a_scorecard(), on, on)
    assert why == [None, "Factors that its last re-score was without: 1 instead of 2."]


@pytest.mark.parametrize(
    ("scorecard", "days", "said"),
    [
        (a_scorecard(), 1, "2017-06-10 has not come"),
        (a_scorecard(), -1, "acme was rated on 2017-06-09; what was so before is known"),
        (a_scorecard().model_copy(update={"facts": {"weather": True}}), 0, "facts.weather: not asked for"),
        (only(luck=5), 0, "luck: no crit"),
    ],
)
def test_what_cannot_be_so_is_refused_and_changes_nothing(
    office: Office, scorecard: Scorecard, days: int, said: str
) -> None:
    rates(office, a_scorecard(market=5))
    before = contents(office.store)
    with pytest.raises(Refused, match=said):
        rates(office, scorecard, TODAY + timedelta(days=days))
    assert contents(office.store) == before


def test_an_applicants_scorecard_is_decided_on_and_not_merely_kept(office: Office) -> None:
    office.applied("Bolt")
    with office.store.write() as tx, pytest.raises(Refused, match=r"bolt is applied; .* `gatehouse scorecard submit`"):
        rate(tx, office.program.program, {"bolt": a_scorecard()}, START, TODAY, at(TODAY))


def test_a_partner_in_its_pilot_is_rated_anew(office: Office) -> None:
    partner = office.in_pilot("Cora")
    with office.store.write() as tx:
        changes = rate(tx, office.program.program, {partner: only(people=5)}, TODAY, TODAY, at(TODAY))[partner]
    assert changes["people"] == (4, 5)

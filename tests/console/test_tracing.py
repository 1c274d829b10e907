"""Following a partner's score at the command line, down to the deals and ratings it was made from."""

from datetime import UTC, date, datetime

import pytest

from program.calendar import Quarter
from tests.activities.conftest import Office, at, day
from tests.activities.test_roster import rated, rescores, wins
from tests.console.conftest import Operator, lines
from tests.store.contents import contents

Q2, Q3 = (Quarter(year=2017, number=number) for number in (2, 3))


@pytest.fixture
def lead(operator: Operator) -> Operator:
    """An operator, some weeks into the third quarter of 2017."""
    operator.installation.lag = datetime.now(UTC) - at(date(2017, 7, 20))
    return operator


def test_a_score_is_followed_to_the_deals_and_ratings_it_was_made_from(lead: Operator, office: Office) -> None:
    acme = rated(office, "Acme", market=4, motion=4)
    wins(office, acme, Q2, deals=3, value=4000)
    rescores(office)
    office.brings(acme, Q2.first_day, 2, known=day(141), closed_on=Q2.first_day, won=True, value=99)  # learned too late
    said = lines(lead.sees("roster", "score", acme))
    assert said[0] == "Acme (acme) in 2017Q2: 29.4 points, rank 1 of 1"
    for line in ("won_revenue Revenue won 100,000 12,000 4.2 35", "by the cut growth", "decided gatehouse explain 1"):
        assert line in said, said
    assert said[-1] == "gatehouse roster score acme --quarter 2017Q2 --behind FACT"

    assert "score gatehouse roster score acme --quarter 2017Q2" in lines(lead.sees("decisions", "show", "1"))

    revenue = lines(lead.sees("roster", "score", acme, "--behind", "won_revenue"))
    assert revenue[0] == "Acme (acme) in 2017Q2, Revenue won: 12,000, 4.2 of 35 points"
    assert "Deals: 3" in revenue
    assert "Together: 3 won, 0 lost; worth 12,000.00, as far as it is known." in revenue
    fit = lead.gets("roster", "score", acme, "--behind", "fit_score")
    [ratings] = fit["behind"]
    assert [(one["what"], one["rating"], one["true of"]) for one in ratings["facts"]] == [
        ("market", 4, "2017-03-01"),
        ("motion", 4, "2017-03-01"),
    ]


def test_what_was_recorded_since_is_what_a_score_rests_on(lead: Operator, office: Office) -> None:
    acme = rated(office, "Acme")
    with office.store.write() as tx:
        tx.facts.record(acme, {"fit_score": 2}, Q2.first_day, "Ada", at(Q2.first_day))
    rescores(office)
    said = lines(lead.sees("roster", "score", acme, "--behind", "fit_score"))
    assert "fit_score 2 Ada 2017-04-01" in said


def test_a_quarter_that_is_not_re_scored_is_followed_by_what_is_known_now(lead: Operator, office: Office) -> None:
    acme, idle = rated(office, "Acme"), office.active("Idle")
    wins(office, acme, Q3, deals=2)
    before = contents(office.store)
    assert lead.sees("roster", "score", acme).startswith("Acme (acme) in 2017Q2: ")  # over, and not re-scored yet
    running = lines(lead.sees("roster", "score", acme, "--quarter", "2017Q3"))
    assert "decided nothing yet: the quarter is not re-scored" in running
    assert "Deals: 2" in lines(lead.sees("roster", "score", acme, "--quarter", "2017Q3", "--behind", "win_rate"))
    unknown = lines(lead.sees("roster", "score", idle, "--quarter", "2017Q3", "--behind", "win_rate"))
    assert unknown[0] == "Idle (idle) in 2017Q3, Win rate: not known, 0 to 10 of 10 points"
    assert unknown[-1] == "Nothing is behind it: there was nothing to count."
    assert contents(office.store) == before
    preview = lead.sees("rescore", "--preview", "--quarter", "2017Q3")
    assert "`gatehouse roster score PARTNER --quarter 2017Q3` says what a score is made from." in preview


def test_what_has_no_score_is_refused(lead: Operator, office: Office) -> None:
    acme, pilot = rated(office, "Acme"), office.in_pilot("Bolt")
    assert "bolt is not scored in 2017Q2: it is pilot since 2017-" in lead.is_refused("roster", "score", pilot)
    rescores(office)
    assert "bolt had no part in 2017Q2; `gatehouse roster ranking" in lead.is_refused("roster", "score", pilot)
    assert "there is no partner nobody" in lead.is_refused("roster", "score", "nobody")
    assert "2017Q4 begins on 2017-10-01" in lead.is_refused("roster", "score", acme, "--quarter", "2017Q4")
    refused = lead.is_refused("roster", "score", acme, "--behind", "charm")
    assert "no factor that counts 'charm'; it counts won_revenue, qualified_opportunities" in refused


def test_reports_are_about_the_last_quarter_that_was_re_scored_though_nothing_else_happened(
    lead: Operator, office: Office
) -> None:
    rated(office, "Acme")
    assert ", 2017Q1, as of 2017-03-31" in lead.sees("report", "producing")
    rescores(office)
    assert ", 2017Q2, as of 2017-06-30" in lead.sees("report", "producing")

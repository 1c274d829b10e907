"""The forecast of tiers: an average quarter, scored and moved by the program, and held against what came."""

from datetime import date
from decimal import Decimal

import pytest

from program.partner import Stage
from reports.forecast import Basis, forecast
from reports.record import Expectation
from rules.folder import LoadedProgram
from tests.reports.roster import Roster, day, q, values


@pytest.fixture
def basis(default_program: LoadedProgram) -> Basis:
    return Basis(default_program, {"alder": {"fit_score": Decimal(5)}, "birch": {"fit_score": Decimal(5)}}, ())


def sells(roster: Roster, name: str, month: str, deals: int) -> None:
    """So many deals in a month, all of them won, worth 3,000 each."""
    for _ in range(deals):
        roster.brings(name, f"{month}-01", won=f"{month}-20", value=3000)


def test_who_sells_more_on_average_than_its_tier_takes_is_expected_to_rise(basis: Basis) -> None:
    roster = Roster(q("2017Q3"))
    roster.active("alder")
    roster.active("birch")
    sells(roster, "alder", "2017-05", 30)
    sells(roster, "alder", "2017-08", 50)
    sells(roster, "birch", "2017-08", 1)

    report = forecast(roster.record, {q("2017Q4"): basis})

    # An average quarter: 40 deals qualified, progressed and won, 120,000 in revenue. That is everything, 100 points.
    assert values(report, "moves") == {
        "alder": (
            "growth",
            "strategic",
            Decimal(100),
            "The score and the team's hours carry a higher tier; it rises by one.",
        )
    }
    *_, score = report.behind("moves/alder/score")
    factors = [fact for fact in score.behind if isinstance(fact, Expectation)]
    assert sum(one.points for one in factors) == score.value
    assert [(one.shown, one.points, one.most) for one in factors if one.fact == "qualified_opportunities"] == [
        ("40", Decimal(20), 20)
    ]
    assert values(report, "tiers") == {
        "strategic": (0, 1, Decimal(0), Decimal(52)),
        "growth": (2, 1, Decimal(15), Decimal("7.5")),
        "self-serve": (0, 0, Decimal(0), Decimal(0)),
    }
    assert "is expected to change the tier of 1 of 2 active partners." in report.answer
    assert "No re-score shows yet how far that is to be believed." in report.answer


def test_a_forecast_is_held_against_the_re_scores_there_were(basis: Basis) -> None:
    roster = Roster(q("2017Q3"))
    for name in ("alder", "birch"):
        roster.active(name)
        sells(roster, name, "2017-05", 40)
    roster.active("cedar", since="2017-07-15")
    # Alder rose as was to be expected of it; Birch, nobody would have thought it, did not; Cedar nobody could know.
    roster.ranks("2017Q3", alder=("growth", "strategic"), birch=("growth", "growth"), cedar=("growth", "growth"))

    report = forecast(roster.record, {q("2017Q3"): basis, q("2017Q4"): basis})

    assert values(report, "accuracy") == {"2017Q3": (2, 1, Decimal("50.0"), 1, Decimal("50.0"))}
    assert (
        "(1), it would have been right about 50.0 % of the partners; that nobody moves, about 50.0 %." in report.answer
    )


def test_what_is_forecast_of_a_quarter_that_runs_is_its_own_re_score(basis: Basis) -> None:
    roster = Roster(q("2017Q4"), as_of=date(2017, 11, 10))
    roster.active("alder")
    roster.goes("birch", (Stage.PILOT, "2017-09-01"), (Stage.ACTIVE, "2017-10-31"))
    sells(roster, "alder", "2017-08", 40)
    sells(roster, "birch", "2017-11", 40)

    report = forecast(roster.record, {q("2017Q4"): basis})

    assert report.question == "Which tiers will the re-score of 2017Q4 give, for 2018Q1?"
    assert values(report, "tiers")["strategic"][:2] == (0, 1)
    (moved,) = [line for table in report.tables if table.id == "moves" for line in table.lines]
    assert moved.key == "alder"  # what Birch brought since the quarter began is not taken for its average
    assert all(deal.created_on == day("2017-08-01") for deal in moved.figures[2].behind if hasattr(deal, "created_on"))

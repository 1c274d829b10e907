"""What reports say of small rosters, number by number."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from program.errors import Refused
from program.gate import IN_A_ROW
from program.opportunity import DirectDeal
from program.partner import PartnerType, Stage
from program.pilot import PilotPlan, PilotTerms, Targets, achieved
from program.touch import Touch
from reports.concentration import Winner, concentration, tenths
from reports.figures import nine_in_ten
from reports.gate import gate
from reports.hours import hours
from reports.pilots import pilots
from reports.pipeline import pipeline
from reports.producing import producing
from reports.record import By
from reports.report import Shape
from reports.stages import stages
from tests.reports.roster import Roster, day, q, values

D = Decimal


# Producing


def test_a_partner_produces_in_the_quarter_in_which_it_wins() -> None:
    roster = Roster(q("2017Q3"))
    for name in ("alder", "birch", "cedar"):
        roster.active(name)
    roster.goes("dune", (Stage.PILOT, "2017-01-10"), (Stage.LEAVING, "2017-03-11"), (Stage.EXITED, "2017-03-25"))
    roster.brings("alder", "2017-05-01", won="2017-07-01")
    roster.brings("alder", "2017-07-01", won="2017-07-20")
    roster.brings("birch", "2017-09-30")
    roster.brings("dune", "2017-07-01", won="2017-07-02")

    report = producing(roster.record, By.TYPE)

    assert values(report, "quarters") == {
        "2017Q1": (3, 0, D("0.0"), 0, 3),
        "2017Q2": (3, 0, D("0.0"), 1, 2),
        "2017Q3": (3, 1, D("33.3"), 1, 1),
    }
    assert values(report, "groups") == {"resell": (3, 1, D("33.3"), 1, 1)}
    assert report.answer == "1 of 3 signed partners won a deal in 2017Q3 (33.3 %)."
    assert values(report, "silent") == {"cedar": ("Ada Owner", "growth", None, 153)}


def test_who_was_signed_lately_may_still_be_activated() -> None:
    roster = Roster(q("2017Q3"))
    roster.active("alder", since="2017-03-31")
    roster.active("birch", since="2017-03-31")
    roster.goes("cedar", (Stage.PILOT, "2017-08-01"), (Stage.PILOT, "2017-09-30"))
    roster.brings("alder", "2017-05-01", won="2017-06-01")

    cohorts = values(producing(roster.record, By.TYPE), "cohorts")

    assert cohorts["2017Q1"] == (2, 1, 0, D("50.0"))
    assert cohorts["2017Q3"] == (1, 0, 1, None)  # a reset signs nobody anew


# Concentration


def test_ten_partners_are_ten_tenths_ranked_by_revenue() -> None:
    roster = Roster(q("2017Q3"))
    for number in range(10):
        name = roster.active(f"partner-{number}")
        if number < 4:
            roster.brings(name, "2017-05-01", won="2017-08-01", value=[6000, 3000, 500, 500][number])

    report = concentration(roster.record)

    shown = values(report, "tenths")
    assert list(shown) == [str(n) for n in range(1, 11)]
    assert shown["1"] == (1, D(6000), D("60.0"), D("60.0"))
    assert shown["3"] == (1, D(500), D("5.0"), D("95.0"))
    assert shown["10"] == (1, D(0), D("0.0"), D("100.0"))
    assert report.answer == (
        "The first 2 of 10 partners won 90.0 % of the revenue from 2017Q1 to 2017Q3; "
        "80 % of it took 2 of them (20.0 %)."
    )


def test_what_won_deals_are_worth_is_said_to_be_unknown_where_it_is() -> None:
    roster = Roster(q("2017Q3"))
    roster.active("alder")
    roster.brings("alder", "2017-05-01", won="2017-08-01", value=None)

    report = concentration(roster.record)

    assert report.answer == "No revenue is on record from 2017Q1 to 2017Q3."
    assert report.unknown == ("What 1 of 1 won deals are worth is not on record.",)


@given(st.integers(1, 45))
def test_tenths_have_every_partner_once_and_differ_by_one(count: int) -> None:
    ranked = [Winner(f"partner-{n}", (), None) for n in range(count)]
    parts = tenths(ranked)
    assert [one for part in parts for one in part] == ranked
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1


# Pipeline


def test_a_quarters_pipeline_is_what_was_brought_and_closed_in_it() -> None:
    roster = Roster(q("2017Q3"))
    roster.active("alder", region="North")
    roster.active("birch", region="South")
    roster.brings("alder", "2017-06-01", won="2017-07-01", value=3000)
    roster.brings("alder", "2017-07-01", won="2017-07-21", value=1000)
    roster.brings("alder", "2017-07-01")
    roster.brings("birch", "2017-07-01", lost="2017-07-05")

    report = pipeline(roster.record, By.REGION)

    assert values(report, "sourced") == {
        "North": (2, D(1000), 2, 1, D("50.0")),
        "South": (1, D(0), 1, 0, D("0.0")),
        "all": (3, D(1000), 3, 1, D("33.3")),
    }
    assert values(report, "closed") == {
        "North": (2, 0, D("100.0"), D(4000), D(2000), D(25)),
        "South": (0, 1, D("0.0"), D(0), None, None),
        "all": (2, 1, D("66.7"), D(4000), D(2000), D(25)),
    }


def test_direct_deals_of_the_quarter_stand_below_the_partners_and_in_no_other_row() -> None:
    roster = Roster(q("2017Q3"))
    roster.active("alder")
    roster.brings("alder", "2017-07-01", won="2017-07-21", value=1000)
    roster.brings("alder", "2017-07-01", lost="2017-07-05")
    alone = {by: pipeline(roster.record, by) for by in By}
    roster.finds("2017-05-01", won="2017-07-30", value=5000)
    roster.finds("2017-07-01", won="2017-08-10", value=3000)
    roster.finds("2017-07-02", won="2017-08-01", value=None)
    roster.finds("2017-07-02", lost="2017-09-30")
    roster.finds("2017-10-01", won="2017-10-02")

    for by in By:
        report = pipeline(roster.record, by)
        for name in ("sourced", "closed"):
            rows = values(report, name)
            assert {key: row for key, row in rows.items() if not key.endswith("direct")} == values(alone[by], name)
        assert report.pictures == alone[by].pictures
    report = pipeline(roster.record, By.TYPE)
    assert values(report, "sourced")["direct"] == (3, D(3000), 3, 2, D("66.7"))
    assert values(report, "closed")["direct"] == (3, 1, D("75.0"), D(8000), D(4000), D(40))
    assert report.answer.endswith(
        "Partners' deals against direct ones: progression rate 50.0 % against 66.7 %; win rate 50.0 % against 75.0 %; "
        "days to win, median 20 against 40."
    )
    assert not [said for said in report.unknown if "irect" in said]
    assert [fact.id for fact in report.behind("closed/direct/cycle")[-1].behind if isinstance(fact, DirectDeal)] == [
        "direct-1",
        "direct-2",
        "direct-3",
    ]


def test_by_quarter_each_has_its_direct_deals_beside_it() -> None:
    roster = Roster(q("2017Q3"))
    roster.goes("alder", (Stage.PILOT, "2017-05-01"))
    roster.brings("alder", "2017-05-01", won="2017-07-21")
    roster.finds("2017-05-01", won="2017-06-10")
    roster.finds("2017-07-01", lost="2017-07-10")
    closed = values(pipeline(roster.record, By.QUARTER), "closed")
    assert {key: row[:3] for key, row in closed.items()} == {
        "2017Q2": (0, 0, None),
        "2017Q2 direct": (1, 0, D("100.0")),
        "2017Q3": (1, 0, D("100.0")),
        "2017Q3 direct": (0, 1, D("0.0")),
    }


def test_what_is_known_of_one_side_alone_is_not_compared() -> None:
    roster = Roster(q("2017Q3"))
    roster.finds("2017-07-01", won="2017-07-11")
    report = pipeline(roster.record, By.TIER)
    assert report.answer == "No deal of a partner was brought or closed in 2017Q3."
    assert [*values(report, "closed")] == ["direct"]
    assert not report.pictures


def test_without_direct_deals_it_is_said_what_would_bring_them() -> None:
    roster = Roster(q("2017Q3"))
    roster.active("alder")
    roster.brings("alder", "2017-07-01", won="2017-07-21")
    report = pipeline(roster.record, By.TIER)
    assert "gatehouse import opportunities FILE --map MAP.yaml" in report.unknown[0]
    assert "`without_partner: direct`" in report.unknown[0]
    assert "direct" not in report.answer


def test_a_partners_deals_count_in_the_tier_it_was_served_in_that_quarter() -> None:
    roster = Roster(q("2017Q4"))
    roster.active("alder")
    roster.ranks("2017Q3", alder=("growth", "strategic"))
    roster.brings("alder", "2017-08-01")
    roster.brings("alder", "2017-11-01")

    assert [*values(pipeline(roster.record, By.TIER), "sourced")] == ["strategic", "all"]
    roster.quarter = q("2017Q3")
    assert [*values(pipeline(roster.record, By.TIER), "sourced")] == ["growth", "all"]


def test_of_many_owners_the_dozen_that_brought_most_are_drawn_lying() -> None:
    roster = Roster(q("2017Q4"))
    for number in range(15):
        roster.active(f"partner-{number}", owner=f"Owner {number:02}")
        for _ in range(number + 1):
            roster.brings(f"partner-{number}", "2017-10-01")

    report = pipeline(roster.record, By.OWNER)

    (picture,) = report.pictures
    assert picture.shape is Shape.LEVEL
    assert picture.names == tuple(f"Owner {number:02}" for number in range(3, 15))
    assert len(values(report, "sourced")) == 16


_DAYS = st.dates(date(2017, 4, 1), date(2017, 12, 31))


@given(st.lists(st.tuples(st.sampled_from("abcd"), _DAYS, _DAYS, st.booleans()), max_size=12), st.sampled_from(By))
def test_the_groups_of_a_pipeline_add_up(deals: list[tuple[str, date, date, bool]], by: By) -> None:
    roster = Roster(q("2017Q4"))
    kinds, owners = list(PartnerType), ["Ada", "Max"]
    for number, name in enumerate("abcd"):
        roster.active(name, kind=kinds[number % 3], owner=owners[number % 2], region="North" if number else "")
    for name, created, closed, won in deals:
        last = max(created, closed).isoformat()
        roster.brings(name, created.isoformat(), won=last if won else "", lost="" if won else last)

    report = pipeline(roster.record, by)

    for name, adding in (("sourced", (0, 1, 2, 3)), ("closed", (0, 1, 3))):
        rows = values(report, name)
        whole = values(pipeline(roster.record, By.TYPE), name).get("all")
        groups = [row for key, row in rows.items() if key != "all"]
        if by is By.QUARTER:
            assert not whole or rows["2017Q4"] == whole
        elif whole:
            assert all(sum(row[place] for row in groups) == whole[place] for place in adding)


# Hours


def test_hours_are_held_against_what_came_before_and_after() -> None:
    roster = Roster(q("2017Q4"))
    roster.active("alder", since="2017-01-15")
    roster.active("birch", since="2017-01-15")
    roster.ranks("2017Q2", alder=("growth", "strategic"), birch=("growth", "growth"))
    roster.ranks("2017Q3", alder=("strategic", "strategic"), birch=("growth", "growth"))
    for month in ("01", "02", "04", "05"):
        roster.brings("alder", f"2017-{month}-15", won=f"2017-{month}-20", value=1000)
    for month in ("07", "08", "09", "10", "11", "12"):
        roster.brings("alder", f"2017-{month}-15", won=f"2017-{month}-20", value=1500)

    report = hours(roster.record)

    tiers = values(report, "tiers")
    assert tiers["2017Q3 strategic"] == (1, D(52), 3, D(4500), D("5.8"), D("86.54"))
    assert tiers["2017Q2 growth"] == (2, D(15), 2, D(2000), D("13.3"), D("133.33"))
    change = values(report, "change")
    assert change["strategic"] == (1, D(2), D(3), D("50.0"), D(2000), D(4500), D("125.0"))
    assert change["growth"] == (1, D(0), D(0), None, D(0), D(0), None)
    assert report.answer == (
        "Since the re-score of 2017Q2 the qualified deals of strategic rose by 50.0 %, from 2 to 3 a quarter."
    )


def test_who_left_within_a_quarter_takes_no_hours_of_it() -> None:
    roster = Roster(q("2017Q3"))
    roster.goes("alder", (Stage.PILOT, "2017-03-01"), (Stage.ACTIVE, "2017-04-30"), (Stage.LEAVING, "2017-08-01"))
    assert [*values(hours(roster.record), "tiers")] == ["2017Q2 growth"]


def test_touches_that_were_held_are_counted_by_tier() -> None:
    roster = Roster(q("2017Q4"))
    roster.active("alder")
    roster.active("birch")
    roster.touches = [
        Touch(partner="alder", delivered_on=day(on), kind=kind, who="Ada")
        for on, kind in (
            ("2017-09-30", "Session"),
            ("2017-10-01", "Session"),
            ("2017-10-15", "Session"),
            ("2017-10-15", "Call"),
        )
    ]
    roster.promised = {"strategic": ["Session"], "growth": ["Session", "Review"]}
    assert values(hours(roster.record), "touches") == {
        "growth Session": (2, 2, 1),
        "growth Review": (2, 0, 0),  # was promised, and a call is none
        "growth Call": (2, 1, 1),
    }


def test_without_a_re_score_nobody_says_whether_hours_paid() -> None:
    roster = Roster(q("2017Q3"))
    roster.active("alder")
    report = hours(roster.record)
    assert report.answer == "It cannot be said yet: it takes a published re-score and a whole quarter after it."
    assert values(report, "tiers")["2017Q3 growth"] == (1, D("7.5"), 0, D(0), D("0.0"), D("0.00"))


# The gate


def test_the_gate_is_counted_by_quarter_group_and_rule() -> None:
    roster = Roster(q("2017Q3"))
    roster.knows("alder", owner="Ada")
    roster.knows("birch", owner="Max")
    roster.decides("alder", "2017-05-01", "decline", "fit_below_minimum", "No fit.")
    roster.decides("alder", "2017-07-01", "sign", None, "All is met.")
    roster.decides("birch", "2017-07-01", None, None, "Something is missing.")
    roster.decides("birch", "2017-07-05", "defer", "capacity_short", "No people.")
    roster.decides("birch", "2017-08-05", "decline", "fit_below_minimum", "No fit.")

    report = gate(roster.record, By.OWNER)

    assert values(report, "quarters")["2017Q3"] == (4, 1, 2, 1, D("50.0"))
    assert values(report, "groups") == {
        "Ada": (1, 1, 0, 0, D("0.0")),
        "Max": (3, 0, 2, 1, D("100.0")),
        "all": (4, 1, 2, 1, D("50.0")),
    }
    assert values(report, "rules") == {
        "decline fit_below_minimum": (1, "No fit."),
        "defer capacity_short": (1, "No people."),
        "open otherwise": (1, "Something is missing."),
        "sign otherwise": (1, "All is met."),
    }
    assert not report.alarms


def test_a_gate_that_stops_declining_is_an_alarm() -> None:
    roster = Roster(q("2017Q3"))
    roster.decides(roster.knows("zinc"), "2017-06-30", "decline")
    for number in range(IN_A_ROW):
        assert not gate(roster.record, By.TYPE).alarms
        roster.decides(roster.knows(f"partner-{number}"), "2017-07-03", "sign")
    (alarm,) = gate(roster.record, By.TYPE).alarms
    assert "10 candidates in a row were signed, and the last to be declined was on 2017-06-30" in alarm
    roster.decides("zinc", "2017-08-01", "defer")
    assert gate(roster.record, By.TYPE).alarms  # to defer is not to say no
    roster.decides("zinc", "2017-08-02", "decline")
    assert not gate(roster.record, By.TYPE).alarms


# Stages


def test_time_in_a_stage_is_counted_of_those_who_left_it_and_of_those_who_wait() -> None:
    roster = Roster(q("2017Q3"))
    for name, signed in (("alder", "2017-07-03"), ("birch", "2017-07-05"), ("cedar", "2017-07-11")):
        roster.goes(name, (Stage.APPLIED, "2017-07-01"), (Stage.PILOT, signed))
    roster.goes("dune", (Stage.APPLIED, "2017-09-20"))

    report = stages(roster.record, By.TYPE)

    assert values(report, "finished") == {"applied": (3, D(4), 10, 10)}
    assert values(report, "running") == {"applied": (1, D(10), 10, "dune"), "pilot": (3, D(87), 89, "alder")}
    assert values(report, "groups") == {"resell": (1, 0, 3, 0, 0)}
    assert report.answer == (
        "An application is answered after 4 days (median). Waiting for a scorecard or for evidence on 2017-09-30: 1."
    )


@given(st.lists(st.integers(0, 400), min_size=1))
def test_nine_in_ten_lie_within_and_not_within_a_day_less(days: list[int]) -> None:
    record = Roster(q("2017Q3"))
    fact = record.decides(record.knows("alder"), "2017-07-01", "sign")
    found = nine_in_ten([(number, fact) for number in days]).value
    assert isinstance(found, int)
    assert sum(number <= found for number in days) * 10 >= len(days) * 9
    assert sum(number < found for number in days) * 10 < len(days) * 9


# Pilots


def test_pilots_are_counted_by_how_they_ended() -> None:
    roster = Roster(q("2017Q3"))
    for name in ("alder", "birch", "cedar", "dune"):
        roster.knows(name)
    roster.pilots_from("alder", "2017-05-10", ended="2017-07-09", verdict="expand")
    roster.pilots_from("birch", "2017-05-10", ended="2017-07-09", verdict="reset")
    roster.pilots_from("birch", "2017-07-09", number=2, ended="2017-09-07", verdict="exit")
    roster.pilots_from("cedar", "2017-07-09", ended="2017-07-20", verdict="withdrawn")
    roster.pilots_from("dune", "2017-09-01")

    report = pilots(roster.record, By.TYPE)

    assert values(report, "quarters") == {"2017Q3": (4, 1, 1, 1, 1, D("33.3"))}
    assert values(report, "resets") == {
        "first": (3, 1, 1, 0, 1, D("50.0")),
        "after reset 1": (1, 0, 0, 1, 0, D("0.0")),
    }
    assert report.answer == (
        "Pilots that ended in 2017Q3: 1 expand, 1 reset, 1 exit, 1 withdrawn. Pilots that ran on 2017-09-30: 1."
    )


def test_a_running_pilot_is_counted_as_its_verdict_will_count_it() -> None:
    roster = Roster(q("2017Q3"))
    roster.knows("alder")
    roster.pilots_from("alder", "2017-08-02")
    for created in ("2017-08-01", "2017-08-02", "2017-09-29", "2017-09-30"):
        roster.brings("alder", created, won=created)

    (row,) = values(pilots(roster.record, By.TYPE), "running").values()

    plan = PilotPlan()
    terms = PilotTerms(
        number=1, started_on=day("2017-08-02"), plan=plan, targets=Targets(qualified=2, progressed=1), program=""
    )
    counted = achieved(terms, day("2017-09-30"), roster.deals)
    assert row == (59, day("2017-10-01"), 2, 2, 2, 1)
    assert (row[2], row[4]) == (counted["qualified_opportunities"], counted["progressed_on_time"])


# All of them


def test_a_number_that_is_not_there_is_refused_with_those_there_are() -> None:
    report = producing(Roster(q("2017Q3")).record, By.TYPE)
    with pytest.raises(Refused, match="there is no table in the report producing named 'nothing'; there are quarters,"):
        report.behind("nothing/2017Q3/signed")
    with pytest.raises(Refused, match="there is no row in the table quarters named '2016Q1'; there are 2017Q3"):
        report.behind("quarters/2016Q1/signed")
    with pytest.raises(Refused, match="no column in the table quarters named 'won'; there are signed, producing"):
        report.behind("quarters/2017Q3/won")

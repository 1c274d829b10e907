"""The gate: what becomes of an application, and what the applicant is told."""

from typing import Any

import pytest

from activities.qualification import Lapse
from program.calendar import Clock
from program.errors import Refused
from program.partner import Stage
from program.scorecard import Scorecard
from tests.activities.conftest import START, Office, at, day
from tests.store.contents import contents
from tests.world import GOOD, a_scorecard, changed_program


@pytest.mark.parametrize(
    ("ratings", "found", "outcome", "rule"),
    [
        ({}, (), "sign", None),
        ({"market": 5, "people": 3, "operations": 3}, (), "sign", None),
        ({"market": 5}, ("sells_substitute",), "decline", "disqualified"),
        ({}, ("excluded_segment",), "decline", "disqualified"),
        ({}, ("not_legitimate",), "decline", "disqualified"),
        ({}, ("unsound",), "decline", "risk_of_standing"),
        ({}, ("discount_led", "extra_option"), "decline", "risky_overlap"),
        ({}, ("discount_led",), "sign", None),
        ({"market": 3, "motion": 5}, (), "decline", "fit_below_minimum"),
        ({"motion": 3, "people": 1}, (), "decline", "fit_below_minimum"),
        ({"intent": 2}, (), "decline", "intent_below_minimum"),
        ({"people": 2, "operations": 4}, (), "defer", "capacity_short"),
        ({"market": 5, "motion": 5, "people": 1, "operations": 1}, (), "defer", "capacity_short"),
        ({"people": 1, "operations": 1}, (), "decline", "total_below_minimum"),
    ],
)
def test_a_candidate_is_signed_deferred_or_declined_by_its_scorecard(
    office: Office, ratings: dict[str, int], found: tuple[str, ...], outcome: str, rule: str | None
) -> None:
    partner = office.applied("Acme")

    qualified = office.submits(partner, a_scorecard(without=(), found=dict.fromkeys(found, True), **ratings))

    assert (qualified.ruling.outcome, qualified.ruling.rule) == (outcome, rule)
    stage = {"sign": Stage.PILOT, "defer": Stage.DEFERRED, "decline": Stage.DECLINED}[outcome]
    assert qualified.stage == office.standing(partner).stage == stage
    assert office.decisions(partner)[0].ruling == qualified.ruling
    (key,) = qualified.notices
    assert (outcome == "sign") or qualified.ruling.because in office.notices()[key]


def test_a_total_below_its_minimum_declines_though_every_part_meets_its_own(office: Office) -> None:
    office.puts_in_force(office.changed(("minimum: 3.5", "minimum: 4.1")), START)
    qualified = office.submits(office.applied("Acme"), a_scorecard())
    assert (qualified.stage, qualified.ruling.rule) == (Stage.DECLINED, "total_below_minimum")


def test_a_signed_candidate_hears_what_its_pilot_has_to_show(office: Office) -> None:
    partner = office.applied("Acme")
    qualified = office.submits(partner, a_scorecard())
    assert qualified.terms == office.terms(partner)
    assert office.standing(partner).next_date == day(7)
    (told,) = office.notices().values()
    assert told == (
        "Your pilot starts on 2017-03-01\n"
        "The pilot runs 60 days, to 2017-04-30, and is looked at every 7 days.\n"
        "Agreed: 6 qualified opportunities, 3 of them progressed, 20 to 50 mapped accounts, 2 joint plays."
    )


def test_a_declined_candidate_hears_why_and_what_would_change_it(office: Office) -> None:
    office.submits(office.applied("Acme"), a_scorecard(market=2))
    (told,) = office.notices().values()
    assert told == (
        "Your application to our partner program\n"
        "We will not go ahead now.\n"
        "Fit with our market and motion is below its minimum, and nothing downstream can mend that.\n"
        "- rating for reaching our buyers: 2, where at least 4 is needed\n"
        "Fit changes when your customers are our buyers. Apply again with named accounts that show it.\n"
        "For a better outcome:\n"
        "- rating for reaching our buyers: at least 4 instead of 2\n"
        "- total score: at least 3.5 instead of 3.4"
    )


def test_a_candidate_that_nothing_it_can_influence_would_sign_hears_that_too(office: Office) -> None:
    office.submits(office.applied("Acme"), a_scorecard(found={"sells_substitute": True}))
    (told,) = office.notices().values()
    assert "- sells a substitute for our product: yes\n" in told
    assert told.endswith("As things stand, nothing that you can influence would change this.")


@pytest.mark.parametrize(
    ("without", "missing"),
    [
        (("people",), ["evidence for: Sellers who can be certified and sell"]),
        (
            ("market", "motion"),
            ["evidence for: Reaches our buyers", "evidence for: Sells in a way that complements ours"],
        ),
        (("unsound",), ["an answer to: Financial stability or compliance is in doubt"]),
        (("unsound", "discount_led"), ["an answer to: Financial stability or compliance is in doubt"]),
    ],
)
def test_a_deferral_names_the_evidence_that_is_missing_and_until_when_it_can_come(
    office: Office, without: tuple[str, ...], missing: list[str]
) -> None:
    partner = office.applied("Acme")
    qualified = office.submits(partner, a_scorecard(without=without))
    assert qualified.deferred_until == office.standing(partner).next_date == day(90)
    assert qualified.missing == tuple(missing)
    (told,) = office.notices().values()
    assert told.splitlines()[1:] == [
        f"We cannot decide yet. You can add what is missing before {day(90)}.",
        "What is not known yet, and makes a difference:",
        *(f"- {each}" for each in missing),
    ]


@pytest.mark.parametrize(
    ("scorecard", "rule"),
    [
        (a_scorecard(market=3, without=("people", "unsound")), None),
        (a_scorecard(market=3, without=("people", "operations", "intent")), "fit_below_minimum"),
        (a_scorecard(found={"excluded_segment": True}, without=tuple(GOOD)), "disqualified"),
        (a_scorecard(intent=2, without=("people", "operations")), "intent_below_minimum"),
    ],
)
def test_a_candidate_that_nothing_missing_could_save_is_declined_at_once(
    office: Office, scorecard: Scorecard, rule: str | None
) -> None:
    partner = office.applied("Acme")
    qualified = office.submits(partner, scorecard)
    assert (qualified.ruling.outcome, qualified.ruling.rule, qualified.ruling.missing) == ("decline", rule, ())
    assert qualified.ruling.unknown
    assert qualified.missing == ()
    assert office.standing(partner).stage == Stage.DECLINED


def test_a_candidate_short_of_people_is_not_deferred_for_them_while_its_intent_could_decline_it(office: Office) -> None:
    qualified = office.submits(office.applied("Acme"), a_scorecard(people=1, operations=1, without=("intent",)))
    assert qualified.ruling.possible == ("defer", "decline")
    assert qualified.ruling.also == ("capacity_short",)
    assert qualified.missing == ("evidence for: Concrete commercial reason and target",)


def test_a_deferral_asks_for_nothing_that_could_not_matter_and_for_nothing_twice(office: Office) -> None:
    """A total takes all ratings, each of which is also asked for by itself; a risk that cannot add up is not asked."""
    scorecard = a_scorecard(without=("sells_substitute", "extra_option", "market", "people", "operations"))
    qualified = office.submits(office.applied("Acme"), scorecard)
    assert qualified.ruling.missing == ("sells_substitute", "market", "total_score", "capacity_score")
    assert qualified.missing == (
        "an answer to: Sells a substitute for our product rather than a complement",
        "evidence for: Reaches our buyers",
        "evidence for: Sellers who can be certified and sell",
        "evidence for: Works in the open and follows through",
    )
    told = office.notices()[qualified.notices[0]]
    assert [line[2:] for line in told.splitlines() if line.startswith("- ")] == [*qualified.missing]


def test_rules_that_leave_a_gap_defer_and_say_so(office: Office) -> None:
    file = "policies/qualification.yaml"
    rules = office.program.files[file]
    gap = changed_program(office.program, (rules[rules.index("otherwise:") :], ""), file=file)
    office.puts_in_force(gap, START)
    partner = office.applied("Acme")
    qualified = office.submits(partner, a_scorecard())
    assert (qualified.ruling.outcome, qualified.ruling.possible, qualified.missing) == (None, (), ())
    assert qualified.deferred_until == office.standing(partner).next_date == day(90)
    reason = "None of the rules decides, and the policy does not say what holds otherwise."
    assert office.notices()[qualified.notices[0]].endswith(reason)


def test_a_deferral_for_want_of_people_says_how_many_points_are_missing(office: Office) -> None:
    office.submits(office.applied("Acme"), a_scorecard(people=2))
    (told,) = office.notices().values()
    assert told.splitlines()[1:] == [
        f"We cannot sign yet. You can add what is missing before {day(90)}.",
        "The fit is there, but not yet the people and habits to act on it.",
        "- score for the people and habits to do it: 2.8, where at least 3 is needed",
        "Name two sellers who can be certified this quarter, and agree to register deals.",
        "Nothing else stands in the way.",
    ]


def test_a_deferral_that_cannot_be_signed_by_answers_alone_says_what_else_it_takes(office: Office) -> None:
    office.submits(office.applied("Acme"), a_scorecard(people=2, without=("unsound",)))
    (told,) = office.notices().values()
    assert told.splitlines()[2:] == [
        "What is not known yet, and makes a difference:",
        "- an answer to: Financial stability or compliance is in doubt",
        "For the best outcome, besides:",
        "- score for the people and habits to do it: at least 3 instead of 2.8",
    ]


def test_a_deferred_candidate_that_brings_what_was_missing_is_signed(office: Office) -> None:
    partner = office.applied("Acme")
    office.submits(partner, a_scorecard(without=("people",)))
    office.submits(partner, a_scorecard(people=2), number=2, on=day(10))
    assert office.standing(partner).next_date == day(100)  # short of people is another deferral, from that day
    qualified = office.submits(partner, a_scorecard(), number=3, on=day(20))
    assert qualified.terms
    assert (qualified.stage, qualified.terms.started_on) == (Stage.PILOT, day(20))
    assert len(office.notices()) == 3


def test_a_deferral_that_brings_nothing_lapses(office: Office) -> None:
    partner = office.applied("Acme")
    office.submits(partner, a_scorecard(without=("people",)))
    lapse = Lapse(partner=partner, application=1, as_of=day(90), known_at=at(day(90)), clock=Clock())
    (key,) = office.run(office.gate.let_deferral_lapse, lapse).notices
    assert office.standing(partner).stage == Stage.DECLINED
    assert "You are welcome to apply again" in office.notices()[key]


# Applications


def test_an_application_is_found_where_it_stands(office: Office) -> None:
    partner = office.applied("Acme")
    assert office.enters(partner).stage == Stage.APPLIED
    office.submits(partner, a_scorecard(without=("people",)))
    found = office.enters(partner, day(3))
    assert (found.stage, found.until, found.scorecards) == (Stage.DEFERRED, day(90), 1)
    office.submits(partner, a_scorecard(), number=2, on=day(5))
    found = office.enters(partner, day(9))
    assert (found.stage, found.terms, found.scorecards) == (Stage.PILOT, office.terms(partner), 2)


def test_an_application_that_is_over_is_not_entered_again_but_a_new_one_is(office: Office) -> None:
    partner = office.applied("Acme")
    office.submits(partner, a_scorecard(market=1))
    before = contents(office.store)
    with pytest.raises(Refused, match="application 1 of acme is over; it is declined now"):
        office.enters(partner, day(3))
    assert contents(office.store) == before
    assert office.enters(partner, day(3), application=2).stage == Stage.APPLIED
    with pytest.raises(Refused, match="application 1 of acme is over; it is applied now"):
        office.enters(partner, day(3))


@pytest.mark.parametrize(("since", "next_date"), [(0, 7), (-6, 1), (-7, 0), (-23, 5), (-57, 3)])
def test_a_pilot_that_is_taken_over_counts_from_its_own_first_day(office: Office, since: int, next_date: int) -> None:
    partner = office.knows("Acme")
    entered = office.enters(partner, pilot_since=day(since))
    assert entered.terms
    assert (entered.stage, entered.terms.started_on) == (Stage.PILOT, day(since))
    assert (office.standing(partner).since, office.standing(partner).next_date) == (day(since), day(next_date))


@pytest.mark.parametrize("change", [{"partner": "nobody"}, {"application": 7}])
def test_who_is_not_there_cannot_apply(office: Office, change: dict[str, Any]) -> None:
    partner = office.in_pilot("Acme")
    before = contents(office.store)
    with pytest.raises(Refused, match=r"there is no partner nobody|acme is pilot"):
        office.enters(change.pop("partner", partner), START, **change)
    assert contents(office.store) == before

"""The whole roster: scored, cut, moved and told once a quarter, and looked over for stalls once a week."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from structlog.testing import capture_logs
from temporalio.service import RPCError

import activities.roster
from activities.roster import Page, RescoreBegin, Rescored, RescorePublish, TierMove
from activities.scoring import team
from program.calendar import Quarter
from program.errors import Refused
from program.movement import Movement, TierRecord
from program.partner import Stage
from program.rescore import Placed, Terms
from program.score import Score
from rules.decision.decide import decide
from rules.folder import LoadedProgram, load_program
from rules.language.source import Unfit
from store.rescores import Rescores
from tests.activities.conftest import START, Office, at, day
from tests.store.contents import contents
from tests.world import a_scorecard

Q2, Q3, Q4 = (Quarter(year=2017, number=number) for number in (2, 3, 4))


def begin(office: Office, quarter: Quarter = Q2, as_of: date | None = None) -> Terms:
    on = as_of or quarter.last_day
    return office.run(office.roster.begin_rescore, RescoreBegin(quarter=quarter, as_of=on, known_at=at(on)))


def pages(office: Office, activity: Any, terms: Terms) -> Iterator[Page]:
    """Walk over the roster, page by page."""
    page: Page | None = Page(terms=terms)
    while page:
        page = office.run(activity, page)
        if page:
            yield page


def rescores(office: Office, quarter: Quarter = Q2, as_of: date | None = None) -> Rescored:
    terms = begin(office, quarter, as_of)
    list(pages(office, office.roster.score_page, terms))
    office.run(office.roster.cut_tiers, terms)
    list(pages(office, office.roster.move_page, terms))
    return publish(office, terms)


def publish(office: Office, terms: Terms) -> Rescored:
    """Publish a re-score as soon as it was begun."""
    return office.run(office.roster.publish, RescorePublish(terms=terms, at=terms.known_at))


def wins(office: Office, partner: str, quarter: Quarter, *, deals: int = 40, value: int = 5000) -> None:
    """A quarter as good as it gets, with 40 deals."""
    on = quarter.first_day
    office.brings(partner, on, deals, qualified_on=on, progressed_on=on, closed_on=on, won=True, value=value)


def works(office: Office, partner: str, quarter: Quarter) -> None:
    """A quarter in which something happened, and little came of it."""
    office.brings(partner, quarter.first_day)


def tiers(office: Office) -> dict[str, tuple[str | None, bool]]:
    with office.store.read() as tx:
        return {s.partner.id: (s.tier, s.at_risk) for s in tx.partners.roster(Stage.ACTIVE)}


def scored(office: Office) -> list[str]:
    return [row[1] for row in contents(office.store)["scores"]]


def test_a_quarter_moves_each_partner_by_what_it_brought(office: Office) -> None:
    strong, weak, idle = office.active("Acme"), office.active("Bolt", tier="strategic"), office.active("Cora")
    wins(office, strong, Q2)
    works(office, weak, Q2)

    rescored = rescores(office)

    assert rescored == Rescored(quarter=Q2, tiers={"strategic": 2, "growth": 1}, moves={"up": 1, "warn": 2})
    assert tiers(office) == {
        strong: ("strategic", False),
        weak: ("strategic", True),
        idle: ("growth", True),
    }
    told = office.notices()
    assert told[f"{strong}/rescore-2017Q2"].startswith("Your tier from now on: Strategic\n")
    assert "Co-sell session every two weeks." in told[f"{strong}/rescore-2017Q2"]
    assert told[f"{weak}/rescore-2017Q2"].startswith("A warning about your tier\n")


def test_whoever_was_re_scored_waits_for_the_next_re_score(office: Office) -> None:
    partner = office.active("Acme")
    works(office, partner, Q2)
    rescores(office)
    assert office.standing(partner).next_date == Q4.first_day


def test_nothing_counts_before_it_is_published(office: Office) -> None:
    partner = office.active("Acme")
    wins(office, partner, Q2)
    terms = begin(office)
    for step in (office.roster.score_page, office.roster.move_page):
        list(pages(office, step, terms))
        office.run(office.roster.cut_tiers, terms)
        assert (tiers(office), office.notices()) == ({partner: ("growth", False)}, {})


def test_one_quarter_of_grace_then_down_and_two_without_activity_to_low_touch_and_out(office: Office) -> None:
    below, idle = office.active("Acme", tier="strategic"), office.active("Bolt", tier="strategic")
    ladder = []
    for quarter in (Q2, Q3, Q4):
        works(office, below, quarter)
        rescored = rescores(office, quarter)
        ladder.append((tiers(office)[below], tiers(office)[idle], rescored.moves))
    assert ladder == [
        (("strategic", True), ("strategic", True), {"warn": 2}),
        (("growth", False), ("self-serve", False), {"down": 1, "low_touch": 1}),
        (("growth", True), ("self-serve", False), {"warn": 1, "exit": 1}),
    ]
    assert not any(key.endswith("bolt/rescore-2017Q4") for key in office.notices())  # told when notice is given


def test_a_partner_that_became_active_after_the_quarter_is_not_scored(office: Office) -> None:
    last_day, first_day = office.active("Acme", since=Q2.last_day), office.active("Bolt", since=Q3.first_day)
    rescores(office)
    assert scored(office) == [last_day]
    assert tiers(office)[first_day] == ("growth", False)


@pytest.mark.parametrize(("since", "move"), [(Q2.first_day, "warn"), (date(2017, 4, 2), "stay")])
def test_only_a_full_quarter_counts_against_a_partner(office: Office, since: date, move: str) -> None:
    office.active("Acme", since=since)
    assert rescores(office).moves == {move: 1}


def test_only_active_partners_are_scored(office: Office) -> None:
    office.in_pilot("Acme")
    office.applied("Bolt")
    office.knows("Cora")
    assert rescores(office) == Rescored(quarter=Q2, tiers={}, moves={})


def test_what_was_learned_after_the_beginning_does_not_count(office: Office) -> None:
    partner = office.active("Acme")
    office.brings(partner, Q2.first_day, known=Q3.first_day)
    terms = begin(office)
    office.run(office.roster.score_page, Page(terms=terms))
    with office.store.read() as tx:
        assert [
            entrant.gathered.measured.facts["moved_opportunities"] for entrant in tx.rescores.entrants(Q2).values()
        ] == [0]


def test_the_hours_of_whoever_is_known_to_be_away_are_not_handed_out(office: Office) -> None:
    for number in range(20):
        wins(office, office.active(f"Partner {number}"), Q2)
    for name in ("First", "Second", "Third"):
        office.is_away(f"{name} co-sell manager", Q3.first_day, Q3.last_day)

    terms = begin(office)
    with office.store.write() as tx:
        tx.people.back("First co-sell manager", Q2.last_day)  # nobody knew when the re-score began

    assert [absence.person[:6] for absence in terms.away] == ["First ", "Second", "Third "]
    assert rescores(office).tiers == {"growth": 20}
    with office.store.read() as tx:
        assert {one.placement.tier for one in tx.rescores.placed(Q2, "", 100)} == {"growth"}


class Killed(RuntimeError):
    """The worker was killed."""


@pytest.mark.parametrize("killed_after", range(9))
def test_a_rescore_that_is_killed_goes_on_where_it_was(
    office: Office, killed_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activities.roster, "PAGE", 2)
    monkeypatch.setattr(activities.roster, "STINT_SECONDS", 0)
    for number in range(5):
        partner = office.active(f"Partner {number}", tier="strategic" if number % 2 else "growth")
        wins(office, partner, Q2, deals=10 * number)
    left = killed_after

    def dying(activity: Any, argument: object) -> Any:
        nonlocal left
        if not left:
            raise Killed
        left -= 1
        return run(activity, argument)

    run = office.run
    monkeypatch.setattr(office, "run", dying)
    with pytest.raises(Killed):
        rescores(office)
    monkeypatch.setattr(office, "run", run)
    assert tiers(office)["partner-4"] == ("growth", False)
    wins(office, "partner-0", Q3)  # and meanwhile the world goes on

    rescored = rescores(office)

    assert scored(office) == [f"partner-{number}" for number in range(5)]
    assert (rescored.tiers, rescored.moves) == ({"strategic": 4, "growth": 1}, {"warn": 2, "up": 2, "stay": 1})
    once = contents(office.store)
    assert rescores(office) == rescored
    assert contents(office.store) == once


class Fails(RuntimeError):
    """The database is gone."""


def test_a_cut_that_breaks_off_among_its_pages_comes_to_the_same(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.puts_in_force(with_eligibility(office), day(1))
    monkeypatch.setattr(activities.roster, "PAGE", 2)
    for number in range(5):
        wins(office, office.active(f"Partner {number}"), Q2, deals=10 * number)
    terms = begin(office)
    list(pages(office, office.roster.score_page, terms))
    keep, left = Rescores.score, 2

    def breaking(self: Rescores, quarter: Quarter, scores: dict[str, Score]) -> None:
        nonlocal left
        if not left:
            raise Fails
        left -= 1
        keep(self, quarter, scores)

    with monkeypatch.context() as broken:
        broken.setattr(Rescores, "score", breaking)
        with pytest.raises(Fails):
            office.run(office.roster.cut_tiers, terms)
    assert len(office.decisions("partner-0", "tier-eligibility")) == 1
    assert placed(office) == {}  # nobody has a rank before everybody has
    rescores(office)
    assert [len(office.decisions(f"partner-{n}", "tier-eligibility")) for n in range(5)] == [1] * 5
    assert sorted(one.placement.rank for one in placed(office).values()) == [1, 2, 3, 4, 5]
    once = contents(office.store)
    rescores(office)
    assert contents(office.store) == once


def leave(office: Office, partner: str, on: date) -> None:
    with office.store.write() as tx:
        tx.partners.move(partner, "leaves", Stage.LEAVING, on, "Sold.", at(on), tier="growth")


def test_who_is_leaving_when_it_is_published_keeps_its_tier_and_is_told_nothing(office: Office) -> None:
    partner = office.active("Acme")
    wins(office, partner, Q2)
    terms = begin(office)
    office.run(office.roster.score_page, Page(terms=terms))
    office.run(office.roster.cut_tiers, terms)
    office.run(office.roster.move_page, Page(terms=terms))
    leave(office, partner, Q2.last_day)
    publish(office, terms)
    assert office.standing(partner).tier == "growth"
    assert office.notices() == {}


def test_a_quarter_before_one_that_was_re_scored_is_refused(office: Office) -> None:
    wins(office, office.active("Acme"), Q3)
    rescores(office, Q3)
    before = contents(office.store)
    with pytest.raises(Refused, match=r"^2017Q3 is re-scored already, and 2017Q2 would undo what was decided then; "):
        begin(office, Q2)
    assert contents(office.store) == before


def test_a_quarter_that_was_held_up_until_a_later_one_was_re_scored_moves_nobody(office: Office) -> None:
    partner = office.active("Acme")
    wins(office, partner, Q3)
    held_up = begin(office, Q2)
    list(pages(office, office.roster.score_page, held_up))
    office.run(office.roster.cut_tiers, held_up)
    list(pages(office, office.roster.move_page, held_up))
    rescores(office, Q3)
    before = contents(office.store)
    assert office.standing(partner).tier == "strategic"
    with pytest.raises(Refused, match=r"^2017Q3 is re-scored already, and 2017Q2 would undo what was decided then; "):
        publish(office, held_up)
    assert contents(office.store) == before


def test_a_quarter_that_was_re_scored_before_a_later_one_is_shown_still(office: Office) -> None:
    wins(office, office.active("Acme"), Q2)
    first = rescores(office, Q2)
    rescores(office, Q3)
    once = contents(office.store)
    assert rescores(office, Q2) == first
    assert contents(office.store) == once


def test_who_came_back_since_a_publication_is_not_told_of_what_it_missed(office: Office) -> None:
    partner = office.active("Acme")
    wins(office, partner, Q2)
    terms = begin(office)
    list(pages(office, office.roster.score_page, terms))
    office.run(office.roster.cut_tiers, terms)
    list(pages(office, office.roster.move_page, terms))
    leave(office, partner, Q2.last_day)
    publish(office, terms)
    with office.store.write() as tx:
        for stage in (Stage.EXITED, Stage.APPLIED, Stage.PILOT, Stage.ACTIVE):
            tx.partners.move(partner, f"back/{stage}", stage, Q3.last_day, "Back.", at(Q3.last_day), tier="growth")
    publish(office, begin(office))
    assert office.notices() == {}


def test_equal_scores_can_go_by_evidence_and_what_is_no_number_counts_nothing(office: Office) -> None:
    worded, rated_two, unknown = office.active("Ann"), office.active("Bob"), office.active("Cid")
    ties = office.changed(
        ("deferral_days: 90", "deferral_days: 90\nevidence: [{id: trained, title: How many were trained}]"),
        ("  band: 2", "  band: 2\n  ties: [trained]"),
        ("version: 1\n", "version: 2\n"),
    )
    office.puts_in_force(ties, day(1))
    with office.store.write() as tx:
        for partner, people in ((worded, "many"), (rated_two, 2)):
            tx.facts.record(partner, {"trained": people}, START, "academy", at(START))
    rescores(office)
    by_rank = sorted(placed(office).values(), key=lambda one: one.placement.rank)
    assert [one.partner for one in by_rank] == [rated_two, worded, unknown]


async def tell(office: Office, terms: Terms) -> int:
    told: Any = office.run(office.roster.tell_lifecycles, terms)  # a coroutine, since the activity is one
    return int(await told)


async def test_only_lifecycles_whose_tier_changed_or_that_leave_are_told(office: Office) -> None:
    strong, weak, idle = office.active("Acme"), office.active("Bolt"), office.active("Cora", tier="self-serve")
    for quarter in (Q2, Q3):
        works(office, weak, quarter)
        if quarter == Q3:
            wins(office, strong, quarter)
        else:
            works(office, strong, quarter)
        rescores(office, quarter)
    assert await tell(office, begin(office, Q3)) == 3
    told = {workflow: move for workflow, name, move in office.temporal.signals if name == "rescored"}
    assert {workflow: (move.tier, move.leaves) for workflow, move in told.items()} == {
        f"partner/{strong}": ("strategic", False),
        f"partner/{weak}": ("self-serve", False),
        f"partner/{idle}": ("self-serve", True),
    }
    assert isinstance(told[f"partner/{idle}"], TierMove)
    assert "nothing lower to move to" in told[f"partner/{idle}"].because


async def test_a_lifecycle_that_is_over_needs_no_telling_and_one_out_of_reach_is_told_later(office: Office) -> None:
    for name in ("Acme", "Bolt"):
        wins(office, office.active(name), Q2)
    rescores(office)
    office.temporal.gone.add("partner/acme")
    office.temporal.failures = 1
    with pytest.raises(RPCError):
        await tell(office, begin(office))
    with capture_logs() as logged:
        assert await tell(office, begin(office)) == 2
    assert [(line["event"], line["partner"]) for line in logged] == [("lifecycle.not-there", "acme")]
    assert [workflow for workflow, _, _ in office.temporal.signals] == ["partner/bolt"]


# What the score rests on


def rated(office: Office, name: str, **ratings: Any) -> str:
    """An active partner with a scorecard of its application."""
    partner = office.active(name)
    with office.store.write() as tx:
        tx.scorecards.add(partner, 1, 1, a_scorecard(**ratings), START, at(START))
    return partner


def placed(office: Office, quarter: Quarter = Q2) -> dict[str, Placed]:
    with office.store.read() as tx:
        return {one.partner: one for one in tx.rescores.placed(quarter, "", 500)}


def test_what_was_rated_stays_an_axis_beside_what_was_measured(office: Office) -> None:
    fit, unfit = rated(office, "Fit", market=5, motion=5), rated(office, "Unfit", market=1, motion=1)
    wins(office, unfit, Q2)
    rescores(office)
    found = placed(office)
    axes: dict[str, Any] = {
        name: (one.score.performance and one.score.performance.low, one.score.potential and one.score.potential.low)
        for name, one in found.items()
    }
    assert axes == {fit: (0, 100), unfit: (100, 0)}
    assert {name: one.score.low for name, one in found.items()} == {fit: 15, unfit: 85}


def test_a_tier_that_hangs_on_what_nobody_knows_is_named_with_what_it_is(office: Office) -> None:
    unrated, known = office.active("Unrated"), rated(office, "Known")
    on = Q2.first_day
    for partner in (unrated, known):
        office.brings(partner, on, 22, qualified_on=on, progressed_on=on, closed_on=on, won=True, value=1500)
    rescores(office)
    found = placed(office)
    assert (found[unrated].score.missing, found[known].score.missing) == (("fit_score",), ())
    assert (found[unrated].placement.tier, found[unrated].placement.tier_at_best) == ("growth", "strategic")
    assert (found[unrated].placement.best_rank, found[unrated].placement.worst_rank) == (1, 2)
    assert (found[known].placement.tier, found[known].placement.tier_at_best) == ("strategic", "strategic")


def test_evidence_recorded_after_the_quarter_or_learned_too_late_does_not_count(office: Office) -> None:
    partner = office.active("Acme")
    with office.store.write() as tx:
        for true_of, learned, value in ((Q2.last_day, START, 3), (Q3.first_day, START, 5), (START, Q3.first_day, 4)):
            tx.facts.record(partner, {"fit_score": value}, true_of, f"review {value}", at(learned))
    rescores(office)
    assert placed(office)[partner].gathered.measured.facts["fit_score"] == 3


def test_weights_that_change_in_a_quarter_count_from_the_next_one_on_and_that_is_scored_both_ways(
    office: Office,
) -> None:
    partner = office.active("Acme")
    for quarter in (Q2, Q3, Q4):
        wins(office, partner, quarter, deals=10)
    old, new = office.program, office.changed(("version: 1\n", "version: 2\n"), ("target: 100000}", "target: 500000}"))
    office.puts_in_force(new, Q2.first_day + (Q2.last_day - Q2.first_day) / 2)
    scored_by = {}
    for quarter in (Q2, Q3, Q4):
        rescores(office, quarter)
        with office.store.read() as tx:
            weighed = tx.rescores.weighed(quarter)
        scored_by[str(quarter)] = (weighed.by, weighed.before, placed(office, quarter)[partner].score.low)
    assert {name: by[:2] for name, by in scored_by.items()} == {
        "2017Q2": (old.digest, old.digest),
        "2017Q3": (new.digest, old.digest),
        "2017Q4": (new.digest, new.digest),
    }
    assert scored_by["2017Q2"][2] > scored_by["2017Q3"][2]


def test_an_old_opportunity_counts_in_the_quarter_in_which_it_moves(office: Office) -> None:
    partner = office.active("Acme")
    office.brings(partner, START, progressed_on=Q2.first_day)
    rescores(office)
    facts = placed(office)[partner].gathered.measured.facts
    assert (facts["progressed_opportunities"], facts["moved_opportunities"]) == (1, 1)
    assert facts["sourced_pipeline"] == facts["qualified_opportunities"] == 0


# Being told


def test_a_warning_says_what_would_avert_the_move(office: Office) -> None:
    partner = rated(office, "Acme", market=1, motion=1)
    on = Q2.first_day
    office.brings(partner, on, 9, qualified_on=on, progressed_on=on, closed_on=on, won=True, value=100)
    rescores(office)
    told = office.notices()[f"{partner}/rescore-2017Q2"]
    assert told.startswith("A warning about your tier\n")
    assert "By the measure of the quarter that ended, 1.0 points more keep the tier.\n" in told
    assert "One of these alone brings them:\n- Revenue won: " in told
    assert "- Qualified opportunities: 11 instead of 9\n" in told
    assert "instead of 900\n" in told
    assert "- Opportunities that progressed: 11 instead of 9\n" in told
    assert "Win rate" not in told  # it is as good as it counts


def test_who_stands_in_the_last_tier_is_warned_of_what_follows_there(office: Office) -> None:
    partner = office.active("Acme", tier="self-serve")
    rescores(office)
    assert (
        "a second one like it costs the tier, or in the last one the partnership"
        in (office.notices()[f"{partner}/rescore-2017Q2"])
    )
    assert rescores(office, Q2.next).moves == {"exit": 1}


# Who is eligible

ELIGIBILITY = """\
policy: tier-eligibility
version: 1
owner: partner-programme
title: The highest tier that a partner is eligible for
facts:
  certified: {type: flag, title: whether two of its people are certified}
  quarters_active: {type: count, better: higher, title: full quarters since it became active}
outcomes: [strategic, growth]
rules:
  - id: certified_and_settled
    when: {certified: true, quarters_active: {gte: 1}}
    then: strategic
    because: Two of its people are certified, and it has been active for a full quarter.
otherwise:
  then: growth
  because: The highest tier takes two certified people and a full quarter.
"""


def with_eligibility(office: Office) -> LoadedProgram:
    files = dict(office.program.files) | {"policies/tier-eligibility.yaml": ELIGIBILITY}
    evidence = "deferral_days: 90\nevidence: [{id: certified, title: Two of its people are certified}]"
    files["program.yaml"] = (
        files["program.yaml"].replace("deferral_days: 90", evidence).replace("version: 1\n", "version: 2\n", 1)
    )
    return load_program(files)


def test_who_is_eligible_for_which_tier_is_decided_by_a_policy_recorded_and_explained(office: Office) -> None:
    certified, unknown = office.active("Certified"), office.active("Unknown")
    for partner in (certified, unknown):
        wins(office, partner, Q2)
    office.puts_in_force(with_eligibility(office), day(1))
    with office.store.write() as tx:
        tx.facts.record(certified, {"certified": True}, START, "academy", at(START))
    rescores(office)
    assert tiers(office) == {certified: ("strategic", False), unknown: ("growth", False)}
    [decided] = office.decisions(unknown, "tier-eligibility")
    assert (decided.ruling.outcome, decided.ruling.unknown) == ("growth", ("certified",))
    assert decided.ruling.because.startswith("The highest tier takes two certified people and a full quarter.")
    once = contents(office.store)
    rescores(office)
    assert contents(office.store) == once


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "strategic",
            "gold",
            "gold is no outcome of tier-eligibility; write growth, self-serve, strategic",
        ),
        (
            "strategic",
            "self-serve",
            "nobody can be eligible for strategic; add a rule that gives it, or remove it",
        ),
        (
            "otherwise:\n  then: growth\n  because: The highest tier takes two certified people and a full quarter.\n",
            "  - {id: else, when: {certified: false}, then: growth, because: It is not.}\n",
            "is decided with what is known, and what is unknown meets no condition; add an `otherwise`",
        ),
    ],
)
def test_an_eligibility_that_cannot_be_is_refused(office: Office, old: str, new: str, said: str) -> None:
    files = dict(with_eligibility(office).files)
    changed = files["policies/tier-eligibility.yaml"].replace(old, new)
    with pytest.raises(Unfit, match=said):
        load_program(files | {"policies/tier-eligibility.yaml": changed})


@pytest.mark.parametrize("cut_tier", ["strategic", "growth", "self-serve"])
@pytest.mark.parametrize("moved", [0, 1])
@pytest.mark.parametrize("quarters_active", [0, 1])
def test_a_new_partner_is_not_moved_down_in_its_first_full_quarter(
    office: Office, cut_tier: str, moved: int, quarters_active: int
) -> None:
    program, policy = office.program.program, office.program.policies["tier-movement"]
    ladder = program.tiers
    movement = Movement(ladder, team(program, Quarter(year=2017, number=3), ()), {})
    for tier in ladder:
        facts = movement.facts(TierRecord(tier=tier.id), cut_tier, moved, quarters_active=quarters_active)
        asked = {name: facts[name] for name in policy.facts}
        assert decide(policy, asked).outcome in {"up", "stay", "warn"}

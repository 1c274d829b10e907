"""How decisions are made: once, by the rules of their time, on what was known then."""

from decimal import Decimal
from typing import Any

import pytest

import activities.deciding
from activities.deciding import Occasion, Shelf, make
from program.errors import Refused
from program.partner import Stage
from rules.folder import LoadedProgram, load_program
from rules.lifecycle import OUTCOMES, QUALIFICATION
from rules.receipt import ENGINES
from store.database import Store
from tests.activities.conftest import START, Office, at, candidacy, day
from tests.activities.test_roster import rescores
from tests.activities.test_sweep import sweep
from tests.store.contents import contents
from tests.world import a_scorecard, changed_program


@pytest.fixture
def stricter(default_program: LoadedProgram) -> LoadedProgram:
    """A program that signs only the best, and asks for another risk."""
    return changed_program(
        default_program,
        ("minimum: 3.5", "minimum: 4.5"),
        ("deferral_days: 90", "deferral_days: 10"),
    )


def test_what_was_decided_stays_decided_after_new_rules_were_put_in_force(
    office: Office, stricter: LoadedProgram
) -> None:
    acme, bolt, cora = (office.applied(name) for name in ("Acme", "Bolt", "Cora"))
    signed = office.submits(acme, a_scorecard())
    deferred = office.submits(bolt, a_scorecard(without=("people",)))
    once = contents(office.store)

    office.puts_in_force(stricter, day(1))

    assert office.submits(acme, a_scorecard()) == signed
    assert office.submits(bolt, a_scorecard(without=("people",))) == deferred
    assert {name: rows for name, rows in contents(office.store).items() if name != "programs"} == {
        name: rows for name, rows in once.items() if name != "programs"
    }
    assert office.submits(cora, a_scorecard(), on=day(1)).stage == Stage.DECLINED  # who comes now meets the new rules
    assert [office.decisions(partner)[0].program for partner in (acme, cora)] == [
        office.program.digest,
        stricter.digest,
    ]


def test_a_pilot_is_judged_by_the_program_it_was_agreed_under(office: Office, default_program: LoadedProgram) -> None:
    partner = office.in_pilot("Acme")
    office.succeeds(partner)
    harder = changed_program(default_program, ("qualified: 6, progressed: 3", "qualified: 60, progressed: 30"))
    office.puts_in_force(harder, day(30))

    assert office.pilots.judge(office.judges(partner)).stage == Stage.ACTIVE
    assert office.decisions(partner, "pilot-verdict")[0].program == default_program.digest


def test_a_reset_pilot_keeps_the_targets_of_the_first(office: Office, default_program: LoadedProgram) -> None:
    partner = office.in_pilot("Acme")
    office.puts_in_force(
        changed_program(default_program, ("qualified: 6, progressed: 3", "qualified: 60, progressed: 30")), day(30)
    )
    again = office.pilots.judge(office.judges(partner))
    assert again.terms
    assert (again.terms.number, again.terms.targets.qualified) == (2, 6)


def test_a_decision_rests_on_what_was_known_and_keeps_it(office: Office) -> None:
    partner = office.applied("Acme")
    office.submits(partner, a_scorecard(market=5))
    decision = office.decisions(partner, QUALIFICATION)[0]
    assert (decision.as_of, decision.known_at, decision.purpose) == (START, at(START), "application-1/scorecard-1")
    assert (decision.facts["market"], decision.facts["total_score"], decision.facts["minimum_intent_score"]) == (
        5,
        4.3,
        3,
    )
    assert set(decision.facts) == set(office.program.policies[QUALIFICATION].facts)


@pytest.fixture
def asking(default_program: LoadedProgram) -> LoadedProgram:
    """A program that asks reviewers for a ratio, and declines where it is too small."""
    policy = default_program.files["policies/qualification.yaml"]
    files = {
        **default_program.files,
        "program.yaml": default_program.files["program.yaml"].replace("version: 1", "version: 2")
        + "\nevidence:\n  - {id: overlap, title: Share of our named accounts that are its customers}\n",
        "policies/qualification.yaml": policy.replace(
            "outcomes:", "  overlap: {type: ratio, better: higher, title: overlap of accounts}\noutcomes:"
        ).replace(
            "rules:\n",
            "rules:\n  - {id: little_overlap, when: {overlap: {lt: 10%}}, then: decline, because: Too few.}\n",
        ),
    }
    return load_program(files)


@pytest.mark.parametrize(
    ("overlap", "outcome"),
    [(Decimal("0.25"), "sign"), (Decimal("0.1"), "sign"), (Decimal("0.0999"), "decline"), (None, None)],
)
def test_evidence_that_a_program_asks_for_is_decided_on(
    office: Office, asking: LoadedProgram, overlap: Decimal | None, outcome: str | None
) -> None:
    office.puts_in_force(asking, day(1))
    partner = office.applied("Acme", day(2))
    facts = {} if overlap is None else {"overlap": overlap}
    submitted = candidacy(partner, a_scorecard().model_copy(update={"facts": facts}), on=day(2))
    travelled = type(submitted).model_validate_json(submitted.model_dump_json())  # as it comes from the workflow
    assert travelled == submitted
    assert office.run(office.gate.qualify, travelled).ruling.outcome == outcome


def test_evidence_of_another_day_or_source_fills_in_what_is_not_supplied(office: Office, asking: LoadedProgram) -> None:
    office.puts_in_force(asking, day(1))
    partner = office.applied("Acme", day(2))
    with office.store.write() as tx:
        tx.facts.record(partner, {"overlap": 0.05, "weather": "fine"}, day(1), "account mapping", at(day(2)))
        tx.facts.record(partner, {"overlap": 0.5}, day(1), "a later import", at(day(3)))
    assert office.submits(partner, a_scorecard(), on=day(2)).ruling.rule == "little_overlap"
    assert "weather" not in office.decisions(partner)[0].facts


def test_every_fact_says_where_it_came_from(office: Office) -> None:
    partner = office.in_pilot("Acme")
    office.pilots.look_at_week(office.looks(partner, 1))
    office.succeeds(partner)
    office.prepares(partner)
    assert office.pilots.judge(office.judges(partner)).stage == Stage.ACTIVE
    rescores(office)
    sweep(office, day(200))

    by_policy = {decision.policy: decision for decision in office.decisions(partner)}

    assert set(by_policy) == set(OUTCOMES)
    for decision in by_policy.values():
        assert decision.sources.keys() == decision.facts.keys()
        assert decision.engines == dict(ENGINES)
        assert decision.program_version == office.program.program.version
    scorecard, terms = "scorecard 1 of application 1", "terms of pilot 1 of application 1"
    for policy, fact, source in (
        ("qualification", "market", scorecard),
        ("qualification", "total_score", scorecard),
        ("qualification", "minimum_market", "program version 1"),
        ("pilot-checkpoint", "week", "calendar"),
        ("pilot-checkpoint", "checkpoint", "opportunities"),
        ("pilot-checkpoint", "next_action_open", "preparation"),
        ("pilot-checkpoint", "expected_qualified", terms),
        ("pilot-verdict", "qualified_opportunities", "opportunities"),
        ("pilot-verdict", "target_qualified", terms),
        ("tier-movement", "level", "re-score 2017Q2"),
        ("stall", "days_without_activity", "opportunities and stage"),
        ("stall", "patience", "program version 1"),
    ):
        assert (fact, by_policy[policy].sources[fact]) == (fact, source)
    assert [by_policy[name].settle for name in ("pilot-checkpoint", "pilot-verdict", "stall")] == [True, False, True]


def test_a_fact_that_somebody_recorded_says_who_and_of_when(office: Office, asking: LoadedProgram) -> None:
    office.puts_in_force(asking, day(1))
    partner = office.applied("Acme", day(2))
    with office.store.write() as tx:
        tx.facts.record(partner, {"overlap": 0.05}, day(1), "ISO audit", at(day(2)))
    office.submits(partner, a_scorecard(), on=day(2))
    assert office.decisions(partner)[0].sources["overlap"] == "ISO audit, true of 2017-03-02"

    submitted = a_scorecard().model_copy(update={"facts": {"overlap": 0.25}})
    office.submits(office.applied("Bolt", day(2)), submitted, on=day(2))
    assert office.decisions("bolt")[0].sources["overlap"] == "scorecard 1 of application 1, true of 2017-03-03"


def test_facts_that_nobody_asked_for_are_refused_and_nothing_is_kept(office: Office) -> None:
    partner = office.applied("Acme")
    before = contents(office.store)
    unasked = a_scorecard().model_copy(update={"facts": {"overlap": 1}})
    with pytest.raises(Refused, match=r"facts\.overlap: not asked for in this program; it asks for none"):
        office.submits(partner, unasked)
    with pytest.raises(Refused, match="charm: no criterion of this program"):
        office.submits(partner, a_scorecard(charm=5))
    assert contents(office.store) == before


def test_of_two_rulings_on_one_occasion_the_first_is_returned(office: Office) -> None:
    partner = office.active("Acme")
    occasion = Occasion(partner, "sweep", START, at(START))
    facts: dict[str, dict[str, Any]] = {
        "stage": {"stage": "active", "days_without_activity": 46},
        "program": {"patience": 45},
    }
    with office.store.write() as tx:
        number, first = make(tx, office.program, "stall", occasion, facts)
        assert make(tx, office.program, "stall", occasion, facts | {"program": {"patience": 90}}) == (number, first)
    assert first.ruling.outcome == "stalled"


def test_programs_are_read_from_the_store_once_and_the_oldest_is_let_go(
    office: Office, default_program: LoadedProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activities.deciding, "KEPT", 2)
    second = changed_program(default_program)
    programs = [second, changed_program(second), changed_program(changed_program(second))]
    for number, program in enumerate(programs):
        office.puts_in_force(program, day(number + 1))
    shelf = Shelf(office.store)
    first = shelf.get(programs[0].digest)
    assert first.program.version == 2
    assert shelf.get(programs[0].digest) is first
    assert [shelf.get(program.digest).program.version for program in programs[1:]] == [3, 4]
    assert shelf.get(programs[0].digest) is not first
    assert [shelf.in_force(day(number)).program.version for number in range(-1, 5)] == [1, 1, 2, 3, 4, 4]


def test_before_a_program_was_published_nothing_can_be_decided(store: Store) -> None:
    with pytest.raises(RuntimeError, match="no program was published yet"):
        Shelf(store).in_force(START)
    assert Shelf(store).at(at(START)) is None
    with pytest.raises(Refused, match="no program with the digest 77 was ever published"):
        Shelf(store).get("77")

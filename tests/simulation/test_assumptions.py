"""What a simulation assumes is named in its report."""

from datetime import date

from intake.mapping import Assumptions
from simulation.assumptions import named
from tests.world import a_scorecard


def test_the_further_evidence_of_an_assumed_scorecard_is_named() -> None:
    scorecard = a_scorecard().model_copy(update={"facts": {"certified": True, "trained": 3}})
    [first, *_] = named(Assumptions(scorecard=scorecard), date(2017, 3, 1), None)
    assert first.endswith(", certified yes, trained 3; nothing against it.")

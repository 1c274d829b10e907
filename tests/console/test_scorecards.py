"""Filling in a scorecard and having it decided on."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from program.partner import PartnerType, Stage
from rules.folder import LoadedProgram
from store.database import Store
from tests.console.conftest import Operator
from tests.world import World, a_partner, changed_program, publish


@pytest.fixture
def card(operator: Operator, tmp_path: Path) -> Path:
    """A good scorecard, made from the template."""
    path = tmp_path / "card.yaml"
    head, screening = operator.sees("scorecard", "template").split("screening:")
    head = head.replace("reviewer:", "reviewer: Rita").replace("rating:", "rating: 4")
    head = head.replace("evidence:", "evidence: Seen in the mapping")
    path.write_text(head + "screening:" + re.sub(r"(?m)^(  \w+:)$", r"\1 false", screening))
    return path


def change(card: Path, old: str, new: str, count: int = 1) -> None:
    text = card.read_text()
    assert old in text
    card.write_text(text.replace(old, new, count))


def line_of(card: Path, text: str) -> int:
    return card.read_text().splitlines().index(text) + 1


def test_a_template_asks_for_all_that_the_program_rates_and_screens_for(
    operator: Operator, default_program: LoadedProgram
) -> None:
    template = operator.sees("scorecard", "template")
    for criterion in default_program.program.scorecard.criteria:
        assert f"  {criterion.id}:\n    rating:\n    evidence:\n" in template
        assert all(f"  #   {rating}: {looks}" in template for rating, looks in criterion.rubric.items())
    for question in default_program.program.scorecard.questions:
        assert f"  # {question.title}\n  {question.id}:" in template


def test_a_template_for_a_partner_has_the_minima_of_its_type(
    operator: Operator, store: Store, default_program: LoadedProgram
) -> None:
    targets = "    targets: {qualified: 6, progressed: 3}\n"
    lenient = f"{targets}    overrides: {{scorecard.sections.capacity.minimum: 2.5}}\n"
    publish(store, changed_program(default_program, (targets, lenient)), date(2017, 3, 1))
    with store.write() as tx:
        tx.partners.add([a_partner("Acme"), a_partner("Bolt", PartnerType.REFERRAL)], datetime.now(UTC))

    for partner, minimum in (("acme", "2.5"), ("bolt", "3")):
        template = operator.sees("scorecard", "template", "--partner", partner)
        assert f"# The people and the habits to do it: 25 % of the total, at least {minimum}\n" in template


def test_a_template_for_a_partner_that_was_signed_is_for_renewing(operator: Operator, store: Store) -> None:
    now = datetime.now(UTC)
    with store.write() as tx:
        tx.partners.add([a_partner("Acme"), a_partner("Bolt")], now)
        tx.partners.move("bolt", "pilot", Stage.PILOT, date(2017, 3, 1), "Taken over.", now)
    acme, bolt = (operator.sees("scorecard", "template", "--partner", partner) for partner in ("acme", "bolt"))
    assert "# gatehouse scorecard submit acme FILE\n" in acme
    assert "the decision is deferred then" in acme
    assert "# gatehouse scorecard renew bolt FILE --on YYYY-MM-DD\n" in bolt
    assert "# What stays empty stays as it was." in bolt


def test_a_template_needs_no_database(operator: Operator, tmp_path: Path) -> None:
    operator.installation.settings.database_url = f"sqlite:///{tmp_path / 'none.db'}"
    assert "market:" in operator.sees("scorecard", "template")
    assert not (tmp_path / "none.db").exists()


def test_everything_wrong_with_a_scorecard_is_said_with_its_line(operator: Operator, card: Path) -> None:
    change(card, "rating: 4", "rating: 6")
    change(
        card, "  motion:\n    rating: 4\n    evidence: Seen in the mapping", "  motion:\n    rating: 4\n    evidence:"
    )
    change(card, "  people:\n    rating: 4", "  people:\n    rating:")
    change(card, "unsound:", "unsond:")
    change(card, "discount_led: false", "discount_led: no")
    change(card, "reviewer: Rita", "reviewer:")

    said = operator.is_refused("scorecard", "submit", "acme", str(card)).splitlines()

    six = line_of(card, "    rating: 6")
    assert f"{card}:{six}:5: ratings.market.rating: 6 is no rating; give a whole number from 1 to 5" in said
    bare = line_of(card, "    evidence:")
    assert f"{card}:{bare}:5: ratings.motion.evidence: a rating that rests on nothing; say what was seen" in said
    assert any("ratings.people.rating: evidence without a rating" in line for line in said)
    assert any("screening.unsond: not screened for in this program; did you mean unsound?" in line for line in said)
    assert any("screening.discount_led: " in line and "true or false" in line for line in said)
    assert any("reviewer: missing" in line for line in said)
    assert len(said) == 6


async def test_a_good_scorecard_signs_and_is_decided_on_once(colleague: Operator, world: World, card: Path) -> None:
    partner = await world.applied("Acme")

    first = await colleague.asks("scorecard", "submit", partner, str(card))
    second = await colleague.asks("scorecard", "submit", partner, str(card))

    assert first.exit_code == 0, first.output
    assert "sign" in first.stdout
    assert "2017-04-30" in first.stdout
    assert second.stdout == first.stdout
    assert len(world.decisions(partner)) == 1


async def test_an_empty_answer_defers_and_names_what_is_missing(colleague: Operator, world: World, card: Path) -> None:
    partner = await world.applied("Globex")
    change(card, "unsound: false", "unsound:")

    result = await colleague.asks("scorecard", "submit", partner, str(card))

    assert "missing for" not in result.stderr
    assert "an answer to: Financial stability or compliance is in doubt" in " ".join(result.stdout.split())
    assert world.outcomes(partner, "qualification") == [None]
    refused = await colleague.asks("scorecard", "submit", world.knows("Initech"), str(card))
    assert refused.exit_code == 1
    assert "no workflow runs for" in refused.stderr


def test_a_partner_that_was_never_rated_is_rated_while_it_is_active(
    operator: Operator, store: Store, card: Path
) -> None:
    operator.sees("migrate")
    with store.write() as tx:
        tx.partners.add([a_partner("Acme")], datetime.now(UTC))
        tx.partners.move("acme", "pilot", Stage.PILOT, date(2017, 1, 1), "Taken over.", datetime.now(UTC))
    said = operator.sees("scorecard", "renew", "acme", str(card), "--on", "2017-06-30")
    assert said.startswith("acme: what Rita says is recorded, as of 2017-06-30.")
    assert re.search(r"(?m)^market +not known +4$", said)
    assert re.search(r"(?m)^total_score +not known +4$", said)
    assert "nothing has changed" in operator.sees("scorecard", "renew", "acme", str(card), "--on", "2017-06-30")
    change(card, "rating: 4", "rating: 2")
    assert "acme was rated on 2017-06-30" in operator.is_refused(
        "scorecard", "renew", "acme", str(card), "--on", "2017-06-29"
    )
    assert re.search(r"(?m)^market +4 +2$", operator.sees("scorecard", "renew", "acme", str(card)))

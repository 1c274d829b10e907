"""The quarterly pack: what a review shows of a partner, and as a page that needs nothing else."""

import re
import sys
from ctypes.util import find_library
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from console.packs import moved, signed, write_packs
from operations.packs import packs
from operations.serving import serve
from program.calendar import Quarter
from program.errors import Refused
from program.factor import Axis
from program.figures import number
from program.pack import AgreedAction, Move, Pack
from program.serving import ServiceOverride
from program.touch import Touch
from rules.folder import LoadedProgram
from store.database import Store
from tests.activities.conftest import START, Office, at
from tests.activities.test_roster import rated, rescores, wins, with_eligibility, works
from tests.store.contents import contents
from tests.world import a_partner

Q2, Q3, Q4 = (Quarter(year=2017, number=number) for number in (2, 3, 4))
TODAY = Q4.first_day + timedelta(days=9)


@pytest.fixture
def office(store: Store, default_program: LoadedProgram) -> Office:
    return Office(store, default_program)


@pytest.fixture
def two_quarters(office: Office) -> Office:
    """Acme brought less in the third quarter than in the second; Bolt did nothing, and Cora was never rated."""
    acme = rated(office, "Acme")
    with office.store.write() as tx:
        tx.partners.add([a_partner("Acme").model_copy(update={"name": "Acme & <b>Sons</b>"})], at(START))
    for quarter, deals in ((Q2, 20), (Q3, 10)):
        wins(office, acme, quarter, deals=deals, value=1000)
        works(office, "bolt" if quarter == Q3 else rated(office, "Bolt"), quarter)
        if quarter == Q2:
            office.active("Cora")
        rescores(office, quarter)
    return office


def reviews(office: Office, partner: str | None = None, quarter: Quarter | None = None) -> list[Pack]:
    before = contents(office.store)
    found = packs(office.store, office.shelf.get, TODAY, quarter, partner)
    assert contents(office.store) == before
    return found


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.split("</style>")[1]).split())


def test_a_review_sets_targets_beside_results_and_the_quarter_before(two_quarters: Office) -> None:
    [acme] = reviews(two_quarters, "acme")
    by_fact = {one.fact: one for one in acme.factors}
    assert (by_fact["won_revenue"].value, by_fact["won_revenue"].before) == (10_000, 20_000)
    assert by_fact["qualified_opportunities"].points.low == 5
    assert sum(one.points.low for one in acme.factors) == acme.now.score.low
    assert [axis.axis for axis in acme.axes] == [Axis.PERFORMANCE, Axis.POTENTIAL]
    assert {axis.colour for axis in acme.axes} <= {"green", "amber", "red"}
    assert acme.before


def test_a_review_says_what_changed_and_what_is_lacking(two_quarters: Office) -> None:
    [acme] = reviews(two_quarters, "acme")
    assert [(one.fact, points) for one, points in acme.changes] == [
        ("progressed_opportunities", -8),
        ("qualified_opportunities", -5),
        ("won_revenue", Decimal("-3.5")),
    ]
    assert acme.gaps[0].fact == "won_revenue"
    assert [one.lost for one in acme.gaps] == sorted((one.lost for one in acme.gaps), reverse=True)


def test_a_review_says_what_would_raise_the_tier_and_that_the_number_does(two_quarters: Office) -> None:
    [cora] = reviews(two_quarters, "cora")
    raised = cora.next_tier
    assert raised
    assert raised.takes
    assert raised.short == raised.takes - cora.now.score.low
    assert {title for title, _, _ in raised.ways} <= {one.title for one in cora.factors}


def test_nothing_raises_whoever_is_in_the_highest_tier(office: Office) -> None:
    wins(office, rated(office, "Acme"), Q2)
    rescores(office)
    [acme] = reviews(office, "acme")
    assert acme.tier.id == "strategic"
    assert acme.next_tier is None
    assert acme.move
    assert (acme.move.came_from, acme.move.to) == ("Growth", "Strategic")
    assert acme.before is None


def test_a_review_of_a_partner_that_was_warned_says_what_keeps_the_tier(office: Office, tmp_path: Path) -> None:
    acme = rated(office, "Acme")
    wins(office, acme, Q2)
    rescores(office, Q2)
    wins(office, acme, Q3, deals=8, value=1000)
    rescores(office, Q3)
    [review] = reviews(office, acme)
    assert review.move
    assert (review.tier.id, review.move.move) == ("strategic", "warn")
    keeps = review.keeps
    assert keeps
    assert keeps.takes
    assert (keeps.tier, keeps.takes) == ("Strategic", review.now.score.low + keeps.short)
    write_packs([review], tmp_path)
    page = text_of(next(tmp_path.glob("*acme*.html")).read_text())
    assert f"What keeps the tier By the measure of this quarter Strategic takes {number(keeps.takes)} points" in page
    assert [one.keeps for one in reviews(office, acme, Q2)] == [None], "nobody is told what keeps what is not in doubt"


@pytest.mark.parametrize(
    ("move", "to", "said"),
    [
        ("up", "Strategic", "from Growth to Strategic"),
        ("stay", "Growth", "stays in Growth"),
        ("warn", "Growth", "warned, and in Growth for now"),
        ("exit", "Growth", "given notice"),
        ("low_touch", "Growth", "in Growth still"),
    ],
)
def test_a_review_says_in_words_what_was_decided(move: str, to: str, said: str) -> None:
    assert moved(Move(came_from="Growth", to=to, move=move, because="It is so.")) == said


def test_a_range_stays_a_range_while_something_is_not_known(two_quarters: Office) -> None:
    [cora] = reviews(two_quarters, "cora")
    unknown = [one for one in cora.factors if one.value is None]
    assert {one.fact for one in unknown} == {"fit_score", "win_rate"}
    assert all(one.points.low < one.points.high for one in unknown)


def agrees(office: Office, what: str, due: Quarter, *, done: Quarter | None = None) -> None:
    with office.store.write() as tx:
        tx.preparation.record_next_action("acme", what, "Ada", due.last_day, START)
        if done:
            assert tx.preparation.finish("acme", what, done.last_day)


def test_last_quarters_actions_stand_beside_those_that_are_agreed(two_quarters: Office) -> None:
    agrees(two_quarters, "Map accounts", Q3, done=Q3)
    agrees(two_quarters, "Train two sellers", Q3)
    agrees(two_quarters, "Run a campaign", Q4)
    agrees(two_quarters, "Long over", Q2, done=Q2)
    agrees(two_quarters, "Long due", Q2)
    [acme] = reviews(two_quarters, "acme")
    assert [(action.what, action.stands(TODAY)) for action in acme.due_in_quarter] == [
        ("Map accounts", "done on 2017-09-30"),
        ("Train two sellers", "overdue"),
    ]
    assert [(action.what, action.stands(TODAY)) for action in acme.agreed] == [
        ("Long due", "overdue"),
        ("Train two sellers", "overdue"),
        ("Run a campaign", "open"),
    ]


def test_an_action_that_was_done_after_its_day_was_late() -> None:
    late = AgreedAction(what="Call", who="Ada", due_on=START, agreed_on=START, done_on=START + timedelta(days=2))
    assert late.stands(TODAY) == "done on 2017-03-03, late"
    assert late.stands(START) == "open"


def test_a_page_shows_all_of_it_and_loads_nothing(two_quarters: Office, tmp_path: Path) -> None:
    agrees(two_quarters, "Run a campaign", Q4)
    override = ServiceOverride(
        partner="bolt", tier="strategic", first=TODAY, until=Q4.last_day, reason="A deal", granted_by="Ada"
    )
    with two_quarters.store.write() as tx:
        held = Touch(partner="acme", delivered_on=Q3.last_day, kind="Review", who="Ada", note="Fine")
        tx.touches.record(held, at(TODAY))
        serve(tx, two_quarters.program.program, override, at(TODAY))
    pages = {file.name: file.read_text() for file in write_packs(reviews(two_quarters), tmp_path / "reviews")}
    assert set(pages) == {"2017Q3-acme.html", "2017Q3-bolt.html", "2017Q3-cora.html", "2017Q3.html"}
    for page in pages.values():
        assert not re.search(r"https?:|src=|@import|<script|<link", page)
    acme = text_of(pages["2017Q3-acme.html"])
    assert "<b>Sons" not in pages["2017Q3-acme.html"]
    for said in (
        "Acme &amp; &lt;b&gt;Sons",
        "Revenue won: 20,000 to 10,000, \u22123.5 points",
        "Revenue won: 10,000 of 100,000, 31.5 points",
        "Run a campaign Ada 2017-12-31 open",
        "2017-09-30, Review, Ada: Fine",
    ):
        assert said in acme, acme
    assert "it is served as strategic: A deal" in text_of(pages["2017Q3-bolt.html"])
    assert 'href="2017Q3-cora.html"' in pages["2017Q3.html"]


def test_a_review_is_printed_where_something_is_there_that_prints(two_quarters: Office, tmp_path: Path) -> None:
    """Pango is the system's to bring; where it does not, nothing is half done."""
    folder = tmp_path / "reviews"
    if find_library("pango-1.0"):
        write_packs(reviews(two_quarters, "acme"), folder, pdf=True)
        assert {file.name for file in folder.iterdir()} == {"2017Q3-acme.html", "2017Q3-acme.pdf"}
        assert (folder / "2017Q3-acme.pdf").read_bytes().startswith(b"%PDF-")
    else:
        with pytest.raises(Refused, match=r"^PDF takes WeasyPrint and the system's Pango"):
            write_packs(reviews(two_quarters, "acme"), folder, pdf=True)
        assert not folder.exists()


def test_without_weasyprint_a_pdf_is_refused_and_no_page_is_written(
    two_quarters: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(Refused, match="print the pages from a browser; nothing was written"):
        write_packs(reviews(two_quarters, "acme"), tmp_path / "reviews", pdf=True)
    assert not (tmp_path / "reviews").exists()


def test_a_review_of_an_earlier_quarter_can_be_written_again(two_quarters: Office) -> None:
    [acme] = reviews(two_quarters, "acme", Q2)
    assert acme.quarter == Q2
    assert acme.before is None


def test_a_review_is_the_same_whether_it_is_written_alone_or_with_everybodys(two_quarters: Office) -> None:
    agrees(two_quarters, "Run a campaign", Q4)
    two_quarters.serves("bolt", Q3.last_day, "Review")
    together = {review.partner.id: review for review in reviews(two_quarters)}
    assert [review.now.of for review in together.values()] == [3, 3, 3]
    assert together["bolt"].touches
    assert together == {partner: reviews(two_quarters, partner)[0] for partner in together}


def test_who_had_no_part_in_the_re_score_has_no_review(two_quarters: Office) -> None:
    two_quarters.active("Dora", since=Q4.first_day)
    with pytest.raises(Refused, match="2017Q3 was re-scored, and dora had no part in it"):
        reviews(two_quarters, "dora")
    with pytest.raises(Refused, match="2017Q4 was not re-scored"):
        reviews(two_quarters, None, Q4)
    with pytest.raises(Refused, match="there is no partner nobody"):
        reviews(two_quarters, "nobody")


def test_nothing_is_written_where_no_folder_can_be(two_quarters: Office, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(Refused, match="cannot be written to"):
        write_packs(reviews(two_quarters), tmp_path / "taken")


@pytest.mark.parametrize(
    ("points", "said"), [("0", "0"), ("4.25", "4.2"), ("0.0400", "0.04"), ("100.0000", "100"), ("12345.6", "12,345.6")]
)
def test_points_are_shown_as_they_are_read(points: str, said: str) -> None:
    assert number(Decimal(points)) == said
    assert signed(Decimal(points)).lstrip("+\u2212") == said


def test_whom_the_policy_keeps_out_of_the_tier_above_reads_why(office: Office) -> None:
    office.puts_in_force(with_eligibility(office), START)
    acme = office.active("Acme")
    wins(office, acme, Q2)
    rescores(office, Q2)
    [review] = reviews(office, acme)
    assert review.next_tier is not None
    assert review.next_tier.because.startswith(
        "No score leads into Strategic as it is. The highest tier takes two certified people and a full quarter."
    )

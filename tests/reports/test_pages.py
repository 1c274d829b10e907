"""Every report: what is behind its numbers, a roster of nobody and of one, and the page it is printed on."""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from program.gate import IN_A_ROW
from program.partner import Stage
from reports.concentration import concentration
from reports.evidence import evidence
from reports.forecast import Basis, forecast, to_forecast
from reports.gate import gate
from reports.hours import hours
from reports.page import as_page
from reports.pilots import pilots
from reports.pipeline import pipeline
from reports.producing import producing
from reports.record import By, Record
from reports.report import Figure, Report, Unit
from reports.stages import stages
from rules.folder import LoadedProgram
from tests.reports.roster import Roster, q


def every(record: Record, program: LoadedProgram, by: By = By.TIER) -> list[Report]:
    bases = {quarter: Basis(program, {}, ()) for quarter in [*record.rescores, to_forecast(record)]}
    grouped = [report(record, by) for report in (producing, pipeline, gate, stages, pilots)]
    return [*grouped, concentration(record), hours(record), forecast(record, bases)]


@pytest.fixture
def record() -> Record:
    """A roster with something of everything."""
    roster = Roster(q("2017Q4"))
    for number in range(12):
        name = roster.active(f"partner-{number}", since="2017-03-01", region='<b>North</b> & "South"/West')
        for month in range(3, 13, 1 + number % 3):
            roster.brings(name, f"2017-{month:02}-01", won=f"2017-{month:02}-20", value=1000 * (number + 1))
        roster.brings(name, "2017-10-02", lost="2017-11-05")
    for number in range(IN_A_ROW):
        roster.decides(f"partner-{number}", "2017-10-01", "sign", None, "All <is> met.")
    tiers = {f"partner-{n}": ("growth", "strategic" if n > 8 else "growth") for n in range(12)}
    roster.ranks("2017Q2", **tiers)
    roster.ranks("2017Q3", **{name: (to, to) for name, (_, to) in tiers.items()})
    roster.finds("2017-10-02", won="2017-11-05")
    roster.finds("2017-10-02", lost="2017-11-05")
    roster.goes("wait", (Stage.APPLIED, "2017-12-01"))
    roster.goes("left", (Stage.APPLIED, "2017-09-20"), (Stage.PILOT, "2017-10-01"), (Stage.LEAVING, "2017-11-30"))
    roster.pilots_from("left", "2017-10-01", ended="2017-11-30", verdict="exit")
    roster.goes("runs", (Stage.PILOT, "2017-12-01"))
    roster.pilots_from("runs", "2017-12-01")
    return roster.record


def figures(report: Report) -> Iterator[tuple[str, Unit, Figure]]:
    for table in report.tables:
        for line in table.lines:
            for column, figure in zip(table.columns, line.figures, strict=True):
                yield f"{table.id}/{line.key}/{column.id}", column.unit, figure


@pytest.mark.parametrize("by", [By.TYPE, By.REGION])
def test_every_number_is_made_from_what_is_behind_it(record: Record, default_program: LoadedProgram, by: By) -> None:
    for report in every(record, default_program, by):
        for address, unit, figure in figures(report):
            assert report.behind(address)[-1] is figure
            shown = sum(len(part.rows) for part in evidence(figure.behind, {}))
            assert shown == len(figure.behind), "each fact is shown, whatever its kind"
            assert figure.behind or not figure.value, f"{report.name}: nothing is behind {address}"
            if unit is Unit.COUNT and "target" not in address and report.name != "forecast":
                partners = len({getattr(fact, "partner", None) for fact in figure.behind})
                winners = len({getattr(f, "partner", None) for f in figure.behind if getattr(f, "won", False)})
                assert figure.value in {len(figure.behind), partners, winners}, f"{report.name} {address}"


def test_a_roster_of_nobody_and_of_one_are_said_plainly(default_program: LoadedProgram) -> None:
    for report in every(Roster(q("2017Q3")).record, default_program):
        assert not report.pictures, "there is nothing to draw"
        assert not report.alarms
        assert re.match(r"^(No|It cannot|Pilots that ended in 2017Q3: none)", report.answer), report.answer
    one = Roster(q("2017Q3"))
    one.active("alder")
    one.brings("alder", "2017-07-01", won="2017-08-01", value=500)
    answers = {report.name: report.answer for report in every(one.record, default_program)}
    assert answers["producing"] == "1 of 1 signed partners won a deal in 2017Q3 (100.0 %)."
    assert answers["concentration"] == "All revenue from 2017Q1 to 2017Q3 comes from the one partner there is."
    assert answers["pipeline"].startswith("Partners brought 1 deals in 2017Q3; 100.0 % of the qualified ones")
    assert as_page(every(Roster(q("2017Q3")).record, default_program), "Nobody")
    assert as_page([concentration(one.record), stages(one.record, By.TYPE)], "One")


class Page(HTMLParser):
    """What is in a page."""

    VOID = ("meta", "link", "img", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags = Counter[str]()
        self.ids = Counter[str]()
        self.labels: list[str] = []
        self.feed(text)
        assert not self.open, f"{self.open} are not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.ids.update(value or "" for name, value in attrs if name == "id")
        self.labels += [value or "" for name, value in attrs if name == "aria-label"]
        assert not [name for name, _ in attrs if name.startswith("on") or name in {"src", "srcset", "action"}]
        links = [value or "" for name, value in attrs if name.endswith("href")]
        assert all(link.startswith("#") for link in links), links
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()


def test_a_page_needs_nothing_from_elsewhere_and_says_what_its_pictures_show(
    record: Record, default_program: LoadedProgram
) -> None:
    reports = every(record, default_program, By.REGION)

    text = as_page(reports, "The roster, 2017Q4")

    page = Page(text)
    assert not page.tags["script"] + page.tags["link"] + page.tags["img"] + page.tags["iframe"]
    assert not re.search(r"url\((?!#)|@import|javascript:", text)
    assert set(re.findall(r"https?://[^\"' >]+", text)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert max(page.ids.values()) == 1, "several pictures stand in one page"
    pictures = re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)
    assert len(pictures) == len(page.labels) == sum(len(report.pictures) for report in reports) == 8
    for picture in pictures:
        assert ET.fromstring(picture).tag.endswith("svg")  # noqa: S314 -- we drew it
    assert "<b>North" not in text
    assert "&lt;b&gt;North" in text
    assert "All &lt;is&gt; met." in text
    assert "Alarm: The gate has stopped declining: 10 candidates in a row" in text
    assert "gatehouse report pipeline --quarter 2017Q4 --by region" in text
    assert as_page(reports[:1], "Again") == as_page(reports[:1], "Again"), "the same numbers give the same page"


def test_the_quarters_of_a_report_follow_each_other_and_end_with_its_own(record: Record) -> None:
    for earlier, later in pairwise(record.quarters):
        assert earlier.next == later
    assert record.quarters[-1] == q("2017Q4")
    old = Roster(q("2017Q4"))
    old.active("alder", since="2010-01-01")
    assert len(old.record.quarters) == 8
    running = Roster(q("2017Q4"), as_of=date(2017, 11, 1)).record
    assert (running.over, running.quarters) == (False, [q("2017Q4")])

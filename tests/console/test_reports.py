"""`gatehouse report` at an installation where nothing has happened yet, and what it refuses."""

from pathlib import Path

from reports.catalogue import KINDS
from tests.console.conftest import Operator


def test_the_reports_there_are_are_listed(operator: Operator) -> None:
    assert [one["report"] for one in operator.gets("report", "list")] == [kind.name for kind in KINDS]
    assert "tier, type, owner, region" in operator.sees("report", "list")


def test_nothing_is_reported_plainly_where_nothing_has_happened(operator: Operator, tmp_path: Path) -> None:
    assert "Nobody was signed by " in operator.sees("report", "producing")
    titles = [line for line in operator.sees("report", "all").split("\n\n") if ", as of " in line]
    assert len(titles) == len(KINDS), "each report begins after an empty line"
    page = tmp_path / "review.html"
    assert operator.sees("report", "all", "--html", str(page)) == f"Written to {page}.\n"
    assert "Nobody is active, so there is nothing to forecast." in page.read_text()
    assert len(operator.gets("report", "all")) == len(KINDS)


def test_a_report_that_cannot_be_made_is_refused(operator: Operator, tmp_path: Path) -> None:
    assert "gate can be grouped by tier, type, owner, region, not by quarter" in operator.is_corrected(
        "report", "gate", "--by", "quarter"
    )
    assert "pipeline can be grouped by tier, type, owner, region, quarter, not by planet" in operator.is_corrected(
        "report", "pipeline", "--by", "planet"
    )
    assert "2999Q1 begins on 2999-01-01" in operator.is_refused("report", "hours", "--quarter", "2999Q1")
    assert "there is no table in the report hours named 'nothing'" in operator.is_refused(
        "report", "hours", "--behind", "nothing/at/all"
    )
    missing = tmp_path / "missing" / "review.html"
    assert f"{missing} cannot be written: No such file or directory; name another file" in operator.is_refused(
        "report", "hours", "--html", str(missing)
    )
    both = ("--behind", "tiers/all/hours", "--html", str(tmp_path / "hours.html"))
    assert "give --behind or --html; one of the two" in operator.is_corrected("report", "hours", *both)
    assert not (tmp_path / "hours.html").exists()

"""A report as one page: to be printed, kept or sent, with nothing in it that is loaded from elsewhere or runs."""

from collections.abc import Sequence
from importlib.resources import files
from typing import Final

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup, escape

from reports.pictures import as_svg
from reports.report import Report

_TEMPLATE: Final = "page.html"


def as_page(reports: Sequence[Report], title: str) -> str:
    """Reports below each other, each beginning on a page of its own in print."""
    environment = Environment(
        loader=DictLoader({_TEMPLATE: (files("reports") / "templates" / _TEMPLATE).read_text()}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["code"] = _code
    return environment.get_template(_TEMPLATE).render(
        title=title,
        reports=reports,
        # SVG that we drew; titles and words are put in by the template, which escapes them.
        pictures={
            report.name: [
                (picture, Markup(as_svg(picture, f"{report.name}-{number}")))  # noqa: S704
                for number, picture in enumerate(report.pictures)
            ]
            for report in reports
        },
    )


def _code(text: str) -> Markup:
    """Words, in which what stands between backticks is a command."""
    parts = [escape(part) for part in text.split("`")]
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else part for number, part in enumerate(parts)
    )

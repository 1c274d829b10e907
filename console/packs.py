"""`gatehouse roster pack`: a partner's quarterly review, as one page that needs nothing else, to read or to print."""

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer
from jinja2 import DictLoader, Environment, StrictUndefined

from activities.deciding import Shelf
from console.arguments import AsJson, examples, quarter
from console.installation import here
from console.screen import as_json, say
from operations.packs import packs
from program.calendar import Quarter
from program.errors import Refused
from program.figures import enough, instead, number, value
from program.movement import STAY, WARN
from program.pack import FactorResult, Move, Pack
from program.score import Span

app = typer.Typer()


@app.command(
    "pack",
    epilog=examples(
        "roster pack acme --out reviews --pdf",
        "roster pack --all --quarter 2017Q3 --out reviews",
        "roster pack acme --json",
    ),
)
def pack_(
    context: typer.Context,
    partner: Annotated[
        str | None, typer.Argument(metavar="PARTNER", help="The partner's ID.", show_default=False)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Everybody who was re-scored and is active still.")] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The folder that pages are written to; made if it is not there.")
    ] = None,
    chosen: Annotated[
        Quarter | None,
        typer.Option("--quarter", parser=quarter, metavar="YYYYQN", help="The last one that was re-scored otherwise."),
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Write each as PDF too, where there is WeasyPrint.")] = False,
    json: AsJson = False,
) -> None:
    """Write the quarterly review: targets and results, what changed and why, gaps, actions, what would raise the tier.

    Each is one page that loads nothing from anywhere; a browser prints it, and --pdf does as well.
    """
    if bool(partner) == every:
        raise typer.BadParameter("name a partner, or give --all; one of the two")
    if json == bool(out):
        raise typer.BadParameter("give --out for pages, or --json for a script; one of the two")
    installation = here(context)
    found = packs(installation.store, Shelf(installation.store).get, installation.today(), chosen, partner)
    if out is None:
        as_json(found)
        return
    pages = write_packs(found, out, pdf=pdf)
    say(f"{pages[-1]}" if len(pages) == 1 else f"{out}: {len(found)} reviews; {pages[-1].name} leads to them.")


def write_packs(reviews: Sequence[Pack], folder: Path, *, pdf: bool = False) -> list[Path]:
    """Write a page for each pack, and of several a page that leads to them; what is there of the same name is replaced.

    Raises:
        Refused: where the folder cannot be written to, or nothing is there that makes PDF.
    """
    pages = {file_of(pack): page(pack) for pack in reviews}
    printed = {str(Path(name).with_suffix(".pdf")): as_pdf(text) for name, text in pages.items()} if pdf else {}
    if len(reviews) > 1:
        pages[f"{reviews[0].quarter}.html"] = contents(reviews)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in printed.items():
            (folder / name).write_bytes(content)
        for name, text in pages.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Refused(f"{folder} cannot be written to: {error.strerror}; name another folder") from error
    return [folder / name for name in pages]


def as_pdf(text: str) -> bytes:
    """A page as it is printed.

    Raises:
        Refused: where WeasyPrint is not installed, or Pango is not, with which it sets text.
    """
    try:
        from weasyprint import HTML  # noqa: PLC0415 (an extra, which needs what Python does not bring)
    except (ImportError, OSError) as error:
        raise Refused(
            "PDF takes WeasyPrint and the system's Pango: install `weasyprint` beside Gatehouse and Pango as "
            "its documentation says for your system, or print the pages from a browser; nothing was written"
        ) from error
    pdf: bytes = HTML(string=text).write_pdf()
    return pdf


def file_of(pack: Pack) -> str:
    """The name of a pack's page."""
    return f"{pack.quarter}-{pack.partner.id}.html"


def page(pack: Pack) -> str:
    """A pack as a page."""
    facts = {one.title: one.fact for one in pack.factors}
    return _environment().get_template("pack.html").render(pack=pack, facts=facts)


def contents(reviews: Sequence[Pack]) -> str:
    """The page that leads to several, by rank."""
    by_rank = sorted(reviews, key=lambda pack: pack.now.rank)
    return _environment().get_template("packs.html").render(packs=by_rank, quarter=reviews[0].quarter, name=file_of)


@cache
def _environment() -> Environment:
    folder = files("console") / "templates"
    texts = {one.name: one.read_text(encoding="utf-8") for one in folder.iterdir() if one.name.endswith(".html")}
    environment = Environment(
        loader=DictLoader(texts), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(number=number, enough=enough, instead=instead, value=value)
    environment.globals.update(signed=signed, span=span, percent=percent, moved=moved)
    return environment


def moved(move: Move) -> str:
    """What was decided, in words."""
    if move.came_from != move.to:
        return f"from {move.came_from} to {move.to}"
    stays = {WARN: f"warned, and in {move.to} for now", STAY: f"stays in {move.to}", "exit": "given notice"}
    return stays.get(move.move, f"in {move.to} still")


def signed(points: Decimal) -> str:
    """The same of a change."""
    sign = "+" if points > 0 else "\u2212"
    return f"{sign}{number(abs(points))}"


def span(points: Span) -> str:
    """A number of points, or between which they lie."""
    low, high = number(points.low), number(points.high)
    return low if low == high else f"{low} to {high}"


def percent(one: FactorResult) -> int:
    """How much of its points a factor adds, for its bar."""
    return round(one.points.low * 100 / one.weight) if one.weight else 0

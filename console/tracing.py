"""`gatehouse roster score`: what a partner's score was made from, down to each deal and rating."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from activities.deciding import Shelf
from console.arguments import AsJson, PartnerName, examples, quarter
from console.installation import Installation, here
from console.packs import span
from console.reports import evidence_as_text
from console.roster import coming
from console.screen import as_json, details, heading, show, table, title
from operations.tracing import PartnerScore, Rating, Traced, coming_score, published_score
from program.calendar import Quarter
from program.figures import value
from program.opportunity import Opportunity
from program.pack import FactorResult
from program.partner import PartnerId
from reports.evidence import Evidence, evidence
from store.database import Transaction

app = typer.Typer()


@app.command(
    "score",
    epilog=examples(
        "roster score acme",
        "roster score acme --quarter 2017Q3 --behind won_revenue",
        "roster score acme --behind fit_score --json",
    ),
)
def score_(
    context: typer.Context,
    partner: PartnerName,
    chosen: Annotated[
        Quarter | None,
        typer.Option(
            "--quarter",
            parser=quarter,
            metavar="YYYYQN",
            help="The last one that was re-scored if none is named; of one that was not, what is known now.",
        ),
    ] = None,
    behind: Annotated[
        str | None, typer.Option(metavar="FACT", help="Show the deals or ratings that one fact was made from.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Say what a partner's score is made from: each factor's target, result and points, and what is behind them."""
    installation = here(context)
    traced = _traced(installation, partner, chosen)
    if behind:
        with installation.store.read() as tx:
            part = _behind(tx, traced, behind)
        _show_behind(traced.found, behind, part, json=json)
    elif json:
        as_json(traced.found)
    else:
        show(*as_text(traced.found))


def _traced(installation: Installation, partner: PartnerId, chosen: Quarter | None) -> Traced:
    """The score of a quarter that was re-scored, else as it would be."""
    shelf = Shelf(installation.store)
    with installation.store.read() as tx:
        published = tx.rescores.published()
        if chosen is None and published:
            chosen = published[-1]
        if chosen in published:
            return published_score(tx, shelf.get, chosen, partner)
        tx.partners.get(partner)
    one = coming(installation, chosen, None)
    with installation.store.read() as tx:
        return coming_score(tx, one.programs, one.quarter, one.as_of, datetime.now(UTC), partner)


def as_text(found: PartnerScore) -> Iterator[RenderableType]:
    """A score, factor by factor."""
    points = span(found.score)
    yield title(f"{found.name} ({found.partner}) in {found.quarter}: {points} points, rank {found.rank} of {found.of}")
    rows = [_row(one) for one in found.factors]
    yield table(["fact", "factor", "target", "result", "points", "at most"], rows, figures=range(2, 6))
    decided = "nothing yet: the quarter is not re-scored" if found.decision is None else None
    yield details(
        [
            ("by the cut", found.cut_tier),
            ("decided", decided or f"gatehouse explain {found.decision}"),
            ("as of", f"{found.as_of}, by what was known at {found.known_at:%Y-%m-%d %H:%M} UTC"),
        ]
    )
    yield heading("What is behind a fact")
    yield f"gatehouse roster score {found.partner} --quarter {found.quarter} --behind FACT"


def _row(one: FactorResult) -> tuple[str, ...]:
    target = "ahead of others" if one.target is None else value(one.fact, one.target)
    return one.fact, one.title, target, value(one.fact, one.value), span(one.points), str(one.weight)


def _behind(tx: Transaction, traced: Traced, fact: str) -> list[Evidence]:
    """The deals or ratings behind a fact."""
    deals: list[Opportunity] = traced.deals(tx, fact)
    found = evidence(deals, tx.opportunities.origins([deal.id for deal in deals]))
    ratings = traced.ratings(tx, fact)
    return [*found, *([_rated(ratings, traced.found)] if ratings else [])]


def _rated(ratings: list[Rating], found: PartnerScore) -> Evidence:
    rows = tuple((one.name, one.value, one.source, one.true_of, one.evidence) for one in ratings)
    command = f"gatehouse partner show {found.partner} --as-of {found.as_of}"
    return Evidence("ratings", ("what", "rating", "from", "true of", "evidence"), rows, command)


def _show_behind(found: PartnerScore, fact: str, parts: list[Evidence], *, json: bool) -> None:
    one = next(factor for factor in found.factors if factor.fact == fact)
    if json:
        known: Any = one.value
        as_json({"fact": fact, "value": known, "points": one.points, "behind": [part.as_data() for part in parts]})
        return
    whose = f"{found.name} ({found.partner}) in {found.quarter}"
    points = f"{span(one.points)} of {one.weight} points"
    show(title(f"{whose}, {one.title}: {value(fact, one.value)}, {points}"), *evidence_as_text(parts))

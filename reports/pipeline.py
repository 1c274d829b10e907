"""The pipeline that partners bring: how much, how far it comes, how much is won, how soon; beside direct deals."""

from collections.abc import Callable, Collection, Sequence
from typing import Final

from program.calendar import Quarter
from program.opportunity import Opportunity
from reports.figures import AnyDeal, average, count, middle, share, worth
from reports.record import By, Record, dated, moved
from reports.report import ALL, Column, Figure, Line, Picture, Report, Series, Shape, Table, Unit

SOURCED: Final = (
    Column("brought", "brought"),
    Column("worth", "worth, as known", Unit.MONEY),
    Column("qualified", "qualified"),
    Column("progressed", "of these progressed"),
    Column("progression", "progression rate", Unit.PERCENT),
)
CLOSED: Final = (
    Column("won", "won"),
    Column("lost", "lost"),
    Column("win_rate", "win rate", Unit.PERCENT),
    Column("revenue", "revenue", Unit.MONEY),
    Column("size", "average deal", Unit.MONEY),
    Column("cycle", "days to win, median", Unit.DAYS),
)

COMPARED: Final = ("progression", "win_rate", "cycle")
"""What is said of partners' deals beside direct ones."""

MOST_DRAWN: Final = 12
MOST_UPRIGHT: Final = 8
"""Names that have room beside each other below a picture."""

DIRECT: Final = "direct"
"""The key of the row of direct deals; by quarter it follows the quarter's name."""

Deals = Sequence[AnyDeal]


def pipeline(record: Record, by: By) -> Report:
    """What was brought in the quarter, what of it progressed, and what was closed in the quarter."""
    groups = _groups(record, by)
    whole = [] if by is By.QUARTER else [(ALL, record.quarter, record.deals)]
    rows = _beside_direct(record, [*groups, *whole] if groups else [], by)
    sourced = _table("sourced", f"Brought, by {by}", by, SOURCED, rows, _sourced)
    closed = _table("closed", f"Closed, by {by}", by, CLOSED, rows, _closed)
    return Report(
        name="pipeline",
        title="Sourced pipeline",
        question="What do partners bring, how far does it come, and how long does it take?",
        quarter=record.quarter,
        as_of=record.as_of,
        by=by.value,
        answer=_answer(record),
        tables=(sourced, closed),
        pictures=(_picture(sourced, closed, by, {name for name, _, _ in groups}),) if groups else (),
        says=(
            "Brought: created in the quarter. Worth: what is known of their value; of open deals it is often nothing.",
            (
                "Progression rate: of the deals that qualified in the quarter, those that have progressed by "
                f"{record.as_of}. The last quarter's are younger, so its rate rises still."
            ),
            "Win rate: of the deals closed in the quarter, those that were won.",
            *(("Tier: the one that the partner was served in that quarter; else its stage.",) if by is By.TIER else ()),
            *((_ABOUT_DIRECT,) if record.direct else ()),
        ),
        unknown=(
            *(() if record.direct else (_NO_DIRECT,)),
            (
                "Retention and expansion are not on record: a deal ends when it is won. They take the renewals of the "
                "accounts that partners brought."
            ),
        ),
    )


_ABOUT_DIRECT: Final = (
    "Direct: all deals that no partner brought, counted in the same way; no other row has them. Partners may bring "
    "other customers and other sizes, so a difference need not be their doing."
)
_NO_DIRECT: Final = (
    "No direct deal is on record, so there is nothing to compare partners' deals with. `gatehouse import opportunities "
    "FILE --map MAP.yaml` brings them from your CRM's export, once the map's section `opportunities` says "
    "`without_partner: direct`."
)


def _answer(record: Record) -> str:
    quarter = record.quarter
    sourced, closed = _sourced(record.deals, quarter), _closed(record.deals, quarter)
    compared = _compared((*sourced, *closed), (*_sourced(record.direct, quarter), *_closed(record.direct, quarter)))
    return " ".join([_of_partners(quarter, sourced, closed), *([compared] if compared else [])])


def _compared(partners: Sequence[Figure], direct: Sequence[Figure]) -> str:
    """What is known of both, in words."""
    known = [
        f"{column.title} {column.shows(theirs)} against {column.shows(ours)}"
        for column, theirs, ours in zip((*SOURCED, *CLOSED), partners, direct, strict=True)
        if column.id in COMPARED and theirs.value is not None and ours.value is not None
    ]
    return f"Partners' deals against direct ones: {'; '.join(known)}." if known else ""


def _of_partners(quarter: Quarter, sourced: Sequence[Figure], closed: Sequence[Figure]) -> str:
    if not sourced[0].value and closed[2].value is None:
        return f"No deal of a partner was brought or closed in {quarter}."
    parts = [f"Partners brought {sourced[0].value:,} deals in {quarter}"]
    if sourced[4].value is not None:
        parts.append(f"{sourced[4].value} % of the qualified ones have progressed")
    if closed[2].value is not None:
        parts.append(f"{closed[2].value} % of those that closed were won, worth {closed[3].value:,.0f}")
    return f"{'; '.join(parts)}."


_Row = tuple[str, Quarter, Deals]


def _groups(record: Record, by: By) -> list[_Row]:
    """The rows: a name, the quarter it is about, and its deals."""
    if by is By.QUARTER:
        return [(str(quarter), quarter, record.deals) for quarter in record.quarters]
    found: dict[str, list[Opportunity]] = {}
    for partner, deals in record.brought.items():
        touched = moved(deals, record.quarter)
        if touched:
            found.setdefault(record.group(partner, by, record.quarter), []).extend(touched)
    return [(name, record.quarter, found[name]) for name in record.groups(by, {*found})]


def _beside_direct(record: Record, rows: Sequence[_Row], by: By) -> list[_Row]:
    """The rows, and what direct deals did in the same time."""
    if not record.direct:
        return [*rows]
    if by is not By.QUARTER:
        return [*rows, (DIRECT, record.quarter, record.direct)]
    return [
        one
        for name, quarter, deals in rows
        for one in ((name, quarter, deals), (f"{name} {DIRECT}", quarter, record.direct))
    ]


def _sourced(deals: Deals, quarter: Quarter) -> tuple[Figure, ...]:
    brought, qualified = dated(deals, "created_on", quarter), dated(deals, "qualified_on", quarter)
    progressed = [deal for deal in qualified if deal.progressed_on]
    rate = share(len(progressed), len(qualified), qualified)
    return count(brought), worth(brought), count(qualified), count(progressed), rate


def _closed(deals: Deals, quarter: Quarter) -> tuple[Figure, ...]:
    closed = dated(deals, "closed_on", quarter)
    won = [deal for deal in closed if deal.won]
    lost = [deal for deal in closed if not deal.won]
    days = [((deal.closed_on - deal.created_on).days, deal) for deal in won if deal.closed_on]
    return count(won), count(lost), share(len(won), len(closed), closed), worth(won), average(won), middle(days)


def _table(
    name: str,
    title: str,
    by: By,
    columns: tuple[Column, ...],
    rows: Sequence[_Row],
    figures: Callable[[Deals, Quarter], tuple[Figure, ...]],
) -> Table:
    return Table(
        id=name,
        title=title,
        rows_are=by.value,
        columns=columns,
        lines=tuple(Line(key, figures(deals, quarter)) for key, quarter, deals in rows),
        empty="No deal was brought or closed in the quarter.",
    )


def _picture(sourced: Table, closed: Table, by: By, groups: Collection[str]) -> Picture:
    """The groups that brought most, in the tables' order."""
    pairs = [pair for pair in zip(sourced.lines, closed.lines, strict=True) if pair[0].key in groups]
    most = sorted(pairs, key=lambda pair: -(pair[0].figures[0].number or 0))[:MOST_DRAWN]
    shown = [pair for pair in pairs if pair in most]
    names = tuple(brought.key for brought, _ in shown)
    series = (
        Series("brought", tuple(brought.figures[0].number for brought, _ in shown)),
        Series("progressed", tuple(brought.figures[3].number for brought, _ in shown)),
        Series("won", tuple(done.figures[0].number for _, done in shown)),
    )
    told = "; ".join(
        f"{name} {brought} brought, {progressed} progressed, {won} won"
        for name, brought, progressed, won in zip(names, *(one.values for one in series), strict=True)
    )
    title = f"Deals by {by}" if len(shown) == len(pairs) else f"Deals by {by}: the {MOST_DRAWN} that brought most"
    shape = Shape.BARS if len(names) <= MOST_UPRIGHT else Shape.LEVEL
    return Picture(title, shape, names, series, "deals", f"{told}.")

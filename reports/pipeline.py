"""The pipeline that partners bring: how much, how far it comes, how much is won, and how long that takes."""

from collections.abc import Callable, Sequence
from typing import Final

from program.calendar import Quarter
from program.opportunity import Opportunity
from reports.figures import average, count, middle, share, worth
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

MOST_DRAWN: Final = 12
MOST_UPRIGHT: Final = 8
"""Names that have room beside each other below a picture."""

Deals = Sequence[Opportunity]


def pipeline(record: Record, by: By) -> Report:
    """What was brought in the quarter, what of it progressed, and what was closed in the quarter."""
    groups = _groups(record, by)
    whole = [] if by is By.QUARTER else [(ALL, record.quarter, record.deals)]
    rows = [*groups, *whole] if groups else []
    sourced = _table("sourced", f"Brought, by {by}", by, SOURCED, rows, _sourced)
    closed = _table("closed", f"Closed, by {by}", by, CLOSED, rows, _closed)
    return Report(
        name="pipeline",
        title="Sourced pipeline",
        question="What do partners bring, how far does it come, and how long does it take?",
        quarter=record.quarter,
        as_of=record.as_of,
        by=by.value,
        answer=_answer(record.quarter, _sourced(record.deals, record.quarter), _closed(record.deals, record.quarter)),
        tables=(sourced, closed),
        pictures=(_picture(sourced, closed, by),) if rows else (),
        says=(
            "Brought: created in the quarter. Worth: what is known of their value; of open deals it is often nothing.",
            (
                "Progression rate: of the deals that qualified in the quarter, those that have progressed by "
                f"{record.as_of}. The last quarter's are younger, so its rate rises still."
            ),
            "Win rate: of the deals closed in the quarter, those that were won.",
            *(("Tier: the one that the partner was served in that quarter; else its stage.",) if by is By.TIER else ()),
        ),
        unknown=(
            (
                "Direct deals are not on record: Gatehouse knows the deals of partners alone. Set the days to win "
                "beside the median of your CRM's direct deals that closed in the same quarter."
            ),
            (
                "Retention and expansion are not on record: a deal ends when it is won. They take the renewals of the "
                "accounts that partners brought."
            ),
        ),
    )


def _answer(quarter: Quarter, sourced: Sequence[Figure], closed: Sequence[Figure]) -> str:
    if not sourced[0].value and closed[2].value is None:
        return f"No deal was brought or closed in {quarter}."
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


def _picture(sourced: Table, closed: Table, by: By) -> Picture:
    """The groups that brought most, in the tables' order."""
    pairs = [pair for pair in zip(sourced.lines, closed.lines, strict=True) if pair[0].key != ALL]
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

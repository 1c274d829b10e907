"""How the roster is shown: its ranking, what the hours carry, and what a re-score would say."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from rich.console import RenderableType

from console.screen import details, heading, table, title
from operations.rescoring import RescorePreview, Reweighed
from operations.roster import CapacityReport, Change, Hanging, Ranked, TierHours
from program.figures import plain as number
from program.score import Span

LISTED = 20
"""Partners of a kind that are listed one by one; of more, only how many there are is said. JSON has them all."""


def as_text(report: CapacityReport) -> Iterator[RenderableType]:
    """What the hours carry, part by part."""
    yield title(f"Hours of {report.quarter}, by the scores of {report.scored}")
    rows = [("to give", number(report.hours)), ("left over", number(report.slack))]
    yield details([*rows, ("lacking for the last tier", number(report.short))] if report.short else rows)
    yield _tiers(report.tiers, "carried")
    yield heading("Hours by person")
    tiers = [tier.tier for tier in report.tiers]
    people = [(p.name, *map(number, (p.to_give, *(p.by_tier[tier] for tier in tiers), p.slack))) for p in report.people]
    yield table(["person", "to give", *tiers, "left over"], people, figures=range(1, len(tiers) + 3))
    if report.next_hours:
        yield heading("What the next hours would buy")
        rises = [(number(n.hours), n.tier, n.partner) for n in report.next_hours]
        yield table(["hours more", "tier", "who would rise"], rises, whole=2, figures=[0])
    yield heading("What an absence for the whole quarter would cost")
    yield table(["person", "partners that fall", "to"], [_absent(a.name, a.falls, a.short) for a in report.absences])
    yield from hanging(report.hanging)
    scored = f"`gatehouse roster ranking --quarter {report.scored}`"
    yield f"\n{scored} shows the scores; hours are the program's `capacity`, less the days of `people away`."


def _absent(name: str, falls: tuple[Change, ...], short: Decimal) -> tuple[str, str, str]:
    lacking = f"{number(short)} hours short" if short else ""
    if not falls:
        return name, "none", lacking or "-"
    to = sorted({change.to for change in falls})
    first = ", ".join(change.partner for change in falls[:3])
    more = f" and {len(falls) - 3} more" if len(falls) > 3 else ""
    return name, f"{len(falls)}: {first}{more}", "; ".join(part for part in (", ".join(to), lacking) if part)


def _tiers(tiers: Iterable[TierHours], then: str) -> RenderableType:
    rows = [(t.tier, t.partners_now, t.partners, number(t.hours_now), number(t.hours)) for t in tiers]
    return table(["tier", "partners now", then, "hours now", f"hours {then}"], rows, figures=range(1, 5))


def preview_as_text(found: RescorePreview) -> Iterator[RenderableType]:
    """What a re-score would say, part by part."""
    yield title(f"{found.quarter} as of {found.as_of}, by what is known now; nothing is written")
    if not found.partners:
        yield "No partner was active in it."
        return
    yield _tiers(found.tiers, "then")
    if found.movers:
        yield heading("Who would move or be warned")
        first = sorted(found.movers, key=lambda mover: mover.came_from == mover.to)  # then who is warned alone
        movers = [(m.partner, m.move, m.came_from, m.to, f"{m.score:.1f}", m.because) for m in first[:LISTED]]
        yield table(["partner", "move", "from", "to", "score", "because"], movers, whole=5, figures=[4])
        yield from _more(len(found.movers))
    yield f"\n`gatehouse roster score PARTNER --quarter {found.quarter}` says what a score is made from."
    yield from hanging(found.hanging)
    if found.missing:
        yield heading("What is not known")
        yield table(["fact", "of partners"], list(found.missing.items()), figures=[1])
        sheet = f"`gatehouse rescore --missing FILE --quarter {found.quarter}`"
        yield f"{sheet} writes a sheet of what somebody could rate or say, to fill in."
    yield from weights(found.reweighed)


def ranking_as_text(quarter: str, ranked: Sequence[Ranked]) -> Iterator[RenderableType]:
    """The whole roster, the first one first."""
    yield title(f"Ranking of {quarter}")
    rows = [
        (r.rank, r.partner, " / ".join(r.segment) or "-", _span(r.score), *map(_axis, _axes(r)), r.tier) for r in ranked
    ]
    yield table(["rank", "partner", "segment", "score", "performance", "potential", "by the cut"], rows, whole=7)
    yield "By the cut: the tier that the score and the hours give. `gatehouse partner list` says in which each stands."
    yield f"`gatehouse roster score PARTNER --quarter {quarter}` says what a score is made from."


def _axes(one: Ranked) -> list[tuple[Span | None, str | None]]:
    return [(one.score.performance, one.performance), (one.score.potential, one.potential)]


def _axis(axis: tuple[Span | None, str | None]) -> str:
    span, colour = axis
    return f"{_span(span)} {colour}" if span else "-"


def _span(span: Span) -> str:
    """A number, or between which two it lies, to one place."""
    return " to ".join(dict.fromkeys(f"{end:.1f}" for end in (span.low, span.high)))


def hanging(found: tuple[Hanging, ...]) -> Iterator[RenderableType]:
    """Whose tier hangs on what nobody knows."""
    if not found:
        return
    yield heading("Whose tier hangs on what is not known")
    rows = [
        (h.partner, " to ".join(map(str, dict.fromkeys(h.ranks))), h.tier, h.tier_at_best, ", ".join(h.missing))
        for h in found[:LISTED]
    ]
    yield table(["partner", "rank", "by the cut", "at best", "not known"], rows, whole=4)
    yield from _more(len(found))


def weights(found: tuple[Reweighed, ...]) -> Iterator[RenderableType]:
    """Whom changed weights rank otherwise."""
    if not found:
        return
    yield heading("Whom the changed weights rank otherwise")
    rows = [(r.partner, f"{r.score_before:.1f}", f"{r.score:.1f}", r.rank_before, r.rank) for r in found[:LISTED]]
    yield table(
        ["partner", "score by the old", "by the new", "rank by the old", "by the new"], rows, figures=range(1, 5)
    )
    yield from _more(len(found))


def _more(count: int) -> Iterator[RenderableType]:
    if count > LISTED:
        yield f"and {count - LISTED} more; --json lists them all"

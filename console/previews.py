"""How `gatehouse program preview` says what a draft would change."""

from collections.abc import Iterator
from itertools import groupby

from rich.console import RenderableType

from console.screen import heading, table, title
from operations.preview import Outcome, PilotChange, Preview, Remade

LISTED = 20
"""Decisions of a kind that are listed one by one; of more, only how many there are is said. JSON has them all."""


def as_text(preview: Preview) -> Iterator[RenderableType]:
    """What a draft would change, part by part."""
    since = f" as of {preview.since} or later" if preview.since else ""
    yield title(f"Version {preview.version}, over {_counted(preview.looked_at, 'recorded decision')}{since}")
    yield from _movers(preview)
    if preview.quarter:
        yield from _tiers(preview)
    if preview.pilots:
        yield from _pilots(preview)
    if preview.not_remade:
        yield from _not_remade(preview)


def _movers(preview: Preview) -> Iterator[RenderableType]:
    if not preview.movers:
        yield heading("Every decision would come out as it did" if not preview.not_remade else "No decision would move")
    for (policy, then, now), movers in _grouped(preview.movers):
        yield heading(f"{policy}: {then} -> {now}: {len(movers)}")
        rows = [(m.decision, m.as_of, m.partner, m.then.rule or "-", (m.now and m.now.rule) or "-") for m in movers]
        yield table(["decision", "as of", "partner", "rule then", "rule now"], rows[:LISTED], whole=3)
        yield from _more(len(rows))


def _grouped(movers: tuple[Remade, ...]) -> Iterator[tuple[tuple[str, str, str], list[Remade]]]:
    def kind(mover: Remade) -> tuple[str, str, str]:
        return mover.policy, _outcome(mover.then), _outcome(mover.now)

    for what, group in groupby(sorted(movers, key=kind), key=kind):
        yield what, list(group)


def _outcome(outcome: Outcome | None) -> str:
    return (outcome and outcome.outcome) or "open"


def _more(count: int) -> Iterator[RenderableType]:
    if count > LISTED:
        yield f"and {count - LISTED} more; --json lists them all"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _tiers(preview: Preview) -> Iterator[RenderableType]:
    yield heading(f"Tiers after the re-score of {preview.quarter}")
    rows = [(t.tier, t.partners_then, t.partners_now, t.hours_then, t.hours_now) for t in preview.tiers]
    yield table(["tier", "partners then", "now", "hours then", "now"], rows)
    changes = [(change.partner, change.then or "leaves", change.now or "leaves") for change in preview.tier_changes]
    if changes:
        yield table(["partner", "then", "now"], changes[:LISTED])
        yield from _more(len(changes))


def _pilots(preview: Preview) -> Iterator[RenderableType]:
    yield heading(
        f"Pilots that run, if they were judged today: {len(preview.pilot_changes)} of {preview.pilots} otherwise"
    )
    if preview.pilot_changes:
        rows = [(p.partner, p.day, *_both(p)) for p in preview.pilot_changes]
        yield table(["partner", "day", "by its own terms", "rule", "by the draft's", "rule"], rows[:LISTED], whole=2)
        yield from _more(len(rows))
        yield "They keep the program that they were agreed on."


def _both(pilot: PilotChange) -> tuple[str, str, str, str]:
    own, draft = pilot.own, pilot.draft
    return _outcome(own), own.rule or "-", _outcome(draft), draft.rule or "-"


def _not_remade(preview: Preview) -> Iterator[RenderableType]:
    yield heading(f"Cannot be decided again: {len(preview.not_remade)}")

    def kind(one: Remade) -> tuple[str, str]:
        return one.policy, one.because

    for (policy, because), group in groupby(sorted(preview.not_remade, key=kind), key=kind):
        listed = list(group)
        named = ", ".join(f"{one.partner} ({one.decision})" for one in listed[:LISTED])
        yield f"{policy}, {len(listed)}: {because}"
        yield f"  {named}{' ...' if len(listed) > LISTED else ''}"

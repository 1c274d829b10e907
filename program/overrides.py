"""What a partner type may have otherwise than the program: single values, by the dotted way to them.

Items of lists go by their id: `scorecard.sections.capacity.minimum`. Only what concerns one partner can be overridden;
what all partners share, such as tiers, weights and hours, is the same for everyone.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from program.errors import Way
from program.partner import LEGAL_MOVES, Stage

OVERRIDABLE = "deferral_days, pilot, the scorecard's minima, exit.notice_days and stalls"


def overridable(program: Mapping[str, Any]) -> dict[str, Way]:
    """The values of a program, given as plain data, that a type may override: where each of them is, by its name."""
    return {".".join(map(str, _named(program, way))): way for way in _ways(program)}


def overridden(program: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """A program as plain data with some values replaced; what it has no such value for is left out."""
    ways = overridable(program)
    changed = dict(program)
    for name, value in overrides.items():
        if name in ways:
            changed = _replaced(changed, ways[name], value)
    return changed


def _ways(program: Mapping[str, Any]) -> Iterator[Way]:
    yield ("deferral_days",)
    yield from (("pilot", name) for name in program["pilot"])
    yield ("scorecard", "minimum")
    for number, section in enumerate(program["scorecard"]["sections"]):
        here: Way = ("scorecard", "sections", number)
        if section["minimum"] is not None:
            yield (*here, "minimum")
        for place, criterion in enumerate(section["criteria"]):
            if criterion["minimum"] is not None:
                yield (*here, "criteria", place, "minimum")
    yield from (("exit", "notice_days", stage.value) for stage in Stage if Stage.LEAVING in LEGAL_MOVES[stage])
    yield from (("stalls", name) for name in program["stalls"] if name != "active")
    yield from (("stalls", "active", tier) for tier in program["stalls"]["active"])


def _named(data: Any, way: Way) -> Way:
    """The same way with ids in place of positions."""
    if not way:
        return ()
    below: Any = data.get(way[0]) if isinstance(data, Mapping) else data[way[0]]
    return (below["id"] if isinstance(way[0], int) else way[0], *_named(below, way[1:]))


def _replaced(data: Any, way: Way, value: Any) -> Any:
    if not way:
        return value
    step, *rest = way
    if isinstance(step, int):
        return [_replaced(item, tuple(rest), value) if n == step else item for n, item in enumerate(data)]
    return {**data, step: _replaced(data.get(step), tuple(rest), value)}

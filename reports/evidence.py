"""What a number was made from, kind by kind, with the command that shows each in full."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from program.opportunity import Opportunity
from program.touch import Touch
from reports.record import Decided, Fact, Piloted, Ranked, Stay


@dataclass(frozen=True)
class Evidence:
    """Facts of one kind."""

    kind: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    command: str
    """That shows one of them in full."""

    def as_data(self) -> dict[str, Any]:
        """The same for scripts."""
        facts = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return {"kind": self.kind, "command": self.command, "facts": facts}


def evidence(facts: Sequence[Fact]) -> list[Evidence]:
    """The facts behind a number, by kind."""
    return [found for found in (_deals(facts), _decisions(facts), _stays(facts), *_others(facts)) if found.rows]


def _deals(facts: Iterable[Fact]) -> Evidence:
    columns = ("deal", "partner", "created", "qualified", "progressed", "closed", "won", "worth")
    rows = [
        (f.id, f.partner, f.created_on, f.qualified_on, f.progressed_on, f.closed_on, f.won, f.value)
        for f in facts
        if isinstance(f, Opportunity)
    ]
    return Evidence("deals", columns, tuple(rows), "gatehouse partner show PARTNER --as-of DAY")


def _decisions(facts: Iterable[Fact]) -> Evidence:
    columns = ("decision", "partner", "policy", "as of", "outcome", "rule", "because")
    rows = [
        (f.number, f.partner, f.policy, f.as_of, f.outcome, f.rule, f.because) for f in facts if isinstance(f, Decided)
    ]
    return Evidence("decisions", columns, tuple(rows), "gatehouse explain DECISION; gatehouse decisions show DECISION")


def _stays(facts: Iterable[Fact]) -> Evidence:
    columns = ("partner", "stage", "since", "until", "tier", "because")
    rows = [(f.partner, f.stage.value, f.since, f.until, f.tier, f.because) for f in facts if isinstance(f, Stay)]
    return Evidence("stages", columns, tuple(rows), "gatehouse partner show PARTNER")


def _others(facts: Sequence[Fact]) -> list[Evidence]:
    pilots = [
        (f.partner, f.application, f.number, f.started_on, f.ended_on, f.verdict, f.decision)
        for f in facts
        if isinstance(f, Piloted)
    ]
    ranked = [
        (f.partner, str(f.quarter), f.rank, f.score, f.came_from, f.tier, f.move, f.decision)
        for f in facts
        if isinstance(f, Ranked)
    ]
    touches = [(f.partner, f.delivered_on, f.who, f.note) for f in facts if isinstance(f, Touch)]
    return [
        Evidence(
            "pilots",
            ("partner", "application", "pilot", "started", "ended", "verdict", "decision"),
            tuple(pilots),
            "gatehouse partner show PARTNER; gatehouse explain DECISION",
        ),
        Evidence(
            "re-scores",
            ("partner", "quarter", "rank", "score", "from", "to", "move", "decision"),
            tuple(ranked),
            "gatehouse explain DECISION; gatehouse rescore --quarter QUARTER",
        ),
        Evidence("touches", ("partner", "day", "who", "note"), tuple(touches), "gatehouse partner show PARTNER"),
    ]

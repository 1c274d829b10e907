"""What a number was made from, kind by kind, with the command that shows each in full."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from program.opportunity import Deal, DirectDeal, Opportunity
from program.touch import Touch
from reports.figures import AnyDeal, value
from reports.record import Decided, Expectation, Fact, Piloted, Ranked, Stay


@dataclass(frozen=True)
class Evidence:
    """Facts of one kind."""

    kind: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    command: str
    """That shows one of them in full, or else brings them."""
    summed: int = 0
    """How many of the last columns say the same of most rows: in a table they are told in sums."""
    together: str = ""
    """What all rows come to, in words."""

    @property
    def table(self) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """The columns and rows of a table."""
        kept = len(self.columns) - self.summed
        return self.columns[:kept], [row[:kept] for row in self.rows]

    @property
    def sums(self) -> list[str]:
        """What the rows come to, and what a table leaves out of them, in words."""
        kept = len(self.columns) - self.summed
        counted = Counter(row[kept:] for row in self.rows) if self.summed else {}
        names = self.columns[kept:]
        left_out = [
            f"{number}: {', '.join(f'{name} {value}' for name, value in zip(names, values, strict=True))}"
            for values, number in counted.items()
        ]
        return [*([self.together] if self.together else []), *left_out]

    def as_data(self) -> dict[str, Any]:
        """The same for scripts."""
        facts = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return {"kind": self.kind, "command": self.command, "facts": facts}


Origins = Mapping[str, tuple[str, datetime]]
"""Where what is known of deals came from, and when it was learned."""


def evidence(facts: Sequence[Fact], origins: Origins) -> list[Evidence]:
    """The facts behind a number, by kind."""
    kinds = (_deals(facts, origins), _direct(facts, origins), _decisions(facts), _stays(facts), *_others(facts))
    return [found for found in kinds if found.rows]


_OF_A_DEAL: Final = ("created", "qualified", "progressed", "closed", "won", "worth", "from", "learned")


def _deals(facts: Iterable[Fact], origins: Origins) -> Evidence:
    deals = [fact for fact in facts if isinstance(fact, Opportunity)]
    rows = tuple((deal.id, deal.partner, *_of_a_deal(deal, origins)) for deal in deals)
    command = "gatehouse partner show PARTNER --as-of DAY"
    return Evidence("deals", ("deal", "partner", *_OF_A_DEAL), rows, command, 2, _together(deals))


def _direct(facts: Iterable[Fact], origins: Origins) -> Evidence:
    deals = [fact for fact in facts if isinstance(fact, DirectDeal)]
    rows = tuple((deal.id, *_of_a_deal(deal, origins)) for deal in deals)
    command = "gatehouse import opportunities FILE --map MAP.yaml"
    return Evidence("direct deals", ("deal", *_OF_A_DEAL), rows, command, 2, _together(deals))


def _together(deals: Sequence[AnyDeal]) -> str:
    """How many were won, and what all are worth, as far as it is known."""
    won, lost = (sum(deal.won is said for deal in deals) for said in (True, False))
    return f"Together: {won:,} won, {lost:,} lost; worth {value(deals):,.2f}, as far as it is known."


def _of_a_deal(deal: Deal, origins: Origins) -> tuple[Any, ...]:
    source, learned = origins.get(deal.id, (None, None))
    dates = (deal.created_on, deal.qualified_on, deal.progressed_on, deal.closed_on)
    return (*dates, deal.won, deal.value, source, learned.date() if learned else None)


def _decisions(facts: Iterable[Fact]) -> Evidence:
    columns = ("decision", "partner", "as of", "outcome", "rule", "because")
    rows = [(f.number, f.partner, f.as_of, f.outcome, f.rule, f.because) for f in facts if isinstance(f, Decided)]
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
    expected = [(f.partner, f.fact, f.shown, f.points, f.most) for f in facts if isinstance(f, Expectation)]
    touches = [(f.partner, f.delivered_on, f.kind, f.who, f.note) for f in facts if isinstance(f, Touch)]
    return [
        Evidence(
            "factors",
            ("partner", "fact", "an average quarter", "points", "at most"),
            tuple(expected),
            "gatehouse roster score PARTNER",
        ),
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
        Evidence(
            "touches",
            ("partner", "day", "kind", "who", "note"),
            tuple(touches),
            "gatehouse roster pack PARTNER --quarter QUARTER --out DIRECTORY",
        ),
    ]

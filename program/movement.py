"""How far partners move at a re-score: what each move is decided on, what it leaves, and the hours it may rise into."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final

from pydantic import BaseModel, ConfigDict

from program.calendar import Quarter
from program.capacity import Team, in_hundredths
from program.measures import MEASURES
from program.score import Score
from program.scorecard import FactValue
from program.tiers import Tier


def eligibility_facts(score: Score, facts: Mapping[str, FactValue], quarters_active: int) -> dict[str, FactValue]:
    """The facts on which a program's policy decides up to which tier a partner is eligible, each at its low end."""
    axes = {"performance": score.performance, "potential": score.potential}
    shown = {name: facts.get(name) for name in (*MEASURES, "moved_opportunities")}
    return {
        "score": score.low,
        **{name: span.low if span else None for name, span in axes.items()},
        "quarters_active": quarters_active,
        **shown,
    }


STAY: Final = "stay"
"""The move of whom a policy moves nowhere."""

WARN: Final = "warn"
"""The move of whom a policy moves nowhere yet."""


class TierRecord(BaseModel):
    """What one re-score left of a partner: where it stands, and for how long something has been so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tier: str
    quarters_below: int = 0
    """Full quarters in a row, up to this one, whose cut lay below the partner's tier."""
    quarters_inactive: int = 0
    """Full quarters in a row, up to this one, in which none of its opportunities moved."""


class Movement:
    """Partners move one after the other, in turn, while the hours of their tiers are kept account of.

    Whoever keeps a tier for a quarter of grace keeps its hours, and so does who came in between two re-scores: a score
    alone lifts nobody into hours that others have, whatever a policy says.
    """

    def __init__(self, tiers: Sequence[Tier], team: Team, partners: Mapping[str, int] | None = None) -> None:
        """The tiers from the top, and the partners that each has before anybody moves; None to count them later."""
        self._tiers = {tier.id: tier for tier in tiers}
        self._names = [tier.id for tier in tiers]
        self._for_last = team.serving(self._names[-1])
        self._groups = team.groups()
        self._partners = None if partners is None else Counter(partners)

    def rises(self, tier: str, cut_tier: str) -> bool:
        """Whether the cut puts somebody who stands in a tier into a higher one."""
        return self._names.index(cut_tier) < self._names.index(tier)

    def count(self, partners: Callable[[], Mapping[str, int]]) -> None:
        """Count the partners that each tier has by now, if nobody has. It has to be done before anybody rises."""
        if self._partners is None:
            self._partners = Counter(partners())

    def facts(
        self, last: TierRecord, cut_tier: str, moved_opportunities: int, *, quarters_active: int
    ) -> dict[str, FactValue]:
        """The facts on which a partner's move is decided. Levels count from 1, the last tier.

        Only full quarters count against a partner: one that became active in the quarter's middle starts with the next.
        """
        level, cut_level = (len(self._names) - self._names.index(tier) for tier in (last.tier, cut_tier))
        taken = self.rises(last.tier, cut_tier) and not self._carries(last.tier, self._names[-level - 1])
        below = quarters_active > 0 and cut_level < level
        inactive = quarters_active > 0 and not moved_opportunities
        return {
            "level": level,
            "cut_level": level if taken else cut_level,
            "hours_taken": taken,
            "quarters_active": quarters_active,
            "quarters_below": last.quarters_below + 1 if below else 0,
            "quarters_inactive": last.quarters_inactive + 1 if inactive else 0,
        }

    def _carries(self, came_from: str, to: str) -> bool:
        """Whether one partner more can be promised what a tier receives."""
        assert self._partners is not None, "partners are counted before anybody rises"
        then = self._partners + Counter([to]) - Counter([came_from])
        cap = self._tiers[to].cap
        if cap is not None and then[to] > cap:
            return False
        wanted = {name: then[name] * in_hundredths(tier.service.hours) for name, tier in self._tiers.items()}
        # What the last tier's own service lacks is lacking whoever rises, and is said of the cut.
        wanted[self._names[-1]] = min(wanted[self._names[-1]], self._for_last)
        return all(sum(wanted[name] for name in group) <= there for group, there in self._groups if to in group)

    def after(self, last: TierRecord, facts: Mapping[str, FactValue], move: str) -> TierRecord:
        """Make a move; what it leaves of a partner.

        `up` and `down` go one tier, `low_touch` to the last; who moved starts a new grace.
        """
        index = self._names.index(last.tier)
        lowest = len(self._names) - 1
        steps = {"up": max(index - 1, 0), "down": min(index + 1, lowest), "low_touch": lowest}
        tier = self._names[steps.get(move, index)]
        if self._partners is not None:
            self._partners.subtract([last.tier])
            self._partners.update([] if move == "exit" else [tier])
        return TierRecord(
            tier=tier,
            quarters_below=int(facts["quarters_below"] or 0) if tier == last.tier else 0,
            quarters_inactive=int(facts["quarters_inactive"] or 0),
        )


def full_quarters(since: date, quarter: Quarter) -> int:
    """The quarters, up to one, throughout which a partner was active that became so on a day."""
    first = Quarter.of(since)
    started = first if since == first.first_day else first.next
    return max((quarter.year - started.year) * 4 + quarter.number - started.number + 1, 0)

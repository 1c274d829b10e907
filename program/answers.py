"""How escalations are answered: how soon, by whom, and how many end by themselves or are ignored."""

from collections.abc import Callable, Collection, Iterable
from statistics import median
from typing import Final

from pydantic import BaseModel, ConfigDict, computed_field

from program.escalation import Escalation, EscalationState


class Answers(BaseModel):
    """How some escalations were answered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: str
    """What they have in common: owner, stage, condition, or all."""
    name: str
    opened: int
    answered: int
    median_hours: float | None
    """From its opening to the first answer, around the clock; None where none was answered."""
    slowest_hours: float | None
    ended_by_themselves: int
    """Without an answer, because what they were about was over before everybody on the ladder was told."""
    ignored: int
    """Everybody on the ladder was told and nobody has answered, whether or not they are over by now."""
    waiting: int
    """Neither answered nor over, and still on the ladder."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def share_ended_by_themselves(self) -> float:
        return round(self.ended_by_themselves / self.opened, 3)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def share_ignored(self) -> float:
        return round(self.ignored / self.opened, 3)


_GROUPS: Final[dict[str, Callable[[Escalation], str]]] = {
    "all": lambda _: "all",
    "owner": lambda escalation: escalation.owner,
    "stage": lambda escalation: escalation.stage.value,
    "condition": lambda escalation: escalation.condition,
}


def answers(escalations: Iterable[Escalation], climbed: Collection[str]) -> list[Answers]:
    """How escalations were answered: all of them, then by owner, stage and condition, each group by its name.

    Args:
        escalations: Those that are asked about.
        climbed: The keys of those whose ladder was climbed to its end.
    """
    every = list(escalations)
    found = []
    for by, name_of in _GROUPS.items():
        groups: dict[str, list[Escalation]] = {}
        for escalation in every:
            groups.setdefault(name_of(escalation), []).append(escalation)
        found += [_of(by, name, groups[name], climbed) for name in sorted(groups)]
    return found


def _of(by: str, name: str, group: list[Escalation], climbed: Collection[str]) -> Answers:
    hours = [(e.answered_at - e.opened_at).total_seconds() / 3600 for e in group if e.answered_at]
    unanswered = [e for e in group if e.answered_at is None]
    ignored = sum(e.key in climbed for e in unanswered)
    ended = sum(e.state == EscalationState.ENDED and e.key not in climbed for e in unanswered)
    return Answers(
        by=by,
        name=name,
        opened=len(group),
        answered=len(hours),
        median_hours=round(median(hours), 1) if hours else None,
        slowest_hours=round(max(hours), 1) if hours else None,
        ended_by_themselves=ended,
        ignored=ignored,
        waiting=len(unanswered) - ended - ignored,
    )

"""What a partner is told of a ruling: why, and what would change it; in words of the policy, and none of its names."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from rules.explanation.change import Change, Step
from rules.explanation.explain import Explanation
from rules.explanation.findings import (
    Comparison,
    Conclusion,
    Either,
    Finding,
    Held,
    Run,
    Value,
    turning_points,
    unscaled,
)
from rules.explanation.wording import listed, value_in_words
from rules.language.conditions import Operator
from rules.language.facts import FactType
from rules.language.policy import Policy

UNTITLED: Final = "something that your partner manager can name"
"""Of a fact whose declaration says no title."""


def for_partner(
    policy: Policy, explanation: Explanation, *, fixes: bool = False, missing: Iterable[str] | None = None
) -> str:
    """An explanation that the partner may read, in lines.

    Args:
        policy: The policy that ruled.
        explanation: Of its ruling.
        fixes: Whether the other rules that give the outcome are told too: each is something to mend. Together they
            are then what would change it, and nothing else is said of that.
        missing: What an open ruling waits for, where there are better words for it than the titles of the facts.
    """
    letter = _Letter(policy, explanation)
    lines = letter.ruled(fixes=fixes) if explanation.outcome else letter.still_open(missing)
    return "\n".join(lines)


@dataclass(frozen=True)
class _Point:
    """A fact that mattered, in words."""

    fact: str
    text: str
    wanting: Value | None = None
    """What it would have to be; None where it is that, or where nothing can be said."""


@dataclass(frozen=True)
class _Letter:
    policy: Policy
    explanation: Explanation

    def ruled(self, *, fixes: bool) -> Iterator[str]:
        said, reason = self.explanation, self.reason
        points = self.points(reason, neutral=True) if reason else []
        yield from _paragraph(self.because, points, reason.advice if reason else said.advice)
        if fixes:
            for held in said.also:
                if held.outcome == said.outcome and held != reason:
                    yield from _paragraph(held.because, self.points(held, neutral=False), held.advice)
        if said.missing:
            yield "This was decided with what is known. Not known, though it might have made a difference:"
            yield from self.names(fact.name for fact in said.missing)
        if not fixes:
            yield from self.changes({(point.fact, point.wanting) for point in points})

    @property
    def reason(self) -> Held | None:
        """The rule to be named: the one that decided; where that depends on the unknown, one that holds anyway."""
        said = self.explanation
        holding = (held for held in said.also if held.outcome == said.outcome and not said.otherwise)
        return said.decided or next(holding, None)

    @property
    def because(self) -> str:
        """The reason as it is written, without what a ruling adds to it."""
        said, otherwise = self.explanation, self.policy.otherwise
        if self.reason:
            return self.reason.because
        return otherwise.because if said.otherwise and otherwise else said.because

    def still_open(self, missing: Iterable[str] | None) -> Iterator[str]:
        said = self.explanation
        waits_for = list(self.names(fact.name for fact in said.missing) if missing is None else _bulleted(missing))
        yield "What is not known yet, and makes a difference:" if waits_for else said.because
        yield from waits_for
        best = next((outcome.change for outcome in said.better if outcome.change), None)
        if best:
            yield "For the best outcome, besides:"
            yield from self.steps(best)

    def names(self, names: Iterable[str]) -> Iterator[str]:
        """Facts by their titles; those that have none are named once."""
        titles = [self.policy.facts[name].title if name in self.policy.facts else None for name in names]
        return _bulleted(dict.fromkeys(title or UNTITLED for title in titles))

    # What would change it

    def changes(self, told: set[tuple[str, Value | None]]) -> Iterator[str]:
        """The nearest change and the best one; what was told before is not told again."""
        better = self.explanation.better
        ways = [outcome.change for outcome in better if outcome.change]
        if not ways:
            if better and not self.explanation.missing and all(outcome.proven for outcome in better):
                yield self.nothing
            return
        best, nearest = ways[0], min(ways, key=lambda change: (len(change.steps), change.size))
        all_told = _needs(best) <= told
        if all_told and not best.remaining:
            yield "Nothing else stands in the way."
        if not _needs(nearest) <= told and not all_told:
            yield "For a better outcome:"
            yield from self.steps(nearest)
        if best != nearest and not all_told:
            yield "For the best outcome:"
            yield from self.steps(best)
        if best.remaining:
            yield "What would still have to be known:" if all_told else "What would still have to be known then:"
            yield from self.names(best.remaining)

    @property
    def nothing(self) -> str:
        if self.reason and any(isinstance(leaf, Run) for leaf in _leaves(self.reason.findings)):
            return "This rests on what has happened, and nothing changes that any more."
        return "As things stand, nothing that you can influence would change this."

    def steps(self, change: Change) -> Iterator[str]:
        return _bulleted(map(self.step, change.steps))

    def step(self, step: Step) -> str:
        declared = self.policy.facts[step.fact]
        needed, now = _bound(step.needed, declared), _words(step.value, declared)
        return f"{declared.title or UNTITLED}: {needed} instead of {now}"

    # Why

    def points(self, held: Held, *, neutral: bool) -> list[_Point]:
        """What a rule found wanting; else what else the partner can influence.

        Else, if asked for, all that it found and that says something by itself; how something that nobody influences
        compares with another fact does not.
        """
        leaves = list(_leaves(held.findings))
        comparisons = [self.seen_from_the_partner(leaf) for leaf in leaves if isinstance(leaf, Comparison)]
        influenced = [self.point(leaf) for leaf in comparisons if self.policy.facts[leaf.fact].better]
        told = [point for point in influenced if point.wanting is not None] or influenced
        if neutral and not told:
            told = [self.point(leaf) for leaf in comparisons if leaf.other is None]
            told += [point for leaf in leaves if isinstance(leaf, Run) for point in self.run(leaf)]
        return list({point.fact: point for point in reversed(told)}.values())[::-1]

    def seen_from_the_partner(self, comparison: Comparison) -> Comparison:
        """A comparison of something else with what the partner can influence, the other way round."""
        other, facts = comparison.other, self.policy.facts
        if other is None or facts[comparison.fact].better or not facts[other].better:
            return comparison
        return Comparison(
            fact=other,
            title=comparison.other_title or "",
            value=comparison.against[0],
            operator=_MIRRORED.get(comparison.operator, comparison.operator),
            against=() if comparison.value is None else (comparison.value,),
            other=comparison.fact,
            other_title=comparison.title,
            holds=comparison.holds,
        )

    def point(self, comparison: Comparison) -> _Point:
        value, declared = comparison.value, self.policy.facts[comparison.fact]
        text = f"{declared.title or UNTITLED}: {_words(value, declared)}"
        if declared.better and isinstance(value, bool):
            return _Point(comparison.fact, text, None if value is (declared.better == "higher") else not value)
        if not declared.better or isinstance(value, bool | str | None):
            return _Point(comparison.fact, text)
        is_best = self.explanation.outcome == self.policy.outcomes[0]
        bound, met = _needed(comparison, value, declared, is_best=is_best)
        if bound is None:
            return _Point(comparison.fact, text)
        return _Point(comparison.fact, f"{text}, where {_demand(bound, declared)}", None if met else bound)

    def run(self, run: Run) -> Iterator[_Point]:
        declared = self.policy.events[run.of].fields[run.by]
        if declared.title:
            places = dict.fromkeys(value_in_words(event[run.by], declared) for event in run.events)
            yield _Point(run.of, f"{declared.title}: {listed(places)}")


def _needed(
    comparison: Comparison, value: int | Decimal, declared: FactType, *, is_best: bool
) -> tuple[int | Decimal | None, bool]:
    """What a number has to be at least, or at most where less is better; and whether it is.

    A comparison that would come out otherwise of a better value wants that value, unless its outcome is the best one.
    One that would come out otherwise of a worse value is met, down to there.
    """
    sign = 1 if declared.better == "higher" else -1
    mine, *limits = (Decimal(number).scaleb(declared.places) for number in (value, *comparison.against))
    turns = [turn * sign for turn in turning_points(comparison.operator, limits, holds=comparison.holds)]
    better = min((turn for turn in turns if turn > mine * sign), default=None)
    worse = max((turn for turn in turns if turn < mine * sign), default=None)
    if better is not None and not is_best:
        bound, met = better * sign, False
    elif worse is not None:
        bound, met = (worse + 1) * sign, True
    else:
        return None, False
    low, high = declared.limits
    return (unscaled(bound, declared), met) if low <= bound <= high else (None, False)


def _words(value: Value | None, declared: FactType) -> str:
    """A value; days without the word where the title says it."""
    words = value_in_words(value, declared)
    says_days = declared.type == "days" and "day" in (declared.title or "").lower()
    return words.split()[0] if says_days and value is not None else words


def _bound(value: Value, declared: FactType) -> str:
    """What a fact has to be: at least 4, at most 14 days, none, no."""
    words = _words(value, declared)
    if isinstance(value, bool | str):
        return words
    higher = declared.better == "higher"
    if Decimal(value).scaleb(declared.places) == declared.limits[higher]:
        return words if value else "none"
    return f"at {'least' if higher else 'most'} {words}"


def _demand(value: int | Decimal, declared: FactType) -> str:
    """The same as the end of a sentence: at least 30 are needed."""
    several = declared.type in ("count", "integer", "days") and declared.max is None and value not in (0, 1)
    verb = "needed" if declared.better == "higher" else "accepted"
    return f"{_bound(value, declared)} {'are' if several else 'is'} {verb}"


def _leaves(findings: Iterable[Finding]) -> Iterator[Comparison | Run]:
    """The comparisons and sequences behind findings."""
    for finding in findings:
        match finding:
            case Either(branches=branches):
                for branch in branches:
                    yield from _leaves(branch)
            case Conclusion(rules=rules):
                for rule in rules:
                    yield from _leaves(rule.findings)
            case Comparison() | Run():
                yield finding


def _paragraph(because: str, points: Iterable[_Point], advice: str) -> Iterator[str]:
    yield because
    yield from _bulleted(point.text for point in points)
    if advice:
        yield advice


def _needs(change: Change) -> set[tuple[str, Value | None]]:
    return {(step.fact, step.needed) for step in change.steps}


def _bulleted(texts: Iterable[str]) -> Iterator[str]:
    return (f"- {text}" for text in texts)


_MIRRORED: Final[Mapping[Operator, Operator]] = {"lt": "gt", "lte": "gte", "gt": "lt", "gte": "lte"}

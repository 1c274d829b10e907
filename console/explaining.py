"""`gatehouse explain`: why a decision came out as it did, what it missed, and what would change it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from activities import letters
from activities.deciding import Shelf
from console.arguments import RECORD, AsJson, examples
from console.installation import here
from console.screen import as_json, details, heading, say, show, table, title
from program.decision import Ruling
from rules.explanation.explain import Better, Explanation, NearMiss, explain
from rules.explanation.findings import Comparison, Conclusion, Either, Finding, Held, Run
from rules.explanation.wording import OPPOSITE, SYMBOLS, UNKNOWN, gap_in_words, listed, value_in_words
from rules.language.policy import Policy

app = typer.Typer()


class Reader(Enum):
    """Who reads an explanation."""

    MANAGER = "manager"
    PARTNER = "partner"


ForWhom = Annotated[
    Reader, typer.Option("--for", help="The partner manager, with rules and values, or the partner, in plain words.")
]


@app.command("explain", rich_help_panel=RECORD, epilog=examples("explain 17", "explain 17 --for partner"))
def explain_decision(
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="DECISION", help="Its number in the list.", show_default=False)],
    reader: ForWhom = Reader.MANAGER,
    json: AsJson = False,
) -> None:
    """Explain a decision: why it came out so, how near it was to a better outcome, what would have changed it."""
    store = here(context).store
    with store.read() as tx:
        decision = tx.decisions.get(number)
    policy = Shelf(store).get(decision.program).policies[decision.policy]
    head = f"Decision {number}: {decision.policy} of {decision.partner}, as of {decision.as_of}"
    present(policy, decision.facts, decision.ruling, head, reader, json=json)


def present(policy: Policy, facts: dict[str, Any], ruling: Ruling, head: str, reader: Reader, *, json: bool) -> None:
    """Explain a ruling to whoever reads it."""
    explanation = explain(policy, facts, ruling)
    if json:
        as_json(explanation)
    elif reader == Reader.PARTNER:
        say(letters.explained(policy, explanation))
    else:
        show(*_Page(policy, explanation).parts(head))


@dataclass(frozen=True)
class _Page:
    """An explanation for the manager."""

    policy: Policy
    explanation: Explanation

    def parts(self, head: str) -> Iterator[RenderableType]:
        said = self.explanation
        yield title(head)
        yield details(self.summary())
        held = [*([said.decided] if said.decided else []), *said.also]
        if held:
            yield heading("Rules that hold")
            yield table(["rule", "gives", "since"], [row for rule in held for row in self.held(rule)], whole=2)
        if said.better:
            yield heading("What kept it from a better outcome")
            misses = [row for better in said.better for row in self.missed(better)]
            yield table(["outcome", "by", "kept from it by", "off by"], misses)
            yield heading("The least that the partner could change")
            yield table(["outcome", "change"], [row for better in said.better for row in self.changed(better)])

    def summary(self) -> Iterator[tuple[str, Any]]:
        said = self.explanation
        yield "outcome", said.outcome or "open"
        if said.outcome:
            no_rule = "no rule; it holds otherwise" if said.otherwise else "one of several rules, whatever is not known"
            yield "decided by", said.decided.rule if said.decided else no_rule
        yield "because", said.because
        yield "advice", said.advice
        if len(said.possible) > 1:
            yield "possible", ", ".join(said.possible)
        yield "depends on", ", ".join(fact.name for fact in said.missing)
        yield "not known", ", ".join(fact.name for fact in said.unknown)

    def held(self, rule: Held) -> Iterator[tuple[str, str, str]]:
        first, *further = list(self.found(rule.findings)) or ["whatever is not known"]
        yield rule.rule, rule.outcome or f"({rule.concludes})", first
        for line in further:
            yield "", "", line

    def found(self, findings: tuple[Finding, ...]) -> Iterator[str]:
        """Findings in symbols, one a line."""
        for finding in findings:
            match finding:
                case Comparison() | Run():
                    yield self.statement(finding)
                case Conclusion(concluded=flag, rules=rules):
                    for rule in rules:
                        yield f"{flag}, by {rule.rule}: {' and '.join(self.found(rule.findings))}"
                case Either(branches=branches):
                    for number, branch in enumerate(branches):
                        yield f"{'or' if number else 'either'} {' and '.join(self.found(branch))}"

    def statement(self, finding: Comparison | Run) -> str:
        """What is the case: `market 3 < minimum_market 4`."""
        if isinstance(finding, Run):
            places = listed(dict.fromkeys(str(event[finding.by]) for event in finding.events) or ["none"])
            each = f" with {finding.each}" if finding.each else ""
            return f"{finding.of}{each} in a row: {finding.by} {places}, of {finding.length}"
        declared = self.policy.facts[finding.fact]
        its = self.policy.facts[finding.other] if finding.other else declared
        limits = ", ".join(value_in_words(limit, its) for limit in finding.against) or UNKNOWN
        limit = f"{finding.other} {limits}" if finding.other else limits
        symbol = (SYMBOLS if finding.holds else OPPOSITE)[finding.operator]
        if finding.value is None or limits == UNKNOWN:
            return f"{finding.fact} {value_in_words(finding.value, declared)}, against {limit}"
        if symbol == "=" and not finding.other:
            return f"{finding.fact} = {limits}"
        return f"{finding.fact} {value_in_words(finding.value, declared)} {symbol} {limit}"

    def missed(self, better: Better) -> Iterator[tuple[str, str, str, str]]:
        miss = better.near_miss
        if miss is None:
            yield better.outcome, "", "no rule gives it", ""
            return
        by = miss.rule or "otherwise"
        lines = list(self.hurdles(miss)) or [("nothing that is known", "")]
        for number, (what, gap) in enumerate(lines):
            yield ("", "", what, gap) if number else (better.outcome, by, what, gap)

    def hurdles(self, miss: NearMiss) -> Iterator[tuple[str, str]]:
        for finding in miss.lacking:
            yield self.statement(finding), self.gap(finding)
        for rule in miss.in_the_way:
            for finding in rule.findings:
                yield f"{rule.rule}: {self.statement(finding)}", self.gap(finding)

    def gap(self, finding: Comparison | Run) -> str:
        if isinstance(finding, Run):
            return f"{finding.gap} {finding.of}"
        return "" if finding.gap is None else gap_in_words(finding.gap, self.policy.facts[finding.fact])

    def changed(self, better: Better) -> Iterator[tuple[str, str]]:
        if better.change is None:
            nothing = "nothing that it can influence" if better.proven else "not found; the search was given up"
            yield better.outcome, nothing
            return
        for number, step in enumerate(better.change.steps):
            declared = self.policy.facts[step.fact]
            now, then = value_in_words(step.value, declared), value_in_words(step.needed, declared)
            yield "" if number else better.outcome, f"{step.fact} {now} → {then}"
        if better.change.remaining:
            yield "", f"then to be known: {', '.join(better.change.remaining)}"

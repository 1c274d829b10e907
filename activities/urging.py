"""What somebody on a ladder is told: what stalled, the evidence, what comes of it, and what can be done."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any, Final
from zoneinfo import ZoneInfo

from activities.gathering import OF_OPPORTUNITY, OF_TOUCHES
from program.decision import Decision
from program.escalation import Escalation, EscalationEvent
from program.ladder import EscalationRules, Ladder, Rung
from program.notice import OVER, ChannelName, Notice
from program.partner import Partner, Stage
from program.person import in_shell
from rules.explanation.wording import listed, value_in_words
from rules.language.conditions import names
from rules.language.facts import FactType
from rules.language.policy import Policy
from rules.lifecycle import VERDICT

MOST_FACTS = 8
"""Facts in a message: a rule that looks at more is read in the explanation."""


@dataclass(frozen=True)
class Urge:
    """What somebody on a ladder is told of one escalation."""

    escalation: Escalation
    partner: Partner
    policy: Policy
    """The one whose rule found it."""
    decision: Decision
    """Which it found it in."""
    ladder: Ladder
    person: str
    stands_in_for: str
    """Whose place they take; empty where it is their own."""
    resets: int = 0
    """How often the pilot can be reset still."""
    before: tuple[str, ...] = ()
    """What was done about it last, and who was told and is silent."""
    expected: str = ""
    """What the pilot's verdict is if nothing changes; empty where there is no pilot."""

    def notice(self, key: str, rung: Rung, until: datetime, after: str) -> Notice:
        """The message of a rung.

        Args:
            key: Which message of the ladder it is.
            rung: On which they stand.
            until: By when they have to answer before the ladder goes on.
            after: Who is told next; empty where nobody is.
        """
        first = f"{self.escalation.key}/opened"
        reminder = [f"This is reminder {rung.again}."] if rung.again else []
        answer_by = f"Please answer by {_at(until, self.ladder)}." + (f" Then {after} is told." if after else "")
        return Notice(
            key=key,
            kind="escalation.opened" if key == first else "escalation.reminded",
            partner=self.partner.id,
            recipient=self.person,
            subject=self._subject,
            body="\n".join([self.escalation.because, *self._seen(), *reminder, answer_by, *self._offered()]),
            thread="" if key == first else first,
            channels=rung.level.channels,
            expected=self.expected,
            answer_by=answer_by,
        )

    def unanswered(self) -> Notice:
        """To the program lead: the ladder is climbed and nobody answered."""
        nobody = "Everybody on the ladder was told, and nobody answers for it now."
        stays = "It stays on your list, `gatehouse escalations list --state unanswered`, until somebody does."
        shown = f"`gatehouse escalations show {self.escalation.key}` shows who was told when."
        return Notice(
            key=f"{self.escalation.key}/unanswered-{self.escalation.round}",
            kind="escalation.unanswered",
            partner=self.partner.id,
            recipient=self.person,
            subject=f"Nobody answers for {self.partner.name}",
            body="\n".join([self.escalation.because, nobody, *self._seen(), stays, shown, *self._offered()]),
            thread=f"{self.escalation.key}/opened",
            expected=self.expected,
        )

    @property
    def _subject(self) -> str:
        said = subject(self.escalation, self.partner)
        return f"{said} for you" if _asks(self.escalation) and self.person == self.partner.owner else said

    def _seen(self) -> Iterator[str]:
        """What was seen, what comes of it, what was said of it, and why they are told."""
        escalation = self.escalation
        if escalation.advice:
            yield escalation.advice
        yield f"Open since {escalation.opened_on}. What was seen then:"
        yield from (f"- {line}" for line in evidence(self.policy, escalation.condition, self.decision))
        yield f"`gatehouse explain {escalation.decision}` says more."
        if self.expected:
            yield self.expected
        yield from self.before
        if self.stands_in_for:
            yield f"You get this because you stand in for {self.stands_in_for}."

    def _offered(self) -> Iterator[str]:
        yield "What you can do:"
        for what, command in acts(self.escalation, self.person, self.ladder.rules, self.resets):
            yield f"- {what}: `{command}`"


def acts(escalation: Escalation, person: str, rules: EscalationRules, resets: int) -> Iterator[tuple[str, str]]:
    """What somebody can do about an escalation, and the command for each; nothing that would be refused as used up.

    Args:
        escalation: As it stands.
        person: Who does it.
        rules: Of the program that it was opened under.
        resets: How often the partner's pilot can be reset still.
    """
    key, by = escalation.key, f"--by {in_shell(person)}"

    def command(what: str, *more: str) -> str:
        return " ".join(["gatehouse escalations", what, *more])

    yield "say what you do about it", command("ack", key, by, '--note "..."')
    if escalation.stage in {Stage.PILOT, Stage.ACTIVE}:
        yield "record the next action", command("act", key, "next-action", by, '--note "..." --until YYYY-MM-DD')
    if escalation.extensions < rules.extensions:
        yield "ask for more time", command("act", key, "more-time", by, '--until YYYY-MM-DD --note "..."')
    yield "put it off", command("snooze", key, by, '--until YYYY-MM-DD --note "..."')
    yield "hand it to somebody else", command("delegate", key, by, '--to "NAME" --note "..."')
    yield "give the partner another owner", command("reassign", key, by, '--to "NAME" --note "..."')
    if escalation.stage == Stage.PILOT and resets:
        yield "reset the pilot", command("act", key, "reset", by, '--note "..."')
    yield "let the partner go, who is sent the note", command("act", key, "exit", by, '--note "..."')


DID: Final = {
    "acknowledged": "answered for it, and it does not move",
    "next action": "recorded a next action, and it does not move",
    "snoozed": "put it off",
    "extended": "asked for time",
    "delegated": "handed it on",
    "reassigned": "gave the partner another owner",
}
"""What somebody did, to whoever is told of it afterwards."""


def before(events: Sequence[EscalationEvent], person: str) -> Iterator[str]:
    """What has happened before somebody is told of an escalation: why it comes again, or comes to them."""
    last = next((event for event in reversed(events) if event.what in DID), None)
    if last:
        yield f"{last.who} {DID[last.what]}: {last.note}"
    told = [event.who for event in takewhile(lambda event: event.what == "told", reversed(events))]
    silent = [who for who in dict.fromkeys(reversed(told)) if who != person]
    if silent:
        yield f"{listed(silent)} {'has' if len(silent) == 1 else 'have'} not answered."


def _asks(escalation: Escalation) -> bool:
    return escalation.condition == f"{VERDICT}-open"


def subject(escalation: Escalation, partner: Partner) -> str:
    """What an escalation is about, in a few words."""
    return f"The verdict on {partner.name} waits" if _asks(escalation) else f"{partner.name} has stalled"


def evidence(policy: Policy, condition: str, decision: Decision) -> list[str]:
    """What the rule saw of the facts it looks at, by their titles; of an open decision, what is not known."""
    rule = next((rule for rule in policy.rules if rule.id == condition), None)
    if rule is None:
        return [f"{policy.title_of(name)}: not known" for name in decision.ruling.missing]
    asked = names(rule.when)
    seen = [
        f"{declared.title or name}: {_in_words(decision.facts.get(name), declared)}{_of_what(decision, name)}"
        for name, declared in policy.facts.items()
        if name in asked
    ]
    for kind in filter(asked.__contains__, policy.events):
        fields = policy.events[kind].fields
        for event in decision.facts.get(kind, []):
            said = (
                f"{declared.title or name}: {_in_words(event[name], declared)}" for name, declared in fields.items()
            )
            seen.append(", ".join(said))
    return seen[:MOST_FACTS] or [rule.because]


def _of_what(decision: Decision, fact: str) -> str:
    """Which touch or opportunity a fact is about, where it is about one."""
    source = decision.sources.get(fact, "")
    return next((f" ({source.removeprefix(of)})" for of in (OF_TOUCHES, OF_OPPORTUNITY) if source.startswith(of)), "")


def _in_words(value: Any, declared: FactType) -> str:
    if isinstance(value, Mapping):
        return f"{value['at_least']} at least"
    return value_in_words(None if value is None else declared.decode(declared.encode(value)), declared)


def over(escalation: Escalation, partner: Partner, key: str, person: str, channels: tuple[ChannelName, ...]) -> Notice:
    """To somebody who heard of an escalation: it is over, and what ended it."""
    first, last = escalation.opened_on, escalation.closed_on
    answered = f" {escalation.answered_by} answered for it." if escalation.answered_by else ""
    return Notice(
        key=key,
        kind=OVER,
        partner=partner.id,
        recipient=person,
        subject=f"Over: {subject(escalation, partner)}",
        body="\n".join(
            [
                f"This is over. {escalation.note}",
                f"What it was about: {escalation.because}",
                f"It was open {f'on {first}' if first == last else f'from {first} to {last}'}.{answered}",
                f"`gatehouse escalations show {escalation.key}` shows all that happened to it.",
            ]
        ),
        thread=f"{escalation.key}/opened",
        channels=channels,
    )


def _at(instant: datetime, ladder: Ladder) -> str:
    clock = ladder.working.clock
    local = (instant - clock.lag).astimezone(ZoneInfo(clock.timezone))
    return f"{local:%A, %Y-%m-%d %H:%M} ({clock.timezone})"

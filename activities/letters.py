"""What people are told: the words of every notice, made from what it reports."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from program.decision import Ruling
from program.definition import Program
from program.factor import Factor
from program.figures import enough, instead
from program.movement import WARN
from program.notice import ChannelName, Notice
from program.partner import Partner, PartnerId, Stage, Standing
from program.person import OPERATORS
from program.pilot import PilotTerms
from program.score import averting
from program.scorecard import FactValue
from rules.explanation.explain import Explanation
from rules.explanation.telling import for_partner
from rules.language.policy import Policy
from rules.lifecycle import VERDICT


def explained(policy: Policy, explanation: Explanation, missing: Iterable[str] | None = None) -> str:
    """An explanation in the words of its letter: a reset asks for every fix, and says nothing else of what it takes."""
    fixes = (policy.policy, explanation.outcome) == (VERDICT, "reset")
    return for_partner(policy, explanation, fixes=fixes, missing=missing)


def _lines(*lines: str) -> str:
    return "\n".join(line for line in lines if line)


def declined(partner: Partner, key: str, why: str) -> Notice:
    """To the applicant: why not, and what would change it."""
    return Notice(
        key=f"{partner.id}/{key}/declined",
        kind="application.declined",
        partner=partner.id,
        recipient=partner.name,
        subject="Your application to our partner program",
        body=_lines("We will not go ahead now.", why),
    )


def deferred(partner: Partner, key: str, outcome: str | None, why: str, until: date) -> Notice:
    """To the applicant: what is missing, and before which day it can come."""
    not_yet = "We cannot sign yet." if outcome else "We cannot decide yet."
    return Notice(
        key=f"{partner.id}/{key}/deferred",
        kind="application.deferred",
        partner=partner.id,
        recipient=partner.name,
        subject="Your application to our partner program: what is missing",
        body=_lines(f"{not_yet} You can add what is missing before {until}.", why),
    )


def deferral_expired(partner: Partner, application: int) -> Notice:
    """To the applicant: nothing came, the application is closed."""
    return Notice(
        key=f"{partner.id}/application-{application}/expired",
        kind="application.expired",
        partner=partner.id,
        recipient=partner.name,
        subject="Your application to our partner program has expired",
        body="What was missing did not come in time. You are welcome to apply again when you have it.",
    )


def _agreed(terms: PilotTerms) -> str:
    """What a pilot has to show, and when it is looked at."""
    plan, targets = terms.plan, terms.targets
    return _lines(
        f"The pilot runs {plan.days} days, to {terms.last_day}, and is looked at every {plan.checkpoint_every} days.",
        f"Agreed: {targets.qualified} qualified opportunities, {targets.progressed} of them progressed, "
        f"{plan.fewest_accounts} to {plan.most_accounts} mapped accounts, {plan.plays} joint plays.",
    )


def pilot_started(partner: Partner, application: int, terms: PilotTerms) -> Notice:
    """To the partner: what the pilot has to show, and when it is looked at."""
    start = "starts again" if terms.number > 1 else "starts"
    return Notice(
        key=f"{partner.id}/application-{application}/pilot-{terms.number}/started",
        kind="pilot.started",
        partner=partner.id,
        recipient=partner.name,
        subject=f"Your pilot {start} on {terms.started_on}",
        body=_agreed(terms),
    )


def verdict(
    partner: Partner, application: int, terms: PilotTerms, outcome: str | None, why: str, again: PilotTerms | None
) -> Notice:
    """To the partner: how its pilot ended, and why; of a reset, every fix that is asked for, and the next terms."""
    return Notice(
        key=f"{partner.id}/application-{application}/pilot-{terms.number}/verdict",
        kind=f"pilot.{outcome}",
        partner=partner.id,
        recipient=partner.name,
        subject={
            "expand": "Your pilot succeeded",
            "reset": "Your pilot is reset, once",
            "exit": "Your pilot has ended",
        }.get(outcome or "", "Your pilot"),
        body=_lines(why, _agreed(again) if again else ""),
    )


def averts(factors: Sequence[Factor], facts: Mapping[str, FactValue], short: Decimal) -> str:
    """What would avert that a tier is lost, by the measure of the quarter that ended."""
    alone = [
        f"- {factor.title}: {instead(factor.fact, least, facts[factor.fact])}"
        for factor, least in averting(factors, facts, short)
    ]
    said = f"By the measure of the quarter that ended, {enough(short)} points more keep the tier."
    return _lines(said, *(["One of these alone brings them:", *alone] if alone else []))


def tier_changed(
    partner: Partner, quarter: str, program: Program, tier: str, move: str, ruling: Ruling, averted_by: str = ""
) -> Notice:
    """To the partner: its tier and what it receives from now on, or what it is warned of and what would avert it."""
    service = next(t for t in program.tiers if t.id == tier)
    subject = "A warning about your tier" if move == WARN else f"Your tier from now on: {service.title}"
    return Notice(
        key=f"{partner.id}/rescore-{quarter}",
        kind=f"tier.{move}",
        partner=partner.id,
        recipient=partner.name,
        subject=subject,
        body=_lines(ruling.because, ruling.advice, averted_by, f"{service.title}: {service.service.cadence}."),
    )


def leaves(standing: Standing, application: int, today: date, last_day: date, because: str) -> Notice:
    """To the partner: it leaves, when, and why; to an applicant, that its application is over."""
    partner = standing.partner
    what, handed_over = "Our partnership", "Open deals are handed over."
    if standing.stage in {Stage.APPLIED, Stage.DEFERRED}:
        what, handed_over = "Your application to our partner program", ""
    if last_day > today:
        handed_over = f"Until {last_day} everything stays as it is; open deals are handed over then."
    return Notice(
        key=f"{partner.id}/application-{application}/leaves-{last_day}",
        kind="partner.leaves",
        partner=partner.id,
        recipient=partner.name,
        subject=f"{what} ends on {last_day}",
        body=_lines(because, handed_over),
    )


def alert(
    partner: PartnerId, about: str, policy: Policy, key: str, answers: Mapping[str, Sequence[str]], inputs: str
) -> Notice:
    """To the operators: the evaluators disagree, about what, and what each of them says."""
    return Notice(
        key=key,
        kind="operator.alert",
        partner=partner,
        recipient=OPERATORS,
        subject=f"Gatehouse cannot decide {policy.policy}: its evaluators disagree",
        body=_lines(
            f"Nothing was decided about {partner} ({about}) or recorded. It is tried again and again, and goes on by "
            "itself once a release mends it.",
            "The rules that hold, says each of them:",
            *(f"- {who}: {', '.join(rules) or 'none'}" for who, rules in answers.items()),
            f"The policy is version {policy.version}, digest {policy.digest}. The facts are:",
            inputs,
            "Please report it with this text.",
        ),
    )


def channel_down(channel: ChannelName, since: datetime, reason: str, now: datetime) -> Notice:
    """To the operators: a channel does not work. Once a day, for as long as it does not."""
    return Notice(
        key=f"operators/{channel}-down/{now:%Y-%m-%d}",
        kind="operator.channel",
        recipient=OPERATORS,
        subject=f"Gatehouse cannot send by {channel}",
        body=_lines(
            f"Since {since:%Y-%m-%d %H:%M} UTC nothing goes out by {channel}: {reason}",
            "What has waited for a minute goes by the next channel, where its reader has one. The rest waits, and is "
            "sent by itself once the channel works.",
            "- `gatehouse notices list --undelivered` shows what waits.",
        ),
    )

"""What stalls at once is told at once: one notice to each recipient in place of many."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Final

from program.escalation import Escalation, EscalationState
from program.notice import DIGEST, Notice, NoticeRules
from program.partner import Partner
from program.person import in_shell
from store.database import Transaction

MOST_LINES: Final = 50
"""Escalations that a digest names one by one; the rest are counted."""

FEWEST: Final = 2
"""Escalations of one partner that are told in one message."""

OVER_BY_NOW: Final = "Over by now, with nothing left to do:"

OPENS_EACH: Final = "Each of the commands below shows what was seen, and what you can do."

DIGITS: Final = 16
"""Of a hash in a key."""


def gathered(tx: Transaction, key: str, rules: NoticeRules, now: datetime) -> str:
    """The key of what is to be sent in a notice's place: of a digest, where many are due to its recipient at once.

    Few are many where they are about one partner: a pilot that is silent stalls in several ways.
    """
    if DIGEST in rules.off:
        return key
    together = [notice for notice in tx.notices.due_together(key, now) if notice.kind not in rules.off]
    own = next((notice for notice in together if notice.key == key), None)
    if own is None:
        return key
    if len(together) < rules.digest_from:
        together = [notice for notice in together if notice.partner == own.partner]
        if len(together) < FEWEST:
            return key
    digest = _digest(tx, together)
    tx.notices.bundle([notice.key for notice in together], digest, now)
    return digest.key


def _digest(tx: Transaction, notices: Sequence[Notice]) -> Notice:
    """One notice that tells of several to the same person. Its key says which: whoever bundles the same finds it."""
    keys = sorted(notice.key for notice in notices)
    found = tx.escalations.told_of(keys)
    told = [found[notice.key] for notice in notices if notice.key in found]
    others = [f"- {n.subject}: `gatehouse notices show {n.key}`" for n in notices if n.key not in found]
    escalations = sorted(
        {escalation.key: escalation for escalation in told}.values(),
        key=lambda e: (_is_over(e), e.condition, e.because, e.opened_on, e.key),
    )
    recipient, about = notices[0].recipient, sorted({notice.partner or "" for notice in notices})
    partners = {name: standing.partner for name, standing in tx.partners.several(about).items()}
    threads = {tx.notices.told_as(notice.thread) if notice.thread else "" for notice in notices}
    common, own = _at_stake(notices, found)
    lines = [
        *common,
        *_by_condition(recipient, partners, escalations[:MOST_LINES], own),
        *others,
        *_rest(partners, escalations[MOST_LINES:]),
    ]
    return Notice(
        key=f"digests/{mark(recipient, *keys)}",
        kind=DIGEST,
        partner=about[0] if len(about) == 1 else None,
        recipient=recipient,
        subject=_subject([partners[name].name if name else "" for name in about], escalations, len(others)),
        body="\n".join(lines),
        thread=threads.pop() if len(threads) == 1 else "",  # what began in several conversations begins one of its own
        channels=notices[0].channels,
    )


def as_it_stands(tx: Transaction, digest: Notice) -> Notice:
    """A digest that is sent again, as what is told in it stands by now."""
    told = tx.notices.bundled(digest.key)
    now = _digest(tx, told) if told else digest
    return digest.model_copy(update={"subject": now.subject, "body": now.body})


def _subject(about: Sequence[str], escalations: Sequence[Escalation], others: int) -> str:
    """How many wait for its reader, and how many of those they heard of are answered or over."""
    over, answered = sum(map(_is_over, escalations)), sum(map(_is_answered, escalations))
    waiting = len(escalations) - over - answered + others
    rest = [f"{n} {'is' if n == 1 else 'are'} {what}" for n, what in ((answered, "answered"), (over, "over")) if n]
    if len(about) == 1 and about[0]:
        ways = waiting or len(escalations)
        first = f"{about[0]} has stalled{f' in {ways} ways' if ways > 1 else ''}"
        if not waiting and len(rest) == 1:
            return f"{'Over' if over else 'Answered'}: {first}"
    elif waiting:
        first = f"{waiting} escalation{' waits' if waiting == 1 else 's wait'} for you"
    else:
        count, _, said = rest.pop(0).partition(" ")
        first = f"{count} escalation{'' if count == '1' else 's'} {said}"
    return ", and ".join([", ".join([first, *rest[:-1]]), *rest[-1:]])


def _is_over(escalation: Escalation) -> bool:
    return escalation.state == EscalationState.ENDED


def _is_answered(escalation: Escalation) -> bool:
    return escalation.state in {EscalationState.ACKNOWLEDGED, EscalationState.SNOOZED}


def mark(*parts: str) -> str:
    """What stands for names and keys in a key."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:DIGITS]


def _at_stake(notices: Sequence[Notice], found: Mapping[str, Escalation]) -> tuple[list[str], dict[str, str]]:
    """What all that wait for an answer say of what is at stake, and by when each is to be answered if they differ."""
    waiting = {e.key: n for n in notices if (e := found.get(n.key)) and not (_is_over(e) or _is_answered(e))}
    if not waiting:
        return [], {}
    first, *others = waiting.values()
    common = [line for line in first.at_stake if all(line in other.at_stake for other in others)]
    own = {key: notice.answer_by for key, notice in waiting.items() if notice.answer_by not in common}
    return [*common, OPENS_EACH], own


def _by_condition(
    reader: str, partners: Mapping[str, Partner], escalations: Sequence[Escalation], own: Mapping[str, str]
) -> Iterator[str]:
    for heading, group in groupby(escalations, _heading):
        yield heading
        yield from (_line(reader, partners[e.partner], e, own.get(e.key, "")) for e in group)


def _heading(escalation: Escalation) -> str:
    return OVER_BY_NOW if _is_over(escalation) else f"{escalation.because} {escalation.advice}".rstrip()


def _line(reader: str, partner: Partner, escalation: Escalation, answer_by: str) -> str:
    owner = _has_it(partner, escalation)
    whose = "" if owner == reader else f" ({owner})"
    match escalation.state:
        case EscalationState.ENDED:
            what = escalation.note or ""
            ended = what if what.endswith((".", "!", "?")) else f"{what}."
            said = f", since {escalation.opened_on}: {escalation.because} What ended it: {ended}"
        case EscalationState.ACKNOWLEDGED | EscalationState.SNOOZED:
            said = f", since {escalation.opened_on}, answered by {escalation.answered_by}:"
        case EscalationState.UNANSWERED:
            said = f", since {escalation.opened_on}, and nobody answers for it:"
        case _:
            said = f", since {escalation.opened_on}: {answer_by}".rstrip()
    return f"- {partner.name}{whose}{said} `gatehouse escalations show {escalation.key}`"


def _has_it(partner: Partner, escalation: Escalation) -> str:
    """Who sees to it: the partner's owner, or whom it was given to."""
    return escalation.delegate or partner.owner


def _rest(partners: Mapping[str, Partner], escalations: Sequence[Escalation]) -> Iterator[str]:
    if escalations:
        yield f"And {len(escalations)} more:"
        owners = Counter(_has_it(partners[e.partner], e) for e in escalations)
        for owner, count in sorted(owners.items()):
            yield f"- {count} of {owner}: `gatehouse escalations list --owner {in_shell(owner)}`"

"""What has ended something that a rule found: the facts that differ, in words."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from rules.evaluators.interpreter import fired
from rules.explanation.wording import UNKNOWN, value_in_words
from rules.language.facts import FactError, FactType
from rules.language.policy import Policy


def mended(policy: Policy, rule: str | None, then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Why a rule that held of some facts no longer holds of others, in a sentence.

    Named are the facts of which each alone would have done; where none would, all that differ.

    Args:
        policy: Whose titles the facts have.
        rule: The rule; None where facts were missing for any to decide.
        then: The facts as they were recorded when it held.
        now: The facts as they would be recorded now.
    """
    differing = [name for name in (*policy.facts, *policy.events) if then.get(name) != now.get(name)]
    enough = [name for name in differing if rule and not _holds(policy, rule, {**then, name: now.get(name)})]
    told = [words for name in enough or differing for words in _words(policy, name, then.get(name), now.get(name))]
    sentence = "; ".join(dict.fromkeys(told)) or "the rules no longer ask for it"
    return f"{sentence[0].upper()}{sentence[1:]}."


def _holds(policy: Policy, rule: str, facts: Mapping[str, Any]) -> bool:
    try:
        return rule in fired(policy, policy.encode(facts))
    except FactError:  # recorded under a policy that declared other facts
        return True


def _words(policy: Policy, name: str, then: Any, now: Any) -> Iterator[str]:
    """What is different about one fact, or about the events of one kind."""
    if name in policy.events:
        yield from _happened(policy, name, then or [], now or [])
        return
    title, declared = policy.title_of(name), policy.facts[name]
    if now is True:
        yield title
    elif then is None or isinstance(now, bool):
        yield f"{title}: {_value(now, declared)}"
    else:
        yield f"{title}: {_value(now, declared)} instead of {_value(then, declared)}"


def _happened(
    policy: Policy, kind: str, then: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    """What happened in the events that are new, by the titles of the fields that say yes or no."""
    fields = policy.events[kind].fields
    new = [event for event in now if event not in then]
    happened = [name for name, declared in fields.items() for event in new if declared.type == "flag" and event[name]]
    for name in dict.fromkeys(happened):
        yield fields[name].title or name.replace("_", " ")
    if not happened:
        yield f"{policy.title_of(kind)}: otherwise than then"


def _value(value: Any, declared: FactType) -> str:
    """A recorded value in words; a range where only its limits are known."""
    if isinstance(value, Mapping):
        return " to ".join(_value(limit, declared) for limit in value.values())
    words = value_in_words(Decimal(str(value)) if isinstance(value, float) else value, declared)
    says_days = declared.type == "days" and "day" in (declared.title or "").lower() and words != UNKNOWN
    return words.split()[0] if says_days else words

"""Serving partners: touches that were held, and live deals that receive another tier's service until a day."""

from datetime import UTC, date, datetime

from program.calendar import Quarter
from program.definition import Program
from program.errors import Refused
from program.partner import PartnerId, Stage
from program.serving import ServiceOverride
from program.tiers import kinds
from program.touch import Touch
from store.database import Transaction


def serve(tx: Transaction, program: Program, override: ServiceOverride, at: datetime) -> None:
    """Grant an override from today on.

    Raises:
        Refused: where the partner is not active, has that service already or another override, or where it would last
            longer than it takes the next re-score to decide.
    """
    standing = tx.partners.get(override.partner)
    tiers = [tier.id for tier in program.tiers]
    own = standing.tier or program.entry_tier
    latest = Quarter.of(override.first).next.last_day
    if standing.stage != Stage.ACTIVE:
        raise Refused(f"{override.partner} is {standing.stage}; only active partners have a tier's service")
    if override.tier not in tiers:
        raise Refused(f"there is no tier {override.tier}; there are {', '.join(tiers)}")
    if override.tier == own:
        raise Refused(f"{override.partner} is in {own} and receives its service already; name another tier")
    if override.until > latest:
        raise Refused(
            f"an override until {override.until} would stand in for a tier: by {latest} a re-score has decided, so it "
            "lasts to that day at most"
        )
    tx.serving.grant(override, at)


def kind_of(tx: Transaction, program: Program, partner: PartnerId, day: date, asked: str | None) -> str:
    """The kind of a touch that was held on a day: the one that is named, else the only one its service consists of.

    Raises:
        Refused: where there is no such kind, or where the service has several and none is named.
    """
    there = {kind.casefold(): kind for kind in kinds(program.tiers)}
    if asked is not None and asked.casefold() not in there:
        raise Refused(f"there is no kind of touch {asked!r}; there are {', '.join(there.values())} (tiers)")
    if asked is not None:
        return there[asked.casefold()]
    standing, override = tx.partners.get(partner), tx.serving.running(partner, day)
    tier = override.tier if override else standing.tier or program.entry_tier
    owed = kinds(one for one in program.tiers if one.id == tier)
    if len(owed) != 1:
        raise Refused(f"{partner} receives {', '.join(owed or there.values())}; say by --kind which of them it was")
    return owed[0]


def record_touch(tx: Transaction, touch: Touch, today: date) -> int:
    """Record a touch that was delivered; 0 where it was recorded before.

    Raises:
        Refused: where there is no such partner, the day has not come, or the partner was in no tier on it.
    """
    tx.partners.get(touch.partner)
    if touch.delivered_on > today:
        raise Refused(f"{touch.delivered_on} has not come; record the touch once it was delivered")
    stages = [stage for day, _, stage, _ in tx.partners.moves(touch.partner) if day <= touch.delivered_on]
    stage = stages[-1] if stages else Stage.PROSPECT
    if stage != Stage.ACTIVE:
        raise Refused(
            f"{touch.partner} was {stage} on {touch.delivered_on}; only active partners are promised touches, so say "
            "by --on a day on which it was active"
        )
    return tx.touches.record(touch, datetime.now(UTC))


def end_override(tx: Transaction, partner: PartnerId, today: date) -> ServiceOverride:
    """End the override that holds: today is its last day.

    Raises:
        Refused: where none holds.
    """
    tx.partners.get(partner)
    running = tx.serving.running(partner, today)
    if running is None:
        raise Refused(f"{partner} receives its own tier's service; there is no override to end")
    tx.serving.end(running, today)
    return running

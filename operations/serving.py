"""Serving a live deal: a partner receives what another tier does, until a day. Its tier stays as it is."""

from datetime import date, datetime

from program.calendar import Quarter
from program.definition import Program
from program.errors import Refused
from program.partner import PartnerId, Stage
from program.serving import ServiceOverride
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

"""Services that partners receive in place of their tiers', each until a day."""

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from program.errors import Refused
from program.partner import PartnerId
from program.serving import ServiceOverride
from store.among import among
from store.doubt import doubt
from store.tables import PartnerRow, ServiceOverrideRow


class ServiceOverrides:
    """Overrides by partner; of one partner no two hold on one day."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def grant(self, override: ServiceOverride, at: datetime) -> None:
        """Add an override.

        Raises:
            Refused: where another one holds on one of its days.
        """
        # One at a time, whoever else grants one; what merely names the partner, such as a notice, is not held up.
        self._session.get(PartnerRow, override.partner, with_for_update={"key_share": True})
        for other in self.of([override.partner])[override.partner]:
            if other.first <= override.until and override.first <= other.until:
                raise Refused(
                    f"{other.partner} receives what {other.tier} does until {other.until} already ({other.reason}); "
                    "there is one override at a time, so another can begin the day after; "
                    f"`gatehouse partner serve {other.partner} --end` ends it today"
                )
        self._session.add(ServiceOverrideRow(**override.model_dump(), granted_at=at))
        doubt(self._session, [override.partner])

    def end(self, override: ServiceOverride, last: date) -> None:
        """Have an override end earlier than it was granted."""
        query = select(ServiceOverrideRow).where(
            ServiceOverrideRow.partner == override.partner, ServiceOverrideRow.first == override.first
        )
        self._session.scalars(query).one().until = last
        doubt(self._session, [override.partner])

    def begun(
        self, partners: Iterable[PartnerId], as_of: date, known_at: datetime
    ) -> dict[PartnerId, list[ServiceOverride]]:
        """Those that had begun by a day, as far as they were granted by then, of each of some partners, in order."""
        query = select(ServiceOverrideRow).where(
            ServiceOverrideRow.first <= as_of, ServiceOverrideRow.granted_at <= known_at
        )
        return self._by_partner(partners, query)

    def of(self, partners: Iterable[PartnerId]) -> dict[PartnerId, list[ServiceOverride]]:
        """All overrides of each of some partners, in order."""
        return self._by_partner(partners, select(ServiceOverrideRow))

    def _by_partner(
        self, partners: Iterable[PartnerId], query: Select[ServiceOverrideRow]
    ) -> dict[PartnerId, list[ServiceOverride]]:
        found: dict[PartnerId, list[ServiceOverride]] = {partner: [] for partner in partners}
        there = query.where(among(self._session, ServiceOverrideRow.partner, found)).order_by(ServiceOverrideRow.first)
        for row in self._session.scalars(there):
            override = ServiceOverride(
                partner=row.partner,
                tier=row.tier,
                first=row.first,
                until=row.until,
                reason=row.reason,
                granted_by=row.granted_by,
            )
            found[row.partner].append(override)
        return found

    def running(self, partner: PartnerId, day: date) -> ServiceOverride | None:
        """The override that holds on a day."""
        return next((override for override in self.of([partner])[partner] if override.holds(day)), None)

"""What reports are computed from: the roster as it is on record, up to a quarter's end."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import TypeVar

from program.calendar import Quarter
from program.opportunity import Deal, DirectDeal, Opportunity
from program.partner import PartnerId, Stage, Standing
from program.pilot import Targets
from program.touch import Touch

SIGNED = frozenset({Stage.PILOT, Stage.ACTIVE, Stage.LEAVING})
"""Stages of a partner that was signed and has not left."""

MOST_QUARTERS = 8
"""How far a report looks back: two years."""


class By(StrEnum):
    """What a report's groups are made by."""

    TIER = "tier"
    TYPE = "type"
    OWNER = "owner"
    REGION = "region"
    QUARTER = "quarter"


@dataclass(frozen=True)
class Stay:
    """A partner's time in one stage."""

    partner: PartnerId
    stage: Stage
    since: date
    until: date | None
    """The day it moved on; None where it is there still."""
    tier: str | None
    because: str

    def covers(self, day: date) -> bool:
        """Whether the partner stood there at the end of a day."""
        return self.since <= day and (self.until is None or self.until > day)

    def days(self, as_of: date) -> int:
        """How long it lasted, or has lasted by a day."""
        return ((self.until or as_of) - self.since).days


@dataclass(frozen=True)
class Decided:
    """A decision at the gate, by its number."""

    number: int
    partner: PartnerId
    as_of: date
    outcome: str | None
    rule: str | None
    because: str


@dataclass(frozen=True)
class Piloted:
    """A pilot, what it had to show and how it ended."""

    partner: PartnerId
    application: int
    number: int
    started_on: date
    last_day: date
    targets: Targets
    ended_on: date | None
    """None while it runs."""
    verdict: str | None
    """`withdrawn` where it was ended without one."""
    decision: int | None


@dataclass(frozen=True)
class Ranked:
    """A partner in a published re-score."""

    partner: PartnerId
    quarter: Quarter
    rank: int
    score: Decimal
    came_from: str
    tier: str
    """After its move."""
    move: str
    decision: int
    quarters_below: int
    quarters_inactive: int


@dataclass(frozen=True)
class Expectation:
    """What a forecast takes a partner to show of one factor."""

    partner: PartnerId
    fact: str
    shown: str
    """The average quarter, in words; of what was rated, the rating."""
    points: Decimal
    most: int
    """Points that the factor can add."""


OfPartner = Opportunity | Stay | Decided | Piloted | Ranked | Expectation | Touch
"""What is on record of a partner."""

Fact = OfPartner | DirectDeal
"""What a number can be made from."""

_AnyDeal = TypeVar("_AnyDeal", bound=Deal)


@dataclass(frozen=True)
class Record:
    """The roster up to a quarter's end, or up to today where the quarter still runs."""

    quarter: Quarter
    as_of: date
    partners: Mapping[PartnerId, Standing]
    stays: Sequence[Stay]
    deals: Sequence[Opportunity]
    """As they stood at the end of the day, as far as is known by now."""
    qualifications: Sequence[Decided]
    pilots: Sequence[Piloted]
    rescores: Mapping[Quarter, Mapping[PartnerId, Ranked]]
    """Those that were published, up to the quarter's own."""
    service: Mapping[Quarter, Mapping[str, Decimal]]
    """The hours that a tier's service takes of a partner, by quarter and tier from the top; none before a program."""
    touches: Sequence[Touch] = ()
    promised: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The kinds of touches that a tier's service consists of in the quarter, by tier from the top."""
    direct: Sequence[DirectDeal] = ()
    """Deals that no partner brought, as the others: there to be compared with, and nobody's."""

    @property
    def over(self) -> bool:
        """Whether the quarter is over."""
        return self.as_of == self.quarter.last_day

    @cached_property
    def first_day(self) -> date:
        """The first day of which anything is on record."""
        days = [stay.since for stay in self.stays] + [deal.created_on for deal in self.deals]
        return min(days, default=self.as_of)

    @cached_property
    def quarters(self) -> list[Quarter]:
        """The quarters that are looked back on, in order, the report's own at the end."""
        return self._since(self.first_day)

    @cached_property
    def lived(self) -> list[Quarter]:
        """Those of them in which there was a program: from the first application on."""
        return self._since(min((stay.since for stay in self.stays), default=self.as_of))

    def _since(self, day: date) -> list[Quarter]:
        found = [self.quarter]
        while len(found) < MOST_QUARTERS and found[0].first_day > day:
            found.insert(0, found[0].previous)
        return found

    def end_of(self, quarter: Quarter) -> date:
        """The day as of which a quarter is looked at."""
        return min(quarter.last_day, self.as_of)

    @cached_property
    def lives(self) -> Mapping[PartnerId, list[Stay]]:
        """Everybody's stays, in order."""
        found: dict[PartnerId, list[Stay]] = {}
        for stay in self.stays:
            found.setdefault(stay.partner, []).append(stay)
        return found

    @cached_property
    def brought(self) -> Mapping[PartnerId, list[Opportunity]]:
        """Everybody's deals."""
        found: dict[PartnerId, list[Opportunity]] = {}
        for deal in self.deals:
            found.setdefault(deal.partner, []).append(deal)
        return found

    def standing(self, partner: PartnerId, day: date) -> Stay | None:
        """Where a partner stood at the end of a day; None before it applied."""
        return next((stay for stay in reversed(self.lives.get(partner, [])) if stay.covers(day)), None)

    def signed(self, day: date) -> list[Stay]:
        """Where everybody stood who was signed at the end of a day and had not left."""
        return [stay for stay in self.stays if stay.stage in SIGNED and stay.covers(day)]

    def signings(self, first: date, last: date) -> list[Stay]:
        """The first pilots that began between two days, both included: a reset signs nobody anew."""
        return [stay for stay in self._signings if first <= stay.since <= last]

    @cached_property
    def _signings(self) -> list[Stay]:
        found = []
        for stays in self.lives.values():
            before = None
            for stay in stays:
                if stay.stage == Stage.PILOT and before != Stage.PILOT:
                    found.append(stay)
                before = stay.stage
        return sorted(found, key=lambda stay: (stay.since, stay.partner))

    def tier_in(self, partner: PartnerId, quarter: Quarter) -> str:
        """The tier that a partner was served in in a quarter; its stage where it was in none.

        Within a quarter nothing moves a tier: the re-score at its end says which one it was. Where there is none yet,
        the last one before it says where it was put, unless it has become active since.
        """
        ranked = self.rescores.get(quarter, {}).get(partner)
        if ranked:
            return ranked.came_from
        stay = self.standing(partner, self.end_of(quarter))
        if stay is None:
            return Stage.PROSPECT.value
        if stay.stage != Stage.ACTIVE:
            return stay.stage.value
        moved = [
            found.tier
            for earlier, found in self._ranked(partner)
            if earlier.last_day < quarter.first_day and earlier.last_day >= stay.since
        ]
        return moved[-1] if moved else stay.tier or stay.stage.value

    def _ranked(self, partner: PartnerId) -> list[tuple[Quarter, Ranked]]:
        return [(quarter, found[partner]) for quarter, found in self.rescores.items() if partner in found]

    def group(self, partner: PartnerId, by: By, quarter: Quarter) -> str:
        """The group that a partner belongs to in a quarter. Type, owner and region are today's."""
        if by is By.TIER:
            return self.tier_in(partner, quarter)
        if by is By.QUARTER:
            return str(quarter)
        details = self.partners[partner].partner
        named = {By.TYPE: details.type.value, By.OWNER: details.owner, By.REGION: details.region}
        return named[by] or "unknown"

    def groups(self, by: By, there: set[str]) -> list[str]:
        """The names of some groups, in the order in which they are shown: tiers from the top, then stages."""
        if by is not By.TIER:
            return sorted(there)
        tiers = list(dict.fromkeys(tier for tiers in self.service.values() for tier in tiers))
        order = [*tiers, *(stage.value for stage in Stage)]
        return sorted(there, key=lambda name: (order.index(name) if name in order else -1, name))


def dated(deals: Iterable[_AnyDeal], event: str, quarter: Quarter) -> list[_AnyDeal]:
    """The deals to which something happened in a quarter: `created_on`, `qualified_on`, `closed_on`."""
    first, last = quarter.first_day, quarter.last_day
    return [deal for deal in deals if (day := getattr(deal, event)) is not None and first <= day <= last]


def moved(deals: Iterable[Opportunity], quarter: Quarter) -> list[Opportunity]:
    """The deals to which anything happened in a quarter, as a re-score counts it."""
    first, last = quarter.first_day, quarter.last_day
    return [
        deal
        for deal in deals
        if first <= deal.created_on <= last
        or any(
            day is not None and first <= day <= last
            for day in (deal.submitted_on, deal.qualified_on, deal.progressed_on, deal.closed_on)
        )
    ]

"""A small roster for reports: who is signed when, and what each brings."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from program.calendar import Quarter
from program.opportunity import DirectDeal, Opportunity
from program.partner import Partner, PartnerType, Stage, Standing
from program.pilot import Targets
from program.touch import Touch
from reports.record import Decided, Piloted, Ranked, Record, Stay
from reports.report import Report, Table

TIERS = {"strategic": Decimal(52), "growth": Decimal("7.5"), "self-serve": Decimal("0.2")}


def q(text: str) -> Quarter:
    return Quarter.parse(text)


def day(text: str) -> date:
    return date.fromisoformat(text)


@dataclass
class Roster:
    """What is on record up to a quarter's end, or to a day within it."""

    quarter: Quarter
    as_of: date | None = None
    partners: dict[str, Standing] = field(default_factory=dict)
    stays: list[Stay] = field(default_factory=list)
    deals: list[Opportunity] = field(default_factory=list)
    qualifications: list[Decided] = field(default_factory=list)
    pilots: list[Piloted] = field(default_factory=list)
    rescores: dict[Quarter, dict[str, Ranked]] = field(default_factory=dict)
    touches: list[Touch] = field(default_factory=list)
    promised: dict[str, list[str]] = field(default_factory=dict)
    direct: list[DirectDeal] = field(default_factory=list)

    def knows(
        self, name: str, kind: PartnerType = PartnerType.RESELL, owner: str = "Ada Owner", region: str = "North"
    ) -> str:
        partner = Partner(id=name, name=name.title(), type=kind, region=region, owner=owner)
        self.partners[name] = Standing(partner=partner, stage=Stage.PROSPECT)
        return name

    def goes(self, name: str, *moves: tuple[Stage, str], tier: str = "growth", **details: Any) -> str:
        """A partner that moved into stages on days, and is in the last one still."""
        self.knows(name, **details)
        days = [day(text) for _, text in moves]
        self.stays += [
            Stay(name, stage, since, until, tier if stage == Stage.ACTIVE else None, "Because.")
            for (stage, _), since, until in zip(moves, days, [*days[1:], None], strict=True)
        ]
        return name

    def active(self, name: str, since: str = "2017-04-30", **details: Any) -> str:
        """A partner whose 60-day pilot ended in its becoming active."""
        started = (day(since) - timedelta(days=60)).isoformat()
        return self.goes(name, (Stage.PILOT, started), (Stage.ACTIVE, since), **details)

    def brings(self, name: str, created: str, won: str = "", lost: str = "", value: int | None = 1000) -> Opportunity:
        """A deal that qualified at once; what is won progressed that day."""
        number = len(self.deals) + 1
        deal = Opportunity(id=f"{name}-{number}", partner=name, **_course(created, won, lost, value))
        self.deals.append(deal)
        return deal

    def finds(self, created: str, won: str = "", lost: str = "", value: int | None = 1000) -> DirectDeal:
        """A deal that no partner brought, in the same way."""
        deal = DirectDeal(id=f"direct-{len(self.direct) + 1}", **_course(created, won, lost, value))
        self.direct.append(deal)
        return deal

    def decides(
        self, name: str, on: str, outcome: str | None, rule: str | None = None, because: str = "So."
    ) -> Decided:
        number = len(self.qualifications) + 1
        decided = Decided(number, name, day(on), outcome, rule, because)
        self.qualifications.append(decided)
        return decided

    def pilots_from(
        self, name: str, started: str, number: int = 1, ended: str = "", verdict: str | None = None
    ) -> None:
        first = day(started)
        targets, last = Targets(qualified=2, progressed=1), first + timedelta(days=60)
        end = day(ended) if ended else None
        self.pilots.append(Piloted(name, 1, number, first, last, targets, end, verdict, 7 if verdict else None))

    def ranks(self, quarter: str, **tiers: tuple[str, str]) -> None:
        """A re-score that moved partners from tiers to tiers, in the order of their rank."""
        self.rescores[q(quarter)] = {
            name: Ranked(
                partner=name,
                quarter=q(quarter),
                rank=rank,
                score=Decimal(100 - rank),
                came_from=came_from,
                tier=to,
                move="stay" if came_from == to else "up",
                decision=100 + rank,
                quarters_below=0,
                quarters_inactive=0,
            )
            for rank, (name, (came_from, to)) in enumerate(tiers.items(), start=1)
        }

    @property
    def record(self) -> Record:
        return Record(
            quarter=self.quarter,
            as_of=self.as_of or self.quarter.last_day,
            partners=self.partners,
            stays=self.stays,
            deals=self.deals,
            qualifications=self.qualifications,
            pilots=self.pilots,
            rescores=self.rescores,
            service={q(name): TIERS for name in ("2017Q1", "2017Q2", "2017Q3", "2017Q4")},
            touches=self.touches,
            promised=self.promised,
            direct=self.direct,
        )


def _course(created: str, won: str, lost: str, value: int | None) -> dict[str, Any]:
    closed = won or lost
    return {
        "created_on": day(created),
        "qualified_on": day(created),
        "progressed_on": day(won) if won else None,
        "closed_on": day(closed) if closed else None,
        "won": bool(won) if closed else None,
        "value": Decimal(value) if value is not None and won else None,
    }


def table(report: Report, name: str) -> Table:
    return next(one for one in report.tables if one.id == name)


def values(report: Report, name: str) -> dict[str, tuple[Any, ...]]:
    """The values of a table's rows, by their keys."""
    return {line.key: tuple(figure.value for figure in line.figures) for line in table(report, name).lines}

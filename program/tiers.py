"""Tiers: what each receives, who is cut into which by score and hours, and how far a partner moves."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from heapq import merge
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from program.capacity import Hours, Team, in_hours, in_hundredths
from program.errors import Misfits
from program.partner import Name, PartnerId

TierId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]

MOST_TIERS = 6
"""A small number of groups; more are labels."""

NOTHING = Decimal(0)
LEAST_STEP = Decimal("0.0001")
"""The last place of a score."""


class Touch(BaseModel):
    """One kind of attention that a tier's partners receive."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Name
    """In words: a co-sell session."""
    cadence: Name
    """In words: every two weeks."""
    every: int | None = Field(default=None, ge=1, le=366)
    """The same in days; the service's where nothing is said."""
    hours: Hours
    """Of the team's time, for each partner and quarter, preparation included."""
    who: str = Field(default="", max_length=200)
    """Who does it, in words, where that is not everybody who looks after the tier."""


class Service(BaseModel):
    """What a tier's partners receive. A tier without it is just a label, and is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cadence: Name
    """In words: every two weeks."""
    every: int | None = Field(default=None, ge=1, le=366)
    """The same in days: how often a touch is owed to each partner. None where none is."""
    hours: Hours
    """Of the team's time, for each partner and quarter."""
    touches: list[Touch] = []
    """What it consists of; their hours add up to the whole."""

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        parts = sum((touch.hours for touch in self.touches), NOTHING)
        if self.touches and parts != self.hours:
            raise Misfits(
                [(("touches",), f"they take {parts} hours, and the service {self.hours}; make both the same")]
            )
        return self

    @property
    def promised(self) -> list[Touch]:
        """What is owed to each partner, with its days: what it consists of, or itself as the one touch there is."""
        if not self.touches:
            return [Touch(kind=self.cadence, cadence=self.cadence, every=self.every, hours=self.hours)]
        return [touch.model_copy(update={"every": touch.every or self.every}) for touch in self.touches]


class Tier(BaseModel):
    """A group of partners that receive the same service."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: TierId
    title: str
    service: Service
    minimum_score: Decimal = Field(default=NOTHING, ge=0, le=100)
    cap: int | None = Field(default=None, ge=1)
    """The most partners it takes; None where hours alone decide."""


def kinds(tiers: Iterable[Tier]) -> list[str]:
    """Every kind of touch that some tiers' services consist of, once."""
    return list(dict.fromkeys(touch.kind for tier in tiers for touch in tier.service.promised))


@dataclass(frozen=True, slots=True)
class Scored:
    """A partner in the ranking: its score, and what breaks a tie. Small, since the whole roster is ranked at once."""

    partner: PartnerId
    name: str
    low: Decimal
    high: Decimal
    """The ends between which its score lies."""
    ties: tuple[Decimal, ...] = ()
    """The higher goes first, one after the other, and then the name."""
    stands_in: str | None = None
    """The tier that it is in."""
    up_to: str | None = None
    """The highest tier that it is eligible for by the program's policy; None where it has none."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the cut puts a partner, before movement rules say how far it goes there."""

    partner: PartnerId
    rank: int
    tier: str
    turn: int = 0
    """When its move is decided: who does not rise goes first, since some make room, then who does, from the top."""
    best_rank: int = 0
    worst_rank: int = 0
    """The rank it can have, whatever turns out of what is unknown."""
    tier_at_best: str = ""
    """The tier that it would have if everything unknown of it were perfect: another one hangs on evidence."""
    short: Decimal | None = None
    """The points that it lacks for its own tier, where the cut lies below; None where no score would do."""


@dataclass(frozen=True)
class Waiting:
    """Who would be the next in a tier, had the team more hours."""

    tier: str
    partner: PartnerId
    hours: Decimal
    """That those who look after the tier lack for it, beside any that the last tier's own service lacks."""


@dataclass(frozen=True)
class Cut:
    """The whole roster, ranked and put into tiers that the team's hours carry."""

    placements: list[Placement]
    """In the order of their rank."""
    taken: Mapping[str, Decimal]
    """The hours that each tier takes."""
    team: Team
    waiting: list[Waiting]
    short: Decimal
    """The hours that the last tier's own service lacks. Nobody is above it then who takes of the same."""

    def handed_out(self) -> dict[str, dict[str, Decimal]]:
        """The hours that each person gives to each tier."""
        given = self.team.handed_out({tier: in_hundredths(hours) for tier, hours in self.taken.items()})
        return {name: {tier: in_hours(gift) for tier, gift in by_tier.items()} for name, by_tier in given.items()}

    def tiers(self) -> dict[str, str]:
        """Each partner's tier."""
        return {placement.partner: placement.tier for placement in self.placements}


def rank(roster: Iterable[Scored]) -> list[Scored]:
    """The whole roster in order: by score, then as ties are broken, then by name."""
    # One after the other, the last first: a key for all of it at once takes more memory than who it belongs to.
    ranked = sorted(roster, key=lambda one: (one.name, one.partner))
    ranked.sort(key=lambda one: one.ties, reverse=True)
    ranked.sort(key=lambda one: one.low, reverse=True)
    return ranked


_Key = tuple[Any, ...]


def _key(one: Scored, points: Decimal) -> _Key:
    """The same order for comparing somebody by any points."""
    return (-points, tuple(-tie for tie in one.ties), one.name, one.partner)


def _at_worst(one: Scored) -> _Key:
    return _key(one, one.low)


def _at_best(one: Scored) -> _Key:
    return _key(one, one.high)


@dataclass
class _Filling:
    """The tiers while they are filled from the top."""

    tiers: Sequence[Tier]
    team: Team
    band: Decimal
    unplaced: int
    """Partners that are in no tier above the last."""
    groups: list[tuple[frozenset[str], int]] = field(init=False)
    taken: dict[str, int] = field(init=False)
    places: dict[str, str] = field(init=False, default_factory=dict)
    lines: dict[str, _Key | None] = field(init=False, default_factory=dict)
    """Of tiers that are full: the key of who came in last; None where nobody did."""
    waiting: list[Waiting] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.groups = self.team.groups()
        self.taken = dict.fromkeys((tier.id for tier in self.tiers), 0)
        self.taken[self.last.id] = self._kept_for_last(self.unplaced)
        self._index = {tier.id: n for n, tier in enumerate(self.tiers)}

    @property
    def last(self) -> Tier:
        return self.tiers[-1]

    def needed_by_last(self, partners: int) -> int:
        """What the last tier's service takes for so many partners."""
        return partners * in_hundredths(self.last.service.hours)

    def _kept_for_last(self, partners: int) -> int:
        """What is kept for those who are left: their service, as far as there are hours for it."""
        return min(self.needed_by_last(max(partners, 0)), self.team.serving(self.last.id))

    def points(self, one: Scored, tier: Tier, points: Decimal) -> Decimal:
        """A score as it counts for a tier: who stands there, or above, has the band's advantage."""
        return points + self.band if self._holds(one, tier) else points

    def _holds(self, one: Scored, tier: Tier) -> bool:
        return self._stands(one) <= self._index[tier.id]

    def eligible(self, one: Scored, tier: Tier) -> bool:
        """Whether the policy lets a partner into a tier; its minimum is another matter."""
        return self._index.get(one.up_to or "", 0) <= self._index[tier.id]

    def given(self, one: Scored) -> str:
        """The tier that a partner has come into."""
        return self.places.get(one.partner, self.last.id)

    def falls(self, one: Scored) -> bool:
        """Whether that lies below the one it stands in."""
        return self._index[self.given(one)] > self._stands(one)

    def rises_from(self, one: Scored) -> int:
        """The place of the tier from which a partner rises, the second being 1; 0 where it does not rise."""
        stands = self._stands(one)
        return stands if self._index[self.given(one)] < stands else 0

    def _stands(self, one: Scored) -> int:
        return self._index.get(one.stands_in or "", len(self.tiers))

    def lacking(self, tier: Tier) -> int:
        """The hours that one partner more in a tier would lack."""
        kept = self._kept_for_last(self.unplaced - 1)
        wanted = {**self.taken, self.last.id: kept, tier.id: self.taken[tier.id] + in_hundredths(tier.service.hours)}
        return max(sum(wanted[name] for name in group) - there for group, there in self.groups if tier.id in group)

    def fill(self, tier: Tier, ranked: Iterable[Scored]) -> None:
        """Give a tier to those who are eligible for it, by rank, until hours or the cap are spent."""
        came_in, taken = None, 0
        for key, one in self._candidates(tier, ranked):
            lacking = self.lacking(tier)
            if taken == tier.cap or lacking > 0:
                self.lines[tier.id] = came_in
                if taken != tier.cap:
                    self.waiting.append(Waiting(tier.id, one.partner, in_hours(lacking)))
                return
            self.places[one.partner] = tier.id
            self.taken[tier.id] += in_hundredths(tier.service.hours)
            self.unplaced -= 1
            self.taken[self.last.id] = self._kept_for_last(self.unplaced)
            came_in, taken = key, taken + 1
        if taken == tier.cap or self.lacking(tier) > 0:
            self.lines[tier.id] = came_in

    def _candidates(self, tier: Tier, ranked: Iterable[Scored]) -> Iterator[tuple[_Key, Scored]]:
        """Who could have a tier, by rank as it counts there; no further than somebody asks."""

        def these(holding: bool) -> Iterator[tuple[_Key, Scored]]:
            for one in ranked:
                if self._holds(one, tier) == holding and one.partner not in self.places and self.eligible(one, tier):
                    points = self.points(one, tier, one.low)
                    if points < tier.minimum_score:
                        return
                    yield _key(one, points), one

        return merge(these(holding=True), these(holding=False))

    def takes(self, one: Scored, tier: Tier) -> Decimal | None:
        """The least score with which a partner would have come into a tier; None where none would do."""
        if not self.eligible(one, tier):
            return None
        least = tier.minimum_score
        if tier.id in self.lines:
            line = self.lines[tier.id]
            if line is None:
                return None
            # Ahead of who came in last by the same score, if its ties are better, else by the least that counts.
            behind = _key(one, -line[0])[1:] > line[1:]
            least = max(least, -line[0] + (LEAST_STEP if behind else NOTHING))
        return max(least - (self.band if self._holds(one, tier) else NOTHING), NOTHING)

    def tier_by(self, one: Scored, points: Decimal) -> str:
        """The tier that a partner would have with other points, all others having theirs."""
        own = self.given(one)
        for tier in self.tiers:
            if tier.id == own:
                break
            takes = self.takes(one, tier)
            if takes is not None and points >= takes:
                return tier.id
        return own

    def short(self, one: Scored) -> Decimal | None:
        """The points that a partner lacks for the tier it stands in; None where it lacks none, or none would do."""
        own = self.tiers[: self._index.get(one.stands_in or "", -1) + 1]
        takes = [least for tier in own if (least := self.takes(one, tier)) is not None and least <= 100]
        return max(min(takes) - one.low, NOTHING) if takes else None


def takes(
    roster: Iterable[Scored],
    tiers: Sequence[Tier],
    team: Team,
    band: Decimal = NOTHING,
    others: int = 0,
) -> dict[PartnerId, dict[str, Decimal | None]]:
    """The least score with which each partner would be cut into each tier above the last, all others having theirs.

    None where no score would do: because of the policy, or since nobody could be in the tier at all. Of others, whose
    score is out of reach of those tiers, it is enough to know how many there are.
    """
    ranked = rank(roster)
    filling = _filled(ranked, tiers, team, band, others)
    return {one.partner: {tier.id: filling.takes(one, tier) for tier in tiers[:-1]} for one in ranked}


def in_reach(tiers: Sequence[Tier], band: Decimal = NOTHING) -> Decimal:
    """The least score that might come into a tier above the last, whoever has it and whatever tier it stands in."""
    return min((tier.minimum_score for tier in tiers[:-1]), default=NOTHING) - band


def _filled(ranked: Sequence[Scored], tiers: Sequence[Tier], team: Team, band: Decimal, others: int = 0) -> _Filling:
    filling = _Filling(tiers, team, band, len(ranked) + others)
    for tier in tiers[:-1]:
        filling.fill(tier, ranked)
    return filling


def cut(roster: Iterable[Scored], tiers: Sequence[Tier], team: Team, band: Decimal = NOTHING) -> Cut:
    """Hand the team's hours to the ranked roster, tier by tier from the top.

    The last tier takes everyone else, and what its service takes of everyone is kept before anybody receives more. Who
    stands in a tier, or above it, keeps its place against anybody who is not better by more than the band.
    """
    ranked = rank(roster)
    filling = _filled(ranked, tiers, team, band)
    last = filling.last.id
    return Cut(
        placements=list(_placed(ranked, filling)),
        taken={name: in_hours(taken) for name, taken in filling.taken.items()},
        team=team,
        waiting=filling.waiting,
        short=in_hours(filling.needed_by_last(filling.unplaced) - filling.taken[last]),
    )


def placed(roster: Iterable[Scored], tiers: Sequence[Tier], team: Team, band: Decimal = NOTHING) -> Iterator[Placement]:
    """The placements of a cut one after the other, for a roster that is too large to keep them all."""
    ranked = rank(roster)
    return _placed(ranked, _filled(ranked, tiers, team, band))


def _placed(ranked: Sequence[Scored], filling: _Filling) -> Iterator[Placement]:
    """Where everybody stands, by rank."""
    at_best = sorted(_at_best(one) for one in ranked if one.low != one.high)
    sure, hopeful = 0, 0  # of those who come before whatever turns out, and of those who may
    for position, (one, turn) in enumerate(zip(ranked, _turns(ranked, filling), strict=True)):
        known, key = one.low == one.high, _at_worst(one)
        while hopeful < len(at_best) and at_best[hopeful] < key:
            hopeful += 1
        best = position if known else bisect_left(ranked, _at_best(one), key=_at_worst)
        sure += known
        given = filling.given(one)
        yield Placement(
            partner=one.partner,
            rank=position + 1,
            tier=given,
            turn=turn,
            best_rank=best + 1,
            worst_rank=sure + hopeful,
            tier_at_best=given if known else filling.tier_by(one, one.high),
            short=filling.short(one) if filling.falls(one) else None,
        )


def _turns(ranked: Sequence[Scored], filling: _Filling) -> Iterator[int]:
    """In which turn each partner's move is decided: who does not rise first, then who does, from the top; by rank."""
    many = Counter(filling.rises_from(one) for one in ranked)
    following = {tier: 1 + sum(many[higher] for higher in range(tier)) for tier in many}
    for one in ranked:
        tier = filling.rises_from(one)
        yield following[tier]
        following[tier] += 1

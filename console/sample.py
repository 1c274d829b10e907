"""A made-up roster around today, so that a newcomer sees partners at every stage within a minute.

It is seeded: the same day gives the same partners. Loading goes through the acts of an operator, and may be broken off
and taken up again.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from intake.reading import MappedAccount
from operations.acts import Operations, Unanswered, for_each
from program.definition import Program
from program.opportunity import Opportunity
from program.partner import Partner, PartnerType, Stage
from program.person import Person
from program.request import ActionTaken
from program.scorecard import Criterion, Rated, Scorecard
from workflows.messages import JointPlay

SEED: Final = 60
SOURCE: Final = "sample"
TRY_AGAIN_SECONDS: Final = 1

_FIRST = ("Alder", "Birch", "Cedar", "Dune", "Ember", "Fjord", "Granite", "Harbour", "Indigo", "Juniper")
_LAST = ("Systems", "Consulting", "Networks", "Partners")
_OWNERS = (("Noor Haddad", "Ines Varga"), ("Tom Okafor", "Ines Varga"), ("Lea Brandt", "Piet Jansen"))
_REGIONS = ("North", "South", "West")


@dataclass(frozen=True)
class Sample:
    """One made-up partner and what is to happen with it."""

    partner: Partner
    pilot_since: date | None = None
    """Of a pilot that runs, or ran, already."""
    scorecard: Scorecard | None = None
    applies: bool = True
    opportunities: tuple[Opportunity, ...] = ()
    prepared: bool = True
    """Whether accounts were mapped, plays agreed and next actions recorded."""
    running: bool = False
    """Whether its pilot still runs: what is recorded about it after its verdict is refused."""


def make(program: Program, today: date, seed: int = SEED) -> list[Sample]:
    """Forty partners: applied, with a scorecard waiting, in a pilot on day 23 or 28, on day 60 today, active, new."""
    dice = random.Random(f"{seed} {today}")  # noqa: S311 -- a sample, not a secret
    names = [f"{first} {last}" for last in _LAST for first in _FIRST]
    dice.shuffle(names)
    partners = [_partner(name, dice) for name in names]
    samples = [Sample(partner, applies=index > 1) for index, partner in enumerate(partners[:6])]
    samples += [
        Sample(partner, scorecard=_scorecard(program, _MEANT[index], dice))
        for index, partner in enumerate(partners[6:16])
    ]
    for partner, age, pace in zip(partners[16:], _AGES, _PACES, strict=True):
        since = today - timedelta(days=age)
        samples.append(_pilot(program, partner, since, today, pace, dice))
    return samples


_MEANT = ("sign", "sign", "sign", "sign", "fit", "fit", "people", "missing", "against", "intent")
_AGES = (23,) * 8 + (28,) * 2 + (60,) * 6 + (75,) * 8
_PACES = (1.2, 1.1, 1.0, 0.9, 0.8, 0.5, 1.3, 0.2, 0.0, 0.0, 1.4, 1.2, 1.1, 0.6, 0.3, 0.0) + (1.5,) * 8
"""What each pilot brings, as a share of its target."""


def _partner(name: str, dice: random.Random) -> Partner:
    owner, manager = dice.choice(_OWNERS)
    return Partner(
        id=name.lower().replace(" ", "-"),
        name=name,
        type=dice.choice(list(PartnerType)),
        region=dice.choice(_REGIONS),
        owner=owner,
        owner_manager=manager,
        email=f"partners@{name.lower().replace(' ', '-')}.example",
    )


def people() -> list[Person]:
    """Those whom the partners name. Like the partners', their addresses are ones that no mail server delivers to."""
    names = sorted({name for pair in _OWNERS for name in pair})
    return [Person(name=name, email=f"{name.lower().replace(' ', '.')}@ours.example") for name in names]


def _scorecard(program: Program, meant: str, dice: random.Random) -> Scorecard:
    form = program.scorecard
    low = {
        "fit": {c.id for s in form.sections[:1] for c in s.criteria[:1]},
        "intent": {c.id for s in form.sections[1:2] for c in s.criteria},
        "people": {c.id for s in form.sections[2:3] for c in s.criteria},
    }.get(meant, set())
    left_out = {form.criteria[-1].id} if meant == "missing" else set()

    def rate(criterion: Criterion) -> Rated:
        rating = 2 if criterion.id in low else dice.choice((4, 4, 5))
        return Rated(rating=rating, evidence=criterion.rubric[1 if rating == 2 else 5])

    return Scorecard(
        reviewer="Sample reviewer",
        ratings={c.id: rate(c) for c in form.criteria if c.id not in left_out},
        screening={q.id: meant == "against" and q == form.disqualifiers[0] for q in form.questions},
    )


def _pilot(program: Program, partner: Partner, since: date, today: date, pace: float, dice: random.Random) -> Sample:
    targets, days = program.types[partner.type].targets, program.for_type(partner.type).pilot.days
    elapsed = min((today - since).days, days)
    qualified = round(targets.qualified * pace * elapsed / days)
    progressed = round(targets.progressed * pace * elapsed / days)
    opportunities = []
    for number in range(qualified):
        created = since + timedelta(days=dice.randrange(max(elapsed - 12, 1)))
        won = created + timedelta(days=dice.randint(2, 10)) if number < progressed else None
        opportunities.append(
            Opportunity(
                id=f"{partner.id}-{number + 1}",
                partner=partner.id,
                account=f"Account {dice.randint(1, 25)}",
                created_on=created,
                qualified_on=created,
                progressed_on=won,
                closed_on=won,
                won=True if won else None,
                value=Decimal(dice.randint(20, 400) * 100) if won else None,
                mutual=number % 3 != 2,
            )
        )
    return Sample(
        partner,
        pilot_since=since,
        opportunities=tuple(opportunities),
        prepared=pace > 0,
        running=elapsed < days,
    )


async def load(operations: Operations, samples: list[Sample]) -> None:
    """Bring the roster in and start its lifecycles; what is there already is left as it is."""
    operations.record_partners([sample.partner for sample in samples])
    operations.record_people(people())
    operations.record_opportunities([o for sample in samples for o in sample.opportunities], SOURCE)
    prepared = [sample for sample in samples if sample.pilot_since and sample.prepared]
    accounts = [
        MappedAccount(partner=sample.partner.id, name=f"Account {number + 1}")
        for sample in prepared
        for number in range(25)
    ]
    operations.record_accounts(accounts, min((s.pilot_since for s in prepared if s.pilot_since), default=date.min))
    await for_each(samples, lambda sample: _until_answered(lambda: _live(operations, sample)))


async def _until_answered(act: Callable[[], Awaitable[None]]) -> None:
    """Do something as soon as somebody is there to do it: the worker may just be starting, or starting again."""
    while True:
        try:
            await act()
        except Unanswered:
            await asyncio.sleep(TRY_AGAIN_SECONDS)
        else:
            return


async def _live(operations: Operations, sample: Sample) -> None:
    partner = sample.partner.id
    if _stage(operations, partner) == Stage.PROSPECT and sample.applies:
        if sample.pilot_since:
            await operations.adopt(partner, sample.pilot_since)
        else:
            await operations.apply(partner)
    if sample.scorecard and _stage(operations, partner) == Stage.APPLIED:
        await operations.submit_scorecard(partner, sample.scorecard)
    if sample.running and sample.prepared:
        for name, trigger in (("Renewal", "A contract ends within 90 days"), ("Migration", "A platform is retired")):
            play = JointPlay(name=name, trigger=trigger, outcome="A meeting with the economic buyer")
            await operations.agree_play(partner, play)
        due_on = operations.today() + timedelta(days=7)
        review = ActionTaken(what="Go through the open opportunities", who=sample.partner.owner, due_on=due_on)
        await operations.record_next_action(partner, review)


def _stage(operations: Operations, partner: str) -> Stage:
    with operations.store.read() as tx:
        return tx.partners.get(partner).stage

"""How long a preview takes over 10,000 recorded decisions about a few hundred partners.

python -m measure.preview [--decisions 10000] [--partners 500] [--database URL]

The decisions are made by the activities that make them in service, in a database of its own; one that is named and
holds decisions is used as it is.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any, cast

from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.deciding import Shelf
from activities.pilot import Look, Pilots
from activities.qualification import Candidacy, Entry, Qualification
from activities.roster import Page, RescoreBegin, RescorePublish, Roster
from activities.sweep import SweepPage, Sweeps
from operations.preview import Preview, preview
from operations.publishing import publish_first
from program.calendar import Clock, Quarter
from program.opportunity import Opportunity
from program.partner import Partner, PartnerType, Stage
from program.pilot import PilotTerms
from program.scorecard import Rated, Scorecard
from rules.folder import DEFAULT_PROGRAM, LoadedProgram, load_program, read_folder
from store.database import Store

FIRST_DAY = date(2017, 1, 1)
SEED = 60

DRAFTS = {
    "thresholds": [
        ("program.yaml", "version: 1\n", "version: 2\n"),
        ("program.yaml", "minimum: 3.5", "minimum: 3.8"),
        ("program.yaml", "qualified: 6, progressed: 3", "qualified: 4, progressed: 2"),
        ("program.yaml", "minimum_score: 25", "minimum_score: 35"),
        ("program.yaml", "growth: 45", "growth: 30"),
    ],
    "new facts, and more weeks": [
        ("program.yaml", "version: 1\n", "version: 2\n"),
        ("program.yaml", "recent_weeks: 3", "recent_weeks: 5"),
        ("program.yaml", "deferral_days: 90", "evidence: [{id: overlap, title: Overlap}]\ndeferral_days: 90"),
        ("policies/qualification.yaml", "outcomes:", "  overlap: {type: ratio}\noutcomes:"),
        (
            "policies/qualification.yaml",
            "rules:\n",
            "rules:\n  - {id: little, when: {overlap: {lt: 10%}}, then: decline, because: Too little.}\n",
        ),
        ("policies/pilot-verdict.yaml", "  target_qualified:", "  mapped_accounts: {type: count}\n  target_qualified:"),
        (
            "policies/pilot-verdict.yaml",
            "mutual_deals: {gte: 1}",
            "mapped_accounts: {gte: 9}",
        ),
    ],
}
"""Of the second, nothing but the measured facts is in the records: the rest is looked up, decision by decision."""


class Years:
    """Years of a program, lived through by the activities alone."""

    def __init__(self, store: Store, program: LoadedProgram) -> None:
        self.store = store
        self.program = program
        self.dice = random.Random(SEED)  # noqa: S311 -- a sample, not a secret
        shelf, nobody = Shelf(store), cast("Client", None)
        self.sweeps = Sweeps(store, shelf)
        self.gate, self.pilots, self.roster = (
            Qualification(store, shelf),
            Pilots(store, shelf),
            Roster(store, shelf, nobody),
        )
        publish_first(store, program, FIRST_DAY, at(FIRST_DAY))

    def enter(self, number: int) -> None:
        """One partner: applies, is decided on, and lives through its pilot."""
        kind = [*PartnerType][number % 3]
        partner = Partner(id=f"partner-{number}", name=f"Partner {number}", type=kind, region="North", owner="Ada")
        day = FIRST_DAY + timedelta(days=self.dice.randrange(300))
        with self.store.write() as tx:
            tx.partners.add([partner], at(day))
            tx.opportunities.record(self._deals(partner, day), "crm", at(FIRST_DAY))
            tx.preparation.map_accounts(partner.id, [f"Account {n}" for n in range(25)], day)
        run(self.gate.enter, Entry(partner=partner.id, application=1, as_of=day, known_at=at(day)))
        candidacy = Candidacy(
            partner=partner.id,
            application=1,
            number=1,
            scorecard=self._scorecard(),
            as_of=day,
            known_at=at(day),
            clock=Clock(),
        )
        qualified = run(self.gate.qualify, candidacy)
        if qualified.terms:
            self._pilot(partner, qualified.terms)

    def _deals(self, partner: Partner, since: date) -> list[Opportunity]:
        deals = []
        for number in range(self.dice.randrange(3, 60)):
            created = since + timedelta(days=self.dice.randrange(50 if number < 9 else 1200))
            won = created + timedelta(days=9) if self.dice.random() < 0.6 else None
            value = self.dice.randrange(9000) if won else None
            deals.append(
                Opportunity.model_validate(
                    {
                        "id": f"{partner.id}/{number}",
                        "partner": partner.id,
                        "created_on": created,
                        "qualified_on": created,
                        "progressed_on": won,
                        "closed_on": won,
                        "won": True if won else None,
                        "value": value,
                        "mutual": self.dice.random() < 0.7,
                    }
                )
            )
        return deals

    def _scorecard(self) -> Scorecard:
        form = self.program.program.scorecard
        ratings = {c.id: Rated(rating=self.dice.choice((3, 4, 4, 4, 4, 5)), evidence="Seen") for c in form.criteria}
        return Scorecard(reviewer="Rita", ratings=ratings, screening={q.id: False for q in form.questions})

    def _pilot(self, partner: Partner, terms: PilotTerms) -> None:
        def look(on: date, **more: Any) -> Look:
            return Look(
                partner=partner.id,
                application=1,
                terms=terms,
                as_of=on,
                known_at=at(on),
                today=on,
                clock=Clock(),
                **more,
            )

        for week in range(1, terms.weeks + 1):
            run(self.pilots.look_at_week, look(terms.checkpoint(week), week=week))
        run(self.pilots.judge, look(terms.last_day))

    def rescore(self, quarter: Quarter) -> None:
        """Score, cut and move everyone."""
        on = quarter.last_day
        terms = run(self.roster.begin_rescore, RescoreBegin(quarter=quarter, as_of=on, known_at=at(on)))
        for act in (self.roster.score_page, self.roster.move_page):
            page: Page | None = Page(terms=terms)
            while page:
                page = run(act, page)
            if act == self.roster.score_page:
                run(self.roster.cut_tiers, terms)
        run(self.roster.publish, RescorePublish(terms=terms, at=at(on)))

    def sweep(self, on: date) -> None:
        """Look for stalls."""
        page = SweepPage(as_of=on, known_at=at(on), clock=Clock())
        while page.after is not None:
            page = run(self.sweeps.look_for_stalls, page)


def at(day: date) -> datetime:
    """The morning of a day."""
    return datetime.combine(day, time_of_day(6), tzinfo=UTC)


def run(act: Callable[[Any], Any], given: object) -> Any:
    """Have an activity do something."""
    return ActivityEnvironment().run(act, given)


def decided(store: Store) -> int:
    """How many decisions are recorded."""
    with store.read() as tx:
        last = tx.decisions.listed(last=1)
    return last[0][0] if last else 0


def fill(store: Store, program: LoadedProgram, partners: int, decisions: int) -> None:
    """Live until so much is decided."""
    years = Years(store, program)
    for number in range(partners):
        years.enter(number)
    quarter, monday = Quarter(year=2017, number=4), date(2018, 1, 1)
    while decided(store) < decisions:
        if monday > quarter.last_day:
            years.rescore(quarter)
            quarter = quarter.next
        years.sweep(monday)
        monday += timedelta(days=7)


def changed(program: LoadedProgram, changes: list[tuple[str, str, str]]) -> LoadedProgram:
    """A draft."""
    files = dict(program.files)
    for file, old, new in changes:
        if old not in files[file]:
            raise SystemExit(f"{file} does not say {old!r} any more; change the draft")
        files[file] = files[file].replace(old, new, 1)
    return load_program(files)


def said(found: Preview) -> str:
    """What a preview found, in a line."""
    return (
        f"{found.looked_at} decisions, {len(found.movers)} movers, {len(found.not_remade)} not decided again, "
        f"{len(found.tier_changes)} tiers and {len(found.pilot_changes)} of {found.pilots} pilots otherwise"
    )


def main() -> None:
    """Print the seconds that each draft takes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=int, default=10_000)
    parser.add_argument("--partners", type=int, default=500)
    parser.add_argument("--database", help="where they are, or are to be made")
    asked = parser.parse_args()
    program = read_folder(DEFAULT_PROGRAM)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(asked.database or f"sqlite:///{folder}/gatehouse.db")
        store.migrate()
        if not decided(store):
            began = time.monotonic()
            fill(store, program, asked.partners, asked.decisions)
            print(f"made in {time.monotonic() - began:.0f} s")
        with store.read() as tx:
            stages = {stage.value: len(tx.partners.roster(stage)) for stage in Stage}
        print(", ".join(f"{count} {stage}" for stage, count in stages.items() if count))
        for name, changes in DRAFTS.items():
            draft = changed(program, changes)
            began, processor = time.monotonic(), time.process_time()
            found = preview(store, draft, date(2020, 1, 1), at(date(2020, 1, 1)))
            seconds, busy = time.monotonic() - began, time.process_time() - processor
            print(f"{name}: {seconds:.1f} s ({busy:.1f} s of a processor): {said(found)}")
        store.close()


if __name__ == "__main__":
    main()

"""Two who work on the same partners at once wait for one another, and never both of them.

On PostgreSQL: SQLite has one writer, who has everything from the beginning.
"""

from collections.abc import Iterator

import pytest

from intake.reading import MappedAccount
from operations.acts import record_accounts
from operations.rating import rate
from operations.serving import serve
from program.escalation import Reassign
from program.notice import Notice
from program.opportunity import Opportunity
from program.serving import ServiceOverride
from rules.folder import LoadedProgram
from store.database import Store, Transaction
from tests.activities.conftest import START, Office, at, day
from tests.activities.test_sweep import sweep
from tests.store.at_once import Step, meanwhile
from tests.world import a_partner, a_scorecard

LATE = day(60)


pytestmark = pytest.mark.parametrize("any_url", ["postgresql"], indirect=True)


@pytest.fixture
def office(any_url: str, default_program: LoadedProgram) -> Iterator[Office]:
    store = Store(any_url)
    store.migrate()
    yield Office(store, default_program)
    store.close()


def stalled(office: Office, *names: str) -> list[str]:
    """The escalations of some partners that are active and silent."""
    for name in names:
        office.active(name)
    return [key for key in sweep(office, LATE).escalations if "partner_silent" in key]


def holds(*keys: str) -> Step:
    return lambda tx: [tx.escalations.held(key) for key in keys]


def decides(tx: Transaction) -> None:
    """Something is decided about whoever was decided about last."""
    [(_, last)] = tx.decisions.listed(last=1)
    tx.decisions.record(last.model_copy(update={"purpose": "another"}))


def tells(tx: Transaction) -> None:
    """Somebody is told of Acme."""
    notice = Notice(key="acme/told", kind="tier.up", partner="acme", recipient="Acme", subject="Hello", body="There")
    tx.notices.write(notice, at(LATE))


def is_rated(tx: Transaction) -> None:
    """A reviewer begins to rate Acme."""
    tx.partners.held("acme")


def brings_evidence(tx: Transaction) -> None:
    """Something of Acme's comes in."""
    tx.preparation.map_accounts("acme", ["Initech"], LATE)


def test_a_sweep_and_a_scorecard_of_whom_it_sees(office: Office) -> None:
    office.applied("Acme")
    [key] = sweep(office, LATE).escalations
    meanwhile(office.store, decides, lambda: office.submits("acme", a_scorecard(), on=LATE), holds(key))


def test_who_tells_of_a_stall_and_a_reviewer_who_rates_the_partner_anew(office: Office) -> None:
    [key] = stalled(office, "Acme")

    def rates() -> None:
        with office.store.write() as tx:
            rate(tx, office.program.program, {"acme": a_scorecard()}, LATE, LATE, at(LATE))

    meanwhile(office.store, holds(key), rates, tells)


def test_who_tells_of_a_stall_and_who_serves_the_partner_otherwise(office: Office) -> None:
    [key] = stalled(office, "Acme")
    override = ServiceOverride(
        partner="acme", tier="strategic", first=LATE, until=day(70), reason="A deal", granted_by="Ada"
    )

    def serves() -> None:
        with office.store.write() as tx:
            serve(tx, office.program.program, override, at(LATE))

    meanwhile(office.store, holds(key), serves, tells)


def test_who_hands_a_partner_on_and_a_reviewer_who_rates_it_anew(office: Office) -> None:
    [key] = stalled(office, "Acme")
    asked = office.answer(key, Reassign(who="Ada", note="Hers", to="Grace"), LATE)
    meanwhile(office.store, is_rated, lambda: office.run(office.escalating.answer, asked), brings_evidence)


def test_a_verdict_and_a_reviewer_who_rates_the_pilot_anew(office: Office) -> None:
    office.in_pilot("Acme")
    office.run(office.pilots.look_at_week, office.looks("acme", 3))
    judged = office.judges("acme")
    meanwhile(office.store, is_rated, lambda: office.run(office.pilots.judge, judged), brings_evidence)


@pytest.mark.parametrize("names", [("Acme", "Acme Labs"), ("Bolt", "Acme")], ids=" and ".join)
def test_an_import_of_deals_and_a_sweep_that_goes_by_id(
    office: Office, names: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.opportunities._AT_ONCE", 1)
    first, second = stalled(office, *names)
    deals = [Opportunity(id=name, partner=a_partner(name).id, created_on=START) for name in names]

    def imports() -> None:
        with office.store.write() as tx:
            tx.opportunities.record(deals, "crm", at(LATE))

    meanwhile(office.store, holds(first), imports, holds(second))


def test_an_import_of_accounts_and_a_sweep_that_goes_by_id(office: Office) -> None:
    first, second = stalled(office, "Acme", "Bolt")

    def imports() -> None:
        with office.store.write() as tx:
            record_accounts(tx, [MappedAccount(partner=name, name="Initech") for name in ("bolt", "acme")], LATE)

    meanwhile(office.store, holds(first), imports, holds(second))


def test_who_has_sent_a_digest_and_a_sweep_that_ends_what_it_tells_of(office: Office) -> None:
    first, second = stalled(office, "Acme", "Bolt")
    told = [
        Notice(
            key=f"{key}/opened",
            kind="escalation.opened",
            partner=key.partition("/")[0],
            recipient="Ada",
            subject="Stalled",
            body="So",
        )
        for key in (first, second)
    ]
    digest = Notice(key="digests/1", kind="escalation.digest", recipient="Ada", subject="Two", body="So")
    with office.store.write() as tx:
        tx.notices.write_all(told, at(LATE))
        tx.notices.bundle([told[1].key], digest, at(LATE))
        tx.notices.bundle([told[0].key], digest, at(LATE))

    def sends() -> None:
        with office.store.write() as tx:
            tx.notices.delivered(digest.key, at(LATE))

    ends = [lambda tx, key=key: tx.notices.about(key.partition("/")[0], key) for key in (first, second)]
    meanwhile(office.store, ends[0], sends, ends[1])

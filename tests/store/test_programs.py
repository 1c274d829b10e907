"""Published programs: kept as they are, in force from their day on, withdrawn at most."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest

from program.errors import Refused
from store.database import Store
from tests.store.conftest import AT, PROGRAM, a_version
from tests.store.contents import contents

LATER = AT + timedelta(hours=1)
NEXT = date(2017, 4, 1)


def test_a_program_is_kept_as_it_was_published(any_store: Store) -> None:
    second = a_version(version=2, digest="1" * 64, effective_on=NEXT)
    with any_store.write() as tx:
        tx.programs.publish(second, {"program.yaml": "new"}, {"cases/stall.yaml": "a case"})
    with any_store.read() as tx:
        assert tx.programs.listed() == [a_version(), second]
        assert tx.programs.get(2) == second
        assert tx.programs.files("1" * 64) == {"program.yaml": "new"}
        assert tx.programs.cases("1" * 64) == {"cases/stall.yaml": "a case"}
        assert tx.programs.in_force(NEXT - timedelta(days=1)) == a_version()
        assert tx.programs.in_force(NEXT) == second


def test_what_was_published_once_is_not_changed_by_publishing_it_again(any_store: Store) -> None:
    before = contents(any_store)
    with any_store.write() as tx:
        tx.programs.publish(a_version(note="Another", effective_on=NEXT), {"program.yaml": "other"}, {"a": "b"})
    assert contents(any_store) == before


@pytest.mark.parametrize("changes", [{"digest": "1" * 64}, {"version": 2}])
def test_a_version_has_one_digest_and_a_digest_one_version(any_store: Store, changes: dict[str, object]) -> None:
    before = contents(any_store)
    with pytest.raises(Refused, match="was published with other files"), any_store.write() as tx:
        tx.programs.publish(a_version(**changes), {}, {})
    assert contents(any_store) == before


def test_who_withdraws_a_version_first_is_noted_and_nothing_else_of_it_changes(any_store: Store) -> None:
    with any_store.write() as tx:
        tx.programs.publish(a_version(version=2, digest="1" * 64, effective_on=NEXT), {"program.yaml": "new"}, {})
        tx.programs.withdraw(2, "Pat", "A slip", LATER)
        withdrawn = tx.programs.withdraw(2, "Ada", "Again", LATER + timedelta(hours=1))
        assert (withdrawn.withdrawn_by, withdrawn.withdrawn_because, withdrawn.withdrawn_at) == ("Pat", "A slip", LATER)
        assert tx.programs.in_force(NEXT) == a_version()
        assert tx.programs.files("1" * 64) == {"program.yaml": "new"}


def test_of_several_that_publish_at_once_each_sees_what_the_others_have_published(any_store: Store) -> None:
    start = Barrier(4)

    def publish(number: int) -> int:
        start.wait()
        with any_store.write() as tx:
            tx.programs.alone()
            version = max(publication.version for publication in tx.programs.listed()) + 1
            tx.programs.publish(a_version(version=version, digest=str(number) * 64), {}, {})
            return version

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(publish, range(1, 5))) == [2, 3, 4, 5]
    assert {row[0] for row in contents(any_store)["programs"]} == {PROGRAM, *(str(n) * 64 for n in range(1, 5))}

"""Which version of a program is in force on a day, and how the others stand."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from program.publication import Publication, in_force, next_in_force, state

DAY = date(2017, 3, 1)
AT = datetime(2017, 2, 1, tzinfo=UTC)


def version(number: int, on: int, *, withdrawn: bool = False) -> Publication:
    """A version that is to be in force from so many days after 1 March on."""
    return Publication(
        version=number,
        digest=f"{number:064}",
        name="default",
        effective_on=DAY + timedelta(days=on),
        published_by="Pat",
        note="A test",
        published_at=AT,
        withdrawn_at=AT if withdrawn else None,
    )


@pytest.mark.parametrize(
    ("published", "numbers"),
    [
        ([], [None] * 5),
        ([version(1, 2)], [1, 1, 1, 1, 1]),  # the first decides what was before it too
        ([version(1, 0), version(2, 3)], [1, 1, 1, 2, 2]),
        ([version(1, 0), version(2, 2), version(3, 2)], [1, 1, 3, 3, 3]),
        ([version(1, 0), version(2, 3), version(3, 1)], [1, 3, 3, 2, 2]),  # what was to come on its day comes
        ([version(1, 0), version(2, 1, withdrawn=True), version(3, 3)], [1, 1, 1, 3, 3]),
        ([version(1, 2), version(2, 2)], [2, 2, 2, 2, 2]),
        ([version(1, 1, withdrawn=True)], [None] * 5),
    ],
)
def test_the_version_in_force_is_the_last_that_has_begun(
    published: list[Publication], numbers: list[int | None]
) -> None:
    found = [in_force(published, DAY + timedelta(days=day)) for day in range(5)]
    assert [version.version if version else None for version in found] == numbers


def test_how_each_version_stands_is_said_in_a_word() -> None:
    published = [
        version(1, 0),
        version(2, 5),
        version(3, 30),
        version(4, 20, withdrawn=True),
        version(5, 30),
        version(6, 40),
    ]
    assert [state(one, published, DAY + timedelta(days=10)) for one in published] == [
        "replaced",
        "in force",
        "replaced",  # version 5 begins on the same day
        "withdrawn",
        "from 2017-03-31",
        "from 2017-04-10",
    ]


def test_which_version_comes_after_another_passes_over_those_that_never_will() -> None:
    published = [
        version(1, 0),
        version(2, 5, withdrawn=True),
        version(3, 9),
        version(4, 9),
        version(5, 3, withdrawn=True),
    ]
    following = [next_in_force(one, published) for one in published]
    assert [one.version if one else None for one in following] == [4, None, None, None, None]


VERSIONS = st.lists(st.tuples(st.integers(-5, 5), st.booleans()), max_size=6).map(
    lambda made: [version(number, on, withdrawn=gone) for number, (on, gone) in enumerate(made, start=1)]
)


@given(VERSIONS, st.integers(-7, 7))
def test_on_every_day_one_version_is_in_force_and_the_list_says_which(published: list[Publication], on: int) -> None:
    today = DAY + timedelta(days=on)
    said_to_be = [one for one in published if state(one, published, today) == "in force"]
    chosen = in_force(published, today)
    kept = [one for one in published if one.withdrawn_at is None]
    assert (chosen is None) == (not kept)
    assert said_to_be == ([chosen] if chosen else [])
    if chosen and chosen.effective_on <= today:
        assert all(one.effective_on <= chosen.effective_on or one.effective_on > today for one in kept)

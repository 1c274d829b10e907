"""People, and their names in commands that are to be typed."""

import shlex

from hypothesis import given
from hypothesis import strategies as st

from program.person import in_shell


@given(st.text(st.characters(blacklist_categories=["Cc", "Cs"]), min_size=1))
def test_a_shell_reads_a_name_as_it_is(name: str) -> None:
    assert shlex.split(in_shell(name)) == [name]


def test_a_usual_name_is_easy_to_read() -> None:
    assert in_shell("Miles O'Brien") == '"Miles O\'Brien"'
    assert in_shell('Zoë "Ze" Ng') == "'Zoë \"Ze\" Ng'"
    assert in_shell("$HOME") == "'$HOME'"

"""People, and their names in commands that are to be typed."""

import shlex
import subprocess

from hypothesis import given
from hypothesis import strategies as st

from program.person import in_shell


@given(st.text(st.characters(blacklist_categories=["Cc", "Cs"], blacklist_characters="`"), min_size=1))
def test_a_shell_reads_a_name_as_it_is(name: str) -> None:
    assert shlex.split(in_shell(name)) == [name]


def test_a_usual_name_is_easy_to_read() -> None:
    assert in_shell("Miles O'Brien") == '"Miles O\'Brien"'
    assert in_shell('Zoë "Ze" Ng') == "'Zoë \"Ze\" Ng'"
    assert in_shell("$HOME") == "'$HOME'"


def test_a_backtick_does_not_end_the_command_that_it_stands_in() -> None:
    name = "Zoë `Ze` O'Ng"
    written = in_shell(name)
    assert "`" not in written
    assert (
        subprocess.run(["bash", "-c", f"printf %s {written}"], capture_output=True, check=True).stdout.decode() == name
    )

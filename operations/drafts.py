"""What is wrong with a draft of a program, before it is published."""

from collections.abc import Iterator
from pathlib import Path

from notifications.letters import Letters
from program.errors import Refused
from rules.folder import TEMPLATES, read_folder
from rules.language.source import Fault
from rules.verification.trial import try_out


def try_draft(path: Path) -> list[Fault]:
    """What there is to mend, and to think about, in a program's folder or in one policy; tried in another process.

    Raises:
        Refused: where there is no such thing to read.
    """
    return [*try_out(path), *_templates(path)]


def _templates(path: Path) -> Iterator[Fault]:
    """The templates that do not work; none where the rest cannot be read, which is to be mended first."""
    if not path.is_dir():
        return
    try:
        own = read_folder(path).templates
    except Refused:
        return
    for broken in Letters(own).broken():
        yield Fault(str(path / TEMPLATES / broken.name), broken.line, 1, "", f"it does not work: {broken.why}")

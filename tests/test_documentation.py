"""The README names every command and every setting, and nothing that is not there."""

import re
from collections.abc import Iterator
from pathlib import Path

import typer
from pydantic_settings import BaseSettings
from typer.core import TyperGroup

from console.cli import app
from program.notice import KINDS
from settings import NoticeSettings, Settings, TemporalSettings

README = (Path(__file__).parent.parent / "README.md").read_text()


def commands(group: object, path: tuple[str, ...] = ()) -> Iterator[str]:
    if not isinstance(group, TyperGroup):
        yield " ".join(path)
        return
    for name, command in group.commands.items():
        yield from commands(command, (*path, name))


def variables(settings: type[BaseSettings]) -> set[str]:
    prefix = settings.model_config["env_prefix"]
    return {f"{prefix}{name}".upper() for name in settings.model_fields if name not in {"temporal", "notices"}}


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_the_readme_lists_exactly_the_commands_there_are() -> None:
    rows = [line for line in section("Commands").splitlines() if line.startswith("| `")]
    listed = {name for row in rows for name in re.findall(r"`([a-z -]+)`", row.split("|")[1])}
    assert listed == set(commands(typer.main.get_command(app)))


def test_the_readme_lists_exactly_the_settings_there_are() -> None:
    named = set(re.findall(r"`(GATEHOUSE_[A-Z_]+)`", section("Settings")))
    assert named == variables(Settings) | variables(TemporalSettings) | variables(NoticeSettings)


def test_the_kinds_of_notices_are_documented_as_they_are() -> None:
    text = (Path(__file__).parent.parent / "docs" / "notifications.md").read_text()
    rows = re.findall(r"^\| `([a-z_.]+)` \| (partner|team|operator) \| (.*) \|$", text, flags=re.MULTILINE)
    assert rows == [(name, kind.audience.value, kind.meaning) for name, kind in KINDS.items()]
    for variable in variables(NoticeSettings):
        assert variable in text

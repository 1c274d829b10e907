"""What differs between two programs, said so that people can read it: values, thresholds, rules."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from difflib import SequenceMatcher, unified_diff
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_jsonable_python

from program.decision import as_recorded
from rules.folder import POLICIES, TEMPLATES, LoadedProgram
from rules.language.source import read_yaml


class Change(BaseModel):
    """A value that is another, or is there on one side only."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    where: str
    """The dotted way to it, items of lists by their id."""
    old: Any
    """None where it was not there."""
    new: Any


class RuleChange(BaseModel):
    """A rule that was added or removed, stands elsewhere among the others, or says something else."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    what: Literal["added", "removed", "moved", "changed"]
    after: str | None = None
    """Of one that was added or moved: the rule it follows now; None where it is the first."""
    text: dict[str, Any] = {}
    """Of one that was added or removed: what it says, its condition as it is written."""
    changes: tuple[Change, ...] = ()
    """Of one that was changed: threshold by threshold where its condition is built the same, else as a whole."""


class PolicyDifference(BaseModel):
    """What differs between two versions of a policy."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: str
    old_version: int
    new_version: int
    changes: tuple[Change, ...]
    """Of what is declared: facts, events, outcomes, and what holds otherwise."""
    rules: tuple[RuleChange, ...]


class TextChange(BaseModel):
    """A template that was added, removed or edited, or a policy that is there on one side only."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    lines: tuple[str, ...]
    """Those that differ, after `-` where they were and after `+` where they are, each with a line around."""


class Difference(BaseModel):
    """What differs between two programs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    old_version: int
    new_version: int
    values: tuple[Change, ...]
    """Of `program.yaml`."""
    policies: tuple[PolicyDifference, ...]
    """Those that differ, be it by a comment."""
    templates: tuple[TextChange, ...]

    @property
    def nothing(self) -> bool:
        """Whether they say the same under two numbers."""
        return not self.values and not self.policies and not self.templates


def compare(old: LoadedProgram, new: LoadedProgram) -> Difference:
    """What one program says otherwise than another."""
    values = _changes(old.program.model_dump(exclude={"version"}), new.program.model_dump(exclude={"version"}))
    return Difference(
        old_version=old.program.version,
        new_version=new.program.version,
        values=tuple(values),
        policies=tuple(
            _policy(name, _text_of(old, name), _text_of(new, name))
            for name, policy in new.policies.items()
            if name in old.policies and policy != old.policies[name]
        ),
        templates=tuple(
            _text_change(name, old.files.get(name, ""), new.files.get(name, ""))
            for name in sorted(old.files.keys() | new.files.keys())
            if (name.startswith(TEMPLATES) and old.files.get(name) != new.files.get(name))
            or (name.startswith(POLICIES) and (name in old.files) != (name in new.files))
        ),
    )


def _text_change(file: str, old: str, new: str) -> TextChange:
    lines = list(unified_diff(old.splitlines(), new.splitlines(), n=1, lineterm=""))[2:]
    return TextChange(file=file, lines=tuple(lines))


def written(value: Any) -> str:
    """A value in one line of YAML, as a file might hold it."""
    match value:
        case Mapping():
            return "{" + ", ".join(f"{key}: {written(inner)}" for key, inner in value.items()) + "}"
        case str():
            return value if _PLAIN.fullmatch(value) and value not in _WORDS else json.dumps(value, ensure_ascii=False)
        case list() | tuple():
            return "[" + ", ".join(map(written, value)) + "]"
        case _:
            return json.dumps(_plain(value))


_PLAIN = re.compile(r"[A-Za-z_]([\w .%-]*[\w.%])?|[0-9]+(\.[0-9]+)?%", re.ASCII)
_WORDS = frozenset({"null", "true", "false"})


def _plain(value: Any) -> Any:
    """A value as JSON holds it."""
    match value:
        case Decimal():
            return as_recorded({"": value})[""]
        case Mapping():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case set() | frozenset():
            return [_plain(inner) for inner in sorted(value)]
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case _:
            return to_jsonable_python(value)


def _changes(old: Any, new: Any, way: tuple[str, ...] = ()) -> Iterator[Change]:
    """Where two trees differ; what is on one side only is told as a whole."""
    if _have_ids(old) and _have_ids(new):
        yield from _reordered([item["id"] for item in old], [item["id"] for item in new], way)
        old, new = ({item["id"]: item for item in items} for items in (old, new))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new) and _nests(old) and _nests(new):
        old, new = (dict(enumerate(items, start=1)) for items in (old, new))
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*old, *new]):
            yield from _changes(old.get(key), new.get(key), (*way, str(key)))
    elif written(_plain(old)) != written(_plain(new)):
        yield Change(where=".".join(way), old=_plain(old), new=_plain(new))


def _have_ids(items: Any) -> bool:
    return isinstance(items, list) and all(isinstance(item, dict) and "id" in item for item in items)


def _nests(items: list[Any]) -> bool:
    return any(isinstance(item, dict | list) for item in items)


def _reordered(old: Sequence[str], new: Sequence[str], way: tuple[str, ...]) -> Iterator[Change]:
    both = set(old) & set(new)
    if [name for name in old if name in both] != [name for name in new if name in both]:
        yield Change(where=".".join(way), old=list(old), new=list(new))


def _text_of(program: LoadedProgram, policy: str) -> dict[str, Any]:
    """A policy as it is written, as plain data."""
    name = f"policies/{policy}.yaml"
    data: dict[str, Any] = read_yaml(program.files[name], name).data
    if isinstance(data.get("otherwise"), str):
        data["otherwise"] = {"then": data["otherwise"]}
    return data


def _policy(name: str, old: dict[str, Any], new: dict[str, Any]) -> PolicyDifference:
    return PolicyDifference(
        policy=name,
        old_version=old["version"],
        new_version=new["version"],
        changes=tuple(_changes(_without(old, "version", "rules"), _without(new, "version", "rules"))),
        rules=tuple(_rules({rule["id"]: rule for rule in old["rules"]}, {rule["id"]: rule for rule in new["rules"]})),
    )


def _rules(old: dict[str, Any], new: dict[str, Any]) -> Iterator[RuleChange]:
    """What became of each rule, in the order of the new policy; what was removed comes last."""
    before, after = [name for name in old if name in new], [name for name in new if name in old]
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    in_place = {name for block in blocks for name in before[block.a : block.a + block.size]}
    previous = None
    for name, rule in new.items():
        if name not in old:
            yield RuleChange(rule=name, what="added", after=previous, text=_said(rule))
        elif name not in in_place:
            yield RuleChange(rule=name, what="moved", after=previous)
        changes = tuple(_rule_changes(old[name], rule)) if name in old else ()
        if changes:
            yield RuleChange(rule=name, what="changed", changes=changes)
        previous = name
    for name, rule in old.items():
        if name not in new:
            yield RuleChange(rule=name, what="removed", text=_said(rule))


def _said(rule: Mapping[str, Any]) -> dict[str, Any]:
    """What a rule says, its condition in one line."""
    return {key: written(value) if key == "when" else value for key, value in rule.items() if key != "id"}


def _rule_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    conditions = list(_changes(old["when"], new["when"]))
    if all(_single(change.old) and _single(change.new) for change in conditions):
        yield from conditions
    else:
        yield Change(where="when", old=written(old["when"]), new=written(new["when"]))
    yield from _changes(_without(old, "id", "when"), _without(new, "id", "when"))


def _without(data: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in names}


def _single(value: Any) -> bool:
    return value is not None and not isinstance(value, dict | list)

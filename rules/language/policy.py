"""Policies: a named, versioned set of rules over declared facts, with declared outcomes.

`load_policy` turns text into a policy or says everything that is wrong with it. A loaded policy can decide; whether it
makes sense to publish it is what `rules.verification.check` says.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    StrictInt,
    StringConstraints,
    ValidationError,
    model_validator,
)

from program.scorecard import Identifier
from rules.language.conditions import WORDS, Condition, Place, Reader, placed
from rules.language.facts import MOST_FIELDS, EncodedFacts, EventType, FactError, FactType, Title, encode
from rules.language.source import Document, Fault, Path, Unfit, faults_of, nearest, read_yaml

__all__ = ["EventType", "FactError", "FactType", "Otherwise", "Policy", "Rule", "load_policy"]

MOST_RULES = 200

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class Rule(BaseModel):
    """One rule: where its condition holds, it gives an outcome or concludes something later rules may ask for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Identifier
    when: Condition
    then: Name | None = None
    concludes: Identifier | None = None
    because: Sentence
    advice: Sentence | None = None


class Otherwise(BaseModel):
    """The outcome where no rule decides."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    then: Name
    because: Sentence = "None of the rules decides otherwise."
    advice: Sentence | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        return {"then": value} if isinstance(value, str) else value


class _Head(BaseModel):
    """All of a policy except its rules."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: Name
    """Its name, which is its file's."""
    version: StrictInt = Field(ge=1)
    owner: Title
    title: Title
    facts: dict[Identifier, FactType] = Field(default={}, max_length=MOST_FIELDS)
    events: dict[Identifier, EventType] = Field(default={}, max_length=MOST_FIELDS)
    outcomes: tuple[Name, ...] = Field(min_length=1)
    """Best first."""
    otherwise: Otherwise | None = None
    """None where the rules leave no gap."""


class _RuleText(Rule):
    """A rule whose condition is as it was written."""

    when: Any

    @model_validator(mode="after")
    def _one_effect(self) -> Self:
        if (self.then is None) == (self.concludes is None):
            raise ValueError("give either `then`, an outcome, or `concludes`, something for later rules")
        return self


class _PolicyText(_Head):
    """A policy as it is written."""

    rules: tuple[_RuleText, ...] = Field(min_length=1, max_length=MOST_RULES)


class Policy(_Head):
    """A policy that can decide. Two are equal if they come from the same text."""

    rules: tuple[Rule, ...]
    """In order: the first that holds and has an outcome decides."""
    digest: str
    """SHA-256 of its text."""
    _document: Document = PrivateAttr()

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Policy) and self.digest == other.digest

    def title_of(self, name: str) -> str:
        """How people call a fact or a kind of event."""
        declared = self.facts.get(name)
        return (declared.title if declared else None) or name.replace("_", " ")

    def encode(self, facts: Mapping[str, Any]) -> EncodedFacts:
        """Facts by name, events as lists under their kind, as the engine sees them; None or absent is unknown.

        Raises:
            FactError: with everything that does not fit the declarations.
        """
        return encode(facts, self.facts, self.events)

    def fault(
        self,
        path: Path,
        message: str,
        severity: Literal["error", "warning"] = "error",
        examples: Iterable[Mapping[str, Any]] = (),
    ) -> Fault:
        """Something wrong at a place in the file the policy was read from."""
        return self._document.fault(path, message, severity, examples)

    def place(self, number: int) -> Place:
        """Where in the file a rule's condition stands, and where its parts do."""
        written = self._document.data["rules"][number]["when"]
        return placed(self.rules[number].when, written, ("rules", number, "when"))


def load_policy(text: str | bytes, file: str) -> Policy:
    """Read a policy.

    Raises:
        Unfit: with every fault found.
    """
    document = read_yaml(text, file)
    conditions, faults = _read_conditions(document)
    try:
        written = _PolicyText.model_validate(document.data)
    except ValidationError as error:
        raise Unfit(sorted({*faults_of(error, document, _PolicyText), *faults})) from error
    faults += [document.fault(path, message) for path, message in _contradictions(written)]
    stem = PurePath(file).stem
    if file.endswith(".yaml") and stem != written.policy:
        faults.append(document.fault(("policy",), f"the file is called {stem}; give both the same name"))
    if faults:
        raise Unfit(sorted(set(faults)))
    raw = text if isinstance(text, bytes) else text.encode()
    rules = [{**dict(rule), "when": when} for rule, when in zip(written.rules, conditions, strict=True)]
    policy = Policy.model_validate({**dict(written), "rules": rules, "digest": hashlib.sha256(raw).hexdigest()})
    policy._document = document  # noqa: SLF001 (a policy is read here and nowhere else)
    return policy


_Declared = TypeVar("_Declared", bound=BaseModel)


def _read_conditions(document: Document) -> tuple[list[Condition], list[Fault]]:
    """The conditions of all rules, and their faults.

    They are read from the plain data, so that their faults are told together with the rest of the file's. Of a
    fact whose declaration is at fault itself nothing more is said.
    """
    data = document.data if isinstance(document.data, dict) else {}
    rules = data.get("rules")
    texts = [(i, rule) for i, rule in enumerate(rules if isinstance(rules, list) else []) if isinstance(rule, dict)]
    flags = {rule["concludes"]: i for i, rule in texts if isinstance(rule.get("concludes"), str)}
    facts, events = _declared(data.get("facts"), FactType), _declared(data.get("events"), EventType)
    reader = Reader(document, facts, events, flags)
    conditions = [reader.read(rule["when"], ("rules", i, "when"), i) for i, rule in texts if "when" in rule]
    return conditions, reader.faults


def _declared(raw: Any, model: type[_Declared]) -> dict[str, _Declared | None]:
    """What is declared by name; None where a declaration is at fault."""
    found: dict[str, _Declared | None] = {}
    for name, declaration in raw.items() if isinstance(raw, dict) else ():
        try:
            found[str(name)] = model.model_validate(declaration)
        except ValidationError:
            found[str(name)] = None
    return found


def _contradictions(policy: _PolicyText) -> Iterator[tuple[Path, str]]:
    """Names that mean two things or nothing."""
    taken: dict[str, str] = dict.fromkeys(WORDS, "a word of the language")
    sections = (("facts", "a fact", list(policy.facts)), ("events", "a kind of event", list(policy.events)))
    for section, meaning, declared in sections:
        for name in declared:
            if name in taken:
                yield (section, name), f"{name} is already {taken[name]}; choose another name"
            taken[name] = meaning
    for index, rule in enumerate(policy.rules):
        if rule.concludes in taken:
            yield ("rules", index, "concludes"), f"{rule.concludes} is already {taken[rule.concludes]}"
    for paths, names in (
        ([("rules", i, "id") for i in range(len(policy.rules))], [rule.id for rule in policy.rules]),
        ([("outcomes", i) for i in range(len(policy.outcomes))], list(policy.outcomes)),
    ):
        yield from (
            (place, f"{name} is there twice; every one has a name of its own")
            for number, (place, name) in enumerate(zip(paths, names, strict=True))
            if name in names[:number]
        )
    given: list[tuple[Path, str | None]] = [(("rules", i, "then"), rule.then) for i, rule in enumerate(policy.rules)]
    otherwise = policy.otherwise.then if policy.otherwise else None
    for place, outcome in (*given, (("otherwise",), otherwise)):
        if outcome is not None and outcome not in policy.outcomes:
            yield place, f"{outcome} is no outcome{nearest(outcome, [*policy.outcomes])}"

"""The letters: how the words of a notice are laid out for mail and for Slack, by templates.

A program may bring templates of its own. They are somebody else's text, so they run in a sandbox, and one that does not
work is said to be broken and replaced by ours: a letter is late for nobody's sake.
"""

import traceback
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Final

import structlog
from jinja2 import DictLoader, StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from notifications.channel import Letter, Recipient
from program.notice import KINDS, LETTER_FORMS, Notice

log = structlog.get_logger("gatehouse.notices")

LONGEST: Final = 200_000
"""Characters that a program's template may write; one that writes more is broken."""


def one_line(text: str) -> str:
    """A text on one line and without control characters, as headers and reasons have it."""
    return " ".join("".join(" " if unicodedata.category(c) in _CONTROLS else c for c in text).split())


def _visible(text: str) -> str:
    """A text without control characters but line breaks."""
    return "".join(c for c in text if c == "\n" or unicodedata.category(c) not in _CONTROLS)


_CONTROLS: Final = {"Cc", "Cs", "Zl", "Zp"}


@dataclass(frozen=True)
class Part:
    """A part of a letter's body: a paragraph, or a list."""

    lines: tuple[str, ...]
    listed: bool = False


def parts(body: str) -> Iterator[Part]:
    """Take a body apart: a paragraph a line, lines after "- " being a list."""
    items: list[str] = []
    for line in [*_visible(body).split("\n"), ""]:
        text = line.strip()
        if text.startswith("- "):
            items.append(text[2:].strip())
            continue
        if items:
            yield Part(tuple(items), listed=True)
            items = []
        if text:
            yield Part((text,))


@dataclass(frozen=True)
class Broken:
    """A template that does not work."""

    name: str
    line: int
    why: str


class Letters:
    """Writes letters by a program's templates and ours."""

    def __init__(self, own: Mapping[str, str] | None = None) -> None:
        """Begin with a program's templates: `letter.html` for every kind, `application.declined.html` for one."""
        self._own = dict(own or {})

    def write(self, notice: Notice, recipient: Recipient, partner: str, program: str) -> Letter:
        """The words of a notice in every form."""
        values = _values(notice, recipient, partner, program)
        subject, text, html, slack = (self._rendered(notice.kind, form, values) for form in LETTER_FORMS)
        return Letter(one_line(subject), text, html, slack)

    def broken(self) -> Iterator[Broken]:
        """The templates of a program that do not work, each tried on letters of all the kinds that it is for."""
        for name in sorted(self._own):
            kind, _, form = name.rpartition(".")
            try:
                template = self._environments[form].get_template(name)
                for values in map(_sample, KINDS if kind == "letter" else [kind]):
                    _written(template, values, LONGEST)
            except Exception as error:  # noqa: BLE001 -- a template may fail in any way
                yield Broken(name, _line(error), one_line(str(error))[:300])

    def _rendered(self, kind: str, form: str, values: Mapping[str, Any]) -> str:
        for name in (f"{kind}.{form}", f"letter.{form}"):
            if name in self._own:
                try:
                    return _written(self._environments[form].get_template(name), values, LONGEST)
                except Exception as error:  # noqa: BLE001 -- a template may fail in any way, and ours is there for that
                    log.warning("template.broken", template=name, reason=one_line(str(error))[:300])
        return _written(_ours(form), values)

    @cached_property
    def _environments(self) -> dict[str, ImmutableSandboxedEnvironment]:
        return {form: _environment(form, {**self._own, **_OURS}) for form in LETTER_FORMS}


_OURS: Final = {
    f"ours/letter.{form}": files("notifications").joinpath("templates", f"letter.{form}").read_text()
    for form in LETTER_FORMS
}


@cache
def _ours(form: str) -> Template:
    """Our template for a form, compiled once for all programs."""
    return _environment(form, _OURS).get_template(f"ours/letter.{form}")


def _values(notice: Notice, recipient: Recipient, partner: str, program: str) -> dict[str, Any]:
    """What a template may write."""
    return {
        "subject": one_line(notice.subject),
        "parts": list(parts(notice.body)),
        "recipient": one_line(recipient.name),
        "slack_member": recipient.slack_member,
        "partner": one_line(partner),
        "program": one_line(program),
        "audience": notice.audience.value,
        "kind": notice.kind,
        "meaning": KINDS[notice.kind].meaning,
        "key": notice.key,
    }


def _sample(kind: str) -> dict[str, Any]:
    """What a template is tried on."""
    body = "A paragraph.\n- an item\nTo be typed: `gatehouse --help`"
    notice = Notice(key="acme/sample", kind=kind, partner="acme", recipient="Ada", subject="A sample", body=body)
    return _values(notice, Recipient("Ada"), "Acme", "Partner program")


def _line(error: Exception) -> int:
    """The line of a template that an error comes from; the first where nobody can tell."""
    places = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "<template>"]
    return getattr(error, "lineno", None) or (places[-1] if places else None) or 1


def _written(template: Template, values: Mapping[str, Any], longest: int | None = None) -> str:
    written: list[str] = []
    length = 0
    for piece in template.generate(values):
        length += len(piece)
        if longest is not None and length > longest:
            raise ValueError(f"it writes more than {longest} characters")
        written.append(piece)
    return "".join(written).strip() + "\n"


def _environment(form: str, templates: Mapping[str, str]) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=DictLoader(templates),
        undefined=StrictUndefined,
        autoescape=form == "html",
        finalize=_slack_escaped if form == "slack" else None,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["marked"] = _MARKED[form]
    return environment


def _slack_escaped(value: object) -> object:
    """What Slack takes for markup, as text. It knows these three characters and no others."""
    return value if isinstance(value, Markup) else slack_text(str(value))


def slack_text(text: str) -> str:
    """A text that Slack shows as it is: no link, no mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _marked_with(plain: Callable[[str], str], typed: Callable[[str], str]) -> Callable[[str], Markup]:
    """A filter that shows what stands in backticks as something to be typed."""

    def marked(line: str) -> Markup:
        pieces = line.split("`")
        if len(pieces) % 2 == 0:  # a backtick without another one is a backtick
            return Markup(plain(line))  # noqa: S704 -- `plain` escapes
        shown = (typed(piece) if number % 2 else plain(piece) for number, piece in enumerate(pieces))
        return Markup("".join(shown))  # noqa: S704 -- each piece is escaped

    return marked


_MARKED: Final = {
    "subject": _marked_with(str, str),
    "txt": _marked_with(str, str),
    "html": _marked_with(escape, lambda text: f"<code>{escape(text)}</code>"),
    "slack": _marked_with(slack_text, lambda text: f"`{slack_text(text)}`"),
}

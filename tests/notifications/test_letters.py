"""The letters: what they say is what was written, in every form, whatever it holds."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.channel import Letter, Recipient
from notifications.letters import Letters, one_line, parts, slack_text
from notifications.slack import LONGEST_HEADER, LONGEST_TEXT, MOST_BLOCKS, blocks, chunks
from program.errors import Refused
from program.notice import KINDS, Notice
from rules.folder import DEFAULT_PROGRAM, read_folder
from tests.notifications.conftest import OWNER, a_message, a_notice

NASTY = st.sampled_from(["<script>alert(1)</script>", "&amp;", "{{ 7*7 }}", "{% raw %}", "`", "- ", "\n", "<!channel>"])
ANYTHING = st.lists(st.one_of(st.text(max_size=80), NASTY), max_size=8).map("".join)


def written(notice: Notice, own: dict[str, str] | None = None, recipient: Recipient = OWNER) -> Letter:
    return Letters(own).write(notice, recipient, "Acme", "Partner program")


class Reader(HTMLParser):
    """What a browser would show, and what it would do."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.shown: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name in {"src", "href"}]

    def handle_data(self, data: str) -> None:
        self.shown.append(data)


OURS = {"html", "head", "meta", "title", "style", "body", "div", "p", "h1", "ul", "li", "code"}


@given(subject=ANYTHING, body=ANYTHING, name=ANYTHING)
def test_nothing_that_is_told_becomes_html(subject: str, body: str, name: str) -> None:
    letter = written(a_notice(subject=subject, body=body), recipient=Recipient(name))
    reader = Reader()
    reader.feed(letter.html)
    reader.close()
    assert set(reader.tags) <= OURS
    assert one_line(subject) in "".join(reader.shown)
    assert f"Hello {one_line(name)}," in "".join(reader.shown)


@given(body=ANYTHING, subject=ANYTHING)
def test_what_slack_is_told_keeps_its_limits_and_mentions_nobody(body: str, subject: str) -> None:
    notice = a_notice(body=body * 40, subject=subject * 3)
    told = blocks(a_message(notice, Recipient("Ada & <!here>"), partner=subject))
    assert 2 <= len(told) <= MOST_BLOCKS
    header, *sections, context = told
    assert 0 <= len(header["text"]["text"]) <= LONGEST_HEADER
    for text in [*(section["text"] for section in sections), *context["elements"]]:
        assert 0 < len(text["text"]) <= LONGEST_TEXT
        assert "<" not in text["text"]
        assert text["verbatim"]
    json.dumps(told)


@given(st.text(alphabet="ab &<>\n`", max_size=3000), st.integers(min_value=60, max_value=400))
def test_a_text_is_cut_into_pieces_that_are_whole(text: str, longest: int) -> None:
    escaped = slack_text(text)
    cut = list(chunks(escaped, longest))
    assert all(piece.strip() and len(piece) <= longest for piece in cut)
    assert "".join("".join(cut).split()) == "".join(escaped.split())
    for piece in cut:
        assert "&" not in piece.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")


def test_a_long_letter_ends_where_slack_does_and_says_so() -> None:
    told = blocks(a_message(a_notice(body="\n".join(f"{n} {'word ' * 300}" for n in range(200)))))
    assert len(told) == MOST_BLOCKS
    assert "There is more" in told[-2]["text"]["text"]


def test_paragraphs_and_lists_are_told_apart() -> None:
    told = [(part.lines, part.listed) for part in parts("One.\n- a\n -  b \nTwo.\n\n\nThree.\n- c")]
    assert told == [(("One.",), False), (("a", "b"), True), (("Two.",), False), (("Three.",), False), (("c",), True)]


def test_what_is_to_be_typed_is_shown_as_such() -> None:
    letter = written(a_notice(body="Answer with: `gatehouse escalations ack A<B`\nA lone ` is one"))
    assert "<code>gatehouse escalations ack A&lt;B</code>" in letter.html
    assert "`gatehouse escalations ack A&lt;B`" in letter.slack
    assert "Answer with: gatehouse escalations ack A<B\n\nA lone ` is one" in letter.text


def test_a_letter_says_why_it_comes() -> None:
    assert "because you belong to the team that looks after Acme" in written(a_notice()).text
    declined = a_notice(kind="application.declined", recipient="Acme")
    assert "because Acme takes part in the program or has applied" in written(declined).html
    assert "because you run Gatehouse" in written(a_notice(kind="operator.alert")).text


# A program's own templates


def test_a_program_lays_out_its_letters_itself() -> None:
    own = {
        "letter.txt": "Dear {{ recipient }}: {{ parts[0].lines[0] }}",
        "escalation.opened.subject": "[{{ partner }}] {{ subject }}",
    }
    letter = written(a_notice(), own)
    assert letter.text == "Dear Ada Owner: Nothing has moved for three weeks.\n"
    assert letter.subject == "[Acme] Acme has stalled"
    assert letter.html == written(a_notice()).html
    assert written(a_notice(kind="tier.up"), own).subject == "Acme has stalled"


def test_a_part_of_a_letter_can_be_changed_alone() -> None:
    own = {"letter.txt": '{% extends "ours/letter.txt" %}{% block footer %}-- \nExample Ltd{% endblock %}'}
    text = written(a_notice(), own).text
    assert text.startswith("Hello Ada Owner,\n\nNothing has moved")
    assert text.endswith("-- \nExample Ltd\n")


BROKEN = [
    "{{ nobody_knows_this }}",
    "{% if %}",
    "{{ 1 / 0 }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{% for n in range(99999) %}{{ 'x' * 100 }}{% endfor %}",
    '{% include "/etc/passwd" %}',
    '{% extends "letter.txt" %}',
    "{{ parts.clear() }}",
]


@pytest.mark.parametrize("template", BROKEN)
def test_a_template_that_does_not_work_is_named_and_replaced_by_ours(
    template: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert written(a_notice(), {"letter.txt": template}) == written(a_notice())
    said = capsys.readouterr()
    assert "template.broken" in said.out + said.err
    assert "letter.txt" in said.out + said.err


@pytest.mark.parametrize("template", BROKEN)
def test_it_is_found_before_the_program_is_published(template: str) -> None:
    good = '{% extends "ours/letter.html" %}{% block greeting %}<p>{{ slack_member or recipient }}</p>{% endblock %}'
    [broken] = Letters({"letter.html": good, "tier.up.txt": template}).broken()
    assert (broken.name, broken.line) == ("tier.up.txt", 1)
    assert broken.why


def test_the_line_of_a_broken_template_is_named() -> None:
    for wrong in ("{{ nobody }}", "{% if %}"):
        [broken] = Letters({"letter.txt": f"Dear {{{{ recipient }}}}\n\n{wrong}"}).broken()
        assert broken.line == 3


def test_templates_are_part_of_a_program(tmp_path: Path) -> None:
    folder = tmp_path / "program"
    (folder / "templates").mkdir(parents=True)
    (folder / "policies").mkdir()
    for path in [DEFAULT_PROGRAM / "program.yaml", *(DEFAULT_PROGRAM / "policies").glob("*.yaml")]:
        (folder / path.relative_to(DEFAULT_PROGRAM)).write_text(path.read_text())
    plain = read_folder(folder)
    (folder / "templates" / "letter.txt").write_text("Dear {{ recipient }}")
    (folder / "templates" / ".DS_Store").write_text("")
    own = read_folder(folder)
    assert (plain.templates, own.templates) == ({}, {"letter.txt": "Dear {{ recipient }}"})
    assert own.digest != plain.digest

    (folder / "templates" / "leter.txt").write_text("")
    (folder / "templates" / "tier.upp.html").write_text("")
    with pytest.raises(Refused) as refusal:
        read_folder(folder)
    assert "leter.txt:1:1: no letter is written by a template of this name; did you mean letter.txt?" in str(
        refusal.value
    )
    assert "did you mean tier.up.html?" in str(refusal.value)


def test_every_kind_has_a_letter() -> None:
    for kind in KINDS:
        letter = written(a_notice(kind=kind))
        assert letter.subject == letter.form("subject").strip() == "Acme has stalled"
        assert all("Nothing has moved" in letter.form(form) for form in ("txt", "html", "slack"))

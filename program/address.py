"""Addresses that people are reached at."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints

_LABEL: Final = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS: Final = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_LABEL}(?:\.{_LABEL})*", re.ASCII)


def _plain(text: str) -> str:
    # What browsers accept in a form: no comments, no quotes, nothing that a header or a mail server could misread.
    if len(text) > 254 or not _ADDRESS.fullmatch(text):
        raise ValueError("has to be one e-mail address, such as ada@example.com; write other alphabets as xn--")
    return text


EmailAddress = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_plain)]
"""One e-mail address and nothing around it."""

"""What the log says of what goes wrong."""

import logging

import pytest

import logs
from program.errors import Refused


@pytest.mark.usefixtures("everything_is_logged")
@pytest.mark.parametrize(("error", "traced"), [(Refused("Noor has it already"), False), (ValueError("no"), True)])
def test_a_refusal_is_one_line_and_a_fault_says_where_it_was(
    error: Exception, traced: bool, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("of-activities")
    logger.addFilter(logs.shortly)
    try:
        raise error
    except (Refused, ValueError):
        logger.warning("It failed", exc_info=True)
    [record] = caplog.records
    assert bool(record.exc_info) == traced
    assert getattr(record, "reason", None) == (None if traced else "Noor has it already")

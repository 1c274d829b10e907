"""Structured logs: JSON in production, readable in a terminal, Temporal's own loggers included."""

import logging
import os
import sys
from contextlib import suppress
from typing import NoReturn, TextIO

import structlog
from structlog.typing import Processor
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

from program.errors import Refused
from settings import Settings

SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(allow=None),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to what standard error is at the time, not to what it was when logging was set up."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def configure(settings: Settings, level: str | None = None) -> None:
    """Send every log line, ours and those of libraries, to standard error in one form.

    Args:
        settings: How lines look, and which are written.
        level: The lowest level that is written, where it is not the settings'.
    """
    readable = settings.log_format == "terminal" or (settings.log_format == "auto" and sys.stderr.isatty())
    last: list[Processor] = (
        [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
        if readable
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    handler = _StandardError()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=SHARED, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel((level or settings.log_level).upper())
    for quiet in ("alembic", "sqlalchemy"):
        logging.getLogger(quiet).setLevel(logging.WARNING)
    logging.getLogger("temporalio.activity").addFilter(shortly)
    _set_up_temporal(forwarded=root.isEnabledFor(logging.WARNING))
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def shortly(record: logging.LogRecord) -> bool:
    """Have a refusal be a line that says why: whoever asked reads it too, and where in the code it was is no news."""
    refused = record.exc_info[1] if record.exc_info else None
    if isinstance(refused, Refused):
        record.exc_info, record.reason = None, str(refused)
    return True


def end(code: int) -> NoReturn:
    """End the process at once: Temporal's core logs from a thread of its own, which an interpreter's end trips over."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # whoever read it is gone, or has closed it
            stream.flush()
    os._exit(code)


def _set_up_temporal(*, forwarded: bool) -> None:
    """Have the part of Temporal's client that is not Python log through ours, or be silent; once in a process."""
    forwarding = LogForwardingConfig(logger=logging.getLogger("temporalio.core"), prepend_target_on_message=False)
    warnings = LoggingConfig(filter=TelemetryFilter(core_level="WARN", other_level="ERROR"), forwarding=forwarding)
    telemetry = TelemetryConfig(logging=warnings if forwarded else None)
    Runtime.set_default(Runtime(telemetry=telemetry), error_if_already_set=False)

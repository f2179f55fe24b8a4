"""Structured logs on standard error: one event a line, for people or as JSON.

A line that cannot be written is lost and nothing else: with a full disk, work goes on.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from typing import TextIO, cast

import structlog

from runtime.settings import Settings


class _StandardError:
    """Standard error, whichever it is at the moment: a live display takes its place for a while."""

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()


_STANDARD_ERROR = cast("TextIO", _StandardError())


def of_children(level: int = logging.WARNING) -> structlog.stdlib.BoundLogger:
    """The log of whoever starts processes, for the terminal of the person who started it."""
    return structlog.wrap_logger(
        structlog.PrintLogger(_STANDARD_ERROR),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )


def configure(settings: Settings, role: str) -> structlog.stdlib.BoundLogger:
    """Set up logging for this process and return its logger, with the role bound."""
    level = getattr(logging, settings.log_level.upper())
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks
            if settings.log_format == "json"
            else structlog.processors.StackInfoRenderer(),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(_STANDARD_ERROR),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr)
    return structlog.get_logger(role=role)

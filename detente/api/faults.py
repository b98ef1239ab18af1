"""What the house's own log says of an error that nobody foresaw: its kind and where it arose, nothing more.

Neither the message nor any local value is written: both can hold a plaintext, a token or a key.
"""

from __future__ import annotations

import traceback
from pathlib import Path

import structlog

_DEEPEST = 12  # frames, from the innermost out
_log = structlog.get_logger("detente")


def configure() -> None:
    """One JSON object on one line for each entry, so that nothing that is logged can pass for another entry."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
    )


def report(error: BaseException) -> None:
    """Log an unforeseen error by its kind and its frames."""
    frames = traceback.extract_tb(error.__traceback__)[-_DEEPEST:]
    at = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    _log.error("fault", kind=type(error).__name__, at=at)

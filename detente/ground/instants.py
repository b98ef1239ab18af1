"""Instants: whole milliseconds of UTC since 1970-01-01T00:00:00Z, and nothing else.

Pure floors never ask for the time; it is handed to them.  A log's instants never go back.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NewType

from detente.ground.errors import Malformed

Instant = NewType("Instant", int)

LAST = Instant(253_402_300_799_999)  # 9999-12-31T23:59:59.999Z, the last that four digits can name
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(instant: Instant) -> str:
    """The instant as ISO 8601 in UTC with milliseconds, for example 2026-01-31T09:00:00.000Z."""
    if not 0 <= instant <= LAST:
        raise Malformed("That is not an instant between 1970 and 9999.")
    moment = _EPOCH + timedelta(milliseconds=instant)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"

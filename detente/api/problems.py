"""Every answer that is not a success: one table from errors to problem+json (RFC 9457).

No stack, no version, no word of what is inside: a title, a code, a sentence for the person, and the name
of the rule where there is one.  What is not there and what is not yours have the same answer, byte for byte.
"""

from __future__ import annotations

from typing import Any

from detente.ground.errors import (
    Conflict,
    DetenteError,
    Malformed,
    NotAuthentic,
    Refused,
    Stale,
    Unavailable,
    Unfit,
)

MEDIA = "application/problem+json"

_BY_RULE = {
    "line.unknown": (404, "unknown"),
    "api.unknown": (404, "unknown"),
    "draft.unknown": (404, "unknown"),
    "session.none": (401, "session"),
    "session.link": (403, "session"),
    "session.challenge": (403, "session"),
    "passkey.unknown": (403, "session"),
    "api.origin": (403, "forbidden"),
    "api.host": (421, "forbidden"),
    "api.large": (413, "too-large"),
    "api.media": (415, "malformed"),
}
_BY_KIND: tuple[tuple[type[DetenteError], int, str], ...] = (
    (Malformed, 400, "malformed"),
    (NotAuthentic, 400, "not-authentic"),
    (Stale, 409, "stale"),
    (Refused, 409, "refused"),
    (Conflict, 409, "conflict"),
    (Unavailable, 503, "unavailable"),
    (Unfit, 503, "unfit"),
)
_TITLES = {
    "unknown": "Not found",
    "session": "Not signed in",
    "forbidden": "Not allowed",
    "too-large": "Too large",
    "malformed": "Not readable",
    "not-authentic": "Not authentic",
    "stale": "Out of date",
    "refused": "Refused",
    "conflict": "Somebody was first",
    "unavailable": "Not reached",
    "unfit": "Out of order",
    "fault": "A fault of this house",
}
_NOT_THERE = "There is nothing here by that name."


def unknown() -> Refused:
    """Not there, or not yours: the same."""
    return Refused(_NOT_THERE, rule="api.unknown")


def status_of(error: DetenteError) -> tuple[int, str]:
    """(HTTP status, code) of an error."""
    rule = error.rule if isinstance(error, Refused) else ""
    if rule in _BY_RULE:
        return _BY_RULE[rule]
    if rule.startswith("record."):
        return 403, "forbidden"
    return next((status, code) for kind, status, code in _BY_KIND if isinstance(error, kind))


def describe(error: DetenteError) -> tuple[int, dict[str, Any]]:
    """(HTTP status, the body of the answer)."""
    status, code = status_of(error)
    if status == 404:
        error = unknown()
    rule = error.rule if isinstance(error, Refused) else ""
    return status, {"title": _TITLES[code], "code": code, "sentence": error.sentence, "rule": rule}


def fault() -> tuple[int, dict[str, Any]]:
    """What is said of an error that nobody foresaw: nothing about it."""
    sentence = "Something went wrong in this house. Nothing was sent; the house's own log says more."
    return 500, {"title": _TITLES["fault"], "code": "fault", "sentence": sentence, "rule": ""}

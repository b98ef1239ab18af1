"""How sensitive something is: a policy's levels in order, and the ceiling of a line.

Detente ships with ceilings at or below SENSITIVE.  The levels above it exist so that a text which
bears one is refused with a sentence and not sent unmarked.  Approval to handle classified
information is given by an accreditation authority, never by this software (rules.md 6.6).
Unmarked is not public: what bears no label is treated as the line's ceiling.
"""

from __future__ import annotations

from enum import Enum

from detente.ground.errors import Malformed


class Label(Enum):
    """The levels of the policy detente-basic/1, from the least to the most restrictive."""

    PUBLIC = "PUBLIC"
    UNCLASSIFIED = "UNCLASSIFIED"
    SENSITIVE = "SENSITIVE"
    RESTRICTED = "RESTRICTED"
    CONFIDENTIAL = "CONFIDENTIAL"
    SECRET = "SECRET"  # noqa: S105 - a level of sensitivity, no password

    @property
    def level(self) -> int:
        """The place in the order: larger is more restrictive."""
        return _ORDER[self]

    def above(self, ceiling: Label) -> bool:
        """Whether this may not be said where `ceiling` is the ceiling."""
        return self.level > ceiling.level


_ORDER = {label: level for level, label in enumerate(Label)}

CEILING_BY_DEFAULT = Label.SENSITIVE
HIGHEST_CEILING = Label.SENSITIVE


def label(text: str) -> Label:
    """The label so written, exactly, or `Malformed`."""
    try:
        return Label(text)
    except ValueError:
        raise Malformed(f"“{text[:40]}” is not a label of this policy.") from None

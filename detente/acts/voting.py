"""What votes come to: the words that every procedure uses which counts, orders or obeys them.

Counting is the ballot's (docs/specs/decisions.md); the table orders amendments and tells what falls with which outcome.
"""

from __future__ import annotations

from enum import Enum


class Outcome(Enum):
    """What came of a vote."""

    ADOPTED = "adopted"
    REJECTED = "rejected"
    TIED = "tied"  # to be voted on again (GA rule 95), or rejected at once (rule 133)
    NO_QUORUM = "no quorum"

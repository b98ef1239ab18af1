"""What the relay keeps at most.  Every limit has its sentence where it is checked; 0 means none may be.

The figures are for one embedded store on one machine.  They bound what one careless or hostile session
can make the relay keep or hold in memory; a relay that outgrows them gets other figures, not none.
"""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class Limits:
    """Counts and bytes; the defaults are what `detente-relay` runs with."""

    ciphertext_bytes: int = 8 * MIB
    """One entry, sealed."""
    batch_entries: int = 256
    """Submissions in one request."""
    batch_bytes: int = 12 * MIB
    """Ciphertext in one request, together."""
    line_entries: int = 10_000_000
    """Entries of one line."""
    lines: int = 10_000
    """Lines of the store."""
    writers: int = 1_000
    """Write keys of one line."""
    cosignature_bytes: int = 16 * KIB
    """One witness's signature lines."""
    page_entries: int = 1_000
    """Entries in one answer; fewer if `page_bytes` is reached first."""
    page_bytes: int = 4 * MIB
    """Ciphertext in one answer; one entry is always given, however large."""
    leaves: int = 10_000
    """Leaf hashes in one answer."""
    boxes: int = 10_000
    """Mail boxes of the store."""
    mail_bytes: int = 8 * MIB
    """One item of mail, sealed."""
    box_items: int = 1_000
    """Items waiting in one box."""
    box_bytes: int = 64 * MIB
    """Bytes waiting in one box."""

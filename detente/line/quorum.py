"""When an entry is confirmed: a quorum of the members of its own epoch cosigned a head that covers it.

The members of an epoch count for its entries.  For a commit they are those of the epoch that it
ends, less the members whom it removes, so that nobody decides on their own removal.  Two quorums of
floor((n + f) / 2) + 1 share an honest member, so two forks cannot both be confirmed (records.md 1a).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from detente.acts.facts import quorum


class Span(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From position `first` on, until the next span: who counts, and how many may collude with the relay."""

    first: int
    witnesses: tuple[bytes, ...]  # their Ed25519 witness keys for this line
    faults: int

    @property
    def needed(self) -> int:
        """How many cosignatures confirm."""
        return quorum(len(self.witnesses), self.faults)

    def goes_on_from(self, earlier: Span) -> bool:
        """Whether the same count as before: then the earlier span does not end."""
        return (self.witnesses, self.faults) == (earlier.witnesses, earlier.faults)


def covered(span: Span, witnessed: Mapping[bytes, int]) -> int:
    """The largest size that enough of the span's witnesses have cosigned."""
    sizes = sorted((witnessed.get(witness, 0) for witness in span.witnesses), reverse=True)
    return sizes[span.needed - 1] if span.needed and span.needed <= len(sizes) else 0


def confirmed(already: int, size: int, spans: Sequence[Span], witnessed: Mapping[bytes, int]) -> int:
    """How many entries from the start are confirmed; never fewer than `already`."""
    for index, span in enumerate(spans):
        end = spans[index + 1].first if index + 1 < len(spans) else size
        if end <= already:
            continue
        already = max(already, min(covered(span, witnessed), end))
        if already < end:
            break
    return already

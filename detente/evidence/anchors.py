"""Anchors: whom a reader trusts to be who.  They come from the parties, never from whoever hands over a file.

    {"kind":"detente.anchors/1","parties":[{"name":..., "party":...}],"register":{"origin":..., "vkey":...}}

Canonical JSON like everything that is verified, with one line feed allowed at its end.  `register` is null
where a house knows the parties and no register yet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from detente.ground import identifiers
from detente.ground.errors import Malformed
from detente.ground.identifiers import PartyId
from detente.tlog.note import KeyKind, VerifierKey
from detente.wire import canonical, text

LARGEST: Final = 2**20  # bytes
PARTIES_LIMIT: Final = 1000
_ORIGIN = re.compile(r"[a-z0-9][a-z0-9./:_-]{0,127}")


class AnchoredParty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A party that the reader knows, under the name by which the reader knows it."""

    party: str
    name: str


class AnchoredRegister(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The register that the reader trusts: the origin of its log and its verifier key (Ed25519)."""

    origin: str
    vkey: str

    @property
    def key(self) -> VerifierKey:
        """The verifier key, parsed."""
        return VerifierKey.parse(self.vkey)


class Anchors(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="detente.anchors/1"):
    """What a reader holds to be true before reading anything else."""

    parties: tuple[AnchoredParty, ...]
    register: AnchoredRegister | None


def make_anchors(parties: Mapping[PartyId, str], register: AnchoredRegister | None) -> Anchors:
    """Anchors in their proper order, or `Malformed`."""
    made = Anchors(tuple(AnchoredParty(party, parties[party]) for party in sorted(parties)), register)
    return read_anchors(encode_anchors(made))


def encode_anchors(anchors: Anchors) -> bytes:
    """The file, with a line feed at its end."""
    return canonical.encode(anchors) + b"\n"


def read_anchors(raw: bytes) -> Anchors:
    """The anchors in a file, or `Malformed`."""
    if len(raw) > LARGEST:
        raise Malformed("A file of anchors is not larger than 1 MB.")
    anchors = canonical.decode(raw.removesuffix(b"\n"), Anchors)
    parties = [anchored.party for anchored in anchors.parties]
    if parties != sorted(set(parties)) or not 1 <= len(parties) <= PARTIES_LIMIT:
        raise Malformed("Anchors name between 1 and 1000 parties, in order of their identifiers, each once.")
    _check_parties(anchors.parties)
    if anchors.register is not None:
        _check_register(anchors.register)
    return anchors


def check_origin(origin: str) -> str:
    """`origin` itself if a register may have it, else `Malformed`."""
    if not _ORIGIN.fullmatch(origin):
        raise Malformed("The origin of a register has small letters, digits and . / : _ - only, at most 128.")
    return origin


def _check_parties(parties: Sequence[AnchoredParty]) -> None:
    for anchored in parties:
        identifiers.check_party_id(anchored.party)
        text.check_name(anchored.name, what="The name of a party")
    if len({text.name_key(anchored.name) for anchored in parties}) != len(parties):
        raise Malformed("Two anchors bear the same name; nobody could tell them apart.")


def _check_register(register: AnchoredRegister) -> None:
    key = register.key
    if key.kind is not KeyKind.ED25519 or key.name != check_origin(register.origin):
        raise Malformed("The register's key is an Ed25519 key that bears the name of its origin.")
    key.check()

"""Signature: from a settled text to one that its parties concluded.

    Adopt       this content, by its hash         every party that must accept, once each
    Sign        the party's seal over the instrument that those adoptions made, and over its persons' approvals
    Consent     to its publication, an act of its own
    Published   the register's proof, which every house checks for itself

Adoption is not signature, signature is not consent to publish, and none of them says that a treaty
is in force: that is for its final clauses.
"""

from __future__ import annotations

from typing import ClassVar

from detente.acts.act import Body, Weight
from detente.evidence.approvals import Approval
from detente.evidence.instrument import Seal
from detente.ground.identifiers import ActId


class Adopt(Body, frozen=True, tag="signature.adopt"):
    """The author adopts a text in exactly this content."""

    weight: ClassVar[Weight] = Weight.DECIDING

    text: ActId
    content_hash: bytes


class Sign(Body, frozen=True, tag="signature.sign"):
    """The author's seal over an instrument, named by SHA-256(m) (evidence/instrument.py), and over the approvals.

    `approvals` are those of the author's own persons, in order; none where its record asks for none.
    """

    weight: ClassVar[Weight] = Weight.DECIDING

    instrument: bytes
    approvals: tuple[Approval, ...]
    seal: Seal


class Consent(Body, frozen=True, tag="signature.consent"):
    """The author agrees that the sealed instrument is published."""

    weight: ClassVar[Weight] = Weight.DECIDING

    instrument: bytes


class Published(Body, frozen=True, tag="signature.published"):
    """The instrument stands in the register; `proof` is the text of c2sp.org/tlog-proof."""

    instrument: bytes
    proof: str

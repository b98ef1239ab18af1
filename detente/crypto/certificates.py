"""Certificates, as far as an MLS credential needs them: the key that a certificate is for.

Chains are not judged here: that is the caller's authentication service, which knows the roots it trusts.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from detente.ground.errors import Malformed


def subject_key(certificate: bytes) -> bytes:
    """The public key in a DER certificate, written as MLS writes signature keys; `Malformed` for anything else."""
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise Malformed("A certificate cannot be read.") from error
    match key:
        case Ed25519PublicKey() | Ed448PublicKey() | MLDSA44PublicKey():
            return key.public_bytes_raw()
        case ec.EllipticCurvePublicKey():
            return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        case _:
            raise Malformed("A certificate is for a kind of key that no suite signs with.")

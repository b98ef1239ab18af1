"""Known answers, asked once at start: a house whose cryptography is wrong or missing does not open.

Each row of `_CHECKS` is one primitive with a case from the document that defines it, or, where the
primitive draws its own randomness, keys from a published seed and there and back again.  The
post-quantum primitives need a backend that has them; pyca built against an older OpenSSL does not.

The seed of the lattice keys counts up from zero, as in RFC 9881 (ML-DSA) and RFC 9935 (ML-KEM); what is
kept here is the SHA-256 of the public keys printed there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM1024PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from detente.crypto.hashing import equal, hkdf, hmac_sha256, sha256
from detente.crypto.signing import (
    check_ed25519_key,
    ed25519_public,
    ed25519_sign,
    ed25519_verify,
    mldsa44_public,
    mldsa44_sign,
    mldsa44_verify,
    mldsa65_public,
    mldsa65_sign,
    mldsa65_verify,
)
from detente.ground.errors import DetenteError, Malformed, NotAuthentic, Unfit

_COUNTING: Final = bytes(range(64))


def selftest() -> None:
    """Return if every primitive gives its known answers, else raise `Unfit` naming the one that does not."""
    for name, check in _CHECKS:
        try:
            right = check()
        except Exception as error:  # a primitive that is missing says so in the backend's own way
            raise Unfit(f"This machine's cryptographic library cannot do {name}: nothing was started.") from error
        if not right:
            raise Unfit(f"This machine's cryptographic library does {name} wrongly: nothing was started.")


def _sha256() -> bool:
    """FIPS 180-4, the message "abc"."""
    return sha256(b"a", b"bc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def _hmac() -> bool:
    """RFC 4231 section 4.3."""
    tag = hmac_sha256(b"Jefe", b"what do ya want ", b"for nothing?")
    return tag.hex() == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


def _hkdf() -> bool:
    """RFC 5869 appendix A.1."""
    made = hkdf(b"\x0b" * 22, salt=bytes(range(13)), info=bytes(range(0xF0, 0xFA)), length=42)
    return made.hex() == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"


def _comparison() -> bool:
    return equal(b"same", b"same") and not equal(b"same", b"sane") and not equal(b"same", b"same\0")


def _aes_gcm() -> bool:
    """The GCM specification, test cases 2 and 14: a block of zeros under zeros."""
    small, large = (AESGCM(bytes(length)).encrypt(bytes(12), bytes(16), None).hex() for length in (16, 32))
    return (small, large) == (
        "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf",
        "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
    )


def _x25519() -> bool:
    """RFC 7748 section 6.1."""
    own = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
    other = bytes.fromhex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
    shared = X25519PrivateKey.from_private_bytes(own).exchange(X25519PublicKey.from_public_bytes(other))
    return shared.hex() == "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"


def _ed25519() -> bool:
    """RFC 8032 section 7.1, test 1."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    signature = bytes.fromhex(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b"
    )
    ed25519_verify(public, b"", signature)
    same = ed25519_public(seed) == public and ed25519_sign(seed, b"") == signature
    return same and _refuses(NotAuthentic, lambda: ed25519_verify(public, b"x", signature))


def _ed25519_keys() -> bool:
    """A proper key is admitted, the identity point is not (see `detente.crypto.signing`)."""
    check_ed25519_key(ed25519_public(bytes(32)))
    return _refuses(Malformed, lambda: check_ed25519_key(b"\x01" + bytes(31)))


def _mldsa44() -> bool:
    """RFC 9881 appendix C: the key of the counting seed; then a signature there and back."""
    seed = _COUNTING[:32]
    public, signature = mldsa44_public(seed), mldsa44_sign(seed, b"text", b"context")
    mldsa44_verify(public, b"text", signature, b"context")
    return sha256(public).hex() == "9f107644c1084526af3bc8098680b05499a2325a644e388fb4f970e058d19d46" and _refuses(
        NotAuthentic, lambda: mldsa44_verify(public, b"text", signature, b"another")
    )


def _mldsa65() -> bool:
    """RFC 9881 appendix C: the key of the counting seed; then a signature there and back."""
    seed = _COUNTING[:32]
    public, signature = mldsa65_public(seed), mldsa65_sign(seed, b"text", b"context")
    mldsa65_verify(public, b"text", signature, b"context")
    return sha256(public).hex() == "d666806e11cee19a7c989f7445f90dd419cf4d2d51db8c0fdb4c0f0a542238c9" and _refuses(
        NotAuthentic, lambda: mldsa65_verify(public, b"text", signature, b"another")
    )


def _mlkem768() -> bool:
    """RFC 9935 appendix C: the key of the counting seed; then a secret there and back."""
    own = MLKEM768PrivateKey.from_seed_bytes(_COUNTING)
    public = own.public_key()
    secret, sealed = public.encapsulate()
    known = "0b7934c83125c788995e2ba6bd761e33046b3e40571be53e023309a29f398cc9"
    return sha256(public.public_bytes_raw()).hex() == known and equal(own.decapsulate(sealed), secret)


def _mlkem1024() -> bool:
    """RFC 9935 appendix C: the key of the counting seed; then a secret there and back."""
    own = MLKEM1024PrivateKey.from_seed_bytes(_COUNTING)
    public = own.public_key()
    secret, sealed = public.encapsulate()
    known = "c7b8fa0aa471d5ae18922d6ccad5b31e1d84f92ae723abfd13747018740a8530"
    return sha256(public.public_bytes_raw()).hex() == known and equal(own.decapsulate(sealed), secret)


def _refuses(error: type[DetenteError], attempt: Callable[[], None]) -> bool:
    try:
        attempt()
    except error:
        return True
    return False


_CHECKS: Final[tuple[tuple[str, Callable[[], bool]], ...]] = (
    ("SHA-256", _sha256),
    ("HMAC-SHA-256", _hmac),
    ("HKDF-SHA-256", _hkdf),
    ("comparison of secrets", _comparison),
    ("AES-GCM", _aes_gcm),
    ("X25519", _x25519),
    ("Ed25519", _ed25519),
    ("the check of Ed25519 keys", _ed25519_keys),
    ("ML-DSA-44", _mldsa44),
    ("ML-DSA-65", _mldsa65),
    ("ML-KEM-768", _mlkem768),
    ("ML-KEM-1024", _mlkem1024),
)

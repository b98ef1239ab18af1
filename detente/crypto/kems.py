"""Key encapsulation as HPKE has it (RFC 9180 section 4, draft-ietf-hpke-pq): the part that a suite picks its keys by.

| number | mechanism      | where from                   | private key     |
|--------|----------------|------------------------------|-----------------|
| 0x0010 | P-256          | RFC 9180                     | the scalar      |
| 0x0011 | P-384          | RFC 9180                     | the scalar      |
| 0x0012 | P-521          | RFC 9180                     | the scalar      |
| 0x0020 | X25519         | RFC 9180                     | 32 bytes        |
| 0x0021 | X448           | RFC 9180                     | 56 bytes        |
| 0x647a | MLKEM768X25519 | draft-ietf-hpke-pq (X-Wing)  | a 32-byte seed  |
| 0x0051 | MLKEM1024P384  | draft-ietf-hpke-pq           | a 32-byte seed  |

pyca seals with most of them in one shot; what it lacks is here by hand, each against its vectors:
`derive_key_pair`, because MLS derives its keys from secrets, and `encapsulate` and `decapsulate`, because
an external commit takes its init secret from HPKE's exporter, and because pyca's HPKE has no X448.

Two families.  `DhKem`: a Diffie-Hellman exchange whose result is extracted and expanded with both public
keys.  `HybridKem`: a lattice mechanism and an exchange side by side; the seed gives both private keys,
keys and ciphertexts are laid one after the other, and the two secrets are hashed together with what only
the exchange showed, so that whoever breaks one of the two has nothing.

Every public key is checked before it is used: its length, that it is a point of its curve, and that it
is no point of small order, under which everybody would know the secret.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Protocol

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mlkem import (
    MLKEM768PrivateKey,
    MLKEM768PublicKey,
    MLKEM1024PrivateKey,
    MLKEM1024PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.x448 import X448PrivateKey, X448PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from detente.ground.errors import Malformed

VERSION = b"HPKE-v1"
_FOREIGN_KEYS = 4096
_MATRIX_SEED = 32  # the last bytes of a lattice's public key, from which its matrix is drawn: any will do
_NO_LATTICE_KEY = "An encryption key is no key of its lattice."
_BAD_LENGTH = "A key or an encapsulated key has not the length of its kind."


def extract(hash_name: str, salt: bytes, material: bytes) -> bytes:
    """HKDF-Extract (RFC 5869) under the hash of that name."""
    return hmac.digest(salt, material, hash_name)


def expand(hash_name: str, key: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand (RFC 5869): `length` bytes, at most 255 blocks of the hash."""
    block = hmac.digest(key, info + b"\1", hash_name)
    if length <= len(block):
        return block[:length]
    if length > 255 * len(block):
        raise Malformed("More bytes are asked of a key than it can give.")
    output = bytearray(block)
    while len(output) < length:
        block = hmac.digest(key, block + info + bytes([len(output) // len(block) + 1]), hash_name)
        output += block
    return bytes(output[:length])


@dataclass(frozen=True)
class Labels:
    """LabeledExtract and LabeledExpand (RFC 9180 section 4) under one hash, for one suite."""

    hash_name: str
    suite_id: bytes

    def extract(self, salt: bytes, label: bytes, material: bytes) -> bytes:
        """LabeledExtract."""
        return extract(self.hash_name, salt, VERSION + self.suite_id + label + material)

    def expand(self, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
        """LabeledExpand."""
        labeled = length.to_bytes(2, "big") + VERSION + self.suite_id + label + info
        return expand(self.hash_name, key, labeled, length)


class PrivateKey(bytes):
    """A private key that was derived here, and the object of pyca's that was made on the way to its public key.

    It is its bytes wherever bytes are asked for, and is written as they are.  The object spares `private_key` the
    making of another one (which costs as much as opening), and lives exactly as long as these bytes do.
    """

    kem: Kem
    loaded: Any

    @classmethod
    def of(cls, raw: bytes, kem: Kem, loaded: Any) -> PrivateKey:
        """The key of these bytes, whose object under that mechanism is `loaded`."""
        private = cls(raw)
        private.kem, private.loaded = kem, loaded
        return private


class Kem(Protocol):
    """What HPKE asks of a mechanism.  Keys are bytes; `public_key` and `private_key` give pyca's objects of them."""

    @property
    def number(self) -> int:
        """Its number in the registry of HPKE."""

    @property
    def pyca(self) -> hpke.KEM | None:
        """Its name in pyca's HPKE, where it has one."""

    @property
    def encapsulated_length(self) -> int:
        """The bytes of an encapsulated key."""

    def derive_key_pair(self, material: bytes) -> tuple[bytes, bytes]:
        """DeriveKeyPair: (private, public), the same for the same material."""

    def public_of(self, private: bytes) -> bytes:
        """The public key that belongs to `private`."""

    def check_public(self, public: bytes) -> None:
        """`Malformed` where it cannot be a public key."""

    def public_key(self, public: bytes) -> Any:
        """The key as pyca has it, checked; `Malformed` where it cannot be one."""

    def private_key(self, private: bytes) -> Any:
        """The key as pyca has it; `Malformed` where it cannot be one."""

    def encapsulate(self, public: bytes, seed: bytes) -> tuple[bytes, bytes]:
        """Encap: (shared secret, encapsulated key); `seed` is the entropy of what is not drawn inside pyca."""

    def decapsulate(self, private: bytes, encapsulated: bytes) -> bytes:
        """Decap: the shared secret; a `ValueError` of pyca's where the exchange gives none."""


# --- groups ----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Group:
    """A Diffie-Hellman group: keys as bytes, and the exchange."""

    name: str
    private_length: int
    public_length: int
    load_private: Callable[[bytes], Any]
    load_public: Callable[[bytes], Any]
    write_public: Callable[[Any], bytes]
    exchange: Callable[[Any, Any], bytes]
    scalar: bool
    """Whether a private key is a number, whose leading zeros other programs drop."""
    derive: Callable[[Callable[[int], bytes]], bytes]
    """The private key out of candidates: `candidate(counter)` gives the bytes of each."""
    weak: frozenset[bytes] | None = None
    """Where every string of the right length is a point: those under which everybody knows the secret."""

    def private(self, raw: bytes) -> Any:
        """The private key, or `Malformed`."""
        if len(raw) != self.private_length and not (self.scalar and len(raw) < self.private_length):
            raise Malformed(_BAD_LENGTH)
        try:
            return self.load_private(raw)
        except ValueError as error:
            raise Malformed("A private encryption key is none.") from error

    def check_public(self, raw: bytes) -> None:
        """`Malformed` where it can be no public key; a key object is made only where nothing less can tell."""
        if len(raw) != self.public_length:
            raise Malformed(_BAD_LENGTH)
        if self.weak is None:
            _loaded(self, raw)
        elif raw in self.weak:
            raise Malformed("An encryption key is one that everybody could open.")

    def public(self, raw: bytes) -> Any:
        """The public key, or `Malformed`."""
        self.check_public(raw)
        return _loaded(self, raw)


@lru_cache(maxsize=_FOREIGN_KEYS)
def _loaded(group: Group, raw: bytes) -> Any:
    try:
        return group.load_public(raw)
    except ValueError as error:
        raise Malformed("An encryption key is no point of its curve.") from error


def _small_order(prime: int, bits: int, orders: tuple[int, ...]) -> frozenset[bytes]:
    """Every spelling of the u-coordinates under which every exchange gives zero.

    A coordinate may be written with the prime added to it, and with any bits above the `bits` that count.
    """
    size = (bits + 7) // 8
    written = {number % prime + more for number in orders for more in (0, prime)}
    return frozenset(
        (number | ignored << bits).to_bytes(size, "little")
        for number in written
        if number < 1 << bits
        for ignored in range(1 << 8 * size - bits)
    )


_P25519 = 2**255 - 19
_P448 = 2**448 - 2**224 - 1
_WEAK_25519 = _small_order(
    _P25519,
    255,
    (
        0,
        1,
        -1,
        325606250916557431795983626356110631294008115727848805560023387167927233504,
        39382357235489614581723060781553021112529911719440698176882885853963445705823,
    ),
)
_WEAK_448 = _small_order(_P448, 448, (0, 1, -1))


def _montgomery(
    private: type[X25519PrivateKey | X448PrivateKey],
    public: type[X25519PublicKey | X448PublicKey],
    size: int,
    weak: frozenset[bytes],
) -> Group:
    return Group(
        name=f"montgomery-{size}",
        private_length=size,
        public_length=size,
        load_private=private.from_private_bytes,
        load_public=public.from_public_bytes,
        write_public=lambda key: bytes(key.public_bytes_raw()),
        exchange=lambda own, other: bytes(own.exchange(other)),
        scalar=False,
        derive=lambda candidate: candidate(-1),
        weak=weak,
    )


def _weierstrass(curve: ec.EllipticCurve, order: int) -> Group:
    size = (curve.key_size + 7) // 8
    mask = 0xFF >> (8 * size - curve.key_size)

    def load_private(raw: bytes) -> Any:
        return ec.derive_private_key(int.from_bytes(raw, "big"), curve)

    def derive(candidate: Callable[[int], bytes]) -> bytes:
        """Candidates until one is a scalar: never reduced, so that none is likelier than another (7.1.3)."""
        for counter in range(256):
            raw = candidate(counter)
            raw = bytes([raw[0] & mask]) + raw[1:]
            if 0 < int.from_bytes(raw, "big") < order:
                return raw
        raise Malformed("No private key follows from this secret.")

    return Group(
        name=curve.name,
        private_length=size,
        public_length=2 * size + 1,
        load_private=load_private,
        load_public=lambda raw: ec.EllipticCurvePublicKey.from_encoded_point(curve, raw),
        write_public=lambda key: bytes(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)),
        exchange=lambda own, other: bytes(own.exchange(ec.ECDH(), other)),
        scalar=True,
        derive=derive,
    )


_X25519 = _montgomery(X25519PrivateKey, X25519PublicKey, 32, _WEAK_25519)
_X448 = _montgomery(X448PrivateKey, X448PublicKey, 56, _WEAK_448)
_P256 = _weierstrass(ec.SECP256R1(), 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551)
_P384 = _weierstrass(
    ec.SECP384R1(), 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
)
_P521 = _weierstrass(
    ec.SECP521R1(),
    0x01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409,
)


# --- mechanisms ------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class DhKem:
    """DHKEM (RFC 9180 section 4.1) over a group and HKDF."""

    number: int
    group: Group
    hash_name: str
    secret_length: int
    pyca: hpke.KEM | None

    @property
    def encapsulated_length(self) -> int:
        """An encapsulated key is a public key."""
        return self.group.public_length

    @cached_property
    def _labels(self) -> Labels:
        return Labels(self.hash_name, b"KEM" + self.number.to_bytes(2, "big"))

    def derive_key_pair(self, material: bytes) -> tuple[bytes, bytes]:
        """DeriveKeyPair (7.1.3)."""
        key = self._labels.extract(b"", b"dkp_prk", material)
        size = self.group.private_length

        def candidate(counter: int) -> bytes:
            label, info = (b"sk", b"") if counter < 0 else (b"candidate", bytes([counter]))
            return self._labels.expand(key, label, info, size)

        private = self.group.derive(candidate)
        key = self.group.private(private)
        return PrivateKey.of(private, self, key), self.group.write_public(key.public_key())

    def public_of(self, private: bytes) -> bytes:
        """The public key that belongs to `private`."""
        return self.group.write_public(self.group.private(private).public_key())

    def check_public(self, public: bytes) -> None:
        """What the group asks of a point."""
        self.group.check_public(public)

    def public_key(self, public: bytes) -> Any:
        """The key as pyca has it."""
        return self.group.public(public)

    def private_key(self, private: bytes) -> Any:
        """The key as pyca has it."""
        if isinstance(private, PrivateKey) and private.kem is self:
            return private.loaded
        return self.group.private(private)

    def encapsulate(self, public: bytes, seed: bytes) -> tuple[bytes, bytes]:
        """Encap with the ephemeral key of `seed`."""
        private, encapsulated = self.derive_key_pair(seed)
        return self._shared(private, public, encapsulated + public), encapsulated

    def decapsulate(self, private: bytes, encapsulated: bytes) -> bytes:
        """Decap."""
        return self._shared(private, encapsulated, encapsulated + self.public_of(private))

    def _shared(self, private: bytes, public: bytes, context: bytes) -> bytes:
        """The exchange, then ExtractAndExpand."""
        exchanged = self.group.exchange(self.group.private(private), self.group.public(public))
        key = self._labels.extract(b"", b"eae_prk", exchanged)
        return self._labels.expand(key, b"shared_secret", context, self.secret_length)


@dataclass(frozen=True, eq=False)
class HybridKem:
    """ML-KEM and an exchange (draft-ietf-hpke-pq); `lattice_*_length` are ML-KEM's public key and ciphertext."""

    number: int
    group: Group
    lattice_private: type[MLKEM768PrivateKey | MLKEM1024PrivateKey]
    lattice_public: type[MLKEM768PublicKey | MLKEM1024PublicKey]
    lattice_public_length: int
    lattice_cipher_length: int
    label: bytes
    pyca: hpke.KEM
    pair: Callable[[Any, Any], Any]
    public_pair: Callable[[Any, Any], Any]

    @property
    def encapsulated_length(self) -> int:
        """A lattice ciphertext and a public key."""
        return self.lattice_cipher_length + self.group.public_length

    def derive_key_pair(self, material: bytes) -> tuple[bytes, bytes]:
        """DeriveKeyPair: the seed is one call of SHAKE256 (LabeledDerive of draft-ietf-hpke-hpke)."""
        suite_id = b"KEM" + self.number.to_bytes(2, "big")
        label = b"DeriveKeyPair"
        labeled = material + VERSION + suite_id + len(label).to_bytes(2, "big") + label + (32).to_bytes(2, "big")
        private = hashlib.shake_256(labeled).digest(32)
        parts = self._parts(private)
        return PrivateKey.of(private, self, self.pair(*parts)), self._shown(*parts)

    def _parts(self, private: bytes) -> tuple[Any, Any]:
        """The two private keys of a seed."""
        if len(private) != 32:
            raise Malformed(_BAD_LENGTH)
        size = self.group.private_length
        stream = hashlib.shake_256(private).digest(64 + size)
        return self.lattice_private.from_seed_bytes(stream[:64]), self.group.private(stream[64:])

    @cached_property
    def _carries(self) -> tuple[int, int]:
        """For `is_reduced`: what takes 3,329 over 4,095 in every coefficient, and the bits that it would carry into."""
        ones = int.from_bytes(b"\1\x10\0" * ((self.lattice_public_length - _MATRIX_SEED) // 3), "little")
        return 767 * ones, ones << 12

    def is_reduced(self, lattice: bytes) -> bool:
        """Whether all coefficients are below 3,329 (FIPS 203 section 7.2): numbers of 12 bits, the lowest bits first.

        All are added to at once.  Where a bit of the sum is not that of the two bits above it, something was carried
        into it from the coefficient below; and the lowest that carries does so by its own size alone.
        """
        coefficients = int.from_bytes(lattice[:-_MATRIX_SEED], "little")
        added, carried = self._carries
        return (coefficients ^ added ^ (coefficients + added)) & carried == 0

    def check_public(self, public: bytes) -> None:
        """The check that FIPS 203 asks for, and the group's; making a key object would cost ten times as much."""
        _check_pair(self, public)

    def split(self, public: bytes) -> tuple[bytes, bytes]:
        """The lattice's public key and the group's, by their lengths."""
        size = self.lattice_public_length
        if len(public) != size + self.group.public_length:
            raise Malformed(_BAD_LENGTH)
        return public[:size], public[size:]

    def _public_parts(self, public: bytes) -> tuple[Any, Any]:
        lattice, point = self.split(public)
        return _lattice_loaded(self, lattice), self.group.public(point)

    def public_of(self, private: bytes) -> bytes:
        """The public keys that belong to a seed, one after the other."""
        return self._shown(*self._parts(private))

    def _shown(self, lattice: Any, exchange: Any) -> bytes:
        return bytes(lattice.public_key().public_bytes_raw()) + self.group.write_public(exchange.public_key())

    def public_key(self, public: bytes) -> Any:
        """The pair as pyca has it."""
        return self.public_pair(*self._public_parts(public))

    def private_key(self, private: bytes) -> Any:
        """The pair as pyca has it."""
        if isinstance(private, PrivateKey) and private.kem is self:
            return private.loaded
        return self.pair(*self._parts(private))

    def encapsulate(self, public: bytes, seed: bytes) -> tuple[bytes, bytes]:
        """Encap: the ephemeral key comes from `seed`, the lattice's own chance from inside pyca."""
        lattice, exchange = self._public_parts(public)
        secret, cipher = lattice.encapsulate()
        own = self.group.private(self._ephemeral(seed))
        shown = self.group.write_public(own.public_key())
        exchanged = self.group.exchange(own, exchange)
        return self._combined(secret, exchanged, shown, public[self.lattice_public_length :]), cipher + shown

    def _ephemeral(self, seed: bytes) -> bytes:
        def candidate(counter: int) -> bytes:
            size, step = self.group.private_length, max(counter, 0)
            return hashlib.shake_256(b"ephemeral" + bytes([step]) + seed).digest(size)

        return self.group.derive(candidate)

    def decapsulate(self, private: bytes, encapsulated: bytes) -> bytes:
        """Decap."""
        lattice, exchange = self._parts(private)
        cipher, shown = encapsulated[: self.lattice_cipher_length], encapsulated[self.lattice_cipher_length :]
        exchanged = self.group.exchange(exchange, self.group.public(shown))
        own = self.group.write_public(exchange.public_key())
        return self._combined(lattice.decapsulate(cipher), exchanged, shown, own)

    def _combined(self, secret: bytes, exchanged: bytes, shown: bytes, public: bytes) -> bytes:
        return hashlib.sha3_256(secret + exchanged + shown + public + self.label).digest()


@lru_cache(maxsize=_FOREIGN_KEYS)
def _check_pair(kem: HybridKem, public: bytes) -> None:
    """What is remembered are keys that passed: a refusal is an exception."""
    lattice, point = kem.split(public)
    if not kem.is_reduced(lattice):
        raise Malformed(_NO_LATTICE_KEY)
    kem.group.check_public(point)


@lru_cache(maxsize=_FOREIGN_KEYS)
def _lattice_loaded(kem: HybridKem, raw: bytes) -> Any:
    try:
        return kem.lattice_public.from_public_bytes(raw)
    except ValueError as error:
        raise Malformed(_NO_LATTICE_KEY) from error


DHKEM_P256 = DhKem(0x0010, _P256, "sha256", 32, hpke.KEM.P256)
DHKEM_P384 = DhKem(0x0011, _P384, "sha384", 48, hpke.KEM.P384)
DHKEM_P521 = DhKem(0x0012, _P521, "sha512", 64, hpke.KEM.P521)
DHKEM_X25519 = DhKem(0x0020, _X25519, "sha256", 32, hpke.KEM.X25519)
DHKEM_X448 = DhKem(0x0021, _X448, "sha512", 64, None)
MLKEM768X25519 = HybridKem(
    0x647A,
    _X25519,
    MLKEM768PrivateKey,
    MLKEM768PublicKey,
    1184,
    1088,
    rb"\.//^" + b"\\",
    hpke.KEM.MLKEM768_X25519,
    hpke.MLKEM768X25519PrivateKey,
    hpke.MLKEM768X25519PublicKey,
)
MLKEM1024P384 = HybridKem(
    0x0051,
    _P384,
    MLKEM1024PrivateKey,
    MLKEM1024PublicKey,
    1568,
    1568,
    b"MLKEM1024-P384",
    hpke.KEM.MLKEM1024_P384,
    hpke.MLKEM1024P384PrivateKey,
    hpke.MLKEM1024P384PublicKey,
)

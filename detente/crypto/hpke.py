"""HPKE (RFC 9180) as MLS needs it: base mode, one message for each key, and the exporter.

pyca's `Suite` seals and opens in one shot, and draws its own ephemeral key; it writes the encapsulated
key and the ciphertext as one string, which is split here.  What it lacks stands here by hand: the key
schedule (section 5.1), for the export interface (section 5.3), because an external commit takes its init
secret from it; and sealing with X448, which pyca's HPKE does not have.  The mechanisms are in `kems`.

A private key that was derived here carries its key object with it, and takes it along when it goes; any other is
made into one for the call that uses it.  Nothing here remembers a secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x448 import X448PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from detente.crypto.kems import DHKEM_X25519, Kem, Labels, expand, extract
from detente.ground.errors import Malformed, NotAuthentic

__all__ = ["Hpke", "Schedule", "expand", "extract"]

_BASE_MODE = b"\0"
_KDFS = {1: ("sha256", hpke.KDF.HKDF_SHA256), 2: ("sha384", hpke.KDF.HKDF_SHA384), 3: ("sha512", hpke.KDF.HKDF_SHA512)}
_HASH_LENGTHS = {1: 32, 2: 48, 3: 64}
_AEADS: dict[int, tuple[type[AESGCM | ChaCha20Poly1305], int, hpke.AEAD]] = {
    1: (AESGCM, 16, hpke.AEAD.AES_128_GCM),
    2: (AESGCM, 32, hpke.AEAD.AES_256_GCM),
    3: (ChaCha20Poly1305, 32, hpke.AEAD.CHACHA20_POLY1305),
}
_NOT_OPENED = "A sealed secret cannot be opened: it was made for another key or changed."


@dataclass(frozen=True, repr=False)
class Schedule:
    """What the key schedule of section 5.1 gives: the key and nonce of the one message, and the exporter's secret."""

    key: bytes
    nonce: bytes
    exporter_secret: bytes


@dataclass(frozen=True)
class Hpke:
    """One HPKE suite; `kdf_id` and `aead_id` as in RFC 9180 sections 7.2 and 7.3."""

    aead_id: int
    kem: Kem = DHKEM_X25519
    kdf_id: int = 1

    def derive_key_pair(self, material: bytes) -> tuple[bytes, bytes]:
        """DeriveKeyPair: (private, public), the same for the same material."""
        return self.kem.derive_key_pair(material)

    def public_of(self, private: bytes) -> bytes:
        """The public key that belongs to `private`."""
        return self.kem.public_of(private)

    def check_public(self, public: bytes) -> None:
        """`Malformed` unless `public` can be a public key of this suite."""
        self.kem.check_public(public)

    def seal(self, public: bytes, info: bytes, plaintext: bytes, seed: bytes | None = None) -> tuple[bytes, bytes]:
        """SealBase with no associated data: (encapsulated key, ciphertext).

        pyca draws the ephemeral key; where it cannot, the key comes from `seed`, or is drawn by pyca too.
        """
        if self._pyca is None or seed is not None:
            return self._seal_by_hand(public, info, plaintext, seed)
        sealed = self._pyca.encrypt(plaintext, self.kem.public_key(public), info)
        size = self.kem.encapsulated_length
        return sealed[:size], sealed[size:]

    def open(self, private: bytes, info: bytes, encapsulated: bytes, ciphertext: bytes) -> bytes:
        """OpenBase with no associated data, or `NotAuthentic`."""
        if len(encapsulated) != self.kem.encapsulated_length:
            raise Malformed(f"An encapsulated key does not have its {self.kem.encapsulated_length} bytes.")
        try:
            if self._pyca is None:
                return self._open_by_hand(private, info, encapsulated, ciphertext)
            return self._pyca.decrypt(encapsulated + ciphertext, self.kem.private_key(private), info)
        except (InvalidTag, ValueError, Malformed) as error:
            raise NotAuthentic(_NOT_OPENED) from error

    def export_to(self, public: bytes, info: bytes, context: bytes, length: int, seed: bytes) -> tuple[bytes, bytes]:
        """SetupBaseS and Export: (encapsulated key, secret).  `seed` is entropy for the ephemeral key."""
        secret, encapsulated = self.kem.encapsulate(public, seed)
        return encapsulated, self.export(self.schedule(secret, info), context, length)

    def export_from(self, private: bytes, encapsulated: bytes, info: bytes, context: bytes, length: int) -> bytes:
        """SetupBaseR and Export: the secret that `export_to` gave to the other side, or `NotAuthentic`."""
        if len(encapsulated) != self.kem.encapsulated_length:
            raise Malformed(f"An encapsulated key does not have its {self.kem.encapsulated_length} bytes.")
        try:
            secret = self.kem.decapsulate(private, encapsulated)
        except ValueError as error:
            raise NotAuthentic(_NOT_OPENED) from error
        return self.export(self.schedule(secret, info), context, length)

    @cached_property
    def _pyca(self) -> hpke.Suite | None:
        """The same suite of pyca's, where it has the mechanism."""
        if self.kem.pyca is None:
            return None
        return hpke.Suite(self.kem.pyca, _KDFS[self.kdf_id][1], _AEADS[self.aead_id][2])

    # --- by hand -------------------------------------------------------------------------------------

    @cached_property
    def _labels(self) -> Labels:
        numbers = (self.kem.number, self.kdf_id, self.aead_id)
        return Labels(_KDFS[self.kdf_id][0], b"HPKE" + b"".join(number.to_bytes(2, "big") for number in numbers))

    def schedule(self, shared: bytes, info: bytes) -> Schedule:
        """KeySchedule in base mode (section 5.1)."""
        labels = self._labels
        hashes = labels.extract(b"", b"psk_id_hash", b"") + labels.extract(b"", b"info_hash", info)
        secret = labels.extract(shared, b"secret", b"")
        return Schedule(
            labels.expand(secret, b"key", _BASE_MODE + hashes, _AEADS[self.aead_id][1]),
            labels.expand(secret, b"base_nonce", _BASE_MODE + hashes, 12),
            labels.expand(secret, b"exp", _BASE_MODE + hashes, _HASH_LENGTHS[self.kdf_id]),
        )

    def export(self, schedule: Schedule, context: bytes, length: int) -> bytes:
        """Export (section 5.3)."""
        return self._labels.expand(schedule.exporter_secret, b"sec", context, length)

    def _seal_by_hand(self, public: bytes, info: bytes, plaintext: bytes, seed: bytes | None) -> tuple[bytes, bytes]:
        if seed is None:
            seed = X448PrivateKey.generate().private_bytes_raw()
        secret, encapsulated = self.kem.encapsulate(public, seed)
        schedule = self.schedule(secret, info)
        return encapsulated, _AEADS[self.aead_id][0](schedule.key).encrypt(schedule.nonce, plaintext, b"")

    def _open_by_hand(self, private: bytes, info: bytes, encapsulated: bytes, ciphertext: bytes) -> bytes:
        schedule = self.schedule(self.kem.decapsulate(private, encapsulated), info)
        return _AEADS[self.aead_id][0](schedule.key).decrypt(schedule.nonce, ciphertext, b"")

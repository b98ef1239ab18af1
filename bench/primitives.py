"""What the primitives cost by themselves: pyca/cryptography and hashlib, called with nothing around.

A floor is counted from these: how often an operation cannot do without each, times what each costs here
and now.  No line of Detente runs in it.  Keys are objects that were made before, where the caller has them
before; a key pair that follows from a secret is made anew each time, for the RFC asks for that.

Two suites have prices: 0x0001 (X25519, AES-128-GCM, SHA-256, Ed25519), and 0xF002, our number for the
hybrid one (ML-KEM-768 with X25519, AES-256-GCM, SHA-384, Ed25519).
"""

import hashlib
import hmac
import os
import struct

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import ed25519, mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KILOBYTE = os.urandom(1_000)
BLOCK = 64_000  # bytes of the long calls, from which the price of a kilobyte more is taken
CLASSICAL, HYBRID = 0x0001, 0xF002


def _expand(secret, label, hash_name):
    full = b"MLS 1.0 " + label
    info = struct.pack(">HB", len(secret), len(full)) + full + b"\0"
    return hmac.digest(secret, info + b"\x01", hash_name)


def _public(seed):
    return x25519.X25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _classical_pair(secret):
    """DeriveKeyPair (RFC 9180 section 7.1.3): one extraction, one expansion, one public key."""
    key = hmac.digest(b"", b"HPKE-v1KEM\0\x20dkp_prk" + secret, "sha256")
    return _public(hmac.digest(key, b"\0\x20HPKE-v1KEM\0\x20sk\x01", "sha256"))


def _hybrid_pair(secret):
    """DeriveKeyPair of X-Wing: a seed, drawn out into two private keys, and their public keys."""
    seed = hashlib.shake_256(secret + b"HPKE-v1KEM\x64\x7a\0\x0dDeriveKeyPair\0\x20").digest(32)
    both = hashlib.shake_256(seed).digest(96)
    lattice = mlkem.MLKEM768PrivateKey.from_seed_bytes(both[:64]).public_key().public_bytes_raw()
    return lattice + _public(both[64:])


def _classical():
    private = x25519.X25519PrivateKey.generate()
    suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)
    return suite, private, private.public_key()


def _hybrid():
    private = hpke.MLKEM768X25519PrivateKey(mlkem.MLKEM768PrivateKey.generate(), x25519.X25519PrivateKey.generate())
    suite = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA384, hpke.AEAD.AES_256_GCM)
    return suite, private, private.public_key()


# suite: hash, bytes of a cipher's key, bytes of a public key, a key pair from a secret, HPKE with a pair of keys
_SUITES = {
    CLASSICAL: ("sha256", 16, 32, _classical_pair, _classical),
    HYBRID: ("sha384", 32, 1_216, _hybrid_pair, _hybrid),
}


def cases(size=1_000, number=CLASSICAL):
    """Name -> call; `size` is that of the message which is signed and sealed, in bytes."""
    hash_name, key_length, public_length, key_pair, sealing = _SUITES[number]
    digest = getattr(hashlib, hash_name)
    suite, private, peer = sealing()
    key = ed25519.Ed25519PrivateKey.generate()
    public = key.public_key()
    message, long = os.urandom(size), os.urandom(BLOCK)
    signature = key.sign(message)
    secret, nonce, aad = os.urandom(digest().digest_size), os.urandom(12), os.urandom(48)
    cipher = secret[:key_length]
    sealed = AESGCM(cipher).encrypt(nonce, message, aad)
    info = os.urandom(150)
    closed = suite.encrypt(secret, peer, info)
    node = os.urandom(public_length + 3 * len(secret))  # its key, its parent's hash, its children's hashes
    return {
        "sign": lambda: key.sign(message),
        "verify": lambda: public.verify(signature, message),
        "seal": lambda: AESGCM(cipher).encrypt(nonce, message, aad),
        "open": lambda: AESGCM(cipher).decrypt(nonce, sealed, aad),
        "seal 12 B": lambda: AESGCM(cipher).encrypt(nonce, nonce, aad),
        "expand": lambda: _expand(secret, b"secret", hash_name),
        "key pair": lambda: key_pair(secret),
        "hpke seal": lambda: suite.encrypt(secret, peer, info),
        "hpke open": lambda: suite.decrypt(closed, private, info),
        "hash node": lambda: digest(node).digest(),
        "hash 1 kB": lambda: hashlib.sha256(KILOBYTE).digest(),
        "hash 64 kB": lambda: digest(long).digest(),
        "sha512 64 kB": lambda: hashlib.sha512(long).digest(),  # Ed25519 hashes a text twice to sign, once to verify
        "seal 64 kB": lambda: AESGCM(cipher).encrypt(nonce, long, aad),
    }


def cost(prices, **counts):
    """Seconds of so many of each; `prices` name -> seconds, names with underscores for spaces."""
    return sum(prices[name.replace("_", " ")] * count for name, count in counts.items())

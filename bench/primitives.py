"""What the primitives cost by themselves: pyca/cryptography and hashlib, called with nothing around.

A floor is counted from these: how often an operation cannot do without each, times what each costs here
and now.  No line of Detente runs in it.
"""

import hashlib
import hmac
import os
import struct

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KILOBYTE = os.urandom(1_000)


def _expand(secret, label):
    full = b"MLS 1.0 " + label
    info = struct.pack(">HB", 32, len(full)) + full + b"\0"
    return hmac.digest(secret, info + b"\x01", "sha256")


def cases(size=1_000):
    """Name -> call; `size` is that of the message which is signed and sealed, in bytes."""
    key = ed25519.Ed25519PrivateKey.generate()
    public = key.public_key()
    message = os.urandom(size)
    signature = key.sign(message)
    secret, nonce, aad = os.urandom(32), os.urandom(12), os.urandom(48)
    sealed = AESGCM(secret[:16]).encrypt(nonce, message, aad)
    private = x25519.X25519PrivateKey.generate()
    peer = private.public_key()
    seed = private.private_bytes_raw()
    suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)
    info = os.urandom(150)
    closed = suite.encrypt(secret, peer, info)
    node = os.urandom(65)
    return {
        "sign": lambda: key.sign(message),
        "verify": lambda: public.verify(signature, message),
        "seal": lambda: AESGCM(secret[:16]).encrypt(nonce, message, aad),
        "open": lambda: AESGCM(secret[:16]).decrypt(nonce, sealed, aad),
        "seal 12 B": lambda: AESGCM(secret[:16]).encrypt(nonce, nonce, aad),
        "expand": lambda: _expand(secret, b"secret"),
        "key pair": lambda: x25519.X25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw(),
        "hpke seal": lambda: suite.encrypt(secret, peer, info),
        "hpke open": lambda: suite.decrypt(closed, private, info),
        "hash node": lambda: hashlib.sha256(node).digest(),
        "hash 1 kB": lambda: hashlib.sha256(KILOBYTE).digest(),
    }


def cost(prices, **counts):
    """Seconds of so many of each; `prices` name -> seconds, names with underscores for spaces."""
    return sum(prices[name.replace("_", " ")] * count for name, count in counts.items())

"""The key schedule (RFC 9420 chapter 8): from the last epoch's init secret to all keys of this one.

                init_secret[n-1]
                      |
commit_secret -> Extract -> "joiner" -> joiner_secret
                                            |
psk_secret ------------------------> Extract -> "welcome" -> welcome_secret
                                            |
                      GroupContext -> "epoch" -> epoch_secret -> one secret for each use
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from detente.crypto.suites import CipherSuite
from detente.ground.errors import Malformed
from detente.mls.framing import Auth, AuthenticatedContent
from detente.mls.types import GroupContext, PreSharedKeyId
from detente.wire.tls import uint, vector

_LONGEST_EXPORT = 8_160


@dataclass(frozen=True, repr=False)
class EpochSecrets:
    """The secrets of one epoch (table 4), each for one use.

    `encryption` is the root of the secret tree and empty once the tree was made from it.
    """

    sender_data: bytes
    encryption: bytes
    exporter: bytes
    authentication: bytes
    external: bytes
    confirm: bytes
    membership: bytes
    resumption: bytes
    init: bytes


_LABELS = {field.name: field.name.replace("_", " ").encode() for field in fields(EpochSecrets)}  # "sender data" ...


@dataclass(frozen=True, repr=False)
class Epoch:
    """What the key schedule gives for one epoch."""

    joiner_secret: bytes
    welcome_secret: bytes
    secrets: EpochSecrets


def joiner_secret(suite: CipherSuite, init_secret: bytes, commit_secret: bytes, context: GroupContext) -> bytes:
    """The secret that newcomers receive, from which they go on alone."""
    extracted = suite.extract(init_secret, commit_secret)
    return suite.expand_with_label(extracted, b"joiner", context.encode(), suite.hash_length)


def epoch_from_joiner(suite: CipherSuite, joiner: bytes, psk_secret: bytes, context: GroupContext) -> Epoch:
    """The epoch of a joiner secret."""
    member_secret = suite.extract(joiner, psk_secret)
    epoch_secret = suite.expand_with_label(member_secret, b"epoch", context.encode(), suite.hash_length)
    return Epoch(joiner, welcome_secret(suite, joiner, psk_secret), epoch_secrets(suite, epoch_secret))


def welcome_secret(suite: CipherSuite, joiner: bytes, psk_secret: bytes) -> bytes:
    """The secret under which a Welcome seals its GroupInfo."""
    return suite.derive_secret(suite.extract(joiner, psk_secret), b"welcome")


def epoch_secrets(suite: CipherSuite, epoch_secret: bytes) -> EpochSecrets:
    """Table 4: one secret for each use."""
    return EpochSecrets(**{name: suite.derive_secret(epoch_secret, label) for name, label in _LABELS.items()})


def welcome_key_nonce(suite: CipherSuite, secret: bytes) -> tuple[bytes, bytes]:
    """The key and nonce of the GroupInfo in a Welcome (12.4.3.1)."""
    key = suite.expand_with_label(secret, b"key", b"", suite.key_length)
    return key, suite.expand_with_label(secret, b"nonce", b"", suite.nonce_length)


def export(suite: CipherSuite, exporter_secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
    """MLS-Exporter (8.5)."""
    if not 0 < length <= _LONGEST_EXPORT:
        # M81, section 8.5
        raise Malformed(f"An exported secret has from 1 to {_LONGEST_EXPORT} bytes.")
    derived = suite.derive_secret(exporter_secret, label)
    return suite.expand_with_label(derived, b"exported", suite.hash(context), length)


def psk_secret(suite: CipherSuite, psks: Sequence[tuple[PreSharedKeyId, bytes]]) -> bytes:
    """All pre-shared keys of a commit as one secret, in their order (8.4); zeros where there are none."""
    secret, zeros = bytes(suite.hash_length), bytes(suite.hash_length)
    for index, (psk_id, psk) in enumerate(psks):
        label = psk_id.encode() + uint(index, 2) + uint(len(psks), 2)
        extracted = suite.extract(zeros, psk)
        secret = suite.extract(suite.expand_with_label(extracted, b"derived psk", label, suite.hash_length), secret)
    return secret


# --- transcripts (8.2) and the confirmation tag (6.1) -----------------------------------------------------


def confirmed_hash(suite: CipherSuite, interim: bytes, commit: AuthenticatedContent) -> bytes:
    """The transcript with this commit in it, before its confirmation tag."""
    signed = uint(commit.wire_format, 2) + commit.content.encode() + vector(commit.auth.signature)
    return suite.hash(interim + signed)


def interim_hash(suite: CipherSuite, confirmed: bytes, auth: Auth) -> bytes:
    """The transcript with the confirmation tag too, on which the next commit builds."""
    return suite.hash(confirmed + vector(auth.confirmation_tag or b""))

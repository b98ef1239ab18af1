"""The messages of the official harness (`mls_client.proto` of mlswg/mls-implementations), in our own description.

Protocol buffers write a message as fields: a key (the field's number and how its value is written), then
the value, which is a variable-length integer or bytes with a length.  That is all that is needed here, so
no compiler and no library of theirs is.  A message is a mapping from names to values; a field that is
missing has the empty value of its kind.

In `MESSAGES` a message is the list of its fields, numbered from one in their order; after the colon their
kind: `b` bytes, `s` text, `u` an unsigned integer, `?` a truth value, or the name of another message;
`*` before it says that there may be several.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from detente.ground.errors import Malformed

Values = dict[str, Any]

_STATE = "state_id:u"
_JOINED = "state_id:u epoch_authenticator:b"
_SUBGROUP = "state_id:u welcome:b ratchet_tree:b epoch_authenticator:b"
_KEYS = "transaction_id:u {}:b init_priv:b encryption_priv:b signature_priv:b"
_COMMIT = "state_id:u by_reference:*b by_value:*Description force_path:? external_tree:?"
_COMMITTED = "commit:b welcome:b ratchet_tree:b"
_HANDLE = "state_id:u proposal:*b commit:b"
_ENDED = "reinit_id:u key_package:b epoch_authenticator:b"
_PROPOSED = "proposal:b"

MESSAGES: Mapping[str, str] = {
    "Psk": "psk_id:b psk_secret:b",
    "Extension": "extension_type:u extension_data:b",
    "Description": (
        "proposal_type:b key_package:b removed_id:b psk_id:b epoch_id:u extensions:*Extension group_id:b cipher_suite:u"
    ),
}

RPCS: Mapping[str, tuple[str, str]] = {
    "Name": ("", "name:s"),
    "SupportedCiphersuites": ("", "ciphersuites:*u"),
    "CreateGroup": ("group_id:b cipher_suite:u encrypt_handshake:? identity:b", _STATE),
    "CreateKeyPackage": ("cipher_suite:u identity:b", _KEYS.format("key_package")),
    "JoinGroup": ("transaction_id:u welcome:b encrypt_handshake:? identity:b ratchet_tree:b", _JOINED),
    "ExternalJoin": (
        "group_info:b ratchet_tree:b encrypt_handshake:? identity:b remove_prior:? psks:*Psk",
        "state_id:u commit:b epoch_authenticator:b",
    ),
    "GroupInfo": ("state_id:u external_tree:?", "group_info:b ratchet_tree:b"),
    "StateAuth": (_STATE, "state_auth_secret:b"),
    "Export": ("state_id:u label:s context:b key_length:u", "exported_secret:b"),
    "Protect": ("state_id:u authenticated_data:b plaintext:b", "ciphertext:b"),
    "Unprotect": ("state_id:u ciphertext:b", "authenticated_data:b plaintext:b"),
    "StorePSK": ("state_or_transaction_id:u psk_id:b psk_secret:b", ""),
    "AddProposal": ("state_id:u key_package:b", _PROPOSED),
    "UpdateProposal": (_STATE, _PROPOSED),
    "RemoveProposal": ("state_id:u removed_id:b", _PROPOSED),
    "ExternalPSKProposal": ("state_id:u psk_id:b", _PROPOSED),
    "ResumptionPSKProposal": ("state_id:u epoch_id:u", _PROPOSED),
    "GroupContextExtensionsProposal": ("state_id:u extensions:*Extension", _PROPOSED),
    "Commit": (_COMMIT, _COMMITTED),
    "HandleCommit": (_HANDLE, _JOINED),
    "HandlePendingCommit": (_STATE, _JOINED),
    "ReInitProposal": ("state_id:u cipher_suite:u group_id:b extensions:*Extension", _PROPOSED),
    "ReInitCommit": (_COMMIT, _COMMITTED),
    "HandlePendingReInitCommit": (_STATE, _ENDED),
    "HandleReInitCommit": (_HANDLE, _ENDED),
    "ReInitWelcome": ("reinit_id:u key_package:*b force_path:? external_tree:?", _SUBGROUP),
    "HandleReInitWelcome": ("reinit_id:u welcome:b ratchet_tree:b", _JOINED),
    "CreateBranch": (
        "state_id:u group_id:b extensions:*Extension key_packages:*b force_path:? external_tree:?",
        _SUBGROUP,
    ),
    "HandleBranch": ("state_id:u transaction_id:u welcome:b ratchet_tree:b", _JOINED),
    "NewMemberAddProposal": ("group_info:b identity:b", _KEYS.format("proposal")),
    "CreateExternalSigner": ("cipher_suite:u identity:b", "signer_id:u external_sender:b"),
    "AddExternalSigner": ("state_id:u external_sender:b", _PROPOSED),
    "ExternalSignerProposal": (
        "signer_id:u signer_index:u group_info:b ratchet_tree:b description:Description",
        _PROPOSED,
    ),
    "Free": (_STATE, ""),
}

_EMPTY: Mapping[str, Any] = {"b": b"", "s": "", "u": 0, "?": False}
_VARINT, _BYTES = 0, 2


def _fields(message: str) -> list[tuple[str, str, bool]]:
    """Name, kind and whether there may be several, in the order of the numbers."""
    found = []
    for field in message.split():
        name, kind = field.split(":")
        found.append((name, kind.removeprefix("*"), kind.startswith("*")))
    return found


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _write_value(kind: str, value: Any) -> tuple[int, bytes]:
    match kind:
        case "u" | "?":
            return _VARINT, _varint(int(value))
        case "b":
            raw = bytes(value)
        case "s":
            raw = str(value).encode()
        case _:
            raw = encode(MESSAGES[kind], value)
    return _BYTES, _varint(len(raw)) + raw


def encode(message: str, values: Mapping[str, Any]) -> bytes:
    """The message with these values."""
    out = bytearray()
    for number, (name, kind, several) in enumerate(_fields(message), 1):
        given = values.get(name)
        for value in given or () if several else (given,) if given else ():
            form, raw = _write_value(kind, value)
            out += _varint(number << 3 | form) + raw
    return bytes(out)


class _Cursor:
    def __init__(self, raw: bytes) -> None:
        self.raw, self.at = raw, 0

    def varint(self) -> int:
        value = shift = 0
        while self.at < len(self.raw) and shift < 70:
            byte = self.raw[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
        raise Malformed("A message of the harness has a number without an end.")

    def take(self, count: int) -> bytes:
        piece = self.raw[self.at : self.at + count]
        if len(piece) != count:
            raise Malformed("A message of the harness ends too early.")
        self.at += count
        return piece

    def field(self) -> tuple[int, int | bytes]:
        key = self.varint()
        match key & 7:
            case 0:
                return key >> 3, self.varint()
            case 2:
                return key >> 3, self.take(self.varint())
            case _:
                raise Malformed("A message of the harness has a value of an unknown form.")


def _read_values(kind: str, value: int | bytes) -> list[Any]:
    match kind, value:
        case "u", int():
            return [value]
        case "u", bytes():  # several integers, packed into one field
            cursor, found = _Cursor(value), []
            while cursor.at < len(value):
                found.append(cursor.varint())
            return found
        case "?", int():
            return [bool(value)]
        case "b", bytes():
            return [value]
        case "s", bytes():
            return [value.decode("utf-8", "replace")]
        case _, bytes() if kind in MESSAGES:
            return [decode(MESSAGES[kind], value)]
        case _:
            raise Malformed("A message of the harness has a value of another kind than its field.")


def decode(message: str, raw: bytes) -> Values:
    """The values of a message, or `Malformed`; fields of unknown numbers are passed over."""
    fields = _fields(message)
    values: Values = {name: [] if several else _EMPTY.get(kind, {}) for name, kind, several in fields}
    cursor = _Cursor(raw)
    while cursor.at < len(raw):
        number, value = cursor.field()
        if not 0 < number <= len(fields):
            continue
        name, kind, several = fields[number - 1]
        read = _read_values(kind, value)
        if several:
            values[name].extend(read)
        elif read:
            values[name] = read[-1]
    return values

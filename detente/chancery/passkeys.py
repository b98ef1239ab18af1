"""The passkeys with which offices sign in at their own house.

One passkey is for one office.  They are the house's own business: other houses never hear of them.  Which passkeys
approve what the party seals stands in its record, under its roots (evidence/records.py); who can sign in can draft,
negotiate and ask, and cannot approve.

A counter that does not rise where it did before says that there are two of an authenticator that should be one:
that answer is refused, and so is every later one until it rises above what was seen.
"""

from __future__ import annotations

from typing import Final

import msgspec

from detente.chancery.ports import Store
from detente.crypto import passkeys
from detente.crypto.passkeys import Assertion, Credential, Key
from detente.evidence.records import RootRecord
from detente.ground.errors import NotAuthentic, Refused
from detente.wire import canonical

MOST: Final = 256  # passkeys of one house
_SHELF: Final = "passkeys"


class Held(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A passkey of this house: its key, whose it is, and how far it has counted."""

    credential: Credential
    key: Key
    office: str
    counter: int


class Passkeys:
    """All passkeys of a house."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def held(self) -> tuple[Held, ...]:
        """All of them, in the order of their names."""
        return tuple(canonical.decode(raw, Held) for _, raw in self._store.shelf(_SHELF))

    def enrol(self, record: RootRecord, office: str, credential: bytes, key: bytes) -> None:
        """Keep a new passkey for an office of the record; `Refused` where its name is taken, or there are too many."""
        if office not in {each.office for each in record.offices}:
            raise Refused("There is no such office in the party's record.", rule="record.offices")
        if self._store.fetch(_SHELF, credential.hex()) is not None:
            raise Refused("This passkey is enrolled already.", rule="passkey.once")
        if len(self._store.shelf(_SHELF)) >= MOST:
            raise Refused(f"A house keeps at most {MOST} passkeys: withdraw some first.", rule="passkey.most")
        self._keep(Held(credential, key, office, 0))

    def answered(self, rp: str, origin: str, challenge: bytes, credential: bytes, answer: Assertion) -> str:
        """The office whose passkey answered; `Refused` for one that is not here, `NotAuthentic` for a false answer."""
        raw = self._store.fetch(_SHELF, credential.hex())
        if raw is None:
            raise Refused("This passkey is not enrolled at this house.", rule="passkey.unknown")
        held = canonical.decode(raw, Held)
        passkeys.verify(held.key, rp, origin, challenge, answer)
        if (held.counter or answer.counter) and answer.counter <= held.counter:
            raise NotAuthentic("This passkey has answered out of turn: there may be a copy of it.")
        if answer.counter:
            self._keep(msgspec.structs.replace(held, counter=answer.counter))
        return held.office

    def withdraw(self, credential: bytes) -> None:
        """Take a passkey away; `Refused` where there is none."""
        if self._store.fetch(_SHELF, credential.hex()) is None:
            raise Refused("This passkey is not enrolled at this house.", rule="passkey.unknown")
        with self._store.transaction():
            self._store.discard(_SHELF, credential.hex())

    def _keep(self, held: Held) -> None:
        with self._store.transaction():
            self._store.keep(_SHELF, held.credential.hex(), canonical.encode(held))

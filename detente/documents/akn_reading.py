"""What the child says of a document in Akoma Ntoso, and what is looked at again before it is believed."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from detente.ground.errors import Malformed
from detente.wire import text as safety

LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,8}")  # BCP 47


class Spoken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file of ours says that a party said."""

    party: str
    stance: str
    ad_referendum: bool
    note: str
    on: str  # the eId that it is about


class Incoming(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document read: the text, and what the file says of it."""

    text: str  # bracketed text, in our grammar
    title: str
    language: str  # BCP 47; `und` where the file does not say
    kind: str  # the standard's name of the document's type
    namespace: str
    exact: bool  # whether the text is byte for byte the one that Detente wrote down
    content_hash: str  # hexadecimal; what a file of ours says of the text; otherwise empty
    parties: tuple[tuple[str, str], ...]  # code or eId, and name
    positions: tuple[Spoken, ...]
    not_carried: tuple[str, ...]  # sentences


def checked(came: Incoming) -> Incoming:
    """The same, where the child that read it says what a text may say; `Malformed` where it does not.

    The child has read a stranger's file and is a stranger since: what it must keep is looked at again.
    """
    safety.check_text(came.text)
    safety.check_name(came.title, safety.LONGEST_TITLE, "The title of the file")
    if not LANGUAGE.fullmatch(came.language):
        raise Malformed("The file names a language that is none.")
    return came

"""Who sits at the table: the codes that heads of brackets use, what else a party is called, which groups there are.

A profile is a small file, TOML or JSON, that the user gives:

    [parties]
    BEL = ["Belmora", "Republic of Belmora"]
    COR = []

    [groups]
    HARBOURS = { also = ["Harbour States"], members = ["BEL", "COR"] }

It names, it never changes: a head is kept as it is written, and a code that the profile does not know is told
with the nearest one that it does.  Without a profile (`EMPTY`) every code is a code.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import msgspec
from rapidfuzz import fuzz, process
from rapidfuzz.distance import JaroWinkler

from detente.ground.errors import Malformed
from detente.wire import text as safety

LARGEST = 256 * 1024  # bytes: all the States and their names fit many times
MOST = 2_000  # parties, and groups
MOST_NAMES = 40  # of one
LONGEST_CODE = 24
_NEAR = 0.7  # Jaro-Winkler of two codes, from 0 to 1; "BFL" and "BEL" have 0.8
_NEAR_NAME = 80.0  # per cent of the letters of two names


@dataclass(frozen=True)
class Group:
    """Parties that speak together."""

    also: tuple[str, ...]
    members: tuple[str, ...]


@dataclass(frozen=True)
class Profile:
    """Codes with what else they are called; groups with their members."""

    parties: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    groups: Mapping[str, Group] = field(default_factory=lambda: MappingProxyType({}))
    by_key: Mapping[str, str] = field(init=False, compare=False, repr=False)  # how a name reads -> its code

    def __post_init__(self) -> None:
        known = {safety.name_key(name): code for name, code in self.names()}
        object.__setattr__(self, "by_key", MappingProxyType(known))

    def __bool__(self) -> bool:
        return bool(self.parties or self.groups)

    def names(self) -> Iterator[tuple[str, str]]:
        """Everything that a party or a group may be called, each with its code; the code itself first."""
        for code, also in self.parties.items():
            yield from ((name, code) for name in (code, *also))
        for code, group in self.groups.items():
            yield from ((name, code) for name in (code, *group.also))

    def code(self, written: str) -> str | None:
        """The code of whoever is written so; None for somebody unknown."""
        return self.by_key.get(safety.name_key(written))

    def nearest(self, written: str) -> str | None:
        """The code of what reads most like it, or None where nothing is near."""
        key = safety.name_key(written)
        near = process.extractOne(key, list(self.by_key), scorer=JaroWinkler.similarity, score_cutoff=_NEAR)
        if near is None and len(key) > LONGEST_CODE // 4:
            near = process.extractOne(key, list(self.by_key), scorer=fuzz.token_set_ratio, score_cutoff=_NEAR_NAME)
        return self.by_key[near[0]] if near else None

    def members(self, code: str) -> tuple[str, ...]:
        """Who stands behind a code: the members of a group, the members of groups in it included; a party itself."""
        found: dict[str, None] = {}
        waiting, seen = [code], set[str]()
        while waiting:
            each = waiting.pop()
            if each in seen:
                continue
            seen.add(each)
            group = self.groups.get(each)
            if group is None:
                found[each] = None
            else:
                waiting.extend(reversed(group.members))
        return tuple(found)


EMPTY = Profile()


def read(raw: bytes) -> Profile:
    """The profile in these bytes, TOML or JSON; `Malformed` says what is wrong with it."""
    if len(raw) > LARGEST:
        raise Malformed(f"A profile of parties has at most {LARGEST:,} bytes.")
    try:
        written = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("The profile of parties is not UTF-8.") from None
    return _profile(_decoded(written))


def _decoded(written: str) -> dict[str, Any]:
    try:
        if written.lstrip().startswith("{"):
            found: Any = msgspec.json.decode(written)
        else:
            found = tomllib.loads(written)
    except (msgspec.DecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise Malformed(f"The profile of parties is neither TOML nor JSON: {error}.") from None
    if not isinstance(found, dict):
        raise Malformed("The profile of parties is no table.")
    return found


def _profile(found: dict[str, Any]) -> Profile:
    strange = sorted(set(found) - {"parties", "groups"})
    if strange:
        raise Malformed(f"A profile has “parties” and “groups”, and no “{safety.visible(strange[0][:40])}”.")
    parties = {code: _names(code, also) for code, also in _table(found, "parties").items()}
    groups = {code: _group(code, each) for code, each in _table(found, "groups").items()}
    profile = Profile(MappingProxyType(parties), MappingProxyType(groups))
    _check_once(profile)
    for code, group in groups.items():
        for member in group.members:
            if member not in parties and member not in groups:
                raise Malformed(f"The group {code} names {member}, which the profile does not know.")
    return profile


def _table(found: dict[str, Any], name: str) -> dict[str, Any]:
    table = found.get(name, {})
    if not isinstance(table, dict) or len(table) > MOST:
        raise Malformed(f"“{name}” of a profile is a table with at most {MOST:,} entries.")
    for code in table:
        safety.check_name(code, LONGEST_CODE, "A code")
        if not code[0].isalpha() or any(letter in "[]{}:;,/" for letter in code):
            raise Malformed(f"“{code}” cannot be a code: it begins with a letter and has no signs of a bracket's head.")
    return table


def _names(code: str, also: Any) -> tuple[str, ...]:
    if not isinstance(also, list) or len(also) > MOST_NAMES or not all(isinstance(each, str) for each in also):
        raise Malformed(f"What else {code} is called is a list of at most {MOST_NAMES} names.")
    return tuple(safety.check_name(each) for each in also)


def _group(code: str, each: Any) -> Group:
    if isinstance(each, list):
        each = {"members": each}
    if not isinstance(each, dict) or set(each) - {"also", "members"}:
        raise Malformed(f"The group {code} has “members”, and “also” for other names, and nothing else.")
    members = each.get("members", [])
    if not isinstance(members, list) or len(members) > MOST or not all(isinstance(one, str) for one in members):
        raise Malformed(f"The members of {code} are a list of codes.")
    return Group(_names(code, each.get("also", [])), tuple(members))


def _check_once(profile: Profile) -> None:
    """No two parties or groups that read alike: whose bracket it is must never be a matter of luck."""
    seen: dict[str, str] = {}
    for name, code in profile.names():
        key = safety.name_key(name)
        other = seen.setdefault(key, code)
        if other != code or (name == code and code in profile.parties and code in profile.groups):
            raise Malformed(f"“{name}” is named twice in the profile, for {other} and for {code}.")

"""Mappings that do not change: each operation gives another."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


def put(old: Mapping[K, V], key: K, value: V) -> Mapping[K, V]:
    """The mapping with one entry more, or with another under its key."""
    return MappingProxyType({**old, key: value})

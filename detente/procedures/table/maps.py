"""Maps and sequences of which every earlier version stays, and of which one more entry costs what it weighs.

    Layers    a mapping: what was loaded, and above it an `immutables.Map` of what came since
    Log       a sequence that only grows, in the same way

Both are as good as immutable: `put` and `added` give new ones, which share what did not change.  What was
loaded may lie there still unread: an entry is read when somebody asks for it first, and then kept as read.
So to take up a saved table costs little more than finding where its entries begin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

import msgspec
from immutables import Map

K = TypeVar("K")
V = TypeVar("V")


def _as_it_is(value: V | msgspec.Raw) -> V:
    """For what was never put down: nothing of it is unread."""
    if isinstance(value, msgspec.Raw):
        raise TypeError(value)
    return value


class Layers(Mapping[K, V]):
    """A mapping to which entries are added, and whose entries are replaced, but never taken away."""

    __slots__ = ("_above", "_below", "_read", "_size")

    def __init__(
        self, below: dict[K, V | msgspec.Raw] | None = None, read: Callable[[msgspec.Raw], V] = _as_it_is
    ) -> None:
        """`below` is taken over: whoever gives it touches it no more.  `read` reads what lies there unread."""
        self._below: dict[K, V | msgspec.Raw] = {} if below is None else below
        self._read = read
        self._above: Map[K, V] = Map()
        self._size = len(self._below)

    def put(self, key: K, value: V) -> Layers[K, V]:
        """The mapping with one entry more, or another."""
        made = Layers(self._below, self._read)
        made._above = self._above.set(key, value)
        made._size = self._size + (key not in self)
        return made

    def __getitem__(self, key: K) -> V:
        if key in self._above:
            return self._above[key]
        value = self._below[key]
        if isinstance(value, msgspec.Raw):
            self._below[key] = value = self._read(value)
        return value

    def __contains__(self, key: object) -> bool:
        return key in self._above or key in self._below

    def __iter__(self) -> Iterator[K]:
        """What was loaded first, then the rest; among themselves in no order that two houses share."""
        yield from self._below
        yield from (key for key in self._above if key not in self._below)

    def __len__(self) -> int:
        return self._size


class Log(Generic[V]):
    """A sequence that only grows, from its oldest entry on."""

    __slots__ = ("_above", "_below", "_read")

    def __init__(
        self, below: list[V | msgspec.Raw] | None = None, read: Callable[[msgspec.Raw], V] = _as_it_is
    ) -> None:
        """As for `Layers`."""
        self._below: list[V | msgspec.Raw] = [] if below is None else below
        self._read = read
        self._above: Map[int, V] = Map()

    def added(self, value: V) -> Log[V]:
        """The sequence with one entry more."""
        made = Log(self._below, self._read)
        made._above = self._above.set(len(self), value)
        return made

    def __len__(self) -> int:
        return len(self._below) + len(self._above)

    def __getitem__(self, index: int) -> V:
        if index >= len(self._below):
            return self._above[index]
        value = self._below[index]
        if isinstance(value, msgspec.Raw):
            self._below[index] = value = self._read(value)
        return value

    def __iter__(self) -> Iterator[V]:
        return (self[index] for index in range(len(self)))

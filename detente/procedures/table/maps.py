"""Maps and sequences of which every earlier version stays, and of which one more entry costs what it weighs.

    Layers    a mapping: plain as it was loaded, and above it an `immutables.Map` of what came since
    Log       a sequence that only grows

Both are as good as immutable: `put` and `added` give new ones, which share what did not change.  To load
a saved table of 20,000 entries into a hash trie takes ten times as long as into a plain dictionary: hence
the two layers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from immutables import Map

K = TypeVar("K")
V = TypeVar("V")


class Layers(Mapping[K, V]):
    """A mapping to which entries are added, and whose entries are replaced, but never taken away."""

    __slots__ = ("_above", "_below", "_size")

    def __init__(self, below: dict[K, V] | None = None) -> None:
        """`below` is kept as it is: whoever gives it changes it no more."""
        self._below: dict[K, V] = {} if below is None else below
        self._above: Map[K, V] = Map()
        self._size = len(self._below)

    def put(self, key: K, value: V) -> Layers[K, V]:
        """The mapping with one entry more, or another."""
        made = Layers(self._below)
        made._above = self._above.set(key, value)
        made._size = self._size + (key not in self)
        return made

    def put_all(self, entries: Iterable[tuple[K, V]]) -> Layers[K, V]:
        """The same with several."""
        made = self
        for key, value in entries:
            made = made.put(key, value)
        return made

    def __getitem__(self, key: K) -> V:
        if key in self._above:
            return self._above[key]
        return self._below[key]

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

    __slots__ = ("_above", "_below")

    def __init__(self, below: tuple[V, ...] = ()) -> None:
        self._below = below
        self._above: Map[int, V] = Map()

    def added(self, value: V) -> Log[V]:
        """The sequence with one entry more."""
        made = Log(self._below)
        made._above = self._above.set(len(self), value)
        return made

    def __len__(self) -> int:
        return len(self._below) + len(self._above)

    def __getitem__(self, index: int) -> V:
        return self._below[index] if 0 <= index < len(self._below) else self._above[index]

    def __iter__(self) -> Iterator[V]:
        return (self[index] for index in range(len(self)))

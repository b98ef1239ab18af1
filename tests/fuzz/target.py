"""What a target is: an entrance for hostile bytes, and the only ways in which it may say no."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from detente.ground.errors import DetenteError, Malformed


class Target(NamedTuple):
    """`read` gets any bytes at all; `seeds` are true ones; whatever it raises besides `refusals` is a fault."""

    read: Callable[[bytes], object]
    seeds: Sequence[bytes]
    refusals: tuple[type[DetenteError], ...] = (Malformed,)

    def takes(self, raw: bytes) -> bool:
        """Whether these bytes were read; whatever goes wrong in an undocumented way is raised."""
        try:
            self.read(raw)
        except self.refusals:
            return False
        return True

"""The TLS presentation language, as far as RFC 9420 and our own fixed layouts need it.

Reading moves a cursor over bytes and refuses whatever is short, over-long or left over.  Vectors
carry the variable-size length of RFC 9420 section 2.1.2 (RFC 9000's integer, of which the 8-byte
form is not allowed), in its shortest form only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from detente.ground.errors import Malformed

T = TypeVar("T")

MAX_VECTOR = 2**30 - 1
_FORMS = ((1, 0, 0x3F), (2, 0x4000, 0x3FFF), (4, 0x8000_0000, MAX_VECTOR))  # bytes, marked by, largest length


class Reader:
    """A cursor over bytes.  Every method raises `Malformed` when the bytes do not fit."""

    __slots__ = ("_at", "_end", "_raw")

    def __init__(self, raw: bytes) -> None:
        self._raw, self._at, self._end = raw, 0, len(raw)

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        end = self._at + count
        if end > self._end:
            raise Malformed("The message ends too early.")
        piece = self._raw[self._at : end]
        self._at = end
        return piece

    def uint(self, width: int) -> int:
        """An unsigned big-endian integer of `width` bytes."""
        at, raw = self._at, self._raw
        end = at + width
        if end > self._end:
            raise Malformed("The message ends too early.")
        self._at = end
        return raw[at] if width == 1 else int.from_bytes(raw[at:end], "big")

    def length(self) -> int:
        """A variable-size length, in its shortest form."""
        first = self.uint(1)
        if first < 0x40:
            return first
        form = first >> 6
        if form == len(_FORMS):
            raise Malformed("A length of eight bytes is not allowed.")
        width, _, largest = _FORMS[form]
        value = (first << 8 * (width - 1) | self.uint(width - 1)) & largest
        if value <= _FORMS[form - 1][2]:
            raise Malformed("A length is not written in its shortest form.")
        return value

    def vector(self) -> bytes:
        """The next opaque value<V>."""
        at, raw = self._at, self._raw
        first = raw[at] if at < self._end else 0xFF
        if first < 0x40:  # nearly all are short, the rest are keys and signatures
            start = at + 1
            end = start + first
        elif first < 0x80 and at + 1 < self._end and (size := (first & 0x3F) << 8 | raw[at + 1]) > 0x3F:
            start = at + 2
            end = start + size
        else:  # four bytes, or not well-formed
            size = self.length()
            start = self._at
            end = start + size
        if end > self._end:
            raise Malformed("The message ends too early.")
        self._at = end
        return raw[start:end]

    def items(self, read: Callable[[Reader], T]) -> tuple[T, ...]:
        """T values<V>: as many as fill the vector exactly, read where they lie and not one byte beyond it."""
        size = self.length()
        outside, end = self._end, self._at + size
        if end > outside:
            raise Malformed("The message ends too early.")
        found: list[T] = []
        self._end = end
        try:
            while self._at < end:
                found.append(read(self))
        finally:
            self._end = outside
        return tuple(found)

    def optional(self, read: Callable[[Reader], T]) -> T | None:
        """optional<T>: a byte that is 0 or 1, then the value."""
        match self.uint(1):
            case 0:
                return None
            case 1:
                return read(self)
            case _:
                raise Malformed("An optional value is neither present nor absent.")

    @property
    def mark(self) -> int:
        """Where the cursor stands, for `since`."""
        return self._at

    def since(self, mark: int) -> bytes:
        """The bytes that were read since then."""
        return self._raw[mark : self._at]

    def view(self, mark: int) -> memoryview:
        """The same without copying them: for what may be long."""
        return memoryview(self._raw)[mark : self._at]

    @property
    def empty(self) -> bool:
        """Whether everything was read."""
        return self._at == self._end

    def rest(self) -> bytes:
        """Everything that is left."""
        return self.take(self._end - self._at)

    def end(self) -> None:
        """Nothing may be left over."""
        if not self.empty:
            raise Malformed("There is something after the end of the message.")


def whole(raw: bytes, read: Callable[[Reader], T]) -> T:
    """Read one value that fills `raw` exactly."""
    reader = Reader(raw)
    value = read(reader)
    reader.end()
    return value


def uint(value: int, width: int) -> bytes:
    """`value` as an unsigned big-endian integer of `width` bytes."""
    try:
        return value.to_bytes(width, "big")
    except OverflowError:
        raise Malformed(f"{value} does not fit into {width} bytes.") from None


_SHORT = [bytes([value]) for value in range(0x40)]


def length(value: int) -> bytes:
    """A variable-size length."""
    if 0 <= value < 0x40:
        return _SHORT[value]
    for width, mark, largest in _FORMS:
        if value <= largest:
            return (mark | value).to_bytes(width, "big")
    raise Malformed("A vector is too long.")


def vector(raw: bytes) -> bytes:
    """Write opaque value<V>."""
    size = len(raw)
    return (_SHORT[size] if size < 0x40 else length(size)) + raw


def optional(raw: bytes | None) -> bytes:
    """optional<T> of a value that is already written."""
    return b"\0" if raw is None else b"\1" + raw

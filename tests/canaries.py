"""Canaries: 32 bytes that are nowhere else, and the search for them in every usual encoding.

Every needle has 31 bytes at least, so wherever it lies, one of the 16-byte blocks at multiples of 16 in
the haystack lies within it.  The search compares those blocks with all 16-byte windows of all needles,
and looks again for the whole needle where one is met: exact, and fast enough for a process's memory.
"""

import base64
import secrets
import zlib
from pathlib import Path

LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
LENGTH = 32
_BLOCK = 16


def draw():
    """A canary: 160 random bits as 32 plain letters, so that it can stand in any text."""
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def encodings(canary):
    """(name, bytes) of a canary in every usual encoding."""
    raw = canary.encode()
    yield "raw", raw
    yield "reversed", raw[::-1]
    yield "upper case", raw.upper()
    yield "hex", raw.hex().encode()
    yield "HEX", raw.hex().upper().encode()
    yield "hex with colons", raw.hex(":").encode()
    for order in ("utf-16-le", "utf-16-be", "utf-32-le"):
        yield order, canary.encode(order)
    for name, digits in (("url", "%{:02x}"), ("URL", "%{:02X}"), ("escaped", "\\x{:02x}"), ("json", "\\u{:04x}")):
        yield name, "".join(digits.format(byte) for byte in raw).encode()
    yield from _shifted("base64", base64.b64encode, raw, 3, 4)
    yield from _shifted("base32", base64.b32encode, raw, 5, 8)
    yield from _shifted("base64 of hex", base64.b64encode, raw.hex().encode(), 3, 4)
    yield from _shifted("base64 of base64", base64.b64encode, base64.b64encode(raw), 3, 4)
    for level in (1, 6, 9):
        yield f"zlib {level}", zlib.compress(raw, level)
        yield f"deflate {level}", _deflate(raw, level)


def _shifted(name, encode, raw, block, letters):
    """An encoding in blocks, at every place in a block where the bytes may begin: what does not depend on neighbours."""
    for shift in range(block):
        whole = encode(bytes(shift) + raw)
        first = -(-shift * letters // block) if shift else 0
        last = (shift + len(raw)) * letters // block
        yield f"{name} at {shift}", whole[first:last]


def _deflate(raw, level):
    packer = zlib.compressobj(level, wbits=-15)
    return packer.compress(raw) + packer.flush()


class Search:
    """A search for many needles: (name, bytes)."""

    def __init__(self, needles):
        self.needles = list(needles)
        assert all(len(needle) >= 2 * _BLOCK - 1 for _, needle in self.needles)
        self._windows = {}
        for name, needle in self.needles:
            for start in range(len(needle) - _BLOCK + 1):
                self._windows.setdefault(needle[start : start + _BLOCK], []).append((name, needle))

    def __call__(self, haystack):
        """The names of all needles that lie in the haystack."""
        blocks = {haystack[start : start + _BLOCK] for start in range(0, len(haystack), _BLOCK)}
        candidates = {each for block in blocks & self._windows.keys() for each in self._windows[block]}
        return {name for name, needle in candidates if needle in haystack}


def memory(pid):
    """Every readable mapping of a process of ours, as bytes."""
    process = Path("/proc") / str(pid)
    with (process / "maps").open() as maps, (process / "mem").open("rb", buffering=0) as content:
        for line in maps:
            place, rights, *_ = line.split()
            if not rights.startswith("r") or line.rstrip().endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                continue
            start, end = (int(part, 16) for part in place.split("-"))
            try:
                content.seek(start)
                yield _all(content, end - start)
            except OSError:  # it was given back in the meantime
                continue


def _all(content, length):
    pieces = []
    while length and (piece := content.read(length)):
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def files(folder):
    """Every file below a folder, as bytes, with its name first: names are on the disk too."""
    for path in sorted(folder.rglob("*")):
        yield str(path.relative_to(folder)).encode()
        if path.is_file():
            yield path.read_bytes()

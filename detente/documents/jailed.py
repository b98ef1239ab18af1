"""The child: reads one document on its standard input, says what it holds on its standard output, and ends.

It is started by `jail.py` as a program of its own, in an isolated interpreter and an empty environment.  It imports
what it needs, raises its walls, and only then reads the first byte.  What it answers is one JSON object; whoever
started it takes that for what a stranger says.

    jailed.py ROOTS MODULE FUNCTION LIMITS

calls `FUNCTION(bytes)` of `MODULE`, found under one of `ROOTS`, and answers with what it returns.
"""

from __future__ import annotations

import os
import sys


def main(arguments: list[str]) -> int:
    """The whole life of the child."""
    roots, module, function, limits = arguments
    sys.path[:0] = roots.split(os.pathsep)
    # What is imported later would have to be opened, and nothing can be opened any more.
    import encodings.cp437  # noqa: PLC0415 - the names in a zip file
    import encodings.idna  # noqa: PLC0415, F401
    import stringprep  # noqa: PLC0415, F401
    from importlib import import_module  # noqa: PLC0415

    import msgspec  # noqa: PLC0415

    from detente.documents.jail_walls import Limits, raise_walls  # noqa: PLC0415
    from detente.ground.errors import Malformed  # noqa: PLC0415

    task = getattr(import_module(module), function)
    bounds = msgspec.json.decode(limits, type=Limits)
    encode = msgspec.json.Encoder().encode
    walls = raise_walls(bounds)
    said: dict[str, object] = {"walls": walls, "refused": None, "broke": None, "result": None}
    try:
        said["result"] = task(_all_of(0))
        answer = encode(said)
    except Malformed as error:
        answer = encode(said | {"refused": error.sentence})
    except MemoryError:
        answer = encode(said | {"refused": "The document needs more memory than its reader is given."})
    except Exception as error:  # noqa: BLE001 - whatever it is, it was the document
        answer = encode(said | {"result": None, "broke": type(error).__name__})
    _say(1, answer)
    return 0


def _all_of(stream: int) -> bytes:
    pieces = []
    while piece := os.read(stream, 1 << 20):
        pieces.append(piece)
    return b"".join(pieces)


def _say(stream: int, answer: bytes) -> None:
    rest = memoryview(answer)
    while rest:
        rest = rest[os.write(stream, rest) :]


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))

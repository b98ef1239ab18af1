r"""One value, one spelling: the JSON in which acts, records and instruments are written and hashed.

The rules, so that a stranger can write them again (docs/specs/instrument.md):

1. UTF-8, no byte order mark, no white space outside strings, keys in order of their code points.
2. Integers only, no fraction, no exponent, no leading zero, within ±(2^53 - 1).
3. Strings escape `"`, `\`, the control characters below U+0020 (as \b \f \n \r \t or \u00xx with
   lower-case digits) and nothing else.  Lone surrogates cannot be written.
4. Bytes are standard base64 with padding.
5. Every field of a type is written, absent ones as null; unknown, missing and repeated fields are refused.

Reading is strict by construction: what was read is written again, and must be what came.
"""

from __future__ import annotations

import hashlib
from typing import Any, TypeVar

import msgspec

from detente.ground.errors import Malformed

T = TypeVar("T")

_encoder = msgspec.json.Encoder(order="sorted")
SAFE_INTEGER = 2**53 - 1


def encode(value: Any) -> bytes:
    """The canonical bytes of a msgspec Struct or of plain builtins without floats."""
    return _encoder.encode(value)


def decode(raw: bytes, kind: type[T]) -> T:
    """The value of type `kind` whose canonical spelling `raw` is; `Malformed` for everything else."""
    try:
        value = msgspec.json.decode(raw, type=kind)
        _check_numbers(msgspec.json.decode(raw))
        again = encode(value)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError, UnicodeError, ValueError) as error:
        raise Malformed(f"This is not a well-formed {kind.__name__}: {_reason(error)}.") from None
    if again != raw:
        raise Malformed(f"This {kind.__name__} is not written in the one canonical way.")
    return value


def raw(value: Any) -> msgspec.Raw:
    """The canonical bytes, to be set whole into another value."""
    return msgspec.Raw(encode(value))


def digest(value: Any) -> bytes:
    """SHA-256 of the canonical bytes."""
    return hashlib.sha256(encode(value)).digest()


def _check_numbers(plain: Any) -> None:
    """Rule 2, also where a type leaves a value open: other readers would round what it forbids."""
    waiting = [plain]
    while waiting:
        match waiting.pop():
            case dict() as fields:
                waiting.extend(fields.values())
            case list() as items:
                waiting.extend(items)
            case float():
                raise ValueError("a number in it has a fraction or an exponent")
            case int() as number if abs(number) > SAFE_INTEGER:
                raise ValueError("a number in it is beyond 2^53 - 1")


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return str(error).split("\n", 1)[0].rstrip(".")

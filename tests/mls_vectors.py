"""Reading the official MLS vectors: gzip JSON in the shared folder, of which every case is run."""

import gzip
import json
from dataclasses import fields, is_dataclass

import mls_reload  # noqa: F401  (its mode is switched by the environment)
from shared import shared

from detente.crypto.suites import SUITES


def cases(name):
    """All cases of a file."""
    return json.loads(gzip.decompress(shared(f"vectors/mls/{name}.json.gz").read_bytes()))


def ours(name):
    """The cases of a file, all of which are of suites that we speak."""
    found = cases(name)
    assert {case["cipher_suite"] for case in found} <= set(SUITES)
    return found


def unhex(text):
    return bytes.fromhex(text)


def afresh(value):
    """The same value out of its parts: it keeps no bytes that it was read from, and must write itself."""
    if isinstance(value, tuple):
        return tuple(map(afresh, value))
    if not is_dataclass(value):
        return value
    return type(value)(**{field.name: afresh(getattr(value, field.name)) for field in fields(value)})

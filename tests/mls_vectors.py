"""Reading the official MLS vectors: gzip JSON in the shared folder, of which the suites that we speak are run."""

import gzip
import json

from shared import shared

from detente.crypto.suites import SUITES


def cases(name):
    """All cases of a file."""
    return json.loads(gzip.decompress(shared(f"vectors/mls/{name}.json.gz").read_bytes()))


def ours(name):
    """The cases of our suites."""
    return [case for case in cases(name) if case["cipher_suite"] in SUITES]


def unhex(text):
    return bytes.fromhex(text)

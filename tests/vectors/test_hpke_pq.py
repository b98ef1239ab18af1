"""The vectors of draft-ietf-hpke-pq for the mechanisms that our suites use, and those whose parts we have.

Of the thirteen cases eleven are of mechanisms that no suite of ours uses, or of a key derivation (SHAKE,
TurboSHAKE) that none uses: of the latter the mechanism's own part is still checked.
"""

import gzip
import json

import pytest
from shared import shared

from detente.crypto.hpke import _AEADS, Hpke
from detente.crypto.kems import MLKEM768X25519, MLKEM1024P384

pytestmark = pytest.mark.vectors

KEMS = {kem.number: kem for kem in (MLKEM768X25519, MLKEM1024P384)}
HKDFS = (1, 2, 3)


def cases():
    raw = gzip.decompress(shared("vectors/hpke-pq/test-vectors.json.gz").read_bytes())
    return [case for case in json.loads(raw) if case["kem_id"] in KEMS]


def unhex(text):
    return bytes.fromhex(text)


def test_mechanisms():
    found = cases()
    for case in found:
        kem = KEMS[case["kem_id"]]
        private, public = kem.derive_key_pair(unhex(case["ikmR"]))
        assert (private, public) == (unhex(case["skRm"]), unhex(case["pkRm"]))
        assert kem.decapsulate(private, unhex(case["enc"])) == unhex(case["shared_secret"])
        secret, encapsulated = kem.encapsulate(public, b"s" * 64)
        assert kem.decapsulate(private, encapsulated) == secret
    assert len(found) == 3


def test_messages_and_exports():
    found = [case for case in cases() if case["kdf_id"] in HKDFS]
    opened = exported = 0
    for case in found:
        suite = Hpke(case["aead_id"], KEMS[case["kem_id"]], case["kdf_id"])
        private, encapsulated, info = unhex(case["skRm"]), unhex(case["enc"]), unhex(case["info"])
        schedule = suite.schedule(unhex(case["shared_secret"]), info)
        assert (schedule.key, schedule.nonce, schedule.exporter_secret) == (
            unhex(case["key"]),
            unhex(case["base_nonce"]),
            unhex(case["exporter_secret"]),
        )
        for one in case["encryptions"]:
            cipher = _AEADS[case["aead_id"]][0](schedule.key)
            assert cipher.decrypt(unhex(one["nonce"]), unhex(one["ct"]), unhex(one["aad"])) == unhex(one["pt"])
            opened += 1
        for one in case["exports"]:
            made = suite.export_from(private, encapsulated, info, unhex(one["exporter_context"]), one["L"])
            assert made == unhex(one["exported_value"])
            exported += 1
    assert (len(found), opened, exported) == (2, 20, 10)

"""The table of `succession`, row by row; and the keys that certificates are for."""

import datetime as dt
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from mls_parties import Parties

from detente.crypto.certificates import subject_key
from detente.crypto.suites import SUITES
from detente.ground.errors import Malformed, Refused
from detente.mls.group import Group
from detente.mls.succession import Usage, check_successor_group, new_founding_key
from detente.mls.types import ReInit

PARTIES = Parties(b"succession")
OLD = PARTIES.group("Arvenia", "Belmora")[0].state
ENDED = replace(OLD, reinit=ReInit(b"next", 1, 1, ()))
NEW = replace(OLD.context, group_id=b"next", epoch=1, extensions=())


def key(usage):
    return new_founding_key(OLD, usage, 32, PARTIES.entropy)


def _section(usage):
    return "11.2" if usage == Usage.REINIT else "11.3"


REFUSED = {
    "a later epoch": (ENDED, Usage.REINIT, {"epoch": 2}, {}, "first epoch"),
    "a branch in a later epoch": (OLD, Usage.BRANCH, {"epoch": 0}, {}, "first epoch"),
    "another group before it": (ENDED, Usage.REINIT, {}, {"group_id": b"?"}, "another group"),
    "another epoch before it": (ENDED, Usage.REINIT, {}, {"epoch": 9}, "another group"),
    "nobody ended it": (OLD, Usage.REINIT, {}, {}, "nobody ended"),
    "another suite": (ENDED, Usage.REINIT, {"cipher_suite": 3}, {}, "other parameters"),
    "another id": (ENDED, Usage.REINIT, {"group_id": b"elsewhere"}, {}, "other parameters"),
    "another version": (replace(OLD, reinit=ReInit(b"next", 2, 1, ())), Usage.REINIT, {}, {}, "other parameters"),
    "a branch of another suite": (OLD, Usage.BRANCH, {"cipher_suite": 3}, {}, "cipher suite"),
    "a branch of the same id": (OLD, Usage.BRANCH, {"group_id": b"line"}, {}, "id of its own"),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.refuses(_section(row[1]))) for name, row in REFUSED.items()]
)
def test_a_group_that_may_not_go_on_is_refused(name):
    old, usage, context, founding, sentence = REFUSED[name]
    before = Group(old).serialise()
    with pytest.raises(Refused, match=sentence):
        check_successor_group(old, replace(key(usage), **founding), replace(NEW, **context), OLD.tree)
    assert Group(old).serialise() == before


def test_control_groups_that_may_go_on():
    check_successor_group(ENDED, key(Usage.REINIT), NEW, OLD.tree)
    check_successor_group(OLD, key(Usage.BRANCH), NEW, OLD.tree.remove(1))
    with pytest.raises(Refused, match="other members"):
        check_successor_group(ENDED, key(Usage.REINIT), NEW, OLD.tree.remove(1))


def certificate(private, digest):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Arvenia")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start + dt.timedelta(days=9))
    return builder.sign(private, digest).public_bytes(Encoding.DER)


def test_a_certificate_gives_its_key_as_mls_writes_it():
    scalar = ec.derive_private_key(7, ec.SECP256R1())
    assert subject_key(certificate(scalar, hashes.SHA256())) == SUITES[2].signature_public((7).to_bytes(32, "big"))
    goldilocks = ed448.Ed448PrivateKey.from_private_bytes(b"\7" * 57)
    assert subject_key(certificate(goldilocks, None)) == SUITES[4].signature_public(b"\7" * 57)
    with pytest.raises(Malformed, match="no suite"):
        subject_key(certificate(rsa.generate_private_key(65537, 2048), hashes.SHA256()))
    with pytest.raises(Malformed, match="cannot be read"):
        subject_key(b"")

"""The log against official vectors: RFC 6962 trees and proofs, C2SP notes, and the exchanges of a witness."""

import base64
import json
from itertools import pairwise

import pytest
from shared import shared

from detente.ground.errors import DetenteError, Malformed, NotAuthentic
from detente.tlog.checkpoint import Checkpoint, open_checkpoint
from detente.tlog.cosignature import cosigned_at
from detente.tlog.merkle import (
    EMPTY_ROOT,
    Frontier,
    Tree,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from detente.tlog.note import KeyKind, Note, Signature, VerifierKey, open_note, sign_note

pytestmark = pytest.mark.vectors

FILLER_ROOTS = "consistency/additional/sizes-are-equal-one-and-proof-is-empty.json"


def vectors(name):
    return json.loads(shared(f"vectors/tlog/{name}").read_text(encoding="utf-8"))


def hashes(encoded):
    return [base64.b64decode(one) for one in encoded or ()]


def accepts(verify, *arguments):
    try:
        verify(*arguments)
    except (Malformed, NotAuthentic):
        return False
    return True


def inclusion_arguments(case):
    leaf, root = hashes([case["leafHash"] or "", case["root"] or ""])
    return leaf, case["leafIdx"], case["treeSize"], hashes(case["proof"]), root


def consistency_arguments(case):
    old, new = hashes([case["root1"] or "", case["root2"] or ""])
    return case["size1"], old, case["size2"], new, hashes(case["proof"])


def test_all_98_inclusion_vectors_end_as_they_should():
    cases = vectors("merkle-inclusion.json")
    assert len(cases) == 98
    wrong = [case["file"] for case in cases if accepts(verify_inclusion, *inclusion_arguments(case)) is case["wantErr"]]
    assert wrong == []
    assert sum(not case["wantErr"] for case in cases) == 6


def test_all_98_consistency_vectors_end_as_they_should_but_for_the_filler_roots():
    cases = vectors("merkle-consistency.json")
    assert len(cases) == 98
    surprising = [
        case["file"] for case in cases if accepts(verify_consistency, *consistency_arguments(case)) is case["wantErr"]
    ]
    assert surprising == [FILLER_ROOTS]
    assert sum(not case["wantErr"] for case in cases) == 6


def test_the_consistency_case_with_12_byte_filler_roots_is_refused_for_their_length():
    (case,) = [one for one in vectors("merkle-consistency.json") if one["file"] == FILLER_ROOTS]
    size, root, *_ = consistency_arguments(case)
    assert len(root) == 12
    with pytest.raises(Malformed, match="32 bytes, not 12"):
        verify_consistency(*consistency_arguments(case))
    verify_consistency(size, bytes(32), size, bytes(32), ())  # the control: the same with roots that could be ones


def test_the_reference_tree_of_rfc_6962():
    reference = vectors("rfc6962-reference-tree.json")
    leaves = [leaf_hash(bytes.fromhex(one)) for one in reference["leaf_inputs_hex"]]
    tree, frontier = Tree(), Frontier()
    for leaf, root in zip(leaves, reference["RootHashes"], strict=True):
        tree.append(leaf)
        frontier.append(leaf)
        assert tree.root().hex() == frontier.root().hex() == root
    assert [[EMPTY_ROOT.hex()]] == [reference["EmptyRootHash"]]
    rows = reference["node_hashes_hex"]
    assert rows[0] == [leaf.hex() for leaf in leaves]
    for below, above in pairwise(rows):
        pairs = zip(below[::2], below[1::2], strict=False)
        assert above[: len(below) // 2] == [node_hash(bytes.fromhex(a), bytes.fromhex(b)).hex() for a, b in pairs]


# --- notes --------------------------------------------------------------------------------------


def test_verifier_keys():
    notes = vectors("signed-note.json")
    for text in notes["vkeys_good"] + notes["vkeys_cosigner_good"]:
        key = VerifierKey.parse(text)
        assert key.vkey == text
        key.check()
    assert VerifierKey.parse(notes["vkeys_cosigner_good"][1]).kind is KeyKind.COSIGNATURE_ED25519
    for text in notes["vkeys_bad"]:
        with pytest.raises(Malformed):
            VerifierKey.parse(text)


def test_a_verifier_key_whose_id_is_not_its_own_is_refused():
    stale = vectors("signed-note.json")["vkey_mldsa44_stale_id"]
    name, written, key = stale["vkey"].split("+", 2)
    with pytest.raises(Malformed, match="id"):
        VerifierKey.parse(stale["vkey"])
    right = VerifierKey.parse(f"{name}+{stale['key_id_per_spec']}+{key}")  # the control
    assert right.kind is KeyKind.COSIGNATURE_MLDSA44
    assert right.key_id.hex() == stale["key_id_per_spec"] != written


def test_opening_notes():
    cases = vectors("signed-note.json")["open"]
    assert len(cases) == 7
    for case in cases:
        keys = [VerifierKey.parse(text) for text in case["trusted"]]
        if "error" in case:
            with pytest.raises((Malformed, NotAuthentic)):
                open_note(case["msg"], keys)
            continue
        opened = open_note(case["msg"].encode(), keys)
        assert [key.name for key in opened.verified] == case["verified"]
        assert [line.name for line in opened.unknown] == case["unverified"]
        assert opened.note.encode() == case["msg"]


def test_malformed_notes():
    for text in vectors("signed-note.json")["malformed_with_trusted_peter"]:
        with pytest.raises(Malformed):
            Note.parse(text)


def test_signing_gives_the_signature_of_the_reference():
    notes = vectors("signed-note.json")
    name, _, key = notes["signing_key_go_format"].removeprefix("PRIVATE+KEY+").split("+", 2)
    note = Note.parse(notes["open"][0]["msg"])
    assert sign_note(note.text, name, base64.b64decode(key)[1:]) == note.signatures[0]


def test_a_head_of_the_go_checksum_database():
    sumdb = vectors("signed-note.json")["go_sumdb"]
    key = VerifierKey.parse(sumdb["vkey"])
    head = open_checkpoint(sumdb["msg"], key, origin="go.sum database tree")
    assert head.size == 35225469
    with pytest.raises(NotAuthentic):
        open_checkpoint(sumdb["msg"], key, origin="another tree")


def test_keys_of_kinds_that_are_not_ours_are_refused():
    for case in vectors("signed-note.json")["ecdsa_notes"]:
        with pytest.raises(Malformed):
            VerifierKey.parse(case["vkey"])
        assert Checkpoint.parse(Note.parse(case["msg"]).text).origin == "Rekor"


# --- what a witness answers ---------------------------------------------------------------------


class WitnessInMiniature:
    """Only what these exchanges need: it remembers one head, and judges as the floor does."""

    def __init__(self, key, origin):
        self.key, self.origin, self.head = key, origin, None

    def answer(self, request):
        head, _, note = request.partition("\n\n")
        old, *proof = head.split("\n")
        size = int(old.removeprefix("old "))
        try:
            if Checkpoint.parse(Note.parse(note).text).origin != self.origin:
                return 403, "unknown log"
            new = open_checkpoint(note, self.key, origin=self.origin)
        except DetenteError:
            return 403, "invalid signature"
        if size != (self.head.size if self.head else 0):
            return 409, f"{self.head.size}\n"
        try:
            if size:
                verify_consistency(size, self.head.root, new.size, new.root, hashes(proof))
        except DetenteError:
            return 422, "consistency proof"
        self.head = new
        return 200, "cosigned"


def test_the_nine_exchanges_of_a_witness():
    data = vectors("witness-add-checkpoint.json")
    public = bytes.fromhex(data["log_ed25519_public_key_hex"])
    key = VerifierKey(data["log_origin"], KeyKind.ED25519, public)
    key.check()
    witness = WitnessInMiniature(key, data["log_origin"])
    assert len(data["exchanges"]) == 9
    for exchange in data["exchanges"]:
        status, body = witness.answer(exchange["request"])
        assert status == exchange["status"]
        if status == 409:
            assert body == exchange["body_equals"]
        elif status != 200:
            assert body == exchange["body_contains"]


def test_the_time_in_a_cosignature():
    for case in vectors("signed-note.json")["cosignature_timestamp"]:
        raw = base64.b64decode(case["sig"])
        line = Signature("witness.example", raw[:4], raw[4:])
        if case.get("error"):
            with pytest.raises(Malformed):
                cosigned_at(line)
        else:
            assert cosigned_at(line) == case["unix"]

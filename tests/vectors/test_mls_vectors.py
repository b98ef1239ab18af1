"""The official vectors of RFC 9420 for the suites that we speak, chapter by chapter.

Each test asserts how many cases it ran: a case that falls away is a failure, not a silence.
"""

from dataclasses import replace

import pytest
from mls_vectors import afresh, cases, ours, unhex

from detente.crypto.suites import SUITES, suite_of
from detente.ground.errors import Refused
from detente.mls import framing, schedule, treekem, treemath, types, welcome
from detente.mls.framing import AuthenticatedContent, ContentType, FramedContent, SenderData, WireFormat, member
from detente.mls.leaves import Place, PrivatePart, check_signature
from detente.mls.proposals import Sent, apply_proposals
from detente.mls.secrettree import APPLICATION, HANDSHAKE, SecretTree, ratchet_of
from detente.mls.tree import RatchetTree
from detente.wire.tls import Reader, whole

pytestmark = pytest.mark.vectors


def test_tree_math(official):
    found = cases("tree-math")
    for case in found:
        leaves = case["n_leaves"]
        assert (treemath.node_width(leaves), treemath.root(leaves)) == (case["n_nodes"], case["root"])
        for node in range(case["n_nodes"]):
            top, low = node == case["root"], treemath.level(node) == 0
            assert ((None, None) if low else treemath.children(node)) == (case["left"][node], case["right"][node])
            assert (None if top else treemath.parent(node)) == case["parent"][node]
        for leaf in range(leaves):
            path = [2 * leaf, *treemath.direct_path(leaf, leaves)]
            assert path[-1] == case["root"]
            assert path[1:] == [case["parent"][node] for node in path[:-1]]
            assert list(treemath.copath(leaf, leaves)) == [case["sibling"][node] for node in path[:-1]]
    assert len(found) == 10
    official(len(found))


def test_deserialization(official):
    found = cases("deserialization")
    for case in found:
        assert whole(unhex(case["vlbytes_header"]), Reader.length) == case["length"]
    assert len(found) == 14
    official(len(found))


def test_crypto_basics(official):
    found = ours("crypto-basics")
    for case in found:
        suite = suite_of(case["cipher_suite"])
        part = case["ref_hash"]
        assert suite.ref_hash(part["label"].encode(), unhex(part["value"])) == unhex(part["out"])
        part = case["expand_with_label"]
        made = suite.expand_with_label(
            unhex(part["secret"]), part["label"].encode(), unhex(part["context"]), part["length"]
        )
        assert made == unhex(part["out"])
        part = case["derive_secret"]
        assert suite.derive_secret(unhex(part["secret"]), part["label"].encode()) == unhex(part["out"])
        part = case["derive_tree_secret"]
        made = suite.derive_tree_secret(
            unhex(part["secret"]), part["label"].encode(), part["generation"], part["length"]
        )
        assert made == unhex(part["out"])
        part = case["sign_with_label"]
        label, content, public = part["label"].encode(), unhex(part["content"]), unhex(part["pub"])
        suite.verify_with_label(public, label, content, unhex(part["signature"]))
        suite.verify_with_label(public, label, content, suite.sign_with_label(unhex(part["priv"]), label, content))
        assert suite.signature_public(unhex(part["priv"])) == public
        part = case["encrypt_with_label"]
        label, context, plain = part["label"].encode(), unhex(part["context"]), unhex(part["plaintext"])
        sealed = unhex(part["kem_output"]), unhex(part["ciphertext"])
        assert suite.decrypt_with_label(unhex(part["priv"]), label, context, *sealed) == plain
        sealed = suite.encrypt_with_label(unhex(part["pub"]), label, context, plain)
        assert suite.decrypt_with_label(unhex(part["priv"]), label, context, *sealed) == plain
        assert suite.hpke.public_of(unhex(part["priv"])) == unhex(part["pub"])
    assert len(found) == len(SUITES) == 7
    official(len(found))


def test_secret_tree(official):
    found = ours("secret-tree")
    for case in found:
        suite = suite_of(case["cipher_suite"])
        part = case["sender_data"]
        made = framing.sender_key_nonce(suite, unhex(part["sender_data_secret"]), unhex(part["ciphertext"]))
        assert made == (unhex(part["key"]), unhex(part["nonce"]))
        tree = SecretTree.new(suite, len(case["leaves"]), unhex(case["encryption_secret"]))
        for leaf, generations in enumerate(case["leaves"]):
            for want in generations:
                made, tree = tree.take(leaf, HANDSHAKE, want["generation"])
                assert made == (unhex(want["handshake_key"]), unhex(want["handshake_nonce"]))
                made, tree = tree.take(leaf, APPLICATION, want["generation"])
                assert made == (unhex(want["application_key"]), unhex(want["application_nonce"]))
    assert len(found) == 21
    official(len(found))


def _message_context(case):
    return types.GroupContext(
        case["cipher_suite"],
        unhex(case["group_id"]),
        case["epoch"],
        unhex(case["tree_hash"]),
        unhex(case["confirmed_transcript_hash"]),
        (),
    )


def _bodies(case):
    yield "application", unhex(case["application"])
    yield "proposal", whole(unhex(case["proposal"]), types.read_proposal)
    yield "commit", whole(unhex(case["commit"]), types.Commit.read)


def _unprotect_private(suite, case, raw):
    """Open a PrivateMessage with the vector's secrets; the sender is the member at leaf 1 of two."""
    message = framing.read_message(raw)
    tree = SecretTree.new(suite, 2, unhex(case["encryption_secret"]))
    data = framing.open_sender_data(suite, message, unhex(case["sender_data_secret"]))
    key_nonce, _ = tree.take(data.leaf, ratchet_of(message.type), data.generation)
    opened = framing.unprotect_private(suite, message, data, key_nonce)
    return framing.verify(suite, opened, _message_context(case), unhex(case["signature_pub"])).content


def test_message_protection(official):
    found = ours("message-protection")
    for case in found:
        suite, context = suite_of(case["cipher_suite"]), _message_context(case)
        key, seed, public = unhex(case["membership_key"]), unhex(case["signature_priv"]), unhex(case["signature_pub"])
        for name, body in _bodies(case):
            assert _unprotect_private(suite, case, unhex(case[f"{name}_priv"])).body == body
            content = FramedContent(context.group_id, context.epoch, member(1), b"", body)
            tag = bytes(suite.hash_length) if name == "commit" else None
            auth = framing.Auth(framing.sign(suite, WireFormat.PRIVATE, content, context, seed), tag)
            tree = SecretTree.new(suite, 2, unhex(case["encryption_secret"]))
            key_nonce, _ = tree.take(1, ratchet_of(content.type), 0)
            message = framing.protect_private(
                suite,
                AuthenticatedContent(WireFormat.PRIVATE, content, auth),
                key_nonce,
                SenderData(1, 0, b"\1\2\3\4"),
                unhex(case["sender_data_secret"]),
            )
            assert _unprotect_private(suite, case, framing.encode_message(message)).body == body
            auth = framing.Auth(framing.sign(suite, WireFormat.PUBLIC, content, context, seed), tag)
            clear = AuthenticatedContent(WireFormat.PUBLIC, content, auth)
            if content.type == ContentType.APPLICATION:
                with pytest.raises(Refused):
                    framing.protect_public(suite, clear, context, key)
                continue
            for message in (
                framing.read_message(unhex(case[f"{name}_pub"])),
                framing.protect_public(suite, clear, context, key),
            ):
                opened = framing.unprotect_public(suite, message, context, key)
                assert framing.verify(suite, opened, context, public).content.body == body
    assert len(found) == 7
    official(len(found))


def test_key_schedule(official):
    found = ours("key-schedule")
    for case in found:
        suite, init = suite_of(case["cipher_suite"]), unhex(case["initial_init_secret"])
        for number, want in enumerate(case["epochs"]):
            context = types.GroupContext(
                case["cipher_suite"],
                unhex(case["group_id"]),
                number,
                unhex(want["tree_hash"]),
                unhex(want["confirmed_transcript_hash"]),
                (),
            )
            assert context.encode() == unhex(want["group_context"])
            joiner = schedule.joiner_secret(suite, init, unhex(want["commit_secret"]), context)
            epoch = schedule.epoch_from_joiner(suite, joiner, unhex(want["psk_secret"]), context)
            secrets = epoch.secrets
            assert epoch.joiner_secret == unhex(want["joiner_secret"])
            assert epoch.welcome_secret == unhex(want["welcome_secret"])
            named = {
                "init_secret": secrets.init,
                "sender_data_secret": secrets.sender_data,
                "encryption_secret": secrets.encryption,
                "exporter_secret": secrets.exporter,
                "epoch_authenticator": secrets.authentication,
                "external_secret": secrets.external,
                "confirmation_key": secrets.confirm,
                "membership_key": secrets.membership,
                "resumption_psk": secrets.resumption,
                "external_pub": suite.hpke.derive_key_pair(secrets.external)[1],
            }
            assert named == {name: unhex(want[name]) for name in named}
            ask = want["exporter"]
            made = schedule.export(suite, secrets.exporter, ask["label"].encode(), unhex(ask["context"]), ask["length"])
            assert made == unhex(ask["secret"])
            init = secrets.init
    assert len(found) == 7
    official(len(found))


def test_psk_secret(official):
    found = ours("psk_secret")
    for case in found:
        psks = [
            (types.PreSharedKeyId(unhex(psk["psk_nonce"]), psk_id=unhex(psk["psk_id"])), unhex(psk["psk"]))
            for psk in case["psks"]
        ]
        assert schedule.psk_secret(suite_of(case["cipher_suite"]), psks) == unhex(case["psk_secret"])
    assert len(found) == 77
    official(len(found))


def test_transcript_hashes(official):
    found = ours("transcript-hashes")
    for case in found:
        suite = suite_of(case["cipher_suite"])
        commit = whole(unhex(case["authenticated_content"]), AuthenticatedContent.read)
        assert commit.content.type == ContentType.COMMIT
        confirmed = schedule.confirmed_hash(suite, unhex(case["interim_transcript_hash_before"]), commit)
        assert confirmed == unhex(case["confirmed_transcript_hash_after"])
        assert suite.check_mac(unhex(case["confirmation_key"]), confirmed, commit.auth.confirmation_tag)
        assert schedule.interim_hash(suite, confirmed, commit.auth) == unhex(case["interim_transcript_hash_after"])
    assert len(found) == 7
    official(len(found))


def test_tree_operations(official):
    found = ours("tree-operations")
    for case in found:
        suite = suite_of(case["cipher_suite"])
        tree = RatchetTree.read(suite, unhex(case["tree_before"]))
        assert tree.tree_hash == unhex(case["tree_hash_before"])
        proposal = whole(unhex(case["proposal"]), types.read_proposal)
        after = apply_proposals(tree, (), [Sent(member(case["proposal_sender"]), proposal)]).tree
        assert after.encoded == unhex(case["tree_after"])
        assert after.tree_hash == unhex(case["tree_hash_after"])
    assert len(found) == 5
    official(len(found))


def test_tree_validation(official):
    found = ours("tree-validation")
    for case in found:
        tree = RatchetTree.read(suite_of(case["cipher_suite"]), unhex(case["tree"]))
        for node in range(len(tree.nodes)):
            assert tree.resolution(node) == tuple(case["resolutions"][node])
            assert tree.node_hash(node) == unhex(case["tree_hashes"][node])
        tree.check_parent_hashes()
        tree.check_whole()
        for leaf, leaf_node in tree.leaves:
            check_signature(tree.suite, leaf_node, Place(unhex(case["group_id"]), leaf))
            assert replace(leaf_node, lifetime=leaf_node.lifetime).encode() == leaf_node.encode()  # written anew
        assert tree.encoded == unhex(case["tree"])
    assert len(found) == 98
    official(len(found))


def _private_keys(tree, entry):
    """The private TreeKEM state of a leaf, checked against the tree."""
    keys = {2 * entry["index"]: unhex(entry["encryption_priv"])}
    for step in entry["path_secrets"]:
        made = treekem.derive_path(tree.suite, [step["node"]], unhex(step["path_secret"]))
        treekem.check_keys(tree, made.public_keys)
        keys |= made.keys
    treekem.check_keys(tree, {2 * entry["index"]: tree.suite.hpke.public_of(keys[2 * entry["index"]])})
    return keys


def _treekem_context(case, tree):
    return types.GroupContext(
        case["cipher_suite"],
        unhex(case["group_id"]),
        case["epoch"],
        tree.tree_hash,
        unhex(case["confirmed_transcript_hash"]),
        (),
    ).encode()


def test_treekem(official):
    found = ours("treekem")
    for case in found:
        suite = suite_of(case["cipher_suite"])
        tree = RatchetTree.read(suite, unhex(case["ratchet_tree"]))
        keys = {entry["index"]: _private_keys(tree, entry) for entry in case["leaves_private"]}
        seeds = {entry["index"]: unhex(entry["signature_priv"]) for entry in case["leaves_private"]}
        for want in case["update_paths"]:
            sender, path = want["sender"], whole(unhex(want["update_path"]), types.UpdatePath.read)
            after = treekem.merge_path(tree, sender, path)
            assert after.tree_hash == unhex(want["tree_hash_after"])
            context = _treekem_context(case, after)
            for leaf in keys.keys() - {sender}:
                receiver = treekem.Receiver(leaf, keys[leaf], ())
                secrets = treekem.open_path(after, sender, path, context, receiver)
                assert secrets.steps[0][1] == unhex(want["path_secrets"][leaf])
                assert secrets.commit_secret == unhex(want["commit_secret"])
            place = Place(unhex(case["group_id"]), sender)
            made = treekem.make_path(tree, place, seeds[sender], bytes, tree.member(sender).extensions)
            context = _treekem_context(case, made.tree)
            path = types.UpdatePath(made.leaf_node, treekem.seal_path(made.tree, sender, made.secrets, context, ()))
            after = treekem.merge_path(tree, sender, path)
            assert after == made.tree
            for leaf in keys.keys() - {sender}:
                receiver = treekem.Receiver(leaf, keys[leaf], ())
                opened = treekem.open_path(after, sender, path, context, receiver)
                assert opened.commit_secret == made.secrets.commit_secret
    assert len(found) == 77
    official(len(found))


def test_welcome(official):
    found = ours("welcome")
    for case in found:
        suite = suite_of(case["cipher_suite"])
        package = framing.read_message(unhex(case["key_package"]))
        message = framing.read_message(unhex(case["welcome"]))
        opened = welcome.open_secrets(suite, message, package, PrivatePart(unhex(case["init_priv"]), b""))
        info = welcome.open_group_info(suite, message, opened.joiner_secret, bytes(suite.hash_length))
        welcome.verify_group_info(suite, info, unhex(case["signer_pub"]))
        welcome.confirmed_epoch(suite, info, opened.joiner_secret, bytes(suite.hash_length))
    assert len(found) == 7
    official(len(found))


def read_tree(raw):
    tree = RatchetTree.read(suite_of(1), raw)
    assert tree.encoded == raw
    return RatchetTree(tree.suite, afresh(tree.nodes))


READERS = {
    "group_secrets": types.GroupSecrets,
    "add_proposal": types.Add,
    "update_proposal": types.Update,
    "remove_proposal": types.Remove,
    "pre_shared_key_proposal": types.PreSharedKey,
    "re_init_proposal": types.ReInit,
    "external_init_proposal": types.ExternalInit,
    "group_context_extensions_proposal": types.GroupContextExtensions,
    "commit": types.Commit,
}


def read_and_written(name, raw):
    """The bytes that were kept, and those that follow from what was understood."""
    if name == "ratchet_tree":
        return raw, read_tree(raw).encoded
    if name in READERS:
        read = whole(raw, READERS[name].read)
        return read.encode(), afresh(read).encode()
    read = framing.read_message(raw)
    return framing.encode_message(read), framing.encode_message(afresh(read))


def test_messages(official):
    found = cases("messages")
    for case in found:
        for name, text in case.items():
            raw = unhex(text)
            assert read_and_written(name, raw) == (raw, raw), name
    assert (len(found), len(found[0])) == (300, 17)
    official(len(found))

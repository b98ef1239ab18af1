"""The entrances of `detente.mls`: its decoders, and what a group does with what was decoded.

A decoder alone is soon exhausted: whatever it reads it must write again as it came, and there the hunt ends.
So three targets go on behind the signatures, with an author who has the keys.  `insider` takes any body, signs
and seals it as a member would (every leaf and key package in it signed again, so that the rules behind the
signature are reached), and hands it to another member; `joining` and `entering` do the same with what is shown
to one who comes in.  What is refused must leave the victim's stored state the same bytes.
"""

from dataclasses import replace

from fuzz.target import Target
from mls_parties import CHARTER, Parties, certificate, rewritten

from detente.crypto.certificates import subject_key
from detente.crypto.suites import HOUSE_SUITES, SUITE_1
from detente.ground.errors import DetenteError, Malformed, NotAuthentic, Refused
from detente.mls import framing, schedule, welcome
from detente.mls.framing import (
    Auth,
    AuthenticatedContent,
    ContentType,
    FramedContent,
    PublicMessage,
    Sender,
    SenderType,
    WireFormat,
    encode_message,
    read_body,
    read_message,
)
from detente.mls.group import Group, external_proposal, joining_proposal
from detente.mls.interop_wire import RPCS, decode, encode
from detente.mls.leaves import PrivatePart, reference_of
from detente.mls.state import open_private, seal_content
from detente.mls.store import decode_state
from detente.mls.tree import RatchetTree
from detente.mls.types import (
    Add,
    Commit,
    EncryptedGroupSecrets,
    Extension,
    ExtensionType,
    GroupContext,
    GroupContextExtensions,
    GroupInfo,
    GroupSecrets,
    HpkeCiphertext,
    KeyPackage,
    LeafNode,
    LeafSource,
    ParentNode,
    PreSharedKey,
    PreSharedKeyId,
    ReInit,
    Remove,
    RequiredCapabilities,
    Update,
    UpdatePath,
    Welcome,
    encode_proposal,
    extension_data,
    read_extensions,
    read_proposal,
)
from detente.wire.tls import Reader, length, optional, uint, vector, whole

# --- a group, and those around it ---------------------------------------------------------------------------

PARTIES = Parties(b"fuzz")
NAMES = ("Arvenia", "Belmora", "Corvalis", "Dorvik", "Elbany", "Fermont")
NEWCOMER = PARTIES.identity("Galdia")
SENDER_SEED = PARTIES.entropy(32)
PSK = PreSharedKeyId(bytes(32), psk_id=b"envelope")


def _group():
    """Six members, whose tree has paths, blanks and an unmerged leaf, and who listen to one outside."""
    groups = PARTIES.group(*NAMES[:5])
    sender = vector(SUITE_1.signature_public(SENDER_SEED)) + NEWCOMER.shown.encode()
    extensions = (
        *CHARTER,
        Extension(ExtensionType.EXTERNAL_SENDERS, vector(sender)),
        Extension(ExtensionType.REQUIRED_CAPABILITIES, RequiredCapabilities(extensions=(0xF001,)).encode()),
    )
    last = PARTIES.identity(NAMES[5])
    package, private = PARTIES.package(last)
    wishes = ((1, {"context_extensions": extensions}), (4, {}), (0, {}), (2, {"add": [package], "path": False}))
    for committer, wish in wishes:
        pending = PARTIES.commit(groups[committer], **wish)
        groups = [
            pending.next if at == committer else PARTIES.staged(group, pending.message).next
            for at, group in enumerate(groups)
        ]
    return [*groups, PARTIES.join(pending.welcome, package, private, last)]


GROUPS = _group()
FORGER, VICTIM = GROUPS[:2]
PACKAGE, PRIVATE = PARTIES.package(NEWCOMER)
SEEDS = {
    SUITE_1.signature_public(identity.signature_seed): identity.signature_seed
    for identity in PARTIES.accredited.values()
}
_, PROPOSED, REFERENCE = GROUPS[2].propose_update(PARTIES.entropy)
FORGER, VICTIM = (PARTIES.open(group, PROPOSED).group for group in (FORGER, VICTIM))
BEFORE = VICTIM.serialise()


def psks(name):
    """One pre-shared key is known."""
    return b"secret" if name.psk_id == b"envelope" else None


def commit(group=FORGER, **wish):
    """A commit as its maker means it."""
    return PARTIES.commit(group, psks=psks, **wish)


def inside(message):
    """The body of a sealed message, in bytes."""
    content = open_private(VICTIM.state, read_message(message))[1].content
    return framing.encode_body(content.body)


PENDING = commit(add=[PACKAGE], remove=[3])
COMMITS = [
    inside(PENDING.message),
    inside(commit().message),
    inside(commit(references=[REFERENCE]).message),
    inside(commit(proposals=[PreSharedKey(PSK)], path=False).message),
    inside(commit(proposals=[ReInit(b"next", 1, 2, CHARTER)], path=False).message),
    inside(commit(context_extensions=CHARTER).message),
]
RENEWED = read_proposal(Reader(inside(FORGER.propose_update(PARTIES.entropy)[1])))
PROPOSALS = [
    encode_proposal(proposal)
    for proposal in (
        Add(read_message(PACKAGE)),
        RENEWED,
        Remove(2),
        PreSharedKey(PSK),
        PreSharedKey(PreSharedKeyId(bytes(32), usage=1, group_id=b"line", epoch=3)),
        ReInit(b"next", 1, 1, CHARTER),
        GroupContextExtensions(CHARTER),
    )
]
INFO = read_message(FORGER.group_info())
ENTERED, RESYNCED = (
    Group.enter(FORGER.group_info(), identity, (), PARTIES.entropy, PARTIES.authenticate, psks=psks, **more)[1]
    for identity, more in ((NEWCOMER, {}), (PARTIES.accredited[b"Corvalis"], {"resync": True, "bring": [PSK]}))
)
FROM_OUTSIDE = [
    ENTERED,
    RESYNCED,
    joining_proposal(FORGER.group_info(), PACKAGE, NEWCOMER.signature_seed),
    external_proposal(FORGER.group_info(), 0, Remove(2), SENDER_SEED),
]
MESSAGES = [
    PENDING.message,
    PENDING.welcome,
    PACKAGE,
    FORGER.group_info(),
    GROUPS[0].seal(b"note", b"head", PARTIES.entropy)[1],  # as it was before proposals waited
    FORGER.propose(Remove(2), PARTIES.entropy, public=True)[1],
    commit(public=True).message,
    *FROM_OUTSIDE,
]

# --- what is read is written again as it came ----------------------------------------------------------------


def spelled_once(kind):
    """A reader of one kind, which holds that there is one spelling for what it read."""

    def read(raw):
        value = whole(raw, kind.read)
        assert rewritten(value).encode() == raw, "what was read is written in another way"
        return value

    return read


def message(raw):
    """An MLSMessage."""
    found = read_message(raw)
    assert encode_message(rewritten(found)) == raw, "what was read is written in another way"
    return found


def proposal(raw):
    """A proposal with its type."""
    found = whole(raw, read_proposal)
    assert encode_proposal(rewritten(found)) == raw, "what was read is written in another way"
    return found


def authenticated(raw):
    """A content with its authentication."""
    found = whole(raw, AuthenticatedContent.read)
    assert rewritten(found).encode() == raw, "what was read is written in another way"
    return found


def tree(raw):
    """A ratchet tree, judged as a whole."""
    found = RatchetTree.read(SUITE_1, raw)
    assert found.encoded == raw, "what was read is written in another way"
    found.check_whole()
    found.check_parent_hashes()
    return found.tree_hash


def lengths(raw):
    """Every form of the presentation language, as the first byte says."""
    forms = {
        0: lambda reader: length(reader.length()),
        1: lambda reader: vector(reader.vector()),
        2: lambda reader: vector(b"".join(vector(one) for one in reader.items(Reader.vector))),
        3: lambda reader: optional(reader.optional(lambda inner: uint(inner.uint(8), 8))),
        4: lambda reader: b"".join(uint(reader.uint(width), width) for width in (1, 2, 4, 8)),
    }
    form = forms[raw[0] % len(forms)] if raw else forms[1]
    assert whole(raw[1:], form) == raw[1:], "what was read is written in another way"
    return True


def state(raw):
    """A stored state, and what anybody who loads it looks at first."""
    return Group(decode_state(raw)).epoch


def private_part(raw):
    """The private part of a key package."""
    found = PrivatePart.decode(raw)
    assert found.encode() == raw, "what was read is written in another way"
    return True


def extensions(raw):
    """A list of extensions, and the content of those that are looked into."""
    for extension in whole(raw, read_extensions):
        if extension.type == ExtensionType.REQUIRED_CAPABILITIES:
            spelled_once(RequiredCapabilities)(extension.data)
        if extension.type == ExtensionType.RATCHET_TREE:
            RatchetTree.read(SUITE_1, extension.data)
    return True


def keys(raw):
    """Public keys and sealed secrets of every suite, as the first byte says."""
    suites = list(HOUSE_SUITES.values())
    suite = suites[raw[0] % len(suites)] if raw else SUITE_1
    size = suite.hpke.kem.encapsulated_length
    private, _ = suite.hpke.derive_key_pair(b"a private key, whoever it is".ljust(64))
    for attempt in (
        lambda: suite.hpke.check_public(raw[1:]),
        lambda: suite.hpke.open(private, b"info", raw[1 : size + 1], raw[size + 1 :]),
        lambda: suite.hpke.export_from(private, raw[1 : size + 1], b"", b"", 32),
        lambda: suite.verify_with_label(raw[1:], b"label", b"text", raw),
    ):
        try:
            attempt()
        except (Malformed, NotAuthentic):
            continue
    return True


def harness(raw):
    """What the client of the official harness is told."""
    for kinds in RPCS.values():
        for kind in kinds:
            try:
                values = decode(kind, raw)
            except Malformed:
                continue
            assert decode(kind, encode(kind, values)) == values
    return True


# --- behind the signatures ---------------------------------------------------------------------------------


def hearing(group, before, raw):
    """What a member does with a message: whatever it refuses leaves its stored state as it was."""
    try:
        came = group.open(raw, PARTIES.authenticate, psks=psks, allow_public=True)
    except (Malformed, NotAuthentic, Refused):
        assert group.serialise() == before, "a message that was refused changed the state"
        raise
    assert group.serialise() == before, "a group changed under its owner's hands"
    return came


def opening(raw):
    """Any bytes, to a member that reads messages in clear too."""
    return hearing(VICTIM, BEFORE, raw)


def signed_leaf(leaf_node, place):
    """The leaf signed again, if its key is one of ours."""
    seed = SEEDS.get(leaf_node.signature_key)
    if seed is None:
        return leaf_node
    signed = leaf_node.to_be_signed(*place)
    return replace(leaf_node, signature=SUITE_1.sign_with_label(seed, b"LeafNodeTBS", signed))


def signed_package(package):
    """The key package signed again, and the leaf in it."""
    package = replace(package, leaf_node=signed_leaf(package.leaf_node, (b"", 0)))
    seed = SEEDS.get(package.leaf_node.signature_key)
    if seed is None:
        return package
    return replace(package, signature=SUITE_1.sign_with_label(seed, b"KeyPackageTBS", package.to_be_signed))


def signed_inside(body, place):
    """A body whose leaves and key packages are signed by those whom they name."""
    match body:
        case Add(key_package=package):
            return Add(signed_package(package))
        case Update(leaf_node=leaf_node):
            return Update(signed_leaf(leaf_node, place))
        case Commit(proposals=proposals, path=path):
            path = None if path is None else UpdatePath(signed_leaf(path.leaf_node, place), path.nodes)
            return Commit(tuple(signed_inside(one, place) for one in proposals), path)
        case _:
            return body


SENDERS = (
    Sender(SenderType.MEMBER, FORGER.own_leaf),  # sealed
    Sender(SenderType.MEMBER, FORGER.own_leaf),  # in clear
    Sender(SenderType.NEW_MEMBER_COMMIT),
    Sender(SenderType.NEW_MEMBER_PROPOSAL),
    Sender(SenderType.EXTERNAL, 0),
)


def place_of(sender, body):
    """The leaf for which a leaf inside of the body must be signed."""
    if sender.type == SenderType.MEMBER:
        return sender.index
    removed = [one.removed for one in getattr(body, "proposals", ()) if isinstance(one, Remove)]
    return min([*removed, len(GROUPS)])


def seed_of(sender, body):
    """Who must sign it: the sender, and of one who comes in the key of its new leaf."""
    if sender.type == SenderType.MEMBER:
        return FORGER.state.identity.signature_seed
    if sender.type == SenderType.EXTERNAL:
        return SENDER_SEED
    if isinstance(body, Commit) and body.path is not None:
        return SEEDS.get(body.path.leaf_node.signature_key, NEWCOMER.signature_seed)
    return NEWCOMER.signature_seed


def insider(raw):
    """Any body, from anybody who may sign for it: the first byte says who, the second what kind."""
    if len(raw) < 2:
        raise Malformed("Nobody says anything.")
    chosen = raw[0] % len(SENDERS)
    sender, kind = SENDERS[chosen], list(ContentType)[raw[1] % len(ContentType)]
    suite, context = FORGER.state.suite, FORGER.state.context
    body = whole(raw[2:], lambda reader: read_body(reader, kind))
    body = signed_inside(body, (context.group_id, place_of(sender, body)))
    content = FramedContent(context.group_id, context.epoch, sender, b"head", body)
    wire_format = WireFormat.PRIVATE if chosen == 0 else WireFormat.PUBLIC
    signature = framing.sign(suite, wire_format, content, context, seed_of(sender, body))
    tag = bytes(32) if kind == ContentType.COMMIT else None
    signed = AuthenticatedContent(wire_format, content, Auth(signature, tag))
    if wire_format == WireFormat.PRIVATE:
        return hearing(VICTIM, BEFORE, encode_message(seal_content(FORGER.state, signed, PARTIES.entropy)[1]))
    mac = suite.mac(FORGER.state.secrets.membership, framing._to_be_tagged(signed, context)) if chosen == 1 else None
    return hearing(VICTIM, BEFORE, encode_message(PublicMessage(content, signed.auth, mac)))


OWN = read_message(PACKAGE)
SECRETS = welcome.open_secrets(SUITE_1, read_message(PENDING.welcome), OWN, PrivatePart.decode(PRIVATE))
SHOWN = welcome.open_group_info(SUITE_1, read_message(PENDING.welcome), SECRETS.joiner_secret, bytes(32))


def signed_info(info):
    """The GroupInfo signed by whoever stands at the place that it names, if it is one of ours."""
    raw = extension_data(info.extensions, ExtensionType.RATCHET_TREE)
    try:
        signer = RatchetTree.read(SUITE_1, raw or b"").member(info.signer)
    except DetenteError:
        return info
    seed = SEEDS.get(signer.signature_key, SENDER_SEED)
    return replace(info, signature=SUITE_1.sign_with_label(seed, b"GroupInfoTBS", info.to_be_signed))


def of_tree(raw):
    """A GroupInfo for that tree, each leaf of which is signed by its own key."""
    found = RatchetTree.read(SUITE_1, raw)
    leaves = {2 * leaf: signed_leaf(node, (b"line", leaf)) for leaf, node in found.leaves}
    kept = {at: node for at, node in leaves.items() if node.source != LeafSource.KEY_PACKAGE}
    packed = {at: signed_leaf(node, (b"", 0)) for at, node in leaves.items() if node.source == LeafSource.KEY_PACKAGE}
    found = found.with_nodes({**kept, **packed})
    context = replace(SHOWN.context, tree_hash=found.tree_hash)
    return replace(SHOWN, context=context, extensions=(Extension(ExtensionType.RATCHET_TREE, found.encoded),))


def joining(raw):
    """A Welcome whose secrets, GroupInfo or tree are these bytes, as the first byte says; else in order."""
    secrets, info = SECRETS, SHOWN
    match (raw[:1] or b"\0")[0] % 3:
        case 0:
            info = signed_info(whole(raw[1:], GroupInfo.read))
        case 1:
            secrets = whole(raw[1:], GroupSecrets.read)
        case _:
            info = signed_info(of_tree(raw[1:]))
    key, nonce = schedule.welcome_key_nonce(SUITE_1, schedule.welcome_secret(SUITE_1, secrets.joiner_secret, bytes(32)))
    hidden = SUITE_1.aead_seal(key, nonce, info.encode(), b"")
    pair = SUITE_1.encrypt_with_label(OWN.init_key, b"Welcome", hidden, secrets.encode())
    sealed = EncryptedGroupSecrets(reference_of(SUITE_1, OWN), HpkeCiphertext(*pair))
    raw_welcome = encode_message(Welcome(1, (sealed,), hidden))
    return Group.join(raw_welcome, PACKAGE, PRIVATE, NEWCOMER, PARTIES.authenticate, psks=psks)


def entering(raw):
    """A GroupInfo for one who would come in alone."""
    info = signed_info(whole(raw, GroupInfo.read))
    return Group.enter(encode_message(info), NEWCOMER, (), PARTIES.entropy, PARTIES.authenticate)


EVERY_NO = (Malformed, NotAuthentic, Refused)

TARGETS = {
    "message": Target(message, MESSAGES),
    "key package": Target(spelled_once(KeyPackage), [OWN.encode()]),
    "leaf": Target(spelled_once(LeafNode), [node.encode() for _, node in FORGER.state.tree.leaves]),
    "commit": Target(spelled_once(Commit), COMMITS),
    "proposal": Target(proposal, PROPOSALS),
    "authenticated content": Target(
        authenticated, [open_private(VICTIM.state, read_message(PENDING.message))[1].authenticated.encode()]
    ),
    "group info": Target(spelled_once(GroupInfo), [INFO.encode(), SHOWN.encode()]),
    "group context": Target(spelled_once(GroupContext), [INFO.context.encode()]),
    "welcome": Target(spelled_once(Welcome), [read_message(PENDING.welcome).encode()]),
    "group secrets": Target(
        spelled_once(GroupSecrets), [SECRETS.encode(), replace(SECRETS, psks=(PSK,), path_secret=None).encode()]
    ),
    "parent": Target(
        spelled_once(ParentNode), [node.encode() for node in FORGER.state.tree.nodes if isinstance(node, ParentNode)]
    ),
    "tree": Target(tree, [FORGER.ratchet_tree, PENDING.next.ratchet_tree], EVERY_NO),
    "lengths": Target(lengths, [b"\0\x40\x40", b"\1\2ab", b"\2\3\1a\0", b"\3\1" + bytes(8), b"\4" + bytes(15)]),
    "extensions": Target(extensions, [vector(b"".join(one.encode() for one in INFO.context.extensions))]),
    "private part": Target(private_part, [PRIVATE]),
    "state": Target(state, [BEFORE, VICTIM.keeping(1).serialise(), PENDING.next.serialise()], (Malformed, Refused)),
    "keys": Target(
        keys,
        [
            bytes([at]) + b"".join(suite.hpke.derive_key_pair(b"k" * 64)[1:])
            for at, suite in enumerate(HOUSE_SUITES.values())
        ],
    ),
    "certificate": Target(subject_key, [certificate(bytes(32), b"\1" * 32, "Arvenia")]),
    "harness": Target(harness, [b"", b"\x08\x01\x12\x03abc"]),
    "opening": Target(opening, [PENDING.message, *MESSAGES[4:]], EVERY_NO),
    "insider": Target(
        insider,
        [
            *(bytes([sender, 2]) + body for sender in (0, 1) for body in COMMITS),
            *(bytes([sender, 1]) + body for sender in (0, 1) for body in PROPOSALS),
            *(b"\4\1" + body for body in PROPOSALS if body != encode_proposal(RENEWED)),
            b"\0\0" + vector(b"note"),
            *(b"\2\2" + read_message(one).content.body.encode() for one in (ENTERED, RESYNCED)),
            b"\3\1" + PROPOSALS[0],
        ],
        EVERY_NO,
    ),
    "joining": Target(
        joining, [b"\0" + SHOWN.encode(), b"\1" + SECRETS.encode(), b"\2" + PENDING.next.ratchet_tree], EVERY_NO
    ),
    "entering": Target(entering, [INFO.encode()], EVERY_NO),
}

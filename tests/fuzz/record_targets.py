"""The entrances of everything that is not MLS: logs and their notes, acts, letters, records, instruments, texts, requests.

Their true bytes come out of a small conference of two real houses with a real relay, which founded a line, wrote
to each other and laid a text on the table.  `act` goes on where a decoder ends: what can be read is folded onto
the line as that conference left it, by rules that may refuse and may not raise.
"""

import json

from authenticators import ORIGIN as DESK
from authenticators import RP, Authenticator, client_data
from conference import Conference, a_note
from fuzz.target import Target
from sealing import make_file, make_parties, seed

from detente.acts import act as acts
from detente.acts.act import Verified
from detente.acts.procedure import digest, fold
from detente.api import requests
from detente.chancery import letters
from detente.chancery.approvals import Given
from detente.crypto import passkeys, sealing, signing
from detente.crypto.hashing import sha256
from detente.evidence import anchors, instrument, publication, records, verifier
from detente.evidence.verifier import Outcome
from detente.ground.errors import Malformed, NotAuthentic, Refused
from detente.ground.identifiers import Position
from detente.line.core import Core, put_down
from detente.line.terms import Head, LineKeys
from detente.procedures.correspondence.acts import Acknowledge, Return, TakeNote
from detente.procedures.signature.acts import Adopt, Consent
from detente.procedures.table.acts import Accept, Alternative, Edit, Hunk, Import, Stance, Withdraw
from detente.procedures.table.acts import Position as Stand
from detente.procedures.table.inspect import inspect
from detente.procedures.table.parse import VERSION
from detente.tlog import merkle
from detente.tlog.checkpoint import Checkpoint, open_checkpoint
from detente.tlog.cosignature import cosign, cosigner_key, verify_cosignature
from detente.tlog.leaf import Leaf, LeafKind
from detente.tlog.merkle import Frontier
from detente.tlog.note import KeyKind, Note, Signature, VerifierKey
from detente.tlog.proof import TlogProof
from detente.web import upload
from detente.wire import canonical, relaying, text, tls

EVERY_NO = (Malformed, NotAuthentic, Refused)
SOURCE = (
    "## Article 1\n\n1. The Parties [shall][should] open the line at noon and keep it open.\n\n"
    "2. A Party [promptly] answers [what it is asked], in good faith. {Arvenia: see note}\n\n"
    "**Option 1:** One. [Two [or three].]\n\n**Option 2:** No text\n\n## Article 2\n\n1. This text binds no one.[^1]\n"
)

# --- a line on which something was said -----------------------------------------------------------------------

WORLD = Conference(2)
LINE = WORLD.found()
CHAIR, OTHER = WORLD.parties


def _say(party, body):
    found = party.do(LINE, body)
    WORLD.settle()
    return found


NOTE = _say(CHAIR, a_note(WORLD, CHAIR, OTHER))
_say(OTHER, Acknowledge(NOTE))
TEXT = _say(CHAIR, Import("A text", "en", VERSION, SOURCE))
KNOWN = CHAIR.house.line(LINE)
PACKED = [entry.packed for entry in CHAIR.house.store.entries(LINE) if entry.packed]
WRITTEN = [acts.unpack(packed)[0] for packed in PACKED]
CLAUSE = next(iter(KNOWN.state.parts["table"].texts[TEXT].index.owners))
MORE = [
    Alternative(TEXT, CLAUSE, "1. They keep it open."),
    Edit(TEXT, CLAUSE, (Hunk(bytes(32), 3, 9, "Shut"),)),
    Withdraw(TEXT, NOTE),
    Stand(TEXT, CLAUSE, Stance.OPPOSE, ad_referendum=True, note="for now"),
    Accept(TEXT, b"", bytes(32), ad_referendum=False),
    Adopt(TEXT, bytes(32)),
    Consent(bytes(32)),
    Return(NOTE, "in another form, please"),
    TakeNote(NOTE),
]


WRITTEN += [OTHER.house._write(KNOWN, "head-of-mission", body, WORLD.now) for body in MORE]

# --- logs -----------------------------------------------------------------------------------------------------

ORIGIN = "register.example"
SEED = seed("register")
VKEY = VerifierKey(ORIGIN, KeyKind.ED25519, signing.ed25519_public(SEED))
PARTIES = make_parties()[:2]
FILE = make_file(PARTIES)
LOG = merkle.Tree(merkle.leaf_hash(bytes([number])) for number in range(5))
PLACE = LOG.append(publication.leaf_hash(FILE))
HEAD = Checkpoint(ORIGIN, LOG.size, LOG.root())
PROOF = publication.make_proof(PLACE, LOG.inclusion(PLACE), HEAD, SEED)
NOTED = TlogProof.parse(PROOF).checkpoint_note
WITNESS = cosigner_key("witness", signing.ed25519_public(seed("witness")))
COSIGNED = cosign(HEAD, "witness", seed("witness"), 1_800_000_000)
ANCHORS = anchors.encode_anchors(
    anchors.make_anchors({party.id: party.name for party in PARTIES}, anchors.AnchoredRegister(ORIGIN, VKEY.vkey))
)


def as_text(raw):
    """Bytes as the caller of a parser of texts would have them; what is no UTF-8 does not come so far."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("no text") from None


def note(raw):
    """A note, as it came; and whether the register signed it."""
    found = Note.parse(raw)
    assert found.encode().encode() == raw, "what was read is written in another way"
    open_checkpoint(raw, VKEY, origin=ORIGIN)
    return True


def line_of_a_note(raw):
    """A checkpoint, a verifier key or a signature line, by its first letter."""
    given = as_text(raw)
    if given.startswith("\N{EM DASH}"):
        signature = Signature.parse(given)
        assert signature.encode() == given, "what was read is written in another way"
        verify_cosignature(HEAD, signature, WITNESS)
    elif "\n" in given:
        assert Checkpoint.parse(given).encode() == given, "what was read is written in another way"
    else:
        key = VerifierKey.parse(given)
        assert key.vkey == given, "what was read is written in another way"
        key.check()
    return True


def log_bytes(raw):
    """An entry of a log, a frontier, a head or a member's keys for the line, as the first byte says."""
    forms = {0: Leaf, 1: Frontier, 2: Head, 3: LineKeys}
    found = forms[(raw[:1] or b"\0")[0] % len(forms)].decode(raw[1:])
    assert found.encode() == raw[1:], "what was read is written in another way"
    return True


def proof(raw):
    """A proof of a log, whether it is one of the register's, and whether it proves anything."""
    assert TlogProof.parse(raw).encode().encode() == raw, "what was read is written in another way"
    found = publication.read_proof(raw)
    publication.verify_published(FILE, found)
    return True


# --- acts, letters, records, instruments ----------------------------------------------------------------------


def act(raw):
    """An act, read as a line reads it and folded onto the line: refused perhaps, never raised."""
    found = acts.decode(raw)
    assert acts.encode(found) == raw, "what was read is written in another way"
    body = WORLD.registry.body(found)
    state = KNOWN.state
    done = Verified(
        acts.act_id(raw), LINE, found.author, found.office, Position(KNOWN.size), WORLD.now, found.seen, "", body
    )
    try:
        after = fold(WORLD.registry, state, done)
    except Malformed as error:
        raise AssertionError(f"a rule raised: {error}") from error
    assert isinstance(after, Refused) or all(digest(WORLD.registry, after, name) for name in after.parts)
    return True


def packed(raw):
    """An act with its author's signature, as it is sealed."""
    inner, signature = acts.unpack(raw)
    assert tls.vector(inner) + tls.vector(signature) == raw, "what was read is written in another way"
    try:
        acts.verify_voice(inner, signature, CHAIR.house.record.voice)
    except NotAuthentic:
        return False
    return True


def letter(raw):
    """A letter in one part, one part of a letter, or a history, by its first byte."""
    if raw[:1] == b"{":
        return canonical.decode(raw, letters.History if raw.startswith(b'{"acts"') else letters.Part) is not None
    found, signed, signature = letters.join([letters.Part(sha256(raw), 0, 1, raw)])
    assert canonical.encode(found) == signed
    letters.verify(signed, signature, VKEY.public)
    return True


MAIL = sealing.mail_public(seed("mail"))
LETTERS = [
    b"".join(
        letters.open_part(sealed, seed("mail")).piece
        for _, sealed in letters.write(letters.Letter(CHAIR.id, OTHER.id, bytes(32), KNOWN.terms, content), SEED, MAIL)
    )
    for content in (
        letters.Summons(PACKED[0]),
        letters.Agreement(b"package"),
        letters.Readmission(b"package", 3, b"evidence"),
        letters.Welcome(b"welcome", 1, PACKED[0], b"history", (1, 2)),
    )
]


def chain(raw):
    """A party's record, all versions, and whether each follows from the one before."""
    records.verify_chain(records.decode_chain(raw))
    return True


def sealed_file(raw):
    """A sealed instrument: the verifier has a verdict on anything at all."""
    verdict = verifier.verify(raw, PROOF.encode(), ANCHORS)
    assert (verdict.outcome is Outcome.PROVED) == (raw == FILE), "another file was proved"
    instrument.read_sealed(raw)
    return True


def known_parties(raw):
    """A file of anchors."""
    found = anchors.read_anchors(raw)
    assert raw in (anchors.encode_anchors(found), canonical.encode(found)), "what was read is written in another way"
    return True


HEAD_OF_MISSION = Authenticator("head of mission")
ASKED_OF_HEAD = bytes(range(32))


def passkey(raw):
    """What a browser said, signed by the right passkey: it counts in one spelling, with plain members behind it."""
    said = HEAD_OF_MISSION.answer(ASKED_OF_HEAD, client=raw)
    passkeys.verify(HEAD_OF_MISSION.key, RP, DESK, ASKED_OF_HEAD, said)
    read = json.loads(raw)
    assert (read["type"], read["origin"], read.get("crossOrigin", False)) == ("webauthn.get", DESK, False)
    return True


BODIES = sorted(
    (kind for kind in vars(relaying).values() if isinstance(kind, type) and issubclass(kind, relaying.Body)),
    key=lambda kind: kind.__name__,
)
ASKED = (
    requests.PasskeyMade,
    requests.PasskeyAnswered,
    requests.LineAsked,
    requests.DigitsCompared,
    requests.ActAsked,
    requests.DraftAsked,
    Given,
)


def relayed(raw):
    """What a relay and its users say to each other: any bytes as each of the bodies."""
    for kind in BODIES:
        try:
            found = relaying.decode(raw, kind)
        except Malformed:
            continue
        assert relaying.decode(relaying.encode(found), kind) == found
    return True


def asked(raw):
    """A request at a house's own entrance."""
    value = requests.plain(raw)
    for kind in ASKED:
        try:
            requests.convert(value, kind)
        except Malformed:
            continue
    return True


def core(raw):
    """The stored core of a line."""
    assert canonical.encode(canonical.decode(raw, Core)) == raw
    return True


# --- texts ----------------------------------------------------------------------------------------------------


def bracketed(raw):
    """A bracketed text: whatever it means, it is rendered as it came."""
    assert inspect(raw).byte_identical, "a text was not rendered as it came"
    return True


def words(raw):
    """A text and a name: what is let through can be shown."""
    given = as_text(raw)
    assert len(text.flags(given)) <= text.MOST_FLAGS
    assert text.name_key(text.name_key(given)) == text.name_key(given)
    assert text.visible(text.visible(given)) == text.visible(given)
    text.check_text(given)
    text.check_name(given)
    return True


RELAYED = [
    relaying.encode(body)
    for body in (
        relaying.EntriesAsked((relaying.Submission(0, 1, bytes(32), b"sealed", 2, (bytes(32),)),)),
        relaying.PageGiven(
            0, (relaying.PlacedEntry(bytes(86), b"x"),), NOTED, (relaying.Cosigned(1, bytes(32), COSIGNED),), 1
        ),
        relaying.Problem("No", 409, "stale", "Look again.", 7),
        relaying.Results((relaying.Result("placed", 3, 2, 5),)),
        relaying.MailGiven((relaying.MailItem(1, bytes(32), b"x"),)),
    )
]
REQUESTED = [
    b'{"title":"A line","members":[{"party":"%s","role":"chair"}],"must_accept":[],"ceiling":"SENSITIVE"}'
    % CHAIR.id.encode(),
    b'{"body":{"kind":"correspondence.acknowledge","note":"AAAA"},"required":["registry"]}',
    b'{"token":"abc"}',
]


def form_with_a_file(raw):
    """A content type, a line end, and the body that a browser sends under it."""
    media, _, body = raw.partition(b"\n")
    upload.read(body, media.decode("latin-1"))


_FORM = (
    b'multipart/form-data; boundary="xyz"\n--xyz\r\nContent-Disposition: form-data; name="side"\r\n\r\naccepted\r\n'
    b'--xyz\r\nContent-Disposition: form-data; name="document"; filename="a.md"\r\nContent-Type: text/markdown\r\n\r\n'
    b"1. Words.\r\n\r\n--xyz--\r\n"
)

TARGETS = {
    "form with a file": Target(form_with_a_file, [_FORM]),
    "note": Target(note, [NOTED.encode()], EVERY_NO),
    "line of a note": Target(line_of_a_note, [HEAD.encode().encode(), VKEY.vkey.encode(), COSIGNED.encode()], EVERY_NO),
    "log bytes": Target(
        log_bytes,
        [
            b"\0" + Leaf(LeafKind.COMMIT, 7, 1_800_000_000_000, 512, bytes(32), bytes(32)).encode(),
            b"\1" + Frontier().encode(),
            b"\2" + Head(3, bytes(32)).encode(),
            b"\3" + LineKeys(VKEY.public, WITNESS.public).encode(),
        ],
    ),
    "proof": Target(proof, [PROOF.encode()], EVERY_NO),
    "act": Target(act, WRITTEN),
    "packed act": Target(packed, PACKED),
    "letter": Target(
        letter,
        [
            *LETTERS,
            canonical.encode(letters.Part(bytes(32), 0, 1, b"piece")),
            canonical.encode(letters.History((letters.Handed(0, PACKED[0]),))),
        ],
        EVERY_NO,
    ),
    "record": Target(chain, [records.encode_chain(PARTIES[0].chain)], EVERY_NO),
    "instrument": Target(sealed_file, [FILE]),
    "passkey": Target(passkey, [client_data(ASKED_OF_HEAD, DESK)], EVERY_NO),
    "anchors": Target(known_parties, [ANCHORS]),
    "relayed": Target(relayed, RELAYED),
    "asked": Target(asked, REQUESTED),
    "core": Target(core, [put_down(KNOWN)]),
    "bracketed": Target(bracketed, [SOURCE.encode(), b"[a][b]\n[[c] d\n"]),
    "words": Target(words, [b"The Parties", "Éire \N{EM DASH} é".encode()]),
}

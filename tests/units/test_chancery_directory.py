"""Whom a house believes: records from files, digits that two offices compare, letters between houses."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sealing import fields, make_party, seed

from detente.chancery import letters
from detente.chancery.directory import Directory
from detente.chancery.identity import EVERY_POWER, new_house
from detente.chancery.letters import Agreement, Letter, Part, Summons
from detente.crypto import sealing as boxes
from detente.crypto import signing
from detente.evidence import records
from detente.ground.errors import Malformed, NotAuthentic, Refused, Unfit
from detente.ground.instants import Instant
from detente.line.terms import LINE_KEYS, LineKeys, Terms, credential
from detente.mls.types import Extension
from detente.store.sqlite import SqliteStore
from detente.wire import canonical

NOW = Instant(1_800_000_000_000)
OFFICES = {"head-of-mission": EVERY_POWER, "legal-adviser": EVERY_POWER, "registry": ("send",)}
OTHER = make_party("Belmora")
FILE = records.encode_chain(OTHER.chain)
LINE_KEY = Extension(
    LINE_KEYS,
    LineKeys(signing.ed25519_public(seed("writer")), signing.ed25519_public(seed("witness"))).encode(),
)


def entropy():
    return random.Random(1).randbytes


@pytest.fixture
def store():
    return SqliteStore(":memory:", bytes(32), entropy())


@pytest.fixture
def directory(store):
    found = Directory(store)
    found.own_is((new_house({"en": "Arvenia"}, OFFICES, entropy()).record,))
    return found


def successor(party, name="Belmora", salt="later"):
    """The party's next version, under the same roots, with other keys."""
    record = records.make_record(party.record, **fields(name, salt, roots=party.roots))
    return party.next(record, party.roots[:2])


def accredit(directory, raw=FILE):
    party, digits = directory.receive(raw)
    for office in ("head-of-mission", "legal-adviser"):
        directory.compare(party, digits, office, NOW)
    return party


# --- records -----------------------------------------------------------------------------------


def test_a_store_without_a_party_is_no_house_yet(store):
    with pytest.raises(Unfit):
        Directory(store).own_party  # noqa: B018 - asking is what fails


def test_knowing_is_not_believing_and_two_offices_make_it_so(directory):
    party, digits = directory.receive(FILE)
    assert not directory.is_accredited(party)
    with pytest.raises(Refused, match="Belmora is not accredited"):
        directory.accredited(party)
    assert directory.compare(party, digits, "head-of-mission", NOW) is False
    assert directory.compare(party, digits, "head-of-mission", NOW) is False  # the same office twice is one
    assert not directory.is_accredited(party)
    assert directory.compare(party, digits, "legal-adviser", NOW) is True
    assert directory.accredited(party) == OTHER.chain


def test_an_office_without_the_power_compares_nothing(directory):
    party, digits = directory.receive(FILE)
    with pytest.raises(Refused):
        directory.compare(party, digits, "registry", NOW)
    assert directory.credence(party).comparisons == ()


@given(place=st.integers(0, 59), step=st.integers(1, 9), grouped=st.booleans())
def test_one_false_digit_is_one_too_many(place, step, grouped):
    store = SqliteStore(":memory:", bytes(32), entropy())
    directory = Directory(store)
    directory.own_is((new_house({"en": "Arvenia"}, OFFICES, entropy()).record,))
    party, digits = directory.receive(FILE)
    plain = "".join(digits.split())
    false = plain[:place] + str((int(plain[place]) + step) % 10) + plain[place + 1 :]
    if grouped:
        false = f"{false[:5]} {false[5:]}"
    with pytest.raises(Refused, match="not those of the record"):
        directory.compare(party, false, "head-of-mission", NOW)
    assert directory.compare(party, plain, "head-of-mission", NOW) is False  # control: the true ones count


@pytest.mark.parametrize("spoken", ["", "1" * 59, "1" * 61, "x" * 60, "١" * 60, "²" * 60])
def test_what_is_not_sixty_digits_is_not_compared(directory, spoken):
    party, _ = directory.receive(FILE)
    with pytest.raises(Malformed):
        directory.compare(party, spoken, "head-of-mission", NOW)


def test_a_later_version_has_to_be_compared_again(directory):
    party = accredit(directory)
    later = successor(OTHER)
    assert directory.receive(records.encode_chain(later.chain))[0] == party
    assert directory.record(party).version == 2
    assert not directory.is_accredited(party)
    directory.receive(FILE)  # an older file takes nothing back
    assert directory.record(party).version == 2


def test_another_history_of_a_known_party_is_refused(directory):
    accredit(directory)
    one, two = successor(OTHER), successor(OTHER, salt="another")
    directory.receive(records.encode_chain(one.chain))
    with pytest.raises(NotAuthentic, match="another history"):
        directory.receive(records.encode_chain(two.chain))
    assert directory.record(OTHER.id) == one.record


def test_no_file_tells_a_house_what_its_own_party_s_record_is(store):
    own = make_party("Arvenia")
    directory = Directory(store)
    directory.own_is(own.chain)
    directory.receive(records.encode_chain(own.chain))
    later = successor(own, "Arvenia")
    with pytest.raises(Refused, match="root keys"):
        directory.receive(records.encode_chain(later.chain))
    assert directory.own_record == own.record


def test_no_seed_of_a_house_is_shown_by_mistake():
    secrets = new_house({"en": "Arvenia"}, OFFICES, entropy()).secrets
    for shown in (repr(secrets), str(secrets), f"{secrets!r:>1}"):
        assert not any(repr(seed)[2:10] in shown or seed.hex()[:8] in shown for seed in canonical_values(secrets))


def canonical_values(secrets):
    return [getattr(secrets, name) for name in secrets.__struct_fields__]


def test_who_is_not_known_is_not_judged(directory):
    stranger = make_party("Corvalis")
    with pytest.raises(Refused, match="holds no record"):
        directory.chain(stranger.id)
    assert directory.parties() == [directory.own_party]


def test_a_founding_act_names_the_record_that_is_accredited_here_and_no_other(directory):
    party = accredit(directory)
    directory.check_accredited(party, OTHER.chain)
    with pytest.raises(Refused, match="another record"):
        directory.check_accredited(party, successor(OTHER).chain)
    assert directory.name(party) == "Belmora"


def test_a_leaf_of_a_group_is_an_accredited_chancery_with_the_node_key_of_its_record(directory):
    party, digits = directory.receive(FILE)
    node = OTHER.record.node
    with pytest.raises(NotAuthentic):
        directory.authenticate(credential(party), node, [LINE_KEY])
    for office in ("head-of-mission", "legal-adviser"):
        directory.compare(party, digits, office, NOW)
    assert directory.authenticate(credential(party), node, [LINE_KEY]) is None
    with pytest.raises(NotAuthentic, match="no record"):
        directory.authenticate(credential(party), OTHER.record.voice, [LINE_KEY])
    with pytest.raises(NotAuthentic, match="no keys for the line"):
        directory.authenticate(credential(party), node, [])


# --- letters -----------------------------------------------------------------------------------

TERMS = Terms("http://127.0.0.1:1", "relay.example/l/x", "vkey", "x")
MAIL, VOICE = seed("mail"), seed("voice")
BOX, SPEAKS = boxes.mail_public(MAIL), signing.ed25519_public(VOICE)


def letter(content=None):
    return Letter("sender", "addressee", b"line", TERMS, content or Summons(b"founding act"))


@settings(max_examples=20)
@given(size=st.integers(0, 4000), order=st.randoms(use_true_random=False))
def test_a_letter_arrives_whole_whatever_the_order_of_its_parts(size, order):
    written = letter(Agreement(bytes(size)))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(letters, "PART_BYTES", 700)
        sealed = letters.write(written, VOICE, BOX)
        assert [tag for tag, _ in sealed] == [tag for tag, _ in letters.write(written, VOICE, BOX)]
        parts = [letters.open_part(one, MAIL) for _, one in sealed]
    order.shuffle(parts)
    came, raw, signature = letters.join(parts)
    assert came == written
    assert letters.verify(raw, signature, SPEAKS) is None
    with pytest.raises(NotAuthentic):
        letters.verify(raw, signature, signing.ed25519_public(seed("somebody else")))
    with pytest.raises(NotAuthentic):
        letters.verify(raw + b" ", signature, SPEAKS)


def test_parts_of_two_letters_do_not_make_a_third(monkeypatch):
    monkeypatch.setattr(letters, "PART_BYTES", 300)
    one, two = (
        [letters.open_part(part, MAIL) for _, part in letters.write(letter(Agreement(text)), VOICE, BOX)]
        for text in (b"a" * 900, b"b" * 900)
    )
    with pytest.raises(NotAuthentic):
        letters.join([one[0], *two[1:]])


def test_a_letter_that_is_too_long_is_not_begun(monkeypatch):
    monkeypatch.setattr(letters, "PART_BYTES", 10)
    with pytest.raises(Malformed, match="too long"):
        letters.write(letter(Agreement(bytes(4000))), VOICE, BOX)


@pytest.mark.parametrize(
    "part",
    [
        Part(bytes(32), 1, 1, b""),
        Part(bytes(32), -1, 1, b""),
        Part(bytes(32), 0, 0, b""),
        Part(bytes(32), 0, letters.MOST_PARTS + 1, b""),
        Part(bytes(31), 0, 1, b""),
        Part(bytes(32), 0, 1, bytes(letters.PART_BYTES + 1)),
    ],
)
def test_a_part_that_cannot_be_one_is_malformed(part):
    sealed = boxes.seal_mail(canonical.encode(part), BOX, b"detente/mail/v1")
    with pytest.raises(Malformed):
        letters.open_part(sealed, MAIL)


def test_a_part_for_another_mailbox_is_not_opened():
    (_, sealed), *_ = letters.write(letter(), VOICE, BOX)
    with pytest.raises(NotAuthentic):
        letters.open_part(sealed, seed("another mailbox"))

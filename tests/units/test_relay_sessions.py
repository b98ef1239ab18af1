"""Sessions: a token for a signed challenge, once, for a while, and boundedly many."""

import itertools

import pytest

from detente.crypto.signing import ed25519_public, ed25519_sign
from detente.ground.errors import Malformed, NotAuthentic, Unavailable
from detente.relay.sessions import SessionLimits, Sessions
from detente.wire.relaying import CHALLENGE_BYTES, session_message

ORIGIN = "relay.example"
SEED = bytes([1]) * 32
KEY = ed25519_public(SEED)
LIMITS = SessionLimits(challenge_lasts=100, session_lasts=1_000, sessions=3, sessions_of_a_key=2)


def counting():
    counter = itertools.count(1)
    return lambda length: next(counter).to_bytes(8, "big").rjust(length, b"\xee")


@pytest.fixture
def sessions():
    return Sessions(ORIGIN, counting(), LIMITS)


def sign(challenge, *, seed=SEED, origin=ORIGIN):
    return ed25519_sign(seed, session_message(origin, challenge))


def enter(sessions, now=0, seed=SEED):
    key = ed25519_public(seed)
    challenge = sessions.challenge(key, now)
    return sessions.open(key, challenge, sign(challenge, seed=seed), now)


def test_a_token_stands_for_its_key_until_it_ends(sessions):
    token, ends = enter(sessions)
    assert (len(token), ends) == (64, 1_000)
    assert sessions.key_of(token, 0) == KEY
    assert sessions.key_of(token, 999) == KEY
    assert sessions.key_of(token, 1_000) is None
    for other in ("", token[:-1], token.upper(), token[:-1] + "0", "\udcff", "ä"):
        assert sessions.key_of(other, 0) is None


def test_a_challenge_is_good_once_for_its_key_and_for_a_while(sessions):
    challenge = sessions.challenge(KEY, 0)
    assert len(challenge) == CHALLENGE_BYTES
    with pytest.raises(NotAuthentic, match="over"):
        sessions.open(KEY, challenge, sign(challenge), 100)
    sessions.open(KEY, challenge, sign(challenge), 99)
    with pytest.raises(NotAuthentic, match="over"):
        sessions.open(KEY, challenge, sign(challenge), 99)
    other = ed25519_public(bytes([2]) * 32)
    with pytest.raises(NotAuthentic, match="not given"):
        sessions.open(other, sessions.challenge(KEY, 0), sign(challenge, seed=bytes([2]) * 32), 0)


@pytest.mark.parametrize("position", range(0, CHALLENGE_BYTES, 7))
def test_a_changed_challenge_is_not_ours(sessions, position):
    challenge = bytearray(sessions.challenge(KEY, 0))
    challenge[position] ^= 1
    with pytest.raises(NotAuthentic, match="not given"):
        sessions.open(KEY, bytes(challenge), sign(bytes(challenge)), 0)


def test_control_the_unchanged_challenge_opens(sessions):
    assert enter(sessions)[0]


def test_a_signature_for_another_relay_opens_nothing(sessions):
    challenge = sessions.challenge(KEY, 0)
    with pytest.raises(NotAuthentic):
        sessions.open(KEY, challenge, sign(challenge, origin="other.example"), 0)
    with pytest.raises(NotAuthentic):
        sessions.open(KEY, challenge, b"", 0)
    assert sessions.open(KEY, challenge, sign(challenge), 0)  # a failure does not use it up


def test_a_key_that_signs_everything_opens_nothing(sessions):
    identity = bytes([1]) + bytes(31)
    challenge = sessions.challenge(identity, 0)
    forged = identity + bytes(32)  # verifies for every message under the identity point in common libraries
    with pytest.raises((Malformed, NotAuthentic)):
        sessions.open(identity, challenge, forged, 0)


def test_a_key_has_so_many_sessions_and_the_oldest_goes(sessions):
    tokens = [enter(sessions)[0] for _ in range(3)]
    assert [sessions.key_of(token, 0) for token in tokens] == [None, KEY, KEY]


def test_all_together_have_so_many_sessions_until_some_end(sessions):
    for n in (2, 3, 4):
        enter(sessions, seed=bytes([n]) * 32)
    with pytest.raises(Unavailable):
        enter(sessions)
    assert sessions.key_of(enter(sessions, now=1_000)[0], 1_000) == KEY


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33)])
def test_only_keys_get_challenges(sessions, key):
    with pytest.raises(Malformed):
        sessions.challenge(key, 0)

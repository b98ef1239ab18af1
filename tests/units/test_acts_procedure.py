"""The fold: acts of several procedures become one state, and what is not understood changes nothing."""

from dataclasses import replace
from types import MappingProxyType

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.acts.act import Act, Body, Verified, Weight
from detente.acts.facts import Facts, Member, Role
from detente.acts.procedure import LineState, Procedure, Registry, digest, fold
from detente.crypto.hashing import sha256
from detente.ground.errors import Malformed, Refused
from detente.wire import canonical

ARVENIA, BELMORA = "a" * 52, "b" * 52


class Add(Body, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="sum.add"):
    number: int


class Rename(Body, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="sign.rename"):
    name: str


def add(state, facts, act):
    if act.body.number < 0:
        return Refused("Only what is not negative is added.", rule="sum.1")
    return state + act.body.number


SUM = Procedure(
    "sum",
    1,
    (Add,),
    lambda: 0,
    add,
    lambda state, facts: replace(facts, faults=state),
    lambda state: sha256(b"%d" % state),
)
SIGN = Procedure(
    "sign",
    2,
    (Rename,),
    str,
    lambda _, facts, act: act.body.name + str(facts.faults),
    lambda _, facts: facts,
    lambda _: b"",
)
REGISTRY = Registry((SUM, SIGN))


def verified(body, author=ARVENIA):
    return Verified(bytes(32), bytes(32), author, "registry", 0, 0, 0, "sum", body)


def act(rules, body):
    return Act(bytes(32), ARVENIA, "registry", 0, bytes(32), rules, 0, bytes(16), msgspec.Raw(body))


@given(st.lists(st.integers(-5, 5), max_size=20))
def test_the_state_is_the_fold_of_what_was_admitted(numbers):
    state = LineState()
    for number in numbers:
        outcome = fold(REGISTRY, state, verified(Add(number)))
        if number < 0:
            assert outcome == Refused("Only what is not negative is added.", rule="sum.1")
        else:
            state = outcome
    total = sum(number for number in numbers if number >= 0)
    assert state.part(SUM) == total
    assert state.facts.faults == total
    assert digest(REGISTRY, state, "sum") == sha256(b"%d" % total)


def test_one_procedure_sees_of_another_only_its_facts():
    state = fold(REGISTRY, LineState(), verified(Add(4)))
    state = fold(REGISTRY, state, verified(Rename("quartet")))
    assert (state.part(SUM), state.part(SIGN)) == (4, "quartet4")


def test_an_act_that_is_not_understood_changes_nothing():
    state = fold(REGISTRY, LineState(), verified(Add(4)))
    assert fold(REGISTRY, state, verified(None, BELMORA)) is state
    assert digest(REGISTRY, state, "dance") == bytes(32)


def test_who_is_no_member_is_refused_once_there_are_members():
    member = Member(ARVENIA, "Arvenia", Role.CHAIR, b"", b"", b"", b"", b"")
    state = LineState(facts=Facts(members=MappingProxyType({ARVENIA: member})))
    assert state.facts.role(ARVENIA) is Role.CHAIR
    refused = fold(REGISTRY, state, verified(Add(1), BELMORA))
    assert isinstance(refused, Refused)
    assert refused.rule == "charter.members"
    assert fold(REGISTRY, state, verified(Add(1), ARVENIA)).part(SUM) == 1
    assert fold(REGISTRY, LineState(), verified(Add(1), BELMORA)).part(SUM) == 1  # a founding act comes before


def test_a_body_is_read_by_its_kind():
    raw = canonical.encode(Add(7))
    assert raw == b'{"kind":"sum.add","number":7}'
    assert REGISTRY.body(act("sum/1", raw)) == Add(7)
    assert REGISTRY.procedure_of(Add(7)) is SUM
    assert SUM.rules == "sum/1"


@pytest.mark.parametrize(
    ("rules", "body"),
    [
        ("sum/2", b'{"kind":"sum.add","number":7}'),
        ("dance/1", b'{"kind":"dance.step"}'),
        ("sum/1", b'{"kind":"sum.take","number":7}'),
        ("sum/1", b'{"number":7}'),
        ("sum/1", b"{}"),
    ],
)
def test_an_unknown_kind_or_version_is_none(rules, body):
    assert REGISTRY.body(act(rules, body)) is None


@pytest.mark.parametrize(
    ("rules", "body"),
    [
        ("sum/1", b'{"kind":"sign.rename","name":"x"}'),  # judged by the rules of another procedure
        ("sum/1", b'{"kind":"sum.add","number":"7"}'),
        ("sum/1", b'{"kind":"sum.add","more":1,"number":7}'),
        ("sum/1", b'{"kind":"sum.add"}'),
        ("sum/1", b"[]"),
    ],
)
def test_a_false_body_of_a_known_kind_is_refused(rules, body):
    with pytest.raises(Malformed):
        REGISTRY.body(act(rules, body))


def test_an_act_is_talk_and_signed_unless_its_kind_says_otherwise():
    assert Add(1).weight is Weight.TALK
    assert Add(1).signed

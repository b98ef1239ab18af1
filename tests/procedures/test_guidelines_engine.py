"""The engine: one verdict for one question, in one wording, whatever order and whatever seed."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from charter_reference import allowed
from charterworlds import OFFICES, charter, ladder, question, random_act, rule
from hypothesis import given
from hypothesis import strategies as st
from lineup import ARVENIA, BELMORA, DORANE, FACTS

from detente.acts.facts import Role
from detente.acts.labels import Label
from detente.acts.matter import Matter
from detente.acts.procedure import Asked
from detente.bootstrap import REGISTRY
from detente.ground.instants import Instant
from detente.procedures.ballot.presets import PRESETS
from detente.procedures.correspondence.acts import Form, Precedence
from detente.procedures.guidelines import prose
from detente.procedures.guidelines.clauses import (
    BASES,
    FORMS,
    GROUPS,
    KINDS,
    PRECEDENCES,
    VOTING,
    Charter,
    Circumstance,
    Decisions,
    Effect,
    Exit,
    Languages,
    Observers,
    Phase,
    Rung,
    name_of,
)  # fmt: skip
from detente.procedures.guidelines.engine import Standing, compiled, decide, judge, topic_of
from detente.procedures.guidelines.templates import TEMPLATES
from detente.procedures.table.acts import Basis

TESTS = Path(__file__).resolve().parent.parent


def verdict(clauses, author=BELMORA, office="registry", kind="correspondence.note", standing=None, **matter):
    asked = Asked(author, office, Instant(0), kind, Matter(**matter))
    return judge(compiled(charter(*clauses)), standing or Standing(), asked, FACTS)


def agree(template, acts):
    made = compiled(TEMPLATES[template])
    for act in acts:
        standing, asked = question(act)
        found = judge(made, standing, asked, FACTS)
        assert found.allowed == allowed(template, act), (template, act, found)
        assert found.allowed or found.sentence.endswith((".", "…")), found


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_second_reading_of_the_prose_agrees(template):
    draw = random.Random(f"quick {template}")
    agree(template, [random_act(draw) for _ in range(300)])


@pytest.mark.slow
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_second_reading_agrees_on_ten_thousand_acts(template):
    draw = random.Random(f"long {template}")
    acts = [random_act(draw) for _ in range(10_000)]
    agree(template, acts)
    judged = [allowed(template, act) for act in acts]
    assert sum(judged) > 500
    assert judged.count(False) > 500


@given(st.randoms(use_true_random=False), st.sampled_from(sorted(TEMPLATES)))
def test_the_order_of_clauses_means_nothing(draw, template):
    whole = TEMPLATES[template]
    shuffled = Charter(whole.title, tuple(draw.sample(whole.clauses, len(whole.clauses))))
    assert name_of(shuffled) == name_of(whole)
    assert prose.page(shuffled, {}) == prose.page(whole, {})
    standing, asked = question(random_act(draw))
    assert judge(compiled(shuffled), standing, asked, FACTS) == judge(compiled(whole), standing, asked, FACTS)


def test_three_hash_seeds_one_verdict_in_one_wording():
    story = (
        f"import sys, random, hashlib; sys.path[:0] = [{str(TESTS / 'procedures')!r}, {str(TESTS.parent)!r}]\n"
        "from charterworlds import question, random_act\n"
        "from lineup import FACTS\n"
        "from detente.procedures.guidelines.engine import compiled, judge\n"
        "from detente.procedures.guidelines.templates import TEMPLATES\n"
        "draw, told = random.Random(7), hashlib.sha256()\n"
        "for template in TEMPLATES.values():\n"
        "    for _ in range(200):\n"
        "        standing, asked = question(random_act(draw))\n"
        "        told.update(repr(judge(compiled(template), standing, asked, FACTS)).encode())\n"
        "print(told.hexdigest())\n"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", story],
            env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }  # fmt: skip
    assert len(told) == 1
    assert len(told.pop().strip()) == 64


def test_the_vocabulary_is_that_of_the_acts_that_there_are():
    kinds = {str(body.__struct_config__.tag) for each in REGISTRY.procedures.values() for body in each.bodies}
    assert set(KINDS) == kinds - {"charter.found"}  # which comes before there is any charter
    assert set(GROUPS) <= {f"{kind.split('.')[0]}.*" for kind in kinds}
    assert set(FORMS) == {each.value for each in Form}
    assert set(PRECEDENCES) == {each.value for each in Precedence}
    assert set(BASES) == {each.value for each in Basis}
    assert set(VOTING) == set(PRESETS)


def test_what_no_clause_allows_is_refused_with_who_could_do_it():
    clauses = (rule("notes", roles=(Role.CHAIR,)),)
    found = verdict(clauses)
    assert (found.allowed, found.clause, found.instead) == (False, "", "the chair")
    assert "Article notes (notes): The chair may send notes." in found.sentence
    assert verdict(clauses, author=ARVENIA).allowed
    through = verdict((rule("notes", offices=("duty-officer",)),))
    assert through.instead == "the chair, members or observers through the office duty-officer"
    silent = verdict((rule("notes", precedences=("FLASH",)),), precedence="ROUTINE")
    assert "What is allowed of this kind: Article notes (notes)" in silent.sentence
    assert silent.instead == ""


def test_what_one_clause_forbids_no_other_allows_and_the_first_id_is_cited():
    clauses = (
        rule("a-leave"),
        rule("z-ban", Effect.MAY_NOT, roles=(Role.OBSERVER,)),
        rule("m-ban", Effect.MAY_NOT, roles=(Role.OBSERVER,), precedences=("ROUTINE",)),
    )
    found = verdict(clauses, author=DORANE, precedence="ROUTINE")
    assert (found.allowed, found.clause) == (False, "m-ban")
    assert found.sentence == (
        "Article m-ban (m-ban): Observers may not send notes, of precedence ROUTINE. "
        "Its reason: So that there is a reason."
    )
    assert found.instead == "the chair or members"
    assert verdict(clauses, author=DORANE, precedence="PRIORITY").clause == "z-ban"
    assert verdict(clauses, precedence="ROUTINE").clause == "a-leave"


@pytest.mark.parametrize(
    ("limits", "fitting", "other"),
    [
        ({"forms": ("non-paper",)}, {"form": "non-paper"}, {"form": "note verbale"}),
        ({"topics": ("access",)}, {"subject": "access : to the valley"}, {"subject": "access"}),
        ({"up_to": Label.UNCLASSIFIED}, {"label": Label.UNCLASSIFIED}, {"label": None}),
        ({"circumstances": (Circumstance.ANSWER,)}, {"answers": True}, {"exercise": True}),
        ({"circumstances": (Circumstance.EXERCISE,)}, {"exercise": True}, {"answers": True}),
        ({"parties": (BELMORA,)}, {}, {"author": ARVENIA}),
        ({"offices": ("registry",)}, {}, {"office": "press"}),
        ({"phases": (Phase.CRISIS,)}, {"standing": Standing(phase=Phase.CRISIS)}, {}),
        ({"rungs": (Rung.DEGRADED,)}, {"standing": Standing(Rung.DEGRADED)}, {}),
    ],
)
def test_each_limit_of_a_rule_is_kept(limits, fitting, other):
    assert verdict((rule("notes", **limits),), **fitting).allowed
    assert not verdict((rule("notes", **limits),), **other).allowed


def test_what_is_forbidden_above_a_label_is_forbidden_unmarked():
    clauses = (rule("notes"), rule("quiet", Effect.MAY_NOT, above=Label.PUBLIC))
    assert verdict(clauses, label=Label.PUBLIC).allowed
    assert verdict(clauses, label=None).clause == "quiet"
    assert topic_of("no colon") == ""


@pytest.mark.parametrize("office", ["assistant", "Assistant", "assistant-of-the-registry"])
def test_no_charter_lets_an_assistant_act(office):
    clauses = (rule("notes"), ladder((office,)))
    found = verdict(clauses, office=office, precedence="FLASH")
    assert not found.allowed
    assert "No assistant acts" in found.sentence
    assert verdict(clauses, office="registry", precedence="FLASH").allowed


def test_no_charter_lets_more_be_said_than_the_ceiling():
    assert not verdict((rule("notes"), ladder(())), label=Label.SECRET, precedence="FLASH").allowed
    assert verdict((rule("notes"), ladder(())), label=Label.SENSITIVE, precedence="FLASH").allowed


@pytest.mark.parametrize("rung", [each for each in Rung if each is not Rung.CLOSED])
def test_a_flash_of_the_emergency_part_passes_on_every_rung_but_the_last(rung):
    clauses = (rule("notes"), rule("ban", Effect.MAY_NOT, phases=(Phase.CONFLICT,)), ladder(("duty-officer",)))
    standing = Standing(rung, Phase.CONFLICT, frozenset({(BELMORA, "duty-officer")}))
    assert verdict(clauses, office="duty-officer", precedence="FLASH", standing=standing).allowed
    assert not verdict(clauses, office="duty-officer", precedence="IMMEDIATE", standing=standing).allowed
    assert not verdict(clauses, office="registry", precedence="FLASH", standing=standing).allowed
    closed = Standing(Rung.CLOSED)
    assert not verdict(clauses, office="duty-officer", precedence="FLASH", standing=closed).allowed


def test_on_a_suspended_line_nothing_is_put_and_everybody_can_still_object_and_say_so():
    clauses = (rule("all", acts=("silence.*", "table.*", "ballot.*", "correspondence.*")), ladder(("duty-officer",)))
    suspended = Standing(Rung.SUSPENDED)
    for kind in ("table.settle", "silence.conclude", "ballot.close", "correspondence.note", "table.position"):
        found = verdict(clauses, kind=kind, standing=suspended)
        assert not found.allowed
        assert found.clause == "ladder"
        assert "While the line is suspended" in found.sentence
    for kind in ("silence.object", "guidelines.step", "correspondence.acknowledge", "charter.incident"):
        assert verdict(clauses, kind=kind, standing=suspended).allowed
    note = verdict(clauses, standing=suspended)
    assert note.instead == "FLASH notes pass through duty-officer"


def test_a_barred_person_is_not_received_and_its_party_speaks_through_another():
    standing = Standing(barred=frozenset({(BELMORA, "envoy")}))
    refused = verdict((rule("notes"),), office="envoy", standing=standing)
    assert not refused.allowed
    assert refused.instead == "another office of the same party"
    assert verdict((rule("notes"),), office="registry", standing=standing).allowed
    assert verdict((rule("notes"),), office="envoy", kind="silence.object", standing=standing).allowed
    assert verdict((rule("notes"),), author=ARVENIA, office="envoy", standing=standing).allowed


TERMS = (
    rule("all", acts=("table.*", "silence.*", "ballot.*", "charter.*")),
    Languages("tongues", "Article 5", "They are read.", ("en", "fr"), ("fr",)),
    Decisions("how", "Article 6", "So it was agreed.", ("consensus", "vote"), ("consensus",), 24, without_all=True),
    Observers("guests", "Article 7", "Nobody watches unasked.", 72),
    Exit("leave", "Article 8", "Time.", 30),
)


@pytest.mark.parametrize(
    ("clause", "kind", "fitting", "other"),
    [
        ("tongues", "table.import", {"languages": ("EN",)}, {"languages": ("ru",)}),
        (
            "tongues",
            "table.modalities",
            {"languages": ("fr",), "authentic": True},
            {"languages": ("en",), "authentic": True},
        ),
        ("how", "table.settle", {"basis": "consensus"}, {"basis": "editorial"}),
        ("how", "ballot.open", {"voting": "consensus"}, {"voting": ""}),
        ("guests", "charter.admit", {"party": "x", "role": Role.MEMBER}, {"party": "x", "role": Role.OBSERVER}),
    ],
)
def test_each_term_is_kept_and_cited(clause, kind, fitting, other):
    assert verdict(TERMS, kind=kind, **fitting).allowed
    assert verdict(TERMS, kind=kind, **other).clause == clause


def test_notice_over_and_silence_are_asked_of_terms():
    assert verdict(TERMS, kind="silence.open").clause == "how"
    standing = Standing(announced=frozenset({"x"}), leaving=frozenset({"y"}))
    assert verdict(TERMS, kind="charter.admit", party="x", role=Role.OBSERVER, standing=standing).allowed
    assert verdict(TERMS, kind="charter.remove", party="y", standing=standing).allowed
    assert verdict(TERMS, kind="charter.remove", party="x", standing=standing).clause == "leave"


def test_an_unknown_kind_is_allowed_by_nothing():
    assert not verdict((rule("notes"),), kind="dancing.waltz").allowed


@given(st.randoms(use_true_random=False), st.sampled_from(sorted(TEMPLATES)), st.sampled_from(OFFICES))
def test_a_verdict_names_nobody_who_could_not(draw, template, office):
    made, act = compiled(TEMPLATES[template]), random_act(draw)
    standing, asked = question({**act, "office": office, "barred": False})
    found = judge(made, standing, asked, FACTS)
    if found.instead in ("the chair", "members", "observers"):
        author = {"the chair": ARVENIA, "members": BELMORA, "observers": DORANE}[found.instead]
        again = Asked(author, asked.office, asked.at, asked.kind, asked.matter)
        assert decide(made, standing, again, FACTS).allowed


def test_a_named_party_is_named_and_a_stranger_is_shortened():
    one = rule("notes", parties=(BELMORA,), roles=(Role.MEMBER,), offices=("registry",))
    assert prose.words(one, {BELMORA: "Belmora"}) == (
        "Belmora, as members, through the office registry, may send notes."
    )
    assert prose.words(one, {}).startswith(f"{BELMORA[:8]}…")
    assert (
        prose.words(rule("notes", offices=("a", "b")), {}) == "Whoever acts through the office a or b may send notes."
    )

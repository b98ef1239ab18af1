"""Who sits at the table: names are read, nobody unknown is dropped, and what a file says twice is refused."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from detente.cli.text import app
from detente.ground.errors import Malformed
from detente.procedures.table import inspect, positions, profile, tree
from detente.procedures.table.acts import Stance
from detente.procedures.table.parse import parse

TOML = b"""
[parties]
BEL = ["Belmora", "Republic of Belmora"]
COR = []
ARV = ["Arvenia"]

[groups]
HARBOURS = { also = ["Harbour States"], members = ["BEL", "COR"] }
ALL = ["HARBOURS", "ARV", "ALL"]
"""
KNOWN = profile.read(TOML)


def test_toml_and_json_say_the_same():
    as_json = {
        "parties": {"BEL": ["Belmora", "Republic of Belmora"], "COR": [], "ARV": ["Arvenia"]},
        "groups": {"HARBOURS": {"also": ["Harbour States"], "members": ["BEL", "COR"]}, "ALL": ["HARBOURS", "ARV", "ALL"]},
    }  # fmt: skip
    assert profile.read(json.dumps(as_json).encode()) == KNOWN
    assert not profile.EMPTY
    assert KNOWN


def test_names_lead_to_codes_and_groups_to_members():
    assert [KNOWN.code(each) for each in ("BEL", "belmora", "Harbour States", "ZZZ")] == [
        "BEL",
        "BEL",
        "HARBOURS",
        None,
    ]
    assert KNOWN.members("HARBOURS") == ("BEL", "COR")
    assert KNOWN.members("ALL") == ("BEL", "COR", "ARV")
    assert KNOWN.members("ARV") == ("ARV",)
    assert KNOWN.members("ZZZ") == ("ZZZ",)


@pytest.mark.parametrize(
    ("written", "nearest"), [("BFL", "BEL"), ("Belmorra", "BEL"), ("Arvennia", "ARV"), ("the Harbour State", "HARBOURS"), ("QQ", None)]
)  # fmt: skip
def test_the_nearest_name_is_told(written, nearest):
    assert KNOWN.nearest(written) == nearest


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"\xff", "not UTF-8"),
        (b"x" * 300_000, "at most 262,144 bytes"),
        (b"{", "neither TOML nor JSON"),
        (b"[parties", "neither TOML nor JSON"),
        (b'{"a":' * 5_000, "neither TOML nor JSON"),
        (b'{"peoples": {}}', "no “peoples”"),
        (b'{"parties": []}', "is a table"),
        (b'{"parties": {"BEL": "Belmora"}}', "a list of at most 40 names"),
        (b'{"parties": {"BEL": [1]}}', "a list of at most 40 names"),
        (b'{"parties": {"B\xe2\x80\x8bEL": []}}', "U\\+200B"),
        (b'{"parties": {"B:L": []}}', "cannot be a code"),
        (b'{"parties": {"1BL": []}}', "cannot be a code"),
        (b'{"parties": {"BEL": ["Belmora"], "COR": ["BELMORA"]}}', "named twice"),
        (b'{"parties": {"BEL": []}, "groups": {"BEL": []}}', "named twice"),
        (b'{"groups": {"G": {"of": []}}}', "and nothing else"),
        (b'{"groups": {"G": {"members": [1]}}}', "a list of codes"),
        (b'{"groups": {"G": 1}}', "and nothing else"),
        (b'{"groups": {"G": ["BEL"]}}', "names BEL, which the profile does not know"),
        (b"[1]", "no “1”"),
    ],
)  # fmt: skip
def test_a_profile_that_cannot_be_used_is_refused_with_a_sentence(raw, said):
    with pytest.raises(Malformed, match=said):
        profile.read(raw)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_profile_or_are_refused(raw):
    with contextlib.suppress(Malformed):
        assert isinstance(profile.read(raw), profile.Profile)


def test_heads_with_names_are_read_and_kept_as_they_are_written():
    text = "[Belmora/Harbour States propose; ARV oppose: at noon] and [Republic of\nBelmora: at night]"
    parsed = parse(text, KNOWN)
    assert [(each.parties, each.verb) for each in parsed.attributions] == [
        (("BEL", "HARBOURS"), "propose"),
        (("ARV",), "oppose"),
        (("BEL",), None),
    ]
    assert tree.render(parsed.document) == text
    assert [each.parties for each in parse(text).attributions] == [("ARV",)]


def test_codes_that_the_profile_does_not_know_are_told_with_the_nearest_and_kept():
    parsed = parse("[BFL/QQ: at noon] [COR: at night] [BFL: never]", KNOWN)
    assert [each.sentence for each in parsed.diagnostics] == [
        "The profile of the parties does not know “BFL”; was “BEL” meant?",
        "The profile of the parties does not know “QQ”, and nobody with a name like it.",
    ]
    assert [each.parties for each in parsed.attributions] == [("BFL", "QQ"), ("COR",), ("BFL",)]


@pytest.mark.parametrize(
    ("said", "stance", "ad_referendum", "hangs_on"),
    [
        ("BEL supports this article ad referendum.", Stance.SUPPORT, True, ""),
        ("BEL/COR support in principle.", Stance.SUPPORT_IN_PRINCIPLE, False, ""),
        ("BEL and COR can go along with the consensus.", Stance.CAN_GO_WITH_CONSENSUS, False, ""),
        ("BEL has no objection.", Stance.CAN_GO_WITH_CONSENSUS, False, ""),
        ("BEL reserves its position pending the outcome of Article 4.2.", Stance.RESERVE, False, "pending the outcome of Article 4.2"),
        ("BEL is flexible.", Stance.FLEXIBLE, False, ""),
        ("BEL is still considering the wording.", Stance.CONSIDERING, False, ""),
        ("BEL cannot support this.", Stance.OPPOSE, False, ""),
        ("BEL supports it subject to translation.", Stance.SUPPORT_IN_PRINCIPLE, False, "subject to translation"),
    ],
)  # fmt: skip
def test_positions_that_notes_state(said, stance, ad_referendum, hangs_on):
    (found,) = positions.stated(parse(f"1. Words.\n\nNegotiators' Note: {said}\n").document)
    assert (found.stance, found.ad_referendum, found.hangs_on) == (stance, ad_referendum, hangs_on)
    assert found.references == (("Article 4.2",) if "Article" in hangs_on else ())


def test_what_is_no_position_is_none():
    text = "1. BEL supports this.\n\nNegotiators' Note: The Secretariat will check. BEL oppose: these words.\n"
    assert positions.stated(parse(text).document) == ()


def run(*arguments):
    return CliRunner().invoke(app, ["inspect", *arguments])


def test_inspect_with_a_profile_names_groups_and_refuses_a_bad_one(tmp_path):
    (tmp_path / "text.md").write_text("1. We [HARBOURS/ARV: gladly] act.\n")
    (tmp_path / "parties.toml").write_bytes(TOML)
    found = json.loads(run(str(tmp_path / "text.md"), "--profile", str(tmp_path / "parties.toml"), "--json").stdout)
    assert found["groups"] == {"HARBOURS": ["BEL", "COR"]}
    assert found["parties"] == {"ARV": 1, "HARBOURS": 1}
    (tmp_path / "bad.toml").write_bytes(b"[parties")
    refused = run(str(tmp_path / "text.md"), "--profile", str(tmp_path / "bad.toml"))
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "bad.toml" in refused.stderr
    assert run(str(tmp_path / "text.md"), "--profile", str(tmp_path / "absent.toml")).exit_code == 2


def test_inspect_without_a_profile_reads_groups_as_codes():
    assert inspect.inspect(b"1. We [ARV: gladly] act.\n").groups == {}

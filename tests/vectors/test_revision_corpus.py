"""Real drafts leave as documents and come back: unchanged they propose nothing, and one word is one proposal."""

import io
import re
import sys
import zipfile
from pathlib import Path

import pytest
from shared import shared

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "procedures"))
from lineup import ARVENIA, FACTS, START
from tableworlds import TEXT, laid

from detente.documents import incoming, projections
from detente.documents.docx_reading import Side
from detente.documents.projections import State

pytestmark = [pytest.mark.vectors, pytest.mark.slow]
DRAFTS = ("agreement_2015-10-23.md", "draft_2015-10-23_layout.txt")


@pytest.fixture(scope="module", params=DRAFTS)
def state(request):
    source = shared(f"corpus/paris-2015/{request.param}").read_bytes().decode()
    return State(laid(source).texts[TEXT], FACTS, 3, START, source)


def came_back(state, made, raw=None):
    return incoming.read_next(raw or made.raw, made.name, Side.ACCEPTED, state, ARVENIA)


@pytest.mark.parametrize("form", ["docx", "akn"])
@pytest.mark.parametrize("reading", ["negotiated", "base"])
def test_a_real_draft_that_comes_back_unchanged_proposes_nothing(state, reading, form):
    found = came_back(state, projections.write(state, form, reading))
    assert (found.reading, found.marked, found.proposals, found.unsaid) == (reading, True, (), ())


def with_another_word(raw):
    """The document with one word, which stands in it once, exchanged."""
    with zipfile.ZipFile(io.BytesIO(raw)) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    text = parts["word/document.xml"].decode()
    words = re.findall(r"(?<=[ >])[a-z]{11,}(?=[ ,.<])", text)
    word = next(each for each in words[len(words) // 2 :] if text.count(each) == 1)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        for name, part in parts.items():
            package.writestr(name, part.replace(word.encode(), b"xyzzy") if name == "word/document.xml" else part)
    return stream.getvalue(), word


def test_one_word_of_a_real_draft_is_one_proposal(state):
    made = projections.write(state, "docx")
    raw, word = with_another_word(made.raw)
    found = came_back(state, made, raw)
    assert found.unsaid == ()
    (only,) = found.proposals
    assert (only.kind, only.refused) == ("table.edit", "")
    assert [each.strip() for each in only.old] == [word]
    assert [each.strip() for each in only.new] == ["xyzzy"]

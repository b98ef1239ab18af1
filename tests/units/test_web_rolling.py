"""The rolling text: every token closes, every mark is escaped, a change is no larger than it must be."""

import re
from html import unescape
from html.parser import HTMLParser

import jinja2
from hypothesis import given
from hypothesis import strategies as st

from detente.web import rolling
from detente.web.app import STATIC
from detente.web.rolling import Palette

WORDS = st.text(alphabet="ab *#<>&\"'[]\n/ü", max_size=30)
PALETTE = Palette(["Republic of Arvenia", "Kingdom of Belmora", "Corvalis"])


def words(text):
    return {"is": "words", "text": text, "container": "", "lo": 0}


def slot(*variants, form="bracket"):
    made = [
        {"id": "0", "lead": "[", "tail": "]", "sponsors": [], "operations": [], "attributions": [], "stances": [],
         "parts": list(parts)}
        for parts in variants
    ]  # fmt: skip
    return {"is": "slot", "id": "0", "form": form, "inferred": False, "placeholder": False, "further": 0, "line": 1,
            "variants": made}  # fmt: skip


def clause(*parts):
    return {"is": "clause", "id": "0", "kind": "paragraph", "label": "1", "level": 1, "line": 1, "status": "open",
            "open": 1, "digest": "", "parts": list(parts)}  # fmt: skip


PARTS = st.recursive(
    WORDS.map(words),
    lambda inner: st.lists(st.lists(inner, max_size=3), min_size=1, max_size=3).map(lambda each: slot(*each)),
    max_leaves=12,
)


@given(st.lists(st.lists(PARTS, max_size=4).map(lambda parts: clause(*parts)), max_size=3))
def test_what_is_opened_is_closed_in_its_order(tree):
    opened = []
    for token in rolling.tokens(tree, PALETTE):
        if token.is_.startswith("/"):
            assert opened.pop() == token.is_[1:]
        elif token.is_ != "words":
            opened.append(token.is_)
    assert not opened


def test_deeper_than_three_begins_closed_and_nothing_recurses():
    part = words("core")
    for _ in range(1200):
        part = slot([part])
    found = list(rolling.tokens([clause(part)], PALETTE))
    depths = [(token.depth, token.collapsed) for token in found if token.is_ == "slot"]
    assert depths[:4] == [(1, False), (2, False), (3, False), (4, True)]
    assert len(depths) == 1200  # more than Python would let anything recurse


class Reader(HTMLParser):
    """What a browser would make of it."""

    def __init__(self):
        super().__init__()
        self.tags = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, tuple(attrs)))

    def handle_data(self, data):
        self.text += data


@given(WORDS)
def test_marks_are_fainter_and_every_character_stays(text):
    reader = Reader()
    reader.feed(str(rolling.marked(text)))
    reader.close()
    assert reader.text == text
    assert {tag for tag, _ in reader.tags} <= {"span", "em", "strong"}
    assert all(attrs in ((), (("class", "md"),)) for _, attrs in reader.tags)


def test_a_script_in_a_text_is_words():
    assert "<script" not in rolling.marked("*<script>alert(1)</script>*")
    assert unescape(re.sub("<[^>]+>", "", rolling.marked("**<b>**"))) == "**<b>**"


@given(WORDS, WORDS, WORDS, WORDS)
def test_a_change_put_in_its_place_makes_the_new_of_the_old(before, old, new, behind):
    whole, wanted = before + old + behind, before + new + behind
    hunk = rolling.hunk("", 100, whole, wanted)
    if hunk is None:
        assert whole == wanted
        return
    lo, hi = hunk["lo"] - 100, hunk["hi"] - 100
    assert 0 <= lo <= hi <= len(whole)
    assert whole[:lo] + hunk["words"] + whole[hi:] == wanted


def test_a_change_is_of_whole_words_and_no_larger():
    assert rolling.hunk("c", 10, "Each Party shall answer.", "Each Party should answer.") == {
        "container": "c", "lo": 21, "hi": 26, "words": "should",
    }  # fmt: skip


def test_a_party_has_one_colour_by_its_name_and_by_its_code():
    assert PALETTE.of("ARV") == PALETTE.of("Republic of Arvenia") == 1
    assert PALETTE.of("BEL") == PALETTE.of("Kingdom of Belmora") == 2
    assert PALETTE.of("COR") == PALETTE.of("Corvalis") == 3
    assert PALETTE.of("XYZ") in (4, 5, 6)


def test_templates_escape_have_no_inline_script_or_style_and_load_nothing_from_elsewhere():
    environment = jinja2.Environment(loader=jinja2.PackageLoader("detente.web", "templates"), autoescape=True)
    environment.filters.update(moment=str, marked=str)
    names = environment.list_templates()
    assert len(names) > 15
    for name in names:
        source = environment.loader.get_source(environment, name)[0]
        environment.from_string(source)
        own = [file for file in STATIC if file.endswith(".js")]
        bare = source
        for file in own:
            bare = bare.replace(f'<script src="/static/{file}" defer></script>', "")
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=|javascript:|\|\s*safe|https?://", bare), name

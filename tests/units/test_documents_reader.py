"""What is read of a Word document: all that a person may read, with its history, and what is odd about it."""

import pytest
from wordfiles import change, docx, p, parts, r, root, zipped

from detente.documents import docx_reader, intake
from detente.documents.docx_reading import NONE, Paragraph, Piece, Reading, Side, blocks, checked, tracked
from detente.ground.errors import Malformed


def read(body, rels=(), **more):
    return docx_reader.read(docx(body, rels, **more))


def texts(found, side=Side.ACCEPTED):
    return [block.text for block in blocks(found.paragraphs, side)]


def both(found):
    return texts(found, Side.REJECTED), texts(found)


def findings(found):
    return {each.kind: each.sentence for each in found.findings}


def labels(found, side=Side.ACCEPTED):
    return [block.label for block in blocks(found.paragraphs, side)]


# --- tracked changes ----------------------------------------------------------------------------


def test_insertions_and_deletions_have_authors_and_moments():
    body = p(r("We "), change("del", r("shall", tag="delText"), author="COR"), change("ins", r("should")), r(" act."))
    found = read(body)
    assert both(found) == (["We shall act."], ["We should act."])
    assert [(each.kind, each.author, each.date, each.text) for each in found.revisions] == [
        ("deletion", "COR", "2026-01-31T09:00:00Z", "shall"),
        ("insertion", "BEL", "2026-01-31T09:00:00Z", "should"),
    ]
    assert tracked(found)
    assert not tracked(read(p(r("Nothing."))))


def test_what_one_put_in_and_another_took_out_is_in_neither_text():
    found = read(p(r("A"), change("ins", change("del", r("B", tag="delText"), author="COR")), r("C")))
    assert both(found) == (["AC"], ["AC"])
    (piece,) = [piece for piece in found.paragraphs[0].pieces if piece.text == "B"]
    assert (found.revisions[piece.inserted].author, found.revisions[piece.deleted].author) == ("BEL", "COR")


def test_moves_are_a_going_and_a_coming():
    body = p(change("moveFrom", r("Moved."))) + p(r("Stays.")) + p(change("moveTo", r("Moved.")))
    found = read(body)
    assert both(found) == (["Moved.", "Stays.", ""], ["", "Stays.", "Moved."])
    assert [each.kind for each in found.revisions] == ["move from", "move to"]


@pytest.mark.parametrize(
    ("mark", "before", "after"),
    [("ins", ["One.Two."], ["One.", "Two."]), ("del", ["One.", "Two."], ["One.Two."])],
)
def test_a_mark_that_came_or_went_divides_or_joins_paragraphs(mark, before, after):
    body = p(r("One."), form=f"<w:rPr>{change(mark)}</w:rPr>") + p(r("Two."))
    assert both(read(body)) == (before, after)


def test_the_last_mark_may_go_too():
    assert both(read(p(r("One."), form=f"<w:rPr>{change('del')}</w:rPr>"))) == (["One."], ["One."])


def test_changes_of_form_are_no_changes_of_the_text():
    form = '<w:b/><w:rPrChange w:id="3" w:author="X" w:date=""><w:rPr><w:vanish/></w:rPr></w:rPrChange>'
    body = p(
        r("Bold", form), form='<w:pPrChange w:id="4" w:author="X"><w:pPr><w:pStyle w:val="No"/></w:pPr></w:pPrChange>'
    )
    found = read(body)
    assert found.revisions == ()
    assert found.findings == ()
    assert texts(found) == ["Bold"]


def test_a_row_that_came_in_is_so_in_all_its_cells():
    row = f"<w:tr><w:trPr>{change('ins')}</w:trPr><w:tc>{p(r('new'))}</w:tc></w:tr>"
    old = f"<w:tr><w:tc>{p(r('a'))}{p(r('b'))}</w:tc><w:tc><w:tbl><w:tr><w:tc>{p(r('c'))}</w:tc></w:tr></w:tbl></w:tc></w:tr>"
    found = read(f"<w:tbl>{old}{row}</w:tbl>")
    assert both(found) == (["a", "b", "c"], ["a", "b", "c", "new"])
    assert {each.place for each in found.paragraphs} == {"cell"}
    assert "4 cells" in findings(found)["table"]


# --- letters ------------------------------------------------------------------------------------


def test_blanks_breaks_and_hyphens_are_letters():
    body = p("<w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:noBreakHyphen/><w:softHyphen/><w:cr/></w:r>")
    assert texts(read(body)) == ["a\tb\nc\u2011\u00ad\n"]


def test_words_within_links_tags_and_controls_are_read():
    body = (
        f'<w:sdt><w:sdtPr/><w:sdtContent>{p(r("in a control"))}</w:sdtContent></w:sdt>'
        + p('<w:hyperlink w:anchor="x">', r("linked"), "</w:hyperlink><w:smartTag>", r(" tagged"), "</w:smartTag>",
            "<w:sdt><w:sdtContent>", r(" inline"), "</w:sdtContent></w:sdt><w:fldSimple w:instr=' DATE '>",
            r(" 1 May"), "</w:fldSimple>")
    )  # fmt: skip
    found = read(body)
    assert texts(found) == ["in a control", "linked tagged inline 1 May"]
    assert "DATE" in findings(found)["field"]


def test_of_a_field_what_it_shows_is_read_and_not_its_instruction():
    def char(kind):
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    body = p(
        r("See "), char("begin"), r(" REF a", tag="instrText"), r("unseen"), char("separate"), r("Article 1"), char("end"),
        r("."), char("begin"), r(" TC x ", tag="instrText"), char("end"), char("end"), r("stray", tag="instrText"),
    )  # fmt: skip
    found = read(body)
    assert texts(found) == ["See Article 1."]
    assert "2 fields" in findings(found)["field"]


@pytest.mark.parametrize(
    "instruction", ["DDEAUTO c:\\\\x", " INCLUDETEXT file ", "includepicture x", "MACROBUTTON a b"]
)
@pytest.mark.parametrize("form", ["simple", "complex", "split"])
def test_a_field_that_fetches_or_runs_something_is_refused(instruction, form):
    half = len(instruction) // 2
    said = r(instruction, tag="instrText")
    if form == "split":
        said = r(instruction[:half], tag="instrText") + r(instruction[half:], tag="instrText")
    body = f'<w:fldSimple w:instr="{instruction}"/>'
    if form != "simple":
        body = f'<w:r><w:fldChar w:fldCharType="begin"/></w:r>{said}<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    with pytest.raises(Malformed, match="fetches or runs"):
        read(p(body))


STYLES = (
    '<w:docDefaults><w:rPrDefault><w:rPr><w:sz w:val="22"/></w:rPr></w:rPrDefault></w:docDefaults>'
    '<w:style w:styleId="H2"><w:name w:val="heading 2"/></w:style><w:style w:styleId="T"><w:name w:val="Title"/></w:style>'
    '<w:style w:styleId="Own"><w:name w:val="Own"/><w:basedOn w:val="H2"/></w:style>'
    '<w:style w:styleId="Secret"><w:name w:val="Secret"/><w:rPr><w:vanish/></w:rPr></w:style>'
    '<w:style w:styleId="A"><w:basedOn w:val="B"/></w:style><w:style w:styleId="B"><w:basedOn w:val="A"/></w:style>'
)


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ("<w:vanish/>", "hidden"),
        ('<w:vanish w:val="1"/>', "hidden"),
        ('<w:rStyle w:val="Secret"/>', "hidden"),
        ('<w:color w:val="FFFFFF"/>', "pale"),
        ('<w:color w:val="fefefe"/>', "pale"),
        ('<w:sz w:val="2"/>', "tiny"),
        ('<w:vanish w:val="0"/>', ""),
        ('<w:rStyle w:val="Secret"/><w:vanish w:val="false"/>', ""),
        ('<w:color w:val="FFFFFF"/><w:highlight w:val="black"/>', ""),
        ('<w:color w:val="FF0000"/>', ""),
        ('<w:color w:val="auto"/>', ""),
        ('<w:sz w:val="18"/>', ""),
        ('<w:rStyle w:val="A"/>', ""),
    ],
)
def test_text_that_is_not_seen_is_kept_and_told(form, why):
    found = read(p(r("seen "), r("secret", form)), styles=STYLES)
    assert texts(found) == ["seen secret"]
    assert any(piece.hidden for piece in found.paragraphs[0].pieces) is bool(why)
    assert set(findings(found)) == ({why} if why else set())
    assert not why or "“secret”" in findings(found)[why]


def test_text_of_a_hidden_paragraph_style_is_hidden():
    found = read(p(r("secret"), form='<w:pStyle w:val="Secret"/>'), styles=STYLES)
    assert "“secret”" in findings(found)["hidden"]


def test_what_is_not_what_it_seems_is_flagged_and_stays():
    found = read(p(r("a\u200bb Unit\u0435d\u202e c\u00a0d")))
    assert texts(found) == ["a\u200bb Unit\u0435d\u202e c\u00a0d"]
    said = findings(found)
    assert "U+200B" in said["flagged"]
    assert "Cyrillic" in said["look-alike"]
    assert "U+202E" in said["refused"]
    assert "\u202e" not in "".join(said.values())


def test_forced_directions_formulas_pictures_and_symbols_are_told():
    body = p(
        '<w:bdo w:val="rtl">', r("abc"), "</w:bdo><m:oMath><m:r><m:t>x=1</m:t></m:r></m:oMath>",
        "<w:r><w:drawing/></w:r>", '<w:r><w:sym w:font="Wingdings" w:char="F0FC"/><w:sym w:char="zz"/></w:r>',
    )  # fmt: skip
    found = read(body)
    assert texts(found) == ["abcx=1\uf0fc\ufffd"]
    assert set(findings(found)) >= {"turned", "maths", "picture", "symbol"}


def test_words_in_boxes_are_read_once_behind_their_paragraph():
    inner = f"<w:txbxContent>{p(r('in the box'))}</w:txbxContent>"
    body = (
        p(r("Before"), f"<w:r><mc:AlternateContent><mc:Choice><w:drawing>{inner}</w:drawing></mc:Choice>"
          f"<mc:Fallback><w:pict>{inner}</w:pict></mc:Fallback></mc:AlternateContent></w:r>", r(" and after."))
        + p(f"<w:r><w:pict><w:txbxContent>{p(r('outer'), f'<w:r><w:pict>{inner}</w:pict></w:r>')}</w:txbxContent></w:pict></w:r>")
    )  # fmt: skip
    found = read(body)
    assert texts(found) == ["Before and after.", "in the box", "", "outer", "in the box"]
    assert [each.place for each in found.paragraphs] == ["text", "box", "text", "box", "box"]
    assert "in the box" in findings(found)["box"]


def test_alternatives_for_older_programs_are_read_where_there_is_nothing_else():
    body = p(f"<mc:AlternateContent><mc:Fallback>{r('old')}</mc:Fallback></mc:AlternateContent><mc:AlternateContent/>")
    blocks_too = f"<mc:AlternateContent><mc:Choice>{p(r('new'))}</mc:Choice></mc:AlternateContent>"
    assert texts(read(body + blocks_too)) == ["old", "new"]


def test_words_in_elements_that_are_not_known_are_not_lost():
    body = p(f"<w:futureThing>{r('later')}</w:futureThing>", f"<w:r><w:odd>{r('odd')}</w:odd></w:r>")
    found = read(body + f"<w:newBlock>{p(r('block'))}</w:newBlock>" + change("ins", p(r("more"))))
    assert texts(found) == ["laterodd", "block", "more"]
    assert "3 elements" in findings(found)["strange"]


def test_the_strict_edition_of_the_standard_is_read_as_well():
    made = parts(p(r("Strict.")))
    strict = made["word/document.xml"].replace("http://schemas.openxmlformats.org/wordprocessingml/2006/main",
                                               "http://purl.oclc.org/ooxml/wordprocessingml/main")  # fmt: skip
    assert texts(docx_reader.read(zipped(made | {"word/document.xml": strict}))) == ["Strict."]


# --- headings, numbers --------------------------------------------------------------------------


def test_headings_are_known_by_their_style_or_their_level():
    body = "".join(
        p(r(name), form=form)
        for name, form in (
            ("second", '<w:pStyle w:val="H2"/>'), ("title", '<w:pStyle w:val="T"/>'), ("based", '<w:pStyle w:val="Own"/>'),
            ("level", '<w:outlineLvl w:val="2"/>'), ("body", '<w:pStyle w:val="H2"/><w:outlineLvl w:val="9"/>'),
            ("none", '<w:pStyle w:val="Nowhere"/>'),
        )
    )  # fmt: skip
    assert [each.heading for each in read(body, styles=STYLES).paragraphs] == [2, 1, 2, 3, 0, 0]


def lvl(at, figures, text, start=1, more=""):
    return f'<w:lvl w:ilvl="{at}"><w:start w:val="{start}"/><w:numFmt w:val="{figures}"/><w:lvlText w:val="{text}"/>{more}</w:lvl>'


def item(text="x", number="1", level=0, form=""):
    return p(r(text), form=f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>{form}')


NUMBERING = (
    f'<w:abstractNum w:abstractNumId="0">{lvl(0, "decimal", "%1.")}{lvl(1, "lowerLetter", "(%2)")}'
    f'{lvl(2, "lowerRoman", "%1.%3")}</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    '<w:num w:numId="2"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="7"/></w:lvlOverride>'
    f'</w:num><w:num w:numId="3"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0">{lvl(0, "upperRoman", "Art. %1")}'
    "</w:lvlOverride></w:num>"
)


def test_numbers_are_counted_as_they_are_shown():
    body = "".join(
        item(number=n, level=at)
        for n, at in [
            ("1", 0),
            ("1", 1),
            ("1", 1),
            ("1", 2),
            ("1", 0),
            ("1", 1),
            ("2", 0),
            ("2", 0),
            ("3", 0),
            ("0", 0),
            ("9", 0),
        ]
    )
    assert labels(read(body, numbering=NUMBERING)) == [
        "1.",
        "(a)",
        "(b)",
        "1.i",
        "2.",
        "(a)",
        "7.",
        "8.",
        "Art. IX",
        "",
        "",
    ]


@pytest.mark.parametrize(
    ("figures", "shown"),
    [
        ("decimal", ["27", "28"]), ("decimalZero", ["27", "28"]), ("upperLetter", ["AA", "BB"]), ("lowerLetter", ["aa", "bb"]),
        ("lowerRoman", ["xxvii", "xxviii"]), ("upperRoman", ["XXVII", "XXVIII"]), ("ordinal", ["27.", "28."]),
        ("none", ["", ""]), ("bullet", ["•", "•"]), ("hebrew1", ["27", "28"]),
    ],
)  # fmt: skip
def test_each_kind_of_figures(figures, shown):
    numbering = f'<w:abstractNum w:abstractNumId="0">{lvl(0, figures, "%1", 27)}</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    found = read(item() + item(), numbering=numbering)
    assert labels(found) == shown
    assert ("numbers" in findings(found)) is (figures == "hebrew1")


@pytest.mark.parametrize(
    ("figures", "start", "shown"), [("lowerLetter", 0, "0"), ("upperRoman", 5000, "5000"), ("decimalZero", 3, "03")]
)
def test_figures_beyond_their_range(figures, start, shown):
    numbering = f'<w:abstractNum w:abstractNumId="0">{lvl(0, figures, "%1", start)}</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    assert labels(read(item(), numbering=numbering)) == [shown]


def test_a_level_that_never_begins_anew_and_one_in_legal_figures():
    numbering = (
        f'<w:abstractNum w:abstractNumId="0">{lvl(0, "upperRoman", "%1")}{lvl(1, "decimal", "%1.%2", more="<w:isLgl/><w:lvlRestart w:val=" + chr(34) + "0" + chr(34) + "/>")}'
        '</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    )
    body = "".join(item(level=at) for at in (0, 1, 0, 1))
    assert labels(read(body, numbering=numbering)) == ["I", "1.1", "II", "2.2"]


def test_what_does_not_stand_is_not_counted():
    gone = f"<w:rPr>{change('del')}</w:rPr>"
    found = read(item() + item(form=gone) + item(), numbering=NUMBERING)
    assert labels(found) == ["1.", "2."]
    assert labels(found, Side.REJECTED) == ["1.", "2.", "3."]


def test_numbers_come_with_a_style_too():
    styles = (
        '<w:style w:styleId="N"><w:name w:val="N"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    )
    found = read(p(r("x"), form='<w:pStyle w:val="N"/>'), numbering=NUMBERING, styles=styles)
    assert labels(found) == ["1."]


# --- notes, comments, heads ---------------------------------------------------------------------


def sign(kind, number):
    return f'<w:r><w:{kind}Reference w:id="{number}"/></w:r>'


NOTES = {
    "footnotes": f'<w:footnote w:type="separator" w:id="-1">{p()}</w:footnote><w:footnote w:id="4">{p(r("four"))}</w:footnote>'
    f'<w:footnote w:id="2">{p(r("two "), change("ins", r("more")))}</w:footnote>',
    "endnotes": f'<w:endnote w:id="1">{p(r("at the end"))}</w:endnote>',
}


def test_notes_are_numbered_in_the_order_of_their_signs():
    found = read(p(r("a"), sign("footnote", 4), r("b"), sign("endnote", 1), sign("footnote", 2)), **NOTES)
    assert [(note.label, note.kind) for note in found.notes] == [
        ("[^1]", "footnote"),
        ("[^2]", "footnote"),
        ("[^e1]", "endnote"),
    ]
    (block,) = blocks(found.paragraphs, Side.ACCEPTED)
    assert block.notes == ((1, "[^1]"), (2, "[^e1]"), (2, "[^2]"))
    assert [each.text for each in blocks(found.notes[1].paragraphs, Side.REJECTED)] == ["two "]


def test_a_note_that_is_not_there_is_refused():
    with pytest.raises(Malformed, match="footnote that it does not have"):
        read(p(sign("footnote", 9)), **NOTES)


def test_comments_say_who_and_about_what():
    body = p(
        r("The "), '<w:commentRangeStart w:id="5"/>', r("Parties"), '<w:commentRangeEnd w:id="5"/>',
        '<w:r><w:commentReference w:id="5"/></w:r>', r(" act."),
    )  # fmt: skip
    said = f'<w:comment w:id="5" w:author="COR" w:initials="C" w:date="2026-01-31T09:00:00Z">{p(r("All"))}{p(r("of them?"))}</w:comment>'
    (comment,) = read(body, comments=said).comments
    assert (comment.author, comment.initials, comment.text, comment.about) == ("COR", "C", "All\nof them?", "Parties")


def test_heads_and_feet_of_pages_are_told_apart_from_the_text():
    found = read(p(r("Text.")), header=p(r("Restricted")), footer=p(r("Page "), "<w:fldSimple w:instr='PAGE'/>"))
    assert found.furniture == ("Restricted", "Page")
    assert texts(found) == ["Text."]
    assert found.findings == ()


def test_links_that_a_person_may_follow_are_told_and_nothing_is_fetched():
    found = read(p(r("x")), [("hyperlink", "https://example.org/a", "External")])
    assert "https://example.org/a" in findings(found)["link"]


# --- into a text --------------------------------------------------------------------------------


def test_a_document_becomes_a_text_in_the_grammar_of_the_table():
    body = (
        p(r("A treaty"), form='<w:pStyle w:val="T"/>') + p(r("Purpose"), form='<w:pStyle w:val="H2"/>')
        + item("First.") + item("Second"+"", level=1) + p(r("2.\tTyped."), sign("footnote", 4), r(" More."))
        + p(r("•\ta bullet")) + p() + p(r("Reserved."), sign("footnote", 2))
    )  # fmt: skip
    notes = NOTES["footnotes"].replace("two ", "Negotiators' Note: ARV ")
    found = read(body, styles=STYLES, numbering=NUMBERING, footnotes=notes)
    assert intake.written(found, Side.ACCEPTED) == (
        "# A treaty\n\n## Purpose\n\n1. First.\n\n(a) Second\n\n2. Typed.[^1] More.\n\n* a bullet\n\nReserved.\n\n"
        "Negotiators' Note: ARV more\n\n[^1]: four\n"
    )


def test_an_empty_document_is_an_empty_text():
    assert intake.written(read(""), Side.ACCEPTED) == ""


def test_bullets_of_a_list_are_bullets_of_the_text():
    numbering = f'<w:abstractNum w:abstractNumId="0">{lvl(0, "bullet", chr(0xF0B7))}</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    assert intake.written(read(item("one"), numbering=numbering), Side.ACCEPTED) == "* one\n"


# --- an answer that nobody believes -------------------------------------------------------------


@pytest.mark.parametrize(
    "reading",
    [
        Reading((Paragraph((Piece("a", inserted=0),)),)),
        Reading((Paragraph((Piece("a", deleted=-2),)),)),
        Reading((Paragraph((), mark_deleted=4),)),
        Reading((Paragraph((), heading=10),)),
    ],
)
def test_a_reading_that_does_not_fit_together_is_refused(reading):
    with pytest.raises(Malformed, match="fit together"):
        checked(reading)


def test_a_reading_that_fits_is_given_back():
    honest = Reading((Paragraph((Piece("a"),)),))
    assert checked(honest) is honest
    assert honest.paragraphs[0].mark_deleted == NONE


def test_the_main_part_must_hold_a_text():
    with pytest.raises(Malformed, match="holds no text"):
        docx_reader.read(zipped(parts() | {"word/document.xml": root("document", "")}))

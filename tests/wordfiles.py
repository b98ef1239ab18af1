"""Word documents made by hand, part by part, honest and hostile; and random texts to be compared."""

import io
import zipfile

from hypothesis import strategies as st

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"
M = "http://schemas.openxmlformats.org/officeDocument/2006/math"
WORD_LINKS = ("styles", "numbering", "footnotes", "endnotes", "comments", "header", "footer", "settings")


def content_types(main=MAIN, more=""):
    return (
        f'<Types xmlns="{TYPES}"><Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
        f'ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="{main}"/>{more}</Types>'
    )


def links(*rows):
    """Relationships: (kind, target) or (kind, target, "External")."""
    made = "".join(
        f'<Relationship Id="rId{at}" Type="{R}/{kind}" Target="{target}"'
        + (f' TargetMode="{mode[0]}"' if mode else "")
        + "/>"
        for at, (kind, target, *mode) in enumerate(rows)
    )
    return f'<Relationships xmlns="{RELS}">{made}</Relationships>'


def root(name, inside):
    return f'<w:{name} xmlns:w="{W}" xmlns:r="{R}" xmlns:mc="{MC}" xmlns:m="{M}">{inside}</w:{name}>'


def parts(body="", rels=(), **more):
    """The parts of a small document; `more` are word parts by the kind of their relationship."""
    made = {
        "[Content_Types].xml": content_types(),
        "_rels/.rels": links(("officeDocument", "word/document.xml")),
        "word/document.xml": root("document", f"<w:body>{body}</w:body>"),
        "word/_rels/document.xml.rels": links(*((kind, f"{kind}.xml") for kind in more), *rels),
    }
    names = {"header": "hdr", "footer": "ftr"}
    return made | {f"word/{kind}.xml": root(names.get(kind, kind), inside) for kind, inside in more.items()}


def zipped(made, compression=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as package:
        for name, content in made.items():
            package.writestr(name, content)
    return stream.getvalue()


def docx(body="", rels=(), **more):
    return zipped(parts(body, rels, **more))


def p(*inside, form=""):
    return f"<w:p>{f'<w:pPr>{form}</w:pPr>' if form else ''}{''.join(inside)}</w:p>"


def r(text, form="", tag="t"):
    return f'<w:r>{f"<w:rPr>{form}</w:rPr>" if form else ""}<w:{tag} xml:space="preserve">{text}</w:{tag}></w:r>'


def change(kind, *inside, number=1, author="BEL", date="2026-01-31T09:00:00Z"):
    return f'<w:{kind} w:id="{number}" w:author="{author}" w:date="{date}">{"".join(inside)}</w:{kind}>'


# --- texts --------------------------------------------------------------------------------------

_WORDS = st.sampled_from(
    ["shall", "should", "act", "the Party", "at once", "**notify**", "*inter alia*", "ships,", "peace.", "10 000",
     "états", "الأطراف", "缔约方", "e\u0301cole", "a\u200bb", 'x<&>"y', "[^1]", "under_score", "5 * 3", "\u202e", "\x0c"]
)  # fmt: skip
_SENTENCE = st.lists(_WORDS, min_size=1, max_size=9).map(" ".join)
_HEADS = st.sampled_from(["", "", "1. ", "2. ", "(a) ", "* ", "## ", "# ", "   (b) ", "Negotiators' Note: ", "[^1]: "])
_CLAUSE = st.tuples(_HEADS, _SENTENCE, st.sampled_from(["\n\n", "\n\n", "\n", "\r\n\r\n", "  \n"])).map("".join)
CLAUSES = st.lists(_CLAUSE, max_size=8)


@st.composite
def pairs(draw):
    """A text and what became of it: clauses taken out, put in, moved, with words exchanged."""
    one = draw(CLAUSES)
    two = [each for each in one if draw(st.integers(0, 4))]
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(two)))
        match draw(st.sampled_from(["new", "move", "words"])):
            case "new":
                two.insert(at, draw(_CLAUSE))
            case "move" if two:
                two.insert(at, two.pop(draw(st.integers(0, len(two) - 1))))
            case _ if two:
                at = min(at, len(two) - 1)
                two[at] = two[at].replace(" ", f" {draw(_WORDS)} ", 1)
            case _:
                pass
    return "".join(one), "".join(two)

"""XML that is made to harm who reads it: bombs, entities that reach out, depth, width, and what is no XML at all.

The control of each bomb is the same parse by a plain parser, which does what the bomb wants.
"""

import pytest
from lxml import etree

from detente.documents import akn_read, akn_xml
from detente.documents.akn_names import AKN
from detente.ground.errors import Malformed

pytestmark = pytest.mark.attack("A51", "prevented")

OPEN, CLOSE = f'<akomaNtoso xmlns="{AKN}"><act name="x"><body>', "</body></act></akomaNtoso>"
LAUGHS = '<!DOCTYPE a [<!ENTITY a0 "ha">' + "".join(
    f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
) + "]>"  # fmt: skip
HOSTILE = {
    "billion laughs": LAUGHS + OPEN + "<p>&a9;</p>" + CLOSE,
    "quadratic blow-up": f'<!DOCTYPE a [<!ENTITY a "{"x" * 50_000}">]>'
    + OPEN
    + "<p>"
    + "&a;" * 50_000
    + "</p>"
    + CLOSE,
    "external entity": '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + OPEN + "<p>&a;</p>" + CLOSE,
    "external DTD": '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">' + OPEN + CLOSE,
    "parameter entity": '<!DOCTYPE a [<!ENTITY % a SYSTEM "http://127.0.0.1:9/a">%a;]>' + OPEN + CLOSE,
    "an undeclared entity": OPEN + "<p>&nbsp;</p>" + CLOSE,
    "depth": OPEN + "<b>" * 1_000 + "x" + "</b>" * 1_000 + CLOSE,
    "width": OPEN + "<p/>" * 600_000 + CLOSE,
    "attributes": OPEN + "<p " + " ".join(f'a{n}="x"' for n in range(50_000)) + "/>" + CLOSE,
    "one attribute": OPEN + f'<p a="{"x" * 12_000_000}"/>' + CLOSE,
    "a name": OPEN + f"<{'p' * 100_000}/>" + CLOSE,
    "no end": OPEN,
    "no XML": "# Article 1\n\n1. Words.\n",
    "nothing": "",
    "the wrong root": "<html><body><p>x</p></body></html>",
    "another version": OPEN.replace("akn/3.0", "akn/4.0") + CLOSE,
    "a version before": '<akomaNtoso xmlns="http://www.akomantoso.org/2.0"><act name="x"/></akomaNtoso>',
    "no document": f'<akomaNtoso xmlns="{AKN}"><other/></akomaNtoso>',
    "an override of direction": OPEN + "<p>&#x202E;evif</p>" + CLOSE,
    "an invisible letter": OPEN + "<p>&#xE0041;</p>" + CLOSE,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_refused_with_one_bounded_sentence(name):
    with pytest.raises(Malformed) as refused:
        akn_read.read(HOSTILE[name].encode())
    sentence = refused.value.sentence
    assert 20 < len(sentence) < 400
    assert sentence.endswith(".")
    assert "passwd" not in sentence
    assert "\n" not in sentence


def test_control_a_plain_parser_laughs_and_reads_the_file_that_an_entity_names(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    small = LAUGHS.replace("&a3;" * 10, "&a2;")  # a hundred laughs are enough to see
    plain = etree.XMLParser(resolve_entities=True, load_dtd=True)
    laughed = etree.fromstring((small + "<a>&a4;</a>").encode(), plain)
    assert laughed.text == "ha" * 100
    reached = f'<!DOCTYPE a [<!ENTITY a SYSTEM "{secret.as_uri()}">]><a>&a;</a>'.encode()
    assert etree.fromstring(reached, plain).text == "the secret"
    for raw in (small.encode() + b"<a>&a4;</a>", reached):
        with pytest.raises(Malformed, match="DOCTYPE"):
            akn_xml.parse(raw)


@pytest.mark.slow
def test_control_a_document_of_the_same_size_is_read():
    came = akn_read.read((OPEN + "<p>words of a law</p>" * 50_000 + CLOSE).encode())
    assert came.text.count("words of a law") == 50_000


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "iso-8859-1"])
def test_another_encoding_hides_no_doctype(encoding):
    declared = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>'
    with pytest.raises(Malformed, match="DOCTYPE"):
        akn_read.read((declared + HOSTILE["billion laughs"]).encode(encoding))
    assert "Traité" in akn_read.read((declared + OPEN + "<p>Traité</p>" + CLOSE).encode(encoding)).text  # the control


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        "<p>" + "<authorialNote><p>n</p></authorialNote>" * 20_000 + "</p>",
        "<article>" + "<num>1</num>" * 50_000 + "</article>",
        "<p>" + '<span eId="a">x</span><span alternativeTo="#a">y</span>' * 20_000 + "</p>",
        "<p>" + "<mod><quotedStructure><p>x</p></quotedStructure></mod>" * 20_000 + "</p>",
        "<ul>" + "<li><p>x</p></li>" * 50_000 + "</ul>",
        "<article><num>1</num>" * 200 + "</article>" * 200,
    ],
)  # fmt: skip
def test_a_document_made_to_be_slow_is_read_in_time_that_grows_with_its_size(body):
    """The limit of the whole suite for one test is what would notice a quadratic walk."""
    assert akn_read.read((OPEN + body + CLOSE).encode()).text


def test_alternatives_that_name_each_other_or_nothing_end():
    body = '<p eId="a" alternativeTo="#b">x</p><p eId="b" alternativeTo="#a">y</p><p alternativeTo="#c">z</p>'
    came = akn_read.read((OPEN + body + '<span eId="s" alternativeTo="#s">w</span>' + CLOSE).encode())
    assert {"x", "y", "z", "w"} <= set(came.text.replace("[", " ").replace("]", " ").split())

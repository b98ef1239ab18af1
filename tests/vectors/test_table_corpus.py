"""Real texts through the importer: pages, notes and attributions, against answers that were read off by eye.

The answers are line numbers and counts; no word of those texts is in the project.
"""

from collections import Counter

import pytest
from shared import shared

from detente.procedures.table import inspect, lint, positions, tree
from detente.procedures.table.parse import parse

TPP = "corpus/tpp-ip-2013/tpp_ip_part1_sections_A-D.txt"
# Lines drawn by chance from the 210 that hold a party's code, and the groups at heads that begin there: how many
# parties, and what they do.  Lines without any are sentences of notes that begin with parties.
BY_EYE = {
    94: [], 120: [(6, "propose")], 196: [], 207: [(2, "propose")], 216: [(1, "oppose"), (1, "propose")],
    223: [(1, None)], 267: [(2, "propose"), (9, "oppose")], 287: [(1, "propose")], 300: [], 312: [(8, "propose")],
    334: [(7, "oppose")], 343: [], 350: [(10, "propose")], 371: [], 410: [], 412: [],
    430: [(10, "propose"), (2, "oppose")], 445: [(1, None)], 446: [(1, None)], 451: [(3, "oppose")], 458: [],
    459: [], 483: [(2, None)], 489: [(1, "oppose")], 495: [(1, "oppose")], 513: [], 516: [], 525: [],
    546: [(7, "propose"), (4, "oppose")], 574: [(2, "propose")], 675: [(1, "propose")], 681: [(2, "oppose")],
    686: [(11, "propose")], 687: [(2, "propose")], 689: [(11, "oppose")], 711: [(10, "oppose")],
    713: [(1, "propose")], 728: [], 747: [(3, "propose")], 749: [(4, "propose")],
    762: [(9, "oppose"), (1, "propose")], 818: [(1, "propose"), (10, "oppose")], 833: [(1, "propose")], 835: [],
    866: [(4, "propose")], 870: [(3, "oppose")], 888: [], 891: [], 892: [], 933: [(1, "oppose")],
    972: [(6, "propose"), (6, "oppose")], 993: [(2, "propose")], 996: [], 1023: [(8, "oppose"), (4, "propose")],
    1027: [(2, "propose")], 1089: [], 1108: [(8, "oppose")], 1111: [(1, "propose")], 1120: [(1, "oppose")],
    1138: [], 1147: [(2, "propose")], 1192: [(1, None)], 1194: [(1, "oppose")], 1197: [], 1204: [],
    1220: [(9, "propose"), (1, "oppose")], 1249: [(1, "propose"), (10, "oppose")], 1253: [], 1256: [], 1258: [],
    1300: [(4, "propose"), (6, "oppose")], 1308: [(3, "propose")], 1313: [], 1324: [(11, "propose")],
    1329: [(1, "propose"), (5, "oppose")],
}  # fmt: skip
# Positions that notes state, read off by eye: line of the note -> how many, and of what stance.
POSITIONS = {
    87: ["support"], 93: ["support-in-principle"], 299: ["flexible"], 301: ["can-go-with-consensus"],
    342: ["reserve"], 411: ["support-in-principle", "considering"], 525: ["reserve"], 783: ["can-go-with-consensus"],
    831: ["considering", "considering"], 995: ["support"], 1089: ["considering", "can-go-with-consensus"],
}  # fmt: skip
# pages, notes at their foot, of those the ones with what calls them, brackets that decide nothing
PAGES = [
    (TPP, 29, 86, 81, 82),
    ("corpus/paris-2015/draft_2015-10-23_layout.txt", 55, 18, 17, 4),
    ("corpus/paris-2015/nonpaper_2015-10-05_layout.txt", 21, 5, 4, 0),
]

pytestmark = pytest.mark.vectors


def read(path):
    return inspect.read(shared(path).read_bytes())


def test_attributions_are_found_as_a_reader_finds_them():
    found: dict[int, Counter] = {}
    for each in parse(read(TPP)).attributions:
        found.setdefault(each.line, Counter())[len(each.parties), each.verb] += 1
    right = missed = wrong = 0
    for line, groups in BY_EYE.items():
        seen, wanted = found.get(line, Counter()), Counter(groups)
        right += (seen & wanted).total()
        missed += (wanted - seen).total()
        wrong += (seen - wanted).total()
    assert (len(BY_EYE), right, missed, wrong) == (75, 61, 0, 0)


def test_positions_in_notes_are_read_as_a_reader_reads_them():
    found: dict[int, list[str]] = {}
    for each in positions.stated(parse(read(TPP)).document):
        found.setdefault(each.line, []).append(each.stance.value)
    assert {line: found.get(line) for line in POSITIONS} == POSITIONS


@pytest.mark.parametrize("expected", PAGES, ids=[row[0] for row in PAGES])
def test_pages_and_notes_of_real_texts(expected):
    path, pages, notes, called, printed = expected
    text = read(path)
    parsed = parse(text)
    layout = parsed.layout
    assert tree.render(parsed.document) == text
    assert layout.pages == pages
    assert (len(layout.footnotes), sum(bool(note.anchors) for note in layout.footnotes)) == (notes, called)
    numbers = [int(note.label) for note in layout.footnotes if note.label.isdigit()]
    assert numbers == list(range(1, numbers[-1] + 1))
    assert len(parsed.brackets.printed) == printed
    assert (parsed.brackets.opening, parsed.brackets.closing) == (text.count("["), text.count("]"))
    slots = {slot.id for slot in tree.slots(parsed.document.passage)}
    assert len(slots) == parsed.document.passage.open


# Findings that a reader confirmed, by rule: the file, and the lines.
PARIS = "corpus/paris-2015/draft_2015-10-23_layout.txt"
CONFIRMED = {
    (PARIS, "word-twice"): [581, 888, 962],
    (PARIS, "term-unused"): [121],
    (PARIS, "numbering"): [1379, 2042],
    (PARIS, "final-clauses"): [3314],
    ("corpus/paris-2015/agreement_2015-12-04.md", "word-twice"): [258],
    ("corpus/paris-2015/agreement_2015-12-04.md", "numbering"): [462],
    ("corpus/paris-2015/agreement_2015-12-04.md", "sentence-twice"): [341, 511],
    ("corpus/paris-2015/nonpaper_2015-10-05_layout.txt", "hidden-letters"): [987],
    (TPP, "reference-ambiguous"): [],
    (TPP, "final-clauses"): [],
    (TPP, "word-twice"): [],
}


def test_the_lint_says_of_real_texts_what_a_reader_confirms_and_little_else():
    looked = {path: lint.look_over(read(path)) for path, _ in CONFIRMED}
    for (path, rule), lines in CONFIRMED.items():
        assert [each.line for each in looked[path] if each.rule == rule] == lines, (path, rule)
    assert [each.line for each in looked[TPP] if each.rule == "reference-unresolved"] == [354, 355, 503, 510, 519]
    assert sum(len(found) for found in looked.values()) < 250

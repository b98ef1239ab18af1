"""What can be said of a bracketed text without any node: counts, depth, what does not balance.

`read` is the only way from bytes to a text.  It is strict (UTF-8, at most four MiB) and changes
nothing: a byte order mark, CR LF and decomposed letters stay, so that the tree renders the bytes
that came.  `inspect` builds the tree, lets go of the text, renders the tree and compares.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Any

from detente.ground.errors import Malformed
from detente.procedures.table import grammar, inferences, positions, tree
from detente.procedures.table.inferences import Inference
from detente.procedures.table.parse import LARGEST_TEXT, Diagnostic, Parsed, parse
from detente.procedures.table.positions import Stated
from detente.procedures.table.profile import EMPTY, Profile
from detente.procedures.table.tree import Form, Slot
from detente.wire import text as safety


@dataclass(frozen=True)
class Inspection:
    """The figures of a text.  Line numbers count from 1."""

    bytes: int
    characters: int
    lines: int
    sha256: str
    open: int  # opening brackets, footnote anchors apart
    close: int
    max_depth: int
    unclosed_lines: tuple[int, ...]
    stray_lines: tuple[int, ...]
    slots: int  # at every depth, each once
    slots_by_form: dict[str, int]
    options: int  # variants of all option blocks
    inferred: int  # slots whose alternatives nobody marked as such
    placeholders: int
    clauses: dict[str, int]
    notes: int  # negotiators' notes
    curly: int  # {editorial remarks}
    links: int  # brackets of Markdown links, which stay literal
    footnote_anchors: int
    byte_order_mark: bool
    carriage_returns: int
    composed: bool  # whether the text is in normal form C; it is never brought into it
    flagged: int  # code points that a reader does not see for what they are
    byte_identical: bool
    content_hash: str
    attributions: tuple[tree.Attribution, ...]
    diagnostics: tuple[Diagnostic, ...]
    pages: int  # 0 where the text has none
    printed_lines: int  # lines that are on every page, the blank ones between them and the words included
    printed_brackets: int  # counted above, and no places to decide: of such lines, and round the numbers of footnotes
    footnotes: tuple[tuple[str, int, int], ...]  # label, line, how often it is called
    inferences: tuple[Inference, ...]
    parties: dict[str, int]  # code -> how often a head names it
    positions: tuple[Stated, ...]  # that notes state
    groups: dict[str, tuple[str, ...]]  # of those codes the groups that the profile knows -> whom it knows in them


def read(raw: bytes) -> str:
    """The text whose UTF-8 bytes these are; `Malformed` with line and byte offset where they are not."""
    if len(raw) > LARGEST_TEXT:
        raise Malformed(
            f"The text is larger than {LARGEST_TEXT:,} bytes, which is the most that a text on the table may have."
        )
    if raw.startswith(b"%PDF-"):
        raise Malformed("This is a PDF, whatever its name says: texts come in as Markdown or plain text.")
    try:
        return raw.decode("utf-8", errors="strict")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Malformed(
            f"The text is not UTF-8: line {line}, byte offset {error.start}, holds 0x{raw[error.start]:02x}."
        ) from None


def inspect(raw: bytes, profile: Profile = EMPTY) -> Inspection:
    """The figures of the text in these bytes; `Malformed` where it cannot be read."""
    text = read(raw)
    parsed = parse(text, profile)
    figures = _figures(text) | _layout(parsed, text) | _parties(parsed, profile)
    del text  # from here on there is the tree alone, and the hash of what came
    rendered = tree.render(parsed.document).encode()
    came = hashlib.sha256(raw).hexdigest()
    return Inspection(
        bytes=len(raw),
        sha256=came,
        byte_identical=hashlib.sha256(rendered).hexdigest() == came,
        **figures,
        **_from_tree(parsed),
    )


def _figures(text: str) -> dict[str, Any]:
    return {
        "characters": len(text),
        "notes": len(grammar.NEGOTIATORS_NOTE.findall(text)),
        "curly": len(grammar.CURLY.findall(text)),
        "footnote_anchors": len(grammar.FOOTNOTE_ANCHOR.findall(text)),
        "byte_order_mark": text.startswith("\ufeff"),
        "carriage_returns": text.count("\r"),
        "composed": unicodedata.is_normalized("NFC", text),
        "flagged": safety.count_flags(text),
    }


def _layout(parsed: Parsed, text: str) -> dict[str, Any]:
    layout = parsed.layout
    return {
        "pages": layout.pages,
        "printed_lines": sum(len(text[lo:hi].splitlines()) for lo, hi in layout.furniture),
        "printed_brackets": len(parsed.brackets.printed),
        "footnotes": tuple((note.label, note.line, len(note.anchors)) for note in (*layout.footnotes, *layout.notes)),
        "inferences": inferences.of(parsed, text),
    }


def _parties(parsed: Parsed, profile: Profile) -> dict[str, Any]:
    named = Counter(code for each in parsed.attributions for code in each.parties)
    groups = {code: profile.members(code) for code in named if code in profile.groups}
    return {
        "parties": dict(sorted(named.items())),
        "groups": dict(sorted(groups.items())),
        "positions": positions.stated(parsed.document, profile),
    }


def _from_tree(parsed: Parsed) -> dict[str, Any]:
    forms: dict[str, int] = {}
    kinds: dict[str, int] = {}
    options = inferred = placeholders = 0
    for node in tree.walk(parsed.document.passage):
        if isinstance(node, Slot):
            forms[node.form.value] = forms.get(node.form.value, 0) + 1
            options += len(node.variants) if node.form is Form.OPTIONS else 0
            inferred += node.inferred
            placeholders += node.placeholder
        elif isinstance(node, tree.Clause):
            kinds[node.kind.value] = kinds.get(node.kind.value, 0) + 1
    found = parsed.brackets
    lines = {kind: tuple(each.line for each in parsed.diagnostics if each.kind == kind) for kind in _BROKEN}
    return {
        "lines": parsed.lines,
        "open": found.opening,
        "close": found.closing,
        "max_depth": found.depth,
        "unclosed_lines": lines["unclosed"],
        "stray_lines": lines["stray"],
        "slots": parsed.document.passage.open,
        "slots_by_form": dict(sorted(forms.items())),
        "options": options,
        "inferred": inferred,
        "placeholders": placeholders,
        "clauses": dict(sorted(kinds.items())),
        "links": len(found.links),
        "content_hash": parsed.document.digest.hex(),
        "attributions": parsed.attributions,
        "diagnostics": parsed.diagnostics,
    }


_BROKEN = ("unclosed", "stray")


def as_json(found: Inspection) -> dict[str, Any]:
    """The inspection in plain values.  `unclosed` and `stray` are how many; their lines stand beside them."""
    values: dict[str, Any] = {name: getattr(found, name) for name in found.__dataclass_fields__}
    values["unclosed"] = len(found.unclosed_lines)
    values["stray"] = len(found.stray_lines)
    values["attributions"] = [
        {"parties": list(each.parties), "verb": each.verb, "line": each.line, "outside": each.outside}
        for each in found.attributions
    ]
    values["diagnostics"] = [
        {"line": each.line, "kind": each.kind, "sentence": each.sentence} for each in found.diagnostics
    ]
    values["footnotes"] = [{"label": label, "line": line, "called": called} for label, line, called in found.footnotes]
    values["inferences"] = [
        {"kind": each.kind, "line": each.line, "node": each.node.hex(), "sentence": each.sentence}
        for each in found.inferences
    ]
    values["positions"] = [
        {
            "parties": list(each.parties),
            "stance": each.stance.value,
            "ad_referendum": each.ad_referendum,
            "hangs_on": each.hangs_on,
            "references": list(each.references),
            "line": each.line,
            "words": each.words,
        }
        for each in found.positions
    ]
    return values

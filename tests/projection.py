"""The final text of a negotiation, computed from its source and its acts by a second way.

This shares no code with `detente`: it is a small reader of the grammar of `fixtures/protocol.md` (clauses
apart by blank lines, brackets in brackets, "][" between alternatives, " / " between two in one bracket,
"XXX propose: " at the head of one) and of the ids that acts name: a node's id is the hash of its path, a
proposal's the hash of what it says.  Texts with options or with adjacent brackets that do not exclude
each other are beyond it.
"""

import base64
import hashlib
import json
import re
from itertools import pairwise
from typing import NamedTuple

HEAD = re.compile(r"[A-Z]{3}(?:/[A-Z]{3})* propose: ")
ROOT = bytes(16)


def path(parent, kind, index):
    return hashlib.sha256(parent + kind.encode() + index.to_bytes(8, "big")).digest()[:16]


class Bracket(NamedTuple):
    id: bytes
    start: int
    inside: int  # behind the bracket and its head
    end: int  # behind the closing bracket
    inner: list  # of groups


class Projection:
    """A source, and what was decided: slot -> the variants taken."""

    def __init__(self, source, acts):
        self.source = source
        self.slots = {}  # every imported slot -> its variants
        self.chosen = {}
        self.inserted = {}  # offset -> the words that stand there once all is settled
        self._edits = {}
        self._withdrawn = set()
        for act in acts:
            self._take(act["act"], act["body"])
        for name, (offset, words, identity) in self._edits.items():
            slot = hashlib.sha256(b"proposals\0" + identity).digest()[:16]
            if name not in self._withdrawn and self.chosen.get(slot) == [identity]:
                assert offset not in self.inserted
                self.inserted[offset] = words

    def _take(self, name, body):
        if body["kind"] == "table.edit":
            [hunk] = body["hunks"]
            assert hunk["container"] == ""
            assert hunk["lo"] == hunk["hi"]
            said = json.dumps(body["hunks"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            self._edits[name] = hunk["lo"], hunk["words"], hashlib.sha256(b"edit\0" + said.encode()).digest()[:16]
        elif body["kind"] == "table.withdraw":
            self._withdrawn.add(base64.b64decode(body["operation"]).hex())
        elif body["kind"] == "table.settle":
            slot = base64.b64decode(body["slot"])
            assert slot not in self.chosen, "a slot is settled once"
            self.chosen[slot] = [base64.b64decode(each) for each in body["chosen"]]

    def text(self):
        """The words that stand."""
        begins = [0, *(found.end() for found in re.finditer(r"\n\n(?=\S)", self.source)), len(self.source)]
        pieces = []
        for number, (lo, hi) in enumerate(pairwise(begins), 1):
            pieces.append(self._passage(lo, hi, self._groups(lo, hi, path(ROOT, "clause", number))))
        return "".join(pieces)

    # --- reading -------------------------------------------------------------------------------

    def _groups(self, lo, hi, parent):
        """Brackets between two offsets, those that exclude each other together."""
        groups, at, count = [], lo, 0
        while (start := self.source.find("[", at, hi)) >= 0:
            count += 1
            identity, depth, end = path(parent, "bracket", count), 1, start + 1
            while depth:
                depth += {"[": 1, "]": -1}.get(self.source[end], 0)
                end += 1
            head = HEAD.match(self.source, start + 1)
            inside = head.end() if head else start + 1
            bracket = Bracket(identity, start, inside, end, self._groups(inside, end - 1, identity))
            if groups and groups[-1][-1].end == start:
                groups[-1].append(bracket)
            else:
                groups.append([bracket])
            at = end
        return groups

    # --- deciding ------------------------------------------------------------------------------

    def _passage(self, lo, hi, groups):
        pieces, at = [], lo
        for group in groups:
            first, last = group[0], group[-1]
            before, after = (" ", "") if self._space_before(first, lo) else ("", "")
            if not before and len(group) == 1 and self._space_behind(first, lo, hi):
                after = " "
            if len(group) > 1:
                before = after = ""
            pieces.append(self._words(at, first.start - len(before)))
            taken = self._taken(group)
            comma = self.source[first.inside] in ",;.:"
            pieces.append("" if taken is None else ("" if comma else before) + taken + after)
            at = last.end + len(after)
        return "".join([*pieces, self._words(at, hi)])

    def _space_before(self, bracket, lo):
        start, behind = bracket.start, self.source[bracket.end : bracket.end + 1]
        if start - 1 < lo or self.source[start - 1] != " " or behind not in {" ", "\n", ".", ",", ";", ":", ")", "]"}:
            return False
        return start - 2 < lo or not self.source[start - 2].isspace()

    def _space_behind(self, bracket, lo, hi):
        begins = bracket.start == lo or self.source[bracket.start - 1].isspace()
        return begins and bracket.end < hi and self.source[bracket.end] == " " and self.source[bracket.end + 1] > " "

    def _taken(self, group):
        """The words of the variant that was taken; None where nothing was."""
        first = group[0]
        slot = path(first.id, "slot", 0)
        variants = {each.id: each for each in group}
        inside = (first.inside, first.end - 1)
        slashed = self.source[slice(*inside)].split(" / ") if len(group) == 1 and not first.inner else []
        if len(slashed) > 1:
            variants = {path(first.id, "slash", index): words for index, words in enumerate(slashed)}
        nothing = path(slot, "nothing", 0)
        self.slots[slot] = {*variants, *(() if len(group) > 1 else (nothing,))}
        [chosen] = self.chosen[slot]
        assert chosen in self.slots[slot]
        if chosen == nothing:
            return None
        found = variants[chosen]
        if isinstance(found, str):
            return found
        return self._passage(found.inside, found.end - 1, found.inner)

    def _words(self, lo, hi):
        """Words of the source, with what was put among them."""
        offsets = sorted(offset for offset in self.inserted if lo <= offset < hi)
        pieces = []
        for offset in offsets:
            pieces += [self.source[lo:offset], self.inserted[offset]]
            lo = offset
        return "".join([*pieces, self.source[lo:hi]])

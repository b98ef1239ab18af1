"""A look at one text with all that belongs to it: what the pages of the table share.

An act names clauses, operations and packages by their ids; a page calls them by what people call them.  Who may do
what is asked of the house's powers by `may`, and of the line here: the chair presides, in a committee's text its
facilitator too; in a committee its members alone propose and accept; an observer reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from detente.acts.facts import Role
from detente.ground.errors import Refused
from detente.web import rolling
from detente.web.visit import Visit

KINDS: Final = {"edit": "other words", "alternative": "the clause otherwise", "addition": "a new clause",
                "move": "another place"}  # fmt: skip


@dataclass(frozen=True)
class Look:
    """One text, as the API tells of it, and the party that looks."""

    line: Mapping[str, Any]
    text: Mapping[str, Any]
    around: Mapping[str, Any]
    rows: list[Mapping[str, Any]]  # its top clauses in their order
    own: str

    @cached_property
    def _role(self) -> str:
        return next((str(each["role"]) for each in self.line["members"] if each["own"]), Role.OBSERVER.value)

    @property
    def speaks(self) -> bool:
        """Whether the party takes positions and writes notes."""
        return self._role != Role.OBSERVER.value

    @property
    def presides(self) -> bool:
        """Whether the party does what the chair does."""
        facilitator = self.around["facilitator"]
        return bool(self.line["chair"]) or (facilitator is not None and facilitator["party"] == self.own)

    @property
    def seated(self) -> bool:
        """Whether the party proposes and accepts."""
        committee = [each["party"] for each in self.around["committee"]]
        return self.speaks and (not committee or self.own in committee)

    @property
    def groups(self) -> list[Mapping[str, Any]]:
        """The groups for which the party speaks."""
        return [each for each in self.around["groups"] if each["speaker"]["party"] == self.own]

    @property
    def live(self) -> list[Mapping[str, Any]]:
        """The proposals that are on the table."""
        return [each for each in self.text["operations"] if each["fate"] == "live"]

    @cached_property
    def _rows(self) -> dict[str, Mapping[str, Any]]:
        return {each["id"]: each for each in self.rows}

    def row(self, clause: str) -> Mapping[str, Any] | None:
        """A top clause in short; None for one that lies within another."""
        return self._rows.get(clause)

    def below(self, clause: str) -> set[str]:
        """The clauses that stand under one, at every depth."""
        found: set[str] = set()
        for each in self.rows:  # in the order of the text, so a clause comes after what it stands under
            if each["parent"] == clause or each["parent"] in found:
                found.add(each["id"])
        return found

    @cached_property
    def _words(self) -> dict[str, str]:
        return rolling.proposed(self.text["tree"])

    @cached_property
    def _labels(self) -> dict[str, str]:
        return {each["id"]: str(each["label"]) for each in rolling.clauses(self.text["tree"])}

    def stands(self, clause: str) -> bool:
        """Whether a clause is seen in the text."""
        return clause in self._labels

    def clause(self, clause: str) -> str:
        """What a clause is called."""
        if not clause:
            return "the whole text"
        return str(self.around["names"].get(clause) or self._labels.get(clause) or "a clause")

    def operation(self, one: Mapping[str, Any]) -> str:
        """Whose a proposal is, what it proposes and where; and its first words, where they are seen."""
        who = "the chair" if one["of_the_chair"] else one["name"]
        where = f", {self.clause(one['clause'])}" if one["clause"] else ""
        words = one["where"] or self._words.get(one["operation"], "")
        return f"{who}: {KINDS[one['kind']]}{where}" + (f" (“{words}”)" if words else "")

    def place(self, variant: Mapping[str, Any]) -> str:
        """Where a variant of a placement would have the clause; empty for where it stands."""
        return next((self._places[each] for each in variant["operations"] if each in self._places), "")

    @cached_property
    def _places(self) -> dict[str, str]:
        return {each["operation"]: str(each["where"]) for each in self.text["operations"] if each["where"]}

    @cached_property
    def _known(self) -> dict[str, str]:
        packed = {each["package"]: f"the package “{each['title']}”" for each in self.around["packages"]}
        return {**{each["operation"]: self.operation(each) for each in self.text["operations"]}, **packed}

    def called(self, target: str) -> str:
        """What a clause, a proposal or a package is called."""
        return self._known.get(target) or self.clause(target)

    def positions(self, target: str) -> list[dict[str, Any]]:
        """What parties said of a target, with what each waits on and depends on called by its name."""
        return [
            {
                **said,
                "pending": [self.called(each) for each in said["pending_on"]],
                "condition": self.called(said["given"]) if said["given"] else "",
            }
            for said in self._said.get(target, ())
        ]

    @cached_property
    def _said(self) -> dict[str, list[Mapping[str, Any]]]:
        found: dict[str, list[Mapping[str, Any]]] = {}
        for said in self.text["positions"]:
            found.setdefault(said["target"], []).append(said)
        return found

    def notes(self, targets: Iterable[str]) -> list[dict[str, Any]]:
        """The notes about these that this party may see."""
        wanted = set(targets)
        return [
            {**each, "about": self.called(each["target"]), "own": each["party"] == self.own}
            for each in self.around["notes"]
            if each["target"] in wanted
        ]


async def look(visit: Visit) -> Look:
    """A look at the text in the path."""
    name, which = visit.part("line"), visit.part("text")
    return Look(
        await visit.get(f"/lines/{name}"),
        await visit.get(f"/lines/{name}/texts/{which}"),
        await visit.get(f"/lines/{name}/texts/{which}/around"),
        await visit.get(f"/lines/{name}/texts/{which}/overview"),
        visit.house["party"],
    )


def chosen(given: str, among: Iterable[str], sentence: str, rule: str) -> str:
    """A value of a form that is one of these, or `Refused` with the sentence."""
    if given not in among:
        raise Refused(sentence, rule=rule)
    return given

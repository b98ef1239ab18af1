"""Matter: what of an act a charter may speak of, whatever the procedure whose business it is.

A procedure says of each of its acts what it has of this (`Procedure.matter`); what an act has not is left empty.  A
charter knows nothing else of an act than its kind, its author, and this.
"""

from __future__ import annotations

from dataclasses import dataclass

from detente.acts.act import Body
from detente.acts.facts import Role
from detente.acts.labels import Label


@dataclass(frozen=True)
class Matter:
    """What an act is about, in words that all procedures share."""

    form: str = ""  # the kind of paper
    precedence: str = ""
    label: Label | None = None  # None: unmarked, which is treated as the line's ceiling
    subject: str = ""
    answers: bool = False  # it answers another act
    exercise: bool = False
    languages: tuple[str, ...] = ()  # BCP 47
    authentic: bool = False  # it makes those languages ones in which a text is authentic
    basis: str = ""  # on what something is settled
    voting: str = ""  # the rules of procedure of a vote, by name; empty also where they are not those so called
    party: str = ""  # whom it admits or removes
    role: Role | None = None  # in which part


NOTHING = Matter()


def nothing(_body: Body) -> Matter:
    """What an act is about of which a charter can say no more than its kind."""
    return NOTHING


def kind_of(body: Body) -> str:
    """The kind of an act, "procedure.verb"."""
    return str(body.__struct_config__.tag)

"""Looking at elements of WordprocessingML, of either edition of the standard.  Runs in the jailed child only."""

from __future__ import annotations

import re
from typing import Any, Final

_SPACES: Final = frozenset(
    {
        "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "http://purl.oclc.org/ooxml/wordprocessingml/main",
        "http://schemas.openxmlformats.org/markup-compatibility/2006",
    }
)
_MATHS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/math"
_FIGURE: Final = re.compile(r"-?[0-9]{1,6}")


def local(element: Any) -> str:
    """The name of an element of WordprocessingML or mathematics; empty for all others, which are walked through."""
    space, _, name = str(element.tag).removeprefix("{").rpartition("}")
    if space in _SPACES or (space == _MATHS and name in {"oMath", "oMathPara"}):
        return name
    return ""


def value(element: Any, name: str) -> str | None:
    """An attribute of WordprocessingML."""
    for space in _SPACES:
        found = element.get(f"{{{space}}}{name}")
        if found is not None:
            return str(found)
    return None


def number(said: str | None, otherwise: int) -> int:
    """A figure of at most six digits, or the other value."""
    return int(said) if said is not None and _FIGURE.fullmatch(said) else otherwise


def is_on(element: Any) -> bool:
    """Whether a property that is on or off is on: it is where nothing else is said."""
    return value(element, "val") not in {"0", "false", "off"}


def child(element: Any, name: str) -> Any:
    """The first child of that name, or None."""
    return next((each for each in element if local(each) == name), None) if element is not None else None


def setting(form: Any, name: str) -> str | None:
    """What the child of that name is set to."""
    found = child(form, name)
    return None if found is None else value(found, "val")


def chosen(alternatives: Any) -> Any:
    """Of contents for newer and for older programs the first: they say the same."""
    first = child(alternatives, "Choice")
    other = child(alternatives, "Fallback")
    return first if first is not None else (other if other is not None else ())


def holder(element: Any, name: str) -> Any:
    """The nearest element of that name that holds this one."""
    return next((each for each in element.iterancestors() if local(each) == name), None)


def belongs(box: Any, drawing: Any) -> bool:
    """Whether a box is the drawing's own: not one within another, and not the same for older programs."""
    for each in box.iterancestors():
        if each is drawing:
            return True
        name = local(each)
        if name == "txbxContent" or (name == "Fallback" and child(each.getparent(), "Choice") is not None):
            return False
    return False


def plain(element: Any) -> str:
    """All letters in an element."""
    return "".join(str(each) for each in element.itertext())


def symbol(code: str | None) -> str:
    """A letter of a special font as the code that it has there."""
    if code is None or not re.fullmatch(r"[0-9A-Fa-f]{1,5}", code):
        return "\ufffd"
    point = int(code, 16)
    return chr(point) if point and not 0xD800 <= point < 0xE000 else "\ufffd"

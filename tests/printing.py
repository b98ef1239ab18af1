"""What stands on one side of a redline, said from its lines of ink alone."""

from detente.documents.docx_ink import Style, Turn, lines
from detente.procedures.table import align, sheet
from detente.procedures.table.parse import parse

GONE = {"before": (Turn.INSERTED, Turn.MOVED_TO), "after": (Turn.DELETED, Turn.MOVED_FROM)}


def negotiated(text):
    return sheet.as_negotiated(parse(text).document)


def flat(inked, side, joint=""):
    """Paragraphs in order, notes in angles behind their signs; where a mark is gone, two are one."""
    gone = GONE[side]
    found, text = [], ""
    for line in inked:
        said = "".join(
            ink.text if ink.note is None else f"<{_said(ink.note, gone)}>"
            for ink in line.inks
            if ink.change is None or ink.change.turn not in gone
        )
        text += joint + said if text and said else said
        if line.change is None or line.change.turn not in gone:
            found.append(text)
            text = ""
    return [each for each in [*found, text] if each.strip()]


def _said(inks, gone):
    return "".join(ink.text for ink in inks if ink.change is None or ink.change.turn not in gone).strip()


def alone(text):
    """What is printed of a text that is compared with nothing."""
    found = negotiated(text)
    return flat(lines(align.readings(found, found), Style()), "after")

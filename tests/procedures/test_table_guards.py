"""Guards of the table that only a sequence of acts can show: whose acceptance counts, and what one slot takes."""

from lineup import ARVENIA, BELMORA, CORVALIS
from test_table_rules import Table

from detente.procedures.table import acts, tree, views


def accept(room):
    return acts.Accept(room.id, b"", room.text.document.digest, False)


def test_acceptances_of_two_contents_are_never_counted_together():
    room = Table()
    room.settle_all()
    room.say(ARVENIA, accept(room))
    room.say(CORVALIS, room.replace("2", "stays", "is"))
    room.settle_all(pick=1)
    room.say(BELMORA, accept(room))
    room.say(CORVALIS, accept(room))
    assert views.status(room.text, room.facts) is not views.Status.AGREED
    assert room.facts.texts[room.id].accepted_by == {BELMORA, CORVALIS}
    assert b"" not in room.text.agreed
    room.say(ARVENIA, accept(room))  # control: with hers to the same content it is agreed
    assert views.status(room.text, room.facts) is views.Status.AGREED


def test_of_two_edits_at_one_place_one_is_taken_or_none():
    room = Table()
    for party, words in ((BELMORA, "close"), (CORVALIS, "hold")):
        room.say(party, room.replace("1", "open", words))
    (slot,) = (each for each in room.slots() if not each.imported)
    assert slot.form is not tree.Form.BAG
    choices = [choice.id for choice in slot.choices]
    assert len(choices) == 3
    for wrong in ((), tuple(choices[:2]), tuple(choices[:1]) * 2, (b"?" * 16,)):
        room.refused(ARVENIA, room.settle(slot, *wrong), "table.choice")
    room.say(ARVENIA, room.settle(slot, choices[0]))
    assert not [each for each in room.slots() if not each.imported]

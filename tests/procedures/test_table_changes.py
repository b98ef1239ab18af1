"""When a scope last changed: what voids a silence that was opened on it."""

from lineup import ARVENIA, BELMORA, CORVALIS
from test_table_rules import Table

from detente.procedures.table import acts
from detente.procedures.table.acts import Stance


def changed(room, scope=b""):
    return room.facts.texts[room.id].changed.get(scope)


def test_an_edit_changes_its_clause_and_the_whole_and_no_other_clause():
    room = Table()
    first, second = room.clause("1").id, room.clause("2").id
    before = changed(room)
    place = room.position
    room.say(BELMORA, room.replace("1", "noon", "dawn"))
    assert changed(room) == changed(room, first) == place != before
    assert changed(room, second) != place


def test_what_is_taken_back_has_changed_the_text_all_the_same():
    room = Table()
    edit = room.say(BELMORA, room.replace("1", "noon", "dawn"))
    content = room.text.document.digest
    place = room.position
    room.say(BELMORA, acts.Withdraw(room.id, edit))
    assert room.text.document.digest != content
    assert changed(room) == changed(room, room.clause("1").id) == place


def test_what_is_only_said_changes_nothing():
    room = Table()
    edit = room.say(BELMORA, room.replace("1", "noon", "dawn"))
    before = changed(room), changed(room, room.clause("1").id)
    room.say(CORVALIS, acts.Position(room.id, edit, Stance.SUPPORT, False, ""))
    room.say(ARVENIA, acts.Accept(room.id, b"", room.text.document.digest, False))
    room.say(CORVALIS, acts.Join(room.id, edit))
    assert (changed(room), changed(room, room.clause("1").id)) == before


def test_the_scopes_that_ever_changed_are_counted_once():
    room = Table()
    before = len(room.facts.texts[room.id].changed)
    room.say(BELMORA, room.replace("1", "noon", "dawn"))
    room.say(CORVALIS, room.replace("1", "open", "begin"))
    found = room.facts.texts[room.id].changed
    assert room.clause("1").id in set(found)
    assert len(found) == before + 1

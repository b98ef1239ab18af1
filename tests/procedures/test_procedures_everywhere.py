"""The same acts give the same state at every house, whatever the seed of its hashes."""

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
STORY = """
import sys
sys.path[:0] = [{tests!r}, {procedures!r}, {root!r}]
from lineup import ARVENIA, BELMORA, CORVALIS, Room
import test_charter_rules as charter
import test_correspondence_rules as correspondence
import test_signature_rules as signature
from detente.procedures.correspondence.acts import Delivered

founded = charter.new_room()
founded.say(charter.ARVENIA.id, charter.found())
letters = Room(correspondence.PROCEDURE)
sent = letters.say(ARVENIA, correspondence.note())
for party in (BELMORA, CORVALIS):
    letters.say(party, Delivered(sent))
concluded = Room(signature.PROCEDURE, signature.FACTS)
one = signature.adopt(concluded)
for room in (founded, letters, concluded):
    print(room.procedure.digest(room.state).hex())
print(one.payload.hex())
print(letters.refused(ARVENIA, correspondence.note(2, character=correspondence.Character.RECORD), "correspondence.form"))
"""


def test_three_hash_seeds_one_state():
    story = STORY.format(tests=str(TESTS), procedures=str(TESTS / "procedures"), root=str(TESTS.parent))
    told = {
        subprocess.run(
            [sys.executable, "-c", story],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert len(told) == 1
    assert len(told.pop().splitlines()) == 5

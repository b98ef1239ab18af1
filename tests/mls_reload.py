"""A mode in which every group is written and read back as soon as it is made: DETENTE_MLS_RELOAD=1.

So the whole suite of MLS tests runs on states that were stored in between; whatever a state forgets to
write, or reads back as something else, makes one of them fail.  The count says that the mode was on.
"""

import os

from detente.mls.group import Group
from detente.mls.store import decode_state, encode_state

ON = bool(os.environ.get("DETENTE_MLS_RELOAD"))
reloaded = 0


def _reload(group):
    global reloaded  # noqa: PLW0603
    reloaded += 1
    raw = encode_state(group.state)
    state = decode_state(raw)
    assert encode_state(state) == raw
    object.__setattr__(group, "state", state)


if ON:
    Group.__post_init__ = _reload

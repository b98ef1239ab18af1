"""Every entrance for hostile bytes, by name; and what a hunt once found there.

`tests/units/test_every_entrance.py` tries all of them with hypothesis in every check; `tests/fuzz/hunt.py` hunts
in each for as long as it is told, guided by what the bytes reach (`dev.py soak`).  An input that was a fault is
written down in `WOUNDS` in hexadecimal, and is tried for ever.
"""

from fuzz import group_targets, record_targets
from fuzz.target import Target


def _careless(raw):
    """A decoder with a fault, on which the hunt shows that it finds one."""
    if raw[:4] == b"MLS\x01":
        raise IndexError("a fault that was put in")
    return True


CONTROL = "a decoder with a fault"
TARGETS: dict[str, Target] = {**group_targets.TARGETS, **record_targets.TARGETS}
EVERY = {**TARGETS, CONTROL: Target(_careless, [b"MLS"])}

X509_VERSION_49 = "3081dd308190a003020130020107300506032b6570301f311d301b06035504030c1461636372656469746174696f6e206f6666696365301e170d3236303130313030303030305a170d3236313032383030303030305a30123110300e06035504030c07417276656e6961302a300506032b65700321003b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29300506032b65700341008ddf858b57c990c0d2f84831d0ae5f89af5dea87215df7f24260c84c01940d9745437da008b76a5a04e78fe621393c5953be0000f26851804a35e6b18f65150a"
WOUNDS: dict[str, tuple[str, ...]] = {"certificate": (X509_VERSION_49,)}
"""Target -> inputs that it did not take as it should have."""

"""Every way in which Detente says no.

The tree, drawn once:

    DetenteError
    ├── Malformed       what came cannot be read: bytes, JSON, a text, a file
    ├── NotAuthentic    it can be read, but a signature, a tag or a proof is false
    │   ├── Forked      two signed heads that cannot both be true
    │   └── ShutOut     a commit is sound in all that everybody sees, and its secret does not open for this member
    ├── Refused         it is authentic, but the rules do not allow it
    │   └── Stale       it would have been allowed, on the state that its author saw
    ├── Conflict        somebody else was first; look again and retry
    ├── Unavailable     nobody answered, or not in time
    └── Unfit           this house may not start or go on: a damaged store, an unsafe setting

The message of each is a sentence for the person whom it reaches.  It carries no key, no token and
no plaintext.  `Refused` is also a value: the rules return it, they do not raise it, because a
refusal is a result that every house must reach alike.
"""

from __future__ import annotations


class DetenteError(Exception):
    """The root: catch it at an entrance, nowhere else."""

    @property
    def sentence(self) -> str:
        """What to tell the person."""
        return str(self)


class Malformed(DetenteError):
    """What came cannot be read as what it claims to be."""


class NotAuthentic(DetenteError):
    """A signature, a tag or a proof is false, or the key is not the one on record."""


class Forked(NotAuthentic):
    """Two heads of one log, both signed, cannot both be true; the evidence is kept."""


class ShutOut(NotAuthentic):
    """A commit passed every check that all members make alike, and failed one that each makes with its own secrets.

    So others may have been moved by it, and this member was not.
    """


class Refused(DetenteError):
    """Readable and authentic, but against the rules.  `rule` names the rule that says so."""

    def __init__(self, sentence: str, rule: str = "") -> None:
        super().__init__(sentence)
        self.rule = rule

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Refused) and (type(self), self.args, self.rule) == (
            type(other),
            other.args,
            other.rule,
        )

    def __hash__(self) -> int:
        return hash((type(self), self.args, self.rule))


class Stale(Refused):
    """Decided on a state that is no longer the state: look at it again and decide anew."""


class Conflict(DetenteError):
    """Somebody else was first."""


class Unavailable(DetenteError):
    """The other side could not be reached, or did not answer in time."""


class Unfit(DetenteError):
    """Start is refused, and nothing was touched."""

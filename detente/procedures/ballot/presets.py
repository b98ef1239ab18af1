"""Rules of procedure of known bodies, as data.  A charter may name others.

| preset             | quorum         | majority               | a tie       | source                       |
| general-assembly   | more than half | more than half, voting | second vote | A/520, rules 67, 85, 86, 95  |
| important-question | more than half | two thirds, voting     | -           | A/520, rules 67, 83, 86      |
| main-committee     | more than half | more than half, voting | rejected    | A/520, rules 108, 125, 133   |
| treaty-conference  | more than half | two thirds, voting     | -           | VCLT 9(2)                    |
| consent-of-all     | all            | all members            | -           | VCLT 9(1)                    |
| consensus          | more than half | nobody against         | -           | OSCE: no objection expressed |

The numbers of rules are from general knowledge of the instruments; nothing here is legal advice.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from detente.procedures.ballot.acts import Base, Blocs, Share, Tie, VotingRules

_HALF = Share(1, 2, above=True)
_TWO_THIRDS = Share(2, 3, above=False)
_ALL = Share(1, 1, above=False)
_ANY = Share(0, 1, above=False)

PRESETS: Mapping[str, VotingRules] = MappingProxyType(
    {
        rules.name: rules
        for rules in (
            VotingRules("general-assembly", _HALF, _HALF, Base.VOTING, None, Tie.SECOND, Blocs.NONE),
            VotingRules("important-question", _HALF, _TWO_THIRDS, Base.VOTING, None, Tie.REJECTED, Blocs.NONE),
            VotingRules("main-committee", _HALF, _HALF, Base.VOTING, None, Tie.REJECTED, Blocs.NONE),
            VotingRules("treaty-conference", _HALF, _TWO_THIRDS, Base.VOTING, None, Tie.REJECTED, Blocs.SEATED),
            VotingRules("consent-of-all", _ALL, _ALL, Base.MEMBERS, None, Tie.REJECTED, Blocs.NONE),
            VotingRules("consensus", _HALF, _ANY, Base.VOTING, 0, Tie.REJECTED, Blocs.NONE),
        )
    }
)

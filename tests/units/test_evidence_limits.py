"""No file of evidence is parsed before its size was looked at: nonsense of that size is refused for its size."""

import pytest

from detente.evidence import anchors, instrument, publication, records
from detente.ground.errors import Malformed

READERS = {
    "a sealed instrument": (instrument.read_sealed, instrument.FILE_LIMIT),
    "a proof": (publication.read_proof, publication.PROOF_LIMIT),
    "a file of anchors": (anchors.read_anchors, anchors.LARGEST),
    "a party's record": (records.decode_chain, 4 * records.CHAIN_LIMIT * records.BODY_LIMIT),
}


@pytest.mark.parametrize("what", READERS)
def test_what_is_too_large_is_refused_for_its_size_and_what_is_not_for_its_form(what):
    read, limit = READERS[what]
    with pytest.raises(Malformed, match=r"larger than|too large"):
        read(b"!" * (limit + 1))
    with pytest.raises(Malformed) as refused:
        read(b"!" * 1000)
    assert "large" not in refused.value.sentence

"""The demonstration's beginnings: one at a time in a folder, and no text that is none."""

import pytest

from detente.cli.demo import command, source
from detente.ground.errors import Malformed, Unavailable


def test_two_demonstrations_do_not_share_a_folder(tmp_path):
    world = tmp_path / "world"
    with command._alone(world):
        with pytest.raises(Unavailable, match="runs in"), command._alone(world):
            pass
        with command._alone(tmp_path / "scripted"):
            pass
    with command._alone(world):
        assert (tmp_path / "world.lock").exists(), "the control: the first has ended"


def test_a_pdf_is_no_text_whatever_it_is_called(tmp_path):
    file = tmp_path / "text.md"
    file.write_bytes(b"%PDF-1.4\n[shall][should]\n")
    with pytest.raises(Malformed, match="PDF"):
        source.read(file)
    file.write_bytes(b"PDF-1.4\n[shall][should]\n")
    assert source.read(file).slots == 1, "the control"

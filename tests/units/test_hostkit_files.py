"""Files that must be whole and private."""

import pytest

from detente.ground.errors import Unfit
from detente.hostkit.files import read_private, write_private


def test_a_private_file_is_whole_private_and_written_once(tmp_path):
    path = tmp_path / "folder" / "key"
    write_private(path, b"one")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"one", 0o600)
    with pytest.raises(Unfit, match="already"):
        write_private(path, b"two")
    assert path.read_bytes() == b"one"
    write_private(path, b"three", replace=True)
    assert [each.name for each in path.parent.iterdir()] == ["key"]
    assert path.read_bytes() == b"three"


def test_what_came_meanwhile_is_not_replaced(tmp_path, monkeypatch):
    path = tmp_path / "key"
    written = []

    def meanwhile(descriptor):
        written.append(descriptor)
        path.write_bytes(b"another program's")

    monkeypatch.setattr("detente.hostkit.files.os.fsync", meanwhile)
    with pytest.raises(Unfit, match="already"):
        write_private(path, b"ours")
    assert written
    assert path.read_bytes() == b"another program's"
    assert [each.name for each in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize(
    ("content", "mode", "length"), [(b"x", 0o600, 2), (b"xx", 0o640, 2), (b"x" * 5000, 0o600, None)]
)
def test_a_secret_that_is_none_is_not_read(tmp_path, content, mode, length):
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(Unfit) as told:
        read_private(path, "the key", length)
    assert content.decode() not in told.value.sentence.replace(str(path), "").split()
    with pytest.raises(Unfit, match="cannot be read"):
        read_private(tmp_path / "nothing", "the key", length)
    path.chmod(0o600)
    path.write_bytes(b"xy")
    assert read_private(path, "the key", 2) == b"xy", "the control"

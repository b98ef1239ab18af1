"""The store's key: never beside the store, never readable by others, and a passphrase as good as a key."""

import pytest
from typer.testing import CliRunner

from detente.bootstrap import STORE, make_house, open_house
from detente.cli import keys
from detente.cli.house import OFFICES
from detente.cli.keys import store_key
from detente.cli.main import COMMANDS, app
from detente.ground.errors import Unfit

RUNNER = CliRunner()


def written(path, content, mode=0o600):
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_a_key_that_others_may_read_is_refused(tmp_path):
    key = written(tmp_path / "key", bytes(32), 0o640)
    with pytest.raises(Unfit, match="mode to 600"):
        store_key(tmp_path / "home", key, None)
    key.chmod(0o600)
    assert store_key(tmp_path / "home", key, None) == bytes(32)


def test_a_key_in_the_home_that_it_locks_is_refused(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    with pytest.raises(Unfit, match="somewhere else"):
        store_key(home, written(home / "key", bytes(32)), None)


@pytest.mark.parametrize("content", [b"", bytes(31), bytes(33)])
def test_a_key_of_another_length_is_refused(tmp_path, content):
    with pytest.raises(Unfit, match="32 bytes"):
        store_key(tmp_path / "home", written(tmp_path / "key", content), None)


def test_a_key_is_named_once(tmp_path):
    key = written(tmp_path / "key", bytes(32))
    for named in ((None, None), (key, key)):
        with pytest.raises(Unfit, match="once"):
            store_key(tmp_path / "home", *named)


def test_a_passphrase_opens_what_it_closed_and_another_does_not(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    words = written(tmp_path / "words", b"seven anchors under a quiet lamp\n")
    key = store_key(home, None, words, make=True)
    assert len(key) == keys.KEY_BYTES
    assert store_key(home, None, words) == key
    assert store_key(home, None, written(tmp_path / "others", b"seven anchors under a quiet lamb\n")) != key
    (home / keys.PARAMETERS).unlink()
    with pytest.raises(Unfit, match="missing"):
        store_key(home, None, words)


def test_a_passphrase_that_can_be_guessed_is_refused(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    with pytest.raises(Unfit, match="at least"):
        store_key(home, None, written(tmp_path / "words", b"short\n"), make=True)


def made(tmp_path, *more):
    home, key, roots = tmp_path / "home", tmp_path / "key", tmp_path / "roots"
    arguments = ["house", "make", "--home", home, "--name", "Arvenia", "--key-file", key, "--roots", roots, *more]
    return RUNNER.invoke(app, [str(each) for each in arguments])


def test_a_house_is_made_and_its_roots_are_not_in_it(tmp_path):
    result = made(tmp_path)
    assert result.exit_code == 0, result.output
    assert "sealed envelopes" in result.output
    roots = sorted((tmp_path / "roots").iterdir())
    assert [path.stat().st_mode & 0o777 for path in roots] == [0o600] * 3
    house = open_house(tmp_path / "home", (tmp_path / "key").read_bytes())
    assert house.record.names == {"en": "Arvenia"}
    house.store.close()
    store = (tmp_path / "home" / STORE).read_bytes()
    for path in roots:
        for seed in (line.split()[1] for line in path.read_text().splitlines()[1:]):
            assert bytes.fromhex(seed) not in store


def test_a_house_is_not_made_over_another(tmp_path):
    assert made(tmp_path).exit_code == 0
    before = (tmp_path / "home" / STORE).read_bytes()
    assert made(tmp_path).exit_code == 3
    assert (tmp_path / "home" / STORE).read_bytes() == before


@pytest.mark.parametrize("office", ["chancery", "registry=fly"])
def test_an_office_that_would_pass_for_the_house_or_has_no_such_power_is_refused(tmp_path, office):
    result = made(tmp_path, "--offices", office)
    assert result.exit_code == 3
    assert not (tmp_path / "home" / STORE).exists()


def test_the_help_names_every_command():
    shown = RUNNER.invoke(app, ["--help"]).output
    assert all(f"\n  {name} " in shown for name in COMMANDS)


def test_there_is_never_a_house_whose_roots_nobody_has(tmp_path):
    def no_room(_made):
        raise Unfit("The disk is full.")

    home = tmp_path / "home"
    with pytest.raises(Unfit, match="full"):
        make_house(home, bytes(32), {"en": "Arvenia"}, OFFICES, no_room)
    assert not (home / STORE).exists()
    handed = []
    made, _ = make_house(home, bytes(32), {"en": "Arvenia"}, OFFICES, handed.append)
    assert handed == [made]

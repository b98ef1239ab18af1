"""A50: a document that has taken its reader over.  The reader has nothing, and what it says is not believed.

Every attack is a function of `taken_over.py`, run in the jail; its control runs the same function in this process
or behind fewer walls, where it succeeds.
"""

import os
import platform
import socket
import threading

import msgspec
import pytest
import taken_over

from detente.documents import jail
from detente.documents.docx_reading import Reading
from detente.documents.jail import Task
from detente.documents.jail_walls import Limits, Walls
from detente.ground.errors import Malformed, Unavailable

ROOTS = (taken_over.HERE,)
QUICK = Limits(memory=256 * 2**20, cpu=2, wall=60)
SECCOMP = platform.machine() in {"x86_64", "aarch64"}


def task(function):
    return Task("taken_over", function.__name__, ROOTS)


def inside(function, raw=b"", kind=object, limits=QUICK):
    return jail.run(task(function), raw, kind, limits)


def test_control_an_honest_reader_answers_and_all_walls_stand():
    opened = inside(taken_over.count, b"x" * 3_000_000, int)
    assert opened.value == 3_000_000
    assert opened.walls == Walls(("network", "limits", "system"), ())


BROKE = "broke the program that reads it"
ATTACKS = {
    taken_over.write_a_file: BROKE,
    taken_over.write_what_is_open: BROKE,
    taken_over.read_a_file: BROKE,
    taken_over.fork: BROKE,
    taken_over.start_a_program: BROKE,
    taken_over.open_a_socket: BROKE,
    taken_over.signal_parent: BROKE,
    taken_over.eat_memory: "more memory than its reader is given",
    taken_over.recurse: BROKE,
    taken_over.break_down: BROKE,
}


def argument(function, folder):
    """What the attack is told: a file to write, or one to read."""
    known = folder / "known.txt"
    known.write_text("a secret", "utf-8")
    return {taken_over.write_a_file: folder / "owned.txt", taken_over.read_a_file: known}.get(function, "")


@pytest.mark.attack("A50", "prevented")
@pytest.mark.parametrize("function", ATTACKS, ids=lambda each: each.__name__)
def test_a_reader_that_was_taken_over_reaches_nothing(function, tmp_path):
    tmp_path.chmod(0o777)
    with pytest.raises(Malformed, match=ATTACKS[function]):
        inside(function, str(argument(function, tmp_path)).encode())
    assert not (tmp_path / "owned.txt").exists()


@pytest.mark.parametrize("function", [each for each in ATTACKS if each not in {taken_over.recurse, taken_over.break_down}],
                         ids=lambda each: each.__name__)  # fmt: skip
def test_control_outside_the_jail_the_same_succeeds(function, tmp_path):
    assert function(str(argument(function, tmp_path)).encode()) is not None


@pytest.mark.slow
@pytest.mark.attack("A50", "prevented")
@pytest.mark.parametrize("function", [taken_over.write_a_file, taken_over.read_a_file, taken_over.fork, taken_over.start_a_program,
                                      taken_over.open_a_socket, taken_over.eat_memory], ids=lambda each: each.__name__)  # fmt: skip
def test_the_limits_alone_stop_all_that_needs_a_file_a_process_or_memory(function, tmp_path):
    tmp_path.chmod(0o777)
    # whom the kernel counts processes of is nobody; root may start as many as it likes
    down = ("system",) if function is taken_over.fork else ("system", "network")
    alone = Limits(memory=256 * 2**20, cpu=2, wall=60, without=down)
    with pytest.raises(Malformed):
        inside(function, str(argument(function, tmp_path)).encode(), limits=alone)
    assert not (tmp_path / "owned.txt").exists()


@pytest.mark.slow
@pytest.mark.skipif(not SECCOMP, reason="this machine's calls are in no table yet")
@pytest.mark.attack("A50", "prevented")
@pytest.mark.parametrize("function", [taken_over.write_a_file, taken_over.read_a_file, taken_over.fork, taken_over.start_a_program,
                                      taken_over.open_a_socket, taken_over.signal_parent], ids=lambda each: each.__name__)  # fmt: skip
def test_the_filter_alone_stops_all_that_needs_a_call(function, tmp_path):
    tmp_path.chmod(0o777)
    alone = Limits(cpu=2, wall=60, without=("limits", "network"))
    with pytest.raises(Malformed):
        inside(function, str(argument(function, tmp_path)).encode(), limits=alone)


@pytest.fixture
def listener():
    """Somebody who answers on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=lambda: _answer(server), daemon=True).start()
        yield server.getsockname()[1]


def _answer(server):
    try:
        while True:
            server.accept()[0].close()
    except OSError:
        return


OPEN_DOOR = ("system", "limits")


@pytest.mark.attack("A50", "prevented")
def test_its_network_leads_nowhere_even_where_a_socket_may_be_opened(listener):
    with pytest.raises(Malformed):
        inside(taken_over.connect, str(listener).encode(), limits=Limits(wall=60, without=OPEN_DOOR))


def test_control_without_its_own_network_it_connects(listener):
    nowhere = Limits(wall=60, without=("network", *OPEN_DOOR))
    assert inside(taken_over.connect, str(listener).encode(), str, nowhere).value == "connected"


@pytest.mark.attack("A50", "prevented")
def test_the_environment_is_empty_and_the_child_is_nobody(monkeypatch):
    monkeypatch.setenv("DETENTE_SECRET", "a passphrase")
    found = inside(taken_over.environment, b"", dict[str, str], Limits(wall=60, without=OPEN_DOOR)).value
    assert not {name for name in found if name != "LC_CTYPE"}
    if os.geteuid() == 0:
        assert inside(taken_over.who, b"", int, Limits(wall=60, without=OPEN_DOOR)).value == 65_534
        assert taken_over.who(b"") == 0  # control


@pytest.mark.attack("A51", "prevented")
def test_what_takes_too_long_is_ended_and_said():
    with pytest.raises(Malformed, match="takes longer"):
        inside(taken_over.spin, b"60", limits=Limits(cpu=1, wall=60))
    with pytest.raises(Malformed, match="takes longer"):
        inside(taken_over.spin, b"60", limits=Limits(cpu=30, wall=1))
    assert inside(taken_over.spin, b"0.1", str).value == "spun"  # control


@pytest.mark.slow
@pytest.mark.attack("A51", "prevented")
def test_a_reader_that_is_deaf_to_the_first_signal_is_ended_by_the_second():
    with pytest.raises(Malformed, match=BROKE):
        inside(taken_over.spin_deaf, b"60", limits=Limits(cpu=1, wall=60))


@pytest.mark.attack("A51", "prevented")
def test_a_reader_that_waits_is_ended_where_only_the_clock_can_tell():
    bare = Limits(wall=1, without=("system", "limits", "network"))
    with pytest.raises(Malformed, match="takes longer"):
        inside(taken_over.wait, b"60", limits=bare)
    assert inside(taken_over.wait, b"0.1", str, Limits(wall=60, without=bare.without)).value == "waited"  # control


@pytest.mark.attack("A50", "prevented")
def test_what_the_reader_says_is_taken_for_what_a_stranger_says():
    for function, raw in (
        (taken_over.say_something_else, b""),
        (taken_over.say_no_json, b""),
        (taken_over.say_it_raw, b""),
        (taken_over.say_it_raw, b"\xff\xfe"),
        (taken_over.say_it_raw, b"[" * 100_000),
        (
            taken_over.say_it_raw,
            b'{"walls":{"standing":[],"missing":[]},"refused":null,"broke":null,"result":1,"more":2}',
        ),
        (taken_over.die, b"7"),
    ):
        with pytest.raises(Malformed, match=BROKE):
            inside(function, raw, Reading)


WHOLE = b'{"walls":{"standing":[],"missing":[]},"refused":null,"broke":null,"result":1}'


@pytest.mark.attack("A50", "prevented")
def test_what_a_reader_said_before_it_broke_is_not_believed():
    with pytest.raises(Malformed, match=BROKE):
        inside(taken_over.say_it_and_die, WHOLE, int)
    assert inside(taken_over.say_it_raw, WHOLE, int).value == 1  # control


@pytest.mark.attack("A51", "prevented")
def test_a_reader_that_says_too_much_is_not_heard_to_the_end():
    with pytest.raises(Malformed, match="more than its reader may say"):
        inside(taken_over.say_too_much, b"", str, Limits(wall=60, output=2**16))
    assert len(inside(taken_over.say_too_much, b"", str, Limits(wall=60)).value) == 2**20  # control


@pytest.mark.attack("A51", "prevented")
def test_a_reader_that_closes_its_mouth_and_stays_is_ended(monkeypatch):
    monkeypatch.setattr(jail, "_PATIENCE", 0.5)
    with pytest.raises(Malformed, match="takes longer"):
        inside(taken_over.say_and_linger)


def test_a_refusal_is_one_sentence_that_cannot_turn_a_terminal():
    with pytest.raises(Malformed) as caught:
        inside(taken_over.refuse, b"\x1b[2J too " + b"long " * 1000)
    assert "\x1b" not in caught.value.sentence
    assert len(caught.value.sentence) < 1100


def test_where_no_child_can_be_started_that_is_said(monkeypatch):
    monkeypatch.setattr(jail.sys, "executable", "/nowhere/python")
    with pytest.raises(Unavailable, match="No reader"):
        inside(taken_over.count)


def test_a_child_that_does_not_read_to_the_end_is_heard_all_the_same():
    said = msgspec.json.encode(
        {"walls": {"standing": [], "missing": []}, "refused": "no", "broke": None, "result": None}
    )
    with pytest.raises(Malformed, match="no"):
        inside(taken_over.say_it_raw, said, limits=Limits(wall=60))

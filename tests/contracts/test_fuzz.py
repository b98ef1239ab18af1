"""The hunt in every entrance: what it makes of a child's end, and when `dev.py soak` starts it.

The hunt itself needs its fuzzer, which no check installs; it begins with a control of its own.
"""

import argparse

import pytest
from contracts import house
from fuzz import hunt
from fuzz.targets import CONTROL, TARGETS, WOUNDS

dev = house.dev
STATS = "Done 12345 runs in 7 second(s)\nstat::number_of_executed_units: 12345\nstat::new_units_added: 3\n"
RAISED = """
 === Uncaught Python exception: ===
IndexError: index out of range
Traceback (most recent call last):
  File "detente/x.py", line 3, in y
IndexError: index out of range

==7== ERROR: libFuzzer: fuzz target exited
stat::number_of_executed_units: 40
"""


def test_a_child_that_ended_with_its_time_and_tried_something_found_nothing(tmp_path):
    assert hunt.judged("x", 0, STATS, tmp_path) == hunt.Hunted("x", 12345)
    assert str(hunt.judged("x", 0, STATS, tmp_path)) == "x: 12,345 inputs, no fault"


def test_a_fault_is_shown_with_its_input(tmp_path):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "crash-ab").write_bytes(b"\x01\xff")
    found = hunt.judged("x", 77, RAISED, tmp_path)
    assert (found.runs, found.found) == (40, b"\x01\xff")
    assert found.fault.startswith("IndexError: index out of range\nTraceback")
    assert str(found).endswith("input: 01ff")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (0, ""),
        (0, "number_of_executed_units: 0"),
        (1, "ModuleNotFoundError: atheris"),
        (70, "ALARM: libFuzzer timeout"),
    ],
)
def test_a_child_that_shows_nothing_is_a_fault(tmp_path, code, said):
    assert hunt.judged("x", code, said, tmp_path).fault is not None


def hunted(monkeypatch, faults=(), control="IndexError: a fault that was put in"):
    """A hunt whose children end at once."""

    def ended(name, seconds):
        asked.append((name, seconds))
        fault = control if name == CONTROL else "raised" if name in faults else None
        return hunt.Hunted(name, 10, fault, b"\0")

    asked = []
    monkeypatch.setattr(hunt, "hunt", ended)
    return asked


def test_the_control_comes_first_and_then_every_target_once(monkeypatch, capsys):
    asked = hunted(monkeypatch)
    assert hunt.main(["--seconds", "7"]) == 0
    assert asked[0][0] == CONTROL
    assert sorted(asked[1:]) == sorted((name, 7) for name in TARGETS)
    assert capsys.readouterr().out.endswith(f"{len(TARGETS)} targets, {10 * len(TARGETS)} inputs; no fault\n")


def test_a_fault_in_one_target_fails_the_hunt_and_stops_no_other(monkeypatch, capsys):
    asked = hunted(monkeypatch, faults=("tree",))
    assert hunt.main(["tree", "leaf"]) == 1
    assert len(asked) == 3
    assert "faults: tree" in capsys.readouterr().out


@pytest.mark.parametrize("control", [None, "ModuleNotFoundError: No module named 'atheris'"])
def test_a_hunt_that_does_not_find_its_control_shows_nothing(monkeypatch, capsys, control):
    asked = hunted(monkeypatch, control=control)
    assert hunt.main([]) == 1
    assert len(asked) == 1
    assert "nothing is shown" in capsys.readouterr().out


def test_what_is_no_target_is_refused(capsys):
    with pytest.raises(SystemExit):
        hunt.main(["no such thing"])
    assert "there are" in capsys.readouterr().err
    assert CONTROL not in TARGETS
    assert set(WOUNDS) <= set(TARGETS)


# --- dev.py soak ------------------------------------------------------------------------------------------------


@pytest.fixture
def soaked(monkeypatch):
    """What `soak` starts; the fuzzer is there."""
    started = []
    monkeypatch.setattr(dev, "ensure", lambda *_: None)
    monkeypatch.setattr(dev, "run", lambda command, **_: started.append(list(map(str, command))) or 0)
    monkeypatch.setattr(dev, "installs", lambda command, **_: "fuzz.txt" in str(command[-1]))
    return started


def test_a_round_of_the_soak_ends_with_the_hunt(soaked):
    assert dev.main(["soak", "--fuzz-minutes", "10"]) == 0
    tests, hunting = soaked
    assert tests[tests.index("-m", 3) + 1] == "soak"
    assert hunting[1:] == ["tests/fuzz/hunt.py", "--seconds", "600"]
    soaked.clear()
    assert dev.main(["soak"]) == 0
    assert soaked[1][-1] == "6"
    soaked.clear()
    assert dev.main(["soak", "--fuzz-minutes", "0"]) == 0
    assert len(soaked) == 1


def test_where_the_fuzzer_does_not_fit_it_is_said_and_in_ci_it_fails(soaked, monkeypatch, capsys):
    monkeypatch.setattr(dev, "installs", lambda *_, **__: False)
    monkeypatch.delenv("CI", raising=False)
    assert dev.main(["soak"]) == 0
    assert len(soaked) == 1
    assert "not hunted" in capsys.readouterr().err
    monkeypatch.setenv("CI", "true")
    assert dev.main(["soak"]) == 1


def test_a_test_that_fails_ends_the_soak_before_the_hunt(soaked, monkeypatch):
    monkeypatch.setattr(dev, "run", lambda command, **_: soaked.append(command) or 1)
    assert dev.main(["soak"]) == 1
    assert len(soaked) == 1


def test_the_fuzzer_is_held_by_its_hash_and_comes_from_the_wheelhouse_alone(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(dev, "installs", lambda command, **_: asked.append(" ".join(map(str, command))) or True)
    assert dev.fuzz(argparse.Namespace(fuzz_minutes=0, wheelhouse=None)) == 0
    assert not asked
    assert dev.fuzzer_is_there(tmp_path)
    assert "--require-hashes --only-binary=:all:" in asked[0]
    assert f"--no-index --find-links {tmp_path}" in asked[0]
